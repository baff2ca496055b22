"""The life of a queue at its two ends, and how one follows another (spec 30 §7).

    recipient                                   sender
    NEW       -- QADD(record) -------------->   ADDED      fixes its key at the relay
    KEYED     <------------- QKEY(sid) ------
    ACTIVE    <== QTEST(sid), through it ====   TESTED     once it has a receipt
              -- QUSE(sid) ---------------->    IN_USE
    the old one:
    DRAINING  -- QDROP(sid) --------------->    GONE
    CLOSED    after a week, when it is empty

Each step is a message of its own inside the encrypted conversation; it may come late, twice or in another
order. So each is repeated until its effect is seen, every state has an answer to every step, and a step that
came before gets the same answer again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, IntEnum
from typing import TypeAlias

from .. import cbor
from ..cbor import Record, Value
from ..errors import UsageError
from . import limits, rules
from .commands import ID_SIZE, SenderId
from .records import MAX_RECORD, QueueRecord


class Step(IntEnum):
    """Steps of a rotation, and QCONT: there is space again."""

    QADD = 1
    QKEY = 2
    QTEST = 3
    QUSE = 4
    QDROP = 5
    QCONT = 6


_STEPS = {int(step): step for step in Step}


@dataclass(frozen=True, slots=True)
class QueueControl:
    """A step, about the queue `sid`; a QADD carries its record."""

    step: Step
    sid: SenderId = field(repr=False)
    record: QueueRecord | None = None

    @classmethod
    def add(cls, record: QueueRecord) -> QueueControl:
        """The first step."""
        return cls(Step.QADD, record.sid, record)

    @classmethod
    def decode(cls, data: bytes) -> QueueControl:
        """Decode a step.

        Raises:
            DecodeError: no step.
            UnsupportedVersion: a step that a newer program may know.
            RuleViolation: a record with keys that cannot be used.
        """
        r = Record.decode(data, "a queue control", max_size=MAX_RECORD + 64)
        number = r.uint(1)
        if number not in _STEPS:
            raise rules.STEP_KNOWN.unsupported(str(number))
        step = _STEPS[number]
        if step is Step.QADD:
            return cls.add(QueueRecord.read(r.record(3, "a queue record")))
        return cls(step, SenderId(r.octets(2, size=ID_SIZE)))

    def encode(self) -> bytes:
        """Encode the step."""
        about: dict[int, Value] = {2: self.sid} if self.record is None else {3: self.record.fields()}
        return cbor.encode({1: int(self.step), **about})


class Recipient(Enum):
    """States of a queue at who reads it."""

    NEW = "new"
    KEYED = "keyed"
    ACTIVE = "active"
    FULL = "full"
    DRAINING = "draining"
    CLOSED = "closed"
    DEAD = "dead"


class Sender(Enum):
    """States of a queue at who sends to it."""

    ADDED = "added"
    TESTED = "tested"
    IN_USE = "in use"
    BLOCKED = "blocked"
    GONE = "gone"


class Seen(Enum):
    """What an end sees for itself: from the relay, or from its own clock."""

    RELAY_FULL = "the queue's quota is used up"
    SPACE = "there is room in it"
    REPLACED = "its successor is in use"
    DRAINED = "its time to drain is over and it is empty"
    TEST_STORED = "the relay has a receipt for the test"
    QUOTA = "the relay refused for quota"
    RELAY_GONE = "the relay says gone, or is lost"


Event: TypeAlias = Step | Seen
R, S = Recipient, Sender

RECIPIENT: Mapping[tuple[Recipient, Event], tuple[Recipient, tuple[Step, ...]]] = {
    (R.NEW, Step.QKEY): (R.KEYED, ()),
    (R.NEW, Step.QTEST): (R.ACTIVE, (Step.QUSE,)),  # the test came through: the key is fixed
    (R.KEYED, Step.QKEY): (R.KEYED, ()),
    (R.KEYED, Step.QTEST): (R.ACTIVE, (Step.QUSE,)),
    (R.ACTIVE, Step.QKEY): (R.ACTIVE, ()),
    (R.ACTIVE, Step.QTEST): (R.ACTIVE, (Step.QUSE,)),
    (R.ACTIVE, Seen.RELAY_FULL): (R.FULL, ()),
    (R.ACTIVE, Seen.REPLACED): (R.DRAINING, (Step.QDROP,)),
    (R.FULL, Step.QKEY): (R.FULL, ()),
    (R.FULL, Step.QTEST): (R.FULL, (Step.QUSE,)),
    (R.FULL, Seen.RELAY_FULL): (R.FULL, ()),
    (R.FULL, Seen.SPACE): (R.ACTIVE, (Step.QCONT,)),
    (R.FULL, Seen.REPLACED): (R.DRAINING, (Step.QDROP,)),
    (R.DRAINING, Step.QKEY): (R.DRAINING, (Step.QDROP,)),
    (R.DRAINING, Step.QTEST): (R.DRAINING, (Step.QDROP,)),
    (R.DRAINING, Seen.REPLACED): (R.DRAINING, (Step.QDROP,)),
    (R.DRAINING, Seen.DRAINED): (R.CLOSED, ()),
    (R.CLOSED, Step.QKEY): (R.CLOSED, (Step.QDROP,)),
    (R.CLOSED, Step.QTEST): (R.CLOSED, (Step.QDROP,)),
    (R.CLOSED, Seen.DRAINED): (R.CLOSED, ()),
    (R.DEAD, Step.QKEY): (R.DEAD, (Step.QDROP,)),
    (R.DEAD, Step.QTEST): (R.DEAD, (Step.QDROP,)),
    **{(state, Seen.RELAY_GONE): (R.DEAD, ()) for state in Recipient if state is not R.CLOSED},
    (R.CLOSED, Seen.RELAY_GONE): (R.CLOSED, ()),
}
"""By state and event: the next state, and what to tell the sender."""

SENDER: Mapping[tuple[Sender, Event], tuple[Sender, tuple[Step, ...]]] = {
    (S.ADDED, Step.QADD): (S.ADDED, (Step.QKEY, Step.QTEST)),
    (S.ADDED, Seen.TEST_STORED): (S.TESTED, ()),
    (S.ADDED, Step.QUSE): (S.IN_USE, ()),  # the test arrived, its receipt did not
    (S.TESTED, Step.QADD): (S.TESTED, (Step.QKEY, Step.QTEST)),
    (S.TESTED, Seen.TEST_STORED): (S.TESTED, ()),
    (S.TESTED, Step.QUSE): (S.IN_USE, ()),
    (S.IN_USE, Step.QADD): (S.IN_USE, (Step.QKEY, Step.QTEST)),
    (S.IN_USE, Seen.TEST_STORED): (S.IN_USE, ()),
    (S.IN_USE, Step.QUSE): (S.IN_USE, ()),
    (S.IN_USE, Step.QCONT): (S.IN_USE, ()),
    (S.IN_USE, Seen.QUOTA): (S.BLOCKED, ()),
    (S.BLOCKED, Step.QADD): (S.BLOCKED, (Step.QKEY,)),
    (S.BLOCKED, Seen.TEST_STORED): (S.BLOCKED, ()),
    (S.BLOCKED, Step.QUSE): (S.BLOCKED, ()),
    (S.BLOCKED, Step.QCONT): (S.IN_USE, ()),
    (S.BLOCKED, Seen.QUOTA): (S.BLOCKED, ()),
    **{(state, Step.QDROP): (S.GONE, ()) for state in Sender},
    **{(state, Seen.RELAY_GONE): (S.GONE, ()) for state in Sender},
    **{(state, Step.QCONT): (state, ()) for state in (S.ADDED, S.TESTED, S.GONE)},
    (S.GONE, Step.QADD): (S.GONE, ()),
    (S.GONE, Step.QUSE): (S.GONE, ()),
    (S.GONE, Seen.TEST_STORED): (S.GONE, ()),
    (S.GONE, Seen.QUOTA): (S.GONE, ()),
}
"""By state and event: the next state, and what to tell the recipient; a QTEST goes through the queue."""

FROM_SENDER = frozenset({Step.QKEY, Step.QTEST})
FROM_RECIPIENT = frozenset(Step) - FROM_SENDER
REPEATED: Mapping[Recipient, Step] = {R.NEW: Step.QADD, R.KEYED: Step.QADD, R.DRAINING: Step.QDROP}
"""What a recipient says again now and then while a queue is in this state: the answers bring it on."""


def at_recipient(state: Recipient, event: Event) -> tuple[Recipient, tuple[Step, ...]]:
    """The next state of a queue that we read, and the steps to tell its sender.

    Raises:
        UsageError: an event that cannot be in this state; every step of a sender can.
    """
    if (state, event) not in RECIPIENT:
        raise UsageError(f"a queue that is {state.value} has no {event.name}")
    return RECIPIENT[state, event]


def at_sender(state: Sender, event: Event) -> tuple[Sender, tuple[Step, ...]]:
    """The next state of a queue that we send to, and the steps to tell its recipient; raises as above."""
    if (state, event) not in SENDER:
        raise UsageError(f"a queue that is {state.value} has no {event.name}")
    return SENDER[state, event]


def may_close(replaced_at: int, waiting: int, now: int) -> bool:
    """Whether a queue that drains since `replaced_at` (Unix seconds) is done with."""
    return waiting == 0 and now >= replaced_at + limits.DRAIN
