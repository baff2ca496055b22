"""What may leave: words of others only where they let them, and nothing in circles.

Both are looked at when something is about to be sent, not when it is written down: somebody may have said no
in between. A no counts until the same person says yes, and goes with them to another id.
"""

from __future__ import annotations

import msgspec

from swarm_bridges import api

from ...services.step import Step
from ...storage.bridge_shelves import ACTORS, CONSENTS, AccountRow, Intent, RemoteConversation
from . import accounts, people
from .packed import unpack

MAX_HOPS = 4
RELAY = "relay"
"""Saying somebody's words again in another place."""


class Provenance(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Where words that are not the owner's come from."""

    package: str
    author: str
    """Remote id."""
    message: str
    """Remote id."""
    hops: tuple[str, ...] = ()
    """Places that it went through, the first one first (`place`)."""


def place(row: AccountRow, room: RemoteConversation) -> str:
    """A place on a network, whichever account is there."""
    return f"{row.package} {room.remote_id}"


def record(step: Step, account: str, remote_id: str, verb: str, *, allowed: bool) -> None:
    """Somebody has said whether a thing may be done with their words, under whichever of their ids."""
    row = accounts.find(step, account)
    for name in sorted(_names(step, row, remote_id)):
        _put(step, row, name, verb, allowed=allowed)


def moved(step: Step, row: AccountRow, event: api.IdentityMoved) -> None:
    """Somebody has another id: what they said under the old one counts there too."""
    if event.proof == "mutual":
        for said in CONSENTS.all(step.tx, package=row.package, remote_id=event.old):
            known = CONSENTS.one(step.tx, package=row.package, remote_id=event.new, verb=said.verb)
            if known is None or not said.allowed:
                _put(step, row, event.new, said.verb, allowed=said.allowed)


def allows(step: Step, package: str, remote_id: str, verb: str) -> bool:
    """Whether somebody has allowed something; who said nothing has not."""
    said = CONSENTS.one(step.tx, package=package, remote_id=remote_id, verb=verb)
    return said is not None and said.allowed


def _put(step: Step, row: AccountRow, remote_id: str, verb: str, *, allowed: bool) -> None:
    CONSENTS.drop(step.tx, package=row.package, remote_id=remote_id, verb=verb)
    CONSENTS.add(
        step.tx, package=row.package, remote_id=remote_id, verb=verb, allowed=allowed, at=step.wall_s
    )


def refuses(step: Step, row: AccountRow, room: RemoteConversation, intent: Intent) -> str:
    """Why an intent must not leave: `loop` or `consent`; empty where it may."""
    if intent.provenance is None:
        return ""
    source = unpack(intent.provenance, Provenance)
    if place(row, room) in source.hops or len(source.hops) > MAX_HOPS:
        return "loop"
    return "" if allows(step, source.package, source.author, RELAY) else "consent"


def _names(step: Step, row: AccountRow, remote_id: str) -> set[str]:
    """All ids of somebody, as this account knows them."""
    actor = ACTORS.one(step.tx, account_id=row.id, remote_id=remote_id)
    if actor is None:
        return {remote_id}
    first = people.get(step, people.root(actor))
    others = ACTORS.all(step.tx, account_id=row.id, same_as=first.id)
    return {remote_id, first.remote_id, *(other.remote_id for other in others)}
