"""WebSub (W3C Recommendation of 2018): a hub is asked to tell what is new, and proves that it is the hub.

The callback is `Context.hook_url` with the feed's key behind it; where networks do not reach the node, feeds
are asked as if they had no hub. A hub is believed for as long as it promised, and what it brings only with a
signature over it (section 8).
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping

from ...api import BridgeError, Context, RawAnswer, RawRequest
from .dates import DAY_S
from .model import Feed
from .subscriptions import Subscription
from .words import web

LEASE_S = 10 * DAY_S
ASK_AGAIN_S = DAY_S
"""A hub that did not confirm is asked again after this."""
METHODS = ("sha512", "sha384", "sha256", "sha1")
_LINK = re.compile(r"<([^<>]{1,2000})>\s{0,9};([^<]{0,500})")
_REL = re.compile(r'rel\s{0,9}=\s{0,9}(?:"([^"]{0,200})"|([^\s;,"]{1,200}))', re.IGNORECASE)


def hub_and_topic(feed: Feed, headers: Mapping[str, str], url: str) -> tuple[str, str]:
    """Where to subscribe, and to what: `Link` headers first, then the feed (section 4). Empty if nowhere."""
    found: dict[str, str] = {}
    for link in _LINK.finditer(headers.get("link", "")[:20_000]):
        if rel := _REL.search(link[2]):
            for name in (rel[1] or rel[2] or "").lower().split():
                found.setdefault(name, web(link[1]))
    hub = found.get("hub") or next(iter(feed.hubs), "")
    return (hub, found.get("self") or feed.own_url or url) if hub else ("", "")


def wanted(one: Subscription, now: float) -> bool:
    """Whether its hub is to be asked now: nothing is promised, or not for long any more."""
    return bool(one.hub) and one.lease_until < now + DAY_S and one.hub_asked + ASK_AGAIN_S <= now


async def subscribe(ctx: Context, one: Subscription, callback: str) -> None:
    """Ask the hub (section 5.1). Its answer comes to the callback; until then nothing has changed."""
    form = {
        "hub.mode": "subscribe",
        "hub.topic": one.topic,
        "hub.callback": f"{callback}/{one.key}",
        "hub.secret": one.hub_secret,
        "hub.lease_seconds": str(int(LEASE_S)),
    }
    try:
        await ctx.http.post(one.hub, form=form)
    except BridgeError:
        ctx.log.info("hub_refused", feed=ctx.log.hashed(one.id))


def confirmed(one: Subscription, request: RawRequest, now: float) -> RawAnswer:
    """Answer a hub that asks whether this was wanted (section 5.3), and note what it promises."""
    mode, topic = request.query.get("hub.mode", ""), request.query.get("hub.topic", "")
    if topic != one.topic or not one.hub_asked:
        return RawAnswer(status=404)
    if mode == "denied":
        one.lease_until = 0.0
        return RawAnswer()
    if mode == "unsubscribe" and not one.active:
        return RawAnswer(body=request.query.get("hub.challenge", "").encode())
    if mode != "subscribe" or not one.active:
        return RawAnswer(status=404)
    lease = request.query.get("hub.lease_seconds", "")
    promised = float(lease) if lease.isdecimal() and len(lease) < 10 else LEASE_S
    one.lease_until = now + min(promised, 90 * DAY_S)
    return RawAnswer(body=request.query.get("hub.challenge", "").encode())


def signed(one: Subscription, request: RawRequest) -> bool:
    """Whether what was delivered comes from who has the secret."""
    method, _, given = request.headers.get("x-hub-signature", "").partition("=")
    if not one.hub_secret or method.lower() not in METHODS:
        return False
    right = hmac.new(one.hub_secret.encode(), request.body, method.lower()).hexdigest()
    return hmac.compare_digest(right.encode(), given.strip().lower().encode())
