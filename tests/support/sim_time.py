"""The simulator's time: one heap of what is to happen, dice from one seed, and a trace of what did.

Nothing here waits. `run` takes the next thing from the heap, sets the time to its moment and lets it happen;
days without events pass at once. Whatever is random asks for dice or entropy by a name of its own, so that a
part that rolls more often does not change the luck of another.
"""

from __future__ import annotations

import hashlib
import heapq
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from swarm_protocol.testing import SeededEntropy

START = 1_800_000_000
"""What clocks that are right show at time 0, in Unix seconds."""

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


@dataclass(slots=True)
class Timer:
    """Something that is to happen."""

    what: Callable[[], None] | None

    def cancel(self) -> None:
        """Let it not happen."""
        self.what = None


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that happened; `data` is a frame, shown by name when the line is printed."""

    at: float
    who: str
    what: str
    data: bytes | None

    def text(self, explain: Callable[[bytes], str]) -> str:
        day, rest = divmod(self.at, DAY)
        hour, rest = divmod(rest, HOUR)
        minute, second = divmod(rest, MINUTE)
        moment = f"{day:.0f}d {hour:02.0f}:{minute:02.0f}:{second:06.3f}"
        return f"{moment:>18}  {self.who:<8} {self.what}" + (f" {explain(self.data)}" if self.data else "")


class Simulation:
    """Virtual time in seconds from 0, and all luck. `keep` lines of the trace stay, or all of them."""

    def __init__(self, seed: int, *, keep: int | None = 300) -> None:
        self.seed, self.now = seed, 0.0
        self.lines: deque[Line] = deque(maxlen=keep)
        self.happened = 0
        self._heap: list[tuple[float, int, Timer]] = []
        self._numbers = 0
        self._digest = hashlib.sha256()

    def at(self, when: float, what: Callable[[], None]) -> Timer:
        """Let something happen at a time; what is due at the same time happens in the order of asking."""
        self._numbers += 1
        timer = Timer(what)
        heapq.heappush(self._heap, (max(when, self.now), self._numbers, timer))
        return timer

    def after(self, delay: float, what: Callable[[], None]) -> Timer:
        """Let something happen after so many seconds."""
        return self.at(self.now + delay, what)

    def run(self, until: float, *, done: Callable[[], bool] | None = None) -> bool:
        """Let time pass until a moment, or until `done` holds after something happened; whether it did."""
        while self._heap and self._heap[0][0] <= until:
            when, _, timer = heapq.heappop(self._heap)
            if timer.what is None:
                continue
            self.now = when
            self.happened += 1
            timer.what()
            if done is not None and done():
                return True
        self.now = max(self.now, until)
        return False

    def dice(self, name: str) -> random.Random:
        """Luck of its own for whoever has this name."""
        return random.Random(f"{self.seed} {name}")

    def entropy(self, name: str) -> SeededEntropy:
        """Random bytes of its own for whoever has this name."""
        return SeededEntropy(f"{self.seed} {name}")

    def note(self, who: str, what: str, data: bytes | None = None) -> None:
        """Write a line of the trace. Of data only the length counts for the digest: ciphertexts may vary."""
        self.lines.append(Line(self.now, who, what, data))
        size = -1 if data is None else len(data)
        self._digest.update(f"{self.now:.9f} {who} {what} {size}\n".encode())

    @property
    def digest(self) -> str:
        """A hash of all lines so far: two runs that agree in it were the same."""
        return self._digest.hexdigest()
