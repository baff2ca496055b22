"""A relay, as a machine without I/O (spec 30 §4): `handle(input, now=…)` gives effects, in order.

What must outlast a crash is in the store; the machine itself keeps connections, who reads what, and budgets.
Each command takes the same steps: decode, number, budget, find the queue, check the signature, decide, store,
answer. Where there is no queue the signature is checked all the same, against a key of nobody, and what is
answered is what a dead queue gets, so that neither bytes nor work tell a wrong key from a wrong id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import assert_never

from ..entropy import Entropy
from ..errors import CannotOpen, RemoteProtocolError
from ..mls.hpke import KemKeyPair
from ..mls.signatures import SignatureKeyPair
from . import budget, forward, limits, queues
from . import commands as cmd
from .answers import (
    Answer,
    AnswerBody,
    Delivery,
    Displaced,
    Done,
    Error,
    ErrorCode,
    Fetched,
    Gap,
    Hello,
    KeyRefused,
    Made,
    NoticeBody,
    SignedSub,
)
from .commands import RecipientId
from .effects import (
    Close,
    Closed,
    ConnectionId,
    Damaged,
    Disk,
    Effect,
    Forward,
    ForwardAnswered,
    Input,
    Opened,
    Received,
    Send,
    Started,
    Store,
    StoreFailed,
    TicketsAdded,
    TimerFired,
    Wake,
)
from .frames import Frame, Session, encode, forwarded_by, signed_by
from .queues import Outcome, Refused
from .store import DropQueue, Message, PutTicket, Queue, RelayStore, Ticket

_NOBODY = bytes.fromhex("5866666666666666666666666666666666666666666666666666666666666666")
"""A key that checks as long as any (the base point); it stands in where there is no queue."""


@dataclass(frozen=True, slots=True)
class RelayKeys:
    """A relay's keys: receipts are signed with the one, the other is sealed to."""

    signature: SignatureKeyPair
    hpke: KemKeyPair


@dataclass(slots=True)
class _Connection:
    session: Session
    budget: budget.Budget
    inbox: cmd.Inbox = field(default_factory=cmd.Inbox)
    queues: set[RecipientId] = field(default_factory=set, repr=False)
    forwards: int = 0


@dataclass(slots=True)
class _Reader:
    """Who reads a queue. While `credit` is left, all that the queue held has been sent."""

    connection: ConnectionId
    credit: int = 0


