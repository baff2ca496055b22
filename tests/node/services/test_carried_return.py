"""A home is lost, and its persona comes back over a conversation on another network, with no relay at all."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from carriage_world import Network, Said, at_once, fragment
from node_world import World
from restore_world import Keeper, cut, destroyed, keeper

from swarm_protocol.carriage import Thing
from swarmnode.bridging.core import backup as remote
from swarmnode.services import backup, restore
from swarmnode.storage.carriage_shelves import ROUTES
from swarmnode.storage.shelves import PEERS, QUEUES_IN


@dataclass
class Loss:
    """Ada and Ben, who met over a network; `saved` is her backup, `ada` her new home, which is empty."""

    world: World
    net: Network
    ada: Keeper
    ben: Keeper
    saved: bytes

    def come_back(self) -> None:
        """Ada types her words, and her account connects."""
        pieces = cut(self.saved, 100_000)
        self.ada.do(
            lambda step: restore.begin(
                step, self.ada.node, self.ada.kit, pieces, more=remote.Restored(step).take
            )
        )
        self.net.accounts["ada"] = self.ada
        self.net.learn()

    def talk(self) -> None:
        self.ada.say("I am back")
        self.net.run(20)
        self.ben.say("welcome")
        self.net.run(20)
        assert self.ada.sees() == self.ben.sees() == [*SAID, "I am back", "welcome"]
        assert set(self.ada.states()) | set(self.ben.states()) <= {"delivered", "received"}
        assert self.net.left_over(self.ada) == self.net.left_over(self.ben) == {}


SAID = ["before", "after, by ada", "after, by ben", "while nobody was there"]


def lost(*relays: str, size: int = 100_000, form: str = "binary") -> Loss:
    world = World(*relays)
    ada, ben = keeper(world, "ada", *relays), keeper(world, "ben", *relays)
    net = Network(world, size=size, form=form)
    net.join(ada, talks_with=("ben",))
    net.join(ben, talks_with=("ada",))
    net.meet(ada, ben)
    ada.say("before")
    net.run(20)
    saved = ada.do(lambda step: b"".join(backup.write(step, ada.node, more=remote.records(step))))
    ada.say("after, by ada")
    net.run(20)
    ben.say("after, by ben")
    net.run(20)
    destroyed(ada)
    ben.say("while nobody was there")
    net.run(20)
    return Loss(world, net, Keeper(world, "ada", kit=ada.kit, empty=True), ben, saved)


@pytest.mark.parametrize(("size", "form"), [(100_000, "binary"), (360, "text")])
def test_the_conversation_lets_her_back_in_and_the_talk_goes_on(size: int, form: str) -> None:
    loss = lost(size=size, form=form)
    loss.come_back()
    loss.net.run(3600)
    assert (loss.ada.state(), loss.ben.alerts(), loss.ben.standings()) == (
        "ready",
        ["rejoined"],
        ["confirmed"],
    )
    assert loss.ada.sees() == SAID
    assert loss.net.routes(loss.ada) == loss.net.routes(loss.ben) == ["in use"]
    loss.talk()
    carried = b"".join(said.blob for said in loss.net.said)
    assert not [text for text in SAID if text.encode() in carried]


def test_whatever_is_lost_twice_or_late_and_whoever_dies() -> None:
    loss = lost()
    seen = set[Thing]()

    def fault(said: Said) -> list[float]:
        thing = fragment(said).thing
        first = thing not in seen
        seen.add(thing)
        return [] if first else [0.0, 90.0]

    loss.net.fault = fault
    loss.come_back()
    for person in (loss.ada, loss.ben, loss.ada):
        loss.net.run(30)
        person.stop()
        person.start()
    loss.net.run(6 * 3600)
    assert {Thing.REJOIN, Thing.ANSWER} <= seen
    assert (loss.ada.state(), loss.ben.alerts()) == ("ready", ["rejoined"])
    loss.net.fault = at_once
    loss.net.run(8 * 86_400)
    loss.talk()


def test_it_counts_for_nobody_else_and_from_nobody_else() -> None:
    loss = lost()
    eve = loss.world.person("eve")
    loss.net.join(eve, talks_with=("ben",))
    loss.ben.node.options = replace(loss.ben.node.options, strangers=True)
    loss.net.fault = lambda said: [] if said.by == "ada" else [0.0]
    loss.come_back()
    loss.net.run(60)
    rejoin = next(said for said in loss.net.carried("ada") if fragment(said).thing is Thing.REJOIN)
    for _ in range(2):
        loss.net.deliver(rejoin, by="eve")
        loss.net.deliver(Said("ada", "eve", rejoin.blob, ""))
    loss.net.run(60)
    assert loss.ben.do(lambda step: PEERS.count(step.tx)) == 1, "the node that is lost"
    loss.net.fault = at_once
    loss.net.run(6 * 3600)
    assert (loss.ada.state(), loss.ada.sees()) == ("ready", SAID)


def test_where_there_are_relays_those_are_asked_first() -> None:
    loss = lost("rho")
    before = len(loss.net.said)
    loss.come_back()
    loss.net.run(600)
    assert (loss.ada.state(), loss.ada.sees()) == ("ready", SAID)
    assert loss.net.said[before:] == []


def test_a_relay_that_is_started_anew_is_waited_for() -> None:
    loss = lost("rho")
    before, relay = len(loss.net.said), loss.world.relay("rho")
    relay.die()
    loss.come_back()
    loss.net.run(3)
    relay.up = True
    loss.net.run(600)
    assert (loss.ada.state(), loss.ada.sees()) == ("ready", SAID)
    assert loss.net.said[before:] == []


def test_a_network_that_loses_each_third_delays_it_and_no_more() -> None:
    """A try takes three messages: a rejoin, its answer, and what waits. Not always the same one is lost."""
    loss, passed = lost(), 1

    def third(_: Said) -> list[float]:
        nonlocal passed
        passed += 1
        return [] if passed % 3 == 0 else [0.0]

    loss.net.fault = third
    loss.come_back()
    for _ in range(24):
        loss.net.run(3600)
        if loss.ada.sees() == SAID:
            return
    raise AssertionError(loss.ada.sees())


def test_relays_that_are_gone_are_no_obstacle_and_those_that_come_back_are_used() -> None:
    loss = lost("rho")
    relay = loss.world.relay("rho")
    relay.die()
    loss.come_back()
    loss.net.run(2 * 3600)
    assert (loss.ada.state(), loss.ada.sees()) == ("ready", SAID)
    assert loss.ada.do(lambda step: ROUTES.count(step.tx, state="in use")) == 1
    relay.up = True
    loss.net.run(3 * 3600)
    assert loss.ada.do(lambda step: [row.state for row in QUEUES_IN.all(step.tx) if row.rid]) != []
    before = len(loss.net.said)
    loss.talk()
    assert len(loss.net.said) == before
