"""Those whom a network knows, by its immutable ids: how they are called, and who is who after a move."""

from __future__ import annotations

from swarm_bridges import api

from ...domain.book import Reason
from ...services import book, book_changes, book_suggestions
from ...services.news import tell
from ...services.step import Step
from ...storage.book_shelves import BookAccount
from ...storage.bridge_shelves import ACCOUNTS, ACTORS, AccountRow, RemoteActor
from . import bounds
from .packed import pack


def of(step: Step, account_id: int, actor: api.Actor) -> RemoteActor:
    """The row of somebody; made where there is none."""
    row = ACTORS.one(step.tx, account_id=account_id, remote_id=actor.remote_id)
    if row is None:
        return ACTORS.make(step.tx, account_id=account_id, remote_id=actor.remote_id, owner=actor.is_owner)
    if actor.is_owner and not row.owner:
        ACTORS.change(step.tx, row.id, owner=True)
        row = get(step, row.id)
    return row


def get(step: Step, actor_id: int) -> RemoteActor:
    """Somebody who is there."""
    row = ACTORS.get(step.tx, actor_id)
    assert row is not None
    return row


def owner(step: Step, account: AccountRow) -> RemoteActor:
    """The owner, as this account's network knows them."""
    return of(step, account.id, api.Actor(account.remote_id, is_owner=True))


def root(row: RemoteActor) -> int:
    """What two ids of one person have in common."""
    return row.id if row.same_as is None else row.same_as


def seen(step: Step, account_id: int, event: api.ActorSeen) -> None:
    """How somebody is called and looks."""
    row = of(step, account_id, event.actor)
    ACTORS.change(
        step.tx,
        row.id,
        name=bounds.name(event.name),
        handle=bounds.name(event.handle),
        url=event.url[: bounds.MAX_ID],
        avatar=None if event.avatar is None else pack(event.avatar),
        bot=event.bot,
    )
    package = _package(step, account_id)
    book.called(step, package, event.actor.remote_id, event.name or event.handle, bounds.name(event.handle))
    entered = book.account(step, package, event.actor.remote_id)
    if entered is not None:
        book_suggestions.alike(step, entered)


def enter(step: Step, account_id: int, remote_id: str) -> BookAccount:
    """Somebody whom the owner talks with, put into the address book where they are not in it."""
    row = ACTORS.one(step.tx, account_id=account_id, remote_id=remote_id)
    name, handle = ("", "") if row is None else (row.name, row.handle)
    entered = book.enter(step, _package(step, account_id), remote_id, name, handle=handle)
    book_suggestions.alike(step, entered)
    return entered


def _package(step: Step, account_id: int) -> str:
    account = ACCOUNTS.get(step.tx, account_id)
    assert account is not None
    return account.package


def moved(step: Step, account_id: int, account: str, event: api.IdentityMoved) -> None:
    """Somebody has another id, if both ids say so; what one alone claims is told to the owner."""
    match event.proof:
        case "same_id":
            for row in ACTORS.all(step.tx, account_id=account_id, handle=bounds.name(event.old)):
                ACTORS.change(step.tx, row.id, handle=bounds.name(event.new))
                book.called(step, _package(step, account_id), row.remote_id, row.name, bounds.name(event.new))
        case "mutual":
            old = of(step, account_id, api.Actor(event.old))
            new = of(step, account_id, api.Actor(event.new))
            if root(old) != root(new) and new.same_as is None:
                ACTORS.change(step.tx, new.id, same_as=root(old))
                _moved_in_book(step, account_id, old, new)
        case _:
            tell(step, "bridge.claim", account=account)


def _moved_in_book(step: Step, account_id: int, old: RemoteActor, new: RemoteActor) -> None:
    """Both ids say that they are one: so the address book has them as one, if it has either."""
    package = _package(step, account_id)
    if any(book.account(step, package, row.remote_id) for row in (old, new)):
        one, other = (enter(step, account_id, row.remote_id) for row in (old, new))
        book_changes.learned(step, one, other, Reason.BOTH, "moved")


def label(row: RemoteActor) -> str:
    """What somebody is called on screens."""
    return row.name or row.handle or row.remote_id[: bounds.MAX_NAME]
