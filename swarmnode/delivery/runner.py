"""The driver of the node's logic (ADR 0014): one thread writes, links and timers live in the event loop.

Everything that has arrived goes into one transaction, what people want first. After the commit, not before,
its effects leave: news of messages at once, all else when it is synced as well. When a step raises what it
should not, or the commit fails, the transaction is rolled back and the engine is gone with it: its links are
closed and a new one starts from the tables, after a pause that grows while that goes on. The wishes of people
in such a transaction are run again, each alone. A message that led to an error twice is put away unread from
then on: an error of ours must not stop the node.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from swarm_protocol import mls
from swarm_protocol.entropy import Entropy
from swarm_protocol.errors import ProtocolError
from swarm_protocol.mailbox.frames import FrameType

from ..domain.time import Instant
from ..errors import AfterCommit, DiskFull, NodeError, NotReady, StorageError
from ..services import identity
from ..services.engine import Engine
from ..services.node import Node, Options
from ..services.step import (
    Announce,
    Effect,
    Heard,
    Input,
    NetworkChanged,
    Open,
    Shut,
    Started,
    Step,
    Told,
    Transmit,
    WakeAt,
    Woke,
)
from ..storage.database import Database
from .clock import clock
from .link import Link
from .links import Links
from .news import News
from .trace import Line, Trace
from .worker import Worker

T = TypeVar("T")
logger = logging.getLogger(__name__)

BATCH = 48
"""Inputs in one transaction: some 100 ms at most, so that a person's wish never waits long."""
LAZY_S = 0.05
"""Answers that nobody waits for may wait so long for company: each transaction saved is CPU and a sync."""
READERS = 3
FIRST_PAUSE_S, LAST_PAUSE_S = 0.5, 60.0
BLAMED = 2
"""After so many errors while one message was taken, that is put away."""
SLEPT_S = 30.0
"""When the wall clock gained so much on the monotonic one, the machine was asleep."""


@dataclass(slots=True)
class _Wish:
    """What a person wants, and who waits for what comes of it."""

    run: Callable[[Step, Node], Any]
    done: asyncio.Future[Any]
    frees: bool = False


@dataclass(slots=True)
class _Batch:
    """What a transaction came to."""

    effects: list[Effect] = field(default_factory=list)
    results: list[tuple[_Wish, Any, BaseException | None]] = field(default_factory=list)
    failed: BaseException | None = None


