"""All relays between two are lost at once, and they find each other again without a word (spec 30 §8)."""

from __future__ import annotations

import pytest
from node_world import Person, World

from swarm_protocol import mailbox as mbx
from swarm_protocol.content import AddressRecord
from swarm_protocol.mailbox.store import PutQueue, Queue
from swarm_protocol.mls.signatures import Ed25519
from swarm_protocol.testing import SeededEntropy
from swarmnode.errors import NotReady
from swarmnode.services import inviter, relays, rendezvous
from swarmnode.services.step import Step
from swarmnode.storage.shelves import CONTACTS, PEERS, QUEUES_IN, QUEUES_OUT, RELAYS, TICKETS

HOUR, DAY, WEEK = 3600, 86_400, 7 * 86_400
THREE_EACH = (("one", "two", "three"), ("one", "two", "four"))
TWO_EACH = (("one", "two"), ("one", "two"))


def met(of_ada: tuple[str, ...], of_ben: tuple[str, ...]) -> tuple[World, Person, Person]:
    """Ada and Ben with these relays, who have met, and have told each other what there is to tell."""
    world = World("one", "two", "three", "four", "five")
    ada, ben = world.person("ada", *of_ada), world.person("ben", *of_ben)
    world.meet(inviter=ada, joiner=ben)
    world.run(5 * 60)
    return world, ada, ben


def lose(world: World, *relays: str) -> None:
    for name in relays:
        world.relay(name).die()


def all_arrives(world: World, ada: Person, ben: Person, said: list[str], *, within: float) -> None:
    world.run(within)
    assert sorted(ada.sees()) == sorted(ben.sees()) == sorted(said)
    assert set(ada.states()) | set(ben.states()) == {"delivered", "received"}
    before = ben.sees()
    ada.say("as ever")
    world.run(10)
    assert ben.sees() == [*before, "as ever"]


def named(person: Person) -> list[str]:
    """The relays that the other has told this one of for an emergency."""

    def look(step: Step) -> list[str]:
        data = PEERS.all(step.tx)[0].address_record
        return [] if data is None else [relay.address for relay in AddressRecord.decode(data).emergency]

    return person.do(look)


def sought(person: Person) -> int:
    return person.do(lambda step: QUEUES_OUT.count(step.tx, state="sought"))


def test_contacts_are_told_of_the_relay_that_is_kept_for_an_emergency() -> None:
    _, ada, ben = met(*THREE_EACH)
    assert (named(ada), named(ben)) == (["four.example:443"], ["three.example:443"])


def test_who_has_two_relays_names_none_until_there_is_a_third() -> None:
    world, ada, ben = met(*TWO_EACH)
    assert named(ada) == named(ben) == []
    ben.use(world.relay("four"))
    world.run(5 * 60)
    assert named(ada) == ["four.example:443"]


def test_invites_leave_a_ticket_for_each_contact() -> None:
    world, ada, _ = met(("one", "two"), ("one",))

    def use_up(step: Step) -> None:
        for ticket in TICKETS.all(step.tx, used=False):
            TICKETS.change(step.tx, ticket.id, used=True)
        for relay in RELAYS.all(step.tx, own=True):
            for number in range(2):
                TICKETS.add(step.tx, relay_id=relay.id, ticket=f"{relay.id} {number}".encode(), used=False)

    ada.do(use_up)
    ada.do(lambda step: inviter.invite(step, ada.node, "one-time"))
    assert ada.do(lambda step: TICKETS.count(step.tx, used=False)) == 2
    with pytest.raises(NotReady):
        ada.do(lambda step: inviter.invite(step, ada.node, "one-time"))
    ada.use(world.relay("one"))
    ada.do(lambda step: inviter.invite(step, ada.node, "one-time"))


def test_when_all_relays_of_both_are_lost_they_meet_at_those_that_they_have_named() -> None:
    world, ada, ben = met(*THREE_EACH)
    ada.say("before")
    world.run(HOUR)
    lose(world, "one", "two")
    ada.say("are you there?")
    ben.say("and you?")
    world.run(DAY / 2)
    assert "delivered" not in {ada.states()[-1], ben.states()[-1]}
    all_arrives(world, ada, ben, ["before", "are you there?", "and you?"], within=2 * DAY)
    assert sought(ada) == sought(ben) == 0
    assert "ada" not in world.relay("four").visitors, "it was asked through hers"
    assert "ben" not in world.relay("three").visitors


def test_after_six_weeks_in_which_nobody_was_there_they_meet_where_one_has_waited_since() -> None:
    world, ada, ben = met(*THREE_EACH)
    ada.say("before")
    world.run(HOUR)
    ben.stop()
    lose(world, "one", "two")
    ada.say("come back")
    world.run(6 * HOUR)
    ada.stop()
    world.pass_to(world.tick + 6 * WEEK)
    for person in (ada, ben):
        person.start()
    ben.say("here I am")
    all_arrives(world, ada, ben, ["before", "come back", "here I am"], within=3 * DAY)


