"""Spoken codes: two words make two people meet who share a relay, once."""

from __future__ import annotations

import pytest
from node_world import Person, World

from swarm_protocol.mailbox import RecipientId
from swarmnode.domain.views import InviteView
from swarmnode.errors import Conflict, NotReady, UsageError
from swarmnode.services import codes, meeting
from swarmnode.services.node import Options
from swarmnode.storage.shelves import CONTACTS, INVITES, QUEUES_IN

WORDS = tuple(f"{letter}{number}" for letter in "abcdefgh" for number in range(256))


def person(world: World, name: str, *relays: str) -> Person:
    made = world.person(name, *relays)
    able(made)
    return made


def able(who: Person) -> None:
    """Started again, a node gets its options anew."""
    who.node.options = Options(words=WORDS)


def code_of(world: World, who: Person) -> InviteView:
    view = who.do(lambda step: meeting.invite(step, who.node, "code"))
    world.run(5)
    return who.do(lambda step: meeting.view(step, view.id))


def take(who: Person, code: str) -> str:
    return who.do(lambda step: meeting.accept(step, who.node, code, note=who.name)).id


def look(who: Person, invite: str) -> InviteView:
    return who.do(lambda step: meeting.view(step, invite))


def contacts(who: Person) -> int:
    return who.do(lambda step: CONTACTS.count(step.tx))


def wrong(code: str) -> str:
    """The same nameplate and another second word."""
    start, _, last = code.rpartition("-")
    return f"{start}-{WORDS[(WORDS.index(last) + 1) % len(WORDS)]}"


def two() -> tuple[World, Person, Person]:
    world = World("one", "two")
    return world, person(world, "ada", "one"), person(world, "ben", "one", "two")


def test_who_says_the_code_and_who_types_it_become_contacts() -> None:
    world, ada, ben = two()
    given = code_of(world, ada)
    assert (given.state, given.link) == ("created", "")
    assert given.code.count("-") == 2
    taken = take(ben, f" {given.code.upper().replace('-', ' ')} ")
    world.run(30)
    assert look(ada, given.id).state == look(ben, taken).state == "confirmed"
    ada.say("hello")
    world.run(5)
    assert ben.sees() == ["hello"]
    for who in (ada, ben):
        (row,) = who.do(lambda step: INVITES.all(step.tx))
        assert (row.code, row.secret) == ("", None)
    made = [queue.rid for queue in ada.do(lambda step: QUEUES_IN.all(step.tx, invite_id=int(given.id)))]
    assert len(made) == codes.QUEUES
    assert not any(world.relay("one").store.queue(RecipientId(rid)) for rid in made if rid), "all destroyed"


def test_a_wrong_word_burns_the_code_and_both_sides_are_told() -> None:
    world, ada, ben = two()
    given = code_of(world, ada)
    taken = take(ben, wrong(given.code))
    world.run(30)
    assert look(ben, taken).state == "wrong-code"
    seen = look(ada, given.id)
    assert (seen.state, seen.code) == ("suspect", "")
    assert "invite.burnt" in [told.type for told in ada.told]
    again = take(ben, given.code)  # the right one comes too late
    world.run(30)
    assert look(ben, again).state == "expired"
    assert contacts(ada) == contacts(ben) == 0


def test_a_second_one_who_has_the_code_is_told_that_somebody_was_first() -> None:
    world, ada, ben = two()
    cleo = person(world, "cleo", "one")
    given = code_of(world, ada)
    ada.stop()
    first = take(ben, given.code)
    world.run(3)
    second = take(cleo, given.code)
    world.run(3)
    assert (look(ben, first).state, look(cleo, second).state) == ("agreed", "taken")
    ada.start()
    able(ada)
    world.run(60)
    assert look(ben, first).state == "confirmed"


@pytest.mark.parametrize("moment", [0, 1, 2, 3, 5, 8, 13, 21, 34, 55])
@pytest.mark.parametrize("name", ["ada", "ben"])
def test_either_may_be_killed_at_any_moment(name: str, moment: int) -> None:
    world, ada, ben = two()
    given = code_of(world, ada)
    taken = take(ben, given.code)
    for _ in range(moment):
        if world.queue:
            world.queue.popleft()()
    victim = {"ada": ada, "ben": ben}[name]
    victim.stop()
    world.run(20)
    victim.start()
    able(victim)
    world.run(120)
    assert look(ada, given.id).state == look(ben, taken).state == "confirmed"


def test_a_code_ends_with_its_hour() -> None:
    world, ada, ben = two()
    given = code_of(world, ada)
    world.run(codes.LIFETIME_S + 5)
    assert (look(ada, given.id).state, look(ada, given.id).code) == ("expired", "")
    taken = take(ben, given.code)
    world.run(30)
    assert look(ben, taken).state == "expired"


def test_a_joiner_whose_inviter_never_comes_back_gives_up_with_the_hour() -> None:
    world, ada, ben = two()
    given = code_of(world, ada)
    ada.stop()
    taken = take(ben, given.code)
    world.run(60)
    assert look(ben, taken).state == "agreed"
    world.run(codes.LIFETIME_S)
    assert look(ben, taken).state == "expired"


def test_without_a_relay_in_common_the_joiner_is_told_so() -> None:
    world = World("one", "two")
    ada, ben = person(world, "ada", "one"), person(world, "ben", "two")
    given = code_of(world, ada)
    taken = take(ben, given.code)
    world.run(10)
    assert look(ben, taken).state == "expired"
    assert look(ada, given.id).state == "created", "the code was not used up"


def test_a_relay_that_is_away_is_left_out() -> None:
    world, ada, ben = two()
    given = code_of(world, ada)
    world.relay("two").die()
    taken = take(ben, given.code)
    world.run(30)
    assert look(ben, taken).state == "confirmed"


def test_a_nameplate_that_is_taken_is_drawn_anew() -> None:
    world, ada, ben = two()
    before = code_of(world, ada)
    view = ben.do(lambda step: meeting.invite(step, ben.node, "code"))
    ben.do(lambda step: INVITES.change(step.tx, int(view.id), code=before.code))  # by chance
    world.run(5)
    given = look(ben, view.id)
    assert given.state == "created"
    assert given.code != before.code
    taken = take(ada, given.code)
    world.run(30)
    assert look(ada, taken).state == "confirmed"


def test_what_is_no_code_and_what_cannot_be() -> None:
    world, ada, ben = two()
    given = code_of(world, ada)
    with pytest.raises(Conflict):
        take(ada, given.code)
    for text in ("1-a1", "1-a1-zebra", "0-a1-a1", "a1-a1", ""):
        with pytest.raises(UsageError):
            take(ben, text)
    alone = person(world, "cleo")
    with pytest.raises(NotReady):
        take(alone, given.code)
    with pytest.raises(NotReady):
        alone.do(lambda step: meeting.invite(step, alone.node, "code"))


def test_a_code_that_is_taken_back_is_worth_nothing() -> None:
    world, ada, ben = two()
    given = code_of(world, ada)
    ada.do(lambda step: meeting.revoke(step, ada.node, given.id))
    taken = take(ben, given.code)
    world.run(30)
    assert (look(ada, given.id).state, look(ben, taken).state) == ("declined", "expired")
