"""What may leave: words of others only where they let them, and nothing in circles (ADR 0034).

Both are looked at when something is about to be sent, not when it is written down: somebody may have said no
in between. Entries are about accounts by the network's immutable ids, so they outlast the account over which
they came and a new import; they go with somebody to another id, and count for all accounts of a person.
"""

from __future__ import annotations

import msgspec

from swarm_bridges import api

from ...domain.consent import Entry, Scope
from ...domain.consent import allows as allowed_by
from ...domain.consent import refuses as refused_by
from ...services import book
from ...services.step import Step
from ...storage.bridge_shelves import (
    ACCOUNTS,
    ACTORS,
    CONSENTS,
    FORWARDS,
    AccountRow,
    Intent,
    RemoteConversation,
)
from . import people
from .packed import pack, unpack

MAX_HOPS = 4
Account = tuple[str, str]
"""Somebody: a network's package, empty for personas, and an immutable id."""


class Provenance(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Where words that are not the owner's come from."""

    package: str
    """Empty for words of a contact over the node's own network."""
    author: str
    """Remote id, or a persona's in hex."""
    message: str
    """Remote id."""
    name: str = ""
    """What the author was called."""
    place: str = ""
    """The conversation in which they were said (`place`)."""
    public: bool = False
    """Everybody on that network could read them."""
    scope: str = Scope.FORWARD
    hops: tuple[str, ...] = ()
    """Places that it went through, the first one first."""


def place(package: str, remote_id: str) -> str:
    """A conversation, whichever account of the owner's is in it."""
    return f"{package} {remote_id}"


def record(step: Step, who: Account, scope: Scope, *, at: str = "", allowed: bool, own_word: bool) -> None:
    """Somebody has said whether their words may go elsewhere: it counts for each of their accounts."""
    for package, remote_id in sorted(accounts_of(step, who)):
        key = {"package": package, "remote_id": remote_id, "place": at, "scope": scope.value}
        CONSENTS.drop(step.tx, **key)
        CONSENTS.add(step.tx, **key, allowed=allowed, own_word=own_word, at=step.wall_s)


def moved(step: Step, row: AccountRow, event: api.IdentityMoved) -> None:
    """Somebody has another id: what they said under the old one counts there too."""
    if event.proof != "mutual":
        return
    for said in CONSENTS.all(step.tx, package=row.package, remote_id=event.old):
        key = {"package": row.package, "remote_id": event.new, "place": said.place, "scope": said.scope}
        known = CONSENTS.one(step.tx, **key)
        if known is None or not said.allowed:
            CONSENTS.drop(step.tx, **key)
            CONSENTS.add(step.tx, **key, allowed=said.allowed, own_word=said.own_word, at=said.at)


def allows(step: Step, who: Account, scope: Scope, at: str) -> bool:
    """Whether somebody's words, said at a place, may go elsewhere; who said nothing has not allowed it."""
    return allowed_by(_entries(step, who), scope, at)


def refused(step: Step, who: Account, scope: Scope, at: str) -> bool:
    """Whether somebody has said no to that, and it still stands."""
    return refused_by(_entries(step, who), scope, at)


def may_go(step: Step, source: Provenance, package: str) -> bool:
    """Whether words may go to a network now.

    What everybody could read on a network may go further there, as by a boost, unless its author said no.
    """
    who, scope = (source.package, source.author), Scope(source.scope)
    if source.public and source.package == package:
        return not refused(step, who, scope, source.place)
    return allows(step, who, scope, source.place)


def refuses(step: Step, row: AccountRow, room: RemoteConversation, intent: Intent) -> str:
    """Why an intent must not leave: `loop` or `consent`; empty where it may."""
    if intent.provenance is None:
        return ""
    source = unpack(intent.provenance, Provenance)
    if place(row.package, room.remote_id) in source.hops or len(source.hops) > MAX_HOPS:
        return "loop"
    return "" if may_go(step, source, row.package) else "consent"


def note(step: Step, message: str, source: Provenance) -> None:
    """A message of the owner holds words of somebody else: whoever passes it on passes on these."""
    FORWARDS.put(step.tx, message=message, provenance=pack(source))


def carried(step: Step, message: str) -> Provenance | None:
    """Whose words a message of the owner holds, if they are somebody else's."""
    found = FORWARDS.one(step.tx, message=message)
    return None if found is None else unpack(found.provenance, Provenance)


def _entries(step: Step, who: Account) -> list[Entry]:
    return [
        Entry(said.id, said.allowed, Scope(said.scope), said.place, said.own_word)
        for package, remote_id in accounts_of(step, who)
        for said in CONSENTS.all(step.tx, package=package, remote_id=remote_id)
    ]


def accounts_of(step: Step, who: Account) -> set[Account]:
    """All accounts of whoever has this one."""
    found = _ids(step, who)
    for package, remote_id in list(found):
        account = book.account(step, package, remote_id)
        for other in [] if account is None else book.accounts_of(step, account.person_id):
            found |= _ids(step, (other.network, other.remote_id))
    return found


def _ids(step: Step, who: Account) -> set[Account]:
    """All ids that somebody has had on a network, as far as an account of the owner's knows."""
    package, remote_id = who
    found = {who}
    for row in ACCOUNTS.all(step.tx, package=package) if package else []:
        actor = ACTORS.one(step.tx, account_id=row.id, remote_id=remote_id)
        if actor is not None:
            first = people.get(step, people.root(actor))
            others = ACTORS.all(step.tx, account_id=row.id, same_as=first.id)
            found |= {(package, known.remote_id) for known in (first, *others)}
    return found
