"""Asking for a feed: conditions, redirects, and what of them is for ever."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ...api import Http, Refused
from .tree import join
from .words import web

MAX_BYTES = 10_000_000
MAX_HOPS = 6
ASK_S = 30.0
_FOR_EVER = frozenset({301, 308})
_FOR_NOW = frozenset({302, 303, 307})
_ANSWERS = _FOR_EVER | _FOR_NOW | {304, 410}
_ACCEPT = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, */*;q=0.8"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came: status 200, 304 or 410."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    url: str = field(repr=False)
    """Where it came from in the end."""
    moved: str = field(repr=False)
    """Where it lies from now on; where it was asked for unless it was moved for ever."""


def origin_of(url: str) -> str:
    """Scheme, host and port: to whom a password may be sent."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.hostname or ''}:{port}"


async def ask(
    http: Http, url: str, *, conditions: Mapping[str, str] | None = None, login: tuple[str, str] = ("", "")
) -> Answer:
    """Ask for a feed. `login` is an origin and a value for `Authorization`, which nobody else gets.

    Raises:
        BridgeError: as `Http`; 410 is an answer. Refused for addresses and redirects that lead nowhere.
    """
    moved, for_ever = url, True
    for _ in range(MAX_HOPS):
        headers = {"Accept": _ACCEPT, **(conditions or {})}
        if login[0] and login[0] == origin_of(url):
            headers["Authorization"] = login[1]
        reply = await http.get(url, headers=headers, allow=_ANSWERS, timeout_s=ASK_S, max_bytes=MAX_BYTES)
        if reply.status not in _FOR_EVER | _FOR_NOW:
            return Answer(reply.status, reply.body, reply.headers, url, moved)
        to = web(join(url, reply.headers.get("location", "")))
        if not to:
            raise Refused("it leads to something that is no address")
        # A lock that was there is not given up for ever because one answer said so.
        for_ever = (
            for_ever
            and reply.status in _FOR_EVER
            and (to.startswith("https:") or not url.startswith("https:"))
        )
        url, moved = to, to if for_ever else moved
    raise Refused("it leads from one address to the next without an end")
