"""Where a node can be reached (spec 21 §8): signed by its leaf, told to contacts alone.

A record speaks for itself, so another node may pass it on, and a backup may keep it. Which persona the leaf
belongs to says the sigchain.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from .. import cbor, labels
from ..cbor import Record, Value
from ..errors import RemoteProtocolError, UsageError
from ..labels import SIGNATURE_SIZE
from ..mailbox.records import RelayRecord
from ..mls.signatures import SignatureKeyPair
from . import rules

LEAF_SIG, SEQ, NOT_AFTER, ENDPOINTS, EMERGENCY, SIGNATURE = range(1, 7)
KEY_SIZE, PIN_SIZE = 32, 32


class EndpointType(IntEnum):
    """How an address is reached. Another number is for a newer program: it is kept and not called."""

    INTERNET = 1
    LAN = 2
    ONION = 3


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A door of the node itself: its type, an address, and the hash of the certificate shown there."""

    type: int
    address: str = field(repr=False)
    pin: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class AddressRecord:
    """Where one node can be reached, until `not_after` (Unix seconds). Exists only verified.

    `emergency` are relays on which a queue may be found when all others are lost (spec 30 §8).
    """

    leaf_sig: bytes
    seq: int
    not_after: int
    endpoints: tuple[Endpoint, ...]
    emergency: tuple[RelayRecord, ...]
    data: bytes = field(repr=False)

    @classmethod
    def make(
        cls,
        keys: SignatureKeyPair,
        *,
        seq: int,
        not_after: int,
        endpoints: Iterable[Endpoint] = (),
        emergency: Iterable[RelayRecord] = (),
    ) -> AddressRecord:
        """Sign a record. `seq` is above that of every record that this node signed before.

        Raises:
            UsageError: others would refuse it.
        """
        fields: dict[int, Value] = {
            LEAF_SIG: keys.public,
            SEQ: seq,
            NOT_AFTER: not_after,
            ENDPOINTS: [{1: e.type, 2: e.address, 3: e.pin} for e in endpoints],
            EMERGENCY: [relay.fields() for relay in emergency],
        }
        signature = labels.ADDRESSES_SIGNATURE.sign(keys, cbor.encode(fields))
        try:
            return cls.decode(cbor.encode({**fields, SIGNATURE: signature}))
        except RemoteProtocolError as e:
            raise UsageError(f"others would refuse this: {e}") from e

    @classmethod
    def decode(cls, data: bytes) -> AddressRecord:
        """Decode and verify a record.

        Raises:
            DecodeError: no record.
            RuleViolation: its leaf did not sign it, or a relay has keys that cannot be used.
        """
        r = Record.decode(data, "an address record", max_size=rules.MAX_ADDR_REC)
        endpoints = (Record.of(e, "an endpoint") for e in r.array(ENDPOINTS, at_most=rules.MAX_ENDPOINTS))
        relays = (Record.of(e, "a relay") for e in r.array(EMERGENCY, at_most=rules.MAX_EMERGENCY))
        record = cls(
            leaf_sig=r.octets(LEAF_SIG, size=KEY_SIZE),
            seq=r.uint(SEQ),
            not_after=r.uint(NOT_AFTER),
            endpoints=tuple(
                Endpoint(e.uint(1), _address(e, 2), e.octets(3, size=PIN_SIZE)) for e in endpoints
            ),
            emergency=tuple(RelayRecord.read(e) for e in relays),
            data=data,
        )
        signature = r.octets(SIGNATURE, size=SIGNATURE_SIZE)
        holds = labels.ADDRESSES_SIGNATURE.verify(record.leaf_sig, r.without(SIGNATURE), signature)
        rules.ADDRESSES_SIGNATURE.require(holds)
        return record


def newer(known: AddressRecord, came: AddressRecord) -> AddressRecord:
    """Which of two records of one node counts: the higher seq, and of equal ones the one that was known.

    Raises:
        UsageError: they are of two nodes.
    """
    if known.leaf_sig != came.leaf_sig:
        raise UsageError("these are records of two nodes")
    return came if came.seq > known.seq else known


def _address(r: Record, key: int) -> str:
    return r.text(key, at_most=rules.MAX_ADDRESS)
