"""The moment, for all that waits."""

from __future__ import annotations

import time

from ..domain.time import Instant


def clock() -> Instant:
    """Now, by both clocks."""
    return Instant(int(time.time()), time.monotonic())
