"""A conversation goes on in a successor group (spec 41 §2): what both sides of a rejoin do."""

from __future__ import annotations

from swarm_protocol import meeting as met
from swarm_protocol import mls
from swarm_protocol.envelope import Kind
from swarm_protocol.identity import NodeRef
from swarm_protocol.mailbox import QueueRecord

from ..storage.shelves import OUTBOX, PEERS, QUEUES_IN, QueueIn
from ..storage.shelves import Conversation as ConversationRow
from . import groups, outgoing, queues, rotation
from .node import Node
from .step import Step

KEY_PACKAGE_S = 30 * 86400


def made(step: Step, peer_id: int) -> list[QueueIn]:
    """Queues of ours that a peer can write to."""
    found = QUEUES_IN.all(step.tx, peer_id=peer_id)
    return [queue for queue in found if queue.sid is not None and queue.state in rotation.LIVE]


def records(step: Step, made_queues: list[QueueIn]) -> list[QueueRecord]:
    """What the other side must know of these queues, of two of them at most."""
    return [record for queue in made_queues if (record := queues.record_of(step, queue)) is not None][:2]


def key_package(step: Step, node: Node) -> mls.OwnKeyPackage:
    """A key package of this node, for one group."""
    me = node.me
    lifetime = step.wall_s - 3600, step.wall_s + KEY_PACKAGE_S
    ref = NodeRef(me.chain.persona_id, me.node_seq)
    return met.node_key_package(ref, me.keys, lifetime=lifetime, entropy=step.entropy)


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
    PEERS.change(
        step.tx,
        peer_id,
        pair_secret=met.pair_secret(started.state),
        safety=met.safety_material(started.state, transcript),
        transcript=transcript,
    )
    for record in records:
        queues.add_outgoing(step, node, peer_id, record, state="in use")
    outgoing.keys_are_there(step, node, conversation.id)
