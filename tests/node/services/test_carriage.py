"""Two people meet and talk over a conversation on another network, with no relay at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from carriage_world import Network, Said, at_once, fragment, met, two
from node_world import RelayHost, World

from swarm_bridges import api
from swarmnode.bridging.core import accounts
from swarmnode.domain.words import File, Words
from swarmnode.services import book, book_changes, carriage, conversations, messages, rendezvous, repeats
from swarmnode.services.step import NetworkChanged, Step
from swarmnode.storage.bridge_shelves import ACCOUNTS
from swarmnode.storage.carriage_shelves import ROUTES
from swarmnode.storage.shelves import MESSAGES, OUTBOX


@pytest.mark.parametrize(("size", "form"), [(100_000, "binary"), (360, "text")])
def test_two_meet_and_talk_without_any_relay(size: int, form: str) -> None:
    world, net = two(size=size, form=form)
    ada, ben = world.people
    assert net.private(ada, "ben").state == "created"
    net.run(1)
    assert net.standings(ben) == []
    net.answer(ben)
    net.run(30)
    assert net.standings(ada) == net.standings(ben) == ["confirmed"]
    ada.say("is it you?")
    net.run(5)
    ben.say("it is me")
    net.run(30)
    assert ada.sees() == ben.sees() == ["is it you?", "it is me"]
    assert (ada.states(), ben.states()) == (["delivered", "received"], ["received", "delivered"])
    assert net.left_over(ada) == net.left_over(ben) == {}
    carried = b"".join(said.blob for said in net.said)
    assert b"is it you" not in carried
    assert all("is it you" not in said.text for said in net.said)


def test_edits_reactions_and_a_large_picture_go_the_same_way() -> None:
    world, net = met()
    ada, ben = world.people
    name = ada.say("a frist word")
    ada.do(lambda step: messages.edit(step, ada.node, name, "a first word"))
    net.run(5)
    ben.do(lambda step: messages.react(step, ben.node, name, "+"))
    picture = ada.do(
        lambda step: messages.send(step, ada.node, "1", Words("look", attachments=(_picture(200_000),)))
    )
    net.run(5)
    assert ben.sees() == ["a first word", "look"]
    assert ada.states() == ["delivered", "delivered"], picture
    assert net.left_over(ada) == {}


def test_where_messages_are_short_a_picture_waits_and_says_so_and_words_go_on() -> None:
    world, net = met(size=360, form="text")
    ada, ben = world.people
    ada.do(lambda step: messages.send(step, ada.node, "1", Words("look", attachments=(_picture(50_000),))))
    ada.say("did you get it?")
    net.run(60)
    assert ben.sees() == ["did you get it?"]
    assert ada.do(_waiting) == ["too large to carry"]
    relay = world.relays.setdefault("rho.example:443", RelayHost(world, "rho"))
    for person in (ada, ben):
        person.use(relay)
    net.run(400)
    assert ben.sees() == ["look", "did you get it?"]


def _waiting(step: Step) -> list[str]:
    return [row.reason for row in MESSAGES.all(step.tx, state="waiting")]


def _picture(size: int) -> File:
    return File("a picture.png", "image/png", bytes(size))


# What networks do


def test_what_is_lost_comes_again_and_begins_with_another_fragment() -> None:
    world, net = met(size=360, form="text")
    ada, ben = world.people
    count = 0

    def every_third(said: Said) -> list[float]:
        nonlocal count
        del said
        count += 1
        return [] if count % 3 == 0 else [0.0]

    net.fault = every_third
    for number in range(4):
        ada.say(f"word {number} " + "x" * 600)
        net.run(30)
    net.run(60 * 3600)  # receipts are lost too, and come again ever more rarely
    assert [text[:6] for text in ben.sees()] == [f"word {number}" for number in range(4)]
    assert set(ada.states()) == {"delivered"}
    assert "outbox" not in net.left_over(ada)


@pytest.mark.parametrize(
    "fault",
    [
        lambda _: [0.0, 0.0, 5.0],
        lambda _: [3600.0],
        lambda said: [float(10 - fragment(said).index)],
        lambda said: [0.0] if fragment(said).index % 2 else [700.0, 1300.0],
    ],
    ids=["repeats", "an hour late", "backwards", "half of it late, and twice"],
)
def test_late_twice_and_in_any_order(fault: Callable[[Said], list[float]]) -> None:
    world, net = met(size=360, form="text")
    ada, ben = world.people
    net.fault = fault
    for text in ("one", "two", "three"):
        ada.say(text + " " + "." * 700)
        net.run(20)
        ben.say("yes")
    net.run(6 * 3600)
    assert [text.split()[0] for text in ada.sees() if text != "yes"] == ["one", "two", "three"]
    assert sorted(ada.sees()) == sorted(ben.sees())
    assert len(ben.sees()) == 6
    assert {*ada.states(), *ben.states()} == {"delivered", "received"}


def test_a_network_that_trims_brings_nothing_and_nothing_breaks() -> None:
    world, net = met()
    ada, ben = world.people

    def trimmed(said: Said) -> list[float]:
        said.blob = said.blob[:100]
        return [0.0]

    net.fault = trimmed
    ada.say("cut")
    net.run(60)
    assert ben.sees() == []
    assert ada.states() == ["sent"]
    assert any(told.type == "incoming.refused" for told in ben.told)
    net.fault = lambda _: [0.0]
    net.run(1200)
    assert ben.sees() == ["cut"]


def test_a_limit_is_kept_and_a_ban_is_said() -> None:
    world, net = met()
    ada, ben = world.people
    net.refuses = lambda _: api.Limited("slowly", wait_s=120.0)
    ada.say("patience")
    net.run(60)
    tried = len(net.said)
    assert ada.states() == ["queued"]
    net.refuses = lambda _: None
    net.run(90)
    assert ben.sees() == ["patience"]
    assert len(net.said) > tried
    net.refuses = lambda _: api.Refused("you are banned")
    ada.say("into the void")
    net.run(60)
    assert ada.do(_waiting) == ["you are banned"]
    net.refuses = lambda _: None
    net.run(2 * 3600)
    assert ben.sees() == ["patience", "into the void"]
    assert set(ada.states()) == {"delivered"}


def test_no_more_leaves_in_an_hour_than_may(monkeypatch: pytest.MonkeyPatch) -> None:
    world, net = met()
    ada, ben = world.people
    monkeypatch.setitem(carriage.HOURLY, "binary", 20)
    for number in range(40):
        ada.say(f"{number}")
    net.run(60)
    assert len([said for said in net.said if said.by == "ada"]) <= 24
    assert "as much as may be carried in an hour" in ada.do(_waiting)
    net.run(4 * 3600)
    assert len(ben.sees()) == 40


# Relays and conversations


def test_when_all_relays_are_gone_the_talk_goes_on_and_comes_back_to_them() -> None:
    world = World("rho")
    ada, ben = world.person("ada", "rho"), world.person("ben", "rho")
    net = Network(world)
    net.join(ada, talks_with=("ben",))
    net.join(ben, talks_with=("ada",))
    net.meet(ada, ben)
    net.run(60)
    before = len(net.said)
    ada.say("over the relay")
    net.run(10)
    assert ben.sees() == ["over the relay"]
    assert len(net.said) == before
    world.relay("rho").die()
    net.run(2)
    ada.say("and without it")
    net.run(carriage.AFTER_S - 4)
    assert len(net.said) == before
    net.run(30)
    assert ben.sees() == ["over the relay", "and without it"]
    assert len(net.said) > before
    world.relay("rho").up = True
    net.run(2 * 3600)
    carried = len(net.said)
    ada.say("it is back")
    net.run(10)
    assert ben.sees()[-1] == "it is back"
    assert len(net.said) == carried


def test_one_message_over_three_ways_is_shown_once() -> None:
    world, net = met()
    ada, ben = world.people
    ada.say("once")
    net.run(2)
    said = net.carried("ada")[-1]
    for _ in range(3):
        net.deliver(said)
        net.run(70)
    assert ben.sees() == ["once"]
    assert set(ada.states()) == {"delivered"}


def test_contacts_who_met_otherwise_try_a_conversation_first_and_both_say_so() -> None:
    world = World("rho")
    ada, ben = world.person("ada", "rho"), world.person("ben", "rho")
    world.meet(ada, ben)
    net = Network(world)
    for person, other in ((ada, "ben"), (ben, "ada")):
        net.join(person, talks_with=(other,))
        person.do(lambda step, o=other: _link(step, net, o))  # type: ignore[misc]
    before = len(net.said)
    net.use(ada, "ben")
    net.run(10)
    assert (net.routes(ada), net.routes(ben)) == (["probing"], ["asked"])
    world.relay("rho").die()
    ada.say("waits")
    net.run(120)
    assert ben.sees() == []
    net.use(ben, "ada")
    net.run(60)
    assert (net.routes(ada), net.routes(ben)) == (["in use"], ["in use"])
    assert ben.sees() == ["waits"]
    assert len(net.said) > before
    net.use(ada, "ben", on=False)
    quiet = len(net.said)
    ada.say("not this way")
    net.run(120)
    assert [said for said in net.said[quiet:] if said.by == "ada"] == []


def test_who_asks_while_being_asked_still_answers() -> None:
    """The answer to the own question comes while the other one's answer waits to leave."""
    world = World("rho")
    ada, ben = world.person("ada", "rho"), world.person("ben", "rho")
    world.meet(ada, ben)
    net = Network(world)
    for person, other in ((ada, "ben"), (ben, "ada")):
        net.join(person, talks_with=(other,))
        person.do(lambda step, o=other: _link(step, net, o))  # type: ignore[misc]
    slow: list[bytes] = []

    def only_the_question(said: Said) -> api.BridgeError | None:
        if said.by == "ada" and slow:
            return api.Limited("slowly", wait_s=60.0)
        slow.extend([said.blob] if said.by == "ada" else [])
        return None

    net.refuses = only_the_question
    net.use(ada, "ben")
    net.use(ben, "ada")
    net.run(10)
    assert (net.routes(ada), net.routes(ben)) == (["in use"], ["probing"])
    net.refuses = lambda _: None
    net.run(120)
    assert (net.routes(ada), net.routes(ben)) == (["in use"], ["in use"])
    assert net.left_over(ada) == net.left_over(ben) == {}


