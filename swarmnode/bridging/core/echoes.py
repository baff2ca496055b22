"""Echoes: what the owner sent through this node comes back from the network, and is not a second message.

What names it decides, in this order: the key that the network hands back; the id that the call gave, whether
the call or the echo came first (`entries.name_ours`); where there is neither, the likeness of the text within
a window. Each part of an intent is matched once, so two equal texts in a row are two messages.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import bindparam

from swarm_bridges import api

from ...services.step import Step
from ...storage import bridge_tables as tables
from ...storage.bridge_shelves import INTENTS, REMOTE_MESSAGES, Intent, RemoteConversation, RemoteMessage
from ...storage.shelf import Prepared
from . import accounts, content, intents
from .intents import State
from .writing import Writing

WINDOW_S = 24 * 3600
"""How long after a call a message is recognised by its text alone."""
_m = tables.remote_message.c
_LIKE = Prepared(
    sa.select(*REMOTE_MESSAGES.columns)
    .where(
        _m.conversation_id == bindparam("room"),
        _m.copy_hash == bindparam("likeness"),
        _m.remote_id.is_(None),
        _m.gone_at.is_(None),
    )
    .order_by(_m.id)
)
_OLD = Prepared(
    sa.update(tables.remote_message)
    .where(
        _m.copy_hash.is_not(None),
        _m.intent_id.in_(
            sa.select(tables.bridge_intent.c.id).where(
                tables.bridge_intent.c.settled_at.is_not(None),
                tables.bridge_intent.c.settled_at < bindparam("oldest"),
            )
        ),
    )
    .values(copy_hash=sa.null())
)
_MAYBE_THERE = frozenset({State.CALLING, State.UNKNOWN, State.LOOKING, State.ASKED, State.ACCEPTED})
_UNNAMED = frozenset({State.ACCEPTED})
"""Where copies are not the rule: what the network has, says the owner or a call that gave no id."""


def ours(now: Writing, room: RemoteConversation, event: api.MessageSeen) -> RemoteMessage | None:
    """The message of ours that this is an echo of, if it is one: one that the network has not named."""
    if not event.actor.is_owner:
        return None  # anybody could hand a key back
    if event.echo_of is not None:
        return _by_key(now, room, event.echo_of)
    abilities = accounts.capabilities(now.step, now.account, room.abilities)
    copies = abilities is not None and abilities.echo == "copy"
    return _by_likeness(now, room, event, _MAYBE_THERE if copies else _UNNAMED)


def _by_key(now: Writing, room: RemoteConversation, key: api.IntentId) -> RemoteMessage | None:
    intent = INTENTS.one(now.step.tx, intent=key)
    if intent is None or intent.conversation_id != room.id:
        return None
    unnamed = (row for row in intents.parts(now.step, intent) if row.remote_id is None)
    return next((row for row in unnamed if row.gone_at is None), None)


def _by_likeness(
    now: Writing, room: RemoteConversation, event: api.MessageSeen, states: frozenset[State]
) -> RemoteMessage | None:
    found = REMOTE_MESSAGES.query(
        now.step.tx, _LIKE, {"room": room.id, "likeness": content.likeness(event.body)}
    )
    for row in found:
        intent = None if row.intent_id is None else INTENTS.get(now.step.tx, row.intent_id)
        if intent is None:
            continue
        if State(intent.state) not in states and not (intent.maybe and states is _MAYBE_THERE):
            continue
        if intent.state in {State.CALLING, State.LOOKING} or abs(now.step.wall_s - _last(intent)) <= WINDOW_S:
            return row
    return None


def _last(intent: Intent) -> int:
    """About when an intent was last in a bridge's hands."""
    return intent.settled_at or max(intent.first_at or intent.created_at, intent.due_at)


def forget_likeness(step: Step) -> None:
    """Forget what old messages look like: it would tell of a text when its words are long destroyed."""
    _OLD.run(step.tx, {"oldest": step.wall_s - WINDOW_S})
