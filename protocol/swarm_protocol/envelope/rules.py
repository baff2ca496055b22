"""Every rule of `protocol/spec/20-envelope.md`, by name, and its bounds.

What does not open has no rule: it raises `CannotOpen`, whatever the reason.
"""

from __future__ import annotations

from ..rules import Rule

VERSION = 1
"""The first byte of an envelope."""

KEY_SIZE, NONCE_SIZE, TAG_SIZE = 32, 24, 16
OVERHEAD = 1 + NONCE_SIZE + TAG_SIZE
"""Bytes of an envelope that are not padded frame: 41."""

MAX_FRAME = 32 * 1024 - OVERHEAD - 1
"""Bytes of a frame in the largest bucket: one goes to the mark of the padding."""

MIN_PARTS, MAX_PARTS = 2, 16
PART_SIZE = 32 * 1024 - 128
"""Bytes in each part but the last. Some 60 bytes stand around them, for which a bucket has room."""

MAX_WHOLE = MAX_PARTS * PART_SIZE
"""Bytes of a frame that travels in parts: 510 KiB."""

MAX_WAITING = 4 * MAX_PARTS
"""Parts of unfinished frames that one sender may have waiting, those that are still to come included: four
frames of full size, some 2 MiB."""

MAX_FINISHED = 256
"""Names of finished frames that are remembered for each sender: a late copy of a part starts nothing."""

WAIT_S = 7 * 86_400
"""Seconds that an unfinished frame waits for its missing parts."""

REMEMBER_S = 45 * 86_400
"""Seconds that the name of a finished frame is remembered: longer than any queue keeps an envelope."""


def _rule(rule_id: str, section: str, text: str) -> Rule:
    return Rule(rule_id, "20", section, text)


# Frames
FRAME_KIND = _rule("frame-kind", "3", "the kind of a frame is known")

# Parts
PART_COUNT = _rule("part-count", "4", f"a frame is split into {MIN_PARTS} to {MAX_PARTS} parts")
PART_INDEX = _rule("part-index", "4", "parts are numbered from 0, below their count")
PART_SIZE_RULE = _rule(
    "part-size", "4", f"each part but the last has {PART_SIZE} bytes, and the last at least one and no more"
)
PART_AGREES = _rule(
    "part-agrees", "4", "parts of one name agree in their count, and two for one place in their bytes"
)
PART_BUDGET = _rule(
    "part-budget", "4", f"a sender's unfinished frames have no more than {MAX_WAITING} parts together"
)
PART_NAME = _rule("part-name", "4", "parts are named by the hash of what they make together")
PART_WHOLE = _rule("part-whole", "4", "what parts make together is a frame of another kind, without link_seq")
