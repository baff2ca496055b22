"""Direct links in the node's logic: preferred, never trusted with the last copy, and given up in time."""

from __future__ import annotations

import pytest
from direct_world import Neighbour, Neighbourhood

from swarm_protocol.content import AddressRecord, EndpointType
from swarm_protocol.testing import SeededEntropy
from swarmnode.services import contacts, views
from swarmnode.services.step import Called, LinkId, Shut, Step
from swarmnode.storage.shelves import OUTBOX, PEERS


def two(*, doors: bool = True) -> tuple[Neighbourhood, Neighbour, Neighbour]:
    """Ada and Ben, who have met; Ben can be called."""
    world = Neighbourhood("one")
    ada = world.neighbour("ada", "one", direct=True)
    ben = world.neighbour("ben", "one", direct=True)
    world.meet(ada, ben)
    if doors:
        ben.open_door()
        world.run(30)
    return world, ada, ben


def record_at(person: Neighbour) -> AddressRecord | None:
    """The address record of the one peer that a node has."""

    def look(step: Step) -> AddressRecord | None:
        data = PEERS.all(step.tx)[0].address_record
        return None if data is None else AddressRecord.decode(data)

    return person.do(look)


def waiting(person: Neighbour) -> int:
    return person.do(lambda step: OUTBOX.count(step.tx))


def test_what_is_said_goes_over_a_direct_link_as_soon_as_there_is_one() -> None:
    world, ada, ben = two()
    ada.say("over the relay, and a call")
    world.run(5)
    assert len(ada.direct) == len(ben.direct) == 1
    world.relay("one").die()
    before = ada.frames
    ada.say("straight to you")
    world.run(2)
    ben.say("and back")
    world.run(5)
    assert ada.frames > before
    assert ada.sees() == ben.sees() == ["over the relay, and a call", "straight to you", "and back"]
    assert set(ada.states()) | set(ben.states()) == {"delivered", "received"}
    assert waiting(ada) == waiting(ben) == 0


def near(person: Neighbour) -> list[tuple[str, str]]:
    return [(view.name, view.way) for view in person.do(lambda step: views.near(step, person.node))]


def test_the_status_says_to_whom_messages_go_without_a_relay() -> None:
    world, ada, ben = two(doors=False)
    ada.say("over the relay")
    world.run(5)
    assert near(ada) == near(ben) == []
    ben.open_door()
    world.run(30)
    ada.say("and straight to you")
    world.run(5)
    assert (near(ada), near(ben)) == ([("ben", "direct")], [("ada", "direct")])
    ben.close_door()
    ben.stop()
    world.run(60)
    assert near(ada) == []


def test_with_no_relay_left_what_waits_leaves_when_the_peer_can_be_called() -> None:
    world, ada, ben = two()
    ben.close_door()
    world.relay("one").die()
    ada.say("are you there?")
    world.run(300)
    assert ben.sees() == []
    ben.open_door()
    world.run(3700)
    assert ben.sees() == ["are you there?"]
    assert ada.states() == ["delivered"]


@pytest.mark.parametrize("fault", ["deaf", "broken"])
def test_a_link_that_fails_loses_and_doubles_nothing(fault: str) -> None:
    world, ada, ben = two()
    ada.say("first")
    world.run(5)
    assert ada.direct
    if fault == "deaf":
        ben.deaf = True
        for number in range(5):
            ada.say(f"message {number}")
        world.run(5)
        assert ben.sees() == ["first"]  # the link stands, and nothing comes
    else:
        for number in range(5):
            ada.say(f"message {number}")
        world.queue.clear()  # they have left, and are nowhere
        ben.close_door()
    world.run(60)
    assert ben.sees() == ["first", *(f"message {number}" for number in range(5))]
    assert set(ada.states()) == {"delivered"}
    assert waiting(ada) == 0


def test_what_was_stored_but_not_answered_comes_twice_and_is_seen_once() -> None:
    world, ada, ben = two()
    ada.say("first")
    world.run(5)
    ada.deaf = True  # Ben stores, and Ada does not hear it
    ada.say("second")
    world.run(60)
    assert ben.sees() == ["first", "second"]
    assert ada.states() == ["delivered", "delivered"]


def test_a_process_that_is_killed_with_envelopes_under_way_sends_them_again() -> None:
    world, ada, ben = two()
    ada.say("first")
    world.run(5)
    ada.say("second")
    world.queue.clear()
    ada.stop()
    world.run(5)
    assert ben.sees() == ["first"]
    ada.start()
    world.run(30)
    assert ben.sees() == ["first", "second"]
    assert ada.states() == ["delivered", "delivered"]


def test_long_messages_and_many_go_through_the_window() -> None:
    world, ada, ben = two()
    ada.say("first")
    world.run(5)
    world.relay("one").die()
    texts = [f"{number} " + "x" * 30_000 for number in range(60)]
    for text in texts:
        ada.say(text)
    world.run(30)
    assert ben.sees() == ["first", *texts]
    assert waiting(ada) == 0


def test_contacts_are_told_of_doors_and_the_latest_word_counts() -> None:
    world, ada, ben = two()
    first = record_at(ada)
    assert first is not None
    assert first.endpoints[0].address == ben.address
    ben.stop()
    ben.options = type(ben.options)()  # both are off now
    ben.start()
    world.run(30)
    second = record_at(ada)
    assert second is not None
    assert second.endpoints == ()
    assert second.seq > first.seq
    before = ada.calls
    ada.say("hello")
    world.run(100)
    assert ada.calls == before
    assert ben.sees() == ["hello"]


