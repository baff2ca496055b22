"""The address book: who is in it, and which accounts are theirs (ADR 0030).

Whoever is a contact, or talks with the owner one to one on a network, is in it, as is whom an address book of
the owner's names. Each account belongs to one person; how people are put together and taken apart again is
in `book_changes`. A person is called as the owner says, or else as their first account is.
"""

from __future__ import annotations

import re

import sqlalchemy as sa
from sqlalchemy import bindparam

from ..domain.book import PERSON, Reason, is_person
from ..domain.ids import number_of
from ..errors import Conflict, NotFound, UsageError
from ..storage import book_tables as tables
from ..storage.book_shelves import BOOK_ACCOUNTS, CHANGES, MOVES, PERSONS, BookAccount, PersonRow
from ..storage.bridge_tables import bridge_account, remote_actor
from ..storage.shelf import Prepared
from ..storage.shelves import CONTACTS
from . import book_suggestions
from .news import tell
from .step import Step

MAX_NAME = 64
MAX_ACCOUNTS = 64
"""Of one person."""
_ADDRESS = re.compile(r"[^@\s/]+@[^@\s/]+")
_b, _r = bridge_account, remote_actor.c
_c = tables.book_change.c
_m = tables.book_move.c
_CHANGES_WITHOUT_MOVES = Prepared(
    sa.delete(tables.book_change).where(
        _c.id == bindparam("change"), ~sa.exists().where(_m.change_id == bindparam("change"))
    )
)
_CHANGES_OF = Prepared(
    sa.select(_m.change_id)
    .where(sa.or_(_m.from_person == bindparam("person"), _m.to_person == bindparam("person")))
    .distinct()
)


def person_id(number: int) -> str:
    """A person's id on screens."""
    return f"{PERSON}{number}"


def find(step: Step, person: str) -> PersonRow:
    """A person by their id on screens; who became part of another one is found there.

    Raises:
        NotFound: there is none.
    """
    row = PERSONS.get(step.tx, int(person[1:])) if is_person(person) else None
    while row is not None and row.merged_into is not None:
        row = PERSONS.get(step.tx, row.merged_into)
    if row is None:
        raise NotFound("there is no such person", hint="`swarmnode people list` shows them.")
    return row


def accounts_of(step: Step, person: int) -> list[BookAccount]:
    """The accounts of a person, in the order in which they came into the book."""
    return BOOK_ACCOUNTS.all(step.tx, person_id=person)


def account(step: Step, network: str, remote_id: str) -> BookAccount | None:
    """An account, if it is in the book."""
    return BOOK_ACCOUNTS.one(step.tx, network=network, remote_id=remote_id)


def of_contact(step: Step, contact_id: int | None) -> str:
    """The id of the person that a contact is; empty where there is none."""
    row = None if contact_id is None else BOOK_ACCOUNTS.one(step.tx, contact_id=contact_id)
    return "" if row is None else person_id(row.person_id)


def of_account(step: Step, network: str, remote_id: str | None) -> str:
    """The id of the person whose account on a network this is; empty where there is none."""
    row = None if remote_id is None else account(step, network, remote_id)
    return "" if row is None else person_id(row.person_id)


# Who comes in, and what they are called


def met(step: Step, contact_id: int) -> None:
    """There is a new contact."""
    contact = CONTACTS.get(step.tx, contact_id)
    assert contact is not None
    enter(step, "", contact.persona_id.hex(), contact.name, contact_id=contact_id)


def complete(step: Step) -> None:
    """See that all contacts are in the book: a backup may be older than it."""
    for contact in CONTACTS.all(step.tx):
        if not of_contact(step, contact.id):
            met(step, contact.id)


def enter(
    step: Step,
    network: str,
    remote_id: str,
    name: str,
    *,
    handle: str = "",
    contact_id: int | None = None,
    person: int | None = None,
    cause: str = "",
    named: bool = False,
) -> BookAccount:
    """The account, put into the book where it is not in it: as somebody new, or (`person`) as theirs.

    `named`: the owner gave the name. `cause` is why the account is that person's.
    """
    row = account(step, network, remote_id)
    if row is not None:
        if handle and row.address is None:
            BOOK_ACCOUNTS.change(step.tx, row.id, address=address_of(remote_id, handle))
        return row
    reason = Reason.KNOWN if person is None else Reason.SAID
    if person is None:
        called = clean_name(name) or clean_name(handle) or clean_name(remote_id)
        person = PERSONS.add(
            step.tx, name=called, sort=called.casefold(), named=named, created_at=step.wall_s
        )
    made = BOOK_ACCOUNTS.make(
        step.tx,
        person_id=person,
        network=network,
        remote_id=remote_id,
        contact_id=contact_id,
        address=address_of(remote_id, handle) if network else None,
        carded=cause == "card",
        reason=reason.value,
        cause=cause,
        at=step.wall_s,
    )
    changed(step, person)
    return made


def called(step: Step, network: str, remote_id: str, name: str, handle: str = "") -> None:
    """An account is called so now; so is its person, if the owner gave no name and knows them by it."""
    row = account(step, network, remote_id)
    name = clean_name(name)
    if row is None:
        return
    address = address_of(remote_id, handle) if network else None
    if address is not None and address != row.address:
        BOOK_ACCOUNTS.change(step.tx, row.id, address=address)
    person = PERSONS.get(step.tx, row.person_id)
    if (
        person is not None
        and not person.named
        and row.reason == Reason.KNOWN
        and name not in {"", person.name}
    ):
        PERSONS.change(step.tx, person.id, name=name, sort=name.casefold())
        changed(step, person.id)


