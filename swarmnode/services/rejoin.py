"""Coming back into conversations on a new node (spec 41); how others let us in is in `readmit`.

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
from swarm_protocol.identity import PersonaId, merge
from swarm_protocol.mailbox import Recipient

from ..storage import tables
from ..storage.shelves import (
    CONTACTS,
    CONVERSATIONS,
    OUTBOX,
    PEERS,
    QUEUES_IN,
    SETTINGS,
    Peer,
)
from . import (
    acquaintance,
    carriage,
    outgoing,
    peers,
    readmit,
    repair,
    sigchains,
    successor,
    trust,
)
from .news import tell
from .node import Node
from .step import Step

ASK_AGAIN_S = 25 * 86400
"""A rejoin that nobody answered for so long is made anew: its key package ends."""
FILLED_BY_S = 86400
"""What has not come by then, the contact does not have; ordinary repair goes on."""
LOOK_S, LOOK_SOON_S = 60.0, 5.0
SOON_S = 600
"""So long after we are back it is looked often whether all has come."""
_PENDING = "rejoin at "


class Phase(IntEnum):
    """How far we are with one node of a contact."""

    WANTED = 0
    """It is to be asked, as soon as there is a way for its answer."""
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
    _Pending(peer_id, since=step.wall_s).store(step)
    node.remind(step, ("rejoin", 0), 0.0)


def phases(step: Step) -> dict[int, Phase]:
    """How far we are with each node of a contact that is not done, by its row."""
    return {pending.peer_id: pending.phase for pending in _all_pending(step)}


def _all_pending(step: Step) -> list[_Pending]:
    rows = SETTINGS.where(step.tx, tables.setting.c.name.startswith(_PENDING))
    return [_Pending.decode(int(row.name[len(_PENDING) :]), row.value) for row in rows]


# Asking


def started(step: Step, node: Node) -> None:
    """The engine is new: go on where it is needed."""
    node.remind(step, ("rejoin", 0), 0.0)


def tend(step: Step, node: Node) -> None:
    """Do what rejoins wait for, as far as it can be done now."""
    if node.quarantine:
        return
    held = readmit.look_again(step, node)
    for pending in _all_pending(step):
        peer = PEERS.get(step.tx, pending.peer_id)
        if peer is None or not peer.active:
            pending.drop(step)
        else:
            _advance(step, node, pending, peer)
    left = _all_pending(step)
    if left or held:
        soon = any(p.phase is Phase.FILLING and step.wall_s - p.since < SOON_S for p in left)
        node.remind(step, ("rejoin", 0), LOOK_SOON_S if soon else LOOK_S)


def _advance(step: Step, node: Node, pending: _Pending, peer: Peer) -> None:
    age = step.wall_s - pending.since
    match pending.phase:
        case Phase.WANTED:
            fresh = 0 <= age < carriage.AFTER_S
            if fresh:
                node.remind(step, ("rejoin", 0), carriage.AFTER_S)
            _ask(step, node, pending, peer, carried=not fresh)
        case Phase.ASKED:
            waits = OUTBOX.count(step.tx, peer_id=peer.id, kind=int(Kind.REJOIN))
            if not waits or not 0 <= age <= ASK_AGAIN_S:
                _ask(step, node, replace(pending, number=pending.number + 1), peer, carried=True)
        case Phase.FILLING:
            fetch = node.fetching.get(peer.id)
            if (fetch is not None and fetch.asked is None) or not 0 <= age <= FILLED_BY_S:
                pending.drop(step)
                tell(step, "node.changed")
            elif ("have apart", peer.id) not in node.timers:
                repair.ask_again(step, node, peer)


def _ask(step: Step, node: Node, pending: _Pending, peer: Peer, *, carried: bool) -> None:
    """Ask to be let back in, if there is a way for the answer; `carried` where a network may be that, too."""
    conversation, made = peers.conversation_with(step, peer.contact_id), successor.made(step, peer.id)
    contact = CONTACTS.get(step.tx, peer.contact_id)
    way = bool(made) or (carried and carriage.reaches(step, peer.id))
    if conversation is None or contact is None or not way:
        return
    chain = sigchains.of(step, node, PersonaId(contact.persona_id))
    assert chain is not None, "a contact has its chain"
    own = acquaintance.key_package(step, node)
    asked = met.ask_to_rejoin(
        own,
        node.me.chain,
        acquaintance.records(step, made),
        to=(chain, peer.leaf_sig),
        conv_id=conversation.conv_id,
        number=pending.number,
        entropy=step.entropy,
    )
    for queue in made:
        QUEUES_IN.change(step.tx, queue.id, told=True)
    successor.forget(step, node, peer.id, Kind.REJOIN)
    archived = mls.archive.encode_own_key_package(own)
    after = _Pending(
        peer.id, Phase.ASKED, pending.number, step.wall_s, conversation.conv_id, archived, asked.keys
    )
    after.store(step)
    outgoing.post_meeting(step, node, Kind.REJOIN, asked.sealed, peer_id=peer.id)


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
    least = 0 if carriage.reaches(step, peer.id) else 1
    answer = met.open_answer(pending.keys, sealed, own=chain, least_queues=least)
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
    for queue in successor.made(step, peer.id):
        if queue.told:
            QUEUES_IN.change(step.tx, queue.id, state=Recipient.ACTIVE.value)
    successor.forget(step, node, peer.id, Kind.REJOIN)
    successor.go_on(step, node, conversation, peer.id, started, pending.keys.transcript, answer.queues)
    replace(pending, phase=Phase.FILLING, since=step.wall_s, own=b"", keys=None).store(step)
    node.timers.pop(("greeted", peer.id), None)
    trust.greet(step, node, peer, repeat=True)
    node.remind(step, ("have", peer.id), 1.0)
    node.remind(step, ("rejoin", 0), LOOK_SOON_S)
    tell(step, "chat.changed", chat=str(conversation.id))
    return True
