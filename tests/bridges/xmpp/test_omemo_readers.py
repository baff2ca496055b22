"""Who can read what is written with OMEMO, and what the owner is told of it."""

from swarm_bridges.api import ConversationRef, MessageSeen
from swarm_bridges.networks.xmpp.omemo_readers import Change, Known, load, notice, reading, store, writing
from swarm_bridges.text import to_plain

ME, ADA, BOB = "me@example.org", "ada@example.org", "bob@example.org"


def test_those_of_the_first_time_are_trusted_without_a_word() -> None:
    known, changes = writing(None, {ADA: {1, 2}, ME: {9}}, ME)
    assert (known, changes) == ({ADA: [1, 2], ME: [9]}, [])
    assert load(store(known)) == known
    assert load(None) is None
    assert writing(known, {ADA: {1, 2}, ME: {9}}, ME) == (known, [])


def test_who_cannot_read_is_named_once_until_they_can() -> None:
    known, changes = writing(None, {ADA: {1}, BOB: (), ME: ()}, ME)
    assert changes == [Change("none", BOB)]
    assert writing(known, {ADA: {1}, BOB: (), ME: ()}, ME) == (known, [])
    known, changes = writing(known, {ADA: {1}, BOB: {5}, ME: ()}, ME)
    assert changes == [Change("joined", BOB)]
    known, changes = writing(known, {ADA: {1}, BOB: (), ME: ()}, ME)
    assert changes == [Change("none", BOB)]


def test_new_devices_are_told_whether_they_read_or_write_first() -> None:
    before: Known = {ADA: [1], ME: []}
    known, changes = writing(before, {ADA: {1, 2, 3}, ME: {9}}, ME)
    assert changes == [Change("new", ADA, (2, 3)), Change("own", ME, (9,))]
    assert reading(known, ADA, 3, ME) == (known, [])
    known, changes = reading(before, ADA, 2, ME)
    assert (known, changes) == ({ADA: [1, 2], ME: []}, [Change("new", ADA, (2,))])
    assert writing(known, {ADA: {1, 2}, ME: ()}, ME) == (known, [])
    assert reading(None, ADA, 2, ME)[1] == [], "nothing was written there yet"
    assert reading(before, BOB, 2, ME)[1] == []


def test_a_device_that_comes_back_is_not_new() -> None:
    known, _ = writing({ADA: [1, 2], ME: []}, {ADA: {1}, ME: ()}, ME)
    assert writing(known, {ADA: {1, 2}, ME: ()}, ME)[1] == []


def test_who_comes_into_a_room_and_goes() -> None:
    known, changes = writing({ADA: [1], ME: []}, {BOB: {5}, ME: ()}, ME)
    assert changes == [Change("joined", BOB), Change("left", ADA)]
    assert known == {BOB: [5], ME: []}


def test_a_notice_names_the_fingerprint() -> None:
    where = ConversationRef(ADA, private=True)
    _, said = notice(where, Change("new", ADA, (2,)), ["0123 4567"], "n1", 7.0)
    assert isinstance(said, MessageSeen)
    assert (said.ref.conversation, said.remote_time) == (where, 7.0)
    assert to_plain(said.body).startswith(f"{ADA} has a new device")
    assert "0123 4567" in to_plain(said.body)
