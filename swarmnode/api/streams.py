"""Server-sent events: lines that come as long as somebody listens.

A comment every 15 s keeps proxies from closing the line, and tells us when nobody listens any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import msgspec

from ..domain.views import Event
from ..errors import NodeError
from .problems import as_json
from .route import Stream, Streamed

KEEP_S = 15.0
AHEAD = 64
"""Lines that are read before the listener has taken them; then the source waits."""


async def of_events(events: AsyncIterator[Event]) -> Stream:
    """The node's events as lines."""
    async for event in events:
        yield Streamed(event.type, msgspec.json.encode(event.data), event.id)


def encode(line: Streamed) -> bytes:
    """A line as it is sent. JSON holds no line breaks, and types are ours."""
    number = b"" if line.id is None else b"id: %d\n" % line.id
    return number + b"event: " + line.type.encode() + b"\ndata: " + line.data + b"\n\n"


async def pump(
    lines: Stream,
    write: Callable[[bytes], Coroutine[Any, Any, None]],
    *ends: asyncio.Event,
    keep_s: float = KEEP_S,
) -> None:
    """Write lines until they end, one of `ends` is set, or writing fails."""
    queue: asyncio.Queue[Streamed | None] = asyncio.Queue(AHEAD)

    async def read() -> None:
        try:
            async for line in lines:
                await queue.put(line)
        except NodeError as e:  # the answer has begun: what is wrong can only be its last line
            await queue.put(Streamed("problem", as_json(e)))
        await queue.put(None)

    async def stop(end: asyncio.Event) -> None:
        await end.wait()
        await queue.put(None)

    async with asyncio.TaskGroup() as tasks:
        # A wait inside the source must not be cancelled by our timer: that would end the source.
        helpers = [tasks.create_task(work) for work in (read(), *map(stop, ends))]
        try:
            while await _next(queue, write, keep_s):
                pass
        finally:
            for helper in helpers:
                helper.cancel()


async def _next(
    queue: asyncio.Queue[Streamed | None], write: Callable[[bytes], Coroutine[Any, Any, None]], keep_s: float
) -> bool:
    try:
        async with asyncio.timeout(keep_s):
            line = await queue.get()
    except TimeoutError:
        await write(b": keep\n\n")
        return True
    if line is not None:
        await write(encode(line))
    return line is not None
