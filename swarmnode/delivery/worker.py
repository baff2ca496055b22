"""A thread that does one thing after another for an event loop.

What `ThreadPoolExecutor` does for many threads, and for callers in any of them, takes longer; and a message
goes to a thread and back six times on its way.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Self, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Order:
    run: Callable[..., Any]
    values: tuple[object, ...]
    done: asyncio.Future[Any]


class Worker:
    """A thread that lasts as long as the block; at its end what was asked for is done first."""

    def __init__(self, name: str) -> None:
        self._orders: SimpleQueue[_Order | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._work, name=name)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._orders.put(None)
        self._thread.join()

    async def run(self, function: Callable[..., T], *values: object) -> T:
        """Run a function in the thread, to its end even if this task is cancelled meanwhile, or twice."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._orders.put(_Order(function, values, done))
        try:
            return await asyncio.shield(done)
        except asyncio.CancelledError:
            while not done.done():
                with suppress(asyncio.CancelledError):
                    await asyncio.wait((done,))
            done.result()
            raise

    def _work(self) -> None:
        while (order := self._orders.get()) is not None:
            _carry_out(order)
            del order  # and with it what it was about, while the next is waited for


def _carry_out(order: _Order) -> None:
    try:
        result = order.run(*order.values)
    except BaseException as e:  # noqa: BLE001 - whoever waits gets it
        _tell(order, order.done.set_exception, e)
    else:
        _tell(order, order.done.set_result, result)


def _tell(order: _Order, settle: Callable[[Any], None], what: object) -> None:
    with suppress(RuntimeError):  # the loop is closed: nobody waits any more
        order.done.get_loop().call_soon_threadsafe(settle, what)
