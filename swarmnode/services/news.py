"""News for screens: written with what they tell of, so that a screen that was away can catch up."""

from __future__ import annotations

import json

import sqlalchemy as sa

from ..storage import tables
from ..storage.shelves import EVENTS
from .step import Step, Told

KEPT = 10_000
"""Events that are kept; a screen that was away for longer starts anew."""


def tell(step: Step, kind: str, /, **data: str | int | bool) -> None:
    """Tell screens that something happened. `data` holds ids and states, no text."""
    number = EVENTS.add(step.tx, type=kind, data=json.dumps(data, sort_keys=True), at=step.wall_s)
    step.do(Told(number, kind, data))


_newest = sa.select(sa.func.max(tables.event.c.id))
_trim = sa.delete(tables.event).where(tables.event.c.id <= sa.bindparam("upto"))


def trim(step: Step) -> None:
    """Forget old events."""
    newest = step.tx.db.execute(_newest).scalar_one()
    if newest is not None:
        step.tx.db.execute(_trim, {"upto": newest - KEPT})
