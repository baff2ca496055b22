"""Our address record: signed anew when doors change or it grows old, and told to contacts alone (spec 21 §8).

It is one row, with the peers that were told. A peer is told again until it says that something was heard.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from swarm_protocol import cbor
from swarm_protocol.content import AddressRecord, Endpoint, Told, Type

from ..storage.shelves import CONTACTS, PEERS, SETTINGS
from . import direct, peers
from .node import Node
from .step import Step

VALID_S = 90 * 86400
RENEW_BEFORE_S = 60 * 86400
"""About once a month: who was away for two months still has one that is valid."""
DAY_S = 86400.0
_NAME = "own addresses"


@dataclass(frozen=True, slots=True)
class _Own:
    """The record as it was signed last, and the peers that were told."""

    record: AddressRecord
    told: tuple[int, ...]


def look(step: Step, node: Node) -> None:
    """Sign a record for the doors of now, or before the last one ends, and tell peers that do not have it."""
    if node.persona is None or node.quarantine:
        return
    own, doors = _load(step, node), node.near.doors
    if not direct.is_on(node):
        doors = ()
    elif doors is None:
        doors = () if own is None else own.record.endpoints
    if own is None and not doors:
        return
    old = own is not None and bool(doors) and own.record.not_after - step.wall_s < RENEW_BEFORE_S
    if own is None or own.record.endpoints != doors or old:
        before, own = own, _sign(step, node, doors, own)
        if not doors and before is not None:
            _tell(step, node, own, only=before.told)
    if doors:
        _tell(step, node, own)
        node.remind(step, ("addresses", 0), DAY_S)


def _tell(step: Step, node: Node, own: _Own, *, only: Collection[int] | None = None) -> None:
    """Tell peers that were not told yet; that there are no doors any more, `only` those who know of some."""
    friends = {c.id for c in CONTACTS.all(step.tx, blocked=False) if c.standing != "pending"}
    told = set(own.told)
    for peer in PEERS.all(step.tx, active=True):
        wanted = only is None or peer.id in only
        if wanted and peer.id not in told and peer.contact_id in friends:
            peers.tell_peer(step, node, peer, Told(Type.ADDR_REC, own.record.data), repeat=True)
            told.add(peer.id)
    if told != set(own.told):
        _store(step, _Own(own.record, tuple(sorted(told))))


def _sign(step: Step, node: Node, endpoints: Sequence[Endpoint], before: _Own | None) -> _Own:
    # The clock's seconds, so that a node which was restored from a backup is above what it signed since.
    seq = max(step.wall_s, 0 if before is None else before.record.seq + 1)
    record = AddressRecord.make(
        node.me.keys.leaf_sig, seq=seq, not_after=step.wall_s + VALID_S, endpoints=endpoints
    )
    own = _Own(record, ())
    _store(step, own)
    return own


def _load(step: Step, node: Node) -> _Own | None:
    """The record of this node; one of before a restore was another node's (ADR 0020)."""
    row = SETTINGS.get(step.tx, _NAME)
    if row is None:
        return None
    r = cbor.Record.decode(row.value, "our addresses")
    record = AddressRecord.decode(r.octets(1))
    told = tuple(number for number in r.array(2, at_most=2**20) if isinstance(number, int))
    return _Own(record, told) if record.leaf_sig == node.me.keys.leaf_sig.public else None


def _store(step: Step, own: _Own) -> None:
    SETTINGS.put(step.tx, name=_NAME, value=cbor.encode({1: own.record.data, 2: [*own.told]}))
