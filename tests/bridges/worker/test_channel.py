"""Two ends of a channel over a socket pair: answers, errors, giving up, and an other side that is gone."""

from __future__ import annotations

import asyncio
import math
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from swarm_bridges import api, channel, wire
from swarm_bridges.api import AccountId, Cursor
from swarm_bridges.channel import Asked, Channel, Serve

ACCOUNT = AccountId("a1")


async def _nothing(asked: Asked) -> None:
    raise api.NotSupported(asked.verb)


@asynccontextmanager
async def pair(
    node: Serve = _nothing,
    process: Serve = _nothing,
    heard: list[wire.Frame] | None = None,
    *,
    largest: int = wire.MAX_FRAME,
    most_held: float = math.inf,
) -> AsyncIterator[tuple[Channel, Channel]]:
    """A node's end and a process's end, both running."""
    ends = socket.socketpair()
    streams = [await asyncio.open_unix_connection(sock=end) for end in ends]
    notes = heard if heard is not None else []
    one = Channel(
        *streams[0],
        asks=wire.CALLER,
        serves=wire.DESK,
        serve=node,
        heard=notes.append,
        writes=largest,
        most_held=most_held,
    )
    two = Channel(*streams[1], asks=wire.DESK, serves=wire.CALLER, serve=process, writes=largest)
    async with asyncio.TaskGroup() as tasks:
        runs = [tasks.create_task(end.run()) for end in (one, two)]
        try:
            yield one, two
        finally:
            for run in runs:
                run.cancel()


async def test_both_sides_ask_at_once() -> None:
    async def node(asked: Asked) -> Cursor:
        return Cursor(f"{asked.verb} {asked.account}".encode())

    async def process(asked: Asked) -> api.Capabilities:
        return api.Capabilities(
            version=asked.arguments["conversation"].remote_id, levels={"text": api.Level.FULL}
        )

    async with pair(node, process) as (one, two), asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(two.ask("cursor", ACCOUNT))
        answered = await one.ask("capabilities", ACCOUNT, conversation=api.ConversationRef("7"))
        assert await asked == b"cursor a1"
        assert answered == api.Capabilities(version="7", levels={"text": api.Level.FULL})


async def test_answers_come_in_any_order() -> None:
    gates = {name: asyncio.Event() for name in "ab"}

    async def node(asked: Asked) -> bytes:
        await gates[asked.arguments["name"]].wait()
        return str(asked.arguments["name"]).encode()

    async with pair(node) as (_, two), asyncio.TaskGroup() as tasks:
        first = tasks.create_task(two.ask("kv_get", ACCOUNT, name="a"))
        second = tasks.create_task(two.ask("kv_get", ACCOUNT, name="b"))
        gates["b"].set()
        assert await second == b"b"
        assert not first.done()
        gates["a"].set()
        assert await first == b"a"


async def test_what_is_raised_there_is_raised_here() -> None:
    async def node(asked: Asked) -> None:
        raise api.Limited("later", wait_s=3) if asked.verb == "cursor" else ValueError("hunter2")

    async with pair(node) as (_, two):
        with pytest.raises(api.Limited) as limited:
            await two.ask("cursor", ACCOUNT)
        assert limited.value.wait_s == 3
        with pytest.raises(api.BridgeError) as other:
            await two.ask("kv_get", ACCOUNT, name="n")
        assert "hunter2" not in str(other.value)


async def test_who_gives_up_has_the_work_cancelled() -> None:
    began, ended = asyncio.Event(), asyncio.Event()

    async def process(_: Asked) -> None:
        began.set()
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.set()

    async with pair(process=process) as (one, _), asyncio.TaskGroup() as tasks:
        asked = tasks.create_task(one.ask("ended", ACCOUNT))
        await began.wait()
        asked.cancel()
        async with asyncio.timeout(30):
            await ended.wait()


async def test_when_the_other_side_goes_what_was_asked_is_interrupted() -> None:
    async def never(_: Asked) -> None:
        two._writer.close()
        await asyncio.get_running_loop().create_future()

    async with pair(process=never) as (one, two):
        with pytest.raises(api.Interrupted):
            await one.ask("ended", ACCOUNT)
        with pytest.raises(api.Interrupted):
            await one.ask("ended", ACCOUNT)


async def test_notes_and_beats_are_heard_in_order() -> None:
    heard: list[wire.Frame] = []
    async with pair(heard=heard) as (one, two):
        two.tell(wire.Beat(0.5))
        two.tell(wire.Note(ACCOUNT, "info", "joined", {"rooms": 3}))
        with pytest.raises(api.NotSupported):
            await two.ask("cursor", ACCOUNT)
        assert heard == [wire.Beat(0.5), wire.Note(ACCOUNT, "info", "joined", {"rooms": 3})]
        assert one is not two


