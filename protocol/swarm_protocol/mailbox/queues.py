"""What each command does to the relay's data (spec 30 §4): from the store and a command to changes.

Who may ask is checked before, in `relay`. What cannot be is raised as `Refused` and changes nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ..entropy import Entropy
from ..mls.signatures import SignatureKeyPair
from . import limits
from .answers import AnswerBody, Bundle, Done, Error, ErrorCode, Info, Made, Receipt, SignedSub
from .commands import ID_SIZE, Ack, Fetch, Kind, New, Put, RecipientId, Send, SenderId, SKey, Sub
from .store import (
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
from .tickets import ticket_hash


class Refused(Exception):
    """A command is answered with an error; inside the relay alone."""

    def __init__(
        self, code: ErrorCode, *, retry_after: int | None = None, sub: SignedSub | None = None
    ) -> None:
        super().__init__(code.name)
        self.answer = Error(code, retry_after, sub)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What to store, and to answer. `stored` is a new message; `news` are to be told to the recipient."""

    answer: AnswerBody
    changes: tuple[Change, ...] = ()
    stored: Message | None = None
    news: bool = False


def make_queue(store: RelayStore, body: New, now: int, entropy: Entropy) -> Outcome:
    """NEW: a ticket becomes a queue; shown again by the same key, it gives the same queue."""
    ticket = store.ticket(ticket_hash(body.ticket))
    if ticket is None:
        raise Refused(ErrorCode.TICKET)
    if ticket.rid is not None:
        made = store.queue(ticket.rid)
        same = made is not None and (made.kind, made.recipient) == (body.kind, body.key)
        if made is None or not same or body.sid not in {None, made.sid}:
            raise Refused(ErrorCode.TICKET)
        return Outcome(Made(made.rid, made.sid, made.until))
    if body.sid is not None and store.queue_of_sender(body.sid) is not None:
        raise Refused(ErrorCode.CONFLICT)
    queue = Queue(
        rid=RecipientId(entropy(ID_SIZE)),
        sid=body.sid or SenderId(entropy(ID_SIZE)),
        kind=body.kind,
        recipient=body.key,
        until=now + (limits.INVITE_LEASE if body.kind is Kind.INVITE else limits.LEASE),
    )
    changes = (PutQueue(queue), PutTicket(Ticket(ticket.hash, queue.rid)))
    return Outcome(Made(queue.rid, queue.sid, queue.until), changes)


def fix_key(queue: Queue, body: SKey) -> Outcome:
    """SKEY: the first key stays. Another one is told `gone`, and the recipient hears of it."""
    if queue.kind is Kind.CONTACT or not queue.open:
        raise Refused(ErrorCode.GONE)
    if queue.sender == body.key:
        return Outcome(Done())
    if queue.sender is None:
        return Outcome(Done(), (PutQueue(replace(queue, sender=body.key)),))
    refused = Error(ErrorCode.GONE)
    if queue.key_refused:
        return Outcome(refused)
    return Outcome(refused, (PutQueue(replace(queue, key_refused=True)),), news=True)


