"""Letting a contact's new node back into the conversation (spec 41 §2)."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

from swarm_protocol import cbor
from swarm_protocol import meeting as met
from swarm_protocol.envelope import Kind
from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.identity import PersonaId, Standing, merge
from swarm_protocol.mailbox import Recipient

from ..storage import tables
from ..storage.shelves import (
    ALERTS,
    CONTACTS,
    CONVERSATIONS,
    OUTBOX,
    PEERS,
    QUEUES_IN,
    QUEUES_OUT,
    SETTINGS,
    TICKETS,
    Contact,
    QueueIn,
)
from . import acquaintance, carriage, outgoing, proofs, queues, rotation, sigchains, successor, trust
from .news import tell
from .node import Node
from .step import Step

LOOK_S = 60.0
_ANSWERED, _HELD = "rejoined ", "rejoin held "
_QUIET = frozenset({"node-added", "node-revoked", "root-rotated"})
"""Alerts that say together what one line says: the contact has come back on a new node."""


def came(step: Step, node: Node, peer_id: int, sealed: bytes) -> None:
    """A contact asks to be let back in, through a queue or a conversation that was a node's of theirs.

    Raises:
        RemoteProtocolError: it does not hold.
    """
    me, peer = node.me, PEERS.get(step.tx, peer_id)
    contact = None if peer is None else CONTACTS.get(step.tx, peer.contact_id)
    if contact is None or contact.blocked or node.quarantine:
        return
    least = 0 if carriage.reaches(step, peer_id) else 1
    rejoin = met.open_rejoin(me.keys, sealed, own=me.chain.persona_id, now=step.wall_s, least_queues=least)
    request = rejoin.request
    conversation = CONVERSATIONS.one(step.tx, conv_id=rejoin.conv_id, contact_id=contact.id)
    if request.persona_id != contact.persona_id or conversation is None:
        tell(step, "incoming.refused", code="unexpected", rule="", peer=peer_id)
        return
    leaf_sig = request.node.leaf_sig
    last = _last_answer(step, leaf_sig)
    if last is not None and rejoin.number <= last.number:
        if request.keys.request == last.request:
            _answer_again(step, node, leaf_sig, last.sealed)
        return
    if not _believed(step, node, contact, rejoin, sealed, peer_id):
        return
    known = PEERS.one(step.tx, leaf_sig=leaf_sig)
    new_id = known.id if known is not None else _add_peer(step, contact.id, rejoin)
    inherited = _inherit(step, node, contact.id, new_id)
    made = successor.made(step, new_id)
    if not made and not carriage.reaches(step, new_id):
        rotation.fill(step, node)
        return  # the rejoin is repeated, and there will be a queue then
    own, records = acquaintance.key_package(step, node), acquaintance.records(step, made)
    accepted = met.accept(
        request, own, me.chain, records, conv_id=rejoin.conv_id, entropy=step.entropy, now=step.wall_s
    )
    successor.forget(step, node, new_id, Kind.CONN_ACC)
    for queue in made:
        QUEUES_IN.change(step.tx, queue.id, state=Recipient.ACTIVE.value, told=True)
    successor.go_on(
        step, node, conversation, new_id, accepted.started, request.keys.transcript, request.queues
    )
    _Answered(rejoin.number, request.keys.request, accepted.sealed).store(step, leaf_sig)
    outgoing.post_meeting(step, node, Kind.CONN_ACC, accepted.sealed, peer_id=new_id)
    _send_again(step, node, contact.id, new_id)
    _replace(step, node, inherited)
    tell(step, "chat.changed", chat=str(conversation.id))


@dataclass(frozen=True, slots=True)
class _Answered:
    """The last answer to one leaf, to be given again."""

    number: int
    request: bytes
    sealed: bytes = field(repr=False)

    def store(self, step: Step, leaf_sig: bytes) -> None:
        value = cbor.encode({1: self.number, 2: self.request, 3: self.sealed})
        SETTINGS.put(step.tx, name=_ANSWERED + leaf_sig.hex(), value=value)


def _last_answer(step: Step, leaf_sig: bytes) -> _Answered | None:
    row = SETTINGS.get(step.tx, _ANSWERED + leaf_sig.hex())
    if row is None:
        return None
    size = 2 * len(row.value)
    r = cbor.Record.decode(row.value, "an answer", max_size=size)
    return _Answered(r.uint(1), r.octets(2), r.octets(3, at_most=size))


def _answer_again(step: Step, node: Node, leaf_sig: bytes, sealed: bytes) -> None:
    peer = PEERS.one(step.tx, leaf_sig=leaf_sig)
    if peer is not None and not OUTBOX.count(step.tx, peer_id=peer.id, kind=int(Kind.CONN_ACC)):
        outgoing.post_meeting(step, node, Kind.CONN_ACC, sealed, peer_id=peer.id)


def _believed(
    step: Step, node: Node, contact: Contact, rejoin: met.Rejoin, sealed: bytes, peer_id: int
) -> bool:
    """Merge the chain, and tell the person; whether the new node may be answered now."""
    before = sigchains.of(step, node, PersonaId(contact.persona_id))
    assert before is not None
    seen = {alert.id for alert in ALERTS.all(step.tx, contact_id=contact.id)}
    merged = merge(before, rejoin.request.chain)
    trust.take_chain(step, node, contact, before, merged)
    proofs.chain_changed(step, contact.id)
    for alert in ALERTS.all(step.tx, contact_id=contact.id, settled=False):
        if alert.id not in seen and alert.kind in _QUIET:
            ALERTS.change(step.tx, alert.id, settled=True)
    asking = rejoin.request.node
    leaf_sig, known = asking.leaf_sig, merged.chain.node(asking.leaf_sig)
    if known is None or known.added != asking.added or not merged.chain.trusts(leaf_sig):
        return False
    if ALERTS.add_new(
        step.tx, contact_id=contact.id, kind="rejoined", data=leaf_sig, at=step.wall_s, settled=False
    ):
        tell(step, "contact.alert", contact=str(contact.id), kind="rejoined")
    after = CONTACTS.get(step.tx, contact.id)
    if after is None or after.standing == Standing.KEY_ALERT.value:
        SETTINGS.put(step.tx, name=f"{_HELD}{peer_id}", value=sealed)
        node.remind(step, ("rejoin", 0), LOOK_S)
        return False
    return True


def look_again(step: Step, node: Node) -> bool:
    """Go on with rejoins that a person was to look at first, and has; whether others wait still."""
    waiting = False
    for row in SETTINGS.where(step.tx, tables.setting.c.name.startswith(_HELD)):
        peer_id = int(row.name[len(_HELD) :])
        peer = PEERS.get(step.tx, peer_id)
        contact = None if peer is None else CONTACTS.get(step.tx, peer.contact_id)
        if contact is not None and contact.standing == Standing.KEY_ALERT.value:
            waiting = True
            continue
        SETTINGS.drop(step.tx, name=row.name)
        with suppress(RemoteProtocolError):  # its key package has ended meanwhile: another rejoin comes
            came(step, node, peer_id, row.value)
    return waiting


def _add_peer(step: Step, contact_id: int, rejoin: met.Rejoin) -> int:
    node = rejoin.request.node
    return PEERS.add(step.tx, contact_id=contact_id, leaf_sig=node.leaf_sig, node_seq=node.added)


def _inherit(step: Step, node: Node, contact_id: int, new_id: int) -> list[QueueIn]:
    """The new node writes to us where lost ones did, in these queues; where they read, nobody does.

    What it has in common with them are conversations on other networks.
    """
    inherited: list[QueueIn] = []
    for old in PEERS.all(step.tx, contact_id=contact_id, active=False):
        for queue in QUEUES_IN.all(step.tx, peer_id=old.id):
            QUEUES_IN.change(step.tx, queue.id, peer_id=new_id)
            inherited.append(queue)
        for out in QUEUES_OUT.all(step.tx, peer_id=old.id):
            queues.change_out(step, node, out.id, state="gone")
        carriage.inherit(step, old.id, new_id)
    return inherited


def _replace(step: Step, node: Node, inherited: list[QueueIn]) -> None:
    """Replace queues whose keys a lost disk holds, where there are tickets: who has it could fill them."""
    for queue in inherited:
        ticket = TICKETS.one(step.tx, relay_id=queue.relay_id, used=False)
        if queue.state in rotation.LIVE and queue.rid is not None and ticket is not None:
            drained = {"state": Recipient.DRAINING.value, "drained_at": step.wall_s, "told": True}
            QUEUES_IN.change(step.tx, queue.id, **drained)
    rotation.fill(step, node)


def _send_again(step: Step, node: Node, contact_id: int, new_id: int) -> None:
    """What lost nodes have not confirmed goes to the new one."""
    for old in PEERS.all(step.tx, contact_id=contact_id, active=False):
        for row in OUTBOX.all(step.tx, peer_id=old.id):
            outgoing.confirmed(step, node, row.id)
            if row.message_id is not None and row.conversation_id is not None:
                outgoing.post(step, node, new_id, row.conversation_id, message_id=row.message_id)
