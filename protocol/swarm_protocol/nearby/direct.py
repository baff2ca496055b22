"""What two nodes say on a direct link (spec 52 §3): envelopes, and what became of them. Both ends are alike.

    envelope  {1: 1, 2: id, 3: envelope}
    stored    {1: 2, 2: [id, …]}
    busy      {1: 3, 2: [id, …]}

An envelope is answered once, when the caller of this machine has said what became of it: `stored` leaves only
after `Keep`. What is not answered when the link ends may have been stored or not, and goes another way; the
other end knows it when it comes twice.

What goes over a link is sealed under `key_out`, which its recipient derives as `key_in`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import IntEnum
from itertools import pairwise
from typing import TypeAlias, assert_never

from .. import cbor, labels
from ..carry.tags import Pair
from ..cbor import Record, Value
from ..envelope import Bucket, QueueKey
from ..errors import LimitError, UsageError
from . import rules

TYPE, IDS, ENVELOPE = range(1, 4)
ID_SIZE = 16


def key_out(pair: Pair) -> QueueKey:
    """The key that seals what we send to the other over a direct link."""
    return QueueKey(labels.DIRECT_KEY.derive(pair.secret, pair.own + pair.other))


def key_in(pair: Pair) -> QueueKey:
    """The key that seals what the other sends to us."""
    return QueueKey(labels.DIRECT_KEY.derive(pair.secret, pair.other + pair.own))


class FrameType(IntEnum):
    """Types of frames."""

    ENVELOPE = 1
    STORED = 2
    BUSY = 3


@dataclass(frozen=True, slots=True)
class Offer:
    """We want to send an envelope, under an id of 16 bytes that stays when it is repeated."""

    id: bytes
    envelope: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Keep:
    """What was delivered under these ids is durable."""

    ids: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Refuse:
    """What was delivered under these ids is not kept: no room, or no time."""

    ids: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame came."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Send:
    """Send a frame."""

    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Deliver:
    """An envelope came: say `Keep` or `Refuse`."""

    id: bytes
    envelope: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Stored:
    """The other end has stored what we sent under these ids."""

    ids: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Busy:
    """The other end has not: send it another way, or later."""

    ids: frozenset[bytes]


Input: TypeAlias = Offer | Keep | Refuse | Heard
Effect: TypeAlias = Send | Deliver | Stored | Busy


@dataclass(frozen=True, slots=True)
class Direct:
    """One end of a link: the ids that we sent, and those that came, which wait for an answer."""

    sent: frozenset[bytes] = frozenset()
    came: frozenset[bytes] = frozenset()

    @property
    def room(self) -> int:
        """How many envelopes may be offered now."""
        return rules.WINDOW - len(self.sent)

    def handle(self, happened: Input) -> tuple[Direct, Effect]:
        """Take what happened; gives the machine after it, and what to do.

        Raises:
            RemoteProtocolError: the other end broke a rule; close the link.
            UsageError: an id that waits already, or that did not come, or no envelope.
            LimitError: there is no room.
        """
        match happened:
            case Offer():
                return self._offer(happened)
            case Keep(ids):
                return self._answer(FrameType.STORED, ids)
            case Refuse(ids):
                return self._answer(FrameType.BUSY, ids)
            case Heard(data):
                return self._hear(data)
            case _:
                assert_never(happened)

    def _offer(self, offer: Offer) -> tuple[Direct, Effect]:
        if len(offer.id) != ID_SIZE or offer.id in self.sent or not _is_envelope(offer.envelope):
            raise UsageError("an envelope is offered once, under an id of 16 bytes")
        if not self.room:
            raise LimitError(f"{rules.WINDOW} envelopes wait for an answer")
        data = cbor.encode({TYPE: int(FrameType.ENVELOPE), IDS: offer.id, ENVELOPE: offer.envelope})
        return replace(self, sent=self.sent | {offer.id}), Send(data)

    def _answer(self, kind: FrameType, ids: frozenset[bytes]) -> tuple[Direct, Effect]:
        if not ids or not ids <= self.came:
            raise UsageError("what is answered came before, and was not answered yet")
        names: list[Value] = [*sorted(ids)]
        return replace(self, came=self.came - ids), Send(cbor.encode({TYPE: int(kind), IDS: names}))

    def _hear(self, data: bytes) -> tuple[Direct, Effect]:
        r = Record.decode(data, "a direct frame")
        kind = r.uint(TYPE)
        if kind == FrameType.ENVELOPE:
            return self._take(r.octets(IDS, size=ID_SIZE), r.octets(ENVELOPE))
        if kind not in {FrameType.STORED, FrameType.BUSY}:
            raise rules.DIRECT_TYPE.unsupported(str(kind))
        names = r.octets_array(IDS, at_most=rules.WINDOW)
        ids = frozenset(names)
        rules.DIRECT_ANSWER.require(bool(ids) and ids <= self.sent and all(a < b for a, b in pairwise(names)))
        effect = Stored(ids) if kind == FrameType.STORED else Busy(ids)
        return replace(self, sent=self.sent - ids), effect

    def _take(self, name: bytes, envelope: bytes) -> tuple[Direct, Effect]:
        if not _is_envelope(envelope):
            raise rules.DIRECT_BUCKET.undecodable(f"{len(envelope)} bytes")
        rules.DIRECT_ONCE.require(name not in self.came)
        rules.DIRECT_WINDOW.require(len(self.came) < rules.WINDOW)
        return replace(self, came=self.came | {name}), Deliver(name, envelope)


def _is_envelope(data: bytes) -> bool:
    return len(data) in {int(bucket) for bucket in Bucket}
