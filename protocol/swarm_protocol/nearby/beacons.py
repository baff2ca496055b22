"""Beacons: contacts on one network recognise each other, and strangers see noise (spec 52 §1).

A beacon is a tag that changes each hour. As many random ones are among them as make a round number, and they
stand in the order of their bytes, which says nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from .. import labels
from ..carry.tags import Expected, Pair, RotatingTag
from ..entropy import Entropy
from . import rules

K = TypeVar("K", bound=Hashable)
BEACON = RotatingTag(labels.BEACON, rules.HOUR, rules.HOURS, rules.BEACON_SIZE)
_VERSION_KEY, _VERSION = b"v", b"1"


def announce(pairs: Iterable[Pair], *, now: int, entropy: Entropy) -> tuple[bytes, ...]:
    """The beacons to show in this hour: 8, 16, 32 or 64.

    Of more than 64 contacts each hour shows others: those whose beacons are the smallest.
    """
    period = BEACON.period(now)
    real = sorted(BEACON.sent(pair, period) for pair in pairs)[: rules.COUNTS[-1]]
    count = next(count for count in rules.COUNTS if len(real) <= count)
    noise = [entropy(rules.BEACON_SIZE) for _ in range(count - len(real))]
    return tuple(sorted(real + noise))


def heard(expected: Expected[K], beacons: Iterable[bytes]) -> frozenset[K]:
    """Whose beacons are among these."""
    found = (expected.find(beacon) for beacon in beacons)
    return frozenset(one.key for one in found if one is not None)


def encode_txt(beacons: Sequence[bytes]) -> dict[bytes, bytes]:
    """The texts of a DNS service (RFC 6763 §6), by key, for what `announce` gave."""
    step = rules.BEACONS_PER_TEXT
    texts = {
        b"b%d" % number: b"".join(beacons[at : at + step])
        for number, at in enumerate(range(0, len(beacons), step))
    }
    return {_VERSION_KEY: _VERSION, **texts}


def decode_txt(texts: Mapping[bytes, bytes | None]) -> tuple[bytes, ...]:
    """The beacons in the texts of a service; keys that are not ours are ignored.

    Raises:
        DecodeError: these are no texts of ours.
    """
    keys = [b"b%d" % number for number in range(-(-rules.COUNTS[-1] // rules.BEACONS_PER_TEXT))]
    data = b"".join(texts.get(key) or b"" for key in keys)
    step = rules.BEACON_SIZE
    beacons = tuple(data[at : at + step] for at in range(0, len(data), step))
    count = len(data) / step
    ours = {_VERSION_KEY: texts.get(_VERSION_KEY), **{k: texts[k] for k in keys if texts.get(k)}}
    if count not in rules.COUNTS or encode_txt(beacons) != ours:
        raise rules.BEACON_TEXTS.undecodable()
    return beacons
