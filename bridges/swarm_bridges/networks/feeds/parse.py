"""Bytes from a server to a `Feed`: which format it is shows in what is there, not in what the server says."""

from __future__ import annotations

import re

from . import atom, jsonfeed, rss, tree
from .charset import decode
from .model import Feed, Unreadable

_PAGE = re.compile(
    r"\s*+(?:<\?xml[^>]*+>\s*+)?(?:<!--(?:[^-]++|-(?!->))*-->\s*+)*<(?:!doctype\s+html|html|head|body)\b",
    re.IGNORECASE | re.DOTALL,
)


def parse(data: bytes, *, content_type: str = "", url: str = "") -> Feed:
    """The feed that came from `url`.

    Raises:
        Unreadable: it is none.
    """
    text = decode(data, content_type)
    start = text[:1000].lstrip("\ufeff \t\r\n")
    if not start:
        raise Unreadable("empty")
    if start.startswith("{"):
        return jsonfeed.read(text, url)
    if is_page(text):
        raise Unreadable("page")
    root = tree.read(text, url)
    match root.name:
        case "rss" | "rdf:rdf":
            return rss.read(root)
        case "atom:feed" | "atom:entry":
            return atom.read(root)
        case "html" | "xhtml:html":
            raise Unreadable("page")
        case _:
            raise Unreadable("kind")


def is_page(text: str) -> bool:
    """Whether a text is a web page, as far as its beginning shows."""
    return _PAGE.match(text[:4000].lstrip("\ufeff")) is not None