def test_the_record_is_renewed_in_time_and_told_once() -> None:
    world, ada, _ = two()
    first = record_at(ada)
    world.run(29 * 86_400)
    assert record_at(ada) == first
    world.run(3 * 86_400)
    second = record_at(ada)
    assert first is not None
    assert second is not None
    assert second.seq > first.seq
    assert second.endpoints == first.endpoints
    assert second.not_after > world.wall_s + 80 * 86_400


def test_who_becomes_a_contact_later_is_told_too() -> None:
    world, _, ben = two()
    cem = world.neighbour("cem", "one", direct=True)
    world.meet(ben, cem)
    world.run(30)
    record = record_at(cem)
    assert record is not None
    assert record.endpoints[0].address == ben.address


def test_who_never_knew_of_a_door_is_not_told_that_there_is_none() -> None:
    world, ada, _ = two(doors=False)
    world.run(60)
    assert record_at(ada) is None


def test_whoever_has_it_off_calls_nobody_and_lets_nobody_in() -> None:
    world = Neighbourhood("one")
    ada, ben = world.neighbour("ada", "one"), world.neighbour("ben", "one", direct=True)
    world.meet(ada, ben)
    ben.open_door()
    world.run(30)
    ada.say("hello")
    world.run(10)
    assert ada.calls == 0
    assert ben.sees() == ["hello"]
    ada.feed(Called(LinkId(-1), bytes(40)))
    assert ada.direct == []


def test_a_stranger_at_the_door_is_shut_out_without_a_word() -> None:
    world, _, ben = two()
    links, frames = ben.direct, ben.frames
    stranger = SeededEntropy("stranger")
    shut: list[LinkId] = []
    perform = ben._perform
    ben._perform = lambda effect: shut.append(effect.link) if isinstance(effect, Shut) else perform(effect)  # type: ignore[method-assign]
    for number, knock in enumerate((stranger(40), b"", bytes(40)), 1):
        ben.feed(Called(LinkId(-100 - number), knock))
    assert shut == [-101, -102, -103]
    world.run(1)
    assert (ben.direct, ben.frames) == (links, frames)


def test_a_knock_opens_once() -> None:
    world, ada, ben = two()
    knocks: list[bytes] = []
    say = ada._say
    ada._say = lambda link, data: (knocks.append(data), say(link, data))[1]  # type: ignore[func-returns-value,method-assign]
    ada.say("hello")
    world.run(5)
    (link,) = ben.direct
    ben.feed(Called(LinkId(-50), knocks[0]))
    assert ben.direct == [link]


def test_a_contact_that_is_blocked_is_cut_off() -> None:
    world, ada, ben = two()
    ada.say("hello")
    world.run(5)
    assert ben.direct
    ben.do(lambda step: contacts.block(step, ben.node, "1", on=True))
    ada.say("and this?")
    world.run(5)
    assert ben.direct == []
    assert "and this?" not in ben.sees()


def test_neighbours_find_each_other_by_beacons_and_only_one_calls() -> None:
    world = Neighbourhood("one")
    ada, ben = (world.neighbour(name, "one", lan=True) for name in ("ada", "ben"))
    world.meet(ada, ben)
    for person in (ada, ben):
        person.open_door(EndpointType.LAN)
        person.move()
    world.run(30)
    assert ada.calls + ben.calls == 0
    ada.notice(ben)
    ben.notice(ada)
    world.run(5)
    assert ada.calls + ben.calls == 1
    assert (near(ada), near(ben)) == ([("ben", "lan")], [("ada", "lan")])
    world.relay("one").die()
    ada.say("without a relay")
    ben.say("me too")
    world.run(5)
    assert sorted(ada.sees()) == sorted(ben.sees()) == ["me too", "without a relay"]


def test_beacons_are_known_again_days_later() -> None:
    world = Neighbourhood("one")
    ada, ben = (world.neighbour(name, "one", lan=True) for name in ("ada", "ben"))
    world.meet(ada, ben)
    for person in (ada, ben):
        person.move()
        person.open_door(EndpointType.LAN)
    world.run(30)
    ada.notice(ben)
    ben.notice(ada)
    world.run(10)
    before = ada.calls + ben.calls
    for person in (ada, ben):
        person.close_door()
    world.pass_to(world.tick + 3 * 86_400)
    for person in (ada, ben):
        person.move()
        person.open_door(EndpointType.LAN)
    ada.notice(ben)
    ben.notice(ada)
    world.settle()
    assert ada.calls + ben.calls == before + 1
    assert len(ada.direct) == len(ben.direct) == 1


def test_beacons_of_strangers_and_anything_else_call_nobody() -> None:
    world = Neighbourhood("one")
    ada, ben, eve = (world.neighbour(name, "one", lan=True) for name in ("ada", "ben", "eve"))
    world.meet(ada, ben)
    for person in (ada, ben, eve):
        person.open_door(EndpointType.LAN)
        person.move()
    world.run(30)
    ada.notice(eve)
    eve.notice(ada)
    eve.notice(ben)
    world.run(5)
    assert ada.calls + eve.calls == 0


def test_somebody_new_is_announced_each_hour_and_on_each_network() -> None:
    world = Neighbourhood("one")
    ada = world.neighbour("ada", "one", lan=True)
    ada.move()
    count = len(ada.announced)
    world.run(3 * 3600 + 200)
    assert len(ada.announced) == count + 3
    ada.move()
    assert len(ada.announced) == count + 4
    shown = [bytes(effect.texts[b"b0"]) for effect in ada.announced]
    assert len(set(shown)) == len(shown)


def test_where_it_is_off_nothing_is_announced() -> None:
    world = Neighbourhood("one")
    ada = world.neighbour("ada", "one", direct=True)
    ada.move()
    world.run(3 * 3600)
    assert ada.announced == []
