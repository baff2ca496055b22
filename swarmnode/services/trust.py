"""What becomes of a contact when its keys change (spec 10 §7): new links, new nodes, alerts, evidence.

A contact's own chain comes from its own nodes, in deltas: each chained message carries the head that its
author had, and each Hello how much of our chain the other has.
"""

from __future__ import annotations

from swarm_protocol import cbor
from swarm_protocol.content import AddressRecord, ChainDelta, Hello, newer
from swarm_protocol.errors import UnexpectedMessage
from swarm_protocol.identity import (
    Forked,
    Head,
    LinksVoid,
    Merged,
    NodeAdded,
    NodeRevoked,
    PersonaId,
    Place,
    Retired,
    RootRotated,
    Sigchain,
    Standing,
    alerts,
    decode_links,
    receive,
    standing_after,
)
from swarm_protocol.identity.alerts import Alert

from ..storage.shelves import ALERTS, CONTACTS, PEERS, Contact, Peer
from ..storage.shelves import Conversation as ConversationRow
from . import peers, receipts, sigchains
from .news import tell
from .node import Node
from .step import Step


def head_seen(step: Step, node: Node, peer: Peer, head: Head) -> None:
    """A message carries the head that its author had: newer than ours, we ask; another, we look."""
    contact = CONTACTS.get(step.tx, peer.contact_id)
    if contact is None:
        return
    chain = sigchains.of(step, node, PersonaId(contact.persona_id))
    assert chain is not None
    if chain.place(head) is Place.NEWER:
        greet(step, node, peer)
    elif chain.place(head) is Place.OTHER:
        greet(step, node, peer, links=0)


def greet(step: Step, node: Node, peer: Peer, *, links: int | None = None, repeat: bool = False) -> None:
    """Say hello: which start of us this is, and how many links of the peer's chain we have. Once a minute."""
    if ("greeted", peer.id) in node.timers:
        return
    node.remind(step, ("greeted", peer.id), 60.0)
    contact = CONTACTS.get(step.tx, peer.contact_id)
    if contact is None:
        return
    if links is None:
        chain = sigchains.of(step, node, PersonaId(contact.persona_id))
        links = 0 if chain is None else len(chain.links)
    peers.tell_peer(step, node, peer, Hello(node.boot, node.instance, links), repeat=repeat)


def hello(step: Step, node: Node, conversation: ConversationRow, peer: Peer, said: Hello) -> None:
    """A peer says hello: it is there, and may lack links of our chain. It is told that it was heard."""
    if said.boot < peer.boot or (said.boot == peer.boot and peer.instance not in {None, said.instance}):
        # An older start, or a second one with the same number: a copy of the peer's home. Its author chain
        # will show whether it writes; a late message is no proof.
        _alert(step, peer.contact_id, "copy", said.instance)
    else:
        PEERS.change(step.tx, peer.id, boot=said.boot, instance=said.instance, heard_at=step.wall_s)
    receipts.heard(step, node, conversation.id)
    chain = node.me.chain
    if said.links is not None and said.links < len(chain.links):
        peers.tell_peer(step, node, peer, ChainDelta(said.links, chain.since(said.links)))


def delta(step: Step, node: Node, peer: Peer, said: ChainDelta) -> None:
    """Links of a contact's chain came.

    Raises:
        RemoteProtocolError: they do not stand where they say.
    """
    contact = CONTACTS.get(step.tx, peer.contact_id)
    if contact is None:
        return
    before = sigchains.of(step, node, PersonaId(contact.persona_id))
    assert before is not None
    try:
        merged = receive(before, decode_links(said.links))
    except UnexpectedMessage:
        greet(step, node, peer)
        return
    take_chain(step, node, contact, before, merged)


def take_chain(step: Step, node: Node, contact: Contact, before: Sigchain, merged: Merged) -> None:
    """Store what a merge came to, what a person is told of it, and what it does to the contact's nodes."""
    if merged.chain == before:
        return
    sigchains.store(step, node, contact.id, merged.chain)
    found = alerts(before, merged)
    for alert in found:
        kind, data = _shown(alert)
        _alert(step, contact.id, kind, data)
    standing = standing_after(Standing(contact.standing), found, strict=contact.strict)
    CONTACTS.change(step.tx, contact.id, standing=standing.value)
    active = {known.leaf_sig for known in merged.chain.nodes}
    for peer in PEERS.all(step.tx, contact_id=contact.id):
        if peer.active != (peer.leaf_sig in active):
            PEERS.change(step.tx, peer.id, active=peer.leaf_sig in active)
    tell(step, "contact.changed", contact=str(contact.id))


def _shown(alert: Alert) -> tuple[str, bytes]:
    match alert:
        case NodeAdded(leaf_sig):
            return "node-added", leaf_sig
        case NodeRevoked(leaf_sig):
            return "node-revoked", leaf_sig
        case RootRotated(generation):
            return "root-rotated", str(generation).encode()
        case LinksVoid(links):
            return "links-void", cbor.encode(list(links))
        case Forked(evidence):
            return "forked", evidence
        case Retired(successor):
            return "retired", successor or b""


def _alert(step: Step, contact_id: int, kind: str, data: bytes) -> None:
    if ALERTS.add_new(step.tx, contact_id=contact_id, kind=kind, data=data, at=step.wall_s, settled=False):
        tell(step, "contact.alert", contact=str(contact_id), kind=kind)


def forked(step: Step, persona_id: bytes, evidence: bytes) -> None:
    """An author signed two messages for one place: its node runs twice, or its key was stolen."""
    contact = CONTACTS.one(step.tx, persona_id=persona_id)
    if contact is None:
        tell(step, "node.forked")
        return
    _alert(step, contact.id, "author-forked", evidence)
    CONTACTS.change(step.tx, contact.id, standing=Standing.KEY_ALERT.value)


def account_changed(step: Step, contact: Contact, seen: bytes) -> None:
    """An account that was proven to be a contact's names another persona: stolen, or handed on (spec 42 §4).

    The same sight is told once.
    """
    if ALERTS.one(step.tx, contact_id=contact.id, kind="account-changed", data=seen) is None:
        _alert(step, contact.id, "account-changed", seen)
        if contact.standing != "pending":
            CONTACTS.change(step.tx, contact.id, standing=Standing.KEY_ALERT.value)
        tell(step, "contact.changed", contact=str(contact.id))


def confirmed(step: Step, node: Node, peer: Peer) -> None:
    """A peer was heard in its conversation: the meeting has gone through."""
    contact = CONTACTS.get(step.tx, peer.contact_id)
    if contact is not None and contact.standing == "pending":
        CONTACTS.change(step.tx, contact.id, standing=Standing.CONFIRMED.value)
        tell(step, "contact.changed", contact=str(contact.id))
        greet(step, node, peer)
        for waits in ("addresses", "beacons", "claims"):
            node.remind(step, (waits, 0), 0.0)


def address(step: Step, node: Node, conversation: ConversationRow, peer: Peer, data: bytes) -> None:
    """A peer says where it is. It is told that it was heard.

    Raises:
        RemoteProtocolError: it is no record, or not the peer's.
    """
    record = AddressRecord.decode(data)
    known = None if peer.address_record is None else AddressRecord.decode(peer.address_record)
    if record.leaf_sig == peer.leaf_sig and (known is None or newer(known, record) == record):
        PEERS.change(step.tx, peer.id, address_record=data)
        node.near.failures.pop(peer.id, None)
        node.timers.pop(("call", peer.id), None)
    receipts.heard(step, node, conversation.id)
