"""Messages travel in files, with no relay at all, after two people have met."""

from __future__ import annotations

import pytest
from node_world import World
from restore_world import Keeper, cut, keeper, two

from swarm_protocol import carry as bundles
from swarm_protocol.envelope import Kind
from swarmnode.domain.views import CarryView
from swarmnode.domain.words import File, Words
from swarmnode.errors import NotFound, UsageError
from swarmnode.services import carry, messages, outgoing
from swarmnode.storage.shelves import OUTBOX


def offline() -> tuple[World, Keeper, Keeper]:
    """Two who have met; then both relays died."""
    world, ada, ben = two()
    for relay in world.relays.values():
        relay.die()
    world.run(60)
    return world, ada, ben


def out(person: Keeper, contact: str = "") -> bytes:
    return b"".join(person.do(lambda step: carry.write(step, person.node, contact))[0])


def into(person: Keeper, file: bytes) -> CarryView:
    return person.do(lambda step: carry.take(step, person.node, cut(file, 1000)))


def test_a_talk_by_stick() -> None:
    world, ada, ben = offline()
    ada.say("no net here")
    ada.say("take the stick")
    view = into(ben, out(ada))
    assert (view.new, view.foreign, view.damage) == (2, 0, "")
    assert ben.sees() == ["no net here", "take the stick"]
    world.run(5)
    ben.say("I have it")
    into(ada, out(ben))
    assert ada.sees() == ["no net here", "take the stick", "I have it"]
    assert ada.states() == ["delivered", "delivered", "received"]
    assert not ada.do(lambda step: [row for row in OUTBOX.all(step.tx) if row.message_id is not None])


def test_what_is_confirmed_travels_no_more_and_what_is_not_travels_again() -> None:
    world, ada, ben = offline()
    ada.say("first")
    lost = out(ada)
    again = out(ada)
    assert len(list(bundles.read([again]).records)) >= 1
    assert lost != again
    into(ben, again)
    world.run(5)
    into(ada, out(ben))
    world.run(5)
    into(ben, out(ada))
    ada.say("second")
    assert into(ben, out(ada)).new == 1
    assert ben.sees() == ["first", "second"]


def test_a_file_that_comes_twice_does_nothing_the_second_time() -> None:
    _, ada, ben = offline()
    ada.say("once")
    file = out(ada)
    first, second = into(ben, file), into(ben, file)
    assert (first.new, second.new, second.skipped) == (1, 0, second.records)
    assert ben.sees() == ["once"]


def test_a_relay_that_was_faster_does_no_harm() -> None:
    world, ada, ben = two()
    ben.stop()
    ada.say("both ways")
    world.run(5)
    file = out(ada)
    ben.start()
    world.run(30)
    view = into(ben, file)
    assert (view.new, view.skipped) == (0, view.records)
    world.run(30)
    assert (ben.sees(), ada.states()) == (["both ways"], ["delivered"])


def test_of_a_file_that_is_cut_what_is_whole_is_taken_and_the_place_is_named() -> None:
    world, ada, ben = offline()
    for number in range(10):
        ada.say(f"message {number}")
    file = out(ada)
    view = into(ben, file[: len(file) // 2])
    assert 0 < view.new < 10
    assert f"record {view.records + 1}, at byte" in view.damage
    assert ben.sees() == [f"message {number}" for number in range(view.new)]
    world.run(5)
    assert into(ben, file).damage == ""
    assert ben.sees() == [f"message {number}" for number in range(10)]


def test_a_changed_byte_stops_the_reading_there() -> None:
    _, ada, ben = offline()
    for number in range(4):
        ada.say(f"message {number}")
    file = bytearray(out(ada))
    file[-200] ^= 1
    view = into(ben, bytes(file))
    assert view.damage
    assert view.records == len(list(bundles.read([out(ada)]).records)) - 1


def test_what_is_no_bundle_is_refused() -> None:
    _, _, ben = offline()
    with pytest.raises(UsageError):
        into(ben, b"GIF89a")


def test_who_carries_for_others_takes_nothing_in() -> None:
    world = World("one", "two")
    people = [keeper(world, name, "one", "two") for name in ("ada", "ben", "cem")]
    ada, ben, cem = people
    world.meet(ada, ben)
    world.meet(ada, cem)
    for relay in world.relays.values():
        relay.die()
    world.run(60)
    ada.say("for ben", "1")
    ada.say("for cem", "2")
    view = into(cem, out(ada))
    assert (view.new, view.foreign > 0) == (1, True)
    only = into(cem, out(ada, "1"))
    assert (only.new, only.foreign) == (0, only.records)
    with pytest.raises(NotFound):
        out(ada, "7")


def test_large_messages_travel_in_parts() -> None:
    _, ada, ben = offline()
    photo = File("photo.raw", "application/octet-stream", bytes(range(256)) * 400)
    ada.do(lambda step: messages.send(step, ada.node, "1", Words("look", attachments=(photo,))))
    view = into(ben, out(ada))
    assert (view.new, view.records > 3) == (1, True)
    assert ben.sees() == ["look"]


def test_an_edit_and_a_deletion_travel_too() -> None:
    world, ada, ben = offline()
    first, second = ada.say("helo"), ada.say("a secret")
    into(ben, out(ada))
    ada.do(lambda step: messages.edit(step, ada.node, first, "hello"))
    ada.do(lambda step: messages.delete(step, ada.node, [second], everywhere=True))
    world.run(5)
    into(ben, out(ada))
    assert ada.sees() == ben.sees() == ["hello", "(deleted)"]


def test_who_carried_is_not_confirmed_by_another() -> None:
    """An acknowledgement counts for what went to who sent it."""
    world = World("one", "two")
    ada, ben, cem = (keeper(world, name, "one", "two") for name in ("ada", "ben", "cem"))
    world.meet(ada, ben)
    world.meet(ada, cem)
    for relay in world.relays.values():
        relay.die()
    world.run(60)
    ada.say("for ben", "1")
    file = out(ada, "1")
    names = [bundles.carried_hash(record.data) for record in bundles.read([file]).records]
    forged = bundles.BundleAck(tuple(sorted(names))).encode()
    cem.do(
        lambda step: outgoing.post_meeting(step, cem.node, Kind.BUNDLE_ACK, forged, peer_id=1, repeat=False)
    )
    into(ada, out(cem))
    assert into(ben, out(ada, "1")).new == 1
