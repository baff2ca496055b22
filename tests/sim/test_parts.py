"""The simulator's own parts keep what they promise, before any node stands on them."""

from __future__ import annotations

from dataclasses import dataclass, field

from sim_network import Network, Wire
from sim_relay import SLOW_DISK, Mischief, RelayHost
from sim_time import DAY, HOUR, START, Simulation

from swarm_protocol import mailbox as mbx
from swarm_protocol.meeting import RelayLink
from swarm_protocol.mls.signatures import Ed25519


@dataclass
class Ear:
    """An end that writes down what it hears, and says nothing."""

    said: list[bytes] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def opened(self, _: Wire, /) -> None:
        self.told.append("opened")

    def heard(self, _: Wire, data: bytes, /) -> None:
        self.said.append(data)

    def lost(self, _: Wire, reason: str, /) -> None:
        self.told.append(reason)


@dataclass
class Poster:
    """Somebody who repeats one SEND after the other until there is a receipt, as a node must."""

    sim: Simulation
    relay: RelayHost
    sid: mbx.SenderId
    left: list[int]
    receipts: dict[int, mbx.Receipt] = field(default_factory=dict)
    caller: mbx.Caller | None = None

    def __post_init__(self) -> None:
        self.key = Ed25519().generate(self.sim.entropy("poster"))
        self.dial()

    def dial(self) -> None:
        self.caller = None
        self.wire = self.relay.network.call(self, "poster", self.relay.address)

    def opened(self, _: Wire, /) -> None: ...

    def heard(self, wire: Wire, data: bytes, /) -> None:
        if wire is not self.wire:
            return
        if self.caller is None:
            self.caller = mbx.Caller.greeted(data, relay=self.relay.keys.signature.public)
            self.ask(mbx.SKey(self.sid, self.key.public))
            return
        self.caller, _, said = self.caller.hear(data)
        if isinstance(said, mbx.Receipt):
            self.receipts[int.from_bytes(said.msg_id, "big")] = said
            self.left = [n for n in self.left if n not in self.receipts]
        if self.left:
            number = self.left[0]
            self.ask(mbx.Send(self.sid, mbx.MessageId(number.to_bytes(16, "big")), 0, bytes(512)))

    def lost(self, _: Wire, __: str, /) -> None:
        self.sim.after(0.5, self.dial)

    def ask(self, body: mbx.SKey | mbx.Send) -> None:
        assert self.caller is not None
        self.caller, data = self.caller.ask(body, self.key)
        self.wire.send(1, data)


def a_world(seed: int = 1) -> tuple[Simulation, Network, RelayHost]:
    sim = Simulation(seed)
    network = Network(sim)
    return sim, network, RelayHost("rho", network)


def a_queue(relay: RelayHost) -> mbx.SenderId:
    """A queue that somebody made on the relay; its sender's id."""
    ticket = RelayLink.parse(relay.hand_out()).tickets()[0]
    relay.store.apply(queues_made(relay, ticket))
    relay.store.sync()
    return next(iter(relay.store._live.sids))


def queues_made(relay: RelayHost, ticket: bytes) -> tuple[mbx.store.Change, ...]:
    reader = Ed25519().generate(relay.time.entropy("reader"))
    new = mbx.New(mbx.Kind.PAIR, reader.public, ticket)
    return mbx.queues.make_queue(relay.store, new, START, relay.time.entropy("ids")).changes


def test_what_is_due_at_one_time_happens_in_the_order_of_asking() -> None:
    sim, seen = Simulation(1), list[str]()
    sim.at(5, lambda: seen.append("second"))
    sim.at(2, lambda: seen.append("first"))
    sim.at(5, lambda: seen.append("third"))
    sim.at(5, lambda: seen.append("never")).cancel()
    sim.run(4)
    assert (sim.now, seen) == (4, ["first"])
    sim.run(DAY)
    assert (sim.now, seen) == (DAY, ["first", "second", "third"])


def test_a_connection_keeps_the_order_and_a_broken_one_takes_along_what_is_under_way() -> None:
    sim, network, _ = a_world()
    here, there = Ear(), Ear()
    network.servers["there"] = lambda _: there
    wire = network.call(here, "here", "there")
    sim.run(1)
    assert here.told == ["opened"]
    frames = [bytes([n]) for n in range(100)]
    for frame in frames:
        wire.send(1, frame)
    sim.run(10)
    assert there.said == frames
    wire.send(1, b"lost")
    wire.snap()
    sim.run(20)
    assert (there.said, here.told, there.told) == (frames, ["opened", "broken"], ["broken"])


