"""Frames: what one binary message between a node and a relay holds (spec 30 §1).

    command  {1: type, 2: number, 3: body, 4: signature}
    answer   {1: type, 2: number, 3: body}
    notice   {1: type, 3: body}

The content of a command is all of it but the signature, fields that nobody here knows included. It is signed
together with the relay's key and the nonce of the connection, so that a frame passes for nothing anywhere
else; what is sealed to a relay is signed without a nonce, under a label of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from .. import cbor, labels
from ..cbor import Record, Value
from ..mls.fast_init import fast_init
from ..mls.signatures import SignatureKeyPair
from . import limits, rules

TYPE, NUMBER, BODY, SIGNATURE = range(1, 5)
KEY_SIZE, NONCE_SIZE = 32, 32
MAX_ITEMS = 64
MAX_NUMBER = 0xFFFFFFFF


class FrameType(IntEnum):
    """Types of frames: commands below 32, answers from there, notices from 64."""

    NEW = 1
    SKEY = 2
    SEND = 3
    SUB = 4
    PULL = 5
    ACK = 6
    OFF = 7
    DEL = 8
    QINFO = 9
    EXT = 10
    PUT = 11
    FETCH = 12
    PFWD = 13
    FWD = 14
    ERROR = 32
    DONE = 33
    MADE = 34
    RECEIPT = 35
    INFO = 36
    BUNDLE = 37
    ANSWER = 38
    HELLO = 64
    DELIVERY = 65
    GAP = 66
    FETCHED = 67
    KEY_REFUSED = 68
    DISPLACED = 69


class Body(Protocol):
    """What every body has."""

    @property
    def type(self) -> FrameType:
        """The type of the frame around it."""
        ...

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        ...


@fast_init
@dataclass(frozen=True, slots=True)
class Frame:
    """A decoded frame whose body is not read yet. `number` is 0 for a notice."""

    type: FrameType
    number: int
    body: Record
    content: bytes = field(repr=False)
    signature: bytes | None = field(repr=False)

    @classmethod
    def decode(cls, data: bytes) -> Frame:
        """Decode a frame.

        Raises:
            DecodeError: no frame, or larger than `limits.MAX_FRAME`.
            UnsupportedVersion: a type that a newer program may know.
        """
        r = Record.decode(data, "a frame", max_size=limits.MAX_FRAME, max_items=MAX_ITEMS)
        number = r.uint(TYPE)
        if number not in _TYPES:
            raise rules.FRAME_TYPE.unsupported(str(number))
        kind = _TYPES[number]
        if (SIGNATURE in r) != (kind < FrameType.FWD):
            raise rules.FRAME_SIGNED.undecodable(kind.name)
        return cls(
            type=kind,
            number=0 if kind >= FrameType.HELLO else r.uint(NUMBER, at_most=MAX_NUMBER),
            body=r.record(BODY, f"a {kind.name}"),
            content=r.without(SIGNATURE) if SIGNATURE in r else data,
            signature=r.octets(SIGNATURE, size=labels.SIGNATURE_SIZE) if SIGNATURE in r else None,
        )


_TYPES = {int(kind): kind for kind in FrameType}


@dataclass(frozen=True, slots=True)
class Session:
    """What commands on one connection are signed together with: the relay's key and its nonce."""

    relay: bytes = field(repr=False)
    nonce: bytes = field(repr=False)


def encode(number: int, body: Body) -> bytes:
    """Encode a frame that is not signed: an answer, a FWD, or a notice, which has no number."""
    numbered: dict[int, Value] = {NUMBER: number} if body.type < FrameType.HELLO else {}
    return cbor.encode({TYPE: int(body.type), **numbered, BODY: dict(body.fields())})


def sign(session: Session, number: int, body: Body, key: SignatureKeyPair) -> bytes:
    """Encode and sign a command for one connection."""
    fields: dict[int, Value] = {TYPE: int(body.type), NUMBER: number, BODY: dict(body.fields())}
    signed = session.relay + session.nonce + cbor.encode(fields)
    return cbor.encode({**fields, SIGNATURE: labels.COMMAND_SIGNATURE.sign(key, signed)})


def sign_forwarded(relay: bytes, body: Body, key: SignatureKeyPair) -> bytes:
    """Encode and sign a command that is sealed to a relay; it may come there more than once."""
    fields: dict[int, Value] = {TYPE: int(body.type), NUMBER: 0, BODY: dict(body.fields())}
    signed = relay + cbor.encode(fields)
    return cbor.encode({**fields, SIGNATURE: labels.FORWARDED_SIGNATURE.sign(key, signed)})


def signed_by(frame: Frame, session: Session, key: bytes) -> bool:
    """Whether `key` signed this command for this connection."""
    signed = session.relay + session.nonce + frame.content
    return labels.COMMAND_SIGNATURE.verify(key, signed, frame.signature or b"")


def forwarded_by(frame: Frame, relay: bytes, key: bytes) -> bool:
    """Whether `key` signed this command to be forwarded to this relay."""
    return labels.FORWARDED_SIGNATURE.verify(key, relay + frame.content, frame.signature or b"")