@asynccontextmanager
async def node_and_hand() -> AsyncIterator[tuple[asyncio.Task[str], asyncio.StreamWriter]]:
    """A node's end, and a hand that writes what it likes to it."""
    ours, theirs = socket.socketpair()

    async def slow(_: Asked) -> None:
        await asyncio.get_running_loop().create_future()

    own = Channel(
        *await asyncio.open_unix_connection(sock=ours), asks=wire.CALLER, serves=wire.DESK, serve=slow
    )
    _, writer = await asyncio.open_unix_connection(sock=theirs)
    async with asyncio.TaskGroup() as tasks:

        async def ends() -> str:
            with pytest.raises(wire.Broken) as broken:
                await own.run()
            return str(broken.value)

        yield tasks.create_task(ends()), writer
    writer.close()


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x01\xc1",
        wire.encode(wire.Ask(1, "invented", ACCOUNT, wire.raw({}))),
        wire.encode(wire.Ask(1, "kv_get", ACCOUNT, wire.raw({"name": 7}))),
        wire.encode(wire.Ask(1, "cursor", ACCOUNT, wire.raw({}))) * 2,
        b"".join(
            wire.encode(wire.Ask(n, "cursor", ACCOUNT, wire.raw({}))) for n in range(channel.MOST_SERVED + 1)
        ),
    ],
)
async def test_who_sends_what_it_must_not_is_not_heard_further(data: bytes) -> None:
    async with asyncio.timeout(30), node_and_hand() as (ends, writer):
        writer.write(data)
        await ends


async def test_an_answer_of_another_type_is_broken() -> None:
    ours, theirs = socket.socketpair()
    own = Channel(
        *await asyncio.open_unix_connection(sock=ours), asks=wire.CALLER, serves=wire.DESK, serve=_nothing
    )
    reader, writer = await asyncio.open_unix_connection(sock=theirs)
    async with asyncio.TaskGroup() as tasks:
        run = tasks.create_task(_raises_broken(own))
        asked = tasks.create_task(_is_interrupted(own))
        await reader.readexactly(4)
        writer.write(wire.encode(wire.Answer(1, wire.raw({"is": "nonsense"}))))
        await run
        await asked
    writer.close()


async def _raises_broken(own: Channel) -> None:
    with pytest.raises(wire.Broken):
        await own.run()


async def _is_interrupted(own: Channel) -> None:
    with pytest.raises(api.Interrupted):
        await own.ask("capabilities", ACCOUNT, conversation=None)


async def test_what_is_too_large_is_refused_and_the_channel_lives() -> None:
    async def node(asked: Asked) -> bytes:
        return b"x" * int(asked.arguments["name"])

    async with pair(node, largest=1000) as (_, two):
        with pytest.raises(api.Refused):
            await two.ask("kv_put", ACCOUNT, values={"n": b"x" * 2000})
        with pytest.raises(api.Refused):
            await two.ask("kv_get", ACCOUNT, name="2000")
        assert await two.ask("kv_get", ACCOUNT, name="3") == b"xxx"


async def test_what_is_given_up_at_once_is_not_counted_for_ever() -> None:
    """The node was busy: it finds that something was asked, and that nobody wants it any more."""
    given_up = [
        wire.encode(wire.Ask(n, "cursor", ACCOUNT, wire.raw({}))) + wire.encode(wire.Cancel(n))
        for n in range(channel.MOST_SERVED + 1)
    ]
    async with asyncio.timeout(30), node_and_hand() as (ends, writer):
        for ask_and_cancel in given_up:
            writer.write(ask_and_cancel)
            await asyncio.sleep(0)
        writer.write(b"\xff\xff\xff\xff")  # this, and nothing before, is what it must not send
        await ends
    assert ends.result() == "a frame is too long"


async def test_nothing_is_read_while_too_much_is_under_way() -> None:
    gate, first, began = asyncio.Event(), asyncio.Event(), list[str]()

    async def node(asked: Asked) -> None:
        began.append(asked.account)
        first.set()
        await gate.wait()

    async with pair(node, most_held=1000) as (_, two), asyncio.TaskGroup() as tasks:
        for account in ("a1", "a2", "a3"):
            wanted = {"n": b"x" * 1500}
            tasks.create_task(two.ask("kv_put", AccountId(account), values=wanted))
        async with asyncio.timeout(30):
            await first.wait()
            for _ in range(200):
                await asyncio.sleep(0)
        assert began == ["a1"]
        gate.set()
    assert began == ["a1", "a2", "a3"]


async def test_a_wait_that_is_no_time_is_none() -> None:
    for number in (float("nan"), float("inf"), -1.0):
        limited = wire.raised(wire.Failure(1, "Limited", wait_s=number))
        assert isinstance(limited, api.Limited)
        assert limited.wait_s is None
