"""Meeting people: invites, addresses, trust, blocking; and what becomes of relays."""

import pytest
from node_world import Person, World

from swarmnode.domain.views import ContactView, InviteView
from swarmnode.errors import Conflict, NotFound, NotReady, UsageError
from swarmnode.services import contacts, meeting, messages, relays, trust
from swarmnode.storage.shelves import QUEUES_IN, QUEUES_OUT

WORDS = [f"word{n:04}" for n in range(2048)]


def invite(world: World, person: Person, kind: str = "one-time") -> InviteView:
    view = person.do(lambda step: meeting.invite(step, person.node, kind))
    world.run(12)
    return person.do(lambda step: meeting.view(step, view.id))


def accept(person: Person, link: str, note: str = "") -> InviteView:
    return person.do(lambda step: meeting.accept(step, person.node, link, note=note or person.name))


def people(person: Person) -> list[ContactView]:
    return person.do(contacts.all_of)


def two(*, relays_: tuple[str, ...] = ("one", "two")) -> tuple[World, Person, Person]:
    world = World("one", "two", "three")
    ada, ben = world.person("ada", *relays_), world.person("ben", *relays_)
    world.meet(ada, ben)
    return world, ada, ben


def test_both_see_the_same_words_and_can_verify() -> None:
    world, ada, ben = two()
    safety = [p.do(lambda s, p=p: contacts.safety(s, p.node, "1", WORDS)) for p in (ada, ben)]  # type: ignore[misc]
    assert safety[0].words == safety[1].words
    assert safety[0].digits == safety[1].digits
    scanned = ada.do(lambda step: contacts.verify(step, ada.node, "1", safety[1].qr))
    assert scanned.standing == "verified"
    eve = world.person("eve", "one")
    world.meet(ada, eve)
    other = eve.do(lambda step: contacts.safety(step, eve.node, "1", WORDS))
    with pytest.raises(Conflict):
        ben.do(lambda step: contacts.verify(step, ben.node, "1", other.qr))
    with pytest.raises(UsageError):
        ben.do(lambda step: contacts.verify(step, ben.node, "1", "https://example.org"))


def test_what_changes_while_people_compare_is_not_accepted_with_it() -> None:
    _, ada, _ = two()
    looked = ada.do(lambda step: contacts.safety(step, ada.node, "1", WORDS))
    persona = bytes.fromhex(ada.do(lambda step: contacts.get(step, "1")).persona)
    ada.do(lambda step: trust.forked(step, persona, b"evidence"))
    with pytest.raises(Conflict, match="changed since"):
        ada.do(lambda step: contacts.verify(step, ada.node, "1", None, looked.seen))
    doubtful = ada.do(lambda step: contacts.get(step, "1"))
    assert (doubtful.standing, doubtful.alerts) == ("key-alert", ("author-forked",))
    looked = ada.do(lambda step: contacts.safety(step, ada.node, "1", WORDS))
    accepted = ada.do(lambda step: contacts.verify(step, ada.node, "1", None, looked.seen))
    assert (accepted.standing, accepted.alerts) == ("verified", ())


def test_an_invite_serves_one() -> None:
    world = World("one", "two")
    ada, ben, eve = (world.person(name, "one", "two") for name in ("ada", "ben", "eve"))
    link = invite(world, ada).link
    accept(ben, link)
    world.run(20)
    assert accept(eve, link).state == "read"
    world.run(60)
    assert [view.name for view in people(ada)] == ["ben"]
    assert people(eve) == []


def test_nobody_accepts_their_own_invite_nor_a_text_that_is_none() -> None:
    world = World("one")
    ada = world.person("ada", "one")
    link = invite(world, ada).link
    with pytest.raises(Conflict):
        accept(ada, link)
    for text in ("hello", link[:-4], ""):
        with pytest.raises(UsageError):
            accept(ada, text)


def test_an_invite_that_was_taken_back_leads_nowhere() -> None:
    world = World("one")
    ada, ben = world.person("ada", "one"), world.person("ben", "one")
    view = invite(world, ada)
    ada.do(lambda step: meeting.revoke(step, ada.node, view.id))
    world.run(2)
    accept(ben, view.link)
    world.run(60)
    assert people(ada) == people(ben) == []


def test_without_a_relay_there_is_no_invite() -> None:
    world = World("one")
    ada = world.person("ada")
    with pytest.raises(NotReady) as refused:
        ada.do(lambda step: meeting.invite(step, ada.node, "one-time"))
    assert "relay use" in refused.value.hint


def test_who_has_no_relay_is_lent_tickets() -> None:
    world = World("one")
    ada, ben = world.person("ada", "one"), world.person("ben")
    world.meet(ada, ben)
    ada.say("welcome")
    world.run(2)
    ben.say("thank you")
    world.run(2)
    assert ada.sees() == ben.sees() == ["welcome", "thank you"]


