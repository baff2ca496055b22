"""Invitations into conversations of networks. Such a one is in the lists, and the owner is not in it yet.

Strangers invite too. So an invitation counts as no unread message, puts nobody into the address book, and
leaves nothing here once it is over, if nothing was said there before.
"""

from __future__ import annotations

import msgspec

from swarm_bridges import api

from ...domain.views import InvitationView
from ...services.news import tell
from ...services.step import Step
from ...storage.bridge_shelves import ACTORS, REMOTE_MESSAGES, ROOMS, RemoteConversation
from . import bounds, people
from .packed import pack, unpack


def of(room: RemoteConversation) -> api.Invitation | None:
    """What the owner has not answered yet."""
    return None if room.invitation is None else unpack(room.invitation, api.Invitation)


def column(given: api.Invitation | None) -> bytes | None:
    """As it lies in a row: what people wrote is cut."""
    return None if given is None else pack(msgspec.structs.replace(given, words=bounds.name(given.words)))


def view(step: Step, room: RemoteConversation) -> InvitationView | None:
    """What screens show of it."""
    if (given := of(room)) is None:
        return None
    who = given.by.remote_id if given.by is not None else ""
    row = ACTORS.one(step.tx, account_id=room.account_id, remote_id=who) if who else None
    return InvitationView(
        by_name=who[: bounds.MAX_NAME] if row is None else people.label(row),
        by_handle="" if row is None else row.handle,
        vouched=given.vouched,
        words=given.words,
    )


def over(step: Step, room: RemoteConversation) -> bool:
    """It was declined or withdrawn, after the row was marked so. Whether the conversation is still there."""
    if REMOTE_MESSAGES.count(step.tx, conversation_id=room.id):
        return True
    if room.draft_id is not None:
        step.tx.bodies.shred([room.draft_id])
    ROOMS.drop(step.tx, id=room.id)
    return False


def changed(step: Step, chat: str) -> None:
    """Tell screens that there is one, or that it is settled."""
    tell(step, "chat.invited", chat=chat)
