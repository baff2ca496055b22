"""One record as text for a QR code (spec 51 §4).

Base45 (RFC 9285) writes two bytes as three characters of those that a QR code stores in 5.5 bits each, which
makes a smaller picture than Base64 does.
"""

from __future__ import annotations

from ..errors import LimitError
from . import rules
from .bundle import Record, read_one

PREFIX = "SWARM:1C/"
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = {character: value for value, character in enumerate(_ALPHABET)}


def to_text(record: Record) -> str:
    """The record as text; an envelope of up to 2 KiB fits.

    Raises:
        LimitError: too large for one code.
    """
    text = PREFIX + _encode(record.encode())
    if len(text) > rules.MAX_CODE:
        raise LimitError(f"a code of {len(text)} characters; {rules.MAX_CODE} fit")
    return text


def from_text(text: str) -> Record:
    """The record that a text is. What folds lines on the way does no harm.

    Raises:
        DecodeError: no such text, or one that was changed.
    """
    text = "".join(text.splitlines())
    if len(text) > rules.MAX_CODE or not text.startswith(PREFIX):
        raise rules.CODE_TEXT.undecodable()
    return read_one(_decode(text[len(PREFIX) :]))


def _encode(data: bytes) -> str:
    out = []
    for at in range(0, len(data), 2):
        pair = data[at : at + 2]
        number = int.from_bytes(pair, "big")
        for _ in range(len(pair) + 1):
            number, digit = divmod(number, 45)
            out.append(_ALPHABET[digit])
    return "".join(out)


def _decode(text: str) -> bytes:
    out = b""
    for at in range(0, len(text), 3):
        group = text[at : at + 3]
        if len(group) == 1 or any(character not in _VALUES for character in group):
            raise rules.CODE_TEXT.undecodable()
        number = sum(_VALUES[character] * 45**place for place, character in enumerate(group))
        size = len(group) - 1
        if number >> 8 * size:
            raise rules.CODE_TEXT.undecodable()
        out += number.to_bytes(size, "big")
    return out
