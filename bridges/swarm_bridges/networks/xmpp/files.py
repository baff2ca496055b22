"""Files: uploads to the server's place for them (XEP-0363), and pictures of people (XEP-0084)."""

from __future__ import annotations

import base64
import binascii
from xml.etree.ElementTree import Element

from ...api import Context, Gone, LocalFile, NotSupported, Refused, Temporary
from . import stanzas
from .stanzas import AVATAR_DATA, DISCO, DISCO_ITEMS, PUBSUB, UPLOAD, element
from .stream import Stream


async def service(stream: Stream) -> tuple[str, int]:
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


async def put(ctx: Context, stream: Stream, file: LocalFile, place: str, most: int) -> str:
    """Upload a file to a place that takes `most` bytes, and give its address.

    Raises:
        NotSupported: there is no such place.
        Refused: it is larger.
        BridgeError: as `Stream.ask` and `Http.request`.
    """
    if not most:
        raise NotSupported("this server takes no files")
    if file.size_bytes > most:
        raise Refused("this file is larger than the server takes")
    wanted = {"filename": file.name, "size": str(file.size_bytes), "content-type": file.media_type}
    slot = await stream.ask(Element(f"{{{UPLOAD}}}request", wanted), to=place)
    into, get = (slot.find(f"{{{UPLOAD}}}slot/{{{UPLOAD}}}{name}") for name in ("put", "get"))
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
        body=await ctx.read(file),
        headers={**headers, "Content-Type": file.media_type},
        idempotency=get.get("url", ""),
    )
    return get.get("url", "")


async def avatar(stream: Stream, jid: str, item: str) -> bytes:
    """Somebody's picture. Raises Gone where it cannot be read, else as `Stream.ask`."""
    answer = await stream.ask(stanzas.items(AVATAR_DATA, item), to=jid)
    data = answer.findtext(f".//{{{PUBSUB}}}item/{{{AVATAR_DATA}}}data")
    try:
        return base64.b64decode(data or "")
    except binascii.Error:
        raise Gone("this picture cannot be read") from None
