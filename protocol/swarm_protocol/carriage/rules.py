"""Every rule of `protocol/spec/53-carriage.md`, by name, and its bounds."""

from __future__ import annotations

from ..rules import Rule

VERSION = 1
NAME_SIZE, CHECK_SIZE = 8, 4
HEADER = 4 + NAME_SIZE + CHECK_SIZE
"""Bytes of a fragment in front of what it carries."""

LEAST = 64
"""Bytes that a message of a network has to carry at least: with fewer, headers are most of what is sent."""

MAX_FRAGMENTS = 40
"""Messages of a network for one thing: more are noise in somebody's chat, so it waits for another way."""

MAX_WHOLE = 320 * 1024
"""Bytes of one thing: a request with a sigchain at its bounds (spec 40)."""

MAX_WAITING = 16
"""Unfinished things of one sender in one conversation; beyond that the oldest one is dropped."""

MAX_BYTES = 512 * 1024
"""Bytes of them together, likewise."""

WAIT_S = 7 * 86_400
"""So long an unfinished thing is kept: mails come late, and what was lost comes again within hours."""

MAX_OFFER = 2048
"""Bytes of an offer: its key has 1216."""


def _rule(rule_id: str, section: str, text: str) -> Rule:
    return Rule(rule_id, "53", section, text)


FRAGMENT_VERSION = _rule("fragment-version", "1", "the version and the class of a fragment are known")
FRAGMENT_SIZE = _rule("fragment-size", "1", "a fragment has its header, and something behind it")
FRAGMENT_COUNT = _rule(
    "fragment-count", "1", f"a thing has 1 to {MAX_FRAGMENTS} fragments, numbered from 0, below their count"
)
FRAGMENT_CHECK = _rule("fragment-check", "1", "a fragment has the check of what it says")
FRAGMENT_NAME = _rule("fragment-name", "2", "fragments are named by the hash of what they make together")
OFFER_KEY = _rule("offer-key", "3", "the key of an offer is an X-Wing key")
