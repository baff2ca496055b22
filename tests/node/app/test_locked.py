"""Who listens to a node that is locked is told so, and hears it again when it is open again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from swarmnode.app.node import LocalNode
from swarmnode.app.stores import Stores
from swarmnode.config import load
from swarmnode.errors import Locked
from swarmnode.storage.home import Home


@pytest.fixture(name="node")
async def a_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[LocalNode]:
    monkeypatch.setitem(os.environ, "SWARMNODE_TEST_WEAK_KEYS", "1")
    place = Home(tmp_path / "home")
    made = LocalNode(load(place.path, {}).config, place, Stores(), role=None)
    await made.create("ada", "p", None, None)
    yield made
    await made.stop()
    place.close()


async def test_events_and_a_trace_end_when_the_node_is_locked(node: LocalNode) -> None:
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        for lines in (node.events(None), node.trace("")):
            tasks.create_task(_ends(lines))
        await asyncio.sleep(0)  # they listen
        await node.lock()


async def _ends(lines: AsyncIterator[object]) -> None:
    with pytest.raises(Locked):
        async for _ in lines:
            pass


async def test_who_comes_back_after_that_looks_anew_and_hears_what_happens_then(node: LocalNode) -> None:
    async with asyncio.timeout(30):
        await node.lock()
        await node.unlock("p")
        events = node.events(1)
        assert (await anext(events)).type == "resync", "nobody knows what was told in between"
        await node.rename_self("Ada")
        assert (await anext(events)).id > 1
        await events.aclose()  # type: ignore[attr-defined]
