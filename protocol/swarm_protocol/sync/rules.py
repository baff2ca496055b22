"""Every rule of `protocol/spec/50-sync.md`, by name, and its bounds."""

from __future__ import annotations

from ..rules import Rule

MAX_AUTHORS = 256
"""Authors of one have. A larger conversation says what it has in several."""

MAX_HELD = 8
"""Ranges behind a gap that a have names for each author. Of what it leaves out, a copy too many may come."""

MAX_IDS = 256
"""Messages that one request asks for."""

WINDOW = 64
"""Copies under way to one node at once: the rest of a request waits until these are stored."""

GRACE_S = 60
"""Seconds that a gap may close by itself: the other of two relays, a part, may be late."""

IDLE_S = 6 * 3600
"""Seconds after which a node is asked though nothing seems to be missing: the last message may be."""

APART_S = 3600
"""Seconds between two haves of ours to one node, at least."""

MAX_ANSWERS = 64
"""Haves that ask and requests of one node that are answered in an hour: 16,384 messages at most."""


def _rule(rule_id: str, section: str, text: str) -> Rule:
    return Rule(rule_id, "50", section, text)


HAVE_AUTHORS = _rule("have-authors", "1", "the authors of a have are in rising order, each once")
HAVE_HEAD = _rule("have-head", "1", "a chain has a head if it goes beyond its start, and only then")
HAVE_RANGES = _rule(
    "have-ranges", "1", "ranges are in rising order behind the gap after the head, and none touches the next"
)
REQUEST_ORDER = _rule(
    "request-order", "2", "authors and ranges of a request are in rising order, and no range touches the next"
)
REQUEST_SIZE = _rule(
    "request-size", "2", f"a request asks each author for something, and for {MAX_IDS} things in all at most"
)
COPY_ONE = _rule("copy-one", "3", "a copy holds one thing: a message, a link or evidence")
