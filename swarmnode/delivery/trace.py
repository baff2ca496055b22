"""What passes between a node's logic and the world, for who looks: names and sizes, never what is in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from ..services.step import Effect, Input, Told

WAITING = 1000
"""Lines that wait for one who looks; those after them are left out."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a trace, and the peers that it is about, by id."""

    about: str
    text: str


LAST_LINE = Line("", "")
"""When the store is closed."""


class Trace:
    """Costs nothing while nobody looks: see `followed`."""

    def __init__(self) -> None:
        self._readers: set[asyncio.Queue[Line]] = set()

    @property
    def followed(self) -> bool:
        """Whether somebody looks."""
        return bool(self._readers)

    @asynccontextmanager
    async def lines(self) -> AsyncIterator[asyncio.Queue[Line]]:
        """Inputs and effects from now on."""
        queue: asyncio.Queue[Line] = asyncio.Queue(WAITING)
        self._readers.add(queue)
        try:
            yield queue
        finally:
            self._readers.discard(queue)

    def end(self) -> None:
        """Nothing is noted any more; each reader is told so."""
        for queue in self._readers:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(LAST_LINE)

    def note(self, what: Input | Effect, tick: float) -> None:
        """It happened at this tick."""
        link = getattr(what, "link", None)
        size = len(getattr(what, "data", b"") or b"")
        told = what.type if isinstance(what, Told) else ""
        text = f"{tick:.3f} {type(what).__name__}{f' link {link}' if link else ''}"
        line = Line("", f"{text} {told or (f'{size} bytes' if size else '')}".strip())
        for queue in self._readers:
            if not queue.full():
                queue.put_nowait(line)
