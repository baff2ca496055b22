"""A connection to a mail server: encrypted, or not at all.

Either TLS speaks first, or a few lines in the clear ask for it (STARTTLS). Those few are read byte by byte,
so that not one byte from before the encryption can be taken for something from within it (the injections of
CVE-2011-0411 and its many relatives).
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from socket import socket

from ...api import Interrupted, Temporary
from ...tls import cut, encrypted

LOST = "the connection was lost"
OPEN_S = 30.0
MAX_LINE = 4 << 20
"""Bytes; numbers of all messages of a large folder come in one line."""
MAX_GREETING = 4096
SECURITIES = ("tls", "starttls")


@dataclass(frozen=True, slots=True)
class Place:
    """A server: `security` is `tls` (at once) or `starttls`."""

    host: str
    port: int
    security: str


class Clear:
    """What is said before the encryption."""

    def __init__(self, line: socket) -> None:
        self._line, self._loop = line, asyncio.get_running_loop()

    async def readline(self) -> bytes:
        """A line, without a byte of what follows it. Raises Temporary when there is none."""
        read = bytearray()
        while not read.endswith(b"\n"):
            byte = await self._loop.sock_recv(self._line, 1)
            if not byte or len(read) > MAX_GREETING:
                raise Temporary(LOST)
            read += byte
        return bytes(read)

    async def write(self, data: bytes) -> None:
        """Send something."""
        await self._loop.sock_sendall(self._line, data)


class _Reader(asyncio.StreamReader):
    """One that tells when nothing more will come, also while nobody reads."""

    def __init__(self) -> None:
        super().__init__(MAX_LINE)
        self.ended = asyncio.Event()

    def feed_eof(self) -> None:
        super().feed_eof()
        self.ended.set()

    def set_exception(self, exc: Exception) -> None:
        super().set_exception(exc)
        self.ended.set()


class Line:
    """An encrypted connection. Whatever it raises from `read` and `write` on, it is lost then."""

    def __init__(self, reader: _Reader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(
        cls, line: socket, place: Place, tls: ssl.SSLContext, ask: Callable[[Clear], Awaitable[None]]
    ) -> Line:
        """Encrypt a connected socket; `ask` asks for it, where that is needed, and raises what is refused.

        Raises:
            Temporary: this did not work, or the certificate is not trusted.
        """
        reader = _Reader()
        try:
            async with asyncio.timeout(OPEN_S):
                line.setblocking(False)
                if place.security != "tls":
                    await ask(Clear(line))
                transport, protocol = await encrypted(
                    line, lambda: asyncio.StreamReaderProtocol(reader), tls, place.host
                )
        except ssl.SSLCertVerificationError:
            line.close()
            raise Temporary("the server's certificate is not trusted") from None
        except (OSError, TimeoutError, EOFError) as e:
            line.close()
            raise Temporary(f"no encrypted connection ({type(e).__name__})") from None
        except BaseException:
            line.close()
            raise
        return cls(reader, asyncio.StreamWriter(transport, protocol, reader, asyncio.get_running_loop()))

    async def lost(self) -> None:
        """Wait until the other side has ended it, also while nothing is read. Raises Interrupted then."""
        await self._reader.ended.wait()
        raise Interrupted(LOST)

    async def readline(self) -> bytes:
        """A line with its end; waiting for it may be given up. Raises Interrupted."""
        try:
            return await self._reader.readuntil(b"\n")
        except (EOFError, OSError):
            raise Interrupted(LOST) from None
        except asyncio.LimitOverrunError:
            raise Interrupted("the server says too much at once") from None

    async def read(self, size: int) -> bytes:
        """Exactly so many bytes. Raises Interrupted."""
        try:
            return await self._reader.readexactly(size)
        except (EOFError, OSError):
            raise Interrupted(LOST) from None

    async def write(self, data: bytes) -> None:
        """Send something. Raises Interrupted."""
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError:
            raise Interrupted(LOST) from None

    def close(self) -> None:
        """End it at once."""
        cut(self._writer.transport)
