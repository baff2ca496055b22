"""Bytes as text, for networks that carry nothing else (`Capabilities.opaque_form` is `text`).

    A private message: a program of the other side reads it.

    [swarm1 0b7aXk...]

A sentence for whoever reads it in an ordinary client, then the bytes and their CRC-32 (RFC 1952 §8), in
digits and letters alone: servers turn `_` into italics, `--` into a dash and `a.b` into a link, but leave
words as they are. Eight bytes are eleven characters, the highest place first: nearly base64's density.

What is read may have been wrapped, quoted, made HTML, or have lost or got white space anywhere: whatever is
neither letter, digit nor bracket does not count.
"""

from __future__ import annotations

import re
import zlib
from html import unescape
from itertools import accumulate

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
MAX_TEXT = 1_000_000
"""Characters that are looked at."""
_START, _END, _BETWEEN = "[swarm1 ", "]", "\n\n"
_CHECK = 4
_BLOCK = 8
_WIDTHS = (0, 2, 3, 5, 6, 7, 9, 10, 11)
"""Characters for so many bytes: the fewest that hold them."""
_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_TAG = re.compile(r"<[^<>]*>")
_REST = re.compile(r"[^0-9A-Za-z\[\]]+")
_FOUND = re.compile(r"\[swarm1([0-9A-Za-z]+)\]")


def armoured(blob: bytes, sentence: str) -> str:
    """Bytes as a text that begins with a sentence for people."""
    data = blob + _check(blob)
    blocks = (data[at : at + _BLOCK] for at in range(0, len(data), _BLOCK))
    return f"{sentence}{_BETWEEN}{_START}{''.join(map(_encode, blocks))}{_END}"


def opened(text: str) -> bytes | None:
    """The bytes of a text or HTML; of several the first that are whole. None where there are none."""
    if len(text) > MAX_TEXT:
        return None
    for form in (text, unescape(_TAG.sub("", text))):
        for found in _FOUND.finditer(_REST.sub("", form)):
            blob = _decode_all(found[1])
            if blob is not None:
                return blob
    return None


def room(characters: int, sentence: str) -> int:
    """How many bytes have room in a text of so many characters, with this sentence; 0 where none have."""
    left = characters - len(sentence) - len(_BETWEEN) - len(_START) - len(_END)
    blocks, rest = divmod(max(left, 0), _WIDTHS[_BLOCK])
    last = max(size for size, width in enumerate(_WIDTHS) if width <= rest)
    return max(blocks * _BLOCK + last - _CHECK, 0)


def _check(blob: bytes) -> bytes:
    return zlib.crc32(blob).to_bytes(_CHECK, "big")


def _encode(block: bytes) -> str:
    value, digits = int.from_bytes(block, "big"), []
    for _ in range(_WIDTHS[len(block)]):
        value, digit = divmod(value, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def _decode_all(text: str) -> bytes | None:
    width = _WIDTHS[_BLOCK]
    blocks = [_decode(text[at : at + width]) for at in range(0, len(text), width)]
    data = b"".join(block for block in blocks if block is not None)
    blob = data[:-_CHECK]
    whole = None not in blocks and len(data) >= _CHECK and data[-_CHECK:] == _check(blob)
    return blob if whole else None


def _decode(text: str) -> bytes | None:
    if len(text) not in _WIDTHS:
        return None
    size = _WIDTHS.index(len(text))
    value = list(accumulate(text, lambda sum_, c: sum_ * len(ALPHABET) + _VALUES[c], initial=0))[-1]
    return value.to_bytes(size, "big") if value < 1 << 8 * size else None
