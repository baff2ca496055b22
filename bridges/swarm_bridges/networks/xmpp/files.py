"""Files: uploads to the server's place for them (XEP-0363), downloads, and pictures of people (XEP-0084)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import AsyncIterator
from xml.etree.ElementTree import Element

from ...api import Context, Gone, LocalFile, NotSupported, Refused, RemoteFile, Temporary
from . import sealed_files, stanzas
from .stanzas import AVATAR_DATA, DISCO, DISCO_ITEMS, PUBSUB, UPLOAD, element
from .stream import Stream

ENDING = re.compile(r"\.[A-Za-z0-9]{1,5}$")


class Uploads:
    """The server's place for files, which is looked for once."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._place: tuple[str, int] | None = None

    async def most(self) -> int:
        """How many bytes a file may have; 0 where there is no such place."""
        return (await self._found())[1]

    async def put(self, ctx: Context, file: LocalFile) -> str:
        """Upload a file as it is, and give its address. Raises as `_put`."""
        await self._room_for(file.size_bytes)
        return await self._put(ctx, await ctx.read(file), file.name, file.media_type)

    async def put_sealed(self, ctx: Context, file: LocalFile) -> str:
        """Upload a file that only who knows its address can open. Of its name the ending alone is told."""
        if file.size_bytes > sealed_files.MOST_SEALED:
            raise Refused("this file is too large to be sealed")
        await self._room_for(file.size_bytes + sealed_files.TAG)
        data, secret = sealed_files.sealed(await ctx.read(file), ctx.random)
        ending = ENDING.search(file.name)
        name = ctx.random(12).hex() + (ending[0].lower() if ending else "")
        url = await self._put(ctx, data, name, "application/octet-stream")
        return sealed_files.address_of(url, secret)

    async def _room_for(self, size: int) -> None:
        most = await self.most()
        if not most:
            raise NotSupported("this server takes no files")
        if size > most:
            raise Refused("this file is larger than the server takes")

    async def _put(self, ctx: Context, data: bytes, name: str, media_type: str) -> str:
        """Upload bytes, and give their address.

        Raises:
            NotSupported: there is no place for files.
            Refused: they are more than it takes.
            BridgeError: as `Stream.ask` and `Http.request`.
        """
        wanted = {"filename": name, "size": str(len(data)), "content-type": media_type}
        place, _ = await self._found()
        slot = await self._stream.ask(Element(f"{{{UPLOAD}}}request", wanted), to=place)
        into, get = (slot.find(f"{{{UPLOAD}}}slot/{{{UPLOAD}}}{end}") for end in ("put", "get"))
        if into is None or get is None:
            raise Temporary("the server gave no place for the file")
        headers = {
            name: (h.text or "").replace("\n", "")
            for h in into.iterfind(f"{{{UPLOAD}}}header")
            if (name := h.get("name", "")) in {"Authorization", "Cookie", "Expires"}
        }
        await ctx.http.request(
            "PUT",
            into.get("url", ""),
            body=data,
            headers={**headers, "Content-Type": media_type},
            idempotency=get.get("url", ""),
        )
        return get.get("url", "")

    async def _found(self) -> tuple[str, int]:
        if self._place is None:
            self._place = await _service(self._stream)
        return self._place


async def _service(stream: Stream) -> tuple[str, int]:
    """Where files go, and how many bytes one may have; 0 where there is no such place."""
    answer = await stream.ask(element(DISCO_ITEMS, "query"), to=stream.boundjid.host)
    found = "", 0
    for item in answer.iterfind(f"{{{DISCO_ITEMS}}}query/{{{DISCO_ITEMS}}}item"):
        try:
            info = await stream.ask(element(DISCO, "query"), to=item.get("jid", ""))
        except Refused:
            continue
        if info.find(f".//{{{DISCO}}}feature[@var='{UPLOAD}']") is not None:
            found = item.get("jid", ""), _size(info)
    return found


def _size(info: Element) -> int:
    field = info.find(f".//{{{stanzas.FORM}}}field[@var='max-file-size']/{{{stanzas.FORM}}}value")
    text = (field.text or "") if field is not None else ""
    return int(text) if text.isdecimal() and len(text) < 16 else 100_000_000


async def fetched(ctx: Context, stream: Stream, file: RemoteFile) -> AsyncIterator[bytes]:
    """The bytes of a file; of a sealed one all are checked before the first is given.

    Raises:
        Gone: it is no longer there.
        Refused: it is not what its sender has sealed, or too large for that.
        BridgeError: as `Http.stream`.
    """
    kind, _, rest = file.id.partition(" ")
    if kind == "avatar":
        yield await avatar(stream, *rest.split(" ", 1))
        return
    sealed_at = sealed_files.web_address(file.id)
    whole = bytearray()
    async with ctx.http.stream("GET", sealed_at or file.id) as answer:
        async for chunk in answer.chunks():
            if not sealed_at:
                yield chunk
                continue
            if len(whole) + len(chunk) > sealed_files.MOST:
                raise Refused("this file is too large to be opened")
            whole += chunk
    if sealed_at:
        try:
            pieces = sealed_files.opened(whole, file.id)
        except ValueError:
            raise Refused("this file is not what its sender has sealed") from None
        for piece in pieces:
            yield piece


async def avatar(stream: Stream, jid: str, item: str) -> bytes:
    """Somebody's picture. Raises Gone where it cannot be read, else as `Stream.ask`."""
    answer = await stream.ask(stanzas.items(AVATAR_DATA, item), to=jid)
    data = answer.findtext(f".//{{{PUBSUB}}}item/{{{AVATAR_DATA}}}data")
    try:
        return base64.b64decode(data or "")
    except binascii.Error:
        raise Gone("this picture cannot be read") from None
