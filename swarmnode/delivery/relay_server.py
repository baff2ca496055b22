"""A relay's sockets: WebSockets over TLS 1.3 around the machine that `relay_writer` runs (ADR 0018).

Each connection has a task that reads frames into a short inbox, and one that sends. One task takes frames
from the inboxes, one of each connection in turn, and gives them to the writer's thread. Who sends more than
is taken waits in his own socket. Who takes less than he asked for is asked for nothing more, and closed where
others fill his buffer.

Nothing here is logged: addresses, ids and keys are nobody's business. `Counters` count.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from aiohttp import WSCloseCode, WSMsgType, web

from swarm_protocol.mailbox import effects as fx
from swarm_protocol.mailbox.limits import MAX_FRAME
from swarm_protocol.mailbox.relay import Relay

from ..storage.relay_store import SqliteRelayStore
from .relay_door import CLOSE_S, Door, DoorLimits, Entrance, cut
from .relay_writer import LAZY_S, RelayWriter, Turn
from .worker import Worker

PING_S = 30.0
"""A silent connection is asked so often whether it lives; no answer within half of it ends it."""

STALLED_S = 60.0
"""A connection that took nothing for so long while something waited for it is closed."""

INBOX = 32
"""Frames of one connection that wait to be taken: 2 MiB."""

GROUP = 64
"""Frames that are offered to one turn."""

ENOUGH_BYTES = 1024 * 1024
"""While more waits to be sent to a connection, nothing is taken from it."""

MOST_BYTES = 8 * 1024 * 1024
"""More than this waits for nobody: `ENOUGH_BYTES`, one turn's answers, and what others send him."""

ALL_BYTES = 256 * 1024 * 1024
"""What waits for all; above it, whoever has more than enough is closed."""

LOOK_S = 5.0
"""How often the disk is looked at."""


@dataclass(slots=True)
class Counters:
    """What happened since the start."""

    connections: int = 0
    frames: int = 0
    answers: int = 0
    turns: int = 0
    broken_rules: int = 0
    slow_readers: int = 0
    forwards: int = 0
    store_failures: int = 0
    disk_percent: int = 0


@dataclass(eq=False, slots=True)
class _Connection:
    id: fx.ConnectionId
    socket: web.WebSocketResponse
    transport: asyncio.Transport
    inbox: deque[bytes] = field(default_factory=deque)
    outbox: deque[bytes] = field(default_factory=deque)
    waiting_bytes: int = 0
    space: asyncio.Event = field(default_factory=asyncio.Event)
    """There is room in the inbox."""
    work: asyncio.Event = field(default_factory=asyncio.Event)
    """There is something to send, or it ends."""
    ends: WSCloseCode | None = None


@dataclass(frozen=True, slots=True)
class _Order:
    """An input; a frame comes `of` a connection, and `done` is told when what it changes is durable."""

    input: fx.Input
    of: _Connection | None = None
    done: asyncio.Future[None] | None = None


Forward = Callable[[fx.Forward], Awaitable[bytes | None]]


