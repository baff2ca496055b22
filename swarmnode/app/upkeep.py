"""What is done for a store now and then, whether anybody writes or not.

Deleting completes with the next write; a node at rest does not write, so it is completed here. And ballast
that was freed on a full disk (ADR 0017) comes back as soon as there is room for it and some more.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..errors import DiskFull, StorageError
from ..storage import integrity
from ..storage.database import Database
from ..storage.home import Home

EVERY_S = 60.0

logger = logging.getLogger(__name__)


@asynccontextmanager
async def going_on(place: Home, database: Database, *, every_s: float = EVERY_S) -> AsyncIterator[None]:
    """Look after a store as long as the block lasts."""
    async with asyncio.TaskGroup() as tasks:
        upkeep = tasks.create_task(_run(place, database, every_s))
        try:
            yield
        finally:
            upkeep.cancel()


async def _run(place: Home, database: Database, every_s: float) -> None:
    while True:
        await asyncio.sleep(every_s)
        await asyncio.to_thread(once, place, database)


def once(place: Home, database: Database) -> None:
    """Do what is due. A disk that is full, or fails, is told by whoever writes; here it is tried again."""
    try:
        database.settle()
        integrity.restore_ballast(place, beside=integrity.BALLAST_SIZE)
    except DiskFull:
        pass
    except StorageError as e:
        logger.warning("upkeep.failed", extra={"code": e.code})
