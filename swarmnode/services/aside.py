"""What is kept aside because taking it led to an error of this program (ADR 0014): looked at, tried again.

It is kept as it came, under its queue's seal, for a later version that can take it. It cannot be shown: what
it says is known only when it was taken.
"""

from __future__ import annotations

from swarm_protocol import cbor
from swarm_protocol.envelope import QueueKey
from swarm_protocol.mailbox import limits

from ..errors import NotFound
from ..storage.shelves import GAPS, QUEUES_IN
from . import incoming
from .node import Node
from .step import Step


def all_of(step: Step) -> list[int]:
    """Numbers of what is kept aside, in the order in which it came."""
    return sorted(row.id for row in GAPS.all(step.tx, kind=incoming.POISON))


def take(step: Step, node: Node, number: int) -> None:
    """Take it once more. What is refused in good order is dealt with by that, as it always is.

    Raises:
        NotFound: there is nothing under this number, or its queue is forgotten.
        Exception: it leads to an error again; the step must not be committed.
    """
    node.require_writable()
    row = GAPS.get(step.tx, number)
    if row is None or row.kind != incoming.POISON:
        raise NotFound("nothing is kept under this number")
    kept = cbor.Record.decode(row.data, "what is kept aside", max_size=2 * max(limits.BUCKETS))
    queue = QUEUES_IN.get(step.tx, kept.uint(1))
    if queue is None:
        raise NotFound("the queue that it came through is forgotten")
    blob = kept.octets(4, at_most=max(limits.BUCKETS))
    source = incoming.Source(queue.peer_id, queue.invite_id, queue.id)
    GAPS.drop(step.tx, id=row.id)
    incoming.take(step, node, source, QueueKey(queue.queue_key), blob)