def _link(step: Step, net: Network, other: str) -> None:
    contact = book.of_contact(step, 1)
    book_changes.merge(step, net.person_of(step, other), contact)


def test_what_a_network_does_not_take_goes_over_a_relay_that_is_back() -> None:
    world = World("rho")
    ada, ben = world.person("ada", "rho"), world.person("ben", "rho")
    net = Network(world)
    net.join(ada, talks_with=("ben",))
    net.join(ben, talks_with=("ada",))
    net.meet(ada, ben)
    net.run(60)
    world.relay("rho").die()
    net.off = True
    net.run(60)
    ada.say("into a network that is down")
    net.run(60)
    assert ben.sees() == []
    world.relay("rho").up = True
    ada.feed(NetworkChanged())
    ben.feed(NetworkChanged())
    net.run(200)
    assert ben.sees() == ["into a network that is down"]
    assert ada.states() == ["delivered"]


def test_what_a_network_does_not_take_in_its_turn_goes_over_the_relay_again() -> None:
    world = World("rho")
    ada, ben = world.person("ada", "rho"), world.person("ben", "rho")
    net = Network(world)
    net.join(ada, talks_with=("ben",))
    net.join(ben, talks_with=("ada",))
    net.meet(ada, ben)
    net.run(60)
    net.off = True
    ben.stop()
    ada.say("nobody confirms it")
    net.run(600 + repeats.STUCK_S + 60)
    (row,) = ada.do(lambda step: OUTBOX.where(step.tx, OUTBOX.table.c.message_id.is_not(None)))
    assert (row.state, row.attempts) == ("sent", 2)


