"""JSON Feed 1 and 1.1 (jsonfeed.org) as a `Feed`. What is not of the type that it is to have is not there."""

from __future__ import annotations

from html import escape
from typing import Any

import msgspec

from .dates import read as date
from .model import MAX_ENTRIES, Enclosure, Entry, Feed, Unreadable
from .tree import join
from .words import line, web

MAX_VALUES, MAX_MARKS = 200_000, 1_000_000
"""Objects and lists, and quotation marks, of a document: a few bytes of these take a hundred in memory."""


def read(text: str, base: str) -> Feed:
    """The feed in a JSON text.

    Raises:
        Unreadable: it is no JSON, or JSON of something else.
    """
    if text.count("{") + text.count("[") > MAX_VALUES or text.count('"') > MAX_MARKS:
        raise Unreadable("large")
    try:
        root = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError):
        raise Unreadable("json") from None
    if not isinstance(root, dict) or not _text(root, "version").startswith("https://jsonfeed.org/version/1"):
        raise Unreadable("kind")
    author = _authors(root)
    return Feed(
        title=line(escape(_text(root, "title"))),
        about=line(escape(_text(root, "description"))),
        home=web(join(base, _text(root, "home_page_url"))),
        author=author,
        entries=tuple(_entry(item, author, base) for item in _all(root, "items")[:MAX_ENTRIES]),
        own_url=web(join(base, _text(root, "feed_url"))),
        hubs=tuple(
            url for hub in _all(root, "hubs")
            if _text(hub, "type").lower() == "websub" and (url := web(_text(hub, "url")))
        ),
        over=root.get("expired") is True,
    )  # fmt: skip


def _entry(item: dict[str, Any], author: str, base: str) -> Entry:
    link = web(join(base, _text(item, "url") or _text(item, "external_url")))
    plain = _text(item, "content_text") or _text(item, "summary")
    return Entry(
        id=_text(item, "id"),
        link=link,
        title=line(escape(_text(item, "title"))),
        markup=_text(item, "content_html") or escape(plain).replace("\n", "<br>"),
        base=link or base,
        author=_authors(item) or author,
        published=date(_text(item, "date_published")),
        updated=date(_text(item, "date_modified")),
        files=tuple(
            Enclosure(url, _text(file, "mime_type"), _size(file), line(escape(_text(file, "title"))))
            for file in _all(item, "attachments")
            if (url := web(join(base, _text(file, "url"))))
        ),
    )


def _authors(one: dict[str, Any]) -> str:
    """Version 1.1 has a list, version 1 one author."""
    people = _all(one, "authors") or [author for author in (one.get("author"),) if isinstance(author, dict)]
    return line(escape(", ".join(name for person in people if (name := _text(person, "name")))))


def _text(one: dict[str, Any], name: str) -> str:
    """A text; a number is taken for one, as the format asks for ids."""
    value = one.get(name)
    known = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(value).strip() if known else ""


def _all(one: dict[str, Any], name: str) -> list[dict[str, Any]]:
    value = one.get(name)
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _size(file: dict[str, Any]) -> int | None:
    size = file.get("size_in_bytes")
    return size if isinstance(size, int) and not isinstance(size, bool) and 0 < size < 1 << 53 else None
