"""People are put together and taken apart, each time with a record by which it is undone (ADR 0030).

A change is a list of moves: what each account was, and what it is. It can be undone as long as no later one
has touched any of its people, so that undoing gives exactly what was there before. Nothing merges by itself
but what is proven both ways, and not against the owner's word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import bindparam

from ..domain.book import ChangeView, MovedView, Reason
from ..domain.ids import is_number, number_of
from ..errors import Conflict, NotFound, UsageError
from ..storage import book_tables as tables
from ..storage.book_shelves import (
    BOOK_ACCOUNTS,
    CHANGES,
    MOVES,
    PERSONS,
    BookAccount,
    Change,
)
from ..storage.shelf import Prepared
from . import book, book_suggestions
from .news import tell
from .step import Step

MAX_PAGE = 200
_c, _m = tables.book_change.c, tables.book_move.c
_PEOPLE = sa.union(
    sa.select(_m.from_person.label("id")).where(_m.change_id == bindparam("change")),
    sa.select(_m.to_person).where(_m.change_id == bindparam("change")),
).subquery()
_LATER = Prepared(
    sa.select(sa.func.max(_m.change_id)).where(
        _m.change_id > bindparam("change"),
        sa.or_(
            _m.from_person.in_(sa.select(_PEOPLE.c.id)),
            _m.to_person.in_(sa.select(_PEOPLE.c.id)),
        ),
        sa.exists().where(_c.id == _m.change_id, _c.undone_at.is_(None)),
    )
)
_LAST = Prepared(
    sa.select(*CHANGES.columns)
    .where(_c.id < bindparam("before"))
    .order_by(_c.id.desc())
    .limit(bindparam("n"))
)
_OF_PERSON = Prepared(
    sa.select(*CHANGES.columns)
    .where(
        _c.id.in_(
            sa.select(_m.change_id).where(
                sa.or_(_m.from_person == bindparam("person"), _m.to_person == bindparam("person"))
            )
        ),
        _c.id < bindparam("before"),
    )
    .order_by(_c.id.desc())
    .limit(bindparam("n"))
)
_NEWEST = Prepared(sa.select(*CHANGES.columns).where(_c.undone_at.is_(None)).order_by(_c.id.desc()).limit(1))


@dataclass(frozen=True, slots=True)
class _To:
    """What becomes of an account."""

    row: BookAccount
    person: int
    reason: Reason
    cause: str


def merge(
    step: Step,
    into: str,
    other: str,
    *,
    reason: Reason = Reason.SAID,
    cause: str = "owner",
) -> int:
    """Two people are one: the accounts of the other become the first's; the number of the change.

    Raises:
        NotFound: one of them is not there.
        Conflict: they are one already.
        UsageError: it would have more accounts than a person has.
    """
    first, second = book.find(step, into), book.find(step, other)
    if first.id == second.id:
        raise Conflict("they are one person already", hint="`swarmnode people show` says since when and why.")
    coming = book.accounts_of(step, second.id)
    if len(coming) + len(book.accounts_of(step, first.id)) > book.MAX_ACCOUNTS:
        raise UsageError(f"a person has {book.MAX_ACCOUNTS} accounts at most")
    moves = [
        _To(row, first.id, reason, cause)
        if row.reason == Reason.KNOWN
        else _To(row, first.id, Reason(row.reason), row.cause)
        for row in coming
    ]
    change = _record(step, "merge", cause, moves)
    PERSONS.change(step.tx, second.id, merged_into=first.id)
    _tell(step, first.id, second.id)
    return change


def accept(step: Step, suggestion: str) -> int:
    """A suggestion is right; the number of the merge. Raises as `book_suggestions.find` and `merge`."""
    one, other = book_suggestions.pair(step, book_suggestions.find(step, suggestion))
    into, gone = book.person_id(one.person_id), book.person_id(other.person_id)
    change = merge(step, into, gone, cause="suggestion")
    tell(step, "people.suggested", suggestion=suggestion)
    return change


def split(step: Step, person: str, links: Sequence[str]) -> int:
    """Some accounts of a person are somebody else's: a new person has them; the number of the change.

    What was proven was proven of accounts that may stand apart now, so on both sides only the owner's word is
    left. It counts for proofs to come, too: these accounts do not merge by themselves again.

    Raises:
        NotFound: there is no such person, or account of theirs.
        UsageError: all of their accounts, or none.
    """
    row = book.find(step, person)
    mine, going = book.accounts_of(step, row.id), book.links(step, row, list(links))
    gone = {account.id for account in going}
    staying = [account for account in mine if account.id not in gone]
    if not going or not staying:
        raise UsageError("somebody has to keep an account, and somebody to get one")
    called = book.clean_name(book_suggestions.name_of(step, going[0]) or going[0].remote_id)
    made = PERSONS.add(step.tx, name=called, sort=called.casefold(), created_at=step.wall_s)
    moves = [*_apart(going, made), *(to for to in _apart(staying, row.id) if _changes(to))]
    change = _record(step, "split", "owner", moves)
    book_suggestions.keep_apart(step, going, staying, change)
    _tell(step, row.id, made)
    return change


def _apart(accounts: list[BookAccount], person: int) -> list[_To]:
    """These accounts as a person of their own: the first that was known, or else the first, is known."""
    first = next((row for row in accounts if row.reason == Reason.KNOWN), accounts[0])
    return [
        _To(row, person, Reason.KNOWN, row.cause if row.reason == Reason.KNOWN else "")
        if row.id == first.id
        else _To(row, person, Reason.SAID, row.cause if row.reason == Reason.SAID else "owner")
        for row in accounts
    ]


def _changes(to: _To) -> bool:
    row = to.row
    return (row.person_id, row.reason, row.cause) != (to.person, to.reason.value, to.cause)


def undo(step: Step, change: str) -> ChangeView:
    """Make undone what a change did: its people are as they were before it.

    Raises:
        NotFound: there is none.
        Conflict: it is undone already, or a later change is about the same people: undo that one first.
    """
    row = _find(step, change)
    if row.undone_at is not None:
        raise Conflict("this is undone already")
    later = _LATER.scalar(step.tx, {"change": row.id})
    if later is not None:
        raise Conflict(
            f"change {later} is about the same people, and came later",
            hint="Undo that one first: `swarmnode people undo`.",
        )
    moves = MOVES.all(step.tx, change_id=row.id)
    people = {move.from_person for move in moves} | {move.to_person for move in moves}
    for move in moves:
        BOOK_ACCOUNTS.change(
            step.tx,
            move.account_id,
            person_id=move.from_person,
            reason=move.from_reason,
            cause=move.from_cause,
        )
    for person in (move.from_person for move in moves):
        PERSONS.change(step.tx, person, merged_into=None)
    CHANGES.change(step.tx, row.id, undone_at=step.wall_s)
    if row.kind == "split":
        made = next(move.to_person for move in moves if move.to_person != move.from_person)
        PERSONS.change(step.tx, made, merged_into=next(m.from_person for m in moves if m.to_person == made))
        people.discard(made)
        book_suggestions.no_longer_apart(step, row.id)
    view = view_of(step, _find(step, change))
    for person in sorted(people):
        book.tidy(step, person)
    return view


def learned(step: Step, one: BookAccount, other: BookAccount, reason: Reason, cause: str) -> None:
    """Something speaks for two accounts being one person's.

    Where they are, it is noted if it counts more than what was known. Where they are not, a proof both ways
    merges them, unless the owner has said that they are not; everything below that is a suggestion.
    """
    if one.person_id == other.person_id:
        weaker = one if other.reason == Reason.KNOWN else other
        if weaker.reason != Reason.KNOWN and reason.counts_more(Reason(weaker.reason)):
            BOOK_ACCOUNTS.change(step.tx, weaker.id, reason=reason.value, cause=cause)
            book.changed(step, weaker.person_id)
    elif (
        reason is not Reason.BOTH or book_suggestions.refused(step, one, other) or not fits(step, one, other)
    ):
        book_suggestions.suggest(step, one, other, reason, cause)
    else:
        merge(
            step, book.person_id(one.person_id), book.person_id(other.person_id), reason=reason, cause=cause
        )


def fits(step: Step, one: BookAccount, other: BookAccount) -> bool:
    """Whether two people together have no more accounts than a person has."""
    together = sum(len(book.accounts_of(step, row.person_id)) for row in (one, other))
    return together <= book.MAX_ACCOUNTS


# The record


def changes(
    step: Step, *, person: str = "", before: str = "", limit: int = 50
) -> tuple[list[ChangeView], str]:
    """Changes, of one person or of all, the last one first; and a cursor for earlier ones.

    Raises:
        NotFound, UsageError: no such person, no cursor.
    """
    if before and not is_number(before):
        raise UsageError(f"{before!r} is no cursor")
    limit = max(1, min(limit, MAX_PAGE))
    bound = {"before": int(before or "9" * 15), "n": limit}
    if person:
        rows = CHANGES.query(step.tx, _OF_PERSON, {**bound, "person": book.find(step, person).id})
    else:
        rows = CHANGES.query(step.tx, _LAST, bound)
    return [view_of(step, row) for row in rows], str(rows[-1].id) if len(rows) == limit else ""


def everything(step: Step) -> list[ChangeView]:
    """The whole record, from the first change on."""
    return [view_of(step, row) for row in CHANGES.all(step.tx)]


def view(step: Step, number: int) -> ChangeView:
    """One change."""
    return view_of(step, _find(step, str(number)))


def view_of(step: Step, row: Change) -> ChangeView:
    """A change as screens see it; reasons that changed without a move are not shown."""
    moved, people = [], dict[str, None]()
    for move in MOVES.all(step.tx, change_id=row.id):
        before, after = book.person_id(move.from_person), book.person_id(move.to_person)
        people |= {after: None, before: None}
        account = BOOK_ACCOUNTS.get(step.tx, move.account_id)
        if account is not None and before != after:
            address = account.address or book_suggestions.name_of(step, account) or account.remote_id
            moved.append(MovedView(str(account.id), account.network, address, before, after))
    return ChangeView(
        str(row.id), row.kind, row.cause, row.at, row.undone_at is not None, tuple(moved), tuple(people)
    )


def _find(step: Step, change: str) -> Change:
    row = CHANGES.get(step.tx, number_of(change))
    if row is None:
        raise NotFound("there is no such change", hint="`swarmnode people changes` lists them.")
    return row


def _record(step: Step, kind: str, cause: str, moves: Sequence[_To]) -> int:
    """Write down what is done, and do it."""
    change = CHANGES.add(step.tx, kind=kind, cause=cause, at=step.wall_s)
    for to in moves:
        MOVES.add(
            step.tx,
            change_id=change,
            account_id=to.row.id,
            from_person=to.row.person_id,
            to_person=to.person,
            from_reason=to.row.reason,
            from_cause=to.row.cause,
            to_reason=to.reason.value,
            to_cause=to.cause,
        )
        BOOK_ACCOUNTS.change(step.tx, to.row.id, person_id=to.person, reason=to.reason.value, cause=to.cause)
    return change


def _tell(step: Step, *people: int) -> None:
    for person in people:
        book.changed(step, person)


def latest(step: Step) -> str:
    """The id of the last change that is not undone.

    Raises:
        NotFound: there is none.
    """
    rows = CHANGES.query(step.tx, _NEWEST)
    if not rows:
        raise NotFound("there is nothing to undo")
    return str(rows[0].id)
