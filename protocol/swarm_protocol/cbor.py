"""Deterministic CBOR: one encoding for each value, and a decoder that takes nothing else (spec 09 §1).

All that is signed, hashed or stored by others is written so, except what MLS defines. The values are
integers of 64 bits, byte strings, texts, booleans, null, arrays, and maps whose keys are integers; no tags,
no floats, definite lengths, keys sorted by the length of their encoding first (RFC 8949 §4.2.3).

Both ways are written here: a value is read in one pass, which refuses what is too large, too deep, of another
type, or a second encoding of something where it meets it, and believes no length that the bytes claim.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from .errors import LimitError, UsageError
from .mls.fast_init import fast_init
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

_UINT, _NEGATIVE, _OCTETS, _TEXT, _ARRAY, _MAP = range(6)
"""Major types (RFC 8949 §3.1); 6 are tags, 7 floats and simple values."""

_FALSE, _TRUE, _NULL = 20, 21, 22
_NO_KEY = bytes((_OCTETS << 5,))
"""The first head that no key has: keys are integers."""

_SIMPLE = {_FALSE: False, _TRUE: True, _NULL: None}

_LEAST = (24, 1 << 8, 1 << 16, 1 << 32)
"""The least argument of a head with 1, 2, 4 and 8 more bytes."""

_UINT64_END = 1 << 64


def _long_head(major: int, argument: int) -> bytes:
    """The shortest head."""
    if argument < _LEAST[0]:
        return bytes((major << 5 | argument,))
    form = sum(argument >= least for least in _LEAST) - 1
    return bytes((major << 5 | 24 + form,)) + argument.to_bytes(1 << form, "big")


_HEADS = [[_long_head(major, argument) for argument in range(256)] for major in range(6)]
"""Nearly all heads that are written."""


def encode(value: Value) -> bytes:
    """Encode a value, the only way there is.

    Raises:
        UsageError: it holds something that the format leaves out.
        LimitError: it is deeper than `MAX_DEPTH`.
    """
    parts: list[bytes] = []
    _write(value, parts.append, MAX_DEPTH)
    return b"".join(parts)


def _write(value: object, add: Callable[[bytes], None], depth: int) -> None:
    """Add the parts of an encoding in order; arrays and maps may be `depth` inside each other."""
    if isinstance(value, bytes):
        add(_head(_OCTETS, len(value)))
        add(value)
    elif value is None or value is True or value is False:
        add(_SIMPLE_HEADS[value])
    elif isinstance(value, int):
        add(_SMALL[value] if 0 <= value < 24 else _integer(value))
    elif isinstance(value, dict):
        if not depth:
            raise LimitError(f"arrays and maps are at most {MAX_DEPTH} deep")
        add(_head(_MAP, len(value)))
        for key in _sorted_keys(value):
            add(_SMALL[key] if 0 <= key < 24 else _integer(key))
            _write(value[key], add, depth - 1)
    elif isinstance(value, str):
        try:
            octets = value.encode()
        except UnicodeEncodeError as e:
            raise UsageError("a text holds half a surrogate pair") from e
        add(_head(_TEXT, len(octets)))
        add(octets)
    elif isinstance(value, list | tuple):
        if not depth:
            raise LimitError(f"arrays and maps are at most {MAX_DEPTH} deep")
        add(_head(_ARRAY, len(value)))
        for item in value:
            _write(item, add, depth - 1)
    else:
        raise UsageError(f"a {type(value).__name__} has no place in this format")


_SMALL = _HEADS[_UINT]
_SIMPLE_HEADS = {value: bytes((0xE0 | number,)) for number, value in _SIMPLE.items()}


def _head(major: int, argument: int) -> bytes:
    return _HEADS[major][argument] if argument < 256 else _long_head(major, argument)


def _integer(value: int) -> bytes:
    if not -_UINT64_END <= value < _UINT64_END:
        raise UsageError("integers have 64 bits")
    return _head(_UINT, value) if value >= 0 else _head(_NEGATIVE, -1 - value)


def _sorted_keys(value: Mapping[object, object]) -> list[int]:
    keys = [key for key in value if isinstance(key, int) and key is not True and key is not False]
    if len(keys) != len(value):
        raise UsageError("the keys of maps are integers")
    keys.sort()
    if keys and keys[0] < 0:
        keys.sort(key=lambda key: (len(_integer(key)), _integer(key)))
    return keys  # without negative ones, by length first is by size


def decode(data: bytes, *, max_size: int = MAX_SIZE, max_items: int = MAX_ITEMS) -> Value:
    """Decode one value that fills `data`.

    Time and memory are bounded by `max_size` (bytes) and `max_items`, whatever lengths the bytes claim.

    Raises:
        DecodeError: the bytes are not the encoding of a value, or are beyond a bound.
    """
    if len(data) > max_size:
        raise SIZE.undecodable(f"{len(data)} bytes, {max_size} allowed")
    reader = _Reader(data, max_items - 1)
    value, pos = reader.value(0, MAX_DEPTH)
    if pos != len(data):
        raise TRAILING.undecodable(f"{len(data) - pos} bytes")
    return value


class _Reader:
    """Reads values out of bytes; `items` is how many more there may be in arrays and maps.

    This runs over all that arrives, so a value costs one call.
    """

    __slots__ = ("data", "end", "items")

    def __init__(self, data: bytes, items: int) -> None:
        self.data, self.end, self.items = data, len(data), items

    def value(self, pos: int, depth: int) -> tuple[Value, int]:
        """The value at `pos`, and where it ends; arrays and maps may be `depth` inside each other."""
        data, end = self.data, self.end
        if pos >= end:
            raise COMPLETE.undecodable()
        head = data[pos]
        pos += 1
        major, argument = head >> 5, head & 31
        if argument >= 24:
            pos, argument = self._argument(pos, head)
        if major == _OCTETS:
            stop = pos + argument
            if stop > end:
                raise COMPLETE.undecodable()
            return data[pos:stop], stop
        if major == _UINT:
            return argument, pos
        if major == _TEXT:
            stop = pos + argument
            if stop > end:
                raise COMPLETE.undecodable()
            return _text(data[pos:stop]), stop
        if major in (_MAP, _ARRAY):
            if not depth:
                raise DEPTH.undecodable()
            count = argument if major == _ARRAY else 2 * argument
            if count > end - pos:  # each value has a byte at least
                raise COMPLETE.undecodable()
            self.items -= count
            if self.items < 0:
                raise ITEMS.undecodable()
            many = self._map if major == _MAP else self._array
            return many(pos, argument, depth - 1)
        if major == _NEGATIVE:
            return -1 - argument, pos
        if major == 7 and argument in _SIMPLE:
            return _SIMPLE[argument], pos
        raise TYPES.undecodable(f"a head of {head:#04x}")

    def _argument(self, pos: int, head: int) -> tuple[int, int]:
        """Where the argument of a long head ends, and what it is."""
        major, form = head >> 5, head & 31
        if form == 31 and major in {2, 3, 4, 5, 7}:
            raise DEFINITE.undecodable()
        if major > _MAP or form >= 28:
            raise TYPES.undecodable(f"a head of {head:#04x}")
        least, stop = _LEAST[form - 24], pos + (1 << form - 24)
        if stop > self.end:
            raise COMPLETE.undecodable()
        argument = self.data[pos] if form == 24 else int.from_bytes(self.data[pos:stop], "big")
        if argument < least:
            raise CANONICAL.undecodable("a head is longer than it need be")
        return stop, argument

    def _array(self, pos: int, count: int, depth: int) -> tuple[list[Value], int]:
        values = []
        for _ in range(count):
            value, pos = self.value(pos, depth)
            values.append(value)
        return values, pos

    def _map(self, pos: int, count: int, depth: int) -> tuple[dict[int, Value], int]:
        data, end, values, before = self.data, self.end, dict[int, Value](), 0
        for _ in range(count):
            if pos < end and data[pos] < _LEAST[0]:
                key = data[pos]
                pos += 1
                place = 0x100 | key
            else:
                start = pos
                key, pos = self._key(pos)
                place = int.from_bytes(b"\x01" + data[start:pos], "big")  # longer ones are larger
            if place <= before:
                raise CANONICAL.undecodable("keys are not sorted, or there twice")
            before = place
            values[key], pos = self.value(pos, depth)
        return values, pos

    def _key(self, pos: int) -> tuple[int, int]:
        if self.data[pos : pos + 1] >= _NO_KEY:
            raise KEYS.undecodable()
        key, pos = self.value(pos, 0)
        assert isinstance(key, int), "as its head says"
        return key, pos


def _text(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise TEXT.undecodable() from None


@fast_init
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
