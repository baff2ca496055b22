"""Relay tickets (spec 30 §4): who shows one that nobody showed before may make a queue.

The owner of a relay hands out seeds; a seed gives 256 tickets. The relay keeps their hashes and nothing that
says whose they are. A ticket that made a queue gives the same queue again to the same key, so that a lost
answer costs nothing.
"""

from __future__ import annotations

from .. import labels
from ..errors import UsageError
from . import limits
from .commands import ID_SIZE, SlotId

SEED_SIZE = 32


def tickets(seed: bytes) -> tuple[bytes, ...]:
    """The 256 tickets of a seed, 32 bytes each.

    Raises:
        UsageError: a seed of another length than 32 bytes.
    """
    if len(seed) != SEED_SIZE:
        raise UsageError(f"the seed of tickets has {SEED_SIZE} bytes")
    prk = labels.TICKET_BATCH.extract(seed)
    return tuple(labels.TICKET_BATCH.derive(prk, bytes([i])) for i in range(limits.TICKETS))


def ticket_hash(ticket: bytes) -> bytes:
    """What a relay keeps of a ticket."""
    return labels.TICKET.hash(ticket)


def slot_id(link_key: bytes, pin: bytes) -> SlotId:
    """Where an invite's bundle lies on the relay with this pin; elsewhere it lies under another id."""
    prk = labels.INVITE_SLOT.extract(link_key)
    return SlotId(labels.INVITE_SLOT.derive(prk, pin, size=ID_SIZE))
