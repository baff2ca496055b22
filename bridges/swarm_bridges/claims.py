"""Claims in texts of people: `swarm:1:` and 32 bytes as base64url, which say that an account is a persona's.

A bridge finds them where its network has them and hands them over; what they mean only nodes know.
"""

from __future__ import annotations

import re

MAX_CLAIMS = 16
"""Of one account."""
_CLAIM = re.compile(r"(?<![\w:-])swarm:1:[A-Za-z0-9_-]{43}(?![\w-])", re.ASCII)


def texts_in(text: str) -> tuple[str, ...]:
    """The claims in a text, each once, in order, no more than MAX_CLAIMS."""
    found = dict[str, None]()
    for match in _CLAIM.finditer(text):
        found[match.group()] = None
        if len(found) == MAX_CLAIMS:
            break
    return tuple(found)
