"""A proxy that sees stanzas: it stands before a Prosody with that server's certificate, and speaks for it.

    async with StanzaProxy(server) as proxy:
        ...
        proxy.tell("<presence from='x'/>")

Clients come to `port` with TLS from the first byte. The server behind is `Unencrypted`: were there TLS on
both sides, the login would notice that they are not one (RFC 5802, 6). What passes is decided by `Faults`,
in words of the kit, or by nobody.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Protocol, Self

from xmpp_server import Prosody, Server

TAG = re.compile(rb"""<(?:[^<>"']|"[^"]*"|'[^']*')*>""")

COUNT = re.compile(rb"""(\bh=["'])(\d+)""")


class Unencrypted(Prosody):
    """A Prosody for what stands before it on the same machine."""

    options: Mapping[str, str] = {"modules_disabled": '{ "s2s", "tls" }', "c2s_require_encryption": "false"}


class Watch(Protocol):
    """Looks at each stanza of each line, and does with it what it likes: `pass_on` is to be called."""

    async def up(self, line: Line, stanza: bytes) -> None:
        """From a client."""

    async def down(self, line: Line, stanza: bytes) -> None:
        """From the server."""


class Line:
    """A client's connection and the one behind it."""

    def __init__(
        self, client: asyncio.StreamWriter, server: asyncio.StreamWriter, proxy: StanzaProxy
    ) -> None:
        self._client, self._server, self._proxy = client, server, proxy
        self.deaf = False
        """Whether nothing more is passed to the client."""

    async def to_client(self, stanza: bytes) -> None:
        if not self._client.is_closing() and not self.deaf:
            self._client.write(stanza)
            await self._client.drain()

    async def tell(self, xml: str) -> None:
        """Say something to the client in the server's name."""
        self._proxy.told += len(re.findall(r"^<(?:message|presence|iq)\b", xml))
        await self.to_client(xml.encode("utf-8", "surrogateescape"))

    async def to_server(self, stanza: bytes) -> None:
        if not self._server.is_closing():
            self._server.write(stanza)
            await self._server.drain()

    def cut(self) -> None:
        """End both: what was passed on before arrives."""
        self._client.close()
        self._server.close()


class StanzaProxy:
    """`lines` are those that are open, the newest last."""

    def __init__(self, server: Server, watch: Watch | None = None) -> None:
        self.watch = watch
        self.lines: list[Line] = []
        self.port = 0
        self.told = self._acknowledged = 0
        """Stanzas of ours, which the client counts as the server's (XEP-0198), and of the server's."""
        self._target = server
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(server.folder / "cert.pem", server.folder / "key.pem")
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def cut(self) -> None:
        """End all lines."""
        for line in list(self.lines):
            line.cut()

    async def tell(self, xml: str) -> None:
        """Say something to the newest client in the server's name."""
        await self.lines[-1].tell(xml)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream, server = await asyncio.open_connection("127.0.0.1", self._target.port)
        except OSError:
            writer.close()
            return
        line = Line(writer, server, self)
        self.lines.append(line)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._up(line, reader))
                tasks.create_task(self._down(line, upstream))
        finally:
            self.lines.remove(line)
            line.cut()

    async def _up(self, line: Line, reader: asyncio.StreamReader) -> None:
        async for heard in stanzas(reader):
            stanza = self._recounted(heard)
            await (self.watch.up(line, stanza) if self.watch else line.to_server(stanza))
        line.cut()

    def _recounted(self, stanza: bytes) -> bytes:
        if stanza.startswith(b"<enable "):
            self.told = self._acknowledged = 0
        if not stanza.startswith((b"<a ", b"<resume ")) or (count := COUNT.search(stanza)) is None:
            return stanza
        # It may not have heard ours yet, and no count may go back.
        self._acknowledged = max(self._acknowledged, int(count[2]) - self.told)
        return COUNT.sub(rb"\g<1>%d" % self._acknowledged, stanza)

    async def _down(self, line: Line, reader: asyncio.StreamReader) -> None:
        async for stanza in stanzas(reader):
            await (self.watch.down(line, stanza) if self.watch else line.to_client(stanza))
        line.cut()


async def stanzas(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """What comes on a stream, cut between stanzas; a stream's header and its end are pieces of their own."""
    waiting, depth, at = b"", 0, 0
    while True:
        try:
            more = await reader.read(65_536)
        except OSError:
            return
        if not more:
            return
        waiting += more
        while (tag := TAG.search(waiting, at)) is not None:
            at, name = tag.end(), tag.group()
            if name.startswith(b"</") and depth:
                depth -= 1
            elif not name.startswith((b"<?", b"</", b"<stream:stream")) and not name.endswith(b"/>"):
                depth += 1
            if depth == 0:
                yield waiting[:at]
                waiting, at = waiting[at:], 0
