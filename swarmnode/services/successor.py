"""A conversation goes on in a successor group (spec 41 §2): what both sides of a rejoin do."""

from __future__ import annotations

from swarm_protocol import meeting as met
from swarm_protocol.envelope import Kind
from swarm_protocol.mailbox import QueueRecord

from ..storage.shelves import OUTBOX, QUEUES_IN, QueueIn
from ..storage.shelves import Conversation as ConversationRow
from . import acquaintance, groups, outgoing, queues, rotation
from .node import Node
from .step import Step


def made(step: Step, peer_id: int) -> list[QueueIn]:
    """Queues of ours that a peer can write to."""
    found = QUEUES_IN.all(step.tx, peer_id=peer_id)
    return [queue for queue in found if queue.rid is not None and queue.state in rotation.LIVE]


def forget(step: Step, node: Node, peer_id: int, kind: Kind) -> None:
    """What waits for a peer outside of conversations need not leave again."""
    for row in OUTBOX.all(step.tx, peer_id=peer_id, kind=int(kind)):
        outgoing.confirmed(step, node, row.id)


def go_on(
    step: Step,
    node: Node,
    conversation: ConversationRow,
    peer_id: int,
    started: met.Started,
    transcript: bytes,
    records: tuple[QueueRecord, ...],
) -> None:
    """The conversation goes on in its successor: with its keys, and over these queues."""
    groups.add(step, node, conversation.id, started.state)
    acquaintance.keep_secrets(step, peer_id, started, transcript)
    for record in records:
        queues.add_outgoing(step, node, peer_id, record, state="in use")
    outgoing.keys_are_there(step, node, conversation.id)
