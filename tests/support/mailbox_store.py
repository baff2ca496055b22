"""A relay's store in memory, which can crash: what was not synced is lost then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from swarm_protocol.errors import UsageError
from swarm_protocol.mailbox.commands import MessageId, RecipientId, SenderId, SlotId
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
    SetGaps,
    Slot,
    Ticket,
)

K = TypeVar("K")
V = TypeVar("V")


class _Tables:
    def __init__(self) -> None:
        self.queues: dict[RecipientId, Queue] = {}
        self.sids: dict[SenderId, RecipientId] = {}
        self.messages: dict[tuple[RecipientId, int], Message] = {}
        self.numbers: dict[RecipientId, dict[MessageId, int]] = {}
        self.gaps: dict[RecipientId, tuple[tuple[int, int], ...]] = {}
        self.slots: dict[SlotId, Slot] = {}
        self.tickets: dict[bytes, Ticket] = {}

    def copy(self) -> _Tables:
        """The same values in dicts of its own."""
        other = _Tables()
        vars(other).update({name: dict(table) for name, table in vars(self).items()})
        other.numbers = {rid: dict(numbers) for rid, numbers in self.numbers.items()}
        return other

    def apply(self, changes: Sequence[Change]) -> None:
        undo: list[Callable[[], object]] = []
        try:
            for change in changes:
                self._one(change, undo)
        except UsageError:
            for step in reversed(undo):
                step()
            raise

    def _one(self, change: Change, undo: list[Callable[[], object]]) -> None:
        match change:
            case PutQueue(queue):
                if self.sids.get(queue.sid, queue.rid) != queue.rid:
                    raise UsageError("a sid that another queue has")
                _set(self.queues, queue.rid, queue, undo)
                _set(self.sids, queue.sid, queue.rid, undo)
                _set(self.numbers, queue.rid, self.numbers.get(queue.rid, {}), undo)
            case DropQueue(rid):
                queue = self._queue(rid)
                for n in self.numbers[rid].values():
                    _unset(self.messages, (rid, n), undo)
                for slot in [slot.slot for slot in self.slots.values() if slot.rid == rid]:
                    _unset(self.slots, slot, undo)
                _unset(self.gaps, rid, undo)
                _unset(self.numbers, rid, undo)
                _unset(self.sids, queue.sid, undo)
                _unset(self.queues, rid, undo)
            case PutMessage(message):
                self._queue(message.rid)
                numbers = self.numbers[message.rid]
                there = self.messages.get((message.rid, message.n))
                if numbers.get(message.msg_id, message.n) != message.n:
                    raise UsageError("a message id that another number has")
                if there is not None and there.msg_id != message.msg_id:
                    raise UsageError("a number that another message has")
                _set(numbers, message.msg_id, message.n, undo)
                _set(self.messages, (message.rid, message.n), message, undo)
            case DropMessage(rid, n):
                self._queue(rid)
                if (dropped := self.messages.get((rid, n))) is not None:
                    _unset(self.numbers[rid], dropped.msg_id, undo)
                    _unset(self.messages, (rid, n), undo)
            case SetGaps(rid, gaps):
                self._queue(rid)
                _set(self.gaps, rid, gaps, undo)
            case PutTicket(ticket):
                _set(self.tickets, ticket.hash, ticket, undo)
            case PutSlot(slot_):
                self._queue(slot_.rid)
                held = self.slots.get(slot_.slot)
                if held is not None and held.rid != slot_.rid:
                    raise UsageError("a slot that another queue has")
                _set(self.slots, slot_.slot, slot_, undo)

    def _queue(self, rid: RecipientId) -> Queue:
        if rid not in self.queues:
            raise UsageError("there is no such queue")
        return self.queues[rid]


def _set(table: dict[K, V], key: K, value: V, undo: list[Callable[[], object]]) -> None:
    if key in table:
        undo.append(partial(table.__setitem__, key, table[key]))
    else:
        undo.append(partial(table.__delitem__, key))
    table[key] = value


def _unset(table: dict[K, V], key: K, undo: list[Callable[[], object]]) -> None:
    if key in table:
        undo.append(partial(table.__setitem__, key, table[key]))
        del table[key]


class MemoryStore:
    """The port, over dicts. `reads` counts what was looked at: calls, and each message given."""

    def __init__(self) -> None:
        self._live, self._durable = _Tables(), _Tables()
        self._unsynced: list[tuple[Change, ...]] = []
        self.reads = 0

    def queue(self, rid: RecipientId) -> Queue | None:
        self.reads += 1
        return self._live.queues.get(rid)

    def queue_of_sender(self, sid: SenderId) -> Queue | None:
        self.reads += 1
        rid = self._live.sids.get(sid)
        return None if rid is None else self._live.queues[rid]

    def message(self, rid: RecipientId, msg_id: MessageId) -> Message | None:
        self.reads += 1
        n = self._live.numbers.get(rid, {}).get(msg_id)
        return None if n is None else self._live.messages[rid, n]

    def messages(self, rid: RecipientId, after: int, count: int) -> Sequence[Message]:
        found = [self._live.messages[rid, n] for n in self.waiting(rid) if n > after][:count]
        self.reads += len(found)
        return found

    def waiting(self, rid: RecipientId) -> Sequence[int]:
        self.reads += 1
        numbers = sorted(self._live.numbers.get(rid, {}).values())
        return [n for n in numbers if self._live.messages[rid, n].blob is not None]

    def gaps(self, rid: RecipientId) -> Sequence[tuple[int, int]]:
        self.reads += 1
        return self._live.gaps.get(rid, ())

    def slot(self, slot: SlotId) -> Slot | None:
        self.reads += 1
        return self._live.slots.get(slot)

    def ticket(self, ticket_hash: bytes) -> Ticket | None:
        self.reads += 1
        return self._live.tickets.get(ticket_hash)

    def ended_messages(self, now: int, count: int) -> Sequence[Message]:
        ended = [message for message in self._live.messages.values() if message.until <= now]
        return sorted(ended, key=lambda m: (m.until, m.n))[:count]

    def ended_queues(self, now: int, count: int) -> Sequence[Queue]:
        ended = [queue for queue in self._live.queues.values() if queue.until <= now]
        return sorted(ended, key=lambda queue: queue.until)[:count]

    def next_end(self) -> int | None:
        messages = (message.until for message in self._live.messages.values())
        return min([*messages, *(queue.until for queue in self._live.queues.values())], default=None)

    def apply(self, changes: Sequence[Change]) -> None:
        self._live.apply(changes)
        self._unsynced.append(tuple(changes))

    def sync(self) -> None:
        for changes in self._unsynced:
            self._durable.apply(changes)
        self._unsynced.clear()

    def crash(self, keep: int = 0) -> None:
        """Lose what was not synced, but for the first `keep` effects of it, which a disk may have."""
        for changes in self._unsynced[:keep]:
            self._durable.apply(changes)
        self._unsynced.clear()
        self._live = self._durable.copy()

    def queue_ids(self) -> Sequence[RecipientId]:
        """The recipients' ids of all queues."""
        return list(self._live.queues)

    def copy(self) -> MemoryStore:
        """A disk with all that is durable here."""
        other = MemoryStore()
        other._live, other._durable = self._durable.copy(), self._durable.copy()
        return other

    @property
    def unsynced(self) -> int:
        """Effects that a crash may lose."""
        return len(self._unsynced)
