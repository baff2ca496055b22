"""What a relay says: answers to commands, and notices on a connection that reads queues (spec 30 §3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, TypeAlias

from .. import cbor, labels
from ..cbor import Record, Value
from ..mls.fast_init import fast_init
from ..mls.signatures import SignatureKeyPair
from . import limits, rules
from .commands import (
    ID_SIZE,
    MESSAGE_ID_SIZE,
    MessageId,
    RecipientId,
    SenderId,
)
from .frames import KEY_SIZE, NONCE_SIZE, Frame, FrameType


class ErrorCode(IntEnum):
    """Why not. Who gets one has changed nothing by asking."""

    QUOTA = 1
    GONE = 2
    BUSY = 3
    TOOBIG = 4
    TICKET = 5
    CONFLICT = 6
    INTERNAL = 7


_CODES = {int(code): code for code in ErrorCode}


@dataclass(frozen=True, slots=True)
class SignedSub:
    """A SUB as it came, with the nonce that it was signed for: proof that this instance ran."""

    nonce: bytes = field(repr=False)
    frame: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Error:
    """A refusal. `retry_after` in seconds comes with BUSY, `sub` may come with CONFLICT."""

    type: ClassVar[FrameType] = FrameType.ERROR
    code: ErrorCode
    retry_after: int | None = None
    sub: SignedSub | None = None

    @classmethod
    def read(cls, r: Record) -> Error:
        """Read the body; a code that is not known here counts as INTERNAL."""
        code = _CODES.get(r.uint(1), ErrorCode.INTERNAL)
        retry = r.uint(2, at_most=0xFFFFFFFF) if 2 in r else None
        sub = SignedSub(r.octets(3, size=NONCE_SIZE), r.octets(4)) if 3 in r else None
        if (retry is None) is (code is ErrorCode.BUSY) or (sub and code is not ErrorCode.CONFLICT):
            raise rules.ERROR_FIELDS.undecodable(code.name)
        return cls(code, retry, sub)

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        more: dict[int, Value] = {} if self.retry_after is None else {2: self.retry_after}
        shown: dict[int, Value] = {} if self.sub is None else {3: self.sub.nonce, 4: self.sub.frame}
        return {1: int(self.code), **more, **shown}


@dataclass(frozen=True, slots=True)
class Done:
    """It is so, now or already."""

    type: ClassVar[FrameType] = FrameType.DONE

    @classmethod
    def read(cls, r: Record) -> Done:  # noqa: ARG003  # an empty body
        """Read the body."""
        return cls()

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {}


@dataclass(frozen=True, slots=True)
class Made:
    """A queue, by the ids of its two ends. `until` is the end of its lease, in Unix seconds."""

    type: ClassVar[FrameType] = FrameType.MADE
    rid: RecipientId = field(repr=False)
    sid: SenderId = field(repr=False)
    until: int

    @classmethod
    def read(cls, r: Record) -> Made:
        """Read the body."""
        rid, sid = RecipientId(r.octets(1, size=ID_SIZE)), SenderId(r.octets(2, size=ID_SIZE))
        return cls(rid, sid, r.uint(3))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.rid, 2: self.sid, 3: self.until}


@fast_init
@dataclass(frozen=True, slots=True)
class Receipt:
    """The relay's word that a blob is stored, as number `n`, and kept for its recipient until `until`."""

    type: ClassVar[FrameType] = FrameType.RECEIPT
    sid: SenderId = field(repr=False)
    blob_hash: bytes = field(repr=False)
    msg_id: MessageId = field(repr=False)
    n: int
    until: int
    signature: bytes = field(repr=False)
    content: bytes = field(repr=False, compare=False)

    @classmethod
    def make(
        cls, key: SignatureKeyPair, sid: SenderId, blob_hash: bytes, msg_id: MessageId, n: int, until: int
    ) -> Receipt:
        """Sign a receipt; the same each time for the same values."""
        content = cbor.encode({1: sid, 2: blob_hash, 3: msg_id, 4: n, 5: until})
        signature = labels.RECEIPT_SIGNATURE.sign(key, content)
        return cls(sid, blob_hash, msg_id, n, until, signature, content)

    @classmethod
    def read(cls, r: Record) -> Receipt:
        """Read the body; nothing is verified yet."""
        return cls(
            SenderId(r.octets(1, size=ID_SIZE)),
            r.octets(2, size=labels.HASH_SIZE),
            MessageId(r.octets(3, size=MESSAGE_ID_SIZE)),
            r.uint(4),
            r.uint(5),
            r.octets(6, size=labels.SIGNATURE_SIZE),
            r.without(6),
        )

    @classmethod
    def decode(cls, data: bytes) -> Receipt:
        """Decode a receipt that was kept; raises DecodeError."""
        return cls.read(Record.decode(data, "a receipt"))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        content = cbor.decode(self.content)
        assert isinstance(content, dict), "it was read from a record, or made from one"
        return {**content, 6: self.signature}

    def encode(self) -> bytes:
        """Encode the receipt, to be kept; also by whom the relay is not known."""
        return cbor.encode(dict(self.fields()))

    def check(self, relay: bytes, sid: SenderId, msg_id: MessageId, blob: bytes) -> None:
        """Check that the relay says this of our blob.

        Raises:
            UnexpectedMessage: it speaks of something else.
            RuleViolation: the relay did not sign it.
        """
        if (self.sid, self.msg_id, self.blob_hash) != (sid, msg_id, labels.BLOB.hash(blob)):
            raise rules.RECEIPT_MATCH.unexpected()
        holds = labels.RECEIPT_SIGNATURE.verify(relay, self.content, self.signature)
        rules.RECEIPT_SIGNATURE.require(holds)