def accept(store: RelayStore, queue: Queue, body: Send, now: int, key: SignatureKeyPair) -> Outcome:
    """SEND: store a blob once, and give a receipt for it as often as it is asked for."""
    if not queue.open:
        raise Refused(ErrorCode.GONE)
    blob_hash, size = body.hash(), len(body.blob)
    if size > limits.BUCKETS[-1]:
        raise Refused(ErrorCode.TOOBIG)
    known = store.message(queue.rid, body.msg_id)
    if known is not None:
        if known.blob_hash != blob_hash:
            raise Refused(ErrorCode.CONFLICT)
        return Outcome(Receipt.make(key, queue.sid, blob_hash, body.msg_id, known.n, known.until))
    today = now // limits.DAY
    day_bytes = size + (queue.day_bytes if queue.day == today else 0)
    if (
        queue.messages >= queue.quota_messages
        or queue.size_bytes + size > queue.quota_bytes
        or queue.remembered >= limits.REMEMBERED
        or day_bytes > limits.DAY_BYTES
    ):
        raise Refused(ErrorCode.QUOTA)
    end = -(-(now + limits.TTL) // limits.UNTIL_STEP) * limits.UNTIL_STEP
    message = Message(queue.rid, queue.next_n, body.msg_id, blob_hash, min(end, queue.until), body.blob)
    after = replace(
        queue,
        next_n=queue.next_n + 1,
        messages=queue.messages + 1,
        size_bytes=queue.size_bytes + size,
        remembered=queue.remembered + 1,
        day=today,
        day_bytes=day_bytes,
    )
    receipt = Receipt.make(key, queue.sid, blob_hash, body.msg_id, message.n, message.until)
    return Outcome(receipt, (PutMessage(message), PutQueue(after)), stored=message)


def subscribe(store: RelayStore, queue: Queue, body: Sub, sub: SignedSub) -> Outcome:
    """SUB: a later start of the node, or the same instance once more; anything else is a copy of it."""
    if queue.instance is not None and (body.boot, body.instance) != (queue.boot, queue.instance):
        if body.boot <= queue.boot:
            proves = body.instance != queue.instance  # one instance has one counter: no proof of a second
            raise Refused(ErrorCode.CONFLICT, sub=queue.sub if proves else None)
    elif queue.instance is not None:
        return Outcome(info(store, queue))
    after = replace(queue, boot=body.boot, instance=body.instance, sub=sub)
    return Outcome(info(store, after), (PutQueue(after),))


def acknowledge(store: RelayStore, queue: Queue, body: Ack) -> Outcome:
    """ACK: the blob goes, the memory of its receipt stays. What is not there is fine."""
    if body.msg_id is None:
        gaps = store.gaps(queue.rid)
        rest = tuple(
            (max(first, body.n + 1), last) if first <= body.n <= last else (first, last)
            for first, last in gaps
            if not (first <= body.n and last == body.n)
        )
        return Outcome(Done(), (SetGaps(queue.rid, rest),) if rest != tuple(gaps) else ())
    message = store.message(queue.rid, body.msg_id)
    if message is None or message.blob is None or message.n != body.n:
        return Outcome(Done())
    after = replace(queue, messages=queue.messages - 1, size_bytes=queue.size_bytes - len(message.blob))
    return Outcome(Done(), (PutMessage(replace(message, blob=None)), PutQueue(after)))


def close(store: RelayStore, queue: Queue) -> Outcome:
    """OFF: nothing more comes in."""
    after = replace(queue, open=False)
    return Outcome(info(store, after), (PutQueue(after),) if queue.open else ())


def extend(store: RelayStore, queue: Queue, now: int) -> Outcome:
    """EXT: a full lease from now; never a shorter one than there was."""
    lease = limits.INVITE_LEASE if queue.kind is Kind.INVITE else limits.LEASE
    after = replace(queue, until=max(queue.until, now + lease))
    return Outcome(info(store, after), (PutQueue(after),) if after != queue else ())


def destroy(queue: Queue) -> Outcome:
    """DEL: all of it goes. The ticket stays used."""
    return Outcome(Done(), (DropQueue(queue.rid),))


def put_bundle(store: RelayStore, queue: Queue, body: Put) -> Outcome:
    """PUT: one slot for each queue of an invite or an address; what an invite's joiner fetched stays."""
    if len(body.bundle) > limits.MAX_BUNDLE:
        raise Refused(ErrorCode.TOOBIG)
    held = store.slot(body.slot)
    if queue.kind is Kind.PAIR or queue.slot not in {None, body.slot}:
        raise Refused(ErrorCode.CONFLICT)
    if held is not None and held.bundle == body.bundle and held.rid == queue.rid:
        return Outcome(Done())
    if held is not None and (held.rid != queue.rid or held.fetched_by is not None):
        raise Refused(ErrorCode.CONFLICT)
    put = PutSlot(Slot(body.slot, queue.rid, body.bundle))
    return Outcome(Done(), (PutQueue(replace(queue, slot=body.slot)), put))


def fetch(queue: Queue, slot: Slot, body: Fetch) -> Outcome:
    """FETCH: the first key binds an invite's slot and may ask again; an address is for everybody."""
    if queue.kind is Kind.CONTACT:
        return Outcome(Bundle(slot.bundle))
    if slot.fetched_by is None:
        return Outcome(Bundle(slot.bundle), (PutSlot(replace(slot, fetched_by=body.key)),), news=True)
    if slot.fetched_by != body.key:
        raise Refused(ErrorCode.CONFLICT)
    return Outcome(Bundle(slot.bundle))


def info(store: RelayStore, queue: Queue) -> Info:
    """How a queue stands."""
    slot = store.slot(queue.slot) if queue.slot is not None else None
    return Info(
        messages=queue.messages,
        size_bytes=queue.size_bytes,
        quota_messages=queue.quota_messages,
        quota_bytes=queue.quota_bytes,
        next_n=queue.next_n,
        until=queue.until,
        open=queue.open,
        keyed=queue.sender is not None,
        key_refused=queue.key_refused,
        fetched_by=slot.fetched_by if slot is not None else None,
    )


def forget(store: RelayStore, queue: Queue, ended: Sequence[Message]) -> tuple[Change, ...]:
    """Messages of one queue end; what was not fetched becomes gaps."""
    lost = [message for message in ended if message.blob is not None]
    after = replace(
        queue,
        messages=queue.messages - len(lost),
        size_bytes=queue.size_bytes - sum(len(message.blob or b"") for message in lost),
        remembered=queue.remembered - len(ended),
    )
    drops = tuple(DropMessage(queue.rid, message.n) for message in ended)
    return (*drops, *_gaps(store, queue.rid, [message.n for message in lost]), PutQueue(after))


def damaged(store: RelayStore, queue: Queue, n: int, size_bytes: int) -> tuple[Change, ...]:
    """A message cannot be given back. Sent again, it will be a new one."""
    after = replace(
        queue,
        messages=queue.messages - 1,
        size_bytes=queue.size_bytes - size_bytes,
        remembered=queue.remembered - 1,
    )
    return (DropMessage(queue.rid, n), *_gaps(store, queue.rid, [n]), PutQueue(after))


def _gaps(store: RelayStore, rid: RecipientId, lost: Sequence[int]) -> tuple[Change, ...]:
    """Gaps with some more numbers. They join where no message waits in between, so they stay few."""
    if not lost:
        return ()
    without = set(lost)
    waiting = [n for n in store.waiting(rid) if n not in without]
    return (SetGaps(rid, joined([*store.gaps(rid), *((n, n) for n in lost)], waiting)),)


def joined(gaps: Iterable[tuple[int, int]], waiting: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Gaps in order, each two joined that have no number of `waiting` (rising) between them."""
    result: list[tuple[int, int]] = []
    for first, last in sorted(gaps):
        if result:
            before, end = result[-1]
            i = bisect_left(waiting, end)
            if i == len(waiting) or waiting[i] > first:
                result[-1] = (before, max(end, last))
                continue
        result.append((first, last))
    return tuple(result)
