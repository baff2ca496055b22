"""What the owner wants done, written down before any bridge sees it.

What a network cannot do is refused here, or fitted to it: long texts become parts, a reply where there are
none becomes a quotation. What has not left yet is still the owner's to change: an edit goes into it, and a
deletion is its end; nothing of that is ever sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from swarm_bridges import api
from swarm_bridges.document import Document, Quote
from swarm_bridges.text import bounded, from_plain, split, to_plain

from ...domain.ids import number_of
from ...errors import Conflict, NotFound, UsageError
from ...services.step import Step
from ...storage.bridge_shelves import (
    ACCOUNTS,
    INTENTS,
    REMOTE_MESSAGES,
    ROOMS,
    AccountRow,
    Intent,
    RemoteConversation,
    RemoteMessage,
)
from . import abilities, content, entries, intents, people, places, rooms, unsent, words
from . import files as stored
from .consent import Provenance, note
from .content import Content
from .intents import Kind, Payload, State
from .packed import pack
from .writing import MESSAGE, Writing, message_id, writing

MAX_PARTS = 40
QUOTED = 200
"""Characters of a message that are quoted where a network has no replies."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What the owner says in one place. What its network does not have is refused; only length is fitted."""

    text: str | Document
    reply_to: str = ""
    """A message of the same conversation, by its id on screens."""
    files: Sequence[api.LocalFile] = ()
    title: str = ""
    sensitive: bool = False
    visibility: str = ""
    poll: api.Poll | None = None
    protect: str = ""
    language: str = ""


def document(text: str | Document) -> Document:
    """What the owner typed, or a document, within the bounds of what one may be."""
    return bounded(from_plain(text) if isinstance(text, str) else text)


def send(step: Step, chat: str, said: Saying, *, provenance: Provenance | None = None) -> str:
    """Say something in a conversation, or publish it on a timeline; the id of the first part's message.

    Raises:
        NotFound: there is no such conversation, or no such message to reply to.
        Conflict: the owner is not in it.
        UsageError: nothing to say, or more than the network takes, or something that it does not have.
    """
    room, kind, payload = fitted(step, chat, said)
    with writing(step, room.account_id) as now:
        rows = put(now, room, kind, payload, provenance=provenance)
    return message_id(rows[0])


def fitted(step: Step, chat: str, said: Saying) -> tuple[RemoteConversation, Kind, Payload]:
    """What `send` writes down, and where; raises as that, and changes nothing."""
    room = rooms.find(step, chat)
    if room.gone:
        raise Conflict("you are not in this conversation")
    body = document(said.text)
    if not to_plain(body).strip() and not said.files and said.poll is None:
        raise UsageError("there is nothing to say")
    kind: Kind = "post" if room.kind == "timeline" else "send"
    account = ACCOUNTS.get(step.tx, room.account_id)
    assert account is not None
    can = abilities.of(step, account, room)
    abilities.check_said(
        can, kind, files=said.files, poll=said.poll, visibility=said.visibility, protect=said.protect
    )
    target = None if not said.reply_to else find(step, said.reply_to, room)
    if target is not None and not abilities.has(can, "reply"):
        body, target = bounded(_quoting(step, target, body)), None
    parts = split(body, can)
    if len(parts) > MAX_PARTS:
        raise UsageError(f"this network would need {len(parts)} messages for that; it takes {MAX_PARTS}")
    payload = Payload(
        parts=(api.Rendered(parts[0].body, parts[0].text, tuple(said.files)), *parts[1:]),
        reply_to=None if target is None else target.id,
        title=said.title,
        sensitive=said.sensitive,
        visibility=said.visibility,
        poll=said.poll,
        protect=said.protect,
        language=said.language,
    )
    return room, kind, payload


def put(
    now: Writing,
    room: RemoteConversation,
    kind: Kind,
    payload: Payload,
    *,
    provenance: Provenance | None = None,
) -> list[RemoteMessage]:
    """Write down something to say that fits the network, and the messages that its parts will be."""
    intent = write(now, room, kind, payload, provenance=provenance)
    rows = [_part(now, room, intent, number, payload) for number in range(len(payload.parts))]
    for row, part in zip(rows, payload.parts, strict=True):
        stored.belong(now.step, row.id, part.files)
    if provenance is not None:
        for row in rows:
            note(now.step, message_id(row), provenance)
    return rows


