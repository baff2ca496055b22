"""A proxy before the mail servers that understands as much of IMAP and SMTP as it needs to break them.

    async with MailProxy(server, faults) as proxy:
        ... proxy.imap, proxy.smtp        # ports, with TLS from the first byte

It speaks with the servers' own certificate. What passes is decided by `mail_faults.MailFaults`.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Protocol, Self

from mail_server import MailServer

from swarm_bridges.tls import encrypted

READS = re.compile(rb"(\S+) (?:UID FETCH|UID SEARCH|SELECT) ", re.IGNORECASE)
LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")
MAX_LINE = 32 << 20


class Watch(Protocol):
    """Does with what passes what it likes; `line.to_server` and `line.to_client` pass it on."""

    async def reads(self, line: Line, tag: bytes, command: bytes) -> None:
        """A command of IMAP that reads."""

    async def acts(self, line: Line, step: str, said: bytes) -> None:
        """A step of handing in a mail: `begin` (MAIL), `recipient` (RCPT), `end` (the dot)."""

    async def answers(self, line: Line, data: bytes) -> None:
        """What a server says."""


class Line:
    """A client's connection and the one behind it."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._client, self._server = client, server
        self.in_mail = False
        """Whether what comes from the client is a mail."""

    async def to_client(self, data: bytes) -> None:
        if not self._client.is_closing():
            self._client.write(data)
            await self._client.drain()

    async def to_server(self, data: bytes) -> None:
        if not self._server.is_closing():
            self._server.write(data)
            await self._server.drain()

    def cut(self) -> None:
        """End both: what was passed on before arrives."""
        self._client.close()
        self._server.close()


class MailProxy:
    """See the module."""

    def __init__(self, server: MailServer, watch: Watch) -> None:
        self.imap = self.smtp = 0
        self._target, self._watch = server, watch
        self._own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._own.load_cert_chain(server.folder / "cert.pem", server.folder / "key.pem")
        self._trust = ssl.create_default_context(cadata=server.certificate)
        self._servers: list[asyncio.Server] = []
        self._lines: set[Line] = set()
        self._busy = 0

    async def __aenter__(self) -> Self:
        self.imap = await self._listen(self._target.imaps, self._up_imap)
        self.smtp = await self._listen(self._target.smtps, self._up_smtp)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.close()
        while self._busy:
            self.cut()
            await asyncio.sleep(0.01)
        for server in self._servers:
            await server.wait_closed()

    def cut(self) -> None:
        """End all lines."""
        for line in list(self._lines):
            line.cut()

    async def _listen(self, target: int, up: Callable[[Line, asyncio.StreamReader], Awaitable[None]]) -> int:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self._busy += 1
            try:
                await self._serve(reader, writer, target, up)
            finally:
                writer.close()
                self._busy -= 1

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=self._own, limit=MAX_LINE)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def _serve(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        target: int,
        up: Callable[[Line, asyncio.StreamReader], Awaitable[None]],
    ) -> None:
        try:
            upstream, server = await self._connected(target)
        except OSError:
            return
        line = Line(writer, server)
        self._lines.add(line)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._until_lost(line, up(line, reader)))
                tasks.create_task(self._until_lost(line, self._down(line, upstream)))
        finally:
            self._lines.remove(line)
            line.cut()

    async def _connected(self, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader(MAX_LINE)
        clear = socket.socket()
        clear.setblocking(False)
        try:
            await loop.sock_connect(clear, ("127.0.0.1", port))
        except BaseException:
            clear.close()
            raise
        transport, protocol = await encrypted(
            clear, lambda: asyncio.StreamReaderProtocol(reader), self._trust, "127.0.0.1"
        )
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _until_lost(self, line: Line, work: Awaitable[None]) -> None:
        try:
            await work
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            line.cut()

    async def _up_imap(self, line: Line, reader: asyncio.StreamReader) -> None:
        continued = False
        while said := await reader.readline():
            found = None if continued else READS.match(said)
            more = LITERAL.search(said)
            await (line.to_server(said) if found is None else self._watch.reads(line, found[1], said))
            if more is not None:
                await line.to_server(await reader.readexactly(int(more[1])))
            continued = more is not None

    async def _up_smtp(self, line: Line, reader: asyncio.StreamReader) -> None:
        while said := await reader.readline():
            if line.in_mail and said == b".\r\n":
                line.in_mail = False
                await self._watch.acts(line, "end", said)
            elif not line.in_mail and said[:5].upper() == b"MAIL ":
                await self._watch.acts(line, "begin", said)
            elif not line.in_mail and said[:5].upper() == b"RCPT ":
                await self._watch.acts(line, "recipient", said)
            else:
                await line.to_server(said)

    async def _down(self, line: Line, reader: asyncio.StreamReader) -> None:
        while data := await reader.read(65_536):
            line.in_mail = line.in_mail or data.startswith(b"354")
            await self._watch.answers(line, data)