@dataclass(frozen=True, slots=True)
class Info:
    """How a queue stands: what waits in it, its quota, the next number, the end of its lease.

    `open` is False after OFF, `keyed` says whether a sender fixed a key, `key_refused` that another tried to
    after that, `fetched_by` who fetched the invite's bundle.
    """

    type: ClassVar[FrameType] = FrameType.INFO
    messages: int
    size_bytes: int
    quota_messages: int
    quota_bytes: int
    next_n: int
    until: int
    open: bool
    keyed: bool
    key_refused: bool
    fetched_by: bytes | None = field(default=None, repr=False)

    @classmethod
    def read(cls, r: Record) -> Info:
        """Read the body."""
        flags = r.uint(7, at_most=7)
        return cls(
            messages=r.uint(1),
            size_bytes=r.uint(2),
            quota_messages=r.uint(3),
            quota_bytes=r.uint(4),
            next_n=r.uint(5),
            until=r.uint(6),
            open=bool(flags & 1),
            keyed=bool(flags & 2),
            key_refused=bool(flags & 4),
            fetched_by=r.octets(8, size=KEY_SIZE) if 8 in r else None,
        )

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        flags = self.open | self.keyed << 1 | self.key_refused << 2
        fetched: dict[int, Value] = {} if self.fetched_by is None else {8: self.fetched_by}
        return {
            1: self.messages,
            2: self.size_bytes,
            3: self.quota_messages,
            4: self.quota_bytes,
            5: self.next_n,
            6: self.until,
            7: flags,
            **fetched,
        }


@dataclass(frozen=True, slots=True)
class Bundle:
    """What lies in an invite's slot."""

    type: ClassVar[FrameType] = FrameType.BUNDLE
    bundle: bytes = field(repr=False)

    @classmethod
    def read(cls, r: Record) -> Bundle:
        """Read the body."""
        return cls(r.octets(1, at_most=limits.MAX_BUNDLE))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.bundle}


@dataclass(frozen=True, slots=True)
class Answer:
    """What another relay answered to something sealed, sealed for who asked."""

    type: ClassVar[FrameType] = FrameType.ANSWER
    sealed: bytes = field(repr=False)

    @classmethod
    def read(cls, r: Record) -> Answer:
        """Read the body."""
        return cls(r.octets(1, at_most=1024))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.sealed}


@dataclass(frozen=True, slots=True)
class Hello:
    """A relay's greeting: its keys for receipts and for what is sealed to it, and the connection's nonce."""

    type: ClassVar[FrameType] = FrameType.HELLO
    relay: bytes = field(repr=False)
    hpke: bytes = field(repr=False)
    nonce: bytes = field(repr=False)

    @classmethod
    def read(cls, r: Record) -> Hello:
        """Read the body."""
        return cls(r.octets(1, size=KEY_SIZE), r.octets(2, size=KEY_SIZE), r.octets(3, size=NONCE_SIZE))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.relay, 2: self.hpke, 3: self.nonce}


