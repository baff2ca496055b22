"""Bundles: files of sealed envelopes (spec 51 §1). Written and read piece by piece; nothing is kept whole.

    header  `swarmnode bundle` | version 1 B | id 16 B
    record  tag 16 B | class 1 B | length 2 B | data | check 16 B

The check of a record is over it and the check before it, so it stands for all of the file up to there. It is
against accidents: who carries a bundle can forge it, and gains nothing, since envelopes speak for themselves.
The last record has class 0 and counts the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from .. import labels
from ..errors import LimitError, UsageError
from . import rules

_HEAD_SIZE = rules.TAG_SIZE + 3
_COUNT_SIZE = 8


class RecordClass(IntEnum):
    """What a record holds. One of another class is for a newer program."""

    END = 0
    ENVELOPE = 1


@dataclass(frozen=True, slots=True)
class Record:
    """Something for who recognises the tag (16 bytes)."""

    tag: bytes
    kind: int
    data: bytes = field(repr=False)

    def encode(self, before: bytes = b"") -> bytes:
        """Encode the record behind one that has the check `before`.

        Raises:
            LimitError: more than `MAX_DATA` bytes.
            UsageError: a tag of another length.
        """
        if len(self.data) > rules.MAX_DATA:
            raise LimitError(f"a record holds {rules.MAX_DATA} bytes at most")
        if len(self.tag) != rules.TAG_SIZE:
            raise UsageError(f"a tag has {rules.TAG_SIZE} bytes")
        body = self.tag + bytes([self.kind]) + len(self.data).to_bytes(2, "big") + self.data
        return body + _check(before, body)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle that is being read: its id, and its records as they come."""

    id: bytes
    records: Iterator[Record] = field(repr=False)


def write(bundle_id: bytes, records: Iterable[Record]) -> Iterator[bytes]:
    """The pieces of a bundle, in order; `bundle_id` are 16 random bytes.

    Raises:
        LimitError: it would be larger than `MAX_BUNDLE`, or a record is too large.
        UsageError: an id of another length, or a record of class 0.
    """
    if len(bundle_id) != rules.ID_SIZE:
        raise UsageError(f"the id of a bundle has {rules.ID_SIZE} bytes")
    header = rules.MAGIC + bytes([rules.VERSION]) + bundle_id
    yield header
    check, size, count = _check(b"", header), len(header), 0
    for record in records:
        if record.kind == RecordClass.END:
            raise UsageError("the last record is written by itself")
        piece = record.encode(check)
        check, size, count = piece[-rules.CHECK_SIZE :], size + len(piece), count + 1
        if size > rules.MAX_BUNDLE - _HEAD_SIZE - _COUNT_SIZE - rules.CHECK_SIZE:
            raise LimitError("a bundle has 1 GiB at most")
        yield piece
    yield Record(bytes(rules.TAG_SIZE), RecordClass.END, count.to_bytes(_COUNT_SIZE, "big")).encode(check)


def read(pieces: Iterable[bytes]) -> Bundle:
    """Read a bundle from pieces of any size.

    Iterating over its records gives each that is whole, then raises at the first damage; what was given
    before stands. Records of a class that is not known here are left out.

    Raises:
        DecodeError: no bundle, or, from the iterator, the place where it is damaged or cut.
        UnsupportedVersion: a version that a newer program may read.
    """
    source = _Source(pieces)
    if source.take(len(rules.MAGIC), "the start") != rules.MAGIC:
        raise rules.BUNDLE_MAGIC.undecodable()
    rest = source.take(1 + rules.ID_SIZE, "the start")
    if rest[0] != rules.VERSION:
        raise rules.BUNDLE_VERSION.unsupported(str(rest[0]))
    return Bundle(rest[1:], _records(source, _check(b"", rules.MAGIC + rest)))


def read_one(data: bytes) -> Record:
    """A record that stands alone, as `Record.encode()` gives it; raises DecodeError."""
    source = _Source([data])
    record, _ = _record(source, b"", "the record")
    if source.more():
        raise rules.BUNDLE_END.undecodable()
    return record


def _records(source: _Source, check: bytes) -> Iterator[Record]:
    count = 0
    while True:
        place = f"record {count + 1}, at byte {source.offset:,}"
        record, check = _record(source, check, place)
        if record.kind == RecordClass.END:
            if record.data != count.to_bytes(_COUNT_SIZE, "big") or source.more():
                raise rules.BUNDLE_END.undecodable(place)
            return
        count += 1
        if record.kind == RecordClass.ENVELOPE:
            yield record


def _record(source: _Source, before: bytes, place: str) -> tuple[Record, bytes]:
    """The next record and its check."""
    head = source.take(_HEAD_SIZE, place)
    size = int.from_bytes(head[-2:], "big")
    if size > rules.MAX_DATA:
        raise rules.BUNDLE_RECORD_SIZE.undecodable(place)
    data = source.take(size, place)
    check = source.take(rules.CHECK_SIZE, place)
    if check != _check(before, head + data):
        raise rules.BUNDLE_CHECK.undecodable(place)
    return Record(head[: rules.TAG_SIZE], head[rules.TAG_SIZE], data), check


def _check(before: bytes, body: bytes) -> bytes:
    return labels.BUNDLE_RECORD.hash(before + body)[: rules.CHECK_SIZE]


class _Source:
    """Pieces of any size, taken in pieces of the size that is needed; holds no more than one of them."""

    __slots__ = ("_left", "_pieces", "offset")

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._left = memoryview(b"")
        self.offset = 0

    def take(self, size: int, place: str) -> bytes:
        if self.offset + size > rules.MAX_BUNDLE:
            raise rules.BUNDLE_COMPLETE.undecodable(place)
        out = bytearray()
        while len(out) < size:
            if not self.more():
                raise rules.BUNDLE_COMPLETE.undecodable(place)
            piece = self._left[: size - len(out)]
            out += piece
            self._left = self._left[len(piece) :]
        self.offset += size
        return bytes(out)

    def more(self) -> bool:
        """Whether anything follows."""
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._left = memoryview(piece)
        return True
