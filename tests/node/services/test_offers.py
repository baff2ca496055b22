"""Meeting over a conversation on another network: offers come, are answered, lost, replayed; and a flood."""

from __future__ import annotations

from random import Random

import pytest
from carriage_world import Said, fragment, met, two

from swarm_bridges import api
from swarm_bridges.text import from_plain
from swarm_protocol.carriage import Fragment, Thing
from swarmnode.bridging.core import accounts, journal, outbox, persons, rooms
from swarmnode.services import book, book_changes
from swarmnode.services.step import Step
from swarmnode.storage.carriage_shelves import CAME


def test_an_offer_ends_and_what_is_said_to_it_afterwards_counts_for_nothing() -> None:
    world, net = two()
    ada, ben = world.people
    net.private(ada, "ben")
    net.run(1)
    assert len(net.requests(ben)) == 1
    net.run(8 * 86_400)
    assert net.requests(ben) == []
    net.deliver(net.carried("ada")[0])
    net.run(60)
    assert net.requests(ben) == []
    assert net.standings(ada) == net.standings(ben) == []
    assert net.private(ada, "ben").state == "created"
    net.run(5)
    assert len(net.requests(ben)) == 1


def test_who_declines_says_nothing_and_is_not_asked_by_the_same_offer_again() -> None:
    world, net = two()
    ada, ben = world.people
    net.private(ada, "ben")
    net.run(1)
    net.answer(ben, yes=False)
    net.run(60)
    assert net.carried("ben") == []
    net.private(ada, "ben")
    net.run(5)
    assert net.requests(ben) == []
    assert net.standings(ada) == []


@pytest.mark.parametrize("who", [0, 1])
def test_who_declined_and_then_asks_in_turn_has_agreed(who: int) -> None:
    world, net = two()
    one, other = world.people[who], world.people[1 - who]
    net.private(one, other.name)
    net.run(1)
    net.answer(other, yes=False)
    net.run(60)
    assert net.private(other, one.name).role == "inviter"
    net.run(10)
    assert net.standings(one) == net.standings(other) == ["confirmed"]
    assert net.requests(one) == net.requests(other) == []


def test_an_offer_that_was_lost_is_said_again_when_its_owner_says_so() -> None:
    world, net = two()
    ada, ben = world.people
    net.fault = lambda _: []
    net.private(ada, "ben")
    net.run(3600)
    assert len(net.carried()) == 1
    net.fault = lambda _: [0.0]
    net.private(ada, "ben")
    net.run(5)
    net.answer(ben)
    net.run(10)
    assert net.standings(ada) == ["confirmed"]


@pytest.mark.parametrize("late", [0.0, 2.0])
def test_both_at_once_are_one_meeting_without_a_further_question(late: float) -> None:
    world, net = two()
    ada, ben = world.people
    net.fault = lambda said: [2.0 if fragment(said).thing is Thing.OFFER else 0.0]
    net.private(ada, "ben")
    net.run(late / 2)
    net.private(ben, "ada")
    net.run(30)
    assert net.standings(ada) == net.standings(ben) == ["confirmed"]
    assert (net.peers(ada), net.peers(ben)) == (1, 1)
    ada.say("one talk")
    net.run(5)
    assert ben.sees() == ["one talk"]
    assert net.requests(ada) == net.requests(ben) == []


def test_requests_and_answers_that_are_lost_come_again() -> None:
    world, net = two()
    ada, ben = world.people
    lost = set[Thing]()

    def once(said: Said) -> list[float]:
        thing = fragment(said).thing
        first = thing not in lost
        lost.add(thing)
        return [] if first and thing is not Thing.OFFER else [0.0]

    net.fault = once
    net.private(ada, "ben")
    net.run(1)
    net.answer(ben)
    net.run(3 * 3600)
    assert net.standings(ada) == net.standings(ben) == ["confirmed"]
    ada.say("at last")
    net.run(60)
    assert ben.sees() == ["at last"]


