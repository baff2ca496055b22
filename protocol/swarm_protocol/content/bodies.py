"""Types of messages and their bodies (spec 21 §3).

A body reads and writes the fields of key 10; one that is about another message has its name from key 13.
A type that is not known here is `Unknown`: the message keeps all its bytes and waits for a newer program.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import pairwise
from typing import ClassVar, TypeAlias

from .. import cbor
from ..cbor import Record, Value
from ..identity import rules as identity_rules
from ..labels import HASH_SIZE, SIGNATURE_SIZE
from . import rules
from .attachments import Attachment, attachment_fields, read_attachments
from .nodes import TOLD, ChainDelta, Told, no_refs
from .types import Type

KEY_SIZE, INSTANCE_SIZE = 32, 16


class ReceiptStatus(IntEnum):
    """What became of the messages in a receipt's ranges."""

    DELIVERED = 1
    READ = 2


class DeletionStatus(IntEnum):
    """What a node did about one target. A statement, not a proof."""

    DONE = 1
    REFUSED = 2
    ALREADY = 3
    NEVER_HAD = 4


@dataclass(frozen=True, slots=True)
class Text:
    """Something said, and up to four files with it."""

    type: ClassVar[Type] = Type.TEXT
    chained: ClassVar[bool] = True
    text: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()

    @classmethod
    def read(cls, r: Record, refs: Sequence[bytes]) -> Text:
        """Read the body."""
        no_refs(refs)
        return cls(r.text(1, at_most=rules.MAX_TEXT), read_attachments(r, 2))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.text, **attachment_fields(self.attachments, 2)}

    def refs(self) -> Sequence[bytes]:
        """The messages that it is about."""
        return ()


@dataclass(frozen=True, slots=True)
class _About:
    """What is said about one other message, which `target` names."""

    chained: ClassVar[bool] = True
    target: bytes

    def refs(self) -> Sequence[bytes]:
        """The messages that it is about."""
        return (self.target,)


@dataclass(frozen=True, slots=True)
class Reply(_About):
    """An answer to `target`, and up to four files with it."""

    type: ClassVar[Type] = Type.REPLY
    text: str = field(repr=False)
    attachments: tuple[Attachment, ...] = ()

    @classmethod
    def read(cls, r: Record, refs: Sequence[bytes]) -> Reply:
        """Read the body."""
        return cls(_one_ref(refs), r.text(1, at_most=rules.MAX_TEXT), read_attachments(r, 2))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.text, **attachment_fields(self.attachments, 2)}


@dataclass(frozen=True, slots=True)
class Edit(_About):
    """What `target` is to say from now on."""

    type: ClassVar[Type] = Type.EDIT
    text: str = field(repr=False)

    @classmethod
    def read(cls, r: Record, refs: Sequence[bytes]) -> Edit:
        """Read the body."""
        return cls(_one_ref(refs), r.text(1, at_most=rules.MAX_TEXT))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.text}


@dataclass(frozen=True, slots=True)
class React(_About):
    """A reaction to `target`; an empty symbol takes the last one back."""

    type: ClassVar[Type] = Type.REACT
    symbol: str = field(repr=False)

    @classmethod
    def read(cls, r: Record, refs: Sequence[bytes]) -> React:
        """Read the body."""
        return cls(_one_ref(refs), r.text(1, at_most=rules.MAX_SYMBOL))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.symbol}


