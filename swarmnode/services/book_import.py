"""Address books come in: files of the owner's, and the contact lists of networks (ADR 0030).

An entry of which nothing is known makes one person. Where one of its accounts is known, the others become a
person beside that one, and that both are the same is a suggestion: an entry does not merge people.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy import bindparam

from ..domain.book import ImportedView, ImportView, Reason
from ..storage import book_tables as tables
from ..storage.book_shelves import BOOK_ACCOUNTS, PERSONS, BookAccount
from ..storage.shelf import Prepared, one_of
from . import book, book_changes, book_suggestions, vcard
from .step import Step
from .vcard import Broken, Card

_a = tables.book_account.c
_LAST_PERSON = Prepared(sa.select(sa.func.max(tables.book_person.c.id)))
_BY_HANDLE = Prepared(
    sa.select(*BOOK_ACCOUNTS.columns)
    .where(_a.address == bindparam("address"), sa.not_(one_of(_a.network, ("", *vcard.SCHEMES.values()))))
    .order_by(_a.id)
    .limit(2)
)
"""Of networks whose addresses are their ids, an entry has named the account itself."""


def cards(step: Step, entries: Iterable[Card | Broken]) -> Iterator[ImportedView]:
    """Take entries of a file in; what became of each."""
    for entry in entries:
        if isinstance(entry, Broken):
            yield ImportedView("", "skipped", why=entry.why, line=entry.line)
        else:
            yield _card(step, entry)


def _card(step: Step, card: Card) -> ImportedView:
    there, new = list[BookAccount](), list[tuple[str, str]]()
    for network, remote_id in card.accounts:
        row = book.account(step, network, remote_id)
        if row is None:
            new.append((network, remote_id))
        else:
            there.append(row)
    for handle in card.handles:
        found = BOOK_ACCOUNTS.query(step.tx, _BY_HANDLE, {"address": handle})
        there += found if len(found) == 1 else []
    name, addresses = book.clean_name(card.name), tuple(remote_id for _, remote_id in card.accounts)
    if not there and not new:
        return ImportedView(name, "skipped", why="no-address", line=card.line)
    for row in there:
        BOOK_ACCOUNTS.change(step.tx, row.id, carded=True)
    made = _somebody(step, name, new[: book.MAX_ACCOUNTS])
    outcome = "new" if not there else "known"
    concerned = dict.fromkeys(book.person_id(row.person_id) for row in (*there, *made[:1]))
    first, *others = (*there, *made[:1])
    for other in others:
        if other.person_id != first.person_id and not book_suggestions.refused(step, first, other):
            book_changes.learned(step, first, other, Reason.SUGGESTED, "card")
            outcome = "suggested"
    for row in made:
        book_suggestions.alike(step, row)
    return ImportedView(name, outcome, addresses, tuple(concerned), line=card.line)


def _somebody(step: Step, name: str, accounts: list[tuple[str, str]]) -> list[BookAccount]:
    """A person that nobody knew yet."""
    made = list[BookAccount]()
    for network, remote_id in accounts:
        person = made[0].person_id if made else None
        made.append(book.enter(step, network, remote_id, name, person=person, cause="card", named=bool(name)))
    return made


def contact_list(step: Step, network: str, people: Iterable[tuple[str, str, str]]) -> Iterator[ImportedView]:
    """Take the contact list of a network in: remote ids, names and handles."""
    for remote_id, name, handle in people:
        before = book.account(step, network, remote_id)
        row = book.enter(step, network, remote_id, name, handle=handle)
        if before is None:
            book_suggestions.alike(step, row)
        person = PERSONS.get(step.tx, row.person_id)
        assert person is not None
        yield ImportedView(
            book.clean_name(name) or person.name,
            "new" if before is None else "known",
            (handle or remote_id,),
            (book.person_id(row.person_id),),
        )


class _TakenBack(Exception):
    """Ends an attempt."""


def tried(step: Step, take: Callable[[], Iterable[ImportedView]]) -> ImportView:
    """What an import would do: it is done, and taken back. Of people, those that were there are named."""
    effects, last = len(step.effects), _LAST_PERSON.scalar(step.tx) or 0
    items = list[ImportedView]()
    with suppress(_TakenBack), step.tx.attempt():
        items += take()
        raise _TakenBack
    del step.effects[effects:]
    shown = (
        replace(item, people=tuple(person for person in item.people if int(person[1:]) <= last))
        for item in items
    )
    return summary(shown, dry_run=True)


def summary(items: Iterable[ImportedView], *, dry_run: bool) -> ImportView:
    """What an import did, counted."""
    listed = tuple(items)
    counts = Counter(item.outcome for item in listed)
    return ImportView(dry_run, counts["new"], counts["known"], counts["suggested"], counts["skipped"], listed)
