"""The time of a message that disappears starts here; `timers` counts it down.

The clock of it ticks only while some message's time runs: a node that has none writes nothing for it.
"""

from __future__ import annotations

import math

from ..storage.shelves import MESSAGES, SETTINGS
from .node import Node
from .step import Step

TICK_S = 30.0
"""What passes uncounted at most; when the next message is over, time is counted at once."""
SOON_S = 0.05
"""Where many are over at once, they are destroyed in portions, and others have their turn between."""
SEEN = "timers seen"
"""The setting that says when time was last counted, by the wall clock."""


def start(step: Step, node: Node, row_id: int, seconds: int) -> None:
    """A message was read for the first time, or its receipt came: its time runs."""
    if ("expire", 0) not in node.timers:
        node.ticked = step.now.tick
        go_on(step, node, seconds)
    uncounted = math.ceil(step.now.tick - node.ticked)  # which the next count takes from this one too
    MESSAGES.change(step.tx, row_id, left_s=seconds + uncounted)
    _come_back(step, node, seconds)


def go_on(step: Step, node: Node, least_s: int) -> None:
    """Time was counted up to now; the next message has `least_s` left, nothing or less if it is over."""
    SETTINGS.put(step.tx, name=SEEN, value=step.wall_s.to_bytes(8, "big"))
    _come_back(step, node, least_s)


def _come_back(step: Step, node: Node, least_s: int) -> None:
    node.remind(step, ("expire", 0), min(TICK_S, max(SOON_S, float(least_s))))
