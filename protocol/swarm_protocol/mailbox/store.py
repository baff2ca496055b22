"""What a relay keeps, and the one port through which it does (spec 30 §4).

The machine reads through the port and gives its changes out as a `Store` effect. Whoever runs it applies the
changes of one effect together or not at all, at once visible to the next read, and makes them durable with
`sync`. In between, a crash may lose any number of the last effects, and none before them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from ..mls.fast_init import fast_init
from . import limits
from .answers import SignedSub
from .commands import Kind, MessageId, RecipientId, SenderId, SlotId


@fast_init
@dataclass(frozen=True, slots=True)
class Queue:
    """A queue without its messages.

    `until` is the end of its lease. `messages` and `size_bytes` wait in it, `remembered` messages are known,
    those that were fetched included; `next_n` numbers the next. `day` (Unix days) and `day_bytes` are the
    budget of the ticket that made it: each makes one queue. `boot`, `instance` and `sub` are of the last SUB.
    """

    rid: RecipientId = field(repr=False)
    sid: SenderId = field(repr=False)
    kind: Kind
    recipient: bytes = field(repr=False)
    until: int
    sender: bytes | None = field(default=None, repr=False)
    open: bool = True
    key_refused: bool = False
    next_n: int = 1
    messages: int = 0
    size_bytes: int = 0
    remembered: int = 0
    day: int = 0
    day_bytes: int = 0
    boot: int = 0
    instance: bytes | None = field(default=None, repr=False)
    sub: SignedSub | None = field(default=None, repr=False)
    slot: SlotId | None = field(default=None, repr=False)

    @property
    def quota_messages(self) -> int:
        """Messages that may wait."""
        kinds = {Kind.CONTACT: limits.CONTACT_MESSAGES, Kind.INVITE: limits.INVITE_MESSAGES}
        return kinds.get(self.kind, limits.QUOTA_MESSAGES)

    @property
    def quota_bytes(self) -> int:
        """Bytes that may wait."""
        kinds = {Kind.CONTACT: limits.CONTACT_BYTES, Kind.INVITE: limits.INVITE_BYTES}
        return kinds.get(self.kind, limits.QUOTA_BYTES)


@fast_init
@dataclass(frozen=True, slots=True)
class Message:
    """A message, or, without `blob`, the memory of one that was fetched. Both end at `until`."""

    rid: RecipientId = field(repr=False)
    n: int
    msg_id: MessageId = field(repr=False)
    blob_hash: bytes = field(repr=False)
    until: int
    blob: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Slot:
    """The bundle of an invite or an address, and who fetched the invite's."""

    slot: SlotId = field(repr=False)
    rid: RecipientId = field(repr=False)
    bundle: bytes = field(repr=False)
    fetched_by: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket by its hash; `rid` is the queue that it made, which may be gone."""

    hash: bytes = field(repr=False)
    rid: RecipientId | None = field(default=None, repr=False)


@fast_init
@dataclass(frozen=True, slots=True)
class PutQueue:
    """A queue is new, or stands otherwise."""

    queue: Queue


@dataclass(frozen=True, slots=True)
class DropQueue:
    """A queue ends, with its messages, gaps and slot."""

    rid: RecipientId = field(repr=False)


@fast_init
@dataclass(frozen=True, slots=True)
class PutMessage:
    """A message is new, or its blob is gone."""

    message: Message


@dataclass(frozen=True, slots=True)
class DropMessage:
    """A message is forgotten."""

    rid: RecipientId = field(repr=False)
    n: int


@dataclass(frozen=True, slots=True)
class SetGaps:
    """All gaps of a queue, as pairs of first and last number, in order."""

    rid: RecipientId = field(repr=False)
    gaps: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PutTicket:
    """A ticket is valid, or was used."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class PutSlot:
    """A slot holds a bundle."""

    slot: Slot


Change: TypeAlias = PutQueue | DropQueue | PutMessage | DropMessage | SetGaps | PutTicket | PutSlot


class RelayStore(Protocol):
    """The relay's data. Reads see all that was applied, durable or not."""

    def queue(self, rid: RecipientId) -> Queue | None:
        """The queue of a recipient's id."""
        ...

    def queue_of_sender(self, sid: SenderId) -> Queue | None:
        """The queue of a sender's id."""
        ...

    def message(self, rid: RecipientId, msg_id: MessageId) -> Message | None:
        """A message by its id, with blob or without."""
        ...

    def messages(self, rid: RecipientId, after: int, count: int) -> Sequence[Message]:
        """The first `count` messages that have a blob and a number above `after`, by number."""
        ...

    def waiting(self, rid: RecipientId) -> Sequence[int]:
        """The numbers of all messages of a queue that have a blob, in order."""
        ...

    def gaps(self, rid: RecipientId) -> Sequence[tuple[int, int]]:
        """The gaps of a queue, in order."""
        ...

    def slot(self, slot: SlotId) -> Slot | None:
        """An invite's slot."""
        ...

    def ticket(self, ticket_hash: bytes) -> Ticket | None:
        """A ticket, used or not."""
        ...

    def ended_messages(self, now: int, count: int) -> Sequence[Message]:
        """Up to `count` messages whose `until` is not after `now`, earliest first, then by number."""
        ...

    def ended_queues(self, now: int, count: int) -> Sequence[Queue]:
        """Up to `count` queues whose `until` is not after `now`, earliest first."""
        ...

    def next_end(self) -> int | None:
        """The earliest `until` of all messages and queues."""
        ...

    def apply(self, changes: Sequence[Change]) -> None:
        """Apply changes, in order, all or none.

        Raises:
            UsageError: a message, gap or slot of a queue that is not there, or a sid, number, message id or
                slot that another holds.
        """
        ...

    def sync(self) -> None:
        """Return once all that was applied outlasts a crash."""
        ...
