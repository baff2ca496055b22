"""Reads address books in vCard 3.0 (RFC 2426) and 4.0 (RFC 6350), as far as they say how to reach people.

Of a card only its name and addresses are taken: no pictures, no notes, no birthdays. Whatever a file does,
its reader stays within bounds, looks at no line twice, and goes on behind what is broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ..errors import UsageError

MAX_BYTES = 8 * 1024 * 1024
MAX_CARDS = 5000
MAX_LINE = 64 * 1024
"""Characters of a property with all its folded lines; a picture may have more, and is passed over."""
MAX_ADDRESSES = 32
"""Of one card."""
VERSIONS = frozenset({"3.0", "4.0"})
SCHEMES = {"mailto": "mail", "xmpp": "xmpp", "matrix": "matrix"}
"""Networks (ids of bridges) whose addresses are also their immutable ids, by the scheme of their links."""
_OLD = {"X-JABBER": "xmpp", "X-XMPP": "xmpp", "X-MATRIX": "matrix"}
_PROPERTY = re.compile(r'(?:[A-Za-z0-9-]+\.)?([A-Za-z0-9-]+)((?:;(?:"[^"]*"|[^":])*)?):(.*)', re.DOTALL)
_MAIL = re.compile(r"[^@\s<>,;:\"]+@[^@\s<>,;:\"]+")
_MATRIX = re.compile(r"@[^\s:]+:[^\s]+")
_PROFILE = re.compile(r"https?://([^/\s@]+)/@([^/\s@?#]+)/?")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Card:
    """One entry of an address book."""

    name: str = field(repr=False)
    accounts: tuple[tuple[str, str], ...] = field(repr=False)
    """Networks and immutable ids, each once, in the order of the card."""
    handles: tuple[str, ...] = field(repr=False)
    """Addresses `name@host` on networks whose immutable ids are others: they find only who is known."""
    line: int
    """The line of the file in which it begins, from 1."""


@dataclass(frozen=True, slots=True)
class Broken:
    """An entry that cannot be read. `why`: `version`, `broken` or `too-long`."""

    why: str
    line: int


def read(data: bytes) -> Iterator[Card | Broken]:
    """The cards of a file, in order.

    Raises:
        UsageError: the file is too large, is not UTF-8, or has more cards than are taken at once.
    """
    if len(data) > MAX_BYTES:
        raise UsageError(f"an address book has {MAX_BYTES >> 20} MiB at most", hint="Cut it into several.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        line = data.count(b"\n", 0, e.start) + 1
        raise UsageError(
            f"this file is not UTF-8 in line {line}", hint="Export it again, as vCard 3.0 or 4.0."
        ) from None
    cards = 0
    reading: _Reading | None = None
    for line, said in _unfolded(text):
        name, value = _split(said)
        if name == "BEGIN" and value.strip().upper() == "VCARD":
            if reading is not None:
                yield Broken("broken", reading.line)
            cards += 1
            if cards > MAX_CARDS:
                raise UsageError(f"more than {MAX_CARDS} cards at once", hint="Cut the file into several.")
            reading = _Reading(line)
        elif name == "END" and value.strip().upper() == "VCARD":
            if reading is not None:
                yield reading.card()
            reading = None
        elif reading is not None:
            reading.take(name, value)
    if reading is not None:
        yield Broken("broken", reading.line)
    if not cards:
        raise UsageError("this file holds no vCard", hint="Export your contacts as vCard 3.0 or 4.0.")


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Lines with those that go on in the next (RFC 6350 §3.2), and the numbers at which they begin."""
    begin, parts, size = 0, list[str](), 0
    for number, line in enumerate(text.split("\n"), 1):
        line = line.removesuffix("\r")  # noqa: PLW2901
        if line[:1] in {" ", "\t"} and begin:
            if size <= MAX_LINE:
                parts.append(line[1:])
            size += len(line)
            continue
        if parts:
            yield begin, "".join(parts)
        begin, parts, size = number, [line], len(line)
    if parts:
        yield begin, "".join(parts)


def _split(line: str) -> tuple[str, str]:
    """The name of a property, in capitals, and its value; both empty for what is none, or is too long."""
    found = _PROPERTY.fullmatch(line) if len(line) <= MAX_LINE else None
    return (found[1].upper(), found[3]) if found else ("", "")


@dataclass(slots=True)
class _Reading:
    """A card on its way in."""

    line: int
    version: str = ""
    names: dict[str, str] = field(default_factory=dict)
    accounts: dict[tuple[str, str], None] = field(default_factory=dict)
    handles: dict[str, None] = field(default_factory=dict)

    def take(self, name: str, value: str) -> None:
        """One property."""
        match name:
            case "VERSION":
                self.version = value.strip()
            case "FN" | "N" | "NICKNAME" | "ORG":
                self.names.setdefault(name, value)
            case "EMAIL":
                self._add("mailto", value)
            case "IMPP":
                scheme, _, rest = _plain(value).partition(":")
                self._add(scheme.lower(), rest)
            case "URL" | "X-SOCIALPROFILE" | "SOCIALPROFILE":
                if profile := _PROFILE.fullmatch(_plain(value)):
                    self._handle(f"{profile[2]}@{profile[1]}")
            case _ if name in _OLD:
                self._add(_OLD[name], value)
            case _:
                pass

    def _add(self, scheme: str, value: str) -> None:
        """An address by the scheme of its links; what has no such form is passed over."""
        text = _plain(value)
        match scheme:
            case "mailto" if _MAIL.fullmatch(bare := text.removeprefix("mailto:")):
                self._account("mail", bare.lower())
            case "xmpp" if _MAIL.fullmatch(
                bare := _unquoted(text.removeprefix("xmpp:")).partition("?")[0].partition("/")[0]
            ):
                self._account("xmpp", bare.lower())
            case "matrix":
                bare = _unquoted(text).removeprefix("matrix:").partition("?")[0]
                bare = f"@{bare[2:]}" if bare.startswith("u/") else bare
                if _MATRIX.fullmatch(bare):
                    self._account("matrix", bare)
            case "acct" if _MAIL.fullmatch(text):
                self._handle(text)
            case _:
                pass

    def _account(self, network: str, remote_id: str) -> None:
        if len(self.accounts) < MAX_ADDRESSES and len(remote_id) <= 320:
            self.accounts[network, remote_id] = None

    def _handle(self, handle: str) -> None:
        if len(self.handles) < MAX_ADDRESSES and len(handle) <= 320:
            self.handles[handle.casefold()] = None

    def card(self) -> Card | Broken:
        """What was read."""
        if self.version not in VERSIONS:
            return Broken("version", self.line)
        family, given, *_ = [*map(_plain, re.split(r"(?<!\\);", self.names.get("N", ""))), "", ""]
        called = (
            _plain(self.names.get("FN", "")),
            f"{given} {family}".strip(),
            _plain(self.names.get("NICKNAME", "")),
            _plain(self.names.get("ORG", "")),
        )
        return Card(next(filter(None, called), ""), tuple(self.accounts), tuple(self.handles), self.line)


def _plain(value: str) -> str:
    """A value without its escapes (RFC 6350 §3.4), as one line."""
    plain = _ESCAPED.sub(lambda m: " " if m[1] in "nN" else m[1], value)
    return " ".join("".join(c if c.isprintable() else " " for c in plain).split())


def _unquoted(text: str) -> str:
    """A part of a link without its percent signs; what is not UTF-8 then stands for nothing."""
    return _PERCENT.sub(lambda m: bytes([int(m[1], 16)]), text.encode()).decode(errors="replace")
