"""Where messages stand in a conversation: by the network's own order, and by arrival where it has none.

A place is a text, the network's order key, and among equal ones a rank. What comes without a key stands
behind all that is there, and before all if it is of the past.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import bindparam

from ...services.step import Step
from ...storage import bridge_tables as tables
from ...storage.bridge_shelves import REMOTE_MESSAGES, RemoteMessage
from ...storage.shelf import Prepared, one_of

_m = tables.remote_message.c
_here = _m.conversation_id == bindparam("room")
_LAST = Prepared(sa.select(_m.place, _m.rank).where(_here).order_by(_m.place.desc(), _m.rank.desc()).limit(1))
_FIRST = Prepared(sa.select(_m.place, _m.rank).where(_here).order_by(_m.place, _m.rank).limit(1))
_RANK = Prepared(sa.select(sa.func.max(_m.rank)).where(_here, _m.place == bindparam("place")))
UP_TO = Prepared(
    sa.select(*REMOTE_MESSAGES.columns)
    .where(
        _here,
        _m.unread,
        sa.or_(
            _m.place < bindparam("place"),
            sa.and_(_m.place == bindparam("place"), _m.rank <= bindparam("rank")),
        ),
    )
    .order_by(_m.place, _m.rank)
)
"""Unread messages up to a place."""
OURS_UP_TO = Prepared(
    sa.select(*REMOTE_MESSAGES.columns)
    .where(
        _here,
        _m.mine,
        one_of(_m.state, ("sent", "delivered")),
        _m.state != bindparam("state"),
        sa.or_(
            _m.place < bindparam("place"),
            sa.and_(_m.place == bindparam("place"), _m.rank <= bindparam("rank")),
        ),
    )
    .order_by(_m.place.desc(), _m.rank.desc())
    .limit(1_000)
)
"""Messages of ours up to a place that others have not got, or not read, the latest first."""


def by_order(step: Step, room_id: int, order: str) -> tuple[str, int]:
    """The place of a message with an order key."""
    rank = _RANK.scalar(step.tx, {"room": room_id, "place": order})
    return order, 0 if rank is None else rank + 1


def last(step: Step, room_id: int) -> tuple[str, int]:
    """The place behind all."""
    found = _LAST.run(step.tx, {"room": room_id}).fetchone()
    return ("", 0) if found is None else (found[0], found[1] + 1)


def before_all(step: Step, room_id: int, count: int) -> tuple[str, int]:
    """The first of `count` places before all."""
    found = _FIRST.run(step.tx, {"room": room_id}).fetchone()
    return ("", 0) if found is None else (found[0], found[1] - count)


def not_after(row: RemoteMessage, other: RemoteMessage) -> bool:
    """Whether a message stands before another, or is it."""
    return (row.place, row.rank) <= (other.place, other.rank)
