"""Carrying (spec 51): what waits for contacts leaves in a file, and comes in from one.

A bundle is one more way: what it takes along stays in the outbox until the other side says that it is there,
and what it brings enters where everything enters (`incoming`). So a file that gets lost, comes twice, or too
late for a relay that was faster, does no harm.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from swarm_protocol.carry import CARRY, BundleAck, Expected, Pair, Record, RecordClass, read
from swarm_protocol.carry import write as write_bundle
from swarm_protocol.carry.rules import ID_SIZE, MAX_ACKED
from swarm_protocol.envelope import Frame, Kind, frames_for, open_envelope, seal_envelope
from swarm_protocol.errors import DecodeError, RemoteProtocolError, UnsupportedVersion

from ..domain.views import CarryView
from ..errors import UsageError
from ..storage.shelves import MESSAGES, OUTBOX, PEERS, Outgoing, Peer
from . import carried, contacts, incoming, outgoing
from .node import Node
from .step import Step

_CARRIED = frozenset({int(Kind.MLS_PRIVATE), int(Kind.BUNDLE_ACK)})
"""What two nodes say that know each other; who does not yet knows no tag either."""


def write(step: Step, node: Node, contact: str = "") -> tuple[list[bytes], int]:
    """A bundle of what waits for a contact, or for all: its pieces, and the number of its records.

    Raises:
        NotFound: there is no such contact.
        NotReady: nothing may be sealed here.
    """
    node.require_writable()
    wanted = None if not contact else contacts.find(step, contact).id
    pairs = {
        peer_id: pair
        for peer_id, (peer, pair) in _pairs(step, node).items()
        if wanted in {None, peer.contact_id}
    }
    records = list(_records(step, node, pairs))
    return list(write_bundle(step.entropy(ID_SIZE), records)), len(records)


def _pairs(step: Step, node: Node) -> dict[int, tuple[Peer, Pair]]:
    own = node.me.author.leaf_sig
    return {
        peer.id: (peer, Pair(peer.pair_secret, own, peer.leaf_sig))
        for peer in PEERS.all(step.tx, active=True)
        if peer.pair_secret is not None
    }


def _records(step: Step, node: Node, pairs: dict[int, Pair]) -> Iterator[Record]:
    for peer_id, pair in pairs.items():
        tag, number = CARRY.sent(pair, CARRY.period(step.wall_s)), 0
        for waiting in OUTBOX.all(step.tx, peer_id=peer_id):
            row = _encrypted(step, node, waiting)
            if row is None or row.wire is None:
                continue
            sealed = []
            for frame in frames_for(Kind(row.kind), row.wire, 0):
                numbered = Frame(frame.kind, frame.payload, number)
                sealed.append(seal_envelope(pair.key_out, numbered, entropy=step.entropy))
                number += 1
            yield from (Record(tag, RecordClass.ENVELOPE, envelope) for envelope in sealed)
            if row.repeat:
                carried.note(step, row.id, sealed)
            else:
                OUTBOX.drop(step.tx, id=row.id)  # nobody confirms it: to have left once must do


def _encrypted(step: Step, node: Node, row: Outgoing) -> Outgoing | None:
    """What can be carried of the outbox, encrypted; None for the rest."""
    on_its_way = not row.repeat and row.state != outgoing.QUEUED
    if row.kind not in _CARRIED or row.state == outgoing.KEYLESS or on_its_way:
        return None
    return outgoing.with_wire(step, node, row)


@dataclass(slots=True)
class _Counts:
    """What became of the records of a bundle."""

    records: int = 0
    foreign: int = 0
    skipped: int = 0
    size: int = 0
    stored: dict[int, list[bytes]] = field(default_factory=dict)
    """Envelopes that are stored here, by peer."""


def take(step: Step, node: Node, pieces: Iterable[bytes]) -> CarryView:
    """Take a bundle in. Of a damaged one all that is whole is taken, and `damage` names the place.

    Raises:
        UsageError: it is no bundle, or one for a newer program.
        NotReady: nothing may be sealed here.
    """
    node.require_writable()
    pairs = {peer_id: pair for peer_id, (_, pair) in _pairs(step, node).items()}
    expected = Expected.of(CARRY, pairs, step.wall_s)
    before, counts, damage = MESSAGES.count(step.tx), _Counts(), ""

    def counted() -> Iterator[bytes]:
        for piece in pieces:
            counts.size += len(piece)
            yield piece

    try:
        bundle = read(counted())
    except (DecodeError, UnsupportedVersion) as e:
        raise UsageError(f"this file is no bundle that can be read here: {e}") from e
    try:
        for record in bundle.records:
            _take(step, node, expected, record, counts)
    except DecodeError as e:
        damage = str(e)
    for peer_id, envelopes in counts.stored.items():
        for at in range(0, len(envelopes), MAX_ACKED):
            wire = BundleAck.of(envelopes[at : at + MAX_ACKED]).encode()
            outgoing.post_meeting(step, node, Kind.BUNDLE_ACK, wire, peer_id=peer_id, repeat=False)
    return CarryView(
        records=counts.records,
        size_bytes=counts.size,
        new=MESSAGES.count(step.tx) - before,
        foreign=counts.foreign,
        skipped=counts.skipped,
        damage=damage,
    )


def _take(step: Step, node: Node, expected: Expected[int], record: Record, counts: _Counts) -> None:
    counts.records += 1
    found = expected.find(record.tag)
    if found is None:
        counts.foreign += 1
        return
    key = expected.pairs[found.key].key_in
    try:
        kind = open_envelope(key, record.data).kind
    except RemoteProtocolError:
        counts.skipped += 1
        return
    changes = step.tx.driver.total_changes
    taken = incoming.take(step, node, incoming.Source(found.key, None, 0), key, record.data)
    if not taken or step.tx.driver.total_changes == changes:
        counts.skipped += 1
    if taken and kind is not Kind.BUNDLE_ACK:
        counts.stored.setdefault(found.key, []).append(record.data)
