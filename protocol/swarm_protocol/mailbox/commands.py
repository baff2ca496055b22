"""What a node asks of a relay (spec 30 §2). Ids and keys never show in `repr`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, NewType, TypeAlias

from .. import labels
from ..cbor import Record, Value
from ..identity.keys import is_signature_key
from ..mls.fast_init import fast_init
from . import limits, rules
from .frames import KEY_SIZE, Frame, FrameType

RecipientId = NewType("RecipientId", bytes)
"""`rid`, 24 random bytes: names a queue to its recipient and the relay alone."""

SenderId = NewType("SenderId", bytes)
"""`sid`, 24 bytes unrelated to the rid: names a queue to its sender."""

MessageId = NewType("MessageId", bytes)
"""16 bytes that the sender chose once, for this queue."""

SlotId = NewType("SlotId", bytes)
"""24 bytes that follow from an invite's link key: where its bundle lies."""

ID_SIZE, MESSAGE_ID_SIZE, INSTANCE_SIZE, TICKET_SIZE, PIN_SIZE = 24, 16, 16, 32, 32


class Kind(IntEnum):
    """What a queue is for: one sender, any stranger, or the answer to one invite."""

    PAIR = 1
    CONTACT = 2
    INVITE = 3


_KINDS = {int(kind): kind for kind in Kind}


def _key(r: Record, key: int) -> bytes:
    public = r.octets(key, size=KEY_SIZE)
    if not is_signature_key(public):
        raise rules.COMMAND_KEY.undecodable(r.name)
    return public


def _rid(r: Record) -> RecipientId:
    return RecipientId(r.octets(1, size=ID_SIZE))


@dataclass(frozen=True, slots=True)
class New:
    """Make a queue read by `key`, for a ticket. `sid` is named for a rendezvous only."""

    type: ClassVar[FrameType] = FrameType.NEW
    kind: Kind
    key: bytes = field(repr=False)
    ticket: bytes = field(repr=False)
    sid: SenderId | None = field(default=None, repr=False)

    @classmethod
    def read(cls, r: Record) -> New:
        """Read the body."""
        number = r.uint(1)
        if number not in _KINDS:
            raise rules.NEW_KIND.unsupported(str(number))
        kind = _KINDS[number]
        sid = SenderId(r.octets(4, size=ID_SIZE)) if 4 in r else None
        if sid is not None and kind is not Kind.PAIR:
            raise rules.NEW_SID.undecodable(kind.name)
        return cls(kind, _key(r, 2), r.octets(3, size=TICKET_SIZE), sid)

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        named: dict[int, Value] = {} if self.sid is None else {4: self.sid}
        return {1: int(self.kind), 2: self.key, 3: self.ticket, **named}


@dataclass(frozen=True, slots=True)
class SKey:
    """Fix who sends to a queue, once."""

    type: ClassVar[FrameType] = FrameType.SKEY
    sid: SenderId = field(repr=False)
    key: bytes = field(repr=False)

    @classmethod
    def read(cls, r: Record) -> SKey:
        """Read the body."""
        return cls(SenderId(r.octets(1, size=ID_SIZE)), _key(r, 2))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.sid, 2: self.key}


@fast_init
@dataclass(frozen=True, slots=True)
class Send:
    """Lay a blob in a queue. `key` is named for contact queues, which take any."""

    type: ClassVar[FrameType] = FrameType.SEND
    sid: SenderId = field(repr=False)
    msg_id: MessageId = field(repr=False)
    bucket: int
    blob: bytes = field(repr=False)
    key: bytes | None = field(default=None, repr=False)

    @classmethod
    def read(cls, r: Record) -> Send:
        """Read the body."""
        bucket, blob = r.uint(3, at_most=len(limits.BUCKETS) - 1), r.octets(4)
        if len(blob) != limits.BUCKETS[bucket] and len(blob) <= limits.BUCKETS[-1]:
            raise rules.SEND_BUCKET.undecodable(f"{len(blob)} bytes for bucket {bucket}")
        return cls(
            SenderId(r.octets(1, size=ID_SIZE)),
            MessageId(r.octets(2, size=MESSAGE_ID_SIZE)),
            bucket,
            blob,
            _key(r, 5) if 5 in r else None,
        )

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        named: dict[int, Value] = {} if self.key is None else {5: self.key}
        return {1: self.sid, 2: self.msg_id, 3: self.bucket, 4: self.blob, **named}

    def hash(self) -> bytes:
        """What the receipt says of the blob."""
        return labels.BLOB.hash(self.blob)


@dataclass(frozen=True, slots=True)
class Sub:
    """Read a queue over this connection. `boot` counts the node's starts, `instance` is drawn at each."""

    type: ClassVar[FrameType] = FrameType.SUB
    rid: RecipientId = field(repr=False)
    boot: int
    instance: bytes = field(repr=False)

    @classmethod
    def read(cls, r: Record) -> Sub:
        """Read the body."""
        return cls(_rid(r), r.uint(2), r.octets(3, size=INSTANCE_SIZE))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.rid, 2: self.boot, 3: self.instance}


@dataclass(frozen=True, slots=True)
class Pull:
    """Ask for up to `count` messages and gaps after number `after`, those there and those to come."""

    type: ClassVar[FrameType] = FrameType.PULL
    rid: RecipientId = field(repr=False)
    after: int
    count: int

    @classmethod
    def read(cls, r: Record) -> Pull:
        """Read the body."""
        return cls(_rid(r), r.uint(2), r.uint(3, at_most=limits.MAX_PULL))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.rid, 2: self.after, 3: self.count}


