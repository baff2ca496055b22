"""10,000 people with 30,000 accounts: screens read a page of them, and no statement reads them all."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from bridge_core_world import Core

from swarmnode.bridging.core import accounts, persons, talks
from swarmnode.domain.book import Reason
from swarmnode.services import book, book_changes, book_import, book_suggestions, vcard
from swarmnode.services.step import Step
from swarmnode.storage.bridge_shelves import ACTORS, REMOTE_MESSAGES, ROOMS

PEOPLE = 10_000
NETWORKS = ("demo", "mail", "xmpp")
GROWING = {
    *("book_person", "book_account", "book_change", "book_move", "book_suggestion", "contact"),
    *("conversation", "message", "remote_actor", "remote_conversation", "remote_message"),
}
COUNTED = {"ix_message_unread", "ix_remote_message_unread"}
"""Indexes that hold only what is unread."""
WHOLE = ("SELECT book_person.id, book_person.name \nFROM",)
"""To find somebody by name, all names are read: `persons.names`."""


@pytest.fixture(scope="module")
def core() -> Core:
    core = Core()
    core.do(fill)
    core.do(note_suggestions)
    return core


def fill(step: Step) -> None:
    """Each person is on three networks; with every tenth one the owner talks on one of them."""
    (owner,) = (accounts.find(step, account.account) for account in accounts.all_of(step))
    for number in range(PEOPLE):
        name = f"{number * 7919 % PEOPLE:05} Person"
        first = book.enter(step, "demo", f"u{number}", name, handle=f"u{number}@demo.example")
        for network in NETWORKS[1:]:
            book.enter(step, network, f"u{number}@{network}.example", name, person=first.person_id)
        ACTORS.add(step.tx, account_id=owner.id, remote_id=f"u{number}", name=name)
        if number % 10 == 0:
            room = ROOMS.add(
                step.tx,
                account_id=owner.id,
                remote_id=f"d{number}",
                private=False,
                partner=f"u{number}",
                last_at=number,
            )
            for place in range(3):
                REMOTE_MESSAGES.add(
                    step.tx,
                    conversation_id=room,
                    remote_id=f"n{place}",
                    mine=False,
                    place=f"{place}",
                    rank=0,
                    wall_s=number + place,
                    stored_at=number,
                    state="received",
                    unread=place == 2,
                )


def note_suggestions(step: Step) -> None:
    for number in range(0, 2_000, 2):
        one, other = (book.account(step, "demo", f"u{n}") for n in (number, number + 1))
        assert one is not None
        assert other is not None
        book_suggestions.suggest(step, one, other, Reason.SUGGESTED, "card")


def cpu_s(core: Core, look: Callable[[Step], object]) -> float:
    """The least of some runs: what else the machine does adds to it, and nothing takes away."""
    found = []
    for _ in range(5):
        began = time.process_time()
        core.do(look)
        found.append(time.process_time() - began)
    return min(found)


def test_screens_take_no_more_than_50_ms(core: Core) -> None:
    looks: dict[str, Callable[[Step], object]] = {
        "list": lambda step: persons.listed(step, limit=50),
        "list of 200": lambda step: persons.listed(step, limit=200),
        "further on": lambda step: persons.listed(step, after="p5000", limit=50),
        "show": lambda step: persons.person(step, "p4001"),
        "suggestions": lambda step: persons.suggestions(step, limit=50),
        "names": persons.names,
    }
    took = {name: cpu_s(core, look) for name, look in looks.items()}
    assert {name: s for name, s in took.items() if s > 0.05} == {}


def test_all_are_listed_once_in_the_order_of_names(core: Core) -> None:
    people = core.do(lambda step: list(persons.everybody(step)))
    assert len(people) == PEOPLE
    assert [person.name for person in people] == sorted(person.name for person in people)
    assert sum(person.unread for person in people) == PEOPLE // 10
    assert all(len(person.links) == 3 for person in people)


@contextmanager
def traced(core: Core) -> Iterator[set[str]]:
    """The statements that run meanwhile."""
    ran: set[str] = set()
    driver = core.disk.connection.connection.driver_connection
    assert driver is not None
    driver.set_trace_callback(ran.add)
    try:
        yield ran
    finally:
        driver.set_trace_callback(None)


def scans(core: Core, statements: set[str]) -> list[str]:
    found = []
    for statement in statements:
        if statement.split(None, 1)[0] not in {"SELECT", "UPDATE", "DELETE"} or statement.startswith(WHOLE):
            continue

        def plan(step: Step, asked: str = statement) -> list[tuple[object, ...]]:
            rows: list[tuple[object, ...]] = step.tx.driver.execute(f"EXPLAIN QUERY PLAN {asked}").fetchall()
            return rows

        for *_, said in core.do(plan):
            words = str(said).split()
            table = words[1] if words[0] == "SCAN" else ""
            if table in GROWING | {"a", "c", "r", "m"} and words[-1] not in COUNTED | ORDERED:
                found.append(f"{said}: {statement}")
    return found


ORDERED = {"ix_book_person_list", "ix_book_change_standing"}
"""Walked in their order from a place on, and left after a page."""


def test_no_statement_reads_all_of_them(core: Core) -> None:
    def live(step: Step) -> None:
        persons.listed(step, limit=20)
        persons.listed(step, after="p77", limit=20)
        persons.suggestions(step, limit=20)
        persons.person(step, "p11")
        (talk,) = talks.of(step, 11)
        row = talks.up_to(step, talk, None, 2)[0]
        talks.up_to(step, talk, talks.behind(row), 2)
        talks.after(step, talk, talks.behind(row), 2)
        change = book_changes.merge(step, "p11", "p12")
        book_changes.changes(step, person="p11")
        book_changes.changes(step)
        book_changes.undo(step, str(change))
        book_changes.split(step, "p11", [str(book.accounts_of(step, 11)[1].id)])
        book_changes.undo(step, book_changes.latest(step))
        book.rename(step, "p11", "Renamed")
        book.called(step, "demo", "u12", "Called")
        entered = book.enter(step, "demo", "new", "New", handle="u5@mail.example")
        book_suggestions.alike(step, entered)
        book.forget(step, entered.id)
        cards = vcard.read(
            b"BEGIN:VCARD\nVERSION:4.0\nFN:x\nEMAIL:u7@mail.example\nURL:https://a.b/@c\nEND:VCARD"
        )
        list(book_import.cards(step, cards))

    with traced(core) as ran:
        core.do(live)
    assert len(ran) > 40
    assert scans(core, ran) == []


def test_a_whole_table_would_be_noticed(core: Core) -> None:
    slow = "SELECT id FROM book_account WHERE cause = 'x'"
    assert scans(core, {slow}) == [f"SCAN book_account: {slow}"]


def test_an_address_book_is_tried_in_seconds(core: Core) -> None:
    one = "BEGIN:VCARD\nVERSION:4.0\nFN:Card {n}\nEMAIL:c{n}@a.example\nIMPP:xmpp:c{n}@b.example\nEND:VCARD\n"
    data = "".join(one.format(n=n) for n in range(1000)).encode()
    began = time.process_time()
    entries = list(vcard.read(data))
    view = core.do(lambda step: book_import.tried(step, lambda: book_import.cards(step, entries)))
    assert (view.new, view.skipped) == (1000, 0)
    assert time.process_time() - began < 5
