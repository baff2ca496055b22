"""Fragments put together: the recipient's side, for one sender in one conversation (spec 53 §2).

An immutable value, bounded in what it keeps; the caller stores each fragment. Fragments come in any order,
any number of times, hours apart, and some never. Whoever floods drops what is its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from . import rules
from .fragments import Fragment, Thing, name_of


@dataclass(frozen=True, slots=True)
class Whole:
    """What fragments made together."""

    thing: Thing
    name: bytes
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What there is of something: its fragments by index, and when the first one came (Unix seconds)."""

    thing: Thing
    count: int
    since: int
    pieces: Mapping[int, bytes] = field(repr=False)

    @property
    def size(self) -> int:
        """Bytes that it holds."""
        return sum(map(len, self.pieces.values()))


@dataclass(frozen=True, slots=True)
class Reassembler:
    """What one sender's fragments amount to so far: unfinished things by name, the oldest first.

    What was whole is forgotten, since a repetition has to come out again: its receipt may be lost.
    """

    waiting: Mapping[bytes, Unfinished] = field(default_factory=dict)

    def add(self, fragment: Fragment, *, now: int) -> tuple[Reassembler, Whole | None]:
        """Take a fragment that `Fragment.decode` gave; `now` in Unix seconds.

        A fragment of one name that says another count or class begins it anew: it was split for messages of
        another size. Where there is no room, what has waited longest is dropped.

        Raises:
            RuleViolation: all are there and are not what they are named after (`fragment-name`). The caller
                drops them, `without` that name: they may be sent again.
        """
        entry = self.waiting.get(fragment.name)
        if entry is None or (entry.count, entry.thing) != (fragment.count, fragment.thing):
            entry = Unfinished(fragment.thing, fragment.count, now, {})
        entry = replace(entry, pieces={**entry.pieces, fragment.index: fragment.data})
        if len(entry.pieces) < entry.count:
            return self.without(fragment.name)._with(fragment.name, entry), None
        data = b"".join(entry.pieces[index] for index in range(entry.count))
        if name_of(entry.thing, data) != fragment.name:
            raise rules.FRAGMENT_NAME.broken()
        return self.without(fragment.name), Whole(entry.thing, fragment.name, data)

    def without(self, name: bytes) -> Reassembler:
        """The same, without something unfinished."""
        return Reassembler({other: kept for other, kept in self.waiting.items() if other != name})

    def expire(self, *, now: int) -> Reassembler:
        """Drop what has waited for `WAIT_S`; what seems to come from later is taken as of now."""
        waiting = {
            name: replace(entry, since=min(entry.since, now))
            for name, entry in self.waiting.items()
            if now - entry.since < rules.WAIT_S
        }
        return Reassembler(waiting)

    def missing(self, name: bytes) -> tuple[int, ...]:
        """The indices that something unfinished lacks; empty for a name that is not waiting."""
        entry = self.waiting.get(name)
        return () if entry is None else tuple(i for i in range(entry.count) if i not in entry.pieces)

    def _with(self, name: bytes, entry: Unfinished) -> Reassembler:
        """The same and one more, as the newest of its age; the oldest make room."""
        waiting = sorted([*self.waiting.items(), (name, entry)], key=lambda item: item[1].since)
        while len(waiting) > rules.MAX_WAITING or sum(e.size for _, e in waiting) > rules.MAX_BYTES:
            oldest = next(item for item in waiting if item[0] != name) if len(waiting) > 1 else waiting[0]
            waiting.remove(oldest)
        return Reassembler(dict(waiting))
