"""The network's JSON to events and back. Pure: recorded JSON is enough to test it.

What comes from the network is checked against the classes here; `Item` that does not fit raises
`msgspec.ValidationError`.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from swarm_bridges.api import (
    Actor,
    Capabilities,
    ConversationGone,
    ConversationRef,
    ConversationSeen,
    Event,
    IntentId,
    Invitation,
    Level,
    MarksNow,
    MessageGone,
    MessageRef,
    MessageSeen,
    Notice,
    OpaqueSeen,
    Origin,
    Poll,
    PollOption,
    ReactionsNow,
    ReceiptMoved,
    RemoteFile,
    Repeat,
)
from swarm_bridges.text import from_html, from_plain

HOUR_S = 3600.0
HOME = Notice("Home")
"""There is one timeline, and the network has no name for it."""
FEATURES = (
    *("text", "edit", "delete", "reaction", "reply", "thread", "file", "read", "typing", "poll", "post"),
    *("favourite", "boost", "bookmark", "opaque", "claim", "invite"),
)


class File(msgspec.Struct):
    """A file as the network tells of it."""

    id: str
    name: str = ""
    type: str = "application/octet-stream"
    size: int | None = None
    description: str = ""


class Option(msgspec.Struct):
    """An answer of a poll."""

    id: str
    text: str
    votes: int | None = None


class Question(msgspec.Struct):
    """A poll."""

    options: list[Option]
    mine: list[str] = []


class Item(msgspec.Struct):
    """A change, or a message of the history. What each kind needs is looked at where it is converted."""

    room: str
    kind: str = "message"
    seq: int = 0
    id: str = ""
    by: str = ""
    text: str = ""
    html: str = ""
    rev: int = 0
    nonce: str = ""
    reply_to: str = ""
    thread: str = ""
    title: str = ""
    visibility: str = ""
    blob: str | None = None
    files: list[File] = []
    poll: Question | None = None
    values: list[str] = []
    mine: list[str] = []
    counts: dict[str, int] = {}
    on: bool = False


class Limits(msgspec.Struct):
    """What a room takes."""

    version: int
    max_text: int


class Room(msgspec.Struct):
    """A room."""

    id: str
    kind: str
    title: str
    members: list[str]
    limits: Limits
    invited: dict[str, tuple[str, str]] = {}
    """Who is asked in: by whom, with which words."""


def item_of(raw: Any) -> Item:
    """Check one. Raises `msgspec.ValidationError`."""
    return msgspec.convert(raw, Item)


def event_of(item: Item, me: str, origin: Origin) -> Event | None:
    """What an item says; None for kinds that are not stored, or that a later server has invented."""
    room = ConversationRef(item.room)
    ref = MessageRef(room, item.id)
    actor = actor_of(item.by, me)
    match item.kind:
        case "message" if item.blob is not None:
            try:
                blob = base64.b64decode(item.blob, validate=True)
            except binascii.Error:
                return None
            return OpaqueSeen(ref=ref, actor=actor, blob=blob, origin=origin)
        case "message":
            return _message(item, ref, actor, origin)
        case "gone":
            return MessageGone(target=ref, actor=actor, origin=origin)
        case "reactions":
            return ReactionsNow(target=ref, actor=actor, values=frozenset(item.values), origin=origin)
        case "marks":
            return MarksNow(target=ref, mine=frozenset(item.mine), counts=item.counts, origin=origin)
        case "read":
            return ReceiptMoved(up_to=ref, actor=actor, read=True, origin=origin)
        case "left" if item.by == me:
            return ConversationGone(conversation=room, reason="left", origin=origin)
    return None


def _message(item: Item, ref: MessageRef, actor: Actor, origin: Origin) -> MessageSeen:
    room = ref.conversation
    return MessageSeen(
        ref=ref,
        actor=actor,
        body=from_html(item.html) if item.html else from_plain(item.text),
        revision=str(item.rev),
        order=item.id,
        echo_of=IntentId(item.nonce.partition(".")[0]) if item.nonce and actor.is_owner else None,
        reply_to=MessageRef(room, item.reply_to) if item.reply_to else None,
        thread_root=MessageRef(room, item.thread) if item.thread else None,
        title=item.title,
        visibility=item.visibility,
        files=tuple(map(_file, item.files)),
        poll=_poll(item.poll) if item.poll else None,
        origin=origin,
    )


def _file(file: File) -> RemoteFile:
    return RemoteFile(
        id=file.id,
        name=file.name,
        media_type=file.type,
        size_bytes=file.size,
        description=file.description,
    )


def _poll(question: Question) -> Poll:
    options = tuple(PollOption(o.id, o.text, o.votes) for o in question.options)
    return Poll(options=options, mine=frozenset(question.mine))


def actor_of(id_: str, me: str) -> Actor:
    """Somebody."""
    return Actor(id_, is_owner=id_ == me)


def conversation_of(room: Room, me: str) -> ConversationSeen:
    """A room as a conversation."""
    by, words = room.invited.get(me, ("", ""))
    return ConversationSeen(
        conversation=ConversationRef(room.id),
        kind=room.kind,
        title=HOME if room.kind == "timeline" else room.title,
        members=tuple(actor_of(member, me) for member in room.members),
        members_complete=True,
        invitation=Invitation(by=actor_of(by, me), words=words) if by else None,
    )


def capabilities_of(room: Room | None) -> Capabilities:
    """What can be done in a room, or in the account."""
    return Capabilities(
        version=f"{room.limits.version}" if room else "0",
        levels=dict.fromkeys(FEATURES, Level.FULL),
        max_text=room.limits.max_text if room else None,
        text_unit="codepoint",
        media={"*/*": 10_000_000},
        max_files=4,
        visibilities=("public", "followers"),
        repeat=Repeat.KEYED,
        repeat_window_s=24 * HOUR_S,
        echo="key",
        opaque_bytes=100_000,
        opaque_form="attachment",
    )
