"""Every rule of `protocol/spec/51-carry.md`, by name, and its bounds."""

from __future__ import annotations

from ..rules import Rule

MAGIC = b"swarmnode bundle"
VERSION = 1
ID_SIZE, TAG_SIZE, CHECK_SIZE = 16, 16, 16

MAX_DATA = 33 * 1024
"""Bytes of one record's data: the largest envelope has 32 KiB."""

MAX_BUNDLE = 1 << 30
"""Bytes of one bundle."""

MAX_PAIRS = 1024
"""Pairs whose tags are looked for: 300 contacts with three nodes each are 900."""

WEEKS = 13
"""Weeks before and after our own in which a tag is known: a file may lie for a quarter of a year."""

MAX_ACKED = 512
"""Envelopes that one acknowledgement names: it fits in the largest envelope."""

MAX_CODE = 4296
"""Characters of the largest QR code, in the mode for capitals and digits (ISO/IEC 18004, version 40-L)."""


def _rule(rule_id: str, section: str, text: str) -> Rule:
    return Rule(rule_id, "51", section, text)


BUNDLE_MAGIC = _rule("bundle-magic", "1", "a bundle starts with the words `swarmnode bundle`")
BUNDLE_VERSION = _rule("bundle-version", "1", "the version of a bundle is known")
BUNDLE_RECORD_SIZE = _rule("bundle-record", "1", f"a record has at most {MAX_DATA} bytes of data")
BUNDLE_CHECK = _rule("bundle-check", "1", "each record has the check of all that is before its check")
BUNDLE_COMPLETE = _rule("bundle-complete", "1", "a bundle has its last record, within 1 GiB")
BUNDLE_END = _rule("bundle-end", "1", "the last record counts the others, and nothing follows it")
ACK_HASHES = _rule(
    "ack-hashes", "3", f"an acknowledgement names 1 to {MAX_ACKED} envelopes, in rising order, each once"
)
CODE_TEXT = _rule("code-text", "4", "a code is `SWARM:1C/` and the Base45 of one record")
