"""A person's machine in the simulator: a disk that outlasts crashes, clocks that may be wrong, a process.

The process is the node's real engine, services and storage. What drives them here is the driver's contract
(ADR 0014) and nothing more: a transaction takes what has arrived, is committed, and only then are its effects
performed, in their order. When a commit fails, effects and engine are dropped, links shut, and a new engine
starts: after a second, and after up to a minute if it fails again and again. When the process dies, the same
happens, later, with a new boot.

Every moment at which a process can die between two durable steps is a **point**: each step that the database
names, and each single effect. `die_at` is the point at which this process dies, `die_before` the name of
one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sim_crypto import Watch, WatchedCrypto
from sim_network import Network, Wire
from sim_time import HOUR, START, Timer

from swarmnode.domain.time import Instant
from swarmnode.errors import DiskFull, NodeError
from swarmnode.services import step as st
from swarmnode.services.engine import Engine
from swarmnode.services.node import Options
from swarmnode.storage.bodies import dead_keys
from swarmnode.storage.database import Database, MemoryDisk
from swarmnode.storage.home import MemoryFiles

QUICK_DISK, SLOW_DISK = (0.0005, 0.01), (0.2, 4.0)


Verb: TypeAlias = Callable[..., Any]
"""Something that a person does: called with the step and the node's memory."""


MAX_CALLS = 150
"""Calls to one relay within an hour: back-off makes a dozen, and each wake-up or good line starts it anew."""


class Storm(AssertionError):
    """A node does something far too often."""


class PowerLoss(BaseException):
    """The process dies here; nothing of the product may catch it."""


@dataclass(slots=True)
class Wish:
    """Something that the person wants; `then` hears the answer once it is on disk."""

    do: Verb
    then: Callable[[Any], None]
    refused: Callable[[NodeError], None]


@dataclass(slots=True)
class Clock:
    """A machine's clocks. `offset_s` is how wrong the wall clock is, `rate` how fast both go."""

    offset_s: float = 0.0
    rate: float = 1.0
    slept_s: float = 0.0
    started: float = 0.0

    def instant(self, now: float) -> Instant:
        wall = int(START + now * self.rate + self.offset_s)
        return Instant(wall, (now - self.slept_s - self.started) * self.rate)

    def when(self, tick: float) -> float:
        """The moment of a tick, if the machine does not sleep until then."""
        return tick / self.rate + self.slept_s + self.started


