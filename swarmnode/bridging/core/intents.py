"""Intents: what the owner wants done, as rows before any bridge sees them (ADR 0023).

    waiting   its message is not named by the network yet
    ready     to be called when its time has come        calling   in a bridge's hands
    unknown   to be looked for                           looking   in a bridge's hands
    asked     nobody can tell: the owner is asked        and final: accepted, refused, expired, cancelled

`calling` and `looking` are committed before the call. In one conversation one intent is in flight, and none
overtakes another, except those of which the owner is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from swarm_bridges import api

from ...services.step import Passed, Step
from ...storage import bridge_tables as tables
from ...storage.bridge_shelves import INTENTS, REMOTE_MESSAGES, Intent, RemoteMessage
from ...storage.shelf import Prepared, one_of

EXPIRES_S = 24 * 3600
"""What has not left by then is given up, visibly, rather than sent two days late."""
KEPT_S = 30 * 24 * 3600
"""How long a settled intent is known, so that a late echo finds it."""


class State(StrEnum):
    """See the module."""

    WAITING = "waiting"
    READY = "ready"
    CALLING = "calling"
    UNKNOWN = "unknown"
    LOOKING = "looking"
    ASKED = "asked"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


FINAL = frozenset({State.ACCEPTED, State.REFUSED, State.EXPIRED, State.CANCELLED})
Kind = Literal["send", "post", "edit", "delete", "react", "mark", "vote", "read", "opaque"]
SAYS = frozenset({"send", "post"})
"""Kinds that make messages, a row for each part: done twice, they make two."""


class Payload(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is to be said or done."""

    parts: tuple[api.Rendered, ...] = ()
    reply_to: int | None = None
    """A row of `remote_message`: it may get its name only later."""
    title: str = ""
    sensitive: bool = False
    visibility: str = ""
    poll: api.Poll | None = None
    protect: str = ""
    language: str = ""
    values: tuple[str, ...] = ()
    """Reactions, or options voted for."""
    mark: str = ""
    on: bool = True
    blob: bytes = b""
    """What a node says to another one (`CarriesOpaque`)."""


_i = tables.bridge_intent.c
_e = tables.bridge_intent.alias()
_LINE = ("ready", "unknown")
_FLIGHT = ("calling", "looking")
HEADS = Prepared(
    sa.select(*INTENTS.columns)
    .where(
        _i.account_id == bindparam("account"),
        one_of(_i.state, _LINE),
        ~sa.exists().where(
            _e.c.conversation_id == _i.conversation_id,
            sa.or_(one_of(_e.c.state, _FLIGHT), sa.and_(one_of(_e.c.state, _LINE), _e.c.id < _i.id)),
        ),
    )
    .order_by(_i.id)
)
"""The first of each line: of each conversation of an account where nothing is in flight."""
STALE = Prepared(
    sa.select(*INTENTS.columns)
    .where(
        _i.account_id == bindparam("account"),
        one_of(_i.state, ("ready", "waiting")),
        _i.expires_at <= bindparam("now"),
    )
    .order_by(_i.id)
)
FORGET = Prepared(
    sa.delete(tables.bridge_intent).where(
        sa.or_(_i.settled_at < bindparam("oldest"), _i.settled_at > bindparam("latest"))
    )
)
_HURRY = Prepared(
    sa.update(tables.bridge_intent)
    .where(_i.account_id == bindparam("account"), _i.due_at > 0, _i.settled_at.is_(None))
    .values(due_at=0)
)
_OPEN_ABOUT = Prepared(
    sa.select(*INTENTS.columns)
    .where(
        _i.message_id == bindparam("message"),
        one_of(_i.state, (state.value for state in State if state not in FINAL)),
    )
    .order_by(_i.id)
)
_PARTS = Prepared(
    sa.select(*REMOTE_MESSAGES.columns)
    .where(tables.remote_message.c.intent_id == bindparam("intent"))
    .order_by(tables.remote_message.c.number)
)


_OPEN = Prepared(
    sa.select(_i.state, sa.func.count())
    .where(
        _i.account_id == bindparam("account"),
        one_of(_i.state, (state.value for state in State if state not in FINAL)),
        _i.kind != "read",
    )
    .group_by(_i.state)
)


def open_of(step: Step, account_id: int) -> tuple[int, int]:
    """How much of what the owner wants of an account is not done; and of how much the owner is asked."""
    found = dict(_OPEN.rows(step.tx, {"account": account_id}))
    asked = int(found.pop(State.ASKED.value, 0))
    return sum(found.values()), asked


def get(step: Step, intent_id: int) -> Intent:
    """An intent that is there."""
    row = INTENTS.get(step.tx, intent_id)
    assert row is not None
    return row


def payload(step: Step, row: Intent) -> Payload | None:
    """What it is to say; None once it is settled."""
    data = None if row.body_id is None else step.tx.bodies.get(row.body_id)
    return None if data is None else msgspec.msgpack.decode(data, type=Payload)


def parts(step: Step, row: Intent) -> list[RemoteMessage]:
    """The messages that it makes, in order; none for kinds that make none."""
    return REMOTE_MESSAGES.query(step.tx, _PARTS, {"intent": row.id})


def hurry(step: Step, account_id: int) -> None:
    """Let what waits for its next attempt be due now."""
    _HURRY.run(step.tx, {"account": account_id})


def open_about(step: Step, message_id: int, kinds: Iterable[str] = ()) -> list[Intent]:
    """What is not settled yet of a message, in order; of some kinds alone, if they are named."""
    found = INTENTS.query(step.tx, _OPEN_ABOUT, {"message": message_id})
    return [row for row in found if not kinds or row.kind in kinds]


def change(step: Step, row: Intent, state: State, **values: object) -> Intent:
    """Let an intent be in another state. What is settled forgets what it had to say."""
    if state in FINAL:
        if row.body_id is not None:
            step.tx.bodies.shred([row.body_id])
        values = {**values, "body_id": None, "settled_at": step.wall_s}
        if row.kind == "opaque":
            reason = "" if state is State.CANCELLED else str(values.get("reason", ""))
            step.inputs.append(Passed(row.intent, state is State.ACCEPTED, reason))
    INTENTS.change(step.tx, row.id, state=state.value, **values)
    return get(step, row.id)
