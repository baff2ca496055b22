"""A node behind a socket, in a thread of its own, and the command line before it."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from api_world import World, api_world
from cli_world import Shell
from double_node import DoubleNode


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="sn") as folder:
        yield Path(folder)


@pytest.fixture
def no_node(home: Path) -> Shell:
    return Shell(home, DoubleNode())


@pytest.fixture
def shell(home: Path) -> Iterator[Shell]:
    running, stop = threading.Event(), threading.Event()
    found: list[tuple[World, asyncio.AbstractEventLoop]] = []

    async def serve() -> None:
        async with api_world(home) as world:
            found.append((world, asyncio.get_running_loop()))
            running.set()
            await asyncio.to_thread(stop.wait)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert running.wait(60)
        world, loop = found[0]
        yield Shell(home, world.node, world, loop)
    finally:
        stop.set()
        thread.join(60)
