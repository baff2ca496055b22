"""10,000 people with 30,000 accounts: screens read a page of them, and no statement reads them all."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from book_fill import PEOPLE, fill, note_suggestions
from bridge_core_world import Core
from query_plans import scans, traced

from swarmnode.bridging.core import persons, talks
from swarmnode.services import book, book_changes, book_import, book_suggestions, vcard
from swarmnode.services.step import Step

GROWING = {
    *("book_person", "book_account", "book_change", "book_move", "book_suggestion", "contact"),
    *("conversation", "message", "remote_actor", "remote_conversation", "remote_message"),
    *("a", "c", "r", "m"),  # as statements call them
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

    with traced(core.disk) as ran:
        core.do(live)
    assert len(set(ran)) > 40
    often = (statement for statement in ran if not statement.startswith(WHOLE))
    assert scans(core.disk, often, GROWING, COUNTED | ORDERED) == []


def test_a_whole_table_would_be_noticed(core: Core) -> None:
    slow = "SELECT id FROM book_account WHERE cause = 'x'"
    assert scans(core.disk, [slow], GROWING, COUNTED) == [f"SCAN book_account: {slow}"]


def test_an_address_book_is_tried_in_seconds(core: Core) -> None:
    one = "BEGIN:VCARD\nVERSION:4.0\nFN:Card {n}\nEMAIL:c{n}@a.example\nIMPP:xmpp:c{n}@b.example\nEND:VCARD\n"
    data = "".join(one.format(n=n) for n in range(1000)).encode()
    began = time.process_time()
    entries = list(vcard.read(data))
    view = core.do(lambda step: book_import.tried(step, lambda: book_import.cards(step, entries)))
    assert (view.new, view.skipped) == (1000, 0)
    assert time.process_time() - began < 15