def test_replayed_and_strangers_offers_come_to_nothing() -> None:
    world, net = two()
    ada, ben = world.people
    eve = world.person("eve")
    net.join(eve, talks_with=("ben",))
    net.private(eve, "ben")
    net.run(5)
    assert net.requests(ben) == []
    net.private(ada, "ben")
    net.run(1)
    (offer,) = net.carried("ada")
    net.deliver(offer, by="eve")
    net.deliver(offer)
    net.run(5)
    assert len(net.requests(ben)) == 1
    net.answer(ben)
    net.run(5)
    request = next(said for said in net.carried("ben") if fragment(said).thing is Thing.REQUEST)
    net.deliver(request, by="eve")
    net.deliver(request)
    net.deliver(offer)
    net.run(60)
    assert net.standings(ada) == net.standings(ben) == ["confirmed"]
    assert net.requests(ben) == []
    ada.say("unharmed")
    net.run(5)
    assert ben.sees() == ["unharmed"]


def test_who_talks_in_mails_of_two_is_known_where_no_conversation_was_told_of() -> None:
    world, net = two()
    _, ben = world.people
    eve = world.person("eve")
    net.join(eve, talks_with=("ben",))
    thread = api.ConversationRef("<a subject>")
    seen = api.ConversationSeen(
        conversation=thread, kind="group", members=(api.Actor("ben", is_owner=True), api.Actor("eve"))
    )
    said = api.MessageSeen(
        ref=api.MessageRef(thread, "x1"), actor=api.Actor("eve"), body=from_plain("about the garden")
    )

    def written(step: Step) -> None:
        account = accounts.all_of(step)[0].account
        journal.ingest(step, account, api.Batch((seen, said)))

    ben.do(written)
    net.private(eve, "ben")
    net.told = False
    net.run(2)
    assert net.requests(ben) == [], "ben has not answered there"
    ben.do(lambda step: _answers(step, thread))
    net.run(1)
    net.private(eve, "ben")
    net.run(2)
    assert len(net.requests(ben)) == 1
    net.answer(ben)
    net.run(5)
    assert net.standings(eve) == net.standings(ben) == ["confirmed"]
    assert ben.do(lambda step: book.account(step, "demo", "eve")) is not None


def _answers(step: Step, thread: api.ConversationRef) -> None:
    room = rooms.of(step, 1, thread)
    outbox.send(step, rooms.chat_id(room.id), outbox.Saying("yes, let us"))


def test_a_flood_is_bounded_and_of_two_senders_nothing_is_mixed() -> None:
    world, net = met(size=360, form="text")
    ada, ben = world.people
    eve = world.person("eve")
    net.join(eve, talks_with=("ben",))
    ada.say("long " + "x" * 900)
    net.fault = lambda said: [0.0] if fragment(said).index else []
    net.run(5)
    halves = [said for said in net.carried("ada") if fragment(said).count > 1][-3:]
    net.deliver(Said("eve", "ben", halves[0].blob, ""))
    rng = Random(1)
    for number in range(3000):
        junk = Fragment(Thing.ENVELOPE, rng.randbytes(8), number % 39, 40, rng.randbytes(300))
        net.deliver(Said("ada", "ben", junk.encode(), ""))
    kept = ben.do(lambda step: CAME.all(step.tx))
    assert len({row.name for row in kept}) <= 16
    assert {row.actor for row in kept} == {"ada"}
    net.fault = lambda _: [0.0]
    net.run(2 * 3600)
    assert [text[:4] for text in ben.sees()] == ["long"]
    net.run(8 * 86_400)
    assert net.left_over(ben) == {}


def test_a_node_may_die_at_any_time_and_the_meeting_goes_on() -> None:
    world, net = two()
    ada, ben = world.people
    net.private(ada, "ben")
    for person in (ada, ben):
        person.stop()
        person.start()
    net.run(5)
    net.answer(ben)
    ben.stop()
    ben.start()
    net.run(5)
    ada.say("still here")
    ada.stop()
    ada.start()
    net.run(60)
    assert ben.sees() == ["still here"]
    assert net.left_over(ada) == {}


def test_who_was_met_over_an_account_has_that_account_and_undoing_takes_it_back() -> None:
    world, net = met()
    ada, _ = world.people

    def look(step: Step) -> list[tuple[str, str, str]]:
        view = persons.person(step, net.person_of(step, "ben"))
        return [(link.network, link.reason.value, link.cause) for link in view.links]

    assert ada.do(look) == [("demo", "known", ""), ("", "proven-one-way", "met")]
    ada.do(lambda step: book_changes.undo(step, book_changes.latest(step)))
    assert ada.do(look) == [("demo", "known", "")]
