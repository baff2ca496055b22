"""Who may come in to a relay: limits for each source address, before a handshake costs anything.

Addresses stay in memory while their connections last and for a while after; they are written nowhere.
Connections from this machine are an onion service's or a proxy's, behind which is everybody: for them only
the total counts.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass

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
        return self._limits.count_local or not ipaddress.ip_address(address.partition("%")[0]).is_loopback

    def _forget(self, now: float) -> None:
        """Forget sources that have nothing inside and full credit again."""
        known = self._guests.items()
        self._guests = {source: guest for source, guest in known if guest.inside or now - guest.at < 60}


def source_of(address: str) -> Source:
    """What limits are counted for."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    return ip.ipv4_mapped or ipaddress.ip_network((ip, 64), strict=False)  # type: ignore[return-value]
