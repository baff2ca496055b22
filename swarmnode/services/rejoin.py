"""Coming back into conversations on a new node, and letting a contact's new node back in (spec 41).

    wanted -> asked -> filling -> (no row any more)

Each node of a contact that is to let us back in has a setting with how far that is. What is to be done next
follows from it (`tend`), so a restart, an answer that comes late and one that comes twice are one case.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum

from swarm_protocol import cbor, mls
from swarm_protocol import meeting as met
from swarm_protocol.envelope import Kind
from swarm_protocol.identity import NodeRef, PersonaId, Standing, merge
from swarm_protocol.mailbox import QueueRecord, Recipient

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
    Contact,
    Peer,
    QueueIn,
)
from ..storage.shelves import Conversation as ConversationRow
from . import groups, outgoing, peers, queues, rotation, sigchains, trust
from .news import tell
from .node import Node
from .step import Step

KEY_PACKAGE_S = 30 * 86400
ASK_AGAIN_S = 25 * 86400
"""A rejoin that nobody answered for so long is made anew: its key package ends."""
FILLED_BY_S = 86400
"""What has not come by then, the contact does not have; ordinary repair goes on."""
LOOK_S, LOOK_SOON_S = 60.0, 5.0
_PENDING, _ANSWERED, _HELD = "rejoin ", "rejoined ", "rejoin held "
_QUIET = frozenset({"node-added", "node-revoked", "root-rotated"})
"""Alerts that say together what one line says: the contact has come back on a new node."""


class Phase(IntEnum):
    """How far we are with one node of a contact."""

    WANTED = 0
    """It is to be asked, as soon as there is a queue for its answer."""
    ASKED = 1
    FILLING = 2
    """We are in the conversation again, and fetch what was said since the backup."""


@dataclass(frozen=True, slots=True)
class _Pending:
    """A rejoin of ours: the keys of the exchange, and the key package that the Welcome is for."""

    peer_id: int
    phase: Phase = Phase.WANTED
    number: int = 0
    since: int = 0
    conv_id: bytes = field(default=b"", repr=False)
    own: bytes = field(default=b"", repr=False)
    keys: met.MeetingKeys | None = None

    @classmethod
    def decode(cls, peer_id: int, data: bytes) -> _Pending:
        r = cbor.Record.decode(data, "a rejoin that is under way")
        transcript, request, psk, answer = r.octets_array(6, at_most=4) or [b""] * 4
        keys = met.MeetingKeys(transcript, request, psk, answer) if transcript else None
        return cls(peer_id, Phase(r.uint(1)), r.uint(2), r.uint(3), r.octets(4), r.octets(5), keys)

    def store(self, step: Step) -> None:
        k = self.keys
        keys = [] if k is None else [k.transcript, k.request, k.psk, k.answer]
        value: dict[int, cbor.Value] = {
            1: int(self.phase),
            2: self.number,
            3: self.since,
            4: self.conv_id,
            5: self.own,
            6: keys,
        }
        SETTINGS.put(step.tx, name=f"{_PENDING}{self.peer_id}", value=cbor.encode(value))

    def drop(self, step: Step) -> None:
        SETTINGS.drop(step.tx, name=f"{_PENDING}{self.peer_id}")


def want(step: Step, node: Node, peer_id: int) -> None:
    """Have a node of a contact let us back in."""
    _Pending(peer_id).store(step)
    node.remind(step, ("rejoin", 0), 0.0)


def phases(step: Step) -> list[Phase]:
    """How far we are with each node that is not done."""
    return [pending.phase for pending in _all_pending(step)]


def _all_pending(step: Step) -> list[_Pending]:
    return [_Pending.decode(peer_id, value) for peer_id, value in _numbered(step, _PENDING)]


def _numbered(step: Step, prefix: str) -> list[tuple[int, bytes]]:
    rows = SETTINGS.where(step.tx, tables.setting.c.name.startswith(prefix))
    return [(int(row.name[len(prefix) :]), row.value) for row in rows if row.name[len(prefix) :].isdecimal()]


# Asking


def started(step: Step, node: Node) -> None:
    """The engine is new: go on where it is needed."""
    if SETTINGS.where(step.tx, tables.setting.c.name.startswith("rejoin ")):
        node.remind(step, ("rejoin", 0), 0.0)


def tend(step: Step, node: Node) -> None:
    """Do what rejoins wait for, as far as it can be done now."""
    if node.quarantine:
        return
    for peer_id, sealed in _numbered(step, _HELD):
        _look_again(step, node, peer_id, sealed)
    for pending in _all_pending(step):
        peer = PEERS.get(step.tx, pending.peer_id)
        if peer is None or not peer.active:
            pending.drop(step)
        else:
            _advance(step, node, pending, peer)
    left = _all_pending(step)
    if left or _numbered(step, _HELD):
        soon = any(pending.phase is Phase.FILLING for pending in left)
        node.remind(step, ("rejoin", 0), LOOK_SOON_S if soon else LOOK_S)


def _advance(step: Step, node: Node, pending: _Pending, peer: Peer) -> None:
    age = step.wall_s - pending.since
    match pending.phase:
        case Phase.WANTED:
            _ask(step, node, pending, peer)
        case Phase.ASKED:
            waits = OUTBOX.count(step.tx, peer_id=peer.id, kind=int(Kind.REJOIN))
            if not waits or not 0 <= age <= ASK_AGAIN_S:
                _ask(step, node, replace(pending, number=pending.number + 1), peer)
        case Phase.FILLING:
            fetch = node.fetching.get(peer.id)
            if (fetch is not None and fetch.asked is None) or not 0 <= age <= FILLED_BY_S:
                pending.drop(step)
                tell(step, "node.changed")


def _ask(step: Step, node: Node, pending: _Pending, peer: Peer) -> None:
    conversation, made = peers.conversation_with(step, peer.contact_id), _made(step, peer.id)
    contact = CONTACTS.get(step.tx, peer.contact_id)
    if conversation is None or contact is None or not made:
        return
    chain = sigchains.of(step, node, PersonaId(contact.persona_id))
    assert chain is not None, "a contact has its chain"
    own = _key_package(step, node)
    asked = met.ask_to_rejoin(
        own,
        node.me.chain,
        _records(step, made),
        to=(chain, peer.leaf_sig),
        conv_id=conversation.conv_id,
        number=pending.number,
        entropy=step.entropy,
    )
    for queue in made:
        QUEUES_IN.change(step.tx, queue.id, told=True)
    _forget(step, node, peer.id, Kind.REJOIN)
    archived = mls.archive.encode_own_key_package(own)
    after = _Pending(
        peer.id, Phase.ASKED, pending.number, step.wall_s, conversation.conv_id, archived, asked.keys
    )
    after.store(step)
    outgoing.post_meeting(step, node, Kind.REJOIN, asked.sealed, peer_id=peer.id)


def _made(step: Step, peer_id: int) -> list[QueueIn]:
    """Queues of ours that a peer can write to."""
    found = QUEUES_IN.all(step.tx, peer_id=peer_id)
    return [queue for queue in found if queue.sid is not None and queue.state in rotation.LIVE]


def _records(step: Step, made: list[QueueIn]) -> list[QueueRecord]:
    return [record for queue in made if (record := queues.record_of(step, queue)) is not None][:2]


def _key_package(step: Step, node: Node) -> mls.OwnKeyPackage:
    me = node.me
    lifetime = step.wall_s - 3600, step.wall_s + KEY_PACKAGE_S
    ref = NodeRef(me.chain.persona_id, me.node_seq)
    return met.node_key_package(ref, me.keys, lifetime=lifetime, entropy=step.entropy)


def _forget(step: Step, node: Node, peer_id: int, kind: Kind) -> None:
    for row in OUTBOX.all(step.tx, peer_id=peer_id, kind=int(kind)):
        outgoing.confirmed(step, node, row.id)


def answered(step: Step, node: Node, peer_id: int, sealed: bytes) -> bool:
    """An answer came; whether we are back in a conversation by it. One that nobody waits for is nothing.

    Raises:
        RemoteProtocolError: it does not hold.
    """
    pending = next((p for p in _all_pending(step) if p.peer_id == peer_id), None)
    peer = PEERS.get(step.tx, peer_id)
    if pending is None or pending.keys is None or pending.phase is not Phase.ASKED or peer is None:
        return False
    chain, own = node.me.chain, mls.archive.decode_own_key_package(pending.own)
    answer = met.open_answer(pending.keys, sealed, own=chain)
    contact = CONTACTS.get(step.tx, peer.contact_id)
    conversation = CONVERSATIONS.one(step.tx, conv_id=pending.conv_id)
    assert contact is not None, "a peer has its contact"
    if conversation is None or answer.node.leaf_sig != peer.leaf_sig:
        return False
    before = sigchains.of(step, node, PersonaId(contact.persona_id))
    assert before is not None
    merged = merge(before, answer.chain)
    if not merged.chain.trusts(peer.leaf_sig):
        trust.take_chain(step, node, contact, before, merged)
        return False
    started = met.join_again(own, pending.keys, answer, chain=chain, conv_id=pending.conv_id)
    trust.take_chain(step, node, contact, before, merged)
    for queue in _made(step, peer.id):
        if queue.told:
            QUEUES_IN.change(step.tx, queue.id, state=Recipient.ACTIVE.value)
    _forget(step, node, peer.id, Kind.REJOIN)
    _go_on(step, node, conversation, peer.id, started, pending.keys.transcript, answer.queues)
    replace(pending, phase=Phase.FILLING, since=step.wall_s, own=b"", keys=None).store(step)
    node.timers.pop(("greeted", peer.id), None)
    trust.greet(step, node, peer, repeat=True)
    node.remind(step, ("have", peer.id), 1.0)
    node.remind(step, ("rejoin", 0), LOOK_SOON_S)
    tell(step, "chat.changed", chat=str(conversation.id))
    return True


def _go_on(
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


# Being asked


def came(step: Step, node: Node, peer_id: int, sealed: bytes) -> None:
    """A contact asks to be let back in, through a queue that was a node's of theirs.

    Raises:
        RemoteProtocolError: it does not hold.
    """
    me, peer = node.me, PEERS.get(step.tx, peer_id)
    contact = None if peer is None else CONTACTS.get(step.tx, peer.contact_id)
    if contact is None or contact.blocked or node.quarantine:
        return
    rejoin = met.open_rejoin(me.keys, sealed, own=me.chain.persona_id, now=step.wall_s)
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
    _inherit(step, node, contact.id, new_id)
    made = _made(step, new_id)
    if not made:
        rotation.fill(step, node)
        return  # the rejoin is repeated, and there will be a queue then
    own, records = _key_package(step, node), _records(step, made)
    accepted = met.accept(
        request, own, me.chain, records, conv_id=rejoin.conv_id, entropy=step.entropy, now=step.wall_s
    )
    _forget(step, node, new_id, Kind.CONN_ACC)
    for queue in made:
        QUEUES_IN.change(step.tx, queue.id, state=Recipient.ACTIVE.value, told=True)
    _go_on(step, node, conversation, new_id, accepted.started, request.keys.transcript, request.queues)
    _Answered(rejoin.number, request.keys.request, accepted.sealed).store(step, leaf_sig)
    outgoing.post_meeting(step, node, Kind.CONN_ACC, accepted.sealed, peer_id=new_id)
    _send_again(step, node, contact.id, new_id)
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


def _look_again(step: Step, node: Node, peer_id: int, sealed: bytes) -> None:
    """A rejoin that a person was to look at first: go on once they have."""
    peer = PEERS.get(step.tx, peer_id)
    contact = None if peer is None else CONTACTS.get(step.tx, peer.contact_id)
    if contact is None or contact.standing != Standing.KEY_ALERT.value:
        SETTINGS.drop(step.tx, name=f"{_HELD}{peer_id}")
        if contact is not None:
            came(step, node, peer_id, sealed)


def _add_peer(step: Step, contact_id: int, rejoin: met.Rejoin) -> int:
    node = rejoin.request.node
    return PEERS.add(step.tx, contact_id=contact_id, leaf_sig=node.leaf_sig, node_seq=node.added)


def _inherit(step: Step, node: Node, contact_id: int, new_id: int) -> None:
    """The new node writes to us where lost ones did; where they read, nobody does."""
    for old in PEERS.all(step.tx, contact_id=contact_id, active=False):
        for queue in QUEUES_IN.all(step.tx, peer_id=old.id):
            QUEUES_IN.change(step.tx, queue.id, peer_id=new_id)
        for out in QUEUES_OUT.all(step.tx, peer_id=old.id):
            queues.change_out(step, node, out.id, state="gone")


def _send_again(step: Step, node: Node, contact_id: int, new_id: int) -> None:
    """What lost nodes have not confirmed goes to the new one."""
    for old in PEERS.all(step.tx, contact_id=contact_id, active=False):
        for row in OUTBOX.all(step.tx, peer_id=old.id):
            outgoing.confirmed(step, node, row.id)
            if row.message_id is not None and row.conversation_id is not None:
                outgoing.post(step, node, new_id, row.conversation_id, message_id=row.message_id)