def lost(said: Said) -> list[float]:
    del said
    return []


def test_what_did_not_arrive_says_why_and_goes_again_later() -> None:
    world, net = met()
    ada, ben = world.people
    net.fault = lost
    ada.say("into a full mailbox")
    net.run(5)
    assert ada.states() == ["sent"]
    first = net.carried("ada")[-1]
    net.report(first)
    assert (ada.states(), ada.do(_waiting)) == (["waiting"], ["the mailbox is full"])
    net.run(carriage.RETURNED_S + 10)
    assert ada.states() == ["sent"], "it is tried again"
    net.report(first)  # of the first try, days later
    assert ada.do(_waiting) == ["the mailbox is full"]
    net.fault = at_once
    tries = len(net.carried("ada"))
    net.run(carriage.RETURNED_S + 10)
    assert len(net.carried("ada")) == tries, "the next wait is longer"
    net.run(carriage.RETURNED_S + 10)
    assert (ada.states(), ben.sees()) == (["delivered"], ["into a full mailbox"])
    net.report(first)
    assert ada.states() == ["delivered"]
    assert net.left_over(ada) == {}


def test_only_a_report_from_the_conversation_of_what_was_carried_counts() -> None:
    world, net = met()
    ada, _ = world.people
    net.fault = lost
    ada.say("into a full mailbox")
    net.run(5)
    net.report(net.carried("ada")[-1], where="eve")
    net.report(Said("ada", "ben", b"", "", "an intent of nobody"))
    assert ada.states() == ["sent"]