class Relay:
    """A relay over a store. One thread at a time."""

    def __init__(self, keys: RelayKeys, store: RelayStore, *, entropy: Entropy) -> None:
        self._keys, self._store, self._entropy = keys, store, entropy
        self._connections: dict[ConnectionId, _Connection] = {}
        self._readers: dict[RecipientId, _Reader] = {}
        self._disk = 0
        self._wake: int | None = None

    def handle(self, input_: Input, *, now: int) -> list[Effect]:
        """Take an input at the time `now` (Unix seconds); give what is to be done, in this order."""
        match input_:
            case Started() | TimerFired():
                return self._sweep(now)
            case Opened(connection):
                return self._opened(connection, now)
            case Received(connection, data):
                return self._received(connection, data, now)
            case Closed(connection):
                self._forget(connection)
                return []
            case Disk(percent):
                self._disk = percent
                return []
            case TicketsAdded(hashes):
                new = [PutTicket(Ticket(h)) for h in hashes if self._store.ticket(h) is None]
                return [Store(tuple(new))] if new else []
            case Damaged(rid, n, size_bytes):
                return self._damaged(rid, n, size_bytes)
            case ForwardAnswered(connection, number, sealed):
                return self._forward_answered(connection, number, sealed)
            case StoreFailed(held):
                return self._store_failed(held)
            case _:
                assert_never(input_)

    # Connections

    def _opened(self, connection: ConnectionId, now: int) -> list[Effect]:
        session = Session(self._keys.signature.public, self._entropy(32))
        self._connections[connection] = _Connection(session, budget.Budget.full(now))
        hello = Hello(session.relay, self._keys.hpke.public, session.nonce)
        return [_notice(connection, hello)]

    def _forget(self, connection: ConnectionId) -> None:
        known = self._connections.pop(connection, None)
        for rid in known.queues if known else ():
            del self._readers[rid]

    def _store_failed(self, held: tuple[Effect, ...]) -> list[Effect]:
        """Say `internal` for each answer that did not leave, and start afresh with everybody."""
        internal = Error(ErrorCode.INTERNAL)
        effects: list[Effect] = [
            _answer(effect.connection, effect.number, internal)
            for effect in held
            if isinstance(effect, Send) and effect.number and effect.connection in self._connections
        ]
        effects += [Close(connection, "") for connection in self._connections]
        self._connections, self._readers, self._wake = {}, {}, None
        return [*effects, *self._wake_for(self._store.next_end())]

    # Commands

    def _received(self, connection: ConnectionId, data: bytes, now: int) -> list[Effect]:
        who = self._connections.get(connection)
        if who is None:
            return []
        try:
            who.inbox, frame, body = who.inbox.read(data)
        except RemoteProtocolError as e:
            self._forget(connection)
            return [Close(connection, e.rule)]
        if wait := who.budget.take(len(data), now):
            return [_answer(connection, frame.number, Error(ErrorCode.BUSY, retry_after=wait))]
        try:
            return self._command(connection, who, frame, body, data, now)
        except Refused as refused:
            who.budget.refuse()
            return [_answer(connection, frame.number, refused.answer)]

    def _command(
        self,
        connection: ConnectionId,
        who: _Connection,
        frame: Frame,
        body: cmd.CommandBody,
        data: bytes,
        now: int,
    ) -> list[Effect]:
        store, number = self._store, frame.number

        def signed(key: bytes) -> bool:
            return signed_by(frame, who.session, key)

        def mine(rid: RecipientId) -> Queue:
            return _admitted(store.queue(rid), lambda queue: queue.recipient, signed, now)

        def read(rid: RecipientId) -> Queue:
            queue = mine(rid)
            if rid not in who.queues:
                raise Refused(ErrorCode.CONFLICT)
            return queue

        match body:
            case cmd.New():
                self._refuse_from(limits.NO_NEW_PERCENT)
                if not signed(body.key):
                    raise Refused(ErrorCode.TICKET)
                outcome = queues.make_queue(store, body, now, self._entropy)
            case cmd.SKey():
                outcome, notices = self._fix_key(body, signed, now)
                return self._done(connection, number, outcome, notices)
            case cmd.Send():
                outcome, notices = self._send(body, signed, now)
                return self._done(connection, number, outcome, notices)
            case cmd.Sub():
                return self._subscribe(connection, who, mine(body.rid), body, number, data)
            case cmd.Pull():
                return self._pull(connection, read(body.rid), body, number)
            case cmd.Ack():
                outcome = queues.acknowledge(store, read(body.rid), body)
            case cmd.Off():
                outcome = queues.close(store, mine(body.rid))
            case cmd.Del():
                outcome = queues.destroy(mine(body.rid))
                self._unread(body.rid)
            case cmd.QInfo():
                outcome = Outcome(queues.info(store, mine(body.rid)))
            case cmd.Ext():
                outcome = queues.extend(store, mine(body.rid), now)
            case cmd.Put():
                self._refuse_from(limits.NO_NEW_PERCENT)
                outcome = queues.put_bundle(store, mine(body.rid), body)
            case cmd.Fetch():
                slot = store.slot(body.slot)
                holder = store.queue(slot.rid) if slot is not None else None
                if not signed(body.key) or slot is None or holder is None:
                    raise Refused(ErrorCode.GONE)
                outcome = queues.fetch(holder, slot, body)
                news = self._news(slot.rid, outcome, Fetched(slot.rid, body.key))
                return self._done(connection, number, outcome, news)
            case cmd.PFwd():
                mine(body.rid)
                return self._forward(connection, who, body, number)
            case cmd.Fwd():
                return self._forwarded(connection, body, number, now)
            case _:
                assert_never(body)
        return self._done(connection, number, outcome)

    def _done(
        self, connection: ConnectionId, number: int, outcome: Outcome, notices: list[Effect] | None = None
    ) -> list[Effect]:
        stores: list[Effect] = [Store(outcome.changes)] if outcome.changes else []
        answer = _answer(connection, number, outcome.answer)
        if isinstance(outcome.answer, Error):
            self._connections[connection].budget.refuse()
            # It promises nothing that is stored, and must not tell by its time that something was.
            return [answer, *stores, *(notices or [])]
        return [*stores, answer, *(notices or []), *self._wake_after(outcome)]

    def _refuse_from(self, percent: int) -> None:
        if self._disk >= percent:
            raise Refused(ErrorCode.BUSY, retry_after=limits.BUSY_RETRY)

    def _fix_key(
        self, body: cmd.SKey, signed: Callable[[bytes], bool], now: int
    ) -> tuple[Outcome, list[Effect]]:
        queue = _admitted(self._store.queue_of_sender(body.sid), lambda _: body.key, signed, now)
        outcome = queues.fix_key(queue, body)
        return outcome, self._news(queue.rid, outcome, KeyRefused(queue.rid))

    def _send(
        self, body: cmd.Send, signed: Callable[[bytes], bool], now: int
    ) -> tuple[Outcome, list[Effect]]:
        self._refuse_from(limits.NO_SEND_PERCENT)

        def key(queue: Queue) -> bytes | None:
            return body.key if queue.kind is cmd.Kind.CONTACT else queue.sender

        queue = _admitted(self._store.queue_of_sender(body.sid), key, signed, now)
        outcome = queues.accept(self._store, queue, body, now, self._keys.signature)
        return outcome, self._deliver(outcome)

    # Reading

    def _subscribe(
        self,
        connection: ConnectionId,
        who: _Connection,
        queue: Queue,
        body: cmd.Sub,
        number: int,
        data: bytes,
    ) -> list[Effect]:
        if len(who.queues) >= limits.MAX_QUEUES and body.rid not in who.queues:
            raise Refused(ErrorCode.QUOTA)
        sub = SignedSub(who.session.nonce, data)
        outcome = queues.subscribe(self._store, queue, body, sub)
        before, displaced = self._readers.get(body.rid), list[Effect]()
        if before is not None and before.connection != connection:
            displaced.append(_notice(before.connection, Displaced(body.rid, sub)))
            self._unread(body.rid)
        self._readers[body.rid] = _Reader(connection)
        who.queues.add(body.rid)
        return self._done(connection, number, outcome, displaced)

    def _pull(self, connection: ConnectionId, queue: Queue, body: cmd.Pull, number: int) -> list[Effect]:
        messages = self._store.messages(queue.rid, body.after, body.count)
        items: list[Delivery | Gap] = [_delivery(message) for message in messages]
        items += [
            Gap(queue.rid, first, last) for first, last in self._store.gaps(queue.rid) if last > body.after
        ]
        items.sort(key=lambda item: item.n if isinstance(item, Delivery) else item.first)
        sent = items[: body.count]
        self._readers[queue.rid].credit = body.count - len(sent)
        outcome = Outcome(Done())
        return self._done(connection, number, outcome, [_notice(connection, item) for item in sent])

    def _deliver(self, outcome: Outcome) -> list[Effect]:
        """Send on at once what was stored, where somebody waits for it."""
        return self._push(outcome.stored.rid, _delivery(outcome.stored)) if outcome.stored else []

    def _push(self, rid: RecipientId, item: Delivery | Gap) -> list[Effect]:
        reader = self._readers.get(rid)
        if reader is None or not reader.credit:
            return []
        reader.credit -= 1
        return [_notice(reader.connection, item)]

    def _news(self, rid: RecipientId, outcome: Outcome, notice: NoticeBody) -> list[Effect]:
        reader = self._readers.get(rid)
        return [_notice(reader.connection, notice)] if outcome.news and reader else []

    def _unread(self, rid: RecipientId) -> None:
        if reader := self._readers.pop(rid, None):
            self._connections[reader.connection].queues.discard(rid)

    # Forwarding

    def _forward(
        self, connection: ConnectionId, who: _Connection, body: cmd.PFwd, number: int
    ) -> list[Effect]:
        if who.forwards >= limits.MAX_FORWARDS:
            raise Refused(ErrorCode.BUSY, retry_after=1)
        who.forwards += 1
        return [Forward(connection, number, body.address, body.pin, body.sealed)]

    def _forward_answered(self, connection: ConnectionId, number: int, sealed: bytes | None) -> list[Effect]:
        who = self._connections.get(connection)
        if who is None:
            return []
        who.forwards -= 1
        answer = Error(ErrorCode.BUSY, retry_after=limits.BUSY_RETRY) if sealed is None else Answer(sealed)
        return [_answer(connection, number, answer)]

    def _forwarded(self, connection: ConnectionId, body: cmd.Fwd, number: int, now: int) -> list[Effect]:
        """A SEND or an SKEY that came sealed; what becomes of it is for its sender alone."""
        relay = self._keys.signature.public
        try:
            sealer, frame, asked = forward.unseal(relay, self._keys.hpke, body.sealed)
        except CannotOpen:
            raise Refused(ErrorCode.GONE) from None
        except RemoteProtocolError as e:
            self._forget(connection)
            return [Close(connection, e.rule)]

        def signed(key: bytes) -> bool:
            return forwarded_by(frame, relay, key)

        try:
            if isinstance(asked, cmd.Send):
                outcome, notices = self._send(asked, signed, now)
            else:
                outcome, notices = self._fix_key(asked, signed, now)
        except Refused as refused:
            outcome, notices = Outcome(refused.answer), []
        answer = sealer.seal_answer(encode(frame.number, outcome.answer), self._entropy)
        return self._done(connection, number, replace(outcome, answer=Answer(answer)), notices)

    # Time

    def _sweep(self, now: int) -> list[Effect]:
        """End what has ended, in batches; come back at once while there is more, or at the next end."""
        store, effects = self._store, list[Effect]()
        ended = store.ended_messages(now, limits.SWEEP)
        for rid, group in groupby(sorted(ended, key=lambda m: (m.rid, m.n)), key=lambda m: m.rid):
            queue, messages = store.queue(rid), list(group)
            assert queue is not None, "messages end with their queue"
            effects.append(Store(queues.forget(store, queue, messages)))
            for message in messages:
                if message.blob is not None:
                    effects += self._push(rid, Gap(rid, message.n, message.n))
        self._wake = None
        if ended:
            return [*effects, *self._wake_for(now)]
        dead = store.ended_queues(now, limits.SWEEP)
        for queue in dead:
            self._unread(queue.rid)
            effects.append(Store((DropQueue(queue.rid),)))
        return [*effects, *self._wake_for(now if dead else store.next_end())]

    def _damaged(self, rid: RecipientId, n: int, size_bytes: int) -> list[Effect]:
        queue = self._store.queue(rid)
        if queue is None or n not in self._store.waiting(rid):
            return []
        return [Store(queues.damaged(self._store, queue, n, size_bytes)), *self._push(rid, Gap(rid, n, n))]

    def _wake_after(self, outcome: Outcome) -> list[Effect]:
        """A timer for what was stored, where none fires earlier."""
        ends = [outcome.stored.until] if outcome.stored else []
        if isinstance(outcome.answer, Made):
            ends.append(outcome.answer.until)
        return self._wake_for(min(ends, default=None))

    def _wake_for(self, at: int | None) -> list[Effect]:
        if at is None or (self._wake is not None and self._wake <= at):
            return []
        self._wake = at
        return [Wake(at)]


def _admitted(
    queue: Queue | None, key: Callable[[Queue], bytes | None], signed: Callable[[bytes], bool], now: int
) -> Queue:
    """The queue, if whoever may has signed. The same work and the same answer in every other case."""
    public = key(queue) if queue is not None else None
    holds = signed(public if public is not None else _NOBODY)
    if queue is None or public is None or not holds or queue.until <= now:
        raise Refused(ErrorCode.GONE)
    return queue


def _delivery(message: Message) -> Delivery:
    assert message.blob is not None, "only what waits is delivered"
    return Delivery(message.rid, message.n, message.msg_id, message.blob)


def _answer(connection: ConnectionId, number: int, body: AnswerBody) -> Send:
    return Send(connection, number, encode(number, body))


def _notice(connection: ConnectionId, body: NoticeBody) -> Send:
    return Send(connection, 0, encode(0, body))
