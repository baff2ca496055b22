"""Nodes and relays in one process, without loss or delay: the shortest way to see the services at work."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from mailbox_store import MemoryStore
from mailbox_world import relay_keys

from swarm_protocol import mailbox as mbx
from swarm_protocol import meeting as met
from swarm_protocol.identity import RecoveryKit
from swarm_protocol.mailbox import effects as fx
from swarm_protocol.mailbox.frames import encode
from swarm_protocol.mailbox.relay import Relay
from swarm_protocol.mailbox.store import PutQueue
from swarm_protocol.testing import SeededEntropy
from swarmnode.domain.time import Instant
from swarmnode.domain.words import Words
from swarmnode.services import identity, meeting, messages, relays, views
from swarmnode.services.engine import Engine
from swarmnode.services.node import Node
from swarmnode.services.step import (
    Effect,
    Heard,
    Input,
    LinkId,
    Lost,
    Open,
    Opened,
    Shut,
    Started,
    Step,
    Told,
    Transmit,
    WakeAt,
    Woke,
)
from swarmnode.storage.database import Database, MemoryDisk

START = 1_800_000_000
T = TypeVar("T")


class RelayHost:
    """A relay and its connections. `up` can be switched off."""

    def __init__(self, world: World, name: str) -> None:
        self.world, self.name, self.up = world, name, True
        self.store = MemoryStore()
        self.machine = Relay(relay_keys(name), self.store, entropy=SeededEntropy(f"relay {name}"))
        self.ends: dict[fx.ConnectionId, tuple[Person, LinkId]] = {}
        self.forwards = True
        """Whether it passes on what is for other relays."""
        self.visitors: list[str] = []
        """Who connected, in order."""
        self.forgetful = False
        """Whether it takes senders' keys and has none when something is sent."""
        self.frames = 0
        """How many came."""
        self.mute, self.kept_back = False, 0
        """Whether it delivers nothing, and how often it did not."""
        self.under_way = self.most_forwards = 0
        self.asking: dict[fx.ConnectionId, tuple[RelayHost, fx.Forward]] = {}
        self.last = 0
        self.seeds = 0

    @property
    def address(self) -> str:
        return f"{self.name}.example:443"

    @property
    def pin(self) -> bytes:
        return self.name.encode().ljust(32, b".")

    def link(self) -> str:
        """A link with 256 tickets."""
        self.seeds += 1
        seed = f"{self.name} {self.seeds}".encode().ljust(32, b"-")
        self.feed(fx.TicketsAdded(tuple(map(mbx.ticket_hash, mbx.tickets(seed)))))
        return met.RelayLink(met.RelayAddress(self.address, self.pin), seed).format()

    def connect(self, person: Person, link: LinkId) -> fx.ConnectionId:
        self.last += 1
        connection = fx.ConnectionId(self.last)
        self.ends[connection] = person, link
        self.visitors.append(person.name)
        self.world.later(lambda: person.feed(Opened(link)))
        self.feed(fx.Opened(connection))
        return connection

    def feed(self, input_: fx.Input) -> None:
        if isinstance(input_, fx.ForwardAnswered):
            self.under_way -= 1
        if isinstance(input_, fx.Received):
            self.frames += 1
            if self.forgetful:
                self.forget_keys()
        for effect in self.machine.handle(input_, now=self.world.wall_s):
            match effect:
                case fx.Store(changes):
                    self.store.apply(changes)
                case fx.Send(_, 0, _) if self.mute:
                    self.kept_back += 1
                case fx.Send(connection, _, data) if connection in self.ends:
                    person, link = self.ends[connection]
                    self.world.later(lambda p=person, k=link, d=data: p.feed(Heard(k, d)))  # type: ignore[misc]
                case fx.Send(connection, number, data) if connection in self.asking and number:
                    self._passed(*self.asking.pop(connection), data)
                case fx.Forward():
                    self._forward(effect)
                case fx.Close(connection):
                    self.drop(connection)
                case _:
                    pass
        self.store.sync()

    def _forward(self, effect: fx.Forward) -> None:
        """Ask another relay, over a connection for this alone."""
        self.under_way += 1
        self.most_forwards = max(self.most_forwards, self.under_way)
        far = self.world.relays.get(effect.address)
        if far is None or not far.up or not self.forwards:
            self.world.later(lambda: self.feed(fx.ForwardAnswered(effect.connection, effect.number, None)))
            return
        far.last += 1
        connection = fx.ConnectionId(far.last)
        far.asking[connection] = self, effect
        far.feed(fx.Opened(connection))
        far.feed(fx.Received(connection, encode(1, mbx.Fwd(effect.data))))
        far.feed(fx.Closed(connection))

    def _passed(self, by: RelayHost, effect: fx.Forward, data: bytes) -> None:
        _, said = mbx.read_answer(data)
        sealed = said.sealed if isinstance(said, mbx.Answer) else None
        self.world.later(lambda: by.feed(fx.ForwardAnswered(effect.connection, effect.number, sealed)))

    def received(self, connection: fx.ConnectionId, data: bytes) -> None:
        if connection in self.ends:
            self.feed(fx.Received(connection, data))

    def forget_keys(self) -> None:
        """Go back to a disk without senders' keys."""
        queues = filter(None, map(self.store.queue, self.store.queue_ids()))
        self.store.apply([PutQueue(replace(queue, sender=None)) for queue in queues])
        self.store.sync()

    def connected(self, name: str) -> bool:
        """Whether somebody is connected."""
        return any(person.name == name for person, _ in self.ends.values())

    def wipe(self) -> None:
        """Lose everything, and break all links."""
        self.die()
        self.up, self.store = True, MemoryStore()
        self.machine = Relay(relay_keys(self.name), self.store, entropy=SeededEntropy(f"new {self.name}"))

    def drop(self, connection: fx.ConnectionId) -> None:
        if connection in self.ends:
            person, link = self.ends.pop(connection)
            self.world.later(lambda: person.feed(Lost(link, "closed")))

    def die(self) -> None:
        self.up = False
        for connection in list(self.ends):
            self.feed(fx.Closed(connection))
            self.drop(connection)


