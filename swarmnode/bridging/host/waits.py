"""How long something that failed rests before it is tried again, and when it rests for good."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

FIRST_S, LONGEST_S = 1.0, 300.0
CRASHES = 5
WITHIN_S = 600.0
"""So many crashes within so many seconds, and nothing is tried any more before somebody has looked."""
WELL_S = 300.0
"""What ran for so long begins with short waits again."""


@dataclass(slots=True)
class Waits:
    """Of one thing. Ticks are monotonic seconds; `random` gives 0 to 1."""

    random: Callable[[], float] = field(repr=False)
    failures: int = 0
    crashes: deque[float] = field(default_factory=lambda: deque(maxlen=CRASHES))

    def crashed(self, tick: float) -> bool:
        """Note a crash; whether it was one too many."""
        self.crashes.append(tick)
        return len(self.crashes) == CRASHES and tick - self.crashes[0] <= WITHIN_S

    def next_s(self, ran_s: float) -> float:
        """Seconds to wait after something ran for `ran_s`: twice as long as before, half of it by dice."""
        self.failures = 1 if ran_s >= WELL_S else self.failures + 1
        most = min(FIRST_S * (1 << min(self.failures - 1, 10)), LONGEST_S)
        return most * (0.5 + self.random() / 2)

    def forget(self) -> None:
        """Somebody has looked."""
        self.failures = 0
        self.crashes.clear()


async def rest(seconds: float | None, event: asyncio.Event) -> None:
    """Wait for so long (None: for ever), or until the event."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        pass
