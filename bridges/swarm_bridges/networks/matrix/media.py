"""Files: at the server, in the clear or closed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from ...api import Gone, LocalFile, Refused, RemoteFile
from .client import MEDIA, path
from .model import number
from .sealed import files
from .session import Session

MAX_FILE = 50 << 20
"""Where the server does not say."""
MAX_CLOSED = 100 << 20
"""Bytes of a closed file: it is held whole, since nothing of it is handed on before all of it is checked."""
MXC = "mxc://"


class Media:
    """Files of an account."""

    def __init__(self) -> None:
        self._most: int | None = None

    async def most(self, session: Session) -> int:
        """Bytes of a file at most."""
        if self._most is None:
            try:
                told = await session.client.get(f"{MEDIA}/config")
            except Refused:
                told = {}
            self._most = number(told, "m.upload.size") or MAX_FILE
        return self._most

    async def upload(self, session: Session, file: LocalFile, *, sealed: bool) -> dict[str, Any]:
        """Store a file; gives what the event says of it. Of a closed one the server learns its size alone.

        Raises:
            Refused: it is larger than the server takes.
        """
        if self._most and file.size_bytes > self._most:
            raise Refused("this file is larger than the server takes")
        data = await session.ctx.read(file)
        if not sealed:
            return {"url": await session.client.upload(file.name, file.media_type, data)}
        data, about = files.closed(data, session.ctx.random)
        return {"file": {**about, "url": await session.client.upload("", "application/octet-stream", data)}}

    async def fetch(self, session: Session, file: RemoteFile) -> AsyncIterator[bytes]:
        """See `api.Media`. Raises Refused for what is not what its sender closed."""
        address, closed, written = file.id.partition("#")
        if not closed:
            async for chunk in self._chunks(session, address):
                yield chunk
            return
        if (key := files.Key.of(written)) is None:
            raise Gone("nobody can open this file")
        whole = bytearray()
        async for chunk in self._chunks(session, address):
            if len(whole) + len(chunk) > MAX_CLOSED:
                raise Refused("this file is too large to be opened")
            whole += chunk
        try:
            pieces = key.opened(whole)
        except ValueError:
            raise Refused("this file is not what its sender has closed") from None
        for piece in pieces:
            yield piece

    async def _chunks(self, session: Session, address: str) -> AsyncIterator[bytes]:
        """A file as the server has it. Servers of before 1.11 have files at another place, open to all."""
        server, _, media = address.removeprefix(MXC).partition("/")
        if not address.startswith(MXC) or not server or not media:
            raise Gone("this is no address of a file")
        http, base, headers = session.ctx.http, session.client.base, session.client.headers
        where = path("download", server, media)
        try:
            async with http.stream("GET", base + MEDIA + where, headers=headers) as answer:
                async for chunk in answer.chunks():
                    yield chunk
                return
        except Gone:
            if await self._knows_media(session):
                raise
        async with http.stream("GET", f"{base}/_matrix/media/v3{where}") as answer:
            async for chunk in answer.chunks():
                yield chunk

    async def _knows_media(self, session: Session) -> bool:
        """Whether the server has the newer place for files."""
        try:
            await session.client.get(f"{MEDIA}/config")
        except Refused:
            return False
        return True
