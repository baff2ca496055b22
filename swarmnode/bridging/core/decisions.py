"""What the owner decides of something said that has not left, was given up, or may have been sent."""

from __future__ import annotations

from swarm_bridges import api

from ...errors import Conflict
from ...services.step import Step
from ...storage.bridge_shelves import INTENTS, REMOTE_MESSAGES, Intent, RemoteMessage
from . import content, entries, intents, outbox, rooms, settling, unsent, words
from .intents import FINAL, Kind, Payload, State
from .writing import Writing, writing


def cancel(step: Step, message: str) -> None:
    """Take back what has not left, with all its parts: it is never sent.

    Raises:
        Conflict: it has left, or may have.
    """
    row = outbox.find(step, message)
    sending = unsent.sending(step, row)
    if sending is None or not all(unsent.not_left(sending, part) for part in intents.parts(step, sending)):
        raise Conflict("this message has left", hint="Delete it on the other side: `swarmnode delete`.")
    with writing(step, sending.account_id) as now:
        for part in intents.parts(step, sending):
            unsent.say_less(now, intents.get(step, sending.id), entries.get(step, part.id))


def again(step: Step, message: str) -> None:
    """Send again what was refused or given up, as a new wish for the parts that the network does not have.

    Raises:
        Conflict: it was neither.
    """
    row = outbox.find(step, message)
    sending = None if row.intent_id is None else INTENTS.get(step.tx, row.intent_id)
    if row.state not in {"refused", "expired"} or (sending is not None and State(sending.state) not in FINAL):
        raise Conflict("this message was not given up")
    room = rooms.get(step, row.conversation_id)
    kind: Kind = "post" if room.kind == "timeline" else "send"
    rows = (
        [row]
        if sending is None
        else [part for part in intents.parts(step, sending) if part.remote_id is None]
    )
    said = [(part, words.of(step, part)) for part in rows]
    known = [(part, old) for part, old in said if old is not None]
    if not known:
        raise Conflict("this message is gone")
    first = known[0][1]
    target = first.reply_to and entries.find(step, room.id, first.reply_to.remote_id, first.reply_to.part)
    with writing(step, room.account_id) as now:
        payload = Payload(
            parts=tuple(api.Rendered(old.body, old.text, old.sending) for _, old in known),
            reply_to=target.id if target else None,
            title=first.title,
            sensitive=first.sensitive,
            visibility=first.visibility,
            poll=first.poll,
        )
        intent = outbox.write(now, room, kind, payload)
        for number, (part, old) in enumerate(known):
            like = content.likeness(old.body)
            REMOTE_MESSAGES.change(
                step.tx,
                part.id,
                intent_id=intent.id,
                number=number,
                state="queued",
                reason="",
                copy_hash=like,
            )
            now.changed(part)


def answer(step: Step, message: str, *, sent: bool) -> None:
    """The owner says whether something that may have been sent is there, or is to be sent again.

    Raises:
        Conflict: nobody asks any more.
    """
    row = outbox.find(step, message)
    intent = unsent.sending(step, row)
    if intent is None or intent.state != State.ASKED:
        raise Conflict("it is known what became of this message")
    with writing(step, intent.account_id) as now:
        if sent:
            for part in intents.parts(step, intent):
                _find_copy(now, intent, part)
            settling.accepted(now, intents.get(step, intent.id), None)
        else:
            INTENTS.change(step.tx, intent.id, expires_at=step.wall_s + intents.EXPIRES_S)
            settling.again(now, intents.get(step, intent.id), "", wait_s=0, attempts=0)


def _find_copy(now: Writing, intent: Intent, part: RemoteMessage) -> None:
    """The owner says that it is there: if the network has shown such a text of ours since, it is this."""
    if part.remote_id is not None or part.copy_hash is None:
        return
    for other in REMOTE_MESSAGES.all(
        now.step.tx, conversation_id=part.conversation_id, mine=True, intent_id=None
    ):
        said = words.of(now.step, other) if other.stored_at >= intent.created_at else None
        ref = entries.ref(now.step, other)
        if said is not None and ref is not None and content.likeness(said.body) == part.copy_hash:
            settling.named(now, part, ref)
            return
