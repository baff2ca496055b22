"""Numbers in ids: rows of the store, from 1, as anybody may write them who asks for one."""

from __future__ import annotations


def is_number(text: str) -> bool:
    """Whether a text is a number that a row may have: decimal, and not larger than the store counts."""
    return text.isascii() and text.isdecimal() and len(text) < 20 and int(text) < 1 << 63


def number_of(text: str) -> int:
    """The number of a row; 0, which none has, for what is no such number."""
    return int(text) if is_number(text) else 0
