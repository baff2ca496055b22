"""What lies behind a gap in its author's chain: it waits a while, then what is missing is asked for."""

from __future__ import annotations

from node_world import Person, RelayHost, World

from swarm_protocol.sync import Have, Request, Wanted, rules
from swarmnode.services import peers, repair
from swarmnode.services.step import Step
from swarmnode.storage.shelves import CONVERSATIONS, OUTBOX, PEERS


def asked_at(who: Person) -> int:
    """When the peer was last told what we have."""

    def look(step: Step) -> int:
        (peer,) = PEERS.all(step.tx)
        return peer.have_sent_at or 0

    return who.do(look)


def behind(who: Person) -> bool:
    return any(name == "behind" for name, _ in who.node.timers)


def torn() -> tuple[World, Person, Person, RelayHost]:
    """Ben has the second message of ada; the first lies at a relay that he does not reach."""
    world = World("one", "two")
    ada, ben = world.person("ada", "one", "two"), world.person("ben", "one", "two")
    world.meet(ada, ben)
    world.run(repair.APART_S + 60)  # so that a have is allowed again
    relays = list(world.relays.values())
    for relay in relays:
        relay.mute = True
    ada.say("first")
    world.settle()
    (away,) = [relay for relay in relays if relay.kept_back]
    (there,) = [relay for relay in relays if relay is not away]
    there.mute, away.mute = False, False
    away.die()
    world.settle()
    ada.say("second")
    world.run(3)
    ada.stop()
    assert ben.sees() == ["second"]
    return world, ada, ben, away


def test_what_is_missing_is_asked_for_after_a_while_and_comes() -> None:
    world, ada, ben, _ = torn()
    before = asked_at(ben)
    assert behind(ben)
    world.run(peers.GAP_GRACE_S - 10)
    assert asked_at(ben) == before, "it may come by itself"
    world.run(20)
    assert asked_at(ben) > before
    ada.start()
    world.run(60)
    assert ben.sees() == ["first", "second"]
    assert not behind(ben)


def test_nothing_is_asked_for_where_the_gap_closes_by_itself() -> None:
    world, _, ben, away = torn()
    before = asked_at(ben)
    away.up = True
    world.run(30)
    assert ben.sees() == ["first", "second"]
    assert not behind(ben)
    world.run(peers.GAP_GRACE_S)
    assert asked_at(ben) == before


def test_who_asks_without_end_is_answered_so_often_in_an_hour() -> None:
    world = World("one")
    ada, ben = world.person("ada", "one"), world.person("ben", "one")
    world.meet(ada, ben)
    ben.say("once is enough")
    world.run(30)
    wanted = Request((Wanted(ben.node.me.author, ((0, 0),)),)).encode()
    asking = Have.of([], asks=True).encode()

    def ask(step: Step) -> int:
        """How much the other side is told when it asks for one message, or for what there is, very often."""
        (peer,), (conversation,) = PEERS.all(step.tx), CONVERSATIONS.all(step.tx)
        before = OUTBOX.count(step.tx)
        for _ in range(rules.MAX_ANSWERS):
            repair.request_came(step, ben.node, conversation, peer, wanted)
            repair.have_came(step, ben.node, conversation, peer, asking)
        return OUTBOX.count(step.tx) - before

    assert ben.do(ask) == rules.MAX_ANSWERS
    assert ben.do(ask) == 0
    world.run(repair.APART_S)
    assert ben.do(ask) == rules.MAX_ANSWERS
