"""The time of a message that disappears starts here; `timers` counts it down.

The clock of it ticks only while some message's time runs: a node that has none writes nothing for it.
"""

from __future__ import annotations

from ..storage.shelves import MESSAGES, SETTINGS
from .node import Node
from .step import Step

TICK_S = 30.0
SEEN = "timers seen"
"""The setting that says when time was last counted, by the wall clock."""


def start(step: Step, node: Node, row_id: int, seconds: int) -> None:
    """A message was read for the first time, or its receipt came: its time runs."""
    MESSAGES.change(step.tx, row_id, left_s=seconds)
    if ("expire", 0) not in node.timers:
        node.ticked = step.now.tick
        go_on(step, node)


def go_on(step: Step, node: Node) -> None:
    """Time was counted up to now; come back soon."""
    SETTINGS.put(step.tx, name=SEEN, value=step.wall_s.to_bytes(8, "big"))
    node.remind(step, ("expire", 0), TICK_S)
