"""The simulator's network: connections that deliver everything in order until they break, as TCP and TLS do.

So nothing is lost, repeated or reordered on a connection; what breaks takes along all that was under way, and
each end learns of it in its own time, or only after minutes of silence. Loss, repetition and other orders are
made by relays that misbehave (`sim_relay`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Protocol

from sim_time import Simulation

SETUP_FAILS_S = 10.0
"""Until an end notices that nobody answers its call."""

SILENCE_S = (20.0, 180.0)
"""Until an end notices that the other says nothing any more."""


class End(Protocol):
    """One end of a connection. It may hear of a connection that it has shut; it passes that over."""

    def opened(self, wire: Wire, /) -> None: ...

    def heard(self, wire: Wire, data: bytes, /) -> None: ...

    def lost(self, wire: Wire, reason: str, /) -> None: ...


@dataclass(slots=True)
class _Way:
    """From one end to the other: to whom, how slow, and when the last thing on it arrives."""

    end: End
    host: str
    delay: tuple[float, float]
    open: bool = True
    busy_until: float = 0.0


@dataclass(eq=False, slots=True)
class Wire:
    """A connection. The caller is end 0, who was called end 1; `ways[i]` leads to end i."""

    network: Network
    ways: tuple[_Way, _Way]
    silent: bool = False
    broken: bool = False

    def send(self, to: int, data: bytes) -> None:
        """Put a frame on its way to an end; into a connection that is gone it just goes nowhere."""
        way = self.ways[to]
        if self.silent or self.broken or not self.ways[1 - to].open:
            return

        def heard() -> None:
            self.network.time.note(way.host, f"<- {self.ways[1 - to].host}", data)
            way.end.heard(self, data)

        self._arrive(way, heard)

    def shut(self, by: int) -> None:
        """An end closes; the other hears all that was under way first."""
        self.ways[by].open = False
        if not self.broken and not self.silent and self.ways[1 - by].open:
            way = self.ways[1 - by]
            self._arrive(way, lambda: self._tell(way, "closed"))

    def snap(self) -> None:
        """Break: what is under way is lost, and both ends notice soon."""
        if not self.broken:
            self.broken = True
            for way in self.ways:
                self._later(way, self.network.dice.uniform(0.0, 2.0), "broken")

    def fall_silent(self) -> None:
        """Lose all from now on, what is under way included; both ends notice only after a long time."""
        if not self.broken and not self.silent:
            self.silent = True
            for way in self.ways:
                self._later(way, self.network.dice.uniform(*SILENCE_S), "silence")

    @property
    def gone(self) -> bool:
        """Whether neither end holds it any more."""
        return not any(way.open for way in self.ways)

    def _arrive(self, way: _Way, what: Callable[[], None]) -> None:
        now, dice = self.network.time.now, self.network.dice
        way.busy_until = max(way.busy_until, now + dice.uniform(*way.delay))

        def arrived() -> None:
            if way.open and not self.broken and not self.silent:
                what()

        self.network.time.at(way.busy_until, arrived)

    def _later(self, way: _Way, delay: float, reason: str) -> None:
        self.network.time.after(delay, lambda: self._tell(way, reason))

    def _tell(self, way: _Way, reason: str) -> None:
        if way.open:
            way.open = False
            way.end.lost(self, reason)


@dataclass(slots=True)
class Network:
    """Who can be called, who is cut off from whom, and all connections."""

    time: Simulation
    servers: dict[str, Callable[[Wire], End | None]] = field(default_factory=dict)
    """By address: takes a call and gives its end, or None where nobody is there."""
    offline: set[str] = field(default_factory=set)
    islands: dict[str, int] = field(default_factory=dict)
    """Hosts on different islands cannot reach each other; who is not named is on island 0."""
    wires: list[Wire] = field(default_factory=list)
    refuse: float = 0.0
    """The share of calls that fail though all is well."""
    dice: Random = field(init=False)

    def __post_init__(self) -> None:
        self.dice = self.time.dice("network")

    def reaches(self, a: str, b: str) -> bool:
        """Whether two hosts can talk now."""
        apart = self.islands.get(a, 0) != self.islands.get(b, 0)
        return not apart and a not in self.offline and b not in self.offline

    def call(self, end: End, host: str, address: str) -> Wire:
        """Connect; the caller's end hears `opened` or `lost`, later."""
        slow = self.dice.choice((0.01, 0.05, 0.3))
        here = _Way(end, host, (slow / 2, slow))
        there = _Way(_Nobody(), address, (slow / 2, slow))
        wire = Wire(self, (here, there))
        answers = self.servers.get(address)
        if not self.reaches(host, address):
            wire._later(here, SETUP_FAILS_S, "no answer")
        elif answers is None or self.dice.random() < self.refuse:
            wire._later(here, slow, "refused")
        else:
            self.time.after(slow, lambda: self._connect(wire, address))
        return wire

    def _connect(self, wire: Wire, address: str) -> None:
        here, there = wire.ways
        if not here.open:
            return
        taker = self.servers.get(address)
        if not self.reaches(here.host, address) or taker is None:
            wire._later(here, SETUP_FAILS_S, "no answer")
            return
        self.wires = [*(w for w in self.wires if not w.gone), wire]
        wire._arrive(here, lambda: here.end.opened(wire))
        end = taker(wire)
        if end is None:
            wire.snap()
        else:
            there.end = end

    def change(self, *, offline: set[str] | None = None, islands: dict[str, int] | None = None) -> None:
        """Cut hosts off or let them back; connections that are cut fall silent and stay so."""
        self.offline = self.offline if offline is None else offline
        self.islands = self.islands if islands is None else islands
        for wire in self.wires:
            if not self.reaches(wire.ways[0].host, wire.ways[1].host):
                wire.fall_silent()

    def snap_all(self, host: str) -> None:
        """A host's connections break, as when its process dies."""
        for wire in list(self.wires):
            if host in {way.host for way in wire.ways}:
                wire.snap()


class _Nobody:
    """Who was called, before there is anybody."""

    def opened(self, wire: Wire, /) -> None: ...

    def heard(self, wire: Wire, data: bytes, /) -> None: ...

    def lost(self, wire: Wire, reason: str, /) -> None: ...