class Runner:
    """A node that runs on an open database."""

    def __init__(
        self,
        database: Database,
        *,
        entropy: Entropy,
        crypto: mls.CryptoProvider = mls.CRYPTO,
        options: Options | None = None,
        now: Callable[[], Instant] = clock,
        on_disk_full: Callable[[], bool] = lambda: False,
    ) -> None:
        self.database = database
        self._entropy, self._crypto, self._options, self._now = entropy, crypto, options, now
        self._on_disk_full = on_disk_full
        self.on_announce: Callable[[Announce], None] = lambda _: None
        """Who performs `Announce`, where there is a local network to be found on."""
        self._writer = Worker("writer")
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        self._inputs: deque[tuple[Input, asyncio.Semaphore | None]] = deque()
        self._wishes: deque[_Wish] = deque()
        self._wanted = asyncio.Event()
        self._due = False
        """Whether inputs wait that are more than answers nobody waits for."""
        self._lazy: asyncio.TimerHandle | None = None
        self._links = Links(self.feed)
        self._timer: asyncio.TimerHandle | None = None
        self._news, self._trace = News(database.boot), Trace()
        self._failures = 0
        self._blamed: Counter[tuple[bytes, int]] = Counter()
        self._stopping = False
        self._engine = self._new_engine()
        self.problem: StorageError | None = None
        """What keeps the store from being written, while it does."""

    def _new_engine(self) -> Engine:
        """An engine that knows whose node it is; what people want may come before it is started."""
        database = self.database
        engine = Engine(
            boot=database.boot, instance=database.instance, crypto=self._crypto, options=self._options
        )
        with contextlib.suppress(StorageError), database.read() as tx:
            identity.remember(Step(tx, self._now(), self._entropy), engine.node)
        engine.node.poison = frozenset(item for item, times in self._blamed.items() if times >= BLAMED)
        return engine

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run as long as the block lasts; then what has arrived is stored, and links are closed."""
        self._loop = asyncio.get_running_loop()
        with self._readers, self._writer:
            async with self._links.running(), asyncio.TaskGroup() as tasks:
                if not self.database.rolled_back:
                    self.feed(Started())
                work = tasks.create_task(self._work())
                watch = tasks.create_task(self._watch())
                try:
                    yield
                finally:
                    self._stopping = True
                    self._hurry()
                    await work
                    watch.cancel()
                    self._news.end()
                    self._trace.end()

    # Asking

    async def do(self, wish: Callable[[Step, Node], T], *, frees: bool = False) -> T:
        """Run what a person wants in a transaction; it is durable when this returns.

        `frees` is for what makes room: on a full disk it gets what is kept back for that.

        Raises:
            NodeError: what the wish raised, or the store; nothing was changed.
        """
        if self._stopping:
            raise NotReady("the node is stopping")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._wishes.append(_Wish(wish, done, frees))
        self._wanted.set()
        return await done

    async def do_with_engine(self, wish: Callable[[Step, Engine], T]) -> T:
        """As `do`, for the few wishes that start the engine anew."""
        return await self.do(lambda step, _: wish(step, self._engine))

    async def use(self, options: Options) -> None:
        """Let this be what the owner decided, for the engine that runs and those after it."""
        self._options = options
        await self.do(lambda _, node: setattr(node, "options", options))

    async def look(self, reading: Callable[[Step, Node], T]) -> T:
        """Run something that only reads, on a snapshot, while others write."""

        def read() -> T:
            with self.database.read() as tx:
                return reading(Step(tx, self._now(), self._entropy), self._engine.node)

        return await asyncio.get_running_loop().run_in_executor(self._readers, read)

    # What is told, and what comes from outside

    def news(self) -> AbstractAsyncContextManager[asyncio.Queue[Told]]:
        """What happens from now on, and `ENDED` at last; see `News.heard`."""
        return self._news.heard()

    def told_after(self, number: int) -> list[Told] | None:
        """What was told after a number, as far as it is kept; None where something in between is not."""
        return self._news.after(number)

    def traced(self) -> AbstractAsyncContextManager[asyncio.Queue[Line]]:
        """Inputs and effects from now on, without what is in them, and `LAST_LINE`."""
        return self._trace.lines()

    async def called(self, link: Link, knock: bytes) -> None:
        """Somebody has called and sent a first frame; returns when that link is over."""
        await self._links.called(link, knock)

    def feed(self, input_: Input, room: asyncio.Semaphore | None = None) -> None:
        """Let the engine take it soon: what links bring, or `Noticed`, `Reachable`, `NetworkChanged`."""
        if self._trace.followed:
            self._trace.note(input_, self._now().tick)
        if self._stopping:
            return
        self._inputs.append((input_, room))
        if not _may_wait(input_) or len(self._inputs) >= BATCH:
            self._hurry()
        elif self._lazy is None:
            self._lazy = asyncio.get_running_loop().call_later(LAZY_S, self._hurry)

    def _hurry(self) -> None:
        """Have what has arrived be taken now."""
        self._due = bool(self._inputs)
        self._wanted.set()

    # The one who writes

    async def _work(self) -> None:
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            while self._wishes or self._due:
                wishes = [self._wishes.popleft() for _ in range(min(len(self._wishes), BATCH))]
                inputs = self._take_inputs() if self._due else []
                batch = await self._writer.run(self._transaction, wishes, [input_ for input_, _ in inputs])
                for _, room in inputs:
                    if room is not None:
                        room.release()
                if batch.failed is not None:
                    await self._failed(wishes, batch.failed, batch.effects)
                    continue
                self._failures, self.problem = 0, None
                self._perform_all(batch.effects)
                for wish, result, error in batch.results:
                    _answer(wish, result, error)
            if self._stopping:
                return

    def _take_inputs(self) -> list[tuple[Input, asyncio.Semaphore | None]]:
        inputs = [self._inputs.popleft() for _ in range(min(len(self._inputs), BATCH))]
        self._due = bool(self._inputs)
        if self._lazy is not None:
            self._lazy.cancel()
            self._lazy = None
        return inputs

    def _transaction(self, wishes: list[_Wish], inputs: list[Input]) -> _Batch:
        """In the writer's thread: run everything, commit."""
        batch, engine = _Batch(), self._engine
        try:
            with self.database.write(lambda: self._committed(batch)) as tx:
                step = Step(tx, self._now(), self._entropy, batch.effects)
                for wish in wishes:
                    batch.results.append(_wished(wish, step, engine.node))
                for input_ in inputs:
                    engine.handle(step, input_)
                engine.settle(step)
        except BaseException as e:
            batch.failed = e
            if not isinstance(e, Exception):
                raise
        return batch

    def _committed(self, batch: _Batch) -> bool:
        """In the writer's thread, after the commit: whether others will hear of it, so that it is synced.

        If not, it need not outlast a power cut by itself. Screens that wait for messages do not wait for the
        sync: what came can be read, and should the power fail now, it comes again.
        """
        if batch.results:
            return True
        heard_of = any(not isinstance(effect, Told | WakeAt) for effect in batch.effects)
        came = [effect for effect in batch.effects if _is_of_a_message(effect)]
        if heard_of and came:
            batch.effects[:] = [effect for effect in batch.effects if not _is_of_a_message(effect)]
            self._loop.call_soon_threadsafe(self._perform_all, came)
        return heard_of

    def _perform_all(self, effects: Sequence[Effect]) -> None:
        for effect in effects:
            self._perform(effect)

    async def _failed(self, wishes: list[_Wish], error: BaseException, effects: list[Effect]) -> None:
        """Nothing of the transaction happened: a new engine, and each wish once more, alone."""
        if isinstance(error, StorageError):
            logger.warning("store.failed", extra={"code": error.code})
            self.problem = error
        elif not isinstance(error, _Rejected):
            logger.error("engine.failed", exc_info=error)
            if (blamed := self._engine.node.delivering) is not None:
                self._blamed[blamed] += 1
        self._links.shut_all()
        self._inputs.clear()
        self._due = False
        self._engine = self._new_engine()
        if isinstance(error, AfterCommit):
            self._perform_all([effect for effect in effects if isinstance(effect, Told)])
            for wish in wishes:  # it stands: done again, it would be there twice
                _answer(wish, None, error)
            wishes = []
        for wish in wishes:
            batch = await self._writer.run(self._transaction, [wish], [])
            if isinstance(batch.failed, DiskFull) and wish.frees and self._on_disk_full():
                self._engine = self._new_engine()
                batch = await self._writer.run(self._transaction, [wish], [])
            if batch.failed is not None:
                self._engine = self._new_engine()
                reason = batch.failed.reason if isinstance(batch.failed, _Rejected) else batch.failed
                _answer(wish, None, reason)
                continue
            for told in batch.effects:
                if isinstance(told, Told):
                    self._perform(told)
            for done, result, refused in batch.results:
                _answer(done, result, refused)
        self._failures += 1
        pause = min(FIRST_PAUSE_S * 2 ** min(self._failures - 1, 10), LAST_PAUSE_S)
        self._engine = self._new_engine()
        if self._timer is not None:
            self._timer.cancel()
        engine = self._engine
        self._loop.call_later(pause, lambda: self.feed(Started()) if self._engine is engine else None)

    # Effects

    def _perform(self, effect: Effect) -> None:
        if self._trace.followed:
            self._trace.note(effect, self._now().tick)
        match effect:
            case Transmit(link, data):
                self._links.send(link, data)
            case Open(link, address, pin):
                self._links.open(link, address, pin)
            case Shut(link):
                self._links.shut(link)
            case WakeAt(tick):
                if self._timer is not None:
                    self._timer.cancel()
                wait = max(0.0, tick - self._now().tick)
                self._timer = asyncio.get_running_loop().call_later(wait, self.feed, Woke())
            case Announce():
                self.on_announce(effect)
            case Told():
                self._news.tell(effect)

    async def _watch(self) -> None:
        """Notice that the machine has slept: what failed before may work now."""
        before = self._now()
        while True:
            await asyncio.sleep(5)
            now = self._now()
            if (now.wall_s - before.wall_s) - (now.tick - before.tick) > SLEPT_S:
                self.feed(NetworkChanged())
            before = now


