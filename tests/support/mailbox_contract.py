"""What every store of a relay must do. A test class inherits it and says in `open` how to get one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import pytest

from swarm_protocol.errors import UsageError
from swarm_protocol.mailbox import Kind, MessageId, RecipientId, SenderId, SlotId
from swarm_protocol.mailbox.answers import SignedSub
from swarm_protocol.mailbox.store import (
    Change,
    DropMessage,
    DropQueue,
    Message,
    PutMessage,
    PutQueue,
    PutSlot,
    PutTicket,
    Queue,
    RelayStore,
    SetGaps,
    Slot,
    Ticket,
)


class CrashingStore(RelayStore, Protocol):
    """A store that can be asked to crash: all that was not synced is gone then."""

    def crash(self) -> None: ...


def rid(number: int) -> RecipientId:
    return RecipientId(bytes([number]) * 24)


def queue(number: int = 1, *, until: int = 1000) -> Queue:
    sid = SenderId(bytes([100 + number]) * 24)
    return Queue(rid(number), sid, Kind.PAIR, bytes([number]) * 32, until)


def message(n: int, *, of: int = 1, until: int = 100, blob: bytes | None = b"blob") -> Message:
    return Message(rid(of), n, MessageId(n.to_bytes(16, "big")), b"h" * 32, until, blob)


def slot(of: int = 1, fetched_by: bytes | None = None) -> Slot:
    return Slot(SlotId(b"s" * 24), rid(of), b"bundle", fetched_by)


FULL = replace(
    queue(),
    kind=Kind.INVITE,
    sender=b"k" * 32,
    open=False,
    key_refused=True,
    next_n=7,
    messages=3,
    size_bytes=1536,
    remembered=5,
    day=20_000,
    day_bytes=4096,
    boot=2**63,
    instance=b"i" * 16,
    sub=SignedSub(b"n" * 32, b"frame"),
    slot=SlotId(b"s" * 24),
)


class StoreContract:
    def open(self) -> CrashingStore:
        raise NotImplementedError

    def with_(self, *changes: Change) -> CrashingStore:
        store = self.open()
        store.apply(changes)
        return store

    def test_an_empty_store_has_nothing(self) -> None:
        store = self.open()
        assert store.queue(rid(1)) is None
        assert store.queue_of_sender(SenderId(bytes(24))) is None
        assert store.message(rid(1), MessageId(bytes(16))) is None
        assert list(store.messages(rid(1), 0, 10)) == []
        assert list(store.waiting(rid(1))) == []
        assert list(store.gaps(rid(1))) == []
        assert store.slot(SlotId(bytes(24))) is None
        assert store.ticket(bytes(32)) is None
        assert store.next_end() is None

    @pytest.mark.parametrize("value", [queue(), FULL], ids=["new", "every field"])
    def test_a_queue_comes_back_as_it_was_by_both_ids(self, value: Queue) -> None:
        store = self.with_(PutQueue(queue()), PutQueue(value))
        assert store.queue(value.rid) == store.queue_of_sender(value.sid) == value

    def test_messages_come_by_number_and_only_those_that_wait(self) -> None:
        store = self.with_(
            PutQueue(queue()),
            PutQueue(queue(2)),
            PutMessage(message(3)),
            PutMessage(message(1)),
            PutMessage(message(2)),
            PutMessage(message(2, blob=None)),
            PutMessage(message(1, of=2)),
        )
        assert list(store.messages(rid(1), 0, 10)) == [message(1), message(3)]
        assert list(store.messages(rid(1), 1, 10)) == [message(3)]
        assert list(store.messages(rid(1), 0, 1)) == [message(1)]
        assert list(store.messages(rid(1), 0, 0)) == []
        assert list(store.waiting(rid(1))) == [1, 3]
        assert store.message(rid(1), message(2).msg_id) == message(2, blob=None)

    def test_a_message_that_is_dropped_is_forgotten(self) -> None:
        store = self.with_(PutQueue(queue()), PutMessage(message(1)), DropMessage(rid(1), 1))
        assert store.message(rid(1), message(1).msg_id) is None
        assert list(store.waiting(rid(1))) == []
        store.apply([DropMessage(rid(1), 1)])
        assert store.queue(rid(1)) == queue()

    def test_gaps_replace_each_other(self) -> None:
        store = self.with_(PutQueue(queue()), SetGaps(rid(1), ((1, 2), (5, 9))))
        assert tuple(store.gaps(rid(1))) == ((1, 2), (5, 9))
        store.apply([SetGaps(rid(1), ())])
        assert tuple(store.gaps(rid(1))) == ()

    def test_slots_and_tickets_come_back_as_they_were(self) -> None:
        store = self.with_(PutQueue(queue()), PutSlot(slot()), PutTicket(Ticket(b"t" * 32)))
        assert store.slot(slot().slot) == slot()
        assert store.ticket(b"t" * 32) == Ticket(b"t" * 32)
        store.apply([PutSlot(slot(fetched_by=b"k" * 32)), PutTicket(Ticket(b"t" * 32, rid(1)))])
        assert store.slot(slot().slot) == slot(fetched_by=b"k" * 32)
        assert store.ticket(b"t" * 32) == Ticket(b"t" * 32, rid(1))

    def test_a_queue_takes_all_of_it_along_and_leaves_its_ticket_and_others(self) -> None:
        store = self.with_(
            PutQueue(queue()),
            PutQueue(queue(2)),
            PutTicket(Ticket(b"t" * 32, rid(1))),
            PutMessage(message(1)),
            PutMessage(message(1, of=2)),
            PutSlot(slot()),
            SetGaps(rid(1), ((5, 6),)),
            DropQueue(rid(1)),
        )
        assert store.queue(rid(1)) is store.queue_of_sender(queue().sid) is None
        assert store.message(rid(1), message(1).msg_id) is None
        assert store.slot(slot().slot) is None
        assert [*store.waiting(rid(1)), *store.gaps(rid(1))] == []
        assert store.ticket(b"t" * 32) == Ticket(b"t" * 32, rid(1))
        assert list(store.messages(rid(2), 0, 10)) == [message(1, of=2)]

    def test_what_ends_comes_earliest_first_and_bounded(self) -> None:
        store = self.with_(
            PutQueue(queue(1, until=90)),
            PutQueue(queue(2, until=40)),
            PutMessage(message(1, until=30)),
            PutMessage(message(2, until=10)),
            PutMessage(message(3, until=30, blob=None)),
            PutMessage(message(4, until=31)),
        )
        assert store.next_end() == 10
        assert [m.n for m in store.ended_messages(30, 10)] == [2, 1, 3]
        assert [m.n for m in store.ended_messages(30, 2)] == [2, 1]
        assert [m.n for m in store.ended_messages(9, 10)] == []
        assert [q.rid for q in store.ended_queues(90, 10)] == [rid(2), rid(1)]
        assert [q.rid for q in store.ended_queues(90, 1)] == [rid(2)]
        assert [q.rid for q in store.ended_queues(39, 1)] == []

    @pytest.mark.parametrize(
        "changes",
        [
            [PutMessage(message(1, of=2))],
            [DropMessage(rid(2), 1)],
            [SetGaps(rid(2), ((1, 1),))],
            [PutSlot(slot(of=2))],
            [DropQueue(rid(2))],
            [PutQueue(replace(queue(2), sid=queue(1).sid))],
            [PutMessage(replace(message(9), msg_id=message(1).msg_id))],
            [PutMessage(replace(message(1), msg_id=message(9).msg_id))],
            [PutQueue(queue(2)), PutSlot(slot(of=2))],
        ],
        ids=["message", "drop", "gap", "slot", "queue", "sid", "message id", "number", "slot of another"],
    )
    def test_changes_are_applied_together_or_not_at_all(self, changes: Sequence[Change]) -> None:
        store = self.with_(
            PutQueue(queue()), PutMessage(message(1)), PutSlot(slot()), SetGaps(rid(1), ((5, 6),))
        )
        valid: list[Change] = [
            PutQueue(replace(queue(), messages=9)),
            PutQueue(queue(3)),
            PutMessage(message(2)),
            DropMessage(rid(1), 1),
            SetGaps(rid(1), ()),
            PutTicket(Ticket(b"t" * 32)),
        ]
        with pytest.raises(UsageError):
            store.apply([*valid[:3], *changes] if len(changes) > 1 else [*valid[:3], *changes, *valid[3:]])
        assert store.queue(rid(1)) == queue()
        assert store.queue(rid(2)) is store.queue(rid(3)) is None
        assert store.ticket(b"t" * 32) is None
        assert list(store.messages(rid(1), 0, 10)) == [message(1)]
        assert tuple(store.gaps(rid(1))) == ((5, 6),)
        assert store.slot(slot().slot) == slot()

    def test_a_number_or_id_that_was_dropped_may_come_again(self) -> None:
        store = self.with_(PutQueue(queue()), PutMessage(message(1)), DropMessage(rid(1), 1))
        store.apply([PutMessage(replace(message(2), msg_id=message(1).msg_id))])
        assert list(store.waiting(rid(1))) == [2]

    def test_a_crash_loses_what_was_not_synced_and_only_that(self) -> None:
        store = self.with_(PutQueue(queue()), PutMessage(message(1)))
        assert list(store.waiting(rid(1))) == [1]  # visible before it is durable
        store.sync()
        store.apply([PutMessage(message(2)), PutQueue(replace(queue(), next_n=3))])
        store.apply([DropMessage(rid(1), 1), PutTicket(Ticket(b"t" * 32))])
        store.crash()
        assert store.queue(rid(1)) == queue()
        assert list(store.messages(rid(1), 0, 10)) == [message(1)]
        assert store.ticket(b"t" * 32) is None
        store.apply([PutMessage(message(2))])
        store.sync()
        store.crash()
        assert list(store.waiting(rid(1))) == [1, 2]