@dataclass(frozen=True, slots=True)
class Hello:
    """The first message of a node: its boot counter, and the random id (16 bytes) of this start.

    `links` is how many links of the recipient's sigchain the author holds, so that the rest can be sent.
    """

    type: ClassVar[Type] = Type.HELLO
    chained: ClassVar[bool] = False
    boot: int
    instance: bytes
    links: int | None = None

    @classmethod
    def read(cls, r: Record, refs: Sequence[bytes]) -> Hello:
        """Read the body."""
        no_refs(refs)
        links = r.uint(3, at_most=identity_rules.MAX_LINKS) if 3 in r else None
        return cls(r.uint(1), r.octets(2, size=INSTANCE_SIZE), links)

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        links: dict[int, Value] = {} if self.links is None else {3: self.links}
        return {1: self.boot, 2: self.instance, **links}

    def refs(self) -> Sequence[bytes]:
        """The messages that it is about."""
        return ()


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """Messages `first` to `last` of the chain of one leaf. However long, it is two numbers."""

    leaf_sig: bytes
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """Messages that were stored, or read."""

    type: ClassVar[Type] = Type.RECEIPT
    chained: ClassVar[bool] = False
    status: ReceiptStatus
    ranges: tuple[Range, ...]

    @classmethod
    def read(cls, r: Record, refs: Sequence[bytes]) -> Receipt:
        """Read the body."""
        no_refs(refs)
        status = ReceiptStatus(_among(r, 1, ReceiptStatus))
        items = (Record.of(item, "a range") for item in r.array(2, at_most=rules.MAX_RANGES))
        ranges = tuple(Range(i.octets(1, size=KEY_SIZE), i.uint(2), i.uint(3)) for i in items)
        rising = all((a.leaf_sig, a.last + 1) < (b.leaf_sig, b.first) for a, b in pairwise(ranges))
        if not rising or any(i.first > i.last for i in ranges):
            raise rules.RECEIPT_RANGES.undecodable()
        return cls(status, ranges)

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: int(self.status), 2: [{1: i.leaf_sig, 2: i.first, 3: i.last} for i in self.ranges]}

    def refs(self) -> Sequence[bytes]:
        """The messages that it is about."""
        return ()

    def covers(self, leaf_sig: bytes, seq: int) -> bool:
        """Whether message `seq` of a leaf's chain is in a range."""
        return any(i.leaf_sig == leaf_sig and i.first <= seq <= i.last for i in self.ranges)


def ranges_of(messages: Iterable[tuple[bytes, int]]) -> tuple[Range, ...]:
    """The fewest ranges that cover these messages, each given by leaf and author_seq, and no others.

    A receipt holds `MAX_RANGES` of them; what is more goes into the next receipt.
    """
    out: list[Range] = []
    for leaf_sig, seq in sorted(set(messages)):
        if out and (out[-1].leaf_sig, out[-1].last + 1) == (leaf_sig, seq):
            out[-1] = Range(leaf_sig, out[-1].first, seq)
        else:
            out.append(Range(leaf_sig, seq, seq))
    return tuple(out)


@dataclass(frozen=True, slots=True)
class DeleteReq:
    """Asks everybody to destroy the messages with these commitments."""

    type: ClassVar[Type] = Type.DELETE_REQ
    chained: ClassVar[bool] = True
    targets: tuple[bytes, ...]

    @classmethod
    def read(cls, r: Record, refs: Sequence[bytes]) -> DeleteReq:
        """Read the body."""
        no_refs(refs)
        targets = tuple(r.octets_array(1, at_most=rules.MAX_TARGETS))
        _check_targets(targets)
        return cls(targets)

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: list(self.targets)}

    def refs(self) -> Sequence[bytes]:
        """The messages that it is about."""
        return ()


