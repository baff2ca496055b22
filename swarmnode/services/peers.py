"""The nodes of contacts, and telling them what nodes tell nodes (spec 21 §3)."""

from __future__ import annotations

from swarm_protocol import content
from swarm_protocol.content import Conversation
from swarm_protocol.content.bodies import Known
from swarm_protocol.sync import rules

from ..storage.shelves import CONVERSATIONS, GROUP_HEADS, OUTBOX, PEERS, Peer
from ..storage.shelves import Conversation as ConversationRow
from . import groups, outgoing
from .node import Node
from .step import Step

GAP_GRACE_S = float(rules.GRACE_S)
"""A gap may close by itself: the other of two relays may be late."""


def conversation_with(step: Step, contact_id: int) -> ConversationRow | None:
    """The conversation with a contact: of several the one with the smaller id, where both have invited."""
    found = CONVERSATIONS.all(step.tx, contact_id=contact_id)
    return min(found, key=lambda row: row.conv_id, default=None)


def peers_of(step: Step, conversation_id: int) -> list[Peer]:
    """The nodes that hear what is said in a conversation."""
    conversation = CONVERSATIONS.get(step.tx, conversation_id)
    assert conversation is not None
    return PEERS.all(step.tx, contact_id=conversation.contact_id, active=True)


def tell_peer(step: Step, node: Node, peer: Peer, body: Known, *, repeat: bool = False) -> None:
    """Tell a peer something that is not chained, in the conversation with its persona, if there are keys."""
    conversation = conversation_with(step, peer.contact_id)
    if conversation is None or not groups.has_keys(step, conversation.id):
        return
    message = content.compose_unchained(
        node.me.author,
        Conversation(conversation.conv_id),
        body,
        wall_s=step.wall_s,
        entropy=step.entropy,
    )
    outgoing.post(step, node, peer.id, conversation.id, plain=message.data, repeat=repeat)


def drop_handshakes(step: Step, node: Node, conversation_id: int, peer_id: int, epoch: int) -> None:
    """Commits and proposals of epochs before this one need no repeating."""
    for row in OUTBOX.all(
        step.tx, peer_id=peer_id, conversation_id=conversation_id, message_id=None, plain=None
    ):
        if row.epoch is not None and row.epoch < epoch:
            outgoing.confirmed(step, node, row.id)


def ask_what_is_missing(step: Step, node: Node, peer_id: int) -> None:
    """Something is known to be lost: compare what both have, soon."""
    node.remind(step, ("have", peer_id), GAP_GRACE_S)


def something_is_missing(step: Step, node: Node, leaf_sig: bytes) -> None:
    """What this author said before is not here yet; unless it comes by itself, it is asked for."""
    peer = PEERS.one(step.tx, leaf_sig=leaf_sig)
    if peer is not None:
        node.remind(step, ("behind", peer.id), GAP_GRACE_S)


def nothing_is_missing(step: Step, node: Node, leaf_sig: bytes) -> None:
    """This author's chain has no gap any more."""
    if not any(name == "behind" for name, _ in node.timers):
        return  # as always but now and then: one look at the memory for each message
    peer = PEERS.one(step.tx, leaf_sig=leaf_sig)
    if peer is not None:
        node.timers.pop(("behind", peer.id), None)


def renew_keys(step: Step, node: Node) -> None:
    """Fresh leaf keys where ours are old: committed by us, or proposed to who commits."""
    if node.quarantine:
        return
    for group in GROUP_HEADS.all(step.tx, current=True):
        conversation = CONVERSATIONS.get(step.tx, group.conversation_id)
        assert conversation is not None
        if not groups.wants_update(step, group) or conversation.contact_id is None:
            continue
        if groups.commits(groups.state_of(step, node, group)):
            wire = groups.commit(step, node, group)
        else:
            wire = groups.propose_update(step, node, group)
        for peer in PEERS.all(step.tx, contact_id=conversation.contact_id, active=True):
            outgoing.post(step, node, peer.id, conversation.id, wire=wire, important=True)
