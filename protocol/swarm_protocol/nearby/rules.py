"""Every rule of `protocol/spec/52-nearby.md`, by name, and its bounds."""

from __future__ import annotations

from ..rules import Rule

HOUR = 3600
HOURS = 24
"""Hours that two clocks may differ."""

BEACON_SIZE = 8
COUNTS = (8, 16, 32, 64)
"""Numbers of beacons: how many contacts somebody has is told in four steps."""

BEACONS_PER_TEXT = 31
"""Beacons in one text of DNS, which has 255 bytes (RFC 6763 §6.1)."""

MAX_KNOCKS = 64
"""Calls of one node within an hour."""

WINDOW = 64
"""Envelopes under way in one direction: 2 MiB of the largest."""


def _rule(rule_id: str, section: str, text: str) -> Rule:
    return Rule(rule_id, "52", section, text)


BEACON_TEXTS = _rule("beacon-texts", "1", "texts have version 1, and 8, 16, 32 or 64 beacons in as few as do")
DIRECT_TYPE = _rule("direct-type", "3", "the type of a direct frame is known")
DIRECT_BUCKET = _rule("direct-bucket", "3", "an envelope has one of its four sizes")
DIRECT_ONCE = _rule("direct-once", "3", "an envelope that waits for an answer is not sent again")
DIRECT_WINDOW = _rule("direct-window", "3", f"at most {WINDOW} envelopes wait for an answer")
DIRECT_ANSWER = _rule(
    "direct-answer", "3", "stored and busy name envelopes that were sent and wait, in rising order, each once"
)
