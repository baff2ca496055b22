"""Who is let in: a model counts along."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
import uvloop

from swarmnode.delivery.relay_door import Door, DoorLimits, cut, source_of


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_source_has_its_own_count_and_there_is_one_for_all() -> None:
    door = Door(DoorLimits(total=5, per_source=2, per_minute=100), Clock())
    assert [door.enter("9.9.9.1") for _ in range(3)] == [True, True, False]
    assert [door.enter("9.9.9.2") for _ in range(2)] == [True, True]
    assert [door.enter("9.9.9.3") for _ in range(2)] == [True, False]
    door.leave("9.9.9.1")
    assert not door.enter("9.9.9.2")
    assert door.enter("9.9.9.1")
    assert (door.inside, door.turned_away) == (5, 3)


def test_a_source_comes_so_often_in_a_minute() -> None:
    clock = Clock()
    door = Door(DoorLimits(per_minute=6), clock)

    def come(times: int) -> int:
        entered = 0
        for _ in range(times):
            if door.enter("2001:db8::1"):
                entered += 1
                door.leave("2001:db8::1")
        return entered

    assert come(20) == 6
    clock.now += 10
    assert come(20) == 1
    clock.now += 600
    assert come(20) == 6


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_counts_only_in_all(address: str) -> None:
    door = Door(DoorLimits(total=100, per_source=1, per_minute=1), Clock())
    assert sum(door.enter(address) for _ in range(101)) == 100
    for _ in range(100):
        door.leave(address)
    assert door.inside == 0


def test_what_is_one_source() -> None:
    assert source_of("2001:db8::1") == source_of("2001:db8::ffff") != source_of("2001:db8:0:1::1")
    assert source_of("::ffff:9.9.9.9") == source_of("9.9.9.9") != source_of("9.9.9.8")
    assert source_of("fe80::1%eth0") == source_of("fe80::2")


def test_sources_that_left_are_forgotten() -> None:
    clock = Clock()
    door = Door(DoorLimits(total=10), clock)
    for number in range(200):
        clock.now += 10
        address = f"9.9.{number}.1"
        assert door.enter(address)
        door.leave(address)
    assert len(door._guests) <= 21


@pytest.mark.parametrize("make", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_a_connection_is_cut_whatever_loop_runs(make: Callable[[], asyncio.AbstractEventLoop]) -> None:
    class Cut(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            cut(transport)

    async def is_cut() -> bool:
        server = await asyncio.get_running_loop().create_server(Cut, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            async with asyncio.timeout(5):
                return await reader.read(1) == b""
        except ConnectionError:
            return True
        finally:
            writer.close()
            server.close()

    with asyncio.Runner(loop_factory=make) as runner:
        assert runner.run(is_cut())
