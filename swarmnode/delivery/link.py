"""A link to a relay or a node: binary frames over a WebSocket over TLS 1.3, to whose certificate is pinned.

    async with connect(record.address, record.pin) as link:
        caller = Caller.greeted(await link.receive())
        await link.send(data)
        async for frame in link: ...

A link holds back who sends more than the other side takes, and reads no further than it is asked for frames.
It answers the other side's pings while somebody waits for a frame, so somebody always has to.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import aiohttp

from swarm_protocol.mailbox.limits import MAX_FRAME

from ..errors import Refused, Unreachable, UsageError
from . import tls

if TYPE_CHECKING:
    from aiohttp import web

CONNECT_S = 15.0
"""For name, connection, handshakes and greeting: more than a slow mobile network takes."""

SEND_S = 60.0
"""A frame that the other side did not take for so long: it is gone."""

PING_S = 30.0
"""A link that is silent is asked so often whether it lives: below what routers forget after."""

CLOSE_S = 2.0


class Link:
    """An open link. `send` and the iteration may run in two tasks."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse | web.WebSocketResponse) -> None:
        self._socket = socket

    async def send(self, data: bytes) -> None:
        """Send a frame; waits while the other side takes nothing.

        Raises:
            Unreachable: the link is gone.
        """
        try:
            async with asyncio.timeout(SEND_S):
                await self._socket.send_bytes(data)
        except (TimeoutError, ConnectionError, aiohttp.ClientError) as e:
            raise Unreachable("the link to the relay broke") from e

    async def receive(self) -> bytes:
        """The next frame.

        Raises:
            Unreachable: there is none any more: the relay closed the link, or it broke.
            Refused: what came is no frame.
        """
        message = await self._socket.receive()
        if message.type is aiohttp.WSMsgType.BINARY:
            return bytes(message.data)
        if (
            message.type is aiohttp.WSMsgType.TEXT
            or self._socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
        ):
            raise Refused("what answers there is not a relay", hint="check the relay's link")
        raise Unreachable("the relay closed the link")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give frames until the link ends; raises `Refused` as `receive` does."""
        while True:
            try:
                frame = await self.receive()
            except Unreachable:
                return
            yield frame


def split_address(address: str) -> tuple[str, int]:
    """Host and port of `host:port` or `[v6]:port`.

    Raises:
        UsageError: it is no such address.
    """
    host, colon, port = address.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError("an address is HOST:PORT", hint="an IPv6 address stands in brackets: [::1]:8471")
    if not host.strip("[]") or (":" in host) != bracketed:
        raise UsageError("an address is HOST:PORT", hint="an IPv6 address stands in brackets: [::1]:8471")
    return host.strip("[]"), int(port)


@asynccontextmanager
async def connect(address: str, pin: bytes, *, timeout_s: float = CONNECT_S) -> AsyncIterator[Link]:
    """Open a link, and close it at the end of the block.

    Raises:
        UsageError: no address.
        Unreachable: nobody answers there, or not in time.
        Refused: another certificate, an older TLS, or no relay.
    """
    host, port = split_address(address)
    url = f"https://[{host}]:{port}/" if ":" in host else f"https://{host}:{port}/"
    connector = aiohttp.TCPConnector(ssl=tls.client_context(pin), force_close=True, use_dns_cache=False)
    session = aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), skip_auto_headers=("User-Agent",)
    )
    async with session:
        socket = await _open(session, url, timeout_s)
        try:
            yield Link(socket)
        finally:
            await socket.close()


async def _open(
    session: aiohttp.ClientSession, url: str, timeout_s: float
) -> aiohttp.ClientWebSocketResponse:
    try:
        async with asyncio.timeout(timeout_s):
            return await session.ws_connect(
                url,
                server_hostname=tls.NO_SNI,
                max_msg_size=MAX_FRAME + 1,  # aiohttp's is the first size that is too large
                heartbeat=PING_S,
                timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_S),
            )
    except TimeoutError as e:
        raise Unreachable("the relay did not answer in time") from e
    except (aiohttp.ClientSSLError, ssl.SSLError) as e:
        if isinstance(e.__cause__ or e, ssl.SSLCertVerificationError) or isinstance(
            e, aiohttp.ClientConnectorCertificateError
        ):
            text = "the relay shows another certificate than the one in its link"
            raise Refused(text, hint="ask the relay's owner for a new link") from None
        raise Refused("the relay speaks no TLS 1.3", hint="it, or something before it, is too old") from e
    except aiohttp.WSServerHandshakeError as e:
        raise Refused("what answers there is not a relay", hint="check the relay's link") from e
    except (aiohttp.ClientError, OSError) as e:
        raise Unreachable("the relay cannot be reached", hint="it may be down, or this node offline") from e
