"""Tags that only two nodes recognise, and that change with time (spec 51 §2).

Two nodes that met share a secret. From it each derives, for a period of time and a direction, a tag that to
everybody else is a random number, and has nothing to do with that of the next period. Bundles (spec 51),
beacons and doors (spec 52) use it, each under a label, with a period and a size of its own.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from .. import labels
from ..envelope.seal import QueueKey
from ..errors import LimitError
from ..labels import KeyLabel
from . import rules

K = TypeVar("K", bound=Hashable)
WEEK = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Pair:
    """Our leaf, another's, and the secret (32 bytes) that these two nodes share from their meeting."""

    secret: bytes = field(repr=False)
    own: bytes
    other: bytes

    @property
    def key_out(self) -> QueueKey:
        """The key that seals what we carry to the other: no relay's queue has a part in it."""
        return QueueKey(labels.CARRY_KEY.derive(self.secret, self.own + self.other))

    @property
    def key_in(self) -> QueueKey:
        """The key that seals what the other carries to us."""
        return QueueKey(labels.CARRY_KEY.derive(self.secret, self.other + self.own))


@dataclass(frozen=True, slots=True)
class RotatingTag:
    """A kind of tag: `size` bytes, another one each `period_s`, known `reach` periods before and after."""

    label: KeyLabel
    period_s: int
    reach: int
    size: int

    def period(self, now: int) -> int:
        """The number of the period at `now` (Unix seconds)."""
        return now // self.period_s

    def sent(self, pair: Pair, period: int, more: bytes = b"") -> bytes:
        """The tag from us to the other; with `more` it is bound to that as well."""
        return self._derive(pair.secret, pair.own + pair.other, period, more)

    def awaited(self, pair: Pair, period: int, more: bytes = b"") -> bytes:
        """The tag from the other to us."""
        return self._derive(pair.secret, pair.other + pair.own, period, more)

    def _derive(self, secret: bytes, direction: bytes, period: int, more: bytes) -> bytes:
        return self.label.derive(secret, direction + period.to_bytes(8, "big") + more, size=self.size)


CARRY = RotatingTag(labels.CARRY_TAG, WEEK, rules.WEEKS, rules.TAG_SIZE)


@dataclass(frozen=True, slots=True)
class Found(Generic[K]):
    """Whose tag it is, and of which period."""

    key: K
    period: int


@dataclass(frozen=True, slots=True)
class Expected(Generic[K]):
    """All tags of one kind that may come now, worked out before: a look-up costs nothing, whoever asks.

    `pairs` are named by any keys of the caller's.
    """

    kind: RotatingTag
    pairs: Mapping[K, Pair] = field(repr=False)
    tables: Mapping[int, Mapping[bytes, K]] = field(default_factory=dict, repr=False)
    """The tags by period."""

    @classmethod
    def of(cls, kind: RotatingTag, pairs: Mapping[K, Pair], now: int) -> Expected[K]:
        """Work out the tags around `now` (Unix seconds): one short hash for each pair and period.

        Raises:
            LimitError: more than `MAX_PAIRS`.
        """
        if len(pairs) > rules.MAX_PAIRS:
            raise LimitError(f"tags are looked for from {rules.MAX_PAIRS} pairs at most")
        return cls(kind, dict(pairs)).at(now)

    def at(self, now: int) -> Expected[K]:
        """The same around another time; only the periods that are new are worked out."""
        here, reach = self.kind.period(now), self.kind.reach
        tables = {
            period: self.tables[period] if period in self.tables else self._table(period)
            for period in range(max(0, here - reach), here + reach + 1)
        }
        return Expected(self.kind, self.pairs, tables)

    def find(self, tag: bytes) -> Found[K] | None:
        """Whose tag this is; None for a stranger's."""
        for period, table in self.tables.items():
            if tag in table:
                return Found(table[tag], period)
        return None

    def _table(self, period: int) -> dict[bytes, K]:
        return {self.kind.awaited(pair, period): key for key, pair in self.pairs.items()}
