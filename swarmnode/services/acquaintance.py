"""What both sides of a meeting do, and of one that is repeated (spec 40, spec 41): rows for who was met."""

from __future__ import annotations

from swarm_protocol import meeting as met
from swarm_protocol import mls
from swarm_protocol.identity import NodeRef, Sigchain
from swarm_protocol.mailbox import QueueRecord

from ..storage.shelves import CONTACTS, CONVERSATIONS, PEERS, QueueIn
from . import book, groups, queues
from .news import tell
from .node import Node
from .step import Step

KEY_PACKAGE_S = 30 * 86400


def key_package(step: Step, node: Node) -> mls.OwnKeyPackage:
    """A key package of this node, for one group."""
    me = node.me
    lifetime = step.wall_s - 3600, step.wall_s + KEY_PACKAGE_S
    ref = NodeRef(me.chain.persona_id, me.node_seq)
    return met.node_key_package(ref, me.keys, lifetime=lifetime, entropy=step.entropy)


def records(step: Step, made: list[QueueIn]) -> list[QueueRecord]:
    """What the other side must know of these queues, of two of them at most."""
    return [record for queue in made if (record := queues.record_of(step, queue)) is not None][:2]


def contact(step: Step, node: Node, chain: Sigchain, note: str, *, name: str) -> int:
    """The row of who has this chain, made if there is none; called `name`, or as the note says."""
    known = CONTACTS.one(step.tx, persona_id=chain.persona_id)
    if known is not None:
        return known.id
    contact_id = CONTACTS.add(
        step.tx,
        persona_id=chain.persona_id,
        name=name or name_from(note) or f"contact {chain.persona_id.hex()[:6]}",
        standing="pending",
        chain=chain.encode(),
        note=note,
        created_at=step.wall_s,
    )
    node.chains[chain.persona_id] = chain
    book.met(step, contact_id)
    tell(step, "contact.new", contact=str(contact_id))
    return contact_id


def name_from(note: str) -> str:
    """A joiner's note starts with the name that it wants to be called, up to the first line's end."""
    return note.split("\n", 1)[0][:64].strip()


def peer(step: Step, contact_id: int, leaf_sig: bytes, node_seq: int) -> int:
    """The row of a contact's node, made if there is none."""
    known = PEERS.one(step.tx, leaf_sig=leaf_sig)
    if known is not None:
        return known.id
    return PEERS.add(step.tx, contact_id=contact_id, leaf_sig=leaf_sig, node_seq=node_seq)


def start(
    step: Step, node: Node, contact_id: int, peer_id: int, started: met.Started, transcript: bytes
) -> None:
    """The conversation begins."""
    conversation_id = CONVERSATIONS.add(
        step.tx, conv_id=started.conversation.id, contact_id=contact_id, created_at=step.wall_s
    )
    groups.add(step, node, conversation_id, started.state)
    keep_secrets(step, peer_id, started, transcript)
    tell(step, "chat.new", chat=str(conversation_id), contact=str(contact_id))


def keep_secrets(step: Step, peer_id: int, started: met.Started, transcript: bytes) -> None:
    """Keep what only the first epoch of a group can give."""
    PEERS.change(
        step.tx,
        peer_id,
        pair_secret=met.pair_secret(started.state),
        safety=met.safety_material(started.state, transcript),
        transcript=transcript,
    )