@fast_init
@dataclass(frozen=True, slots=True)
class Delivery:
    """A message of a queue."""

    type: ClassVar[FrameType] = FrameType.DELIVERY
    rid: RecipientId = field(repr=False)
    n: int
    msg_id: MessageId = field(repr=False)
    blob: bytes = field(repr=False)

    @classmethod
    def read(cls, r: Record) -> Delivery:
        """Read the body."""
        blob = r.octets(4)
        if len(blob) not in limits.BUCKETS:
            raise rules.DELIVERY_BUCKET.undecodable(f"{len(blob)} bytes")
        rid = RecipientId(r.octets(1, size=ID_SIZE))
        return cls(rid, r.uint(2), MessageId(r.octets(3, size=MESSAGE_ID_SIZE)), blob)

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.rid, 2: self.n, 3: self.msg_id, 4: self.blob}


@dataclass(frozen=True, slots=True)
class Gap:
    """Nothing from `first` to `last` is here any more: what of it was not fetched expired, or was damaged."""

    type: ClassVar[FrameType] = FrameType.GAP
    rid: RecipientId = field(repr=False)
    first: int
    last: int

    @classmethod
    def read(cls, r: Record) -> Gap:
        """Read the body."""
        rid, first, last = RecipientId(r.octets(1, size=ID_SIZE)), r.uint(2), r.uint(3)
        if first > last:
            raise rules.GAP_ORDER.undecodable()
        return cls(rid, first, last)

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.rid, 2: self.first, 3: self.last}


@dataclass(frozen=True, slots=True)
class Fetched:
    """Somebody fetched the bundle of the invite to which this queue belongs, and showed this key."""

    type: ClassVar[FrameType] = FrameType.FETCHED
    rid: RecipientId = field(repr=False)
    key: bytes = field(repr=False)

    @classmethod
    def read(cls, r: Record) -> Fetched:
        """Read the body."""
        return cls(RecipientId(r.octets(1, size=ID_SIZE)), r.octets(2, size=KEY_SIZE))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.rid, 2: self.key}


@dataclass(frozen=True, slots=True)
class KeyRefused:
    """Somebody else wanted to be the sender of this queue, after one was fixed."""

    type: ClassVar[FrameType] = FrameType.KEY_REFUSED
    rid: RecipientId = field(repr=False)

    @classmethod
    def read(cls, r: Record) -> KeyRefused:
        """Read the body."""
        return cls(RecipientId(r.octets(1, size=ID_SIZE)))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.rid}


@dataclass(frozen=True, slots=True)
class Displaced:
    """Another connection reads this queue now, by this SUB; from another instance it proves a copy."""

    type: ClassVar[FrameType] = FrameType.DISPLACED
    rid: RecipientId = field(repr=False)
    sub: SignedSub

    @classmethod
    def read(cls, r: Record) -> Displaced:
        """Read the body."""
        rid = RecipientId(r.octets(1, size=ID_SIZE))
        return cls(rid, SignedSub(r.octets(2, size=NONCE_SIZE), r.octets(3)))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.rid, 2: self.sub.nonce, 3: self.sub.frame}


AnswerBody: TypeAlias = Error | Done | Made | Receipt | Info | Bundle | Answer
NoticeBody: TypeAlias = Hello | Delivery | Gap | Fetched | KeyRefused | Displaced
_BODIES: dict[FrameType, type[AnswerBody | NoticeBody]] = {
    body.type: body
    for body in (
        Error, Done, Made, Receipt, Info, Bundle, Answer,
        Hello, Delivery, Gap, Fetched, KeyRefused, Displaced,
    )
}  # fmt: skip


def read_answer(data: bytes) -> tuple[int, AnswerBody | NoticeBody]:
    """Decode what a relay sent: the number of the command that it answers, 0 for a notice.

    Raises:
        DecodeError: neither an answer nor a notice.
        UnsupportedVersion: not a type of these.
    """
    frame = Frame.decode(data)
    if frame.type not in _BODIES:
        raise rules.FRAME_TYPE.unsupported(f"{frame.type.name} is neither answer nor notice")
    return frame.number, _BODIES[frame.type].read(frame.body)