def test_a_stranger_waits_until_the_owner_says_yes() -> None:
    world = World("one", "two")
    ada, ben = world.person("ada", "one", "two"), world.person("ben", "two")
    address = invite(world, ada, "address")
    accept(ben, address.link, "ben\nwe met at the fair")
    world.run(60)
    (asking,) = people(ada)
    assert asking.standing == "request"
    assert asking.note == "ben\nwe met at the fair"
    assert people(ben) == []
    ada.do(lambda step: contacts.answer_request(step, ada.node, asking.id, yes=True))
    world.run(60)
    ben.say("hello")
    world.run(5)
    assert ada.sees() == ["hello"]


def test_who_has_no_relay_goes_on_with_an_invite_once_there_is_one() -> None:
    world = World("one", "two")
    ada, ben = world.person("ada", "one"), world.person("ben")
    link = invite(world, ada, "address").link
    row = accept(ben, link).id
    world.run(60)
    assert accept(ben, link).state == "no-relay"
    ben.use(world.relay("two"))
    world.run(60)
    assert ben.do(lambda step: meeting.view(step, row)).state == "asked"
    assert [asking.standing for asking in people(ada)] == ["request"]


def test_a_stranger_who_is_declined_hears_nothing() -> None:
    world = World("one")
    ada, ben = world.person("ada", "one"), world.person("ben", "one")
    accept(ben, invite(world, ada, "address").link)
    world.run(60)
    (asking,) = people(ada)
    ada.do(lambda step: contacts.answer_request(step, ada.node, asking.id, yes=False))
    world.run(60)
    assert people(ada) == people(ben) == []
    with pytest.raises(NotFound):
        ada.do(lambda step: contacts.answer_request(step, ada.node, asking.id, yes=True))


def test_who_is_blocked_is_not_heard_until_let_in_again() -> None:
    world, ada, ben = two()
    ben.say("first")
    world.run(2)
    assert block(ada, on=True).standing == "blocked"
    ben.say("unheard")
    world.run(30)
    assert ada.sees() == ["first"]
    with pytest.raises(NotReady):
        ada.say("to nobody")
    assert block(ada, on=False).standing == "confirmed"
    ada.say("to ben again")
    world.run(7200)
    ben.say("heard again")
    world.run(120)
    assert ada.sees() == ben.sees()
    assert sorted(ada.sees()) == ["first", "heard again", "to ben again", "unheard"]


def block(person: Person, *, on: bool) -> ContactView:
    return person.do(lambda step: contacts.block(step, person.node, "1", on=on))


def test_letting_somebody_in_again_is_no_alarm_and_ends_none() -> None:
    _, ada, _ = two()
    ada.do(lambda step: contacts.verify(step, ada.node, "1", None))
    block(ada, on=True)
    back = block(ada, on=False)
    assert (back.standing, back.alerts) == ("verified", ())
    ada.do(lambda step: trust.forked(step, bytes.fromhex(back.persona), b"evidence"))
    assert block(ada, on=True).standing == "blocked"
    back = block(ada, on=False)
    assert (back.standing, back.alerts) == ("key-alert", ("author-forked",))


def test_a_contact_that_is_removed_leaves_nothing() -> None:
    world, ada, ben = two()
    ben.say("hello")
    world.run(2)
    ada.do(lambda step: contacts.remove(step, ada.node, "1"))
    assert people(ada) == []
    with pytest.raises(NotFound):
        ada.do(lambda step: messages.find(step, "1"))
    world.meet(ada, ben)
    assert [view.name for view in people(ada)] == ["ben"]


def test_a_second_relay_gets_queues_of_its_own() -> None:
    world, ada, ben = two(relays_=("one",))
    assert people(ben)[0].single_relay
    ada.use(world.relay("two"))
    world.run(120)
    out = ben.do(lambda step: [(q.state, q.keyed) for q in QUEUES_OUT.all(step.tx, peer_id=1)])
    assert out == [("in use", True), ("in use", True)]
    world.relay("one").die()
    ben.say("over the new one")
    world.run(60)
    assert ada.sees() == ["over the new one"]


def test_a_relay_that_stays_away_is_replaced() -> None:
    world, ada, ben = two()
    ada.use(world.relay("three"))
    world.run(10)
    world.relay("one").die()
    world.run(3 * 3600)
    views = {view.address: view.state for view in ada.do(lambda step: relays.all_of(step, ada.node))}
    assert views["one.example:443"] == "dead"
    queues = ada.do(lambda step: QUEUES_IN.all(step.tx, peer_id=1))
    assert {queue.relay_id for queue in queues if queue.state == "active"} == {1, 2, 3}
    world.relay("two").die()
    ben.say("over the third")
    world.run(120)
    assert ada.sees() == ["over the third"]


def test_a_copy_of_a_home_stops_one_of_the_two() -> None:
    world, ada, ben = two()
    copy = Person.copy_of(ada, "copy")
    copy.start()
    world.run(5)
    assert ada.node.quarantine
    assert not copy.node.quarantine
    with pytest.raises(NotReady):
        ada.say("from the old one")
    copy.say("from the copy")
    world.run(3)
    assert ben.sees() == ["from the copy"]