def edit(step: Step, message: str, text: str | Document) -> None:
    """Let a message of the owner say something else; a title stays.

    Raises:
        UsageError: it is another's, or gone, or the network has no edits (any more).
    """
    row = _standing(step, message)
    room = rooms.get(step, row.conversation_id)
    if not row.mine:
        raise UsageError("only what you said yourself can be edited")
    with writing(step, room.account_id) as now:
        can = abilities.of(step, now.account, room)
        parts = split(document(text), can)
        if len(parts) > 1:
            raise UsageError("that is more than one message on this network")
        sending = unsent.sending(step, row)
        if sending is not None and unsent.not_left(sending, row):
            unsent.say_instead(now, sending, row, parts[0])
            return
        abilities.need(can, "edit")
        abilities.check_age(row, can.edit_within_s, step.wall_s, "edited")
        old = words.of(step, row)
        title, sensitive = ("", False) if old is None else (old.title, old.sensitive)
        _about(now, room, row, "edit", Payload(parts=parts, title=title, sensitive=sensitive))


def delete(step: Step, message: str, *, everywhere: bool = True) -> None:
    """Take a message back; or destroy it here alone.

    Raises:
        UsageError: it is another's, or the network does not take messages back (any more).
    """
    row = find(step, message)
    room = rooms.get(step, row.conversation_id)
    with writing(step, room.account_id) as now:
        sending = unsent.sending(step, row)
        if sending is not None and unsent.not_left(sending, row):
            unsent.say_less(now, sending, row)
        elif not everywhere or unsent.is_nowhere(step, row):
            _drop_plans(now, row, ("edit", "react", "mark", "vote"))
            entries.take_back(now, row)
        elif row.gone_at is None:
            if not row.mine and not rooms.moderates(room, now.account.remote_id):
                raise UsageError(
                    "only what you said yourself can be deleted for all",
                    hint="Delete it here alone: leave out --everywhere.",
                )
            can = abilities.of(step, now.account, room)
            abilities.need(can, "delete")
            abilities.check_age(row, can.delete_within_s, step.wall_s, "taken back")
            _drop_plans(now, row, ("edit", "react", "mark", "vote"))
            if not intents.open_about(step, row.id, ("delete",)):
                _about(now, room, row, "delete", Payload())


def react(step: Step, message: str, symbols: Sequence[str]) -> None:
    """Let the owner's reactions to a message be these."""
    row = _standing(step, message)
    room = rooms.get(step, row.conversation_id)
    with writing(step, room.account_id) as now:
        can = abilities.of(step, now.account, room)
        abilities.check_reactions(can, symbols)
        _about(now, room, row, "react", Payload(values=tuple(sorted(set(symbols)))))


def mark(step: Step, message: str, name: str, *, on: bool) -> None:
    """Set or take away one mark: `favourite`, `boost`, `bookmark`."""
    row = _standing(step, message)
    room = rooms.get(step, row.conversation_id)
    with writing(step, room.account_id) as now:
        abilities.need(abilities.of(step, now.account, room), name)
        _about(now, room, row, "mark", Payload(mark=name, on=on))


def vote(step: Step, message: str, options: Sequence[str]) -> None:
    """Vote in a poll, by ids of its options.

    Raises:
        UsageError: there is no such choice, or the poll takes no such vote (any more).
    """
    row = _standing(step, message)
    room = rooms.get(step, row.conversation_id)
    with writing(step, room.account_id) as now:
        abilities.need(abilities.of(step, now.account, room), "poll")
        said = words.of(step, row)
        poll = None if said is None else said.poll
        if poll is None or not {option.id for option in poll.options}.issuperset(options) or not options:
            raise UsageError("this message has no such choice")
        if poll.closed or (len(set(options)) > 1 and not poll.multiple):
            raise UsageError("this poll is closed" if poll.closed else "this poll takes one answer")
        _about(now, room, row, "vote", Payload(values=tuple(sorted(set(options)))))


def read(now: Writing, room: RemoteConversation, row: RemoteMessage) -> None:
    """Tell the network that the owner has read up to a message; the last such wish alone counts."""
    for before in INTENTS.all(now.step.tx, conversation_id=room.id, kind="read", state=State.READY.value):
        intents.change(now.step, before, State.CANCELLED)
    write(now, room, "read", Payload(), message_id=row.id)


