"""How much of the node strangers can take up at the API: whoever reaches its port may connect and send.

Connections over TCP are bounded, so that files and links to relays are never without descriptors; the socket
in the home takes any number. Who is not known sends little, and soon: else each connection could hold a large
body for good. What is no HTTP is not logged: it would fill the disk.
"""

from __future__ import annotations

import asyncio
import logging
from typing import cast

from aiohttp import http_exceptions, web

from .problems import TooLarge, TooSlow

MOST = 256
"""Connections over TCP. A browser has six, and holds one of them for what happens."""
STRANGER_S = 30.0
"""So long who is not known may take to send a body."""

HTTP_LOG = logging.getLogger("swarmnode.api.http")
HTTP_LOG.addFilter(
    lambda record: (
        not (record.exc_info and isinstance(record.exc_info[1], http_exceptions.HttpProcessingError))
    )
)


class Door:
    """Makes the server's end of each connection over TCP, as long as there are not too many."""

    def __init__(self, server: web.Server) -> None:
        self._server = server

    def __call__(self) -> asyncio.Protocol:
        """Called by the event loop when somebody connects."""
        return self._server() if len(self._server.connections) < MOST else _TurnedAway()


class _TurnedAway(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast("asyncio.Transport", transport).abort()


async def body_of(request: web.Request, limit: int, *, within_s: float | None = None) -> bytes:
    """Read a request's body, of `limit` bytes at most, within this time if there is one.

    Raises:
        TooLarge: it has more.
        TooSlow: it takes too long.
    """
    data = bytearray()
    try:
        async with asyncio.timeout(within_s):
            async for piece in request.content.iter_any():
                data += piece
                if len(data) > limit:
                    raise TooLarge(f"A request has at most {limit} bytes here.")
    except TimeoutError:
        raise TooSlow("The rest of the request did not come in time.") from None
    return bytes(data)
