"""How long a text is in the unit that a network counts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from .plain import URL

_PICTURE = "\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff"


@lru_cache(maxsize=1)
def _grapheme() -> re.Pattern[str]:
    """What people take for one character, after UAX 29: marks, joined pictures, flags, Hangul syllables.

    Made when first needed; looking at the categories of all characters takes some milliseconds.
    """
    planes = (*range(0x300, 0x20000), *range(0xE0000, 0xE0200))
    extend = "".join(re.escape(chr(c)) for c in planes if unicodedata.category(chr(c)) in {"Mn", "Me", "Mc"})
    extend = f"[{extend}\u200c\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
    flag = "[\U0001f1e6-\U0001f1ff]{2}"
    hangul = (
        "[\u1100-\u115f\ua960-\ua97c]*(?:[\uac00-\ud7a3]|[\u1160-\u11a7])[\u1160-\u11a7]*[\u11a8-\u11ff]*"
    )
    joined = f"[{_PICTURE}]{extend}*+(?:(?<=\u200d)[{_PICTURE}]{extend}*+)*"
    return re.compile(f"\r\n|(?:{flag}|{hangul}|{joined}|.){extend}*+", re.DOTALL)


def graphemes(text: str, start: int = 0) -> Iterator[str]:
    """What people take for characters, one by one."""
    return (found[0] for found in _grapheme().finditer(text, start))


def measure(text: str, unit: str = "grapheme", link_cost: int | None = None) -> int:
    """The length of a text as a network counts it.

    Args:
        text: the text.
        unit: `byte` (of UTF-8), `utf16`, `codepoint` or `grapheme`.
        link_cost: what each URL counts, None if it counts like other text.
    """
    if link_cost is not None:
        text, links = URL.subn("", text)
        return measure(text, unit) + links * link_cost
    match unit:
        case "byte":
            return len(text.encode(errors="replace"))
        case "utf16":
            return len(text.encode("utf-16-le", errors="replace")) // 2
        case "codepoint":
            return len(text)
        case "grapheme":
            if text.isascii():
                return len(text) - text.count("\r\n")
            return sum(1 for _ in _grapheme().finditer(text))
    raise ValueError(f"{unit!r} is no unit")


def fitting(text: str, room: int, unit: str) -> int:
    """How many code points of a text fit into `room`, without cutting what people take for a character."""
    if text.isascii():
        return min(room, len(text))
    used = at = 0
    for cluster in graphemes(text):
        used += measure(cluster, unit)
        if used > room:
            break
        at += len(cluster)
    return at
