"""Live events: resumed without loss, kept alive, ended with the node."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientResponse
from api_world import World

from swarmnode.api.route import Streamed
from swarmnode.api.streams import pump
from swarmnode.errors import Locked


@asynccontextmanager
async def listening(world: World, path: str = "/events", **headers: str) -> AsyncIterator[ClientResponse]:
    async with world.unix.get(f"http://localhost/api/v1{path}", headers=headers) as response:
        assert await response.content.readuntil(b"\n\n") == b": here\n\n"
        yield response


async def line(response: ClientResponse) -> dict[str, str]:
    text = (await response.content.readuntil(b"\n\n")).decode()
    return dict(part.split(": ", 1) for part in text.strip().splitlines())


async def test_what_happens_is_told_in_order(world: World) -> None:
    async with listening(world) as response:
        await world.node.happen("message.new", chat="c", message="m")
        await world.node.happen("chat.changed", chat="c")
        assert await line(response) == {
            "id": "1", "event": "message.new", "data": '{"chat":"c","message":"m"}',
        }  # fmt: skip
        assert (await line(response))["id"] == "2"


@pytest.mark.parametrize(
    ("path", "header"), [("/events", "2"), ("/events?after=2", ""), ("/events?after=1", "2")]
)
async def test_a_listener_goes_on_where_it_was(world: World, path: str, header: str) -> None:
    for number in range(5):
        await world.node.happen("message.new", n=number)
    async with listening(world, path, **({"Last-Event-ID": header} if header else {})) as response:
        assert [(await line(response))["id"] for _ in range(3)] == ["3", "4", "5"]


async def test_without_a_place_only_what_is_new_is_told(world: World) -> None:
    await world.node.happen("message.new")
    async with listening(world, **{"Last-Event-ID": "nonsense"}) as response:
        await world.node.happen("chat.changed")
        assert (await line(response))["event"] == "chat.changed"


async def test_who_was_away_too_long_is_told_to_look_anew(world: World) -> None:
    world.node.first_event = 100
    await world.node.happen("message.new")
    async with listening(world, **{"Last-Event-ID": "5"}) as response:
        assert (await line(response))["event"] == "resync"
        await world.node.happen("message.new")
        assert (await line(response))["id"] == "101"


async def test_an_error_is_the_last_line(world: World) -> None:
    world.node.fail = Locked("closed")
    async with listening(world) as response:
        told = await line(response)
        assert (told["event"], '"code":"locked"' in told["data"]) == ("problem", True)
        assert await response.content.read() == b""


async def test_a_trace_ends(world: World) -> None:
    async with listening(world, "/trace?peer=x") as response:
        assert (await line(response))["data"] == '"-> SEND #0"'
        assert (await line(response))["event"] == "line"
        assert await response.content.read() == b""


@pytest.mark.parametrize("by", ["the owner", "itself"])
async def test_who_is_revoked_hears_no_more(world: World, by: str) -> None:
    header, other = await world.token("read"), await world.token("read")
    device = (await world.ask("GET", "/session", headers=header)).json["device"]
    url = f"{world.served.url}/api/v1/events"
    async with world.tcp.get(url, headers=header) as response, world.tcp.get(url, headers=other) as stays:
        if by == "itself":
            await world.ask("DELETE", "/session", headers=header)
        else:
            await world.own("DELETE", f"/devices/{device}")
        assert await response.content.read() == b": here\n\n"
        await world.node.happen("message.new")
        assert b"message.new" in await stays.content.readuntil(b"}\n\n")


async def test_many_listen_and_leave(world: World) -> None:
    for _ in range(20):
        async with listening(world):
            pass
    async with listening(world) as response:
        await world.node.happen("message.new")
        assert (await line(response))["id"] == "1"


async def test_a_quiet_line_is_kept_and_its_source_not_disturbed() -> None:
    go, written = asyncio.Event(), []

    async def source() -> AsyncIterator[Streamed]:
        await go.wait()
        yield Streamed("late", b"{}", 7)

    async def write(data: bytes) -> None:
        written.append(data)
        if len(written) == 3:
            go.set()

    await pump(source(), write, asyncio.Event(), keep_s=0.01)
    assert written[:3] == [b": keep\n\n"] * 3
    assert written[-1] == b"id: 7\nevent: late\ndata: {}\n\n"


async def test_the_stream_ends_when_the_node_stops() -> None:
    stopping = asyncio.Event()

    async def source() -> AsyncIterator[Streamed]:
        await asyncio.Event().wait()
        yield Streamed("never", b"{}")

    async def write(_: bytes) -> None:
        stopping.set()

    async with asyncio.timeout(30):
        await pump(source(), write, stopping, keep_s=0.01)