_MAY_WAIT = tuple(bytes([1, 24, kind]) for kind in (FrameType.DONE, FrameType.RECEIPT))


def _may_wait(input_: Input) -> bool:
    """Whether nobody waits for it, by its first bytes: a map whose key 1 is the type (spec 30 §1)."""
    return isinstance(input_, Heard) and input_.data.startswith(_MAY_WAIT, 1)


def _is_of_a_message(effect: Effect) -> bool:
    return isinstance(effect, Told) and effect.type == "message.new"


class _Rejected(Exception):
    """A wish was refused after it had written something: the whole transaction goes back."""

    def __init__(self, reason: NodeError | ProtocolError) -> None:
        super().__init__("a wish was refused")
        self.reason = reason


def _wished(wish: _Wish, step: Step, node: Node) -> tuple[_Wish, Any, BaseException | None]:
    before = step.tx.driver.total_changes
    try:
        return wish, wish.run(step, node), None
    except (NodeError, ProtocolError) as e:
        if step.tx.driver.total_changes != before:
            raise _Rejected(e) from e
        return wish, None, e


def _answer(wish: _Wish, result: Any, error: BaseException | None) -> None:
    if wish.done.cancelled():
        return
    if error is not None:
        wish.done.set_exception(error)
    else:
        wish.done.set_result(result)
