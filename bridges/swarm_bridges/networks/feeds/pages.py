"""What pages of the web claim: `rel=me` on a link to a claim, as pages name the profiles of whose they are.

    <link rel="me" href="swarm:1:...">      or an `a`; in plain text a line of its own

Whoever may write words into a page, a comment say, makes no such link: programs that take comments see to
that for `rel` as they do for scripts.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from ...api import Actor, ClaimsSeen, Http, NotSupported
from ...claims import MAX_CLAIMS, texts_in
from ...text.html import tags
from .charset import decode
from .fetch import origin_of
from .tree import join
from .words import web

MAX_BYTES = 2_000_000
MAX_HOPS = 4
ASK_S = 30.0
_MOVED = frozenset({301, 302, 303, 307, 308})
_WANTED = {"Accept": "text/html, application/xhtml+xml, text/plain;q=0.5"}
_HTML = frozenset({"text/html", "application/xhtml+xml"})
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


async def read(http: Http, who: Actor) -> ClaimsSeen:
    """What a page claims now. One that leads to another origin claims nothing: that is another's.

    Raises:
        Gone: there is no such page.
        BridgeError: as `Http`; NotSupported where it is no address of the web, or can be changed on its way.
    """
    url = web(who.remote_id)
    if not url or not _is_safe(url):
        raise NotSupported("this is no page that says itself what it says")
    for _ in range(MAX_HOPS):
        reply = await http.get(url, headers=_WANTED, allow=_MOVED, timeout_s=ASK_S, max_bytes=MAX_BYTES)
        if reply.status not in _MOVED:
            kind = reply.headers.get("content-type", "")
            said = said_in(decode(reply.body, kind), kind.partition(";")[0].strip().lower())
            return ClaimsSeen(actor=who, claims=said, where="page")
        to = web(join(url, reply.headers.get("location", "")))
        if origin_of(to) != origin_of(url):
            break
        url = to
    return ClaimsSeen(actor=who, claims=(), where="page")


def said_in(text: str, kind: str) -> tuple[str, ...]:
    """The claims of a page, each once."""
    found: list[str] = []
    if kind in _HTML:
        links = (each for each in tags(text, "link", "a") if "me" in each.get("rel", "").lower().split())
        found += (each.get("href", "").strip() for each in links)
    elif kind == "text/plain":
        found += (line.strip() for line in text.splitlines())
    whole = [one for one in found if texts_in(one) == (one,)]
    return tuple(dict.fromkeys(whole))[:MAX_CLAIMS]


def _is_safe(url: str) -> bool:
    """Whether nobody on the way can change it; what is on this machine does not travel."""
    parts = urlsplit(url)
    return parts.scheme == "https" or parts.hostname in _LOOPBACK
