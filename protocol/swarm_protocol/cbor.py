"""Deterministic CBOR: one encoding for each value, and a decoder that takes nothing else (spec 09 §1).

All that is signed, hashed or stored by others is written so, except what MLS defines. The values are
integers of 64 bits, byte strings, texts, booleans, null, arrays, and maps whose keys are integers; no tags,
no floats, definite lengths, keys sorted by the length of their encoding first (RFC 8949 §4.2.3).

`cbor2` reads far more than that: dates, regular expressions, references that make a value contain itself. So
hostile bytes do not reach it. A first walk over the heads alone refuses what is too large, too deep, of
another type, or a second encoding of something, before anything is allocated; then `cbor2` decodes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType
from typing import Any, TypeAlias

import cbor2

from .errors import LimitError, UsageError
from .rules import Rule

Value: TypeAlias = "bool | int | bytes | str | Sequence[Value] | Mapping[int, Value] | None"
"""What can be encoded. Decoding gives lists and dicts."""

MAX_DEPTH = 8
"""Arrays and maps inside each other, at most."""

MAX_SIZE = 64 * 1024
"""Bytes of one encoding where the caller names no other bound."""

MAX_UINT = (1 << 63) - 1
"""The largest unsigned integer of a record: one that every database can store."""

MAX_ITEMS = 4096
"""Values in one encoding, keys of maps included: they cost some 100 bytes each when decoded."""

SIZE = Rule("cbor-size", "09", "1", "an encoding has no more bytes than its type allows")
COMPLETE = Rule("cbor-complete", "09", "1", "an encoding does not end early")
TRAILING = Rule("cbor-trailing", "09", "1", "nothing follows the one value of an encoding")
DEFINITE = Rule("cbor-definite", "09", "1", "lengths are definite")
TYPES = Rule(
    "cbor-types", "09", "1", "there are no tags, no floats, no simple values but false, true and null"
)
DEPTH = Rule("cbor-depth", "09", "1", "arrays and maps are at most 8 deep")
ITEMS = Rule("cbor-items", "09", "1", "an encoding holds no more values than its type allows")
KEYS = Rule("cbor-keys", "09", "1", "the keys of maps are integers")
TEXT = Rule("cbor-text", "09", "1", "texts are UTF-8")
CANONICAL = Rule(
    "cbor-canonical", "09", "1", "a value has one encoding: shortest heads, sorted keys, each once"
)
MAP = Rule("record-map", "09", "2", "a record is a map")
FIELD = Rule("record-field", "09", "2", "a record has its fields, each of its type and within its bounds")
CRITICAL = Rule("record-critical", "09", "2", "each negative key of a record is known to its reader")

_UINT64_END = 1 << 64

_LEAST = (24, 1 << 8, 1 << 16, 1 << 32)
"""The least argument of a head with 1, 2, 4 and 8 more bytes."""

_BEFORE_ALL = (0, b"")


def encode(value: Value) -> bytes:
    """Encode a value, the only way there is.

    Raises:
        UsageError: it holds something that the format leaves out.
        LimitError: it is deeper than `MAX_DEPTH`.
    """
    _check((value,), MAX_DEPTH)
    return cbor2.dumps(value, canonical=True)


def decode(data: bytes, *, max_size: int = MAX_SIZE, max_items: int = MAX_ITEMS) -> Value:
    """Decode one value that fills `data`.

    Time and memory are bounded by `max_size` (bytes) and `max_items`, whatever lengths the bytes claim.

    Raises:
        DecodeError: the bytes are not the encoding of a value, or are beyond a bound.
    """
    if len(data) > max_size:
        raise SIZE.undecodable(f"{len(data)} bytes, {max_size} allowed")
    _walk(data, max_items)
    try:
        value: Value = cbor2.loads(
            data, max_depth=MAX_DEPTH, allow_indefinite=False, allow_duplicate_keys=False
        )
    except cbor2.CBORDecodeError as e:
        if isinstance(e.__cause__, UnicodeDecodeError):
            raise TEXT.undecodable() from None
        raise CANONICAL.undecodable(str(e)) from None
    return value


def _walk(data: bytes, items: int) -> None:
    """Walk over the heads of an encoding; it allocates next to nothing and takes claims for claims.

    One loop, without a call for each head: this runs over all that arrives. `inside` has, for each array or
    map that is open, how many values of it are to come (keys are the even ones), whether it is a map, and the
    length and bytes of its last key: each is after the one before.
    """
    end, pos = len(data), 0
    items -= 1
    inside: list[list[Any]] = []
    while True:
        if pos >= end:
            raise COMPLETE.undecodable()
        start, head = pos, data[pos]
        major, argument = head >> 5, head & 31
        pos += 1
        if argument > 23:
            if argument == 31 and major in {2, 3, 4, 5, 7}:
                raise DEFINITE.undecodable()
            if major > 5 or argument >= 28:
                raise TYPES.undecodable(f"a head of {head:#04x}")
            least = _LEAST[argument - 24]
            size = 1 << (argument - 24)
            if size > end - pos:
                raise COMPLETE.undecodable()
            argument = int.from_bytes(data[pos : pos + size], "big")
            pos += size
            if argument < least:
                raise CANONICAL.undecodable("a head is longer than it need be")
        elif major > 5 and (major == 6 or argument < 20 or argument > 22):
            raise TYPES.undecodable(f"a head of {head:#04x}")
        if inside:
            current = inside[-1]
            if current[1] and not current[0] & 1:
                if major > 1:
                    raise KEYS.undecodable()
                key = pos - start, data[start:pos]
                if key <= current[2]:
                    raise CANONICAL.undecodable("keys are not sorted, or there twice")
                current[2] = key
            current[0] -= 1
        if 2 <= major < 4:
            if argument > end - pos:
                raise COMPLETE.undecodable()
            pos += argument
        elif 4 <= major < 6:
            if len(inside) == MAX_DEPTH:
                raise DEPTH.undecodable()
            count = argument if major == 4 else 2 * argument
            if count > end - pos:  # each value has a byte at least
                raise COMPLETE.undecodable()
            items -= count
            if items < 0:
                raise ITEMS.undecodable()
            inside.append([count, major == 5, _BEFORE_ALL])
        while inside and not inside[-1][0]:
            inside.pop()
        if not inside:
            break
    if pos != end:
        raise TRAILING.undecodable(f"{end - pos} bytes")


_PLAIN = frozenset({bytes, bool, NoneType})


def _check(values: Iterable[object], depth: int) -> None:
    """Refuse what `decode` would refuse; `cbor2` would write it."""
    for value in values:
        kind = type(value)
        if kind in _PLAIN:
            continue
        if isinstance(value, int):
            if not -_UINT64_END <= value < _UINT64_END:
                raise UsageError("integers have 64 bits")
        elif isinstance(value, str):
            try:
                value.encode()
            except UnicodeEncodeError as e:
                raise UsageError("a text holds half a surrogate pair") from e
        elif kind is dict or kind is list or kind is tuple:
            if not depth:
                raise LimitError(f"arrays and maps are at most {MAX_DEPTH} deep")
            if isinstance(value, dict):
                if not all(isinstance(key, int) and not isinstance(key, bool) for key in value):
                    raise UsageError("the keys of maps are integers")
                _check(value, depth)
                _check(value.values(), depth - 1)
            else:
                _check(value, depth - 1)  # type: ignore[arg-type]  # a list or a tuple
        else:
            raise UsageError(f"a {kind.__name__} has no place in this format")


@dataclass(frozen=True, slots=True)
class Record:
    """A map that is read field by field (spec 09 §2).

    Keys that the reader does not know are ignored, and stay in `fields`, so that `without` gives the bytes
    that were signed. A negative key says that who does not know it must not go on.
    """

    name: str
    fields: Mapping[int, Value] = field(repr=False)

    @classmethod
    def decode(
        cls,
        data: bytes,
        name: str,
        *,
        critical: Collection[int] = (),
        max_size: int = MAX_SIZE,
        max_items: int = MAX_ITEMS,
    ) -> Record:
        """Decode a record; `critical` are the negative keys that its reader knows.

        Raises:
            DecodeError: not CBOR, not a map, or an unknown critical key.
        """
        return cls.of(decode(data, max_size=max_size, max_items=max_items), name, critical=critical)

    @classmethod
    def of(cls, value: Value, name: str, *, critical: Collection[int] = ()) -> Record:
        """A record from a decoded value; raises like `decode`."""
        if not isinstance(value, dict):
            raise MAP.undecodable(name)
        for key in value:
            if key < 0 and key not in critical:
                raise CRITICAL.undecodable(f"{name} has {key}")
        return cls(name, value)

    def __contains__(self, key: int) -> bool:
        return key in self.fields

    def uint(self, key: int, *, at_most: int = MAX_UINT) -> int:
        """An unsigned integer up to `at_most`, or DecodeError."""
        value = self._field(key)
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= at_most:
            raise self._wrong(key)
        return value

    def flag(self, key: int) -> bool:
        """Whether a field is there, which is nothing but true; or DecodeError."""
        if key in self.fields and self.fields[key] is not True:
            raise self._wrong(key)
        return key in self.fields

    def octets(self, key: int, *, size: int | None = None, at_most: int = MAX_SIZE) -> bytes:
        """A byte string of exactly `size` or of up to `at_most` bytes, or DecodeError."""
        value = self._field(key)
        if not isinstance(value, bytes) or len(value) > at_most or (size is not None and len(value) != size):
            raise self._wrong(key)
        return value

    def text(self, key: int, *, at_most: int) -> str:
        """A text of up to `at_most` bytes in UTF-8, or DecodeError."""
        value = self._field(key)
        if not isinstance(value, str) or len(value.encode()) > at_most:
            raise self._wrong(key)
        return value

    def array(self, key: int, *, at_most: int) -> Sequence[Value]:
        """An array of up to `at_most` values, or DecodeError."""
        value = self._field(key)
        if not isinstance(value, list) or len(value) > at_most:
            raise self._wrong(key)
        return value

    def octets_array(self, key: int, *, at_most: int) -> list[bytes]:
        """An array of up to `at_most` byte strings, or DecodeError."""
        values = self.array(key, at_most=at_most)
        octets = [value for value in values if isinstance(value, bytes)]
        if len(octets) != len(values):
            raise self._wrong(key)
        return octets

    def record(self, key: int, name: str, *, critical: Collection[int] = ()) -> Record:
        """A record inside, or DecodeError."""
        return Record.of(self._field(key), name, critical=critical)

    def without(self, *keys: int) -> bytes:
        """The encoding of all fields but these, those that nobody here knows included."""
        return encode({key: value for key, value in self.fields.items() if key not in keys})

    def _field(self, key: int) -> Value:
        if key not in self.fields:
            raise FIELD.undecodable(f"{self.name} has no {key}")
        return self.fields[key]

    def _wrong(self, key: int) -> Exception:
        return FIELD.undecodable(f"{self.name} has something else at {key}")