class NodeHost:
    """A machine with a node on it."""

    def __init__(self, name: str, network: Network, *, suite: int) -> None:
        self.name, self.network, self.time = name, network, network.time
        self.suite, self.watch = suite, Watch()
        self.dice = self.time.dice(f"node {name}")
        self.entropy = self.time.entropy(f"node {name}")
        self.clock = Clock()
        self.disk_s = QUICK_DISK
        self.disk = MemoryDisk(MemoryFiles(self._file_step))
        self.full = False
        self.die_at: int | None = None
        self.die_before = ""
        self.points = 0
        self.last_death = ""
        self.deaths = self.failures = 0
        self.calls: dict[str, deque[float]] = {}
        """When each relay was called of late, over an hour."""
        self.waits_before_restart = (1.0, 60.0)
        self.on_carries: Callable[[], None] = lambda: None
        """Called when something is to leave through a conversation on another network."""
        self.on_start: Callable[[], None] = lambda: None
        self.db: Database | None = None
        self.asleep = self.ready = False
        self._asleep_since = 0.0

    # Its life

    def start(self) -> None:
        """Start the process; does nothing while one runs."""
        if self.db is not None:
            return
        self.clock.started = self.time.now - self.clock.slept_s - self.dice.uniform(0, 1000)
        self.time.note(self.name, "starts")
        self._wires: dict[st.LinkId, Wire] = {}
        self._links: dict[int, st.LinkId] = {}
        self._inbox: list[st.Input | Wish] = []
        self._timer: Timer | None = None
        self._wake_tick: float | None = None
        self._turn_due = False
        self._in_a_row = 0
        try:
            self.db = Database.memory(entropy=self.entropy, disk=self.disk, faults=self._point)
        except PowerLoss:
            self._died()
            return
        except DiskFull:
            self.time.after(60.0, self.start)
            return
        self._new_engine()
        self.on_start()

    def kill(self, *, restart: bool = True) -> None:
        """End the process at once."""
        if self.db is not None:
            self._died(restart=restart)

    def sleep(self, seconds: float) -> None:
        """Close the lid: nothing is heard, monotonic time stands still, connections fall silent."""
        if self.asleep or self.db is None:
            return
        self.time.note(self.name, f"sleeps for {seconds:.0f} s")
        self.asleep, self._asleep_since = True, self.time.now
        self.network.change(offline=self.network.offline | {self.name})
        self.time.after(seconds, self.wake)

    def wake(self) -> None:
        """Open the lid; does nothing where it is open."""
        if not self.asleep:
            return
        self.asleep = False
        self.clock.slept_s += self.time.now - self._asleep_since
        self.time.note(self.name, "wakes up")
        self.network.change(offline=self.network.offline - {self.name})
        if self.db is not None:
            self._set_timer()
            self.feed(st.NetworkChanged())
            self._soon()

    def set_online(self, online: bool) -> None:
        """Plug the network cable in or out; the machine notices when it is back in."""
        others = self.network.offline - {self.name}
        self.network.change(offline=others if online else others | {self.name})
        if online:
            self.feed(st.NetworkChanged())

    # What goes in

    def wish(
        self,
        do: Verb,
        then: Callable[[Any], None] = lambda _: None,
        refused: Callable[[NodeError], None] = lambda _: None,
    ) -> bool:
        """The person wants something; whether there is a process to want it from."""
        if self.db is None or self.asleep:
            return False
        self._take(Wish(do, then, refused))
        return True

    def feed(self, input_: st.Input) -> None:
        """Something arrived."""
        if self.db is not None:
            self._take(input_)

    def read(self, what: Verb) -> Any:
        """Look at what is on disk, as a screen does."""
        assert self.db is not None
        with self.db.read() as tx:
            return what(st.Step(tx, self.clock.instant(self.time.now), self.entropy), self._engine.node)

    def dead_keys(self) -> int:
        """Keys of destroyed bodies that are still on disk; none, once a node has started."""
        assert self.db is not None
        with self.db.read() as tx:
            return len(dead_keys(tx.db, self.db._keyring.now))

    def close(self) -> None:
        """Give back what the disk holds; nothing runs after that."""
        self.disk.connection.engine.dispose()

    def _take(self, item: st.Input | Wish) -> None:
        self._inbox.append(item)
        self._soon()

    def _soon(self) -> None:
        if self._inbox and not self._turn_due and not self.asleep:
            self._turn_due = True
            self._while_alive(0.0, self._turn)

    # One transaction

    def _turn(self) -> None:
        if self.asleep:
            self._turn_due = False
            return
        assert self.db is not None
        first = self._inbox[0]
        size = next((i for i, item in enumerate(self._inbox) if isinstance(item, Wish)), len(self._inbox))
        batch = self._inbox[: max(size, 1)]
        del self._inbox[: len(batch)]
        effects, answer, self._stands = list[st.Effect](), None, False
        try:
            with self.db.write() as tx:
                for item in batch:
                    step = st.Step(tx, self.clock.instant(self.time.now), self.entropy, effects)
                    if isinstance(item, Wish):
                        answer = item.do(step, self._engine.node)
                        self._engine.settle(step)
                    else:
                        self.time.note(self.name, type(item).__name__)
                        self._engine.handle(step, item)
        except PowerLoss:
            self.watch.step(stands=self._stands)
            if self._stands and isinstance(first, Wish):
                first.then(answer)
            self._died()
            return
        except NodeError as error:
            self.watch.step(stands=self._stands)
            self.failures += 1
            self.time.note(self.name, f"fails: {type(error).__name__}")
            if isinstance(first, Wish):
                if self._stands:
                    first.then(answer)
                else:
                    first.refused(error)
            self._drop_engine()
            self._while_alive(min(2.0**self._in_a_row, 60.0), self._new_engine)
            self._in_a_row += 1
            return
        self._in_a_row, self.ready = 0, True
        self.watch.step(stands=True)
        if isinstance(first, Wish):
            first.then(answer)
        self._while_alive(self.dice.uniform(*self.disk_s), lambda: self._perform(effects))

    def _perform(self, effects: list[st.Effect]) -> None:
        try:
            for effect in effects:
                self._point(type(effect).__name__)
                self._do(effect)
        except PowerLoss:
            self._died()
            return
        self._turn_due = False
        self._soon()

    def _do(self, effect: st.Effect) -> None:
        match effect:
            case st.Open(link, address, _):
                self._called(address)
                self._wires[link] = self.network.call(_Plug(self, self._engine, link), self.name, address)
            case st.Transmit(link, data):
                if link in self._wires:
                    self._wires[link].send(1, data)
                else:
                    self._inbox.append(st.Lost(link, "it is gone"))
            case st.Shut(link):
                if (wire := self._wires.pop(link, None)) is not None:
                    wire.shut(0)
            case st.WakeAt(tick):
                self._wake_tick = tick
                self._set_timer()
            case st.Told(_, kind, data):
                facts = " ".join(f"{name}={str(value)[:8]}" for name, value in data.items())
                self.time.note(self.name, f"tells {kind} {facts}")
                if kind == "bridge.carries":
                    self.on_carries()
            case st.Announce():
                pass  # the local network is not simulated

    def _called(self, address: str) -> None:
        calls = self.calls.setdefault(address, deque())
        calls.append(self.time.now)
        while calls[0] < self.time.now - HOUR:
            calls.popleft()
        if len(calls) > MAX_CALLS:
            raise Storm(f"{self.name} called {address} {len(calls)} times within an hour")

    # Points

    def _point(self, name: str) -> None:
        """A durable step, or an effect, is about to happen."""
        if name == "commit" and self.full:
            raise DiskFull("the disk is full")
        self.points += 1
        if self.points == self.die_at or name == self.die_before:
            self.time.note(self.name, f"dies before {name}")
            self.last_death = name
            raise PowerLoss
        if name == "commit":
            self._stands = True

    def _file_step(self, name: str) -> None:
        if self.full and name.startswith("write"):
            raise DiskFull("the disk is full")
        self._point(name)

    # Ends and beginnings

    def _new_engine(self) -> None:
        assert self.db is not None
        self._engine = Engine(
            boot=self.db.boot,
            instance=self.db.instance,
            crypto=WatchedCrypto(self.watch),
            options=Options(suite=self.suite),
        )
        self._wake_tick = None
        self._turn_due = self.ready = False
        self._inbox = [st.Started(), *(item for item in self._inbox if isinstance(item, Wish))]
        self._soon()

    def _drop_engine(self) -> None:
        for wire in self._wires.values():
            wire.shut(0)
        self._wires = {}
        if self._timer is not None:
            self._timer.cancel()

    def _died(self, *, restart: bool = True) -> None:
        self.time.note(self.name, "is dead")
        self.deaths += 1
        self.die_at, self.die_before = None, ""
        if self.db is not None:
            self.db.crash()
        self.disk.files.crash(kept=self.dice.random() < 0.5)
        self._drop_engine()
        self.db = None
        if restart:
            self.time.after(self.dice.uniform(*self.waits_before_restart), self.start)

    def _while_alive(self, delay: float, what: Callable[[], None]) -> None:
        """Let something happen, unless this process is gone by then."""
        db = self.db
        self.time.after(delay, lambda: what() if self.db is db else None)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._wake_tick is None:
            return

        def fire() -> None:
            if not self.asleep:
                self.feed(st.Woke())

        self._timer = self.time.at(self.clock.when(self._wake_tick), fire)


@dataclass(frozen=True, slots=True)
class _Plug:
    """The node's end of one link."""

    host: NodeHost
    engine: Engine = field(repr=False)
    link: st.LinkId

    def _feed(self, input_: st.Input) -> None:
        if self.host.db is not None and self.host._engine is self.engine:
            self.host.feed(input_)

    def opened(self, _: Wire, /) -> None:
        self._feed(st.Opened(self.link))

    def heard(self, _: Wire, data: bytes, /) -> None:
        self._feed(st.Heard(self.link, data))

    def lost(self, _: Wire, reason: str, /) -> None:
        self.host._wires.pop(self.link, None)
        self._feed(st.Lost(self.link, reason))
