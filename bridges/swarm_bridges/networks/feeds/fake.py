"""A site as the kit's tests see it: what people say in a room is its feed, in RSS, behind a password."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from email.utils import formatdate
from html import escape

from aiohttp import web

from swarm_bridges.testing import FakeMessage, FakeNetwork

KEPT = 200
"""Entries of a feed."""


class Network(FakeNetwork):
    """The site. Nobody can say something there but its authors."""

    def routes(self) -> Iterable[web.RouteDef]:
        """See `FakeNetwork`."""
        return [web.get("/feeds/{room}", self._feed)]

    def answers(self) -> Mapping[str, str]:
        """See `FakeNetwork`. With 0 minutes a feed is asked whenever the bridge is woken."""
        url, password = self.room_id("r1"), self.passwords["olga"]
        return {"url": url, "user": "olga", "password": password, "minutes": "0"}

    def room_id(self, room: str) -> str:
        """See `FakeNetwork`: a feed's address."""
        return f"{self.url}/feeds/{room}"

    def actor_id(self, who: str, room: str) -> str:
        """See `FakeNetwork`: whatever is in a feed, the feed says."""
        return self.room_id(room)

    def expire(self) -> None:
        """See `FakeNetwork`: the site takes another password from now on."""
        self.passwords["olga"] += " staple"
        super().expire()

    async def _feed(self, request: web.Request) -> web.Response:
        word = base64.b64encode(f"olga:{self.passwords['olga']}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {word}":
            raise web.HTTPUnauthorized
        room = request.match_info["room"]
        newest = self.said(room)[: -KEPT - 1 : -1]
        items = "".join(self._item(one) for one in newest for _ in range(2 if self.duplicate else 1))
        title = escape(self.rooms[room].title)
        body = f'<rss version="2.0"><channel><title>{title}</title>{items}</channel></rss>'.encode()
        headers = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:16]}"', "Cache-Control": "no-cache"}
        if request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        return web.Response(body=body, content_type="application/rss+xml", headers=headers)

    def _item(self, one: FakeMessage) -> str:
        markup = one.more.get("html") or escape(one.text)
        said = formatdate(1_700_000_000 + int(one.id[1:]))
        return (
            f'<item><guid isPermaLink="false">{one.id}</guid><pubDate>{said}</pubDate>'
            f"<description>{escape(markup)}</description></item>"
        )
