"""Small pieces that all formats of feeds have: lines of text, numbers, addresses."""

from __future__ import annotations

from ...text import from_html, to_plain

MAX_LINE = 1_000
MAX_URL = 2_000


def line(markup: str) -> str:
    """A title or a name, which may have markup in it, as one line of plain text."""
    markup = markup[: 4 * MAX_LINE]
    if "<" in markup or "&" in markup or not markup.isprintable():
        markup = to_plain(from_html(markup))
    return " ".join(markup.split())[:MAX_LINE]


def number(text: str) -> int | None:
    """A natural number, or None."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None


def web(url: str) -> str:
    """An address of the web that is not longer than one is, else an empty text."""
    if not url.startswith(("http://", "https://")) or len(url) > MAX_URL or not url.isprintable():
        return ""
    return "" if "@" in url.split("/", 3)[2] else url  # a name and a password, or what looks like a host


def typed(address: str) -> str:
    """An address as people type it, without its scheme or as `feed:`; empty if it is none."""
    address = address.strip().removeprefix("feed:").removeprefix("//")
    return web(address if "://" in address or not address else f"https://{address}")