@dataclass(frozen=True, slots=True)
class DeleteRcpt:
    """What one node did about a request, target by target, signed so that others can be shown it.

    `chain_seq` is the seq of the sigchain's head, `policy` the generation of the group's policy that it was
    judged by.
    """

    type: ClassVar[Type] = Type.DELETE_RCPT
    chained: ClassVar[bool] = False
    request: bytes
    statuses: tuple[tuple[bytes, DeletionStatus], ...]
    chain_seq: int
    policy: int
    signature: bytes = field(repr=False)

    @classmethod
    def read(cls, r: Record, refs: Sequence[bytes]) -> DeleteRcpt:
        """Read the body."""
        no_refs(refs)
        items = [Record.of(item, "a status") for item in r.array(2, at_most=rules.MAX_TARGETS)]
        statuses = tuple(
            (i.octets(1, size=HASH_SIZE), DeletionStatus(_among(i, 2, DeletionStatus))) for i in items
        )
        _check_targets([target for target, _ in statuses])
        signature = r.octets(5, size=SIGNATURE_SIZE)
        return cls(r.octets(1, size=HASH_SIZE), statuses, r.uint(3), r.uint(4), signature)

    def unsigned(self) -> dict[int, Value]:
        """The fields that are signed."""
        statuses: list[Value] = [{1: target, 2: int(status)} for target, status in self.statuses]
        return {1: self.request, 2: statuses, 3: self.chain_seq, 4: self.policy}

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {**self.unsigned(), 5: self.signature}

    def refs(self) -> Sequence[bytes]:
        """The messages that it is about."""
        return ()


@dataclass(frozen=True, slots=True)
class Timer:
    """Later messages of the conversation disappear after so many seconds; 0 ends that."""

    type: ClassVar[Type] = Type.TIMER
    chained: ClassVar[bool] = True
    seconds: int

    @classmethod
    def read(cls, r: Record, refs: Sequence[bytes]) -> Timer:
        """Read the body."""
        no_refs(refs)
        return cls(r.uint(1, at_most=rules.MAX_TIMER_S))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.seconds}

    def refs(self) -> Sequence[bytes]:
        """The messages that it is about."""
        return ()


@dataclass(frozen=True, slots=True)
class Unknown:
    """A body that needs a newer version: an unknown type, or a known one with an unknown critical key.

    What it says is in the message's `data`, byte for byte.
    """

    type: int


_Own: TypeAlias = Text | Reply | Edit | React | Hello | Receipt | DeleteReq | DeleteRcpt | Timer | ChainDelta
Known: TypeAlias = _Own | Told
Body: TypeAlias = Known | Unknown
_BODIES: dict[int, type[_Own]] = {
    body.type: body
    for body in (Text, Reply, Edit, React, Hello, Receipt, DeleteReq, DeleteRcpt, Timer, ChainDelta)
}


def read_body(kind: int, value: Value, refs: Sequence[bytes], *, chained: bool) -> Body:
    """Read the body of a message of type `kind`.

    Raises:
        DecodeError: a type that is known has another body, or is not chained as it should be.
    """
    if kind not in _BODIES and kind not in TOLD:
        return Unknown(kind)
    body = _BODIES.get(kind, Told)
    name = Type(kind).name.lower()
    if body.chained != chained:
        raise rules.TYPE_CHAINED.undecodable(name)
    if _needs_newer(value):
        return Unknown(kind)
    r = Record.of(value, f"a {name}")
    return Told.read(Type(kind), r, refs) if kind in TOLD else _BODIES[kind].read(r, refs)


def _needs_newer(value: Value) -> bool:
    """Whether a critical key is in there, none of which is known so far. It is at most 8 deep."""
    if isinstance(value, dict):
        return any(key < 0 or _needs_newer(inside) for key, inside in value.items())
    return isinstance(value, list) and any(_needs_newer(inside) for inside in value)


def _among(r: Record, key: int, statuses: type[IntEnum]) -> int:
    value = r.uint(key)
    if value not in {int(status) for status in statuses}:
        raise cbor.FIELD.undecodable(f"{r.name} has status {value}")
    return value


def _one_ref(refs: Sequence[bytes]) -> bytes:
    if len(refs) != 1:
        raise rules.TYPE_REFS.undecodable(f"{len(refs)} refs")
    return refs[0]


def _check_targets(targets: Sequence[bytes]) -> None:
    rising = all(a < b for a, b in pairwise(targets))
    if not targets or not rising or any(len(target) != HASH_SIZE for target in targets):
        raise rules.TARGETS_ONCE.undecodable()
