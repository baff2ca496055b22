"""What screens are told: numbered, kept for those who were away for a moment, passed on to who listens."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ..services.step import Told

KEPT = 10_000
ENDED = Told(0, "ended", {})
"""The last that a listener hears, when the store is closed: it has no number, and is nothing to pass on."""


class News:
    """Numbers rise over restarts too (`boot`), so that a screen of before is told to start anew."""

    def __init__(self, boot: int) -> None:
        self._last = boot << 32
        self._kept: deque[Told] = deque(maxlen=KEPT)
        self._listeners: set[asyncio.Queue[Told]] = set()

    @asynccontextmanager
    async def heard(self) -> AsyncIterator[asyncio.Queue[Told]]:
        """What happens from now on; who is 10,000 behind hears no more, and is told so by a `resync`."""
        queue: asyncio.Queue[Told] = asyncio.Queue(KEPT)
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    def end(self) -> None:
        """Nothing is told any more; each listener hears so."""
        for queue in self._listeners:
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(ENDED)

    def after(self, number: int) -> list[Told] | None:
        """What was told after a number, as far as it is kept; None where something in between is not."""
        first = self._kept[0].id if self._kept else self._last + 1
        if number + 1 < first or number > self._last:
            return None
        return [told for told in self._kept if told.id > number]

    def tell(self, told: Told) -> None:
        """Give it the next number, and pass it on."""
        self._last += 1
        numbered = Told(self._last, told.type, told.data)
        self._kept.append(numbered)
        for queue in self._listeners:
            room = queue.maxsize - queue.qsize()
            if room > 1:
                queue.put_nowait(numbered)
            elif room:
                queue.put_nowait(Told(self._last, "resync", {}))  # it is heard after all that finds no room