def test_a_report_does_not_call_back_what_goes_through_another_conversation_by_now() -> None:
    world, net = met()
    ada, _ = world.people
    net.fault = lost
    ada.say("into a full mailbox")
    net.run(5)
    net.report(net.carried("ada")[-1], where="eve")  # which begins that conversation
    there = net.room(ada, "eve").id
    ada.do(lambda step: ROUTES.change(step.tx, 1, room_id=there))
    net.report(net.carried("ada")[-1])
    assert ada.states() == ["sent"]


def test_what_did_not_arrive_goes_over_a_relay_that_is_up() -> None:
    world = World("rho")
    ada, ben = world.person("ada", "rho"), world.person("ben", "rho")
    net = Network(world, fault=at_once)
    net.join(ada, talks_with=("ben",))
    net.join(ben, talks_with=("ada",))
    net.meet(ada, ben)
    net.run(60)
    world.relay("rho").die()
    net.fault = lost
    ada.say("into a full mailbox")
    net.run(60)
    assert ada.states() == ["sent"]
    world.relay("rho").up = True
    ada.feed(NetworkChanged())
    ben.feed(NetworkChanged())
    net.run(1)
    assert ben.sees() == []
    net.report(net.carried("ada")[-1])
    net.run(5)
    assert (ada.states(), ben.sees()) == (["delivered"], ["into a full mailbox"])


def test_what_waits_for_a_network_says_why() -> None:
    _, net = met()
    ada, _ = net.world.people
    net.off = True
    ada.say("into the void")
    net.run(2 * repeats.STUCK_S)
    assert ada.do(_waiting) == ["account away"]
    ada.do(lambda step: ACCOUNTS.change(step.tx, 1, state="connected"))
    net.run(2 * repeats.STUCK_S)
    assert ada.do(_waiting) == ["not taken yet"]
    assert ada.do(lambda step: rendezvous.lost(step, ada.node)) == [], "another network leads there"
    net.off = False
    net.run(60)
    assert ada.states() == ["delivered"]


def test_when_an_account_is_taken_out_what_waits_for_it_goes_another_way() -> None:
    world, net = met()
    ada, ben = world.people
    net.off = True
    ada.say("it waits")
    net.run(10)
    ada.do(lambda step: accounts.remove(step, accounts.all_of(step)[0].account))
    del net.accounts["ada"]
    assert net.routes(ada) == []
    assert ada.states() == ["queued"]
    relay = world.relays.setdefault("rho.example:443", RelayHost(world, "rho"))
    ben.use(relay)
    assert ada.do(lambda step: OUTBOX.all(step.tx, state="queued"))


def test_what_leads_to_errors_of_this_program_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    world, net = met()
    ada, ben = world.people
    ada.say("poison")
    net.off = True
    net.run(1)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    net.off = False
    monkeypatch.setattr(conversations, "_take", broken)
    with pytest.raises(ZeroDivisionError):
        net.run(1)
    blamed = ben.node.delivering
    assert blamed is not None
    ben.node.poison = frozenset({blamed})
    net.deliver(net.carried("ada")[-1])
    assert any(told.type == "incoming.poison" for told in ben.told)


# Meeting
