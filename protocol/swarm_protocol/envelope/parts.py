"""Frames that no envelope is large enough for, in parts (spec 20 §4).

What is split is the frame without its link_seq, for each part has its own, and parts that came through two
queues are to fit together. Its hash names the parts: it tells, when they are together, that they belong
together, and the same payload, split again after a crash, gives the same parts.

`Reassembler` is the recipient's side for one sender: an immutable value, bounded in what it keeps. The caller
stores each part before it acknowledges it, and after a start feeds the stored ones again, with the time of
their arrival.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .. import cbor, labels
from ..errors import DecodeError, LimitError, RemoteProtocolError, UnsupportedVersion
from . import rules
from .frame import KIND, MAX_LINK_SEQ, PAYLOAD, Frame, Kind, read_kind

NAME, INDEX, COUNT, BYTES = range(1, 5)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a frame: number `index` of `count`, all named `name` (32 bytes)."""

    name: bytes
    index: int
    count: int
    data: bytes = field(repr=False)

    @classmethod
    def decode(cls, payload: bytes) -> Part:
        """Decode the payload of a part.

        Raises:
            DecodeError: no part, or one that no frame is split into.
        """
        r = cbor.Record.decode(payload, "a part")
        part = cls(r.octets(NAME, size=32), r.uint(INDEX), r.uint(COUNT), r.octets(BYTES))
        if not rules.MIN_PARTS <= part.count <= rules.MAX_PARTS:
            raise rules.PART_COUNT.undecodable(str(part.count))
        if part.index >= part.count:
            raise rules.PART_INDEX.undecodable(f"{part.index} of {part.count}")
        least = 1 if part.index == part.count - 1 else rules.PART_SIZE
        if not least <= len(part.data) <= rules.PART_SIZE:
            raise rules.PART_SIZE_RULE.undecodable(f"{len(part.data)} bytes")
        return part

    def encode(self) -> bytes:
        """Encode the part, as the payload of a frame."""
        return cbor.encode({NAME: self.name, INDEX: self.index, COUNT: self.count, BYTES: self.data})


def split(kind: Kind, payload: bytes) -> tuple[Part, ...]:
    """Split what is too large for one envelope; the same parts each time.

    Raises:
        LimitError: larger than `MAX_WHOLE`, or so small that one part would do.
    """
    whole = cbor.encode({KIND: int(kind), PAYLOAD: payload})
    if not rules.PART_SIZE < len(whole) <= rules.MAX_WHOLE or kind is Kind.PART:
        raise LimitError(f"a {kind.name.lower()} of {len(whole)} bytes is not split")
    name = labels.PARTS.hash(whole)
    pieces = [whole[at : at + rules.PART_SIZE] for at in range(0, len(whole), rules.PART_SIZE)]
    return tuple(Part(name, index, len(pieces), piece) for index, piece in enumerate(pieces))


def frames_for(kind: Kind, payload: bytes, link_seq: int) -> tuple[Frame, ...]:
    """One frame, or the frames of its parts; `link_seq` is the first one's number, the others follow.

    Raises:
        LimitError: larger than parts can carry.
    """
    # Whether it fits does not depend on its number, or a payload would be split here and whole elsewhere.
    if len(cbor.encode({KIND: int(kind), PAYLOAD: payload, 3: MAX_LINK_SEQ})) <= rules.MAX_FRAME:
        return (Frame(kind, payload, link_seq),)
    parts = split(kind, payload)
    return tuple(Frame(Kind.PART, part.encode(), link_seq + part.index) for part in parts)


