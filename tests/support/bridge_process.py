"""A bridge's process in tests, over a desk in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bridge_desk import DeskInMemory

from swarm_bridges import api
from swarm_bridges.api import AccountId
from swarmnode.bridging.host.packages import BadPackage, Package
from swarmnode.bridging.host.process import Gone, Limits, Process

ACCOUNT = AccountId("a1")
QUICK = Limits(start_s=60, beats=6)


@asynccontextmanager
async def running(
    of: Package, desk: DeskInMemory, folder: Path, limits: Limits = QUICK
) -> AsyncIterator[tuple[Process, asyncio.Task[Gone]]]:
    place = folder / "run"
    place.mkdir(exist_ok=True)
    process = Process(of, desk, place, limits=limits)
    wrong = None
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(process.run())
        try:
            await process.ready()
            yield process, task
        except BadPackage as e:
            wrong = e
        finally:
            task.cancel()
    if wrong is not None:
        raise wrong
    assert not list(place.iterdir()), "something was left behind"


async def says(process: Process, account: AccountId = ACCOUNT) -> str:
    """What a bridge of the tests answers in the place of a version."""
    answer = await process.call(account, "capabilities", conversation=None)
    assert isinstance(answer, api.Capabilities)
    return answer.version
