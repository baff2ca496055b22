"""News for screens: written with what they tell of, so that a screen that was away can catch up."""

from __future__ import annotations

import json

from ..storage import queries
from ..storage.shelves import EVENTS
from .step import Step, Told

KEPT = 10_000
"""Events that are kept; a screen that was away for longer starts anew."""


def tell(step: Step, kind: str, /, **data: str | int | bool) -> None:
    """Tell screens that something happened. `data` holds ids and states, no text."""
    number = EVENTS.add(step.tx, type=kind, data=json.dumps(data, sort_keys=True), at=step.wall_s)
    step.do(Told(number, kind, data))


def trim(step: Step) -> None:
    """Forget old events."""
    newest = queries.NEWEST_EVENT.scalar(step.tx)
    if newest is not None:
        queries.TRIM_EVENTS.run(step.tx, {"upto": newest - KEPT})
