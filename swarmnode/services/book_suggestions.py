"""Who may be one person: what speaks for it is kept until the owner accepts it, or refuses it for good.

A name is never enough. What speaks for two accounts is an entry in an address book that names both (`card`),
the same address on two networks (`same-address`), or a proof that is not one of both ways.
"""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam

from ..domain.book import Reason
from ..domain.ids import number_of
from ..errors import Conflict, NotFound
from ..storage import book_tables as tables
from ..storage.book_shelves import BOOK_ACCOUNTS, SUGGESTIONS, BookAccount, SuggestionRow
from ..storage.bridge_shelves import ACTORS, RemoteActor
from ..storage.bridge_tables import bridge_account, remote_actor
from ..storage.shelf import Prepared
from ..storage.shelves import CONTACTS
from .news import tell
from .step import Step

MAX_ALIKE = 8
"""Accounts with one address that are compared with a new one: a hostile network cannot make many."""
_s = tables.book_suggestion.c
_one, _other = tables.book_account.alias("one"), tables.book_account.alias("other")
OPEN = Prepared(
    sa.select(*SUGGESTIONS.columns)
    .select_from(
        tables.book_suggestion.join(_one, _one.c.id == _s.one_id).join(_other, _other.c.id == _s.other_id)
    )
    .where(
        sa.text("NOT book_suggestion.refused"),
        _s.id > bindparam("after"),
        _one.c.person_id != _other.c.person_id,
    )
    .order_by(_s.id)
    .limit(bindparam("n"))
)
_a = tables.book_account.c
_ALIKE = Prepared(
    sa.select(*BOOK_ACCOUNTS.columns)
    .where(_a.address == bindparam("address"), _a.network != bindparam("network"))
    .order_by(_a.id)
    .limit(MAX_ALIKE)
)
_ACTOR = Prepared(
    sa.select(*ACTORS.columns)
    .join(bridge_account, bridge_account.c.id == remote_actor.c.account_id)
    .where(
        bridge_account.c.package == bindparam("network"),
        remote_actor.c.remote_id == bindparam("remote_id"),
    )
    .order_by(remote_actor.c.name == sa.literal_column("''"), remote_actor.c.id)
    .limit(sa.literal_column("1"))
)


def suggest(step: Step, one: BookAccount, other: BookAccount, reason: Reason, cause: str) -> None:
    """Note that two accounts may be one person's; a refusal stands, and better reasons replace others."""
    first, second = sorted((one.id, other.id))
    row = SUGGESTIONS.one(step.tx, one_id=first, other_id=second)
    if row is None:
        number = SUGGESTIONS.add(
            step.tx, one_id=first, other_id=second, reason=reason.value, cause=cause, at=step.wall_s
        )
        tell(step, "people.suggested", suggestion=str(number))
    elif not row.refused and reason.counts_more(Reason(row.reason)):
        SUGGESTIONS.change(step.tx, row.id, reason=reason.value, cause=cause, at=step.wall_s)
        tell(step, "people.suggested", suggestion=str(row.id))


def alike(step: Step, row: BookAccount) -> None:
    """Suggest accounts of other networks with the same address as one that has come in."""
    if row.address is None:
        return
    for other in BOOK_ACCOUNTS.query(step.tx, _ALIKE, {"address": row.address, "network": row.network}):
        if other.person_id != row.person_id:
            suggest(step, row, other, Reason.SUGGESTED, "same-address")


def refused(step: Step, one: BookAccount, other: BookAccount) -> bool:
    """Whether the owner has said that these are not one person's."""
    first, second = sorted((one.id, other.id))
    row = SUGGESTIONS.one(step.tx, one_id=first, other_id=second)
    return row is not None and row.refused


def find(step: Step, suggestion: str) -> SuggestionRow:
    """An open suggestion.

    Raises:
        NotFound: there is none.
        Conflict: it is accepted or refused already.
    """
    row = SUGGESTIONS.get(step.tx, number_of(suggestion))
    if row is None:
        raise NotFound("there is no such suggestion", hint="`swarmnode people suggestions` lists them.")
    one, other = pair(step, row)
    if row.refused or one.person_id == other.person_id:
        raise Conflict("this suggestion is settled already")
    return row


def pair(step: Step, row: SuggestionRow) -> tuple[BookAccount, BookAccount]:
    """The two accounts that a suggestion is about."""
    one, other = BOOK_ACCOUNTS.get(step.tx, row.one_id), BOOK_ACCOUNTS.get(step.tx, row.other_id)
    assert one is not None
    assert other is not None
    return one, other


def refuse(step: Step, suggestion: str) -> None:
    """These are not one person, whatever speaks for it from now on. Raises as `find`."""
    row = find(step, suggestion)
    SUGGESTIONS.change(step.tx, row.id, refused=True)
    tell(step, "people.suggested", suggestion=str(row.id))


def keep_apart(step: Step, some: Sequence[BookAccount], others: Sequence[BookAccount], change: int) -> None:
    """The owner has taken these accounts apart: nothing puts them together by itself, or suggests it."""
    for one in some:
        for other in others:
            first, second = sorted((one.id, other.id))
            row = SUGGESTIONS.one(step.tx, one_id=first, other_id=second)
            if row is None:
                SUGGESTIONS.add(
                    step.tx,
                    one_id=first,
                    other_id=second,
                    reason=Reason.SUGGESTED.value,
                    cause="split",
                    refused=True,
                    change_id=change,
                    at=step.wall_s,
                )
            elif not row.refused:
                SUGGESTIONS.change(step.tx, row.id, refused=True, change_id=change)


def no_longer_apart(step: Step, change: int) -> None:
    """The split that kept accounts apart is undone."""
    for row in SUGGESTIONS.all(step.tx, change_id=change):
        if row.cause == "split":
            SUGGESTIONS.drop(step.tx, id=row.id)
        else:
            SUGGESTIONS.change(step.tx, row.id, refused=False, change_id=None)


# How accounts are called


def actor_of(step: Step, row: BookAccount) -> RemoteActor | None:
    """Somebody as one of the owner's accounts on that network knows them."""
    found = ACTORS.query(step.tx, _ACTOR, {"network": row.network, "remote_id": row.remote_id})
    return found[0] if found else None


def name_of(step: Step, row: BookAccount) -> str:
    """What an account is called on its network; empty where nobody knows."""
    if row.contact_id is not None:
        contact = CONTACTS.get(step.tx, row.contact_id)
        return "" if contact is None else contact.name
    actor = None if not row.network else actor_of(step, row)
    return "" if actor is None else actor.name or actor.handle
