"""Time as the node's logic sees it (ADR 0014)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment: `wall_s` Unix seconds for what is written and shown, `tick` monotonic seconds for timers.

    Ticks start anywhere and mean nothing after a restart.
    """

    wall_s: int
    tick: float
