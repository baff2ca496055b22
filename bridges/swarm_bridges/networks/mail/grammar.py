"""The words of IMAP (RFC 9051, 9): what servers say as values, what is said to them as bytes. Pure.

An answer is atoms (str), strings (bytes), NIL (None) and lists (tuple) in each other, however deep a sender
of mail has managed to make them: what is deeper than MAX_DEPTH lies flat in the list around it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

Value: TypeAlias = Any
"""str | bytes | None | tuple[Value, ...]"""

MAX_DEPTH = 64
# Whatever begins something matches to its end or that of all, so that nothing is looked at twice.
_TOKEN = re.compile(
    rb"[ \r\n]*(?:(?P<open>\()|(?P<close>\))"
    rb'|"(?P<quoted>(?:[^"\\]++|\\.?)*)(?:"|\Z)'
    rb'|(?P<atom>(?:[^()\[ "\r\n]|\[[^\]]*\]?)+)|(?P<other>.))',
    re.DOTALL,
)
_LITERAL = re.compile(rb"~?\{([0-9]{1,10})\+?\}\r?\n\Z")
_STATUS = re.compile(r"(OK|NO|BAD|BYE|PREAUTH)(?: \[([^\]]*)\])?(?: (.*))?\s*", re.IGNORECASE | re.DOTALL)
_SAFE = re.compile(r"[\x20-\x7e]{0,1000}")


@dataclass(frozen=True, slots=True)
class Status:
    """How something went: `kind` is OK, NO, BAD, BYE or PREAUTH; `code` words in brackets, in upper case."""

    kind: str
    code: str
    text: str


def literal(line: bytes) -> tuple[bytes, int | None]:
    """A line without the announcement at its end of bytes that follow it, and how many those are."""
    if (found := _LITERAL.search(line[-16:])) is None:
        return line, None
    return line[: len(line) - len(found[0])], int(found[1])


def status(text: bytes) -> Status | None:
    """What stands behind a tag, or behind the star, if it is a status."""
    if (found := _STATUS.fullmatch(text.decode("utf-8", "replace"))) is None:
        return None
    return Status(found[1].upper(), (found[2] or "").upper(), (found[3] or "").strip())


def values(pieces: Iterable[tuple[bytes, bytes | None]]) -> tuple[Value, ...]:
    """The values in an answer, which comes as text and the literal behind it, and text again."""
    stack: list[list[Value]] = [[]]
    depth = 0
    for text, following in pieces:
        for found in _TOKEN.finditer(text):
            kind = found.lastgroup
            if kind == "open":
                depth += 1
                if depth <= MAX_DEPTH:
                    stack.append([])
            elif kind == "close":
                if 0 < depth <= MAX_DEPTH:
                    done = tuple(stack.pop())
                    stack[-1].append(done)
                depth = max(0, depth - 1)
            elif kind == "quoted":
                stack[-1].append(re.sub(rb"\\(.)", rb"\1", found["quoted"], flags=re.DOTALL))
            elif kind == "atom":
                atom = found["atom"].decode("latin-1")
                stack[-1].append(None if atom.upper() == "NIL" else atom)
        if following is not None:
            stack[-1].append(following)
    while len(stack) > 1:
        done = tuple(stack.pop())
        stack[-1].append(done)
    return tuple(stack[0])


def pairs(flat: Value) -> dict[str, Value]:
    """A list of names and values, such as FETCH gives, by name in upper case."""
    if not isinstance(flat, tuple):
        return {}
    return {n.upper(): v for n, v in zip(flat[::2], flat[1::2], strict=False) if isinstance(n, str)}


def number(value: Value, default: int = 0) -> int:
    """A number, or `default` for what is none."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value
    return (
        int(text)
        if isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 20
        else default
    )


def string(text: str) -> str | bytes:
    """A string for a command: quoted where that can hold it, else bytes that become a literal."""
    if _SAFE.fullmatch(text):
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return text.encode("utf-8", "replace")


def ranges(uids: Iterable[int]) -> str:
    """Numbers as a set of IMAP: 1:3,7."""
    return ",".join(f"{a}:{b}" if a != b else f"{a}" for a, b in _runs(sorted(uids)))


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    start = end = None
    for n in numbers:
        if start is None or end is None:
            start = end = n
        elif n <= end + 1:
            end = n
        else:
            yield start, end
            start = end = n
    if start is not None and end is not None:
        yield start, end


# --- names of folders: a UTF-7 of their own (RFC 3501, section 5.1.3) ---


def folder_text(name: Value) -> str:
    """A folder's name for people. What is not encoded rightly stays as it is."""
    raw = name.decode("utf-8", "replace") if isinstance(name, bytes) else str(name)

    def decoded(found: re.Match[str]) -> str:
        if not found[1]:
            return "&"
        data = found[1].replace(",", "/")
        try:
            return base64.b64decode(data + "=" * (-len(data) % 4), validate=True).decode("utf-16-be")
        except (binascii.Error, UnicodeDecodeError, ValueError):
            return found[0]

    return re.sub(r"&([A-Za-z0-9+,]*)-", decoded, raw)


def folder_name(text: str) -> str:
    """A folder's name for a server."""

    def encoded(found: re.Match[str]) -> str:
        if found[0] == "&":
            return "&-"
        data = base64.b64encode(found[0].encode("utf-16-be", "surrogatepass")).decode().rstrip("=")
        return f"&{data.replace('/', ',')}-"

    return re.sub(r"&|[^\x20-\x7e]+", encoded, text)
