"""What has not left yet: it is the owner's to change, and nobody ever hears what it was before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from swarm_bridges import api

from ...services.step import Step
from ...storage.bridge_shelves import INTENTS, REMOTE_MESSAGES, Intent, RemoteMessage
from . import content, entries, intents, settling, words
from .intents import FINAL, Payload, State
from .packed import pack
from .writing import Writing


def sending(step: Step, row: RemoteMessage) -> Intent | None:
    """The intent that sends a message, unless it is settled."""
    intent = None if row.intent_id is None else INTENTS.get(step.tx, row.intent_id)
    return None if intent is None or State(intent.state) in FINAL else intent


def is_nowhere(step: Step, row: RemoteMessage) -> bool:
    """Whether a message was refused or given up, so that the network does not have it."""
    return (
        row.mine and row.remote_id is None and row.state in {"refused", "expired"} and not sending(step, row)
    )


def not_left(intent: Intent, row: RemoteMessage) -> bool:
    """Whether the network cannot have a message that this sends."""
    return intent.state == State.READY and not intent.maybe and row.remote_id is None


def say_instead(now: Writing, intent: Intent, row: RemoteMessage, part: api.Rendered) -> None:
    """Let one part say something else."""
    payload, old = intents.payload(now.step, intent), words.of(now.step, row)
    assert payload is not None
    assert old is not None
    parts = list(payload.parts)
    parts[row.number] = api.Rendered(part.body, part.text, parts[row.number].files)
    _replace(now, intent, payload, parts)
    words.put(now.step, now.index, row, settling.with_body(old, part.body))
    REMOTE_MESSAGES.change(now.step.tx, row.id, copy_hash=content.likeness(part.body))
    now.changed(row)


def say_less(now: Writing, intent: Intent, row: RemoteMessage) -> None:
    """Leave out one part; an intent without any is its end."""
    payload = intents.payload(now.step, intent)
    assert payload is not None
    for part in intents.parts(now.step, intent):
        if part.number > row.number:
            REMOTE_MESSAGES.change(now.step.tx, part.id, number=part.number - 1)
    REMOTE_MESSAGES.change(now.step.tx, row.id, intent_id=None)
    settling.give_up_about(now, row.id)
    entries.take_back(now, replace(row, intent_id=None))
    parts = [part for number, part in enumerate(payload.parts) if number != row.number]
    if parts:
        _replace(now, intent, payload, parts)
    else:
        intents.change(now.step, intent, State.CANCELLED)


def _replace(now: Writing, intent: Intent, payload: Payload, parts: Sequence[api.Rendered]) -> None:
    fields = {name: getattr(payload, name) for name in Payload.__struct_fields__}
    if intent.body_id is not None:
        now.step.tx.bodies.shred([intent.body_id])
    changed = Payload(**{**fields, "parts": tuple(parts)})
    INTENTS.change(now.step.tx, intent.id, body_id=now.step.tx.bodies.put(pack(changed)))
