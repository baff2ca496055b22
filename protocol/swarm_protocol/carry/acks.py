"""What came by bundle is acknowledged by name (spec 51 §3), in an envelope like any other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from .. import cbor, labels
from ..errors import LimitError
from ..labels import HASH_SIZE
from . import rules


def carried_hash(envelope: bytes) -> bytes:
    """The name of an envelope that was carried, 32 bytes."""
    return labels.CARRIED.hash(envelope)


@dataclass(frozen=True, slots=True)
class BundleAck:
    """The envelopes with these names are stored. The payload of a frame `bundle_ack` (spec 20 §3)."""

    hashes: tuple[bytes, ...]

    @classmethod
    def of(cls, envelopes: Iterable[bytes]) -> BundleAck:
        """Acknowledge envelopes that are stored.

        Raises:
            LimitError: none, or more than `MAX_ACKED`.
        """
        hashes = tuple(sorted({carried_hash(envelope) for envelope in envelopes}))
        if not 1 <= len(hashes) <= rules.MAX_ACKED:
            raise LimitError(f"an acknowledgement names 1 to {rules.MAX_ACKED} envelopes")
        return cls(hashes)

    @classmethod
    def decode(cls, data: bytes) -> BundleAck:
        """Decode an acknowledgement; raises DecodeError."""
        r = cbor.Record.decode(data, "an acknowledgement")
        hashes = tuple(r.octets_array(1, at_most=rules.MAX_ACKED))
        rising = all(a < b for a, b in pairwise(hashes))
        if not hashes or not rising or any(len(name) != HASH_SIZE for name in hashes):
            raise rules.ACK_HASHES.undecodable()
        return cls(hashes)

    def encode(self) -> bytes:
        """Encode it."""
        return cbor.encode({1: list(self.hashes)})
