"""Ranges of places in a chain, each as its first and last: in rising order, none touching the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeAlias

from .. import cbor
from ..cbor import Record, Value

Spans: TypeAlias = tuple[tuple[int, int], ...]


def read_spans(r: Record, key: int, *, at_most: int) -> Spans:
    """The ranges of a record, none where it has no `key`; DecodeError where these are no pairs."""
    pairs = [_pair(item) for item in r.array(key, at_most=at_most)] if key in r else []
    return tuple(pairs)


def span_fields(spans: Spans, key: int) -> dict[int, Value]:
    """The field of a record that holds them; there is none where there are none."""
    return {key: [[first, last] for first, last in spans]} if spans else {}


def are_rising(spans: Spans) -> bool:
    """Whether each has its ends in order and a gap before the next."""
    ends = all(first <= last for first, last in spans)
    return ends and all(a[1] + 1 < b[0] for a, b in pairwise(spans))


def spans_of(seqs: Iterable[int]) -> Spans:
    """The fewest ranges that hold these places and no others."""
    out: list[tuple[int, int]] = []
    for seq in sorted(set(seqs)):
        if out and out[-1][1] + 1 == seq:
            out[-1] = (out[-1][0], seq)
        else:
            out.append((seq, seq))
    return tuple(out)


def minus(spans: Spans, gone: Spans) -> Spans:
    """What of `spans` is not in `gone`. However long the ranges, it costs as many steps as there are."""
    left = list(spans)
    for first, last in gone:
        left = [
            (a, b)
            for start, end in left
            for a, b in ((start, min(end, first - 1)), (max(start, last + 1), end))
            if a <= b
        ]
    return tuple(left)


def first_of(spans: Spans, count: int) -> Spans:
    """The first `count` places of them."""
    out = []
    for first, last in spans:
        if count <= 0:
            break
        out.append((first, min(last, first + count - 1)))
        count -= last - first + 1
    return tuple(out)


def size(spans: Spans) -> int:
    """How many places they hold."""
    return sum(last - first + 1 for first, last in spans)


def _pair(item: Value) -> tuple[int, int]:
    match item:
        case [int(first), int(last)] if _is_seq(item):
            return first, last
        case _:
            raise cbor.FIELD.undecodable("a range is two places")


def _is_seq(items: Sequence[Value]) -> bool:
    return all(isinstance(i, int) and not isinstance(i, bool) and 0 <= i <= cbor.MAX_UINT for i in items)
