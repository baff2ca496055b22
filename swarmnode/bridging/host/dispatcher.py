"""Does what the outbox of one account holds, and fills its past while there is nothing better to do.

`take` has put an intent into the bridge's hands and is committed before the bridge is called; whatever comes
of the call is settled in the next transaction. Who stops in between settles as well: nobody knows then. The
outbox gives one intent of a conversation at a time, so several run at once only for different ones.

History and questions about what a network can do are a lane of their own: one call at a time, and as long a
pause after each as it took, so that they have half of what is left at most.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from contextlib import suppress

from swarm_bridges.api import (
    AccountId,
    BridgeError,
    Capabilities,
    ConversationRef,
    Gone,
    IntentId,
    Interrupted,
    Page,
    Temporary,
)
from swarm_bridges.desk import Caller

from ...services.step import Told
from ..core import accounts, calls, history
from ..core.calls import Call
from . import steps
from .desk import marked
from .steps import Steps

AT_ONCE = 4
"""Calls of one account."""
CALL_S = 300.0
"""A call that takes longer is given up; what became of it is unknown."""
DRAIN_S = 5.0
"""For calls that run when the account is stopped."""
QUIET_S = 0.1
"""After looking in vain, news are not looked at for so long: most are not about what is to be sent."""
RETRY_S = 5.0
"""When the store could not be used."""
ASK_AGAIN_S = 10.0
"""What can be done, where a bridge could not say so: most have only just begun to connect."""
LOOK_S = 300.0
"""Without news the outbox is looked at so often."""
LEAST_PAUSE_S = 0.1
IDLE_PAUSE_S = 0.5
"""After looking for questions in vain: nobody waits for what is asked then."""
NEWS = ("message.", "chat.", "bridge.")
URGENT = "bridge.carries"
"""Said of what is to be sent alone, so it is not looked for in vain."""

logger = logging.getLogger(__name__)


class Dispatcher:
    """One account's, as long as its bridge runs. `wall` gives Unix seconds."""

    def __init__(self, runs: Steps, account: AccountId, caller: Caller, *, wall: Callable[[], float]) -> None:
        self._runs, self._account, self._caller, self._wall = runs, account, caller, wall
        self._look = asyncio.Event()
        self._look_back = asyncio.Event()
        self._soon = asyncio.Event()
        self._under_way = dict[asyncio.Task[None], IntentId]()
        self._unanswered = dict[ConversationRef | None, float]()
        """What was asked in vain, and when it is to be asked again, by the loop's clock."""

    def told(self, told: Told) -> None:
        """Something happened in the node."""
        if told.type == URGENT:
            self._soon.set()
        if told.type.startswith(NEWS):
            self._look_back.set()
            if told.type != "message.new" or told.data.get("mine"):  # others' words put nothing there
                self._look.set()

    async def run(self) -> None:
        """Call until cancelled, or until there is no such account any more."""
        async with asyncio.TaskGroup() as tasks:
            lane = tasks.create_task(self._again(self._lane))
            await self._again(self._outbox)
            lane.cancel()

    async def _again(self, work: Callable[[], Awaitable[None]]) -> None:
        """Go on after the store could not be used for a while."""
        over = False
        while not over:
            try:
                await work()
            except* Gone:
                over = True
            except* Temporary:
                await asyncio.sleep(RETRY_S)

    # What the owner wants

    async def _outbox(self) -> None:
        """Take and call. When this is cancelled, calls that run get a while, and are settled in any case.

        What was taken in that very moment was never called, and goes back. Where a store that fails prevents
        one or the other, it is left to who comes next.
        """
        await steps.do(self._runs, lambda step: calls.left(step, self._account))
        async with asyncio.TaskGroup() as tasks:
            try:
                while True:
                    self._look.clear()
                    self._soon.clear()
                    while len(self._under_way) < AT_ONCE and (call := await self._take()) is not None:
                        task = tasks.create_task(self._call(call))
                        self._under_way[task] = call.intent
                        task.add_done_callback(self._ended)
                    await self._wait()
            except asyncio.CancelledError:
                called = frozenset(self._under_way.values())
                with suppress(BridgeError):
                    await steps.do(self._runs, lambda step: calls.give_back(step, self._account, called))
                if self._under_way:
                    await asyncio.wait(self._under_way, timeout=DRAIN_S)
                raise

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        self._look.set()

    async def _take(self) -> Call | None:
        if not await steps.look(self._runs, lambda step: calls.waits(step, self._account)):
            return None
        return await steps.do(self._runs, lambda step: calls.take(step, self._account))

    async def _call(self, call: Call) -> None:
        result: calls.Result
        stopped = None
        try:
            async with asyncio.timeout(CALL_S):
                result = await self._caller.call(self._account, call.verb, **call.arguments)
        except asyncio.CancelledError as e:
            result, stopped = Interrupted("the bridge was stopped"), e
        except TimeoutError:
            result = Interrupted("the bridge took too long")
        except BridgeError as e:
            result = e
        while True:
            try:
                await steps.do(self._runs, lambda step: calls.settle(step, call.intent, result))
            except (
                Temporary
            ):  # it must be written down, or nobody looks at it before the account's next start
                if stopped is None:
                    await asyncio.sleep(RETRY_S)
                    continue
            except Gone:
                pass
            break
        if stopped is not None:
            raise stopped

    async def _wait(self) -> None:
        """Until there is news, or something is due."""
        due = await steps.look(self._runs, lambda step: calls.next_at(step, self._account))
        free = len(self._under_way) < AT_ONCE
        wait_s = min(LOOK_S, max(QUIET_S, due - self._wall())) if due is not None and free else LOOK_S
        await _until(self._soon, QUIET_S)
        if not self._soon.is_set():
            await _until(self._look, wait_s - QUIET_S)

    # The past, and what can be done

    async def _lane(self) -> None:
        """Ask the network about itself and about the past, without haste."""
        loop = asyncio.get_running_loop()
        await self._learn(None)
        while True:
            self._look_back.clear()
            began = loop.time()
            if not await self._one():
                due = await steps.look(self._runs, lambda step: history.next_at(step, self._account))
                wait_s = LOOK_S if due is None else min(LOOK_S, max(LEAST_PAUSE_S, due - self._wall()))
                await asyncio.sleep(IDLE_PAUSE_S)
                again_s = min(self._unanswered.values(), default=math.inf) - loop.time()
                await _until(self._look_back, min(wait_s, again_s))
            else:
                await asyncio.sleep(max(LEAST_PAUSE_S, loop.time() - began))

    async def _one(self) -> bool:
        """One question; whether there was any."""
        unasked = await steps.look(self._runs, lambda step: accounts.unasked(step, self._account))
        now = asyncio.get_running_loop().time()
        for conversation in (*([None] if None in self._unanswered else []), *unasked):
            if self._unanswered.get(conversation, now) <= now:
                await self._learn(conversation)
                return True
        page = await steps.look(self._runs, lambda step: history.next_page(step, self._account))
        if page is None:
            return False
        try:
            async with asyncio.timeout(CALL_S):
                got: Page = await self._caller.call(self._account, "page", **page.arguments)
            await steps.do(
                self._runs, lambda step: history.paged(step, self._account, page.conversation, got)
            )
        except (BridgeError, TimeoutError) as e:
            error = e
            await steps.do(
                self._runs, lambda step: history.failed(step, self._account, page.conversation, error)
            )
        return True

    async def _learn(self, conversation: ConversationRef | None) -> None:
        """Ask what can be done. Who does not answer is not asked again before the bridge starts anew."""
        try:
            async with asyncio.timeout(CALL_S):
                can: Capabilities = await self._caller.call(
                    self._account, "capabilities", conversation=conversation
                )
        except (BridgeError, TimeoutError) as e:
            error = type(e).__name__
            logger.info("bridge.no-answer", extra={"account": marked(self._account), "error": error})
            self._unanswered[conversation] = asyncio.get_running_loop().time() + ASK_AGAIN_S
            return
        self._unanswered.pop(conversation, None)
        await steps.do(self._runs, lambda step: accounts.learn(step, self._account, conversation, can))


async def _until(news: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(max(0.0, seconds)):
            await news.wait()
    except TimeoutError:
        pass
