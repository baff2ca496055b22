"""When a feed is asked again; pure. Times are Unix seconds.

Two times count. At `due` it is asked in any case. From `soonest` on it is asked too when the owner looks:
that respects what the server and the feed want, and leaves five minutes in any case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from .dates import DAY_S
from .dates import read as date
from .model import Feed

LEAST_S = 300.0
LONGEST_S = 7 * DAY_S
"""Whoever wants to be asked less often than this is asked once a week."""
PUSHED_S = DAY_S
"""How often a feed is asked whose hub tells what is new: hubs forget."""
_MAX_AGE = re.compile(r"(?:^|[\s,])max-age\s*=\s*\"?(\d{1,10})", re.IGNORECASE)


def after_answer(
    now: float, every_s: float, headers: Mapping[str, str], feed: Feed | None, *, pushed: bool, spread: float
) -> tuple[float, float]:
    """`soonest` and `due` after an answer; `feed` is what it brought or what is known.

    Args:
        now: the present.
        every_s: what the owner wants.
        headers: the answer's, names in lower case.
        feed: for `every_s` and the hours and days to skip.
        pushed: whether a hub tells what is new.
        spread: 0 to 1, so that not all feeds are asked at once.
    """
    floor_s = max(_max_age(now, headers), (feed.every_s if feed else None) or 0.0)
    floor_s = min(floor_s, LONGEST_S)
    soonest = now + max(min(every_s, LEAST_S), floor_s)
    wait_s = max(every_s, floor_s, PUSHED_S if pushed else 0.0)
    due = now + wait_s + min(wait_s / 10, 600.0) * spread
    if feed is None:
        return soonest, due
    return _allowed(soonest, feed), _allowed(due, feed)


def after_failure(now: float, every_s: float, failures: int, wait_s: float | None) -> tuple[float, float]:
    """The same after `failures` in a row; `wait_s` is what the server asked for."""
    if wait_s is not None:
        at = now + min(max(wait_s, 0.0), LONGEST_S)
        return at, at
    least_s = min(every_s, LEAST_S)
    return now + least_s, now + min(least_s * 2.0 ** min(failures - 1, 20), DAY_S)


def _max_age(now: float, headers: Mapping[str, str]) -> float:
    """How long an answer is fresh (RFC 9111 §4.2.1), less how old it was when it came."""
    control = headers.get("cache-control", "")
    if "no-cache" in control.lower() or "no-store" in control.lower():
        return 0.0
    if found := _MAX_AGE.search(control):
        age = headers.get("age", "")
        return max(0.0, float(found[1]) - (float(age) if age.isdecimal() and len(age) < 10 else 0.0))
    expires = date(headers.get("expires", ""))
    made = date(headers.get("date", "")) or now
    return max(0.0, expires - made) if expires is not None else 0.0


def _allowed(at: float, feed: Feed) -> float:
    """The first time from `at` on that the feed does not want skipped; `at` if it wants all skipped."""
    for hours in range(8 * 24):
        later = at if not hours else (at // 3600 + hours) * 3600
        when = datetime.fromtimestamp(later, UTC)
        if when.hour not in feed.skip_hours and when.weekday() not in feed.skip_days:
            return later
    return at
