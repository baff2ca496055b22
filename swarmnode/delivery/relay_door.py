"""How connections come in to a relay: limits for each source address, TLS, HTTP, and a time limit for both.

Addresses stay in memory while their connections last and for a while after; they are written nowhere.
Connections from this machine are an onion service's or a proxy's, behind which is everybody: for them only
the total counts.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

from aiohttp import web

HANDSHAKE_S = 10.0
"""TLS and a request take so long at most."""

CLOSE_S = 2.0

_QUIET = logging.getLogger("swarmnode.delivery.quiet")
"""For aiohttp, which would log addresses."""
_QUIET.disabled = True

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Source = ipaddress.IPv4Address | ipaddress.IPv6Network
"""An IPv4 address, or an IPv6 network of 64 bits: whoever has one address of it has all."""


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """Connections at once, in all and for one source, and how many of one source come in a minute."""

    total: int = 4096
    per_source: int = 64
    per_minute: int = 120
    count_local: bool = False


@dataclass(slots=True)
class _Guest:
    inside: int = 0
    credit: float = 0.0
    at: float = 0.0


class Door:
    """Counts connections. `clock` gives monotonic seconds."""

    def __init__(self, limits: DoorLimits, clock: Callable[[], float]) -> None:
        self._limits, self._clock = limits, clock
        self._guests: dict[Source, _Guest] = {}
        self.inside = 0
        self.turned_away = 0

    def enter(self, address: str) -> bool:
        """Let a connection from `address` in, or not."""
        limits, now, source = self._limits, self._clock(), source_of(address)
        if len(self._guests) >= 2 * limits.total:
            self._forget(now)
        fresh = _Guest(credit=limits.per_minute, at=now)
        guest = self._guests.get(source, fresh) if self._counts(address) else fresh
        credit = min(limits.per_minute, guest.credit + (now - guest.at) * limits.per_minute / 60)
        if self.inside >= limits.total or guest.inside >= limits.per_source or credit < 1:
            self.turned_away += 1
            return False
        guest.inside, guest.credit, guest.at = guest.inside + 1, credit - 1, now
        self.inside += 1
        if self._counts(address):
            self._guests[source] = guest
        return True

    def leave(self, address: str) -> None:
        """A connection that was let in ends."""
        self.inside -= 1
        if self._counts(address):
            self._guests[source_of(address)].inside -= 1

    def _counts(self, address: str) -> bool:
        return self._limits.count_local or not _ip(address).is_loopback

    def _forget(self, now: float) -> None:
        """Forget sources that have nothing inside and full credit again."""
        known = self._guests.items()
        self._guests = {source: guest for source, guest in known if guest.inside or now - guest.at < 60}


@dataclass(eq=False, slots=True)
class _Visit:
    """A connection from its first packet on: it came as far as a request, and is gone."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)


class _Http(web.Server):
    """aiohttp's server, which says how far each connection came."""

    def __init__(self, handler: Handler) -> None:
        super().__init__(self._arrived, logger=_QUIET, access_log=None)
        self._handler = handler
        self.visits: dict[asyncio.BaseProtocol, _Visit] = {}

    async def _arrived(self, request: web.BaseRequest) -> web.StreamResponse:
        self.visits[request.protocol].arrived.set()
        return await self._handler(request)

    def __call__(self) -> web.RequestHandler:
        protocol = super().__call__()
        self.visits[protocol] = _Visit()
        return protocol

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        if (visit := self.visits.get(handler)) is not None:
            visit.left.set()


class Entrance:
    """Accepts connections, and gives each request to `handler`."""

    def __init__(self, tls: ssl.SSLContext, handler: Handler, door: Door) -> None:
        self._tls, self._handler, self.door = tls, handler, door
        self.no_handshake = 0

    async def run(self, listener: socket.socket) -> None:
        """Accept until cancelled; then requests have a moment to end."""
        listener.setblocking(False)
        http = _Http(self._handler)
        async with asyncio.TaskGroup() as visits:
            try:
                while True:
                    await self._accept(listener, http, visits)
            finally:
                await http.shutdown(CLOSE_S)

    async def _accept(self, listener: socket.socket, http: _Http, visits: asyncio.TaskGroup) -> None:
        try:
            guest, source = await asyncio.get_running_loop().sock_accept(listener)
        except OSError:  # it is gone already, or no descriptors are left
            await asyncio.sleep(0.05)
            return
        if self.door.enter(source[0]):
            visits.create_task(self._let_in(guest, source[0], http))
        else:
            guest.close()

    async def _let_in(self, guest: socket.socket, source: str, http: _Http) -> None:
        protocol, transport = http(), None
        visit = http.visits[protocol]
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                transport, _ = await asyncio.get_running_loop().connect_accepted_socket(
                    lambda: protocol, guest, ssl=self._tls, ssl_shutdown_timeout=CLOSE_S
                )
                await visit.arrived.wait()
            await visit.left.wait()
        except OSError:  # TimeoutError is one
            self.no_handshake += 1
        finally:
            del http.visits[protocol]
            self.door.leave(source)
            cut(transport)
            guest.close()


def cut(transport: asyncio.BaseTransport | None) -> None:
    """Break a connection at once, also one that is ending or gone."""
    if transport is not None:
        with suppress(AttributeError):  # of asyncio in early versions of Python 3.11, after a second `close`
            cast("asyncio.Transport", transport).abort()  # uvloop's are no subclass


def source_of(address: str) -> Source:
    """What limits are counted for."""
    ip = _ip(address)
    return ip if isinstance(ip, ipaddress.IPv4Address) else ipaddress.IPv6Network((ip, 64), strict=False)


def _ip(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address; an IPv4 one, also where a socket for both shows it as IPv6."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return ip if isinstance(ip, ipaddress.IPv4Address) else ip.ipv4_mapped or ip
