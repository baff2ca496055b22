"""A proxy before a Mastodon server that does not do well by posts which bring bytes of nodes.

It stands between a node and the server of its account. `illness` is a word and a number N:

    drop N      every Nth post of others is never shown       limit N   more than N in 2 s are refused (429)
    trim N      N characters of posts of others are left      twice 0   posts of others are shown twice
    after N     every Nth post is taken, the answer is lost   banned 0  the account is suspended (403)

All else passes as it is. `seen` counts the posts with bytes that the node has handed in, refused ones too.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from mastodon_kit import HOP, STATUSES
from mastodon_peer import web_of

SIGN = "A private message"
LIMIT_S = 2.0


class IllServer:
    """The proxy of one account, by its name."""

    def __init__(self, base: str, name: str) -> None:
        self.illness, self.seen, self.url = "", 0, ""
        self._base, self._name = base, name
        self._web: aiohttp.ClientSession | None = None
        self._numbers: dict[str, int] = {}
        """Posts of others, in the order in which they were first shown."""
        self._taken: list[float] = []

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Within the block it listens; gives its URL."""
        app = web.Application()
        app.add_routes([web.route("*", "/{path:.*}", self._pass)])
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            async with web_of(self._base) as self._web:
                yield self.url
        finally:
            await runner.cleanup()

    def _ill(self, word: str) -> int | None:
        found = re.fullmatch(rf"{word} (\d+)", self.illness)
        return int(found[1]) if found else None

    async def _pass(self, request: web.Request) -> web.Response:
        assert self._web is not None
        body = await request.read()
        posts = request.method == "POST" and request.path == STATUSES and SIGN.encode() in body
        if (refused := self._refused(posts)) is not None:
            return refused
        headers = {n: v for n, v in request.headers.items() if n.lower() not in HOP}
        async with self._web.request(
            request.method, request.path_qs, headers=headers, data=body or None
        ) as answer:
            said = await answer.read()
            kept = {n: v for n, v in answer.headers.items() if n.lower() not in HOP}
        if posts and (every := self._ill("after")) and self.seen % every == 0:
            return web.json_response({"error": "bad gateway"}, status=502)
        if request.method == "GET" and answer.status == 200 and "json" in kept.get("Content-Type", ""):
            said = json.dumps(self._shown(json.loads(said))).encode()
        return web.Response(status=answer.status, body=said, headers=kept)

    def _refused(self, posts: bool) -> web.Response | None:
        self.seen += posts
        if self._ill("banned") is not None:
            return web.json_response({"error": "Your login is currently disabled"}, status=403)
        limit, now = self._ill("limit"), time.monotonic()
        if not posts or limit is None:
            return None
        self._taken = [at for at in self._taken if at > now - LIMIT_S]
        if len(self._taken) >= limit:
            again = {"Retry-After": "1"}
            return web.json_response({"error": "Too many requests"}, status=429, headers=again)
        self._taken.append(now)
        return None

    def _shown(self, value: Any) -> Any:
        """What of an answer is shown, and how."""
        if isinstance(value, list):
            kept = [self._shown(one) for one in value if not self._is_lost(one)]
            return [one for one in kept for _ in range(2 if self._twice(one) else 1)]
        if not isinstance(value, dict):
            return value
        shown = {name: self._shown(one) for name, one in value.items()}
        if (length := self._ill("trim")) is not None and self._is_theirs(value):
            shown["content"] = str(value["content"])[:length]
        return shown

    def _twice(self, one: Any) -> bool:
        return self._ill("twice") is not None and self._is_theirs(one)

    def _is_lost(self, one: Any) -> bool:
        status = one.get("status", one) if isinstance(one, dict) else one
        every = self._ill("drop")
        if every is None or not self._is_theirs(status):
            return False
        return self._numbers.setdefault(status["id"], len(self._numbers) + 1) % every == 0

    def _is_theirs(self, one: Any) -> bool:
        """Whether this is a post of somebody else with bytes."""
        if not isinstance(one, dict) or SIGN not in str(one.get("content", "")):
            return False
        return bool(one["account"]["username"] != self._name)
