"""The thread beside an event loop: one thing after another, each to its end."""

from __future__ import annotations

import asyncio
import threading

import pytest

from swarmnode.delivery.worker import Worker


async def test_things_are_done_in_order_in_one_other_thread() -> None:
    done: list[tuple[int, int]] = []
    with Worker("a worker") as worker:
        async with asyncio.TaskGroup() as tasks:
            for number in range(50):
                tasks.create_task(worker.run(lambda n: done.append((n, threading.get_ident())), number))
    assert [number for number, _ in done] == list(range(50))
    assert {thread for _, thread in done}.isdisjoint({threading.get_ident()})
    assert len({thread for _, thread in done}) == 1


async def test_what_a_function_raises_comes_to_whoever_asked() -> None:
    with Worker("a worker") as worker:
        with pytest.raises(ZeroDivisionError):
            await worker.run(lambda: 1 / 0)
        assert await worker.run(lambda: "still there") == "still there"


async def test_whoever_is_cancelled_leaves_when_the_thread_is_through() -> None:
    begun, may_end, ended = threading.Event(), threading.Event(), list[str]()

    def slow() -> None:
        begun.set()
        may_end.wait(30)
        ended.append("slow")

    with Worker("a worker") as worker:
        task = asyncio.ensure_future(worker.run(slow))  # noqa: TID251 - it is cancelled and waited for below
        await asyncio.to_thread(begun.wait, 30)
        for _ in range(2):
            task.cancel()
            await asyncio.sleep(0.05)
            assert not task.done()
        may_end.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended == ["slow"]
