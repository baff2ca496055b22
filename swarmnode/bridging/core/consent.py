"""What may leave: words of others only where they let them, and nothing in circles.

Both are looked at when something is about to be sent, not when it is written down: somebody may have said no
in between. A no counts until the same person says yes, and goes with them to another id.
"""

from __future__ import annotations

import msgspec

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
    """Somebody has said whether a thing may be done with their words."""
    row = accounts.find(step, account)
    CONSENTS.drop(step.tx, package=row.package, remote_id=remote_id, verb=verb)
    CONSENTS.add(
        step.tx, package=row.package, remote_id=remote_id, verb=verb, allowed=allowed, at=step.wall_s
    )


def allows(step: Step, package: str, remote_id: str, verb: str) -> bool:
    """Whether somebody has allowed something, under any of their ids, and not refused it under another."""
    said = [
        consent.allowed
        for name in _names(step, remote_id)
        for consent in CONSENTS.all(step.tx, package=package, remote_id=name, verb=verb)
    ]
    return bool(said) and all(said)


def refuses(step: Step, row: AccountRow, room: RemoteConversation, intent: Intent) -> str:
    """Why an intent must not leave: `loop` or `consent`; empty where it may."""
    if intent.provenance is None:
        return ""
    source = unpack(intent.provenance, Provenance)
    if place(row, room) in source.hops or len(source.hops) > MAX_HOPS:
        return "loop"
    return "" if allows(step, source.package, source.author, RELAY) else "consent"


def _names(step: Step, remote_id: str) -> set[str]:
    """All ids of somebody, as any account knows them."""
    names = {remote_id}
    for row in ACTORS.all(step.tx, remote_id=remote_id):
        root = people.get(step, people.root(row))
        names.add(root.remote_id)
        names.update(other.remote_id for other in ACTORS.all(step.tx, same_as=root.id))
    return names
