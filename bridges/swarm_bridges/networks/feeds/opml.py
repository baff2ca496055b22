"""Lists of feeds as OPML 2.0, in and out."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from .charset import decode
from .model import Unreadable
from .tree import Element, read
from .words import line, web

MAX_FEEDS = 2_000


def read_opml(data: bytes | str) -> dict[str, str]:
    """Addresses and titles of the feeds that a list names, folders and all.

    Raises:
        Unreadable: it is no OPML.
    """
    root = read(decode(data) if isinstance(data, bytes) else data)
    body = root.first("body")
    if root.name != "opml" or body is None:
        raise Unreadable("kind")
    found: dict[str, str] = {}
    todo = [body]
    while todo:
        one = todo.pop()
        todo += reversed(one.children)
        if (url := web(one.attributes.get("xmlurl", "").strip())) and len(found) < MAX_FEEDS:
            found.setdefault(url, _title(one) or url)
    return found


def _title(one: Element) -> str:
    return line(escape(one.attributes.get("title") or one.attributes.get("text", "")))


def write_opml(feeds: Iterable[tuple[str, str, str]]) -> bytes:
    """A list of feeds, each an address, a title and the address of its page (or an empty text)."""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<opml version="2.0">',
        "<head><title>Feeds</title></head>",
    ]
    lines.append("<body>")
    for url, title, home in feeds:
        page = f' htmlUrl="{escape(home)}"' if home else ""
        name = escape(title or url)
        lines.append(f'<outline type="rss" text="{name}" title="{name}" xmlUrl="{escape(url)}"{page}/>')
    return "\n".join([*lines, "</body>", "</opml>", ""]).encode("utf-8", "replace")