@fast_init
@dataclass(frozen=True, slots=True)
class Ack:
    """A message is stored, or, without `msg_id`, a gap up to number `n` is noted: it need not be kept."""

    type: ClassVar[FrameType] = FrameType.ACK
    rid: RecipientId = field(repr=False)
    n: int
    msg_id: MessageId | None = field(default=None, repr=False)

    @classmethod
    def read(cls, r: Record) -> Ack:
        """Read the body."""
        msg_id = MessageId(r.octets(3, size=MESSAGE_ID_SIZE)) if 3 in r else None
        return cls(_rid(r), r.uint(2), msg_id)

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        named: dict[int, Value] = {} if self.msg_id is None else {3: self.msg_id}
        return {1: self.rid, 2: self.n, **named}


@dataclass(frozen=True, slots=True)
class _OfQueue:
    rid: RecipientId = field(repr=False)

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.rid}


@dataclass(frozen=True, slots=True)
class Off(_OfQueue):
    """Take nothing more into a queue; what is in it stays to be read."""

    type: ClassVar[FrameType] = FrameType.OFF

    @classmethod
    def read(cls, r: Record) -> Off:
        """Read the body."""
        return cls(_rid(r))


@dataclass(frozen=True, slots=True)
class Del(_OfQueue):
    """Destroy a queue with all that is in it."""

    type: ClassVar[FrameType] = FrameType.DEL

    @classmethod
    def read(cls, r: Record) -> Del:
        """Read the body."""
        return cls(_rid(r))


@dataclass(frozen=True, slots=True)
class QInfo(_OfQueue):
    """Ask how a queue stands."""

    type: ClassVar[FrameType] = FrameType.QINFO

    @classmethod
    def read(cls, r: Record) -> QInfo:
        """Read the body."""
        return cls(_rid(r))


@dataclass(frozen=True, slots=True)
class Ext(_OfQueue):
    """Let a queue live on for a full lease from now."""

    type: ClassVar[FrameType] = FrameType.EXT

    @classmethod
    def read(cls, r: Record) -> Ext:
        """Read the body."""
        return cls(_rid(r))


@dataclass(frozen=True, slots=True)
class Put:
    """Lay the bundle of an invite or an address in its slot; it lives as long as the queue."""

    type: ClassVar[FrameType] = FrameType.PUT
    rid: RecipientId = field(repr=False)
    slot: SlotId = field(repr=False)
    bundle: bytes = field(repr=False)

    @classmethod
    def read(cls, r: Record) -> Put:
        """Read the body."""
        return cls(_rid(r), SlotId(r.octets(2, size=ID_SIZE)), r.octets(3))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.rid, 2: self.slot, 3: self.bundle}


@dataclass(frozen=True, slots=True)
class Fetch:
    """Ask for a bundle. The first key binds an invite's slot, and may ask again."""

    type: ClassVar[FrameType] = FrameType.FETCH
    slot: SlotId = field(repr=False)
    key: bytes = field(repr=False)

    @classmethod
    def read(cls, r: Record) -> Fetch:
        """Read the body."""
        return cls(SlotId(r.octets(1, size=ID_SIZE)), _key(r, 2))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.slot, 2: self.key}


@dataclass(frozen=True, slots=True)
class PFwd:
    """Pass something sealed on to another relay. Who may ask is who reads a queue here."""

    type: ClassVar[FrameType] = FrameType.PFWD
    rid: RecipientId = field(repr=False)
    address: str = field(repr=False)
    pin: bytes = field(repr=False)
    sealed: bytes = field(repr=False)

    @classmethod
    def read(cls, r: Record) -> PFwd:
        """Read the body."""
        address = r.text(2, at_most=limits.MAX_ADDRESS)
        return cls(_rid(r), address, r.octets(3, size=PIN_SIZE), r.octets(4))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.rid, 2: self.address, 3: self.pin, 4: self.sealed}


@dataclass(frozen=True, slots=True)
class Fwd:
    """From relay to relay: what a node sealed. Not signed; what is inside is."""

    type: ClassVar[FrameType] = FrameType.FWD
    sealed: bytes = field(repr=False)

    @classmethod
    def read(cls, r: Record) -> Fwd:
        """Read the body."""
        return cls(r.octets(1))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.sealed}


CommandBody: TypeAlias = (
    New | SKey | Send | Sub | Pull | Ack | Off | Del | QInfo | Ext | Put | Fetch | PFwd | Fwd
)
_BODIES: dict[FrameType, type[CommandBody]] = {
    body.type: body for body in (New, SKey, Send, Sub, Pull, Ack, Off, Del, QInfo, Ext, Put, Fetch, PFwd, Fwd)
}


def read_command(data: bytes) -> tuple[Frame, CommandBody]:
    """Decode a command; who signed it is not checked yet.

    Raises:
        DecodeError: no command.
        UnsupportedVersion: not a type of a command.
    """
    frame = Frame.decode(data)
    if frame.type not in _BODIES:
        raise rules.FRAME_TYPE.unsupported(f"{frame.type.name} is no command")
    return frame, _BODIES[frame.type].read(frame.body)


@fast_init
@dataclass(frozen=True, slots=True)
class Inbox:
    """What of one connection decides whether its next command is read: the number of the last."""

    last: int = 0

    def read(self, data: bytes) -> tuple[Inbox, Frame, CommandBody]:
        """Read the next command; raises like `read_command`.

        Raises:
            RuleViolation: its number does not rise; so nothing is done twice on one connection.
        """
        frame, body = read_command(data)
        rules.FRAME_NUMBER.require(frame.number > self.last)
        return Inbox(frame.number), frame, body
