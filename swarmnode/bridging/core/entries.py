"""Rows of messages: put in, changed, taken back, and made one where two turn out to be the same."""

from __future__ import annotations

import msgspec

from swarm_bridges import api

from ...services.step import Step
from ...storage.bridge_shelves import (
    ALIASES,
    COVERAGE,
    FORWARDS,
    INTENTS,
    PARKED,
    REACTIONS,
    REMOTE_MESSAGES,
    ROOMS,
    TOMBSTONES,
    Alias,
    RemoteActor,
    RemoteConversation,
    RemoteMessage,
)
from . import bounds, files, people, posted, rooms, words
from .content import Content
from .packed import ordered, pack, texts
from .writing import Writing, message_id


def find(
    step: Step, room_id: int, remote_id: str, part: str = "", *, aliases: bool = True
) -> RemoteMessage | None:
    """A message by one of its ids; `aliases` says whether there are any in this conversation."""
    row = REMOTE_MESSAGES.one(step.tx, conversation_id=room_id, remote_id=remote_id, part=part)
    if row is not None or not aliases:
        return row
    alias = ALIASES.one(step.tx, conversation_id=room_id, alias=remote_id, part=part)
    return None if alias is None else get(step, alias.message_id)


def get(step: Step, row_id: int) -> RemoteMessage:
    """A message that is there."""
    row = REMOTE_MESSAGES.get(step.tx, row_id)
    assert row is not None
    return row


def ref(step: Step, row: RemoteMessage) -> api.MessageRef | None:
    """What the network calls a message; None while it has not named it."""
    room = rooms.get(step, row.conversation_id)
    return None if row.remote_id is None else api.MessageRef(rooms.ref(room), row.remote_id, row.part)


def add(
    now: Writing,
    room: RemoteConversation,
    event: api.MessageSeen,
    actor: RemoteActor,
    *,
    place: tuple[str, int],
    gone: bool,
) -> RemoteMessage:
    """Put a message in that was not there; `gone` says that it was taken back before it came.

    What is given back lacks what was made with its content.
    """
    step, mine, past = now.step, event.actor.is_owner, event.origin is api.Origin.HISTORY
    answered = None if gone else event.reply_to
    row = REMOTE_MESSAGES.make(
        step.tx,
        conversation_id=room.id,
        remote_id=event.ref.remote_id,
        part=event.ref.part,
        actor_id=actor.id,
        mine=mine,
        revision=event.revision,
        revisions=pack([event.revision]),
        place=place[0],
        rank=place[1],
        wall_s=bounds.wall_s(event.remote_time, step.wall_s),
        stored_at=step.wall_s,
        state="sent" if mine else "received",
        unread=not (mine or past or gone or _was_read(step, room, place)),
        gone_at=step.wall_s if gone else None,
        answers=None if answered is None else answered.remote_id,
        answers_in=None if answered is None else _stands_in(step, room, answered.conversation),
    )
    name(step, row, event.aliases)
    if not gone:
        words.add(step, now.index, row, Content.of(event))
    return row


def _stands_in(step: Step, room: RemoteConversation, ref: api.ConversationRef) -> int | None:
    """The conversation of what is answered, which may be another one: an answer in private to a post."""
    if ref == rooms.ref(room):
        return room.id
    found = ROOMS.one(step.tx, account_id=room.account_id, remote_id=ref.remote_id, private=ref.private)
    return None if found is None else found.id


def _was_read(step: Step, room: RemoteConversation, place: tuple[str, int]) -> bool:
    """Whether the owner has read beyond a place on another client."""
    read = None if room.read_id is None else REMOTE_MESSAGES.get(step.tx, room.read_id)
    return read is not None and place <= (read.place, read.rank)


def name(step: Step, row: RemoteMessage, aliases: tuple[str, ...]) -> None:
    """Let a message be found under other ids too, unless another one has them."""
    for alias in aliases:
        if find(step, row.conversation_id, alias, row.part) is None:
            ALIASES.add(
                step.tx, conversation_id=row.conversation_id, alias=alias, part=row.part, message_id=row.id
            )


def revise(now: Writing, row: RemoteMessage, new: Content, revision: str) -> RemoteMessage:
    """Let a message say something else, under another revision."""
    before = words.of(now.step, row)
    seen = texts(row.revisions)
    REMOTE_MESSAGES.change(
        now.step.tx,
        row.id,
        revision=revision,
        revisions=pack([*seen, revision][-bounds.KEPT_REVISIONS :]),
        edited=row.edited or (before is not None and not before.unreadable and before.body != new.body),
    )
    return words.put(now.step, now.index, get(now.step, row.id), new)


def note_revision(step: Step, row: RemoteMessage, revision: str) -> None:
    """A revision that changes nothing: it has come late."""
    seen = [*texts(row.revisions), revision][-bounds.KEPT_REVISIONS :]
    REMOTE_MESSAGES.change(step.tx, row.id, revisions=pack(seen))


def is_older(revision: str, than: str) -> bool:
    """Whether a revision is known to be older: where both are decimal numbers. Else the later one counts."""
    both = (revision, than)
    return all(text.isascii() and text.isdecimal() and len(text) <= 20 for text in both) and int(
        revision
    ) < int(than)


