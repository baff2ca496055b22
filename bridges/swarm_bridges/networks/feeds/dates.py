"""Dates of feeds, which are written in many ways and often not true."""

from __future__ import annotations

import email.utils
from datetime import UTC, datetime

DAY_S = 86_400.0
FIRST = 631_152_000.0
"""1990: there were no feeds before, so an earlier date is a default or a mistake."""


def read(text: str) -> float | None:
    """Unix seconds of a date of RFC 822 or 3339, or nearly so; None where it is none. Bare ones are UTC."""
    text = " ".join(text.split())[:80]
    for attempt in (datetime.fromisoformat, email.utils.parsedate_to_datetime):
        try:
            found = attempt(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def believed(claimed: float | None, now: float) -> float | None:
    """A date if it can be true: neither before there were feeds nor later than tomorrow."""
    return claimed if claimed is not None and FIRST <= claimed <= now + DAY_S else None
