"""A proxy for TCP that breaks lines on purpose, for networks that are too large to fake.

async with FaultProxy("127.0.0.1", server_port) as proxy:
    desk.routes[("chat.example", 5222)] = proxy.address
    ...
    proxy.cut()
"""

from __future__ import annotations

import asyncio
import socket
from types import TracebackType
from typing import Self


class FaultProxy:
    """Forwards bytes both ways, unless told otherwise. Its verbs act on lines that are and that come."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()
        self.address = ("127.0.0.1", 0)
        self.delay_s = 0.0
        """Before each piece is passed on, in both directions."""
        self.refusing = False
        """Whether new lines are broken at once."""
        self.reset_after: int | None = None
        """Bytes towards the server, over all lines, after which the line is reset; None is never."""
        self.received = 0
        """Bytes that came from the client."""
        self._busy = 0
        self._open = asyncio.Event()
        self._open.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._line, "127.0.0.1", 0)
        self.address = self._server.sockets[0].getsockname()[:2]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.resume()
        self.cut()
        await self._server.wait_closed()
        while self._busy:  # lines that came just now too, so that nothing is left open
            self.cut()
            await asyncio.sleep(0.01)
        await asyncio.sleep(0)

    def cut(self) -> None:
        """Reset all lines that are open."""
        for line in list(self._lines):
            _reset(line)

    def half_close(self) -> None:
        """Say to both ends of all lines that nothing more comes, but go on taking."""
        for line in self._lines:
            if line.can_write_eof() and not line.is_closing():
                line.write_eof()

    def hold(self) -> None:
        """Pass nothing on, and break nothing: what a lost mobile network looks like."""
        self._open.clear()

    def resume(self) -> None:
        """Pass on again, what waited first."""
        self._open.set()

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._busy += 1
        try:
            await self._forward(reader, writer)
        finally:
            self._busy -= 1

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            _reset(writer)
            return
        try:
            upstream, server = await asyncio.open_connection(*self._target)
        except OSError:
            _reset(writer)
            return
        self._lines |= {writer, server}
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._pass(reader, server, counted=True))
                tasks.create_task(self._pass(upstream, writer, counted=False))
        finally:
            self._lines -= {writer, server}
            writer.close()
            server.close()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counted: bool
    ) -> None:
        try:
            while piece := await reader.read(65_536):
                await self._open.wait()
                if self.delay_s:
                    await asyncio.sleep(self.delay_s)
                if counted:
                    self.received += len(piece)
                    if self.reset_after is not None and self.received >= self.reset_after:
                        excess = self.received - self.reset_after
                        writer.write(piece[: len(piece) - excess])
                        await writer.drain()
                        self.reset_after = None
                        self.cut()
                        return
                writer.write(piece)
                await writer.drain()
            if writer.can_write_eof() and not writer.is_closing():
                writer.write_eof()
        except OSError:
            self._end(writer)

    def _end(self, writer: asyncio.StreamWriter) -> None:
        if not writer.is_closing():
            _reset(writer)


def _reset(writer: asyncio.StreamWriter) -> None:
    """Close with RST instead of FIN: what a crashed machine or a firewall does."""
    sock = writer.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    writer.transport.abort()