def take_back(now: Writing, row: RemoteMessage) -> None:
    """Destroy what a message said. Its row stays, so that nothing brings it back."""
    step = now.step
    words.put(step, now.index, row, None)
    files.shred(step, row.id)
    REACTIONS.drop(step.tx, message_id=row.id)
    REMOTE_MESSAGES.change(
        step.tx,
        row.id,
        gone_at=step.wall_s,
        unread=False,
        copy_hash=None,
        marks=None,
        reason="",
    )
    FORWARDS.drop(step.tx, message=message_id(row))
    posted.part_gone(step, row.id)
    now.changed(row, kind="message.deleted")


def react(now: Writing, row: RemoteMessage, actor: RemoteActor, values: frozenset[str]) -> None:
    """All that somebody has put under a message from now on."""
    REACTIONS.drop(now.step.tx, message_id=row.id, actor_id=actor.id)
    if values:
        REACTIONS.add(now.step.tx, message_id=row.id, actor_id=actor.id, symbols=pack(ordered(values)))
    now.changed(row)


def marks(row: RemoteMessage) -> tuple[frozenset[str], dict[str, int]]:
    """The owner's marks on a message, and how many others made."""
    if row.marks is None:
        return frozenset(), {}
    return msgspec.msgpack.decode(row.marks, type=tuple[frozenset[str], dict[str, int]])


def is_by(step: Step, row: RemoteMessage, actor: RemoteActor) -> bool:
    """Whether somebody has said this, and so may say it otherwise."""
    if row.mine or row.actor_id is None:
        return row.mine and actor.owner
    return people.root(people.get(step, row.actor_id)) == people.root(actor)


def may_take_back(step: Step, room: RemoteConversation, row: RemoteMessage, actor: RemoteActor) -> bool:
    """Whether somebody may take a message back: its author, or who moderates here."""
    return rooms.moderates(room, actor.remote_id) or is_by(step, row, actor)


def name_ours(
    now: Writing, row: RemoteMessage, ref: api.MessageRef, aliases: tuple[str, ...] = ()
) -> RemoteMessage:
    """The network has named a message that we sent. If it has shown it already, both become one.

    Two messages of ours never become one: where another that we sent has this name, this one stays unnamed.
    """
    step = now.step
    other = find(step, row.conversation_id, ref.remote_id, ref.part)
    if other is None:
        REMOTE_MESSAGES.change(
            step.tx,
            row.id,
            remote_id=ref.remote_id,
            part=ref.part,
            copy_hash=None,
            state=_sent(row),
            reason="",
        )
    elif other.id == row.id:
        REMOTE_MESSAGES.change(step.tx, row.id, copy_hash=None, state=_sent(row), reason="")
    elif other.mine and other.intent_id is None:
        _become_one(now, row, other)
    else:
        REMOTE_MESSAGES.change(step.tx, row.id, copy_hash=None, state=_sent(row), reason="")
    named = get(step, row.id)
    name(step, named, aliases)
    for waiting in INTENTS.all(step.tx, message_id=row.id, state="waiting"):
        INTENTS.change(step.tx, waiting.id, state="ready")
    now.changed(named)
    return named


def _sent(row: RemoteMessage) -> str:
    return row.state if row.state in {"delivered", "read"} else "sent"


def _become_one(now: Writing, row: RemoteMessage, other: RemoteMessage) -> None:
    """Let `row`, whose id screens know, be what the network showed as `other`.

    By arrival alone it keeps its own place: else parts of a text that were shown before the call ended would
    stand behind those that were not.
    """
    step = now.step
    gone = other.gone_at is not None
    now.changed(other, kind="message.deleted")
    old = words.of(step, row)
    if row.search_id is not None and old is not None:
        now.index.change(row.search_id, old.words, "")
    if row.body_id is not None:
        step.tx.bodies.shred([row.body_id])
    aliases = ALIASES.all(step.tx, message_id=other.id)
    reactions = REACTIONS.all(step.tx, message_id=other.id)
    intents = INTENTS.all(step.tx, message_id=other.id)
    for intent in intents:
        INTENTS.change(step.tx, intent.id, message_id=row.id)
    if rooms.get(step, row.conversation_id).read_id == other.id:
        ROOMS.change(step.tx, row.conversation_id, read_id=row.id)
    files.move(step, other.id, row.id)
    REMOTE_MESSAGES.drop(step.tx, id=other.id)
    for alias in aliases:
        _alias(step, alias, row.id)
    if not gone:
        for reaction in reactions:
            REACTIONS.add(step.tx, message_id=row.id, actor_id=reaction.actor_id, symbols=reaction.symbols)
    REMOTE_MESSAGES.change(
        step.tx,
        row.id,
        remote_id=other.remote_id,
        part=other.part,
        revision=other.revision,
        revisions=other.revisions,
        place=other.place,
        rank=row.rank if other.place == row.place else other.rank,
        wall_s=other.wall_s,
        state=other.state,
        reason=other.reason,
        edited=other.edited,
        marks=other.marks,
        body_id=other.body_id,
        search_id=other.search_id,
        copy_hash=None,
        gone_at=other.gone_at,
        answers=other.answers,
        answers_in=other.answers_in,
    )


def _alias(step: Step, alias: Alias, message_id: int) -> None:
    ALIASES.add(
        step.tx,
        conversation_id=alias.conversation_id,
        alias=alias.alias,
        part=alias.part,
        message_id=message_id,
    )


def drop_all(step: Step, room_id: int) -> None:
    """Forget a conversation's rows; their bodies are the caller's."""
    for shelf in (COVERAGE, PARKED, TOMBSTONES, ALIASES, INTENTS, REMOTE_MESSAGES):
        shelf.drop(step.tx, conversation_id=room_id)
    ROOMS.drop(step.tx, id=room_id)
