"""A served API for each test. Its home has a short path: sockets take no long ones from other programs."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from api_world import World, api_world


@pytest.fixture
async def world() -> AsyncIterator[World]:
    with tempfile.TemporaryDirectory(prefix="sn") as folder:
        async with api_world(Path(folder), allowed_hosts=["node.example"]) as served:
            yield served
