"""What two people compare to know that nobody stands between them (spec 40 §6).

The material is exported from the group's first epoch. It is shown whole: with a short form, who is in between
could try keys until both sides show the same, for nothing is committed to before.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from ..errors import RemoteProtocolError, UsageError
from ..identity.keys import PersonaId
from . import rules
from .text import LinkKind, format_link, parse_link

WORDS = 8
LIST_SIZE = 2048
GROUPS = 6
_BITS = 11


def safety_words(material: bytes, wordlist: Sequence[str]) -> tuple[str, ...]:
    """Eight words, shown in four pairs: the first 88 bits of the material (32 bytes).

    `wordlist` has 2,048 words, of BIP-39; the languages of two people may differ, then they compare digits.

    Raises:
        UsageError: material or list have another length.
    """
    _check(material)
    if len(wordlist) != LIST_SIZE:
        raise UsageError(f"a word list has {LIST_SIZE} words")
    bits = int.from_bytes(material[: WORDS * _BITS // 8], "big")
    return tuple(wordlist[bits >> _BITS * (WORDS - 1 - i) & LIST_SIZE - 1] for i in range(WORDS))


def safety_digits(material: bytes) -> tuple[str, ...]:
    """Six groups of five digits, 99 bits, of the second half of the material (32 bytes).

    Raises:
        UsageError: material of another length.
    """
    _check(material)
    number = int.from_bytes(material[16:], "big") % 10 ** (5 * GROUPS)
    text = f"{number:0{5 * GROUPS}}"
    return tuple(text[at : at + 5] for at in range(0, len(text), 5))


def _check(material: bytes) -> None:
    if len(material) != 32:
        raise UsageError("safety material has 32 bytes")


class QrOutcome(Enum):
    """What the other one's screen says."""

    MATCH = "match"
    OTHER_PERSON = "other-person"
    """A code, but not of these two: it is somebody else, or somebody stands in between."""
    OTHER_MEETING = "other-meeting"
    """Of these two, but they met another time too: show the code of the same conversation."""
    NOT_A_CODE = "not-a-code"


def safety_qr(one: PersonaId, other: PersonaId, transcript: bytes) -> str:
    """What both show as a QR code: the same text on either screen."""
    return format_link(LinkKind.SAFETY, {1: b"".join(sorted((one, other))), 2: transcript})


def check_qr(text: str, one: PersonaId, other: PersonaId, transcript: bytes) -> QrOutcome:
    """What a scanned text says of us two."""
    try:
        _, r = parse_link(text, LinkKind.SAFETY)
        personas, met = r.octets(1, size=64), r.octets(2, size=rules.KEY_SIZE)
    except RemoteProtocolError:
        return QrOutcome.NOT_A_CODE
    if personas != b"".join(sorted((one, other))):
        return QrOutcome.OTHER_PERSON
    return QrOutcome.MATCH if met == transcript else QrOutcome.OTHER_MEETING
