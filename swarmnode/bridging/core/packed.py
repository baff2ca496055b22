"""Small lists and maps in columns, as msgpack."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec

T = TypeVar("T")


def pack(value: object) -> bytes:
    """As it lies in a column."""
    return msgspec.msgpack.encode(value)


def texts(data: bytes | None) -> tuple[str, ...]:
    """A list of texts; an empty one where there is none."""
    return () if data is None else msgspec.msgpack.decode(data, type=tuple[str, ...])


def mapping(data: bytes | None) -> Mapping[str, str]:
    """Texts by name."""
    return {} if data is None else msgspec.msgpack.decode(data, type=dict[str, str])


def unpack(data: bytes, kind: type[T]) -> T:
    """A value of `swarm_bridges.api`, or another struct."""
    return msgspec.msgpack.decode(data, type=kind)


def ordered(values: Iterable[str]) -> Sequence[str]:
    """Values of a set in the one order in which they are stored."""
    return sorted(values)
