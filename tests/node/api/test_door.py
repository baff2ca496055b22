"""Strangers at the API's port: they take up little, and the owner's socket is never out of reach."""

from __future__ import annotations

import asyncio
import logging
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest
from api_world import World, api_world

from swarmnode.api.door import MOST
from swarmnode.api.hooks import MAX_BYTES

ASKS = "GET / HTTP/1.1\nHost: localhost\n\n"
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
async def hasty() -> AsyncIterator[World]:
    """A world that waits for strangers a moment alone."""
    with tempfile.TemporaryDirectory(prefix="sn") as folder:
        async with api_world(Path(folder), stranger_s=0.05) as served:
            yield served


@asynccontextmanager
async def connected(world: World, sent: str = "") -> AsyncIterator[Ends]:
    """Somebody who has sent that."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.served.port)
    try:
        writer.write(sent.replace("\n", "\r\n").encode())
        with suppress(ConnectionError):
            await writer.drain()
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def is_turned_away(reader: asyncio.StreamReader) -> bool:
    """Whether the connection is cut without an answer; waits until it is, or something comes."""
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True


async def test_of_too_many_connections_the_last_are_turned_away(world: World) -> None:
    async with AsyncExitStack() as many:
        for _ in range(MOST):
            await many.enter_async_context(connected(world))
        async with connected(world, ASKS) as (reader, _):
            assert await is_turned_away(reader)
        assert (await world.own("GET", "/status")).status == 200
    async with asyncio.timeout(20):
        while True:
            async with connected(world, ASKS) as (reader, _):
                if not await is_turned_away(reader):
                    return


@pytest.mark.parametrize("path", ["/api/v1/session", "/api/v1/unlock", "/hooks/0123/x"])
async def test_a_stranger_who_is_slow_is_not_waited_for_and_who_is_known_is(hasty: World, path: str) -> None:
    token = (await hasty.token())["Authorization"]
    sending = "Host: localhost\nContent-Type: application/json\nContent-Length: 2\n"
    mine = f"POST /api/v1/invites HTTP/1.1\n{sending}Authorization: {token}\n\n"
    async with (
        connected(hasty, mine) as (reader, writer),
        connected(hasty, f"POST {path} HTTP/1.1\n{sending}\n") as (theirs, _),
    ):
        assert await theirs.read(12) == b"HTTP/1.1 408"
        writer.write(b"{}")
        assert await reader.read(12) == b"HTTP/1.1 200"


async def test_what_is_pushed_is_bounded_while_it_comes(world: World) -> None:
    large = f"POST /hooks/0123/x HTTP/1.1\nHost: localhost\nContent-Length: {2 * MAX_BYTES}\n\n"
    async with connected(world, large + "x" * (MAX_BYTES + 1)) as (reader, _):
        assert await reader.read(12) == b"HTTP/1.1 413"


async def test_what_is_no_http_fills_no_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        async with connected(world, "GET / HTTP/1.1\nHost: localhost\n<b>: \x01\n\n") as (reader, _):
            assert await reader.read(12) == b"HTTP/1.0 400"
    assert not [record for record in caplog.records if not record.name.startswith("asyncio")]
