"""What left in bundle files, by the names of its envelopes, until the other side has it (spec 51 §3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from swarm_protocol.carry import BundleAck, carried_hash

from ..storage import tables
from ..storage.shelf import Shelf
from ..storage.shelves import OUTBOX
from . import outgoing
from .node import Node
from .step import Step


@dataclass(frozen=True, slots=True)
class Carried:
    """An envelope that left in a bundle, and what it carries a piece of."""

    id: int
    outbox_id: int
    hash: bytes
    at: int


CARRIED = Shelf(tables.carried, Carried)


def note(step: Step, outbox_id: int, envelopes: Iterable[bytes]) -> None:
    """Something leaves in a bundle, in these envelopes; those of an older bundle count no more."""
    CARRIED.drop(step.tx, outbox_id=outbox_id)
    for envelope in envelopes:
        CARRIED.add(step.tx, outbox_id=outbox_id, hash=carried_hash(envelope), at=step.wall_s)


def acknowledged(step: Step, node: Node, peer_id: int, data: bytes) -> None:
    """A peer has envelopes that came by bundle; what has arrived as a whole need not leave again.

    Raises:
        RemoteProtocolError: it is no acknowledgement.
    """
    for name in BundleAck.decode(data).hashes:
        for row in CARRIED.all(step.tx, hash=name):
            item = OUTBOX.get(step.tx, row.outbox_id)
            if item is None or item.peer_id != peer_id:
                continue
            CARRIED.drop(step.tx, id=row.id)
            if not CARRIED.count(step.tx, outbox_id=row.outbox_id):
                outgoing.confirmed(step, node, row.outbox_id)
