"""Where contacts call this node without a relay: WebSockets over TLS 1.3, and a silent door (spec 52 §2).

A connection that sends no first frame in time, or none of the size of a knock, is dropped without a word, and
so is one whose knock opens nothing, which the node's logic finds out. To call others, `link.connect` is used,
with the pin of their address records.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web

from swarm_protocol.entropy import Entropy
from swarm_protocol.mailbox.limits import MAX_FRAME
from swarm_protocol.nearby.door import KNOCK_SIZE

from ..errors import ConfigError, Refused, Unreachable
from ..storage.home import FolderFiles
from . import tls
from .link import CLOSE_S, PING_S, Link
from .relay_door import Door, DoorLimits, Entrance, cut

CERTIFICATE = "direct.pem"
"""The file in the home with this node's key and certificate for links. It opens no envelope."""

FIRST_S = 10.0
"""Whoever has not knocked by then is gone."""

LIMITS = DoorLimits(total=512, per_source=16, per_minute=60)
"""A contact has one or two connections; the rest is for those behind one address."""

Called = Callable[[Link, bytes], Awaitable[None]]
"""Takes a link and its first frame, and returns when the link is over."""


def certificate(folder: Path, entropy: Entropy = os.urandom) -> tuple[ssl.SSLContext, bytes]:
    """What this node shows who calls, made at the first time, and its pin.

    Raises:
        StorageError, DiskFull: the file cannot be read or written.
    """
    files = FolderFiles(folder)
    pem = files.read(CERTIFICATE)
    if pem is None:
        files.replace(CERTIFICATE, pem := tls.make_certificate(entropy))
    return tls.server_context(folder / CERTIFICATE), tls.pin_of(pem)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; `host` empty is every address of this machine, `port` 0 any free one.

    Raises:
        ConfigError: it cannot listen there.
    """
    try:
        if not host and socket.has_dualstack_ipv6():
            return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family)
    except OSError as e:
        raise ConfigError(
            f"cannot listen on port {port}", hint="another program may have it: link.port"
        ) from e


class Listener:
    """Takes calls, and gives those that knock to `called`."""

    def __init__(self, context: ssl.SSLContext, called: Called, limits: DoorLimits = LIMITS) -> None:
        self._called = called
        self.entrance = Entrance(context, self._visit, Door(limits, time.monotonic))

    async def run(self, listener: socket.socket) -> None:
        """Take calls on a listening socket until cancelled; closes it, and the links that came over it."""
        with listener:
            await self.entrance.run(listener)

    async def _visit(self, request: web.BaseRequest) -> web.StreamResponse:
        socket_ = web.WebSocketResponse(
            max_msg_size=MAX_FRAME + 1, heartbeat=PING_S, timeout=CLOSE_S, compress=False
        )
        if socket_.can_prepare(request):
            await socket_.prepare(request)
            link = Link(socket_)
            knock = await _first(link)
            if knock is not None:
                await self._called(link, knock)
        cut(request.transport)  # without a word, also for who was let in: links have no last words
        return socket_


async def _first(link: Link) -> bytes | None:
    try:
        async with asyncio.timeout(FIRST_S):
            frame = await link.receive()
    except (TimeoutError, Unreachable, Refused):
        return None
    return frame if len(frame) == KNOCK_SIZE else None
