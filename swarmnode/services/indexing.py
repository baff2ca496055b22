"""The words of messages come into the search index a little later, many at once (ADR 0017).

For one message alone the index writes nine pages, a third of all that is written for it; among a hundred it
writes a fifth of one. What waits stands in a table, so that a crash forgets none. Whoever searches has it
done first, and what is shredded meanwhile never comes in.
"""

from __future__ import annotations

from swarm_protocol import content
from swarm_protocol.content import Edit, Reply, Text

from ..storage import queries
from ..storage.shelves import SEARCH_DUE, MessageRow
from .node import Node
from .step import Step

SEARCHED = (Text, Reply, Edit)
SOON_S = 1.0
AT_ONCE = 64
"""Messages that one step indexes: some 5 ms."""


def add(step: Step, node: Node, message: MessageRow, text: str) -> None:
    """Have a message be found by its words soon."""
    SEARCH_DUE.add(step.tx, message_id=message.id)
    node.unindexed[message.id] = text
    node.remind(step, ("search", 0), SOON_S)


def remove(step: Step, node: Node, message: MessageRow, data: bytes) -> None:
    """Take the words of a message out, or never let them in; `data` is what its body holds."""
    node.unindexed.pop(message.id, None)
    text = _words_of(data)
    if text is not None and not SEARCH_DUE.drop(step.tx, message_id=message.id):
        step.tx.search.remove(message.id, text)


def is_behind(step: Step) -> bool:
    """Whether some messages are not found yet."""
    return SEARCH_DUE.count(step.tx) > 0


def catch_up(step: Step, node: Node) -> bool:
    """Index the oldest that wait; whether there may be more."""
    waiting = queries.SEARCH_WAITING.rows(step.tx, {"count": AT_ONCE})
    bodies = step.tx.bodies.get_many(body_id for row_id, body_id in waiting if row_id not in node.unindexed)
    for row_id, body_id in waiting:
        text = node.unindexed.pop(row_id, None)
        if text is None and body_id in bodies:  # an older copy of the store may have lost it
            text = _words_of(bodies[body_id])
        if text is not None:
            step.tx.search.add(row_id, text)
    if waiting:
        queries.SEARCH_READY.run(step.tx, {"last": waiting[-1][0]})
    more = len(waiting) == AT_ONCE
    if more:
        node.remind(step, ("search", 0), 0.0)
    return more


def _words_of(data: bytes) -> str | None:
    body = content.body_of(data)
    return body.text if isinstance(body, SEARCHED) else None
