"""Feeds that a web page names: `link` elements that say `alternate` and a type of feeds."""

from __future__ import annotations

import re
from html import unescape

from .tree import join
from .words import line, web

TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/json"}
)
MAX_FEEDS = 50
_LINK = re.compile(r"<(link|base)\s([^<>]{1,2000})>", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"""([a-zA-Z-]{1,20})\s{0,9}=\s{0,9}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")


def feeds_of(page: str, url: str) -> dict[str, str]:
    """Addresses and titles, in the page's order."""
    found: dict[str, str] = {}
    for tag in _LINK.finditer(page):
        given = {
            name.lower(): unescape(double or single or bare)
            for name, double, single, bare in _ATTRIBUTE.findall(tag[2])
        }
        if tag[1].lower() == "base":
            url = join(url, given.get("href", "")) or url
            continue
        kind = given.get("type", "").partition(";")[0].strip().lower()
        if "alternate" in given.get("rel", "").lower().split() and kind in TYPES:
            address = web(join(url, given.get("href", "")))
            if address and len(found) < MAX_FEEDS:
                found.setdefault(address, line(given.get("title", "")) or address)
    return found
