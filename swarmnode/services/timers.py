"""Messages that disappear: counted down in elapsed time, never by the wall clock alone (spec 21 §7).

What remains is stored, so a clock that is set back prolongs nothing. What passed while the node was off is
known from the wall clock only; more than a day of it is believed once the node has run for ten minutes since.
"""

from __future__ import annotations

from ..storage import queries
from ..storage.shelves import MESSAGES, SETTINGS
from . import countdown, talk
from .node import Node
from .step import Step

BELIEVED_S = 86400
SETTLING_S = 600.0


def started(step: Step, node: Node) -> None:
    """Count on from what was stored."""
    node.started = node.ticked = step.now.tick
    seen = SETTINGS.get(step.tx, countdown.SEEN)
    if seen is None or queries.LEAST.scalar(step.tx) is None:
        return
    node.off_s = max(0, step.wall_s - int.from_bytes(seen.value, "big"))
    if node.off_s <= BELIEVED_S:
        _count(step, node, node.off_s)
        node.off_s = 0
    _go_on(step, node)


def tick(step: Step, node: Node) -> None:
    """Count what has passed, and destroy what is over."""
    elapsed = int(step.now.tick - node.ticked)
    node.ticked += elapsed
    if node.off_s and step.now.tick - node.started > SETTLING_S:
        elapsed, node.off_s = elapsed + node.off_s, 0
    _count(step, node, elapsed)
    _go_on(step, node)


def _go_on(step: Step, node: Node) -> None:
    least_s = queries.LEAST.scalar(step.tx)
    if least_s is not None:
        countdown.go_on(step, node, least_s)


def _count(step: Step, node: Node, elapsed: int) -> None:
    if elapsed > 0:
        queries.RUN.run(step.tx, {"elapsed": elapsed})
    over = MESSAGES.query(step.tx, queries.OVER, {"count": talk.SHREDDED_AT_ONCE})
    if over:
        talk.shred(step, node, over)