def test_who_shuts_hears_nothing_more_and_the_other_hears_all_that_was_said_before() -> None:
    sim, network, _ = a_world()
    here, there = Ear(), Ear()
    network.servers["there"] = lambda _: there
    wire = network.call(here, "here", "there")
    sim.run(1)
    wire.send(1, b"last words")
    wire.send(0, b"too late")
    wire.shut(0)
    sim.run(10)
    assert (here.said, here.told) == ([], ["opened"])
    assert (there.said, there.told) == ([b"last words"], ["closed"])


def test_a_partition_is_noticed_late_and_nobody_calls_across_it() -> None:
    sim, network, _ = a_world()
    here, there = Ear(), Ear()
    network.servers["there"] = lambda _: there
    wire = network.call(here, "here", "there")
    sim.run(1)
    network.change(islands={"there": 1})
    wire.send(1, b"into the void")
    sim.run(15)
    assert (here.told, there.said) == (["opened"], [])
    sim.run(HOUR)
    assert (here.told, there.told) == (["opened", "silence"], ["silence"])
    caller = Ear()
    network.call(caller, "here", "there")
    sim.run(2 * HOUR)
    assert caller.told == ["no answer"]
    network.change(islands={})
    network.call(caller, "here", "there")
    sim.run(3 * HOUR)
    assert caller.told == ["no answer", "opened"]


def test_a_receipt_outlasts_fifty_crashes_of_the_relay() -> None:
    sim, _, relay = a_world()
    sid = a_queue(relay)
    relay.disk = SLOW_DISK
    poster = Poster(sim, relay, sid, list(range(1, 101)))
    dice = sim.dice("crashes")
    while poster.left:
        sim.run(sim.now + dice.uniform(1, 10))
        relay.crash()
    sim.run(sim.now + HOUR)
    assert relay.crashes >= 50
    assert max(relay.taken.values()) > 1, "a crash cost an answer, and the message was sent again"
    rid = relay.store._live.sids[sid]
    stored = {m.n: m.msg_id for m in relay.store.messages(rid, 0, 1000)}
    assert {r.n: r.msg_id for r in poster.receipts.values()} == stored
    assert len(stored) == 100


def test_a_relay_that_goes_back_has_forgotten_and_one_that_died_stays_away() -> None:
    sim, _, relay = a_world()
    sid = a_queue(relay)
    relay.remember()
    poster = Poster(sim, relay, sid, [1, 2, 3])
    sim.run(HOUR)
    assert not poster.left
    relay.roll_back()
    sim.run(2 * HOUR)
    assert relay.up
    assert not relay.store.messages(relay.store._live.sids[sid], 0, 10)
    relay.die()
    relay.start()
    sim.run(3 * HOUR)
    assert not relay.up


def test_a_full_disk_refuses_and_a_failing_one_takes_back_what_it_had_not_said() -> None:
    sim, _, relay = a_world()
    sid = a_queue(relay)
    relay.set_full(True)
    poster = Poster(sim, relay, sid, [1])
    sim.run(5)
    assert poster.left == [1]
    relay.set_full(False)
    relay.fails = True
    sim.run(10)
    assert poster.left == [1]
    relay.fails = False
    sim.run(HOUR)
    assert not poster.left


def test_mischief_befalls_deliveries_and_answers() -> None:
    sim, _, relay = a_world()
    sid = a_queue(relay)
    relay.mischief = Mischief(mute=1.0)
    poster = Poster(sim, relay, sid, [1])
    sim.run(HOUR)
    assert poster.left == [1]


def test_the_same_seed_gives_the_same_trace() -> None:
    def run(seed: int) -> str:
        sim, _, relay = a_world(seed)
        poster = Poster(sim, relay, a_queue(relay), list(range(20)))
        sim.after(3, relay.crash)
        sim.run(HOUR)
        sim.note("poster", f"{sorted(poster.receipts)} {sim.happened}")
        return sim.digest

    assert run(1) == run(1)
    assert run(1) != run(2)