@dataclass
class Person:
    """A node with its owner."""

    world: World
    name: str
    database: Database = field(init=False)
    disk: MemoryDisk = field(init=False)
    on: bool = True
    engine: Engine = field(init=False)
    told: list[Told] = field(default_factory=list)
    wake: float | None = None
    links: dict[LinkId, tuple[RelayHost, fx.ConnectionId]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.entropy = SeededEntropy(f"node of {self.name}")
        self.disk = MemoryDisk()
        self.database = Database.memory(entropy=self.entropy, disk=self.disk)
        self.engine = self._engine()
        self.feed(Started())
        kit = RecoveryKit.generate(self.entropy)
        self.do(lambda step: identity.create(step, self.engine.node, self.name, kit))

    def _engine(self) -> Engine:
        return Engine(boot=self.database.boot, instance=self.database.instance)

    def stop(self) -> None:
        """The process is killed: the engine and the open transaction are gone, and the links break."""
        self.on, self.wake = False, None
        for relay, connection in self.links.values():
            relay.ends.pop(connection, None)
            relay.feed(fx.Closed(connection))
        self.links.clear()
        self.database.crash()

    @classmethod
    def copy_of(cls, other: Person, name: str) -> Person:
        """Somebody copied the home of a node that goes on running; `start` starts the copy."""
        person = cls.__new__(cls)
        person.world, person.name, person.on, person.wake = other.world, name, False, None
        person.told, person.links = [], {}
        person.entropy = SeededEntropy(f"node of {name}")
        person.disk = other.disk.copy()
        other.world.people.append(person)
        return person

    def start(self) -> None:
        """The process starts again, on what the disk holds."""
        self.database = Database.memory(entropy=self.entropy, disk=self.disk)
        self.on, self.engine = True, self._engine()
        self.feed(Started())

    def feed(self, input_: Input) -> None:
        if self.on:
            self._step(lambda step: self.engine.handle(step, input_))

    def do(self, wish: Callable[[Step], T]) -> T:
        def settled(step: Step) -> T:
            result = wish(step)
            self.engine.settle(step)
            return result

        return self._step(settled)

    def _step(self, run: Callable[[Step], T]) -> T:
        with self.database.write() as tx:
            step = Step(tx, self.world.now, self.entropy)
            result = run(step)
        for effect in step.effects:
            self._perform(effect)
        return result

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Open(link, address, _):
                relay = self.world.relays.get(address)
                if relay is None or not relay.up:
                    self.world.later(lambda: self.feed(Lost(link, "refused")))
                else:
                    self.links[link] = relay, relay.connect(self, link)
            case Transmit(link, data):
                if link in self.links:
                    host, connection = self.links[link]
                    self.world.later(lambda: host.received(connection, data))
            case Shut(link):
                if link in self.links:
                    host, connection = self.links.pop(link)
                    host.ends.pop(connection, None)
                    host.feed(fx.Closed(connection))
            case WakeAt(tick):
                self.wake = tick
            case Told():
                self.told.append(effect)

    # What people do

    @property
    def node(self) -> Node:
        return self.engine.node

    def use(self, relay: RelayHost) -> None:
        link = relay.link()
        self.do(lambda step: relays.use(step, self.node, link))

    def say(self, text: str, chat: str = "1") -> str:
        return self.do(lambda step: messages.send(step, self.node, chat, Words(text))).id

    def sees(self, chat: str = "1") -> list[str]:
        def look(step: Step) -> list[str]:
            page = views.page(step, self.node, messages.find(step, chat), limit=200)
            return [item.text if item.kind == "text" else f"({item.kind})" for item in page.items]

        return self.do(look)

    def states(self, chat: str = "1") -> list[str]:
        def look(step: Step) -> list[str]:
            page = views.page(step, self.node, messages.find(step, chat), limit=200)
            return [item.state.value for item in page.items]

        return self.do(look)


class World:
    """Time, and what is on its way."""

    def __init__(self, *relays_: str) -> None:
        self.wall_s, self.tick = START, 0.0
        self.queue: deque[Callable[[], object]] = deque()
        self.people: list[Person] = []
        self.relays: dict[str, RelayHost] = {}
        for name in relays_:
            relay = RelayHost(self, name)
            self.relays[relay.address] = relay

    @property
    def now(self) -> Instant:
        return Instant(self.wall_s, self.tick)

    def relay(self, name: str) -> RelayHost:
        return self.relays[f"{name}.example:443"]

    def person(self, name: str, *relays_: str) -> Person:
        person = Person(self, name)
        self.people.append(person)
        for relay in relays_:
            person.use(self.relay(relay))
        self.settle()
        return person

    def later(self, act: Callable[[], object]) -> None:
        self.queue.append(act)

    def settle(self, most: int = 100_000) -> None:
        """Let all that is on its way arrive."""
        for _ in range(most):
            if not self.queue:
                return
            self.queue.popleft()()
        raise AssertionError("it does not come to rest")

    def run(self, seconds: float) -> None:
        """Let time pass, timer by timer."""
        end = self.tick + seconds
        for _ in range(200_000):
            self.settle()
            due = [(p.wake, p.name, p) for p in self.people if p.wake is not None and p.wake <= end]
            if not due:
                break
            wake, _, person = min(due, key=lambda entry: entry[:2])
            self.pass_to(max(self.tick, wake))
            person.wake = None
            person.feed(Woke())
        self.pass_to(end)
        self.settle()

    def pass_to(self, tick: float) -> None:
        self.wall_s += int(tick) - int(self.tick)
        self.tick = tick

    def meet(self, inviter: Person, joiner: Person) -> None:
        invite = inviter.do(lambda step: meeting.invite(step, inviter.node, "one-time"))
        self.run(12)
        link = inviter.do(lambda step: meeting.view(step, invite.id)).link
        assert link, "the invite is ready"
        joiner.do(lambda step: meeting.accept(step, joiner.node, link, note=joiner.name))
        self.run(30)