def test_restarts_each_few_hours_do_not_keep_them_apart() -> None:
    world, ada, ben = met(*THREE_EACH)
    lose(world, "one", "two")
    ada.say("are you there?")
    for _ in range(8):
        for person in (ada, ben):
            person.stop()
            person.start()
        world.run(4 * HOUR)
    all_arrives(world, ada, ben, ["are you there?"], within=DAY)


def test_a_new_relay_that_both_use_brings_them_together_where_none_was_named() -> None:
    world, ada, ben = met(*TWO_EACH)
    lose(world, "one", "two")
    ada.say("are you there?")
    world.run(1.5 * DAY)
    assert ben.sees() == []
    for person in (ada, ben):
        person.use(world.relay("five"))
    all_arrives(world, ada, ben, ["are you there?"], within=2 * DAY)


def test_a_new_invite_keeps_the_contact_where_they_have_no_relay_in_common() -> None:
    world, ada, ben = met(*TWO_EACH)
    lose(world, "one", "two")
    ada.say("are you there?")
    world.run(600)
    ada.use(world.relay("three"))
    ben.use(world.relay("four"))
    world.run(60)
    world.meet(inviter=ada, joiner=ben)
    all_arrives(world, ada, ben, ["are you there?"], within=DAY / 2)
    for person in (ada, ben):
        assert person.do(lambda step: CONTACTS.count(step.tx)) == 1


def test_a_relay_of_one_that_is_lost_needs_nobody_to_look() -> None:
    """Whoever can still be told is told, and gets no queue that has to be found."""
    world, ada, ben = met(("one", "three"), ("two", "four"))
    ada.use(world.relay("five"))
    lose(world, "one", "three")
    ben.say("are you there?")
    all_arrives(world, ada, ben, ["are you there?"], within=DAY / 4)


def test_a_place_that_is_taken_costs_no_ticket_and_the_next_one_is_tried() -> None:
    world, ada, ben = met(*THREE_EACH)
    three = world.relay("three")

    def first_place(step: Step) -> bytes:
        relay = RELAYS.one(step.tx, pin=three.pin)
        assert relay is not None
        place = rendezvous.place(step, ada.node, PEERS.all(step.tx)[0], relay)
        assert place is not None
        return place.sid

    tickets = ada.do(lambda step: TICKETS.count(step.tx, used=False))
    sid = mbx.SenderId(ada.do(first_place))
    other = Ed25519().generate(SeededEntropy("other")).public
    rid = mbx.RecipientId(b"other".ljust(24))
    three.store.apply([PutQueue(Queue(rid, sid, mbx.Kind.PAIR, other, world.wall_s + WEEK))])
    lose(world, "one", "two")
    ada.say("are you there?")
    all_arrives(world, ada, ben, ["are you there?"], within=2 * DAY)
    assert ada.do(lambda step: TICKETS.count(step.tx, used=False)) == tickets - 1


def test_nobody_is_looked_for_while_all_is_well() -> None:
    world, ada, ben = met(*THREE_EACH)
    for number in range(4):
        ada.say(f"day {number}")
        world.run(DAY)
    assert ("sought", 1) not in ada.node.timers
    queues = ben.do(lambda step: len(QUEUES_IN.all(step.tx)))
    lose(world, "one")
    world.run(3 * DAY)
    ada.say("one of two")
    world.run(10)
    assert ben.sees()[-1] == "one of two"
    assert ("sought", 1) not in ada.node.timers
    assert ben.do(lambda step: len(QUEUES_IN.all(step.tx))) == queues + 1


def test_who_was_offline_gives_no_relay_up_when_one_answers_first() -> None:
    world, ada, _ = met(*THREE_EACH)
    for relay in world.relays.values():
        relay.die()
    world.run(6 * HOUR)
    for relay in world.relays.values():
        relay.up = True
    world.run(6 * HOUR)
    states = ada.do(lambda step: {relay.state for relay in relays.all_of(step, ada.node)})
    assert states == {"up"}
    assert ada.do(lambda step: len(QUEUES_IN.all(step.tx, peer_id=1))) == 2


def test_what_a_person_is_told() -> None:
    world, ada, _ = met(*THREE_EACH)

    def lost() -> list[rendezvous.Lost]:
        return ada.do(lambda step: rendezvous.lost(step, ada.node))

    ada.say("before")
    world.run(HOUR)
    assert lost() == []
    lose(world, "one", "two")
    ada.say("are you there?")
    world.run(HOUR)
    (told,) = lost()
    assert (told.name, told.tried[:1]) == ("ben", ("four.example:443",))
    world.run(3 * DAY)
    assert lost() == []
