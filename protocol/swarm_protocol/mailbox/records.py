"""What a sender must know of a queue and of its relay (spec 30 §6); it travels end-to-end encrypted."""

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
class RelayRecord:
    """A relay as others reach it.

    `address` and `pin` (the hash of a certificate) lead to it, `relay` checks its receipts, and `hpke` is
    sealed to.
    """

    address: str = field(repr=False)
    pin: bytes = field(repr=False)
    relay: bytes = field(repr=False)
    hpke: bytes = field(repr=False)

    @classmethod
    def read(cls, r: Record) -> RelayRecord:
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
        )
        rules.RECORD_KEYS.require(is_signature_key(record.relay) and is_relay_hpke_key(record.hpke))
        return record

    def fields(self) -> dict[int, Value]:
        """Give the record's fields."""
        return {1: self.address, 2: self.pin, 3: self.relay, 4: self.hpke}

    def queue(self, sid: SenderId, queue_key: bytes) -> QueueRecord:
        """A queue at this relay."""
        return QueueRecord(self.address, self.pin, self.relay, self.hpke, sid, queue_key)


@dataclass(frozen=True, slots=True)
class QueueRecord:
    """A queue as its sender sees it.

    The relay as in a `RelayRecord`, and `queue_key`, which seals the envelopes that lie in the queue.
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
        """Read a record; raises like `RelayRecord.read`."""
        relay = RelayRecord.read(r)
        return relay.queue(SenderId(r.octets(5, size=ID_SIZE)), r.octets(6, size=KEY_SIZE))

    @property
    def at(self) -> RelayRecord:
        """The relay of the queue."""
        return RelayRecord(self.address, self.pin, self.relay, self.hpke)

    def fields(self) -> dict[int, Value]:
        """Give the record's fields."""
        return {**self.at.fields(), 5: self.sid, 6: self.queue_key}

    def encode(self) -> bytes:
        """Encode the record."""
        return cbor.encode(self.fields())