class RelayServer:
    """Serves a relay until `run` is cancelled; then what is durable has been answered."""

    def __init__(
        self,
        relay: Relay,
        store: SqliteRelayStore,
        *,
        tls: ssl.SSLContext,
        forward: Forward,
        disk: Callable[[], int],
        clock: Callable[[], float] = time.time,
        door: DoorLimits | None = None,
    ) -> None:
        self._forward, self._disk, self._clock = forward, disk, clock
        self._writer = RelayWriter(relay, store, let_go=self._from_thread, clock=clock)
        self.entrance = Entrance(tls, self._visit, Door(door or DoorLimits(), time.monotonic))
        self._ids = (fx.ConnectionId(number) for number in count(1))
        self._connections: dict[fx.ConnectionId, _Connection] = {}
        self._orders: deque[_Order] = deque()
        self._ready: OrderedDict[_Connection, None] = OrderedDict()
        """Connections with something in their inbox, each once, in the order of their turns."""
        self._in_turn: set[_Connection | None] = set()
        self._something = asyncio.Event()
        self._waiting_bytes = 0
        self._wake: int | None = None
        self.counters = Counters()

    async def run(self, listener: socket.socket) -> None:
        """Serve on a listening socket until cancelled; closes it.

        Raises:
            StorageError: the disk is of no use any more (in an ExceptionGroup).
        """
        self._loop = asyncio.get_running_loop()
        with listener, Worker("relay-writer") as self._thread:
            await self._thread.run(self._writer.start)
            async with asyncio.TaskGroup() as self._tasks:
                self._tasks.create_task(self._take_turns())
                self._tasks.create_task(self.entrance.run(listener))

    async def submit(self, input_: fx.Input) -> None:
        """Give the machine an input; returns when what it changes is durable.

        Raises:
            StorageError: it was not stored.
        """
        done = asyncio.get_running_loop().create_future()
        self._order(input_, done)
        await done

    # Coming in

    async def _visit(self, request: web.BaseRequest) -> web.StreamResponse:
        ws = web.WebSocketResponse(
            max_msg_size=MAX_FRAME + 1,  # aiohttp's is the first size that is too large
            heartbeat=PING_S,
            timeout=CLOSE_S,
            compress=False,
        )
        if not ws.can_prepare(request):
            page = web.Response(status=426, text="A relay: it talks to nodes, over WebSocket.\n")
            page.force_close()
            return page
        await ws.prepare(request)
        await self._serve(ws, request.transport)
        return ws

    async def _serve(self, ws: web.WebSocketResponse, transport: asyncio.Transport | None) -> None:
        if transport is None:  # gone again
            return
        connection = _Connection(next(self._ids), ws, transport)
        self._connections[connection.id] = connection
        self.counters.connections += 1
        self._order(fx.Opened(connection.id))
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._send(connection))
                await self._read(connection)
                self._end(connection, WSCloseCode.OK)
        finally:
            del self._connections[connection.id]
            self._ready.pop(connection, None)
            self._waiting_bytes -= connection.waiting_bytes
            self._order(fx.Closed(connection.id))

    async def _read(self, connection: _Connection) -> None:
        async for message in connection.socket:
            if message.type is not WSMsgType.BINARY:
                self.counters.broken_rules += 1
                return
            connection.inbox.append(message.data)
            self._offer(connection)
            while len(connection.inbox) >= INBOX and connection.ends is None:
                connection.space.clear()
                await connection.space.wait()

    # Turns

    def _order(self, input_: fx.Input, done: asyncio.Future[None] | None = None) -> None:
        self._orders.append(_Order(input_, done=done))
        self._something.set()

    def _offer(self, connection: _Connection) -> None:
        """A connection has frames to be taken."""
        if connection.inbox:
            self._ready.setdefault(connection)
            self._something.set()
            if connection not in self._in_turn:
                self._writer.hurry = True

    async def _take_turns(self) -> None:
        look = 0.0
        try:
            while True:
                if self._loop.time() >= look:
                    self.counters.disk_percent = await self._thread.run(self._disk)
                    self._order(fx.Disk(self.counters.disk_percent))
                    look = self._loop.time() + LOOK_S
                if self._wake is not None and self._clock() >= self._wake:
                    self._wake = None
                    self._order(fx.TimerFired())
                if group := self._group():
                    await self._turn(group)
                    continue
                self._something.clear()
                until = self._next_look(look)
                lazy_until = self._loop.time() + LAZY_S
                with suppress(TimeoutError):
                    async with asyncio.timeout_at(min(until, lazy_until) if self._writer.lazy else until):
                        await self._something.wait()
                if self._writer.lazy and not self._something.is_set():
                    await self._turn([])
        finally:
            for connection in self._connections.values():
                self._end(connection, WSCloseCode.GOING_AWAY)
            for order in self._orders:
                if order.done is not None:
                    order.done.cancel()

    def _next_look(self, look: float) -> float:
        if self._wake is None:
            return look
        return min(look, self._loop.time() + max(0.0, self._wake - self._clock()))

    def _group(self) -> list[_Order]:
        """What a turn is offered: orders, then a frame of each connection that has one, and again."""
        group = [self._orders.popleft() for _ in range(min(len(self._orders), GROUP))]
        while self._ready and len(group) < GROUP:
            connection, _ = self._ready.popitem(last=False)
            if connection.waiting_bytes > ENOUGH_BYTES:
                continue  # it is offered again when it has taken some of it
            group.append(_Order(fx.Received(connection.id, connection.inbox.popleft()), of=connection))
            connection.space.set()
            if connection.inbox:
                self._ready[connection] = None
        return group

    async def _turn(self, group: list[_Order]) -> None:
        inputs = [order.input for order in group]
        self._in_turn = {order.of for order in group}
        self._writer.hurry = False
        least = len(self._in_turn) + sum(order.of is None for order in group)
        take = partial(self._writer.turn, inputs, least=least, alone=len(self._in_turn) == 1)
        turn: Turn = await self._thread.run(take)
        self.counters.turns += 1
        self.counters.store_failures = self._writer.failures
        for order in group[: turn.taken]:
            self.counters.frames += order.of is not None
            if order.done is not None and not order.done.done():
                if turn.failure is None:
                    order.done.set_result(None)
                else:
                    order.done.set_exception(turn.failure)
        self._put_back(group[turn.taken :])

    def _put_back(self, rest: list[_Order]) -> None:
        """What a turn had no time for comes first in the next."""
        for order in reversed(rest):
            if order.of is None:
                self._orders.appendleft(order)
            elif order.of.id in self._connections:
                assert isinstance(order.input, fx.Received)
                order.of.inbox.appendleft(order.input.data)
                self._ready[order.of] = None
                self._ready.move_to_end(order.of, last=False)

    # Going out

    def _from_thread(self, effects: list[fx.Effect]) -> None:
        self._loop.call_soon_threadsafe(self._perform, effects)

    def _perform(self, effects: list[fx.Effect]) -> None:
        for effect in effects:
            match effect:
                case fx.Send(connection, _, data):
                    self._post(connection, data)
                case fx.Close(connection, rule):
                    self.counters.broken_rules += bool(rule)
                    code = WSCloseCode.PROTOCOL_ERROR if rule else WSCloseCode.TRY_AGAIN_LATER
                    if (known := self._connections.get(connection)) is not None:
                        self._end(known, code)
                case fx.Wake(at):
                    self._wake = at if self._wake is None else min(at, self._wake)
                    self._something.set()
                case fx.Forward():
                    self._tasks.create_task(self._pass_on(effect))
                case fx.Store():
                    raise AssertionError("stores are applied, not let go")

    def _post(self, id_: fx.ConnectionId, data: bytes) -> None:
        connection = self._connections.get(id_)
        if connection is None or connection.ends is not None:
            return
        self.counters.answers += 1
        connection.outbox.append(data)
        self._count_waiting(connection, len(data))
        connection.work.set()
        enough = connection.waiting_bytes > ENOUGH_BYTES
        if connection.waiting_bytes > MOST_BYTES or (enough and self._waiting_bytes > ALL_BYTES):
            self.counters.slow_readers += 1
            self._end(connection, WSCloseCode.POLICY_VIOLATION)
            cut(connection.transport)

    def _count_waiting(self, connection: _Connection, size: int) -> None:
        connection.waiting_bytes += size
        self._waiting_bytes += size

    def _end(self, connection: _Connection, code: WSCloseCode) -> None:
        """Close a connection, after what was posted to it."""
        connection.ends = connection.ends or code
        connection.inbox.clear()
        self._ready.pop(connection, None)
        connection.space.set()
        connection.work.set()

    async def _send(self, connection: _Connection) -> None:
        try:
            while True:
                await connection.work.wait()
                connection.work.clear()
                while connection.outbox:
                    data = connection.outbox.popleft()
                    async with asyncio.timeout(STALLED_S):
                        await connection.socket.send_bytes(data)
                    self._count_waiting(connection, -len(data))
                    self._offer(connection)
                if connection.ends is not None:
                    await connection.socket.close(code=connection.ends)
                    return
        except OSError:  # broken, or stalled
            cut(connection.transport)

    async def _pass_on(self, effect: fx.Forward) -> None:
        self.counters.forwards += 1
        sealed = await self._forward(effect)
        self._order(fx.ForwardAnswered(effect.connection, effect.number, sealed))
