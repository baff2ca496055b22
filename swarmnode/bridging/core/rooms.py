"""Conversations of networks: rooms, direct talks, timelines. On screens their ids begin with `b`."""

from __future__ import annotations

from swarm_bridges import api
from swarm_bridges.notices import title_of

from ...domain.bridge_views import is_remote
from ...errors import NotFound
from ...services.step import Step
from ...storage.bridge_shelves import ROOMS, RemoteConversation
from . import bounds, invitations, people
from .packed import ordered, pack, texts

PREFIX = "b"
KINDS = frozenset({"direct", "group", "channel", "timeline", "notifications", "list", "feed"})


def chat_id(room_id: int) -> str:
    """A conversation's id on screens."""
    return f"{PREFIX}{room_id}"


def find(step: Step, chat: str) -> RemoteConversation:
    """A conversation by its id on screens.

    Raises:
        NotFound: there is none.
    """
    row = ROOMS.get(step.tx, int(chat[1:])) if is_remote(chat) else None
    if row is None:
        raise NotFound("there is no such conversation", hint="`swarmnode conversations` lists them.")
    return row


def get(step: Step, room_id: int) -> RemoteConversation:
    """A conversation that is there."""
    row = ROOMS.get(step.tx, room_id)
    assert row is not None
    return row


def of(step: Step, account_id: int, ref: api.ConversationRef) -> RemoteConversation:
    """The row of a conversation; made where there is none."""
    found = ROOMS.one(step.tx, account_id=account_id, remote_id=ref.remote_id, private=ref.private)
    return found or ROOMS.make(
        step.tx, account_id=account_id, remote_id=ref.remote_id, private=ref.private, last_at=step.wall_s
    )


def ref(room: RemoteConversation) -> api.ConversationRef:
    """What the network calls it."""
    return api.ConversationRef(room.remote_id, room.private)


def seen(step: Step, account_id: int, event: api.ConversationSeen) -> RemoteConversation:
    """A conversation is there, and the owner is in it, or is invited."""
    room = of(step, account_id, event.conversation)
    if (event.invitation is None) != (room.invitation is None):
        invitations.changed(step, chat_id(room.id))
        ROOMS.change(step.tx, room.id, last_at=step.wall_s)
    members = room.members
    if event.members is not None:
        came = {member.remote_id for member in event.members}
        known = () if event.members_complete else texts(room.members)
        members = pack(ordered(came.union(known))[: bounds.MAX_MEMBERS])
    ROOMS.change(
        step.tx,
        room.id,
        kind=event.kind if event.kind in KINDS else "group",
        title=room.title if event.title is None else bounds.name(title_of(event.title)),
        titles=_titles(room, event),
        topic=room.topic if event.topic is None else bounds.name(event.topic),
        labels=pack([bounds.name(label) for label in event.labels[: bounds.MAX_SYMBOLS]]),
        members=members,
        moderators=pack(ordered(event.moderators)),
        partner=_partner(step, room, event),
        encrypted=bounds.name(event.encrypted),
        archived=event.archived,
        ask=True,
        gone=event.invitation is not None,
        invitation=invitations.column(event.invitation),
        moved_to=None,
    )
    return get(step, room.id)


def _titles(room: RemoteConversation, event: api.ConversationSeen) -> bytes | None:
    """The title in other languages, where the bridge gives it."""
    match event.title:
        case None:
            return room.titles
        case api.Notice(others=others):
            return pack({language: bounds.name(title) for language, title in others.items()})
        case _:
            return None


def _partner(step: Step, room: RemoteConversation, event: api.ConversationSeen) -> str | None:
    """Whom the owner talks with, if it is one other: somebody of the address book from then on."""
    if event.kind != "direct":
        return None
    if event.invitation is not None:
        return room.partner
    others = {member.remote_id for member in event.members or () if not member.is_owner}
    if len(others) != 1:
        return room.partner
    (partner,) = others
    if partner != room.partner:
        people.enter(step, room.account_id, partner)
    return partner


def left(step: Step, account_id: int, event: api.ConversationGone) -> RemoteConversation | None:
    """The owner is no longer in a conversation, or not invited any more; what was said stays.

    Returns:
        The conversation as it was; None where nothing is known of it, or any more: an invitation is over.
    """
    gone = event.conversation
    room = ROOMS.one(step.tx, account_id=account_id, remote_id=gone.remote_id, private=gone.private)
    if room is None:
        return None
    moved_to = None if event.moved_to is None else of(step, account_id, event.moved_to).id
    ROOMS.change(step.tx, room.id, gone=True, invitation=None, moved_to=moved_to)
    if room.invitation is not None:
        invitations.changed(step, chat_id(room.id))
        return room if invitations.over(step, room) else None
    return room


def moderates(room: RemoteConversation, remote_id: str) -> bool:
    """Whether somebody may take back what others said."""
    return remote_id in texts(room.moderators)
