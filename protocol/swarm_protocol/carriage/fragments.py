"""Fragments: what one message of another network carries (spec 53 §1).

    version 1 B | class 1 B | name 8 B | index 1 B | count 1 B | check 4 B | bytes

The name is the hash of the whole, so whoever sends it again, in the same or another order, sends the same
fragments; what of them came before counts. The check is against accidents of one fragment, the name against
those of the whole. Neither is a secret: what is carried speaks for itself, once it is put together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from .. import labels
from ..errors import LimitError
from . import rules


class Thing(IntEnum):
    """What fragments make together."""

    ENVELOPE = 1
    """As a relay would keep it (spec 20), under a key of the two nodes."""
    OFFER = 2
    """Not sealed: whoever reads the conversation reads a key that was made for it (§3)."""
    REQUEST = 3
    """Sealed to the offer's key (spec 40 §3)."""
    ANSWER = 4
    """Sealed for who asked (spec 40 §4)."""
    PROOF = 5
    """The answer to a challenge (spec 42 §5): a hash that says nothing to others."""
    REJOIN = 6
    """Sealed to a node of the contact (spec 41 §1)."""


_THINGS = frozenset(map(int, Thing))


@dataclass(frozen=True, slots=True)
class Fragment:
    """Number `index` of the `count` fragments of something, all with its name (8 bytes)."""

    thing: Thing
    name: bytes
    index: int
    count: int
    data: bytes = field(repr=False)

    @classmethod
    def decode(cls, blob: bytes) -> Fragment:
        """Decode what a message carried.

        Raises:
            UnsupportedVersion: a version or a class that a newer program may know.
            DecodeError: no fragment, or a damaged one.
        """
        if len(blob) <= rules.HEADER:
            raise rules.FRAGMENT_SIZE.undecodable(f"{len(blob)} bytes")
        if blob[0] != rules.VERSION or blob[1] not in _THINGS:
            raise rules.FRAGMENT_VERSION.unsupported(f"{blob[0]}, {blob[1]}")
        name, (index, count) = blob[2 : 2 + rules.NAME_SIZE], blob[2 + rules.NAME_SIZE : 4 + rules.NAME_SIZE]
        if not 1 <= count <= rules.MAX_FRAGMENTS or index >= count:
            raise rules.FRAGMENT_COUNT.undecodable(f"{index} of {count}")
        fragment = cls(Thing(blob[1]), name, index, count, blob[rules.HEADER :])
        if fragment.encode() != blob:
            raise rules.FRAGMENT_CHECK.undecodable()
        return fragment

    def encode(self) -> bytes:
        """The bytes that a message carries."""
        head = bytes([rules.VERSION, self.thing]) + self.name + bytes([self.index, self.count])
        return head + labels.FRAGMENT.hash(head + self.data)[: rules.CHECK_SIZE] + self.data


def name_of(thing: Thing, data: bytes) -> bytes:
    """The name of something that is carried."""
    return labels.CARRIAGE.hash(bytes([thing]) + data)[: rules.NAME_SIZE]


def count_of(length: int, size: int) -> int:
    """How many messages of `size` bytes something of `length` bytes takes; 0 where too many."""
    if size < rules.HEADER + rules.LEAST or not 0 < length <= rules.MAX_WHOLE:
        return 0
    count = -(-length // (size - rules.HEADER))
    return count if count <= rules.MAX_FRAGMENTS else 0


def fragments_of(thing: Thing, data: bytes, size: int) -> tuple[Fragment, ...]:
    """Split something for a network whose messages carry `size` bytes; the same fragments each time.

    Raises:
        LimitError: it takes more than `MAX_FRAGMENTS` messages.
    """
    count = count_of(len(data), size)
    if not count:
        raise LimitError(
            f"{len(data)} bytes in messages of {size}; a thing has {rules.MAX_FRAGMENTS} of them"
        )
    name, each = name_of(thing, data), size - rules.HEADER
    return tuple(
        Fragment(thing, name, index, count, data[index * each : (index + 1) * each]) for index in range(count)
    )