@dataclass(frozen=True, slots=True)
class Whole:
    """What parts made together. It goes on as a frame of this kind would."""

    name: bytes
    kind: Kind
    payload: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Gap:
    """A frame that will not be whole: `present` of `count` parts came, from `since` on (Unix seconds).

    With `fault` all of them came and are no frame, which the sender is to blame for; without, time ran out.
    """

    name: bytes
    present: int
    count: int
    since: int
    fault: RemoteProtocolError | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An unfinished frame: the parts that came, by index, and when the first one did (Unix seconds)."""

    count: int
    since: int
    parts: Mapping[int, bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reassembler:
    """What one sender's parts amount to so far. Nothing that another sender does touches it.

    `waiting` holds the unfinished frames by name, `finished` the names of those that were completed, with the
    time of that in Unix seconds, oldest first.
    """

    waiting: Mapping[bytes, Waiting] = field(default_factory=dict)
    finished: Mapping[bytes, int] = field(default_factory=dict)

    def add(self, part: Part, *, now: int) -> tuple[Reassembler, Whole | Gap | None]:
        """Take a part that `Part.decode` gave; `now` in Unix seconds.

        What comes is the frame, if this was the last missing part; a gap, if the parts together are no frame
        (then they are dropped, and may be sent again); or nothing, as for a part that was there already.

        Raises:
            RuleViolation: the sender contradicts itself (`part-agrees`), or has too much unfinished
                (`part-budget`); the latter may be taken later, so do not acknowledge it.
        """
        if part.name in self.finished:
            return self, None
        entry = self.waiting.get(part.name)
        if entry is None:
            reserved = sum(entry.count for entry in self.waiting.values())
            rules.PART_BUDGET.require(reserved + part.count <= rules.MAX_WAITING)
            entry = Waiting(part.count, now, {})
        rules.PART_AGREES.require(entry.count == part.count)
        if part.index in entry.parts:
            rules.PART_AGREES.require(entry.parts[part.index] == part.data)
            return self, None
        entry = replace(entry, parts={**entry.parts, part.index: part.data})
        if len(entry.parts) < entry.count:
            return replace(self, waiting={**self.waiting, part.name: entry}), None
        return self._complete(part.name, entry, now)

    def expire(self, *, now: int) -> tuple[Reassembler, tuple[Gap, ...]]:
        """Drop what has waited for `WAIT_S`, each with a gap to be told of; forget old names.

        A clock that was set back keeps nothing for longer: what seems to come from later is taken as of now.
        """
        waiting, gaps = {}, []
        for name, entry in self.waiting.items():
            if now - entry.since >= rules.WAIT_S:
                gaps.append(Gap(name, len(entry.parts), entry.count, entry.since))
            else:
                waiting[name] = replace(entry, since=min(entry.since, now))
        finished = {name: min(at, now) for name, at in self.finished.items() if now - at < rules.REMEMBER_S}
        return Reassembler(waiting, finished), tuple(gaps)

    def missing(self, name: bytes) -> tuple[int, ...]:
        """The indices that an unfinished frame lacks; empty for a name that is not waiting."""
        entry = self.waiting.get(name)
        return () if entry is None else tuple(i for i in range(entry.count) if i not in entry.parts)

    def _complete(self, name: bytes, entry: Waiting, now: int) -> tuple[Reassembler, Whole | Gap]:
        waiting = {other: kept for other, kept in self.waiting.items() if other != name}
        try:
            whole = join(name, b"".join(entry.parts[i] for i in range(entry.count)))
        except RemoteProtocolError as fault:
            gap = Gap(name, entry.count, entry.count, entry.since, fault)
            return replace(self, waiting=waiting), gap
        finished = dict([*self.finished.items(), (name, now)][-rules.MAX_FINISHED :])
        return Reassembler(waiting, finished), whole


def join(name: bytes, data: bytes) -> Whole:
    """The frame that the bytes of all parts are.

    Raises:
        RuleViolation: it has another name, is itself a part or no frame.
        UnsupportedVersion: a kind that a newer program may know.
    """
    rules.PART_NAME.require(labels.PARTS.hash(data) == name)
    try:
        r = cbor.Record.decode(data, "a frame in parts", max_size=rules.MAX_WHOLE)
        kind, payload = read_kind(r), r.octets(PAYLOAD, at_most=rules.MAX_WHOLE)
    except UnsupportedVersion:
        raise
    except DecodeError as e:
        raise rules.PART_WHOLE.broken(str(e)) from None
    rules.PART_WHOLE.require(kind is not Kind.PART and 3 not in r)
    return Whole(name, kind, payload)
