"""What all targets of the fuzzer share: their shape, the kept inputs, and how inputs are changed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import cbor2

from swarm_protocol import cbor
from swarm_protocol.errors import DecodeError

CORPUS = Path(__file__).parents[1] / "fuzz" / "corpus"
Mutation: TypeAlias = Callable[[bytes, bytes, random.Random], bytes]
"""Changes an input; the second is another one to take a piece of."""


@dataclass(frozen=True, slots=True)
class Target:
    """Something that takes any bytes.

    `accepts` returns whether it took them, or raises an error that is a finding; `seeds` are inputs to begin
    with, the same ones each time; `slow` ones are tried less often.
    """

    accepts: Callable[[bytes], bool]
    seeds: Callable[[], Iterable[bytes]]
    mutate: Mutation
    slow: bool = False


def kept(name: str) -> dict[str, bytes]:
    """The kept inputs of a target, by file name."""
    return {path.name: path.read_bytes() for path in sorted((CORPUS / name).glob("*"))}


_EDGES = [
    b"\x00",
    b"\x01",
    b"\xff",
    b"\x40\x00",
    b"\x7f\xff",
    b"\xbf\xff\xff\xff",
    b"\x80\x00\x40\x00",
    b"\xff" * 8,
]


def mutate_bytes(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """A few changes of bits, bytes and pieces."""
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = rng.randrange(len(out) + 1)
        size = rng.choice((1, 1, 2, 4, 8, 32, 100))
        match rng.randrange(7):
            case 0 if at < len(out):
                out[at] ^= 1 << rng.randrange(8)
            case 1:
                out[at : at + 1] = bytes([rng.randrange(256)])
            case 2:
                del out[at : at + size]
            case 3:
                out[at:at] = rng.randbytes(size)
            case 4:
                edge = rng.choice(_EDGES)
                out[at : at + len(edge)] = edge
            case 5:
                start = rng.randrange(len(other) + 1)
                out[at : at + rng.choice((0, size))] = other[start : start + size]
            case _:
                out[at:at] = out[at : at + size]
    return bytes(out)


def mutate_cbor(data: bytes, other: bytes, rng: random.Random) -> bytes:
    """Change one value somewhere inside, byte strings that are encodings themselves included.

    So a change does not end at the first length that is wrong by it. Three times in ten it is one of
    `mutate_bytes` all the same.
    """
    value, parts = _decoded(data), _parts(_decoded(other))
    if not isinstance(value, list | dict) or rng.random() < 0.3:
        return mutate_bytes(data, other, rng)
    for _ in range(rng.choice((1, 1, 2, 3))):
        value = _changed(value, parts, rng)
    return cbor2.dumps(value, canonical=True)


_VALUES: tuple[Any, ...] = (
    *(None, False, True, 0, 1, 2, 23, 24, 255, 256, 1 << 32, (1 << 63) - 1, (1 << 64) - 1, -1, -(1 << 64)),
    *(
        b"",
        b"\0",
        bytes(16),
        bytes(24),
        bytes(31),
        bytes(32),
        bytes(64),
        b"\xff" * 32,
        bytes(512),
        bytes(1216),
    ),
    *("", "a", "ä" * 64, "localhost:1", "\0", [], [[]], {}, {1: 0}, {-1: 0}, {1: {}}, 1.5, [0] * 300),
    [[[[[[[[[]]]]]]]]],
)
"""Values that may stand where another one stood: the ends of ranges, sizes that keys have, and nonsense."""


def _decoded(data: bytes) -> Any:
    """The value that bytes encode, or None."""
    try:
        return cbor.decode(data, max_size=1 << 22)
    except DecodeError:
        return None


def _parts(value: Any) -> list[Any]:
    """A value and all inside it."""
    inside = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return [value, *(part for item in inside for part in _parts(item))]


def _changed(value: Any, parts: list[Any], rng: random.Random) -> Any:
    """A value with one change, at any depth."""
    if isinstance(value, bytes) and isinstance(inside := _decoded(value), list | dict):
        if rng.random() < 0.9:
            return cbor2.dumps(_changed(inside, parts, rng), canonical=True)
    elif isinstance(value, list | dict) and value and rng.random() < 0.9:
        return _changed_inside(value, parts, rng)
    match rng.randrange(4):
        case 0:
            return rng.choice(parts)
        case 1 | 2 if isinstance(value, bytes):
            return mutate_bytes(value, b"", rng)
        case 1 if isinstance(value, int):
            return value + rng.choice((-1, 1))
        case _:
            return rng.choice(_VALUES)


def _changed_inside(value: list[Any] | dict[int, Any], parts: list[Any], rng: random.Random) -> Any:
    """An array or a map of which something is changed, left out, added or said twice."""
    keys = range(len(value)) if isinstance(value, list) else list(value)
    key, how = rng.choice(keys), rng.random()
    if isinstance(value, dict):
        rest = {k: v for k, v in value.items() if k != key}
        if how < 0.1:
            return rest
        new = rng.choice((rng.randrange(16), -1, 99)) if how < 0.2 else key
        return {**value, new: _changed(value[key], parts, rng)}
    if how < 0.1:
        return [*value[:key], *value[key + 1 :]]
    if how < 0.2:
        return [*value[:key], value[key], *value[key:]]
    if how < 0.3:
        return rng.sample(value, len(value))
    return [*value[:key], _changed(value[key], parts, rng), *value[key + 1 :]]


def says_no_more(again: Any, data: Any) -> bool:
    """Whether a decoded value is another without some keys of its maps: those that its reader knows not."""
    if isinstance(again, dict) and isinstance(data, dict):
        return all(key in data and says_no_more(inside, data[key]) for key, inside in again.items())
    if isinstance(again, list) and isinstance(data, list):
        return len(again) == len(data) and all(map(says_no_more, again, data))
    if isinstance(again, bytes) and isinstance(data, bytes) and again != data:
        return isinstance(inside := _decoded(data), list | dict) and says_no_more(_decoded(again), inside)
    return bool(again == data) and type(again) is type(data)
