"""News for screens, told after the commit and kept in memory: a screen that missed some starts anew."""

from __future__ import annotations

from .step import Step, Told


def tell(step: Step, kind: str, /, **data: str | int | bool) -> None:
    """Tell screens that something happened: an event of `domain.events`, with ids and states, no text."""
    step.do(Told(0, kind, data))
