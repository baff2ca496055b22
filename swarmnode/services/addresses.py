"""Our address record: where we listen, and relays for an emergency; told to contacts alone (spec 21 §8).

It is signed anew when that changes, or it grows old.

It is one row, with the peers that were told. A peer is told again until it says that something was heard.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from swarm_protocol import cbor
from swarm_protocol.content import AddressRecord, Endpoint, Told, Type
from swarm_protocol.mailbox import RelayRecord

from ..storage.shelves import CONTACTS, PEERS, SETTINGS
from . import direct, peers, rendezvous
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
    """Sign a record of how it is now, or before the last one ends, and tell peers that do not have it."""
    if node.persona is None or node.quarantine:
        return
    node.remind(step, ("addresses", 0), DAY_S)
    own = _load(step, node)
    doors, relays = _doors(node, own), rendezvous.emergency(step)
    says_something = bool(doors or relays)
    if own is None and not says_something:
        return
    old = own is not None and says_something and own.record.not_after - step.wall_s < RENEW_BEFORE_S
    if own is None or (own.record.endpoints, own.record.emergency) != (doors, relays) or old:
        before, own = own, _sign(step, node, doors, relays, own)
        if not says_something and before is not None:
            _tell(step, node, own, only=before.told)
    if says_something:
        _tell(step, node, own)


def _doors(node: Node, own: _Own | None) -> tuple[Endpoint, ...]:
    """Where this node listens; until that is known after a start, as it was."""
    if not direct.is_on(node):
        return ()
    if node.near.doors is None:
        return () if own is None else own.record.endpoints
    return node.near.doors


def _tell(step: Step, node: Node, own: _Own, *, only: Collection[int] | None = None) -> None:
    """Tell peers that were not told yet; that nothing is left, `only` those who know of something."""
    friends = {c.id for c in CONTACTS.all(step.tx, blocked=False) if c.standing != "pending"}
    told = set(own.told)
    for peer in PEERS.all(step.tx, active=True):
        wanted = only is None or peer.id in only
        if wanted and peer.id not in told and peer.contact_id in friends:
            peers.tell_peer(step, node, peer, Told(Type.ADDR_REC, own.record.data), repeat=True)
            told.add(peer.id)
    if told != set(own.told):
        _store(step, _Own(own.record, tuple(sorted(told))))


def _sign(
    step: Step,
    node: Node,
    endpoints: Sequence[Endpoint],
    emergency: Sequence[RelayRecord],
    before: _Own | None,
) -> _Own:
    # The clock's seconds, so that a node which was restored from a backup is above what it signed since.
    seq = max(step.wall_s, 0 if before is None else before.record.seq + 1)
    record = AddressRecord.make(
        node.me.keys.leaf_sig,
        seq=seq,
        not_after=step.wall_s + VALID_S,
        endpoints=endpoints,
        emergency=emergency,
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
