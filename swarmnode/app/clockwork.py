"""The clock by which leaves what was said for later (`bridging.core.later`): one thing after the other.

It looks when the next thing is due, when something changes, and once a minute while anything waits. While the
node is locked nothing leaves; when it is unlocked, what was due meanwhile does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from ..bridging.core import later
from ..delivery.runner import Runner
from ..errors import AccessDenied, Conflict, NodeError, NotFound, NotReady, UsageError
from ..services.step import Told

EVENT = "outbox.changed"

logger = logging.getLogger(__name__)


@asynccontextmanager
async def going_on(runner: Runner) -> AsyncIterator[None]:
    """Let things leave at their times as long as the block lasts."""
    async with asyncio.TaskGroup() as tasks:
        work = tasks.create_task(_run(runner))
        try:
            yield
        finally:
            work.cancel()


async def _run(runner: Runner) -> None:
    watch = later.Watch()
    async with runner.news() as news:
        while True:
            try:
                pause = await _look(runner, watch)
            except Exception:  # of the store, or an error of ours: the node goes on, and it is tried again
                logger.exception("later.failed")
                pause = later.LOOK_S
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await _something_changed(news)


async def _look(runner: Runner, watch: later.Watch) -> float | None:
    """Let go of what is due; in how many seconds to look again, None: when something changes."""
    while True:
        row, pause = await runner.look(lambda step, node: later.next_due(step, node, watch))
        if row is None:
            return pause
        await _leave(runner, row)


async def _leave(runner: Runner, row: int) -> None:
    try:
        await runner.do(lambda step, node: later.leave(step, node, row))
    except (AccessDenied, Conflict, NotFound, NotReady, UsageError) as e:
        error: NodeError = e  # the name of an exception ends with its block
        await runner.do(lambda step, _: later.hold(step, row, error))


async def _something_changed(news: asyncio.Queue[Told]) -> None:
    while (await news.get()).type != EVENT:
        pass
