"""How much one node may ask of another (spec 50 §4). Time is a tick in seconds that only rises."""

from __future__ import annotations

from dataclasses import dataclass

from . import rules


@dataclass(frozen=True, slots=True)
class Allowance:
    """Haves that ask and requests of one node: how many were answered in the hour that began at `since`."""

    since: float = float("-inf")
    answers: int = 0

    def take(self, tick: float, within_s: float = rules.APART_S) -> tuple[Allowance, bool]:
        """Whether one more is answered now; it counts then."""
        now = self if tick < self.since + within_s else Allowance(tick)
        if now.answers >= rules.MAX_ANSWERS:
            return now, False
        return Allowance(now.since, now.answers + 1), True
