"""Relays of others are reached through one of ours, which they see in our place."""

from node_world import Person, World

from swarm_protocol.mailbox import limits
from swarmnode.services import ways
from swarmnode.services.links import IDLE_S
from swarmnode.services.node import Options
from swarmnode.storage.shelves import QUEUES_OUT


def apart(forward: str = "prefer", *, forwards: bool = True) -> tuple[World, Person, Person]:
    """Ada and ben, each with a relay of their own; ben's is `far`, ada's `near`."""
    world = World("near", "far")
    world.relay("near").forwards = forwards
    ada, ben = world.person("ada", "near"), world.person("ben", "far")
    ada.node.options = Options(forward=forward)
    world.meet(inviter=ada, joiner=ben)
    return world, ada, ben


def names_of(events: Person) -> list[str]:
    return [told.type for told in events.told]


def talk(world: World, ada: Person, ben: Person) -> None:
    ada.say("hello")
    world.run(1)
    ben.say("hi")
    world.run(1)
    ada.say("bye")
    world.run(10)
    assert ada.sees() == ben.sees() == ["hello", "hi", "bye"]
    assert set(ada.states()) == {"delivered", "received"}


def test_a_talk_and_the_meeting_of_who_invites_show_the_far_relay_no_address_of_ours() -> None:
    world, ada, ben = apart()
    talk(world, ada, ben)
    assert "ada" not in world.relay("far").visitors
    assert world.relay("near").visitors.count("ben") == 1, "to fetch the bundle, and not to send"


def test_who_accepts_an_invite_keeps_no_line_to_the_other_relay() -> None:
    world, ada, ben = apart()
    world.run(IDLE_S + 60)
    assert not world.relay("near").connected("ben")
    before = world.relay("near").visitors.count("ben")
    ben.say("through mine")
    world.run(5)
    assert ada.sees() == ["through mine"]
    assert world.relay("near").visitors.count("ben") == before


def test_where_nothing_is_passed_on_it_goes_the_direct_way_for_an_hour_and_is_told() -> None:
    world, ada, ben = apart(forwards=False)
    talk(world, ada, ben)
    assert world.relay("far").visitors.count("ada") == 1
    assert names_of(ada).count("relay.direct") == 1
    assert ways.stuck(ada.node) == ways.Stuck(exposed=1, waiting=0)
    world.relay("near").forwards = True
    world.run(ways.DIRECT_S + IDLE_S)
    assert not world.relay("far").connected("ada")
    ada.say("again")
    world.run(5)
    assert ben.sees()[-1] == "again"
    assert world.relay("far").visitors.count("ada") == 1, "the hour is over"


def test_who_wants_it_always_waits_until_it_is_passed_on() -> None:
    world, ada, ben = apart("always")
    ada.say("first")
    world.run(5)
    world.relay("near").forwards = False
    ada.say("second")
    world.run(300)
    assert ada.states() == ["delivered", "waiting"]
    assert "relay.waiting" in names_of(ada)
    assert ways.stuck(ada.node) == ways.Stuck(exposed=0, waiting=1)
    world.relay("near").forwards = True
    world.run(ways.LAST_PAUSE_S * 1.5)
    assert ben.sees() == ["first", "second"]
    assert "ada" not in world.relay("far").visitors


def test_who_never_wants_it_goes_direct() -> None:
    world, ada, ben = apart("never")
    talk(world, ada, ben)
    assert "ada" in world.relay("far").visitors
    assert "relay.direct" not in names_of(ada)


def test_with_its_own_relay_dead_a_node_goes_direct_if_it_may() -> None:
    for forward, arrives in (("prefer", True), ("always", False)):
        world, ada, ben = apart(forward)
        world.relay("near").die()
        ada.say("are you there?")
        world.run(120)
        assert (ben.sees() == ["are you there?"]) is arrives
        assert ("ada" in world.relay("far").visitors) is arrives


def test_a_large_message_takes_no_more_than_the_relay_in_between_allows() -> None:
    world, ada, ben = apart()
    for number in range(100):
        ada.say(f"{number} " + "x" * 3000)
    world.run(30)
    assert len(ben.sees()) == 100
    assert 1 < world.relay("near").most_forwards <= ways.AT_ONCE < limits.MAX_FORWARDS


def test_a_queue_that_is_gone_at_the_far_relay_is_known_to_be_gone() -> None:
    world, ada, _ = apart()
    world.relay("far").wipe()
    ada.say("into nothing")
    world.run(30)
    states = ada.do(lambda step: {queue.state for queue in QUEUES_OUT.all(step.tx, peer_id=1)})
    assert states == {"gone"}
    assert "ada" not in world.relay("far").visitors


def test_a_restart_on_the_way_loses_nothing() -> None:
    world, ada, ben = apart()
    ada.say("one")
    ada.stop()
    world.run(1)
    ada.start()
    world.run(60)
    assert ben.sees() == ["one"]
    assert ada.states() == ["delivered"]
    assert "ada" not in world.relay("far").visitors