def find(step: Step, message: str, room: RemoteConversation | None = None) -> RemoteMessage:
    """A message by its id on screens; in this conversation, if one is given.

    Raises:
        NotFound: there is none.
    """
    row = known(step, message)
    if row is None or (room is not None and row.conversation_id != room.id):
        raise NotFound("there is no such message", hint="`swarmnode read CONVERSATION` shows ids.")
    return row


def known(step: Step, message: str) -> RemoteMessage | None:
    """A message by its id on screens; None where there is none."""
    return REMOTE_MESSAGES.get(step.tx, number_of(message[1:])) if message[:1] == MESSAGE else None


def _standing(step: Step, message: str) -> RemoteMessage:
    row = find(step, message)
    if row.gone_at is not None:
        raise UsageError("this message does not stand any more")
    if unsent.is_nowhere(step, row):
        raise UsageError("this message was not sent", hint="Send it again first: `swarmnode resend`.")
    return row


# Writing down


def write(
    now: Writing,
    room: RemoteConversation,
    kind: Kind,
    payload: Payload,
    *,
    message_id: int | None = None,
    state: State = State.READY,
    provenance: Provenance | None = None,
) -> Intent:
    """Write an intent down: from then on it is done, whatever happens to the node."""
    step = now.step
    return INTENTS.make(
        step.tx,
        intent=step.entropy(16).hex(),
        account_id=now.account.id,
        conversation_id=room.id,
        message_id=message_id,
        kind=kind,
        body_id=step.tx.bodies.put(pack(payload)),
        provenance=None if provenance is None else pack(provenance),
        state=state.value,
        created_at=step.wall_s,
        expires_at=step.wall_s + intents.EXPIRES_S,
    )


def _part(
    now: Writing, room: RemoteConversation, intent: Intent, number: int, payload: Payload
) -> RemoteMessage:
    """The message that one part will be."""
    step, part = now.step, payload.parts[number]
    place, rank = places.last(step, room.id)
    target = None if payload.reply_to is None or number else entries.get(step, payload.reply_to)
    row = REMOTE_MESSAGES.make(
        step.tx,
        conversation_id=room.id,
        actor_id=people.owner(step, now.account).id,
        mine=True,
        place=place,
        rank=rank,
        wall_s=max(step.wall_s, 0),
        stored_at=step.wall_s,
        state="queued",
        copy_hash=content.likeness(part.body),
        intent_id=intent.id,
        number=number,
        answers=None if target is None else target.remote_id,
        answers_in=None if target is None else target.conversation_id,
    )
    said = Content(
        body=part.body,
        title="" if number else payload.title,
        sensitive=payload.sensitive,
        visibility=payload.visibility,
        reply_to=None if target is None else entries.ref(step, target),
        sending=part.files,
        poll=None if number else payload.poll,
    )
    row = words.put(step, now.index, row, said)
    ROOMS.change(step.tx, room.id, last_at=step.wall_s)
    now.changed(row, kind="message.new")
    return row


def _about(now: Writing, room: RemoteConversation, row: RemoteMessage, kind: Kind, payload: Payload) -> None:
    """Write down what is wanted of a message. What was wanted before and has not left is replaced."""
    for before in intents.open_about(now.step, row.id, (kind,)):
        same = intents.payload(now.step, before)
        if before.state in {State.READY, State.WAITING} and same is not None and same.mark == payload.mark:
            intents.change(now.step, before, State.CANCELLED)
    state = State.WAITING if row.remote_id is None else State.READY
    write(now, room, kind, payload, message_id=row.id, state=state)
    now.changed(row)


def _drop_plans(now: Writing, row: RemoteMessage, kinds: Sequence[str]) -> None:
    for about in intents.open_about(now.step, row.id, kinds):
        if about.state in {State.READY, State.WAITING}:
            intents.change(now.step, about, State.CANCELLED)


def _quoting(step: Step, target: RemoteMessage, body: Document) -> Document:
    said = words.of(step, target)
    text = "" if said is None else said.text
    short = text[:QUOTED] + ("…" if len(text) > QUOTED else "")
    return Document((Quote(from_plain(short).blocks), *body.blocks)) if short else body


def account_of(step: Step, room: RemoteConversation) -> AccountRow:
    """The account that a conversation belongs to."""
    row = ACCOUNTS.get(step.tx, room.account_id)
    assert row is not None
    return row