def rename(step: Step, person: str, name: str) -> None:
    """Call a person something else, here alone; an empty name takes that of their first account again.

    Raises:
        UsageError: it is no name.
    """
    row, name = find(step, person), name.strip()
    if len(name) > MAX_NAME or not name.isprintable():
        raise UsageError("a name has 1 to 64 printable characters")
    first = next(account for account in accounts_of(step, row.id) if account.reason == Reason.KNOWN)
    named, shown = bool(name), name or _name_of(step, first)
    PERSONS.change(step.tx, row.id, name=shown, sort=shown.casefold(), named=named)
    changed(step, row.id)


def prefer(step: Step, person: str, link: str) -> None:
    """Write to a person on this account of theirs from now on; an empty one leaves it to the rule.

    Raises:
        NotFound: it is no account of theirs.
    """
    row = find(step, person)
    PERSONS.change(step.tx, row.id, preferred=_link(step, row, link).id if link else None)
    changed(step, row.id)


def _link(step: Step, person: PersonRow, link: str) -> BookAccount:
    row = BOOK_ACCOUNTS.get(step.tx, number_of(link))
    if row is None or row.person_id != person.id:
        raise NotFound(
            "this person has no such account", hint="`swarmnode people show` lists a person's accounts."
        )
    return row


def links(step: Step, person: PersonRow, wanted: list[str]) -> list[BookAccount]:
    """Accounts of a person by their ids; raises NotFound."""
    return [_link(step, person, link) for link in dict.fromkeys(wanted)]


# Who goes


def forget(step: Step, account_id: int) -> None:
    """Take an account out of the book, with what was noted about it; who has no other one is gone."""
    row = BOOK_ACCOUNTS.get(step.tx, account_id)
    if row is None:
        return
    touched = [move.change_id for move in MOVES.all(step.tx, account_id=row.id)]
    BOOK_ACCOUNTS.drop(step.tx, id=row.id)
    for change in touched:
        _CHANGES_WITHOUT_MOVES.run(step.tx, {"change": change})
    tidy(step, row.person_id)


def forget_contact(step: Step, contact_id: int) -> None:
    """A contact is removed."""
    row = BOOK_ACCOUNTS.one(step.tx, contact_id=contact_id)
    if row is not None:
        forget(step, row.id)


def forget_network(step: Step, network: str) -> None:
    """An account of the owner's is gone: so is who was known by it alone, and stands in no file of theirs."""
    for row in BOOK_ACCOUNTS.all(step.tx, network=network):
        if not row.carded and not known(step, row):
            forget(step, row.id)


def forget_imported(step: Step, person: str) -> None:
    """Forget what of a person came out of a file of the owner's alone.

    Raises:
        Conflict: there is nothing of that kind.
    """
    row = find(step, person)
    mine = [account for account in accounts_of(step, row.id) if account.carded and not known(step, account)]
    if not mine:
        raise Conflict(
            "this person is here as a contact, or by an account of yours",
            hint="Remove that: `swarmnode contacts remove`, `swarmnode bridge remove`.",
        )
    for account in mine:
        forget(step, account.id)


_KNOWN = Prepared(
    sa.select(_r.id)
    .join(_b, _b.c.id == _r.account_id)
    .where(_b.c.package == bindparam("network"), _r.remote_id == bindparam("remote_id"))
    .limit(1)
)


def known(step: Step, row: BookAccount) -> bool:
    """Whether a contact, or an account of the owner's, knows this account: it is not in a file alone."""
    if row.contact_id is not None:
        return True
    return _KNOWN.scalar(step.tx, {"network": row.network, "remote_id": row.remote_id}) is not None


def tidy(step: Step, person: int) -> None:
    """See to a person whose accounts changed: exactly one is the first; without any they are gone."""
    left = accounts_of(step, person)
    if not left:
        _remove(step, person)
        return
    first, *others = [row for row in left if row.reason == Reason.KNOWN] or left
    BOOK_ACCOUNTS.change(step.tx, first.id, reason=Reason.KNOWN.value, cause="")
    for row in others if first.reason == Reason.KNOWN else []:
        BOOK_ACCOUNTS.change(step.tx, row.id, reason=Reason.SAID.value, cause="owner")
    whose = PERSONS.get(step.tx, person)
    if whose is not None and not whose.named:  # or the name of an account that is gone would stay
        name = _name_of(step, first)
        PERSONS.change(step.tx, person, name=name, sort=name.casefold())
    changed(step, person)


def _remove(step: Step, person: int) -> None:
    """A person is gone; so are those who became part of them, and what could only be undone with them."""
    for change, *_ in _CHANGES_OF.rows(step.tx, {"person": person}):
        CHANGES.drop(step.tx, id=change)
    for before in PERSONS.all(step.tx, merged_into=person):
        _remove(step, before.id)
    if PERSONS.drop(step.tx, id=person):
        tell(step, "people.removed", person=person_id(person))


def changed(step: Step, person: int) -> None:
    """Tell screens that a person is another one now."""
    tell(step, "people.changed", person=person_id(person))


# Names and addresses


def clean_name(text: str) -> str:
    """A name as one line that can be printed, of 64 characters at most."""
    return "".join(c if c.isprintable() else " " for c in text).strip()[:MAX_NAME].strip()


def _name_of(step: Step, row: BookAccount) -> str:
    """What a person is called after an account."""
    return clean_name(book_suggestions.name_of(step, row) or row.remote_id)


def address_of(remote_id: str, handle: str) -> str | None:
    """The address `name@host` of an account, folded to compare; None where it has none of that form."""
    for text in (handle, remote_id):
        bare = text.strip().removeprefix("acct:").removeprefix("mailto:").removeprefix("xmpp:").lstrip("@")
        if len(bare) <= 320 and _ADDRESS.fullmatch(bare):
            return bare.casefold()
    return None
