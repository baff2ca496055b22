"""Bytes to text, whatever a sender took for text. Pure, and nothing that comes raises anything."""

from __future__ import annotations

import base64
import binascii
import codecs
import quopri
import re

_ENCODED = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?\s]*)\?=")
_BETWEEN = re.compile(r"(\?=)[ \t\r\n]+(=\?)")
_NO_CHARSETS = frozenset(
    {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"}
)
"""Codecs of Python that are none of mail, and slow or strange; each has many spellings, and one name."""
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")


def text(data: bytes, charset: str = "") -> str:
    """Characters: as declared, else as UTF-8, else as most mail programs of the nineties had them."""
    name = charset.strip().strip("\"'").lower().partition("*")[0]
    name = {"": "utf-8", "utf8": "utf-8", "us-ascii": "utf-8", "iso-8859-1": "cp1252"}.get(name, name)
    whole = data[: len(data) - _cut_off(data)] if name == "utf-8" else data
    for candidate in (name, "utf-8"):
        try:
            if codecs.lookup(candidate).name.replace("_", "-") not in _NO_CHARSETS:
                return _whole(whole.decode(candidate))
        except (LookupError, ValueError):
            continue
    if charset.lower() in {"utf-8", "utf8"}:
        return whole.decode("utf-8", "replace")
    return data.decode("cp1252", "replace")


def _cut_off(data: bytes) -> int:
    """How many bytes at the end begin a character of UTF-8 that is not all there."""
    for back, byte in enumerate(reversed(data[-3:]), 1):
        if byte >= 0xC0:
            return back if back < (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) else 0
        if byte < 0x80:
            return 0
    return 0


def _whole(found: str) -> str:
    """Without halves of characters, which no UTF-8 can hold."""
    return found.encode("utf-8", "replace").decode()


def decoded(data: bytes, encoding: str) -> bytes:
    """A part's bytes out of its Content-Transfer-Encoding; of what is broken, as much as can be had."""
    match encoding.lower():
        case "base64":
            clean = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
            clean = clean[: len(clean) - 1] if len(clean) % 4 == 1 else clean
            try:
                return base64.b64decode(clean + b"=" * (-len(clean) % 4))
            except binascii.Error:
                return b""
        case "quoted-printable":
            return quopri.decodestring(data)
        case _:
            return data


def line(raw: bytes | str) -> str:
    """A header's value: encoded words (RFC 2047) and raw bytes as characters, in one line."""
    given = raw if isinstance(raw, str) else text(raw)
    joined = _BETWEEN.sub(r"\1\2", given)
    made, at, waiting, charset = "", 0, b"", ""
    for found in _ENCODED.finditer(joined):
        if waiting and (found.start() != at or found[1].lower() != charset):
            made, waiting = made + text(waiting, charset), b""
        made += joined[at : found.start()]
        # Halves of a character in two words are common, so equal neighbours are read together.
        waiting, charset, at = waiting + _word(found[2], found[3]), found[1].lower(), found.end()
    made += text(waiting, charset) if waiting else ""
    return _CONTROLS.sub(" ", _whole(made + joined[at:])).strip()


def _word(kind: str, data: str) -> bytes:
    raw = data.encode("utf-8", "replace")
    return decoded(raw, "base64") if kind in "bB" else quopri.decodestring(raw.replace(b"_", b" "))


def parameters(given: dict[str, bytes]) -> dict[str, str]:
    """Parameters of a MIME field, those in pieces and with a charset put together (RFC 2231)."""
    plain = {name: line(value) for name, value in given.items() if "*" not in name}
    pieces: dict[str, list[tuple[int, bytes, bool]]] = {}
    for name, value in given.items():
        base, star, rest = name.partition("*")
        if star:
            number = rest.rstrip("*")
            where = int(number) if number.isdecimal() and len(number) < 4 else 0
            pieces.setdefault(base, []).append((where, value, rest.endswith("*") or not rest))
    for base, found in pieces.items():
        charset, data = "", b""
        for where, value, encoded in sorted(found):
            raw = value
            if encoded and where == 0 and raw.count(b"'") >= 2:
                declared, _, raw = raw.split(b"'", 2)
                charset = declared.decode("latin-1")
            data += _percent(raw) if encoded else raw
        plain[base] = _CONTROLS.sub(" ", text(data, charset)).strip()
    return plain


def _percent(raw: bytes) -> bytes:
    return re.sub(rb"%([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), raw)


def unflowed(given: str, *, delete_space: bool) -> str:
    """Paragraphs of a text that was broken into lines to be put together again (RFC 3676)."""
    made: list[str] = []
    open_ = False
    for one in given.splitlines():
        body = one.removeprefix(" ")
        quoted = body.startswith(">")
        if open_ and not quoted and body != "-- ":
            made[-1] += body
        else:
            made.append(body)
        open_ = body.endswith(" ") and not quoted and body != "-- "
        if open_ and delete_space:
            made[-1] = made[-1][:-1]
    return "\n".join(made)
