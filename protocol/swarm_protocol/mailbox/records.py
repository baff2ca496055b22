"""Queue records: what a sender must know of a queue (spec 30 §6). They travel end-to-end encrypted."""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import cbor
from ..cbor import Record, Value
from ..identity.keys import is_signature_key
from . import limits, rules
from .commands import ID_SIZE, PIN_SIZE, SenderId
from .forward import is_relay_hpke_key
from .frames import KEY_SIZE

MAX_RECORD = 512


@dataclass(frozen=True, slots=True)
class QueueRecord:
    """A queue as its sender sees it.

    `address` and `pin` (the hash of a certificate) lead to the relay, `relay` checks its receipts, `hpke` is
    sealed to, and `queue_key` seals the envelopes that lie in it.
    """

    address: str = field(repr=False)
    pin: bytes = field(repr=False)
    relay: bytes = field(repr=False)
    hpke: bytes = field(repr=False)
    sid: SenderId = field(repr=False)
    queue_key: bytes = field(repr=False)

    @classmethod
    def decode(cls, data: bytes) -> QueueRecord:
        """Decode a record; raises like `read`."""
        return cls.read(Record.decode(data, "a queue record", max_size=MAX_RECORD))

    @classmethod
    def read(cls, r: Record) -> QueueRecord:
        """Read a record.

        Raises:
            DecodeError: no record.
            RuleViolation: a key of the relay that cannot be used.
        """
        record = cls(
            address=r.text(1, at_most=limits.MAX_ADDRESS),
            pin=r.octets(2, size=PIN_SIZE),
            relay=r.octets(3, size=KEY_SIZE),
            hpke=r.octets(4, size=KEY_SIZE),
            sid=SenderId(r.octets(5, size=ID_SIZE)),
            queue_key=r.octets(6, size=KEY_SIZE),
        )
        rules.RECORD_KEYS.require(is_signature_key(record.relay) and is_relay_hpke_key(record.hpke))
        return record

    def fields(self) -> dict[int, Value]:
        """Give the record's fields."""
        return {
            1: self.address,
            2: self.pin,
            3: self.relay,
            4: self.hpke,
            5: self.sid,
            6: self.queue_key,
        }

    def encode(self) -> bytes:
        """Encode the record."""
        return cbor.encode(self.fields())
