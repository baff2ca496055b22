"""A web site with feeds, on loopback, and a bridge that reads it under a clock of the test's own."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any

from aiohttp import web
from bridge_owner import ACCOUNT, Journal, Lines

from swarm_bridges.api import BridgeError, ConversationRef, Event, RawAnswer, RawRequest
from swarm_bridges.context import Context
from swarm_bridges.networks.feeds import Bridge

NOW = 1_800_000_000.0


def item(id_: str, text: str = "", *, link: str = "", title: str = "", date: str = "", more: str = "") -> str:
    """An item of RSS; parts that are empty are left out."""
    parts = {"link": link, "title": title, "description": text, "pubDate": date}
    said = "".join(f"<{name}>{escape(part)}</{name}>" for name, part in parts.items() if part)
    guid = f'<guid isPermaLink="false">{escape(id_)}</guid>' if id_ else ""
    return f"<item>{guid}{said}{more}</item>"


def rss(*items: str, title: str = "A site", more: str = "") -> bytes:
    """A feed, its newest item first."""
    inside = f"<title>{escape(title)}</title>{more}{''.join(items)}"
    return f'<rss version="2.0"><channel>{inside}</channel></rss>'.encode()


@dataclass
class Page:
    """What lies at a path. `login` is `user:password`."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    login: str = ""
    kind: str = "application/rss+xml"
    times: int = -1
    """How often, before it is as if this were not there; -1 is always."""


class Site:
    """`pages` by path; `asked` says what was."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        self.answered: list[int] = []
        self.url = ""
        self.door: Callable[[RawRequest], Awaitable[RawAnswer]] | None = None
        """What stands where the node's door for webhooks will: it gets all below `/hooks/`."""

    def put(self, path: str, body: bytes = b"", **more: Any) -> str:
        """Put something at a path; gives its address."""
        self.pages[path] = Page(body, **more)
        return f"{self.url}{path}"

    def moved(self, path: str, to: str, status: int) -> str:
        """Lead from a path elsewhere."""
        return self.put(path, status=status, headers={"Location": to})

    def paths(self) -> list[str]:
        """What was asked for since the last call."""
        found = [path for path, _ in self.asked]
        self.asked.clear()
        return found

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.path, request.headers))
        if self.door is not None and request.path.startswith("/hooks/"):
            headers = {name.lower(): value for name, value in request.headers.items()}
            raw = RawRequest(request.method, request.path, dict(request.query), headers, await request.read())
            told = await self.door(raw)
            return web.Response(status=told.status, body=told.body)
        answer = self._page(request)
        self.answered.append(answer.status)
        return answer

    def _page(self, request: web.Request) -> web.Response:
        page = self.pages.get(request.path)
        if page is None:
            return web.Response(status=404)
        if page.login:
            word = base64.b64encode(page.login.encode()).decode()
            if request.headers.get("Authorization") != f"Basic {word}":
                return web.Response(status=401)
        tag = f'"{hashlib.sha256(page.body).hexdigest()[:16]}"'
        if request.headers.get("If-None-Match") == tag and page.status == 200:
            return web.Response(status=304, headers=page.headers)
        headers = {"ETag": tag, "Content-Type": page.kind, **page.headers}
        return web.Response(body=page.body, status=page.status, headers=headers)

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[Site]:
        """On a free port of loopback, or the same as before."""
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", port).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()


class Time:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.at, self.passed = NOW, 0.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.passed


class Turns(Context):
    """A context whose pauses last until the test says so."""

    resting: asyncio.Event
    go: asyncio.Event

    async def pause(self, seconds: float) -> None:
        self.wanted = seconds
        self.resting.set()
        await self.go.wait()
        self.go.clear()


class Reading:
    """A bridge that reads feeds, one round at a time. What it has stored is in `desk`."""

    def __init__(
        self,
        settings: Mapping[str, str],
        secrets: Mapping[str, bytes] | None = None,
        hook_url: str = "",
    ) -> None:
        self.hook_url = hook_url
        self.desk, self.time = Lines(), Time()
        self.settings = {"minutes": "60", "import": "1", **settings}
        self.desk.of(ACCOUNT).secrets.update(secrets or {})
        self.begin()

    def begin(self) -> None:
        """A fresh bridge over what is stored, as after a start."""
        self.bridge = Bridge()
        self.ctx = Turns(
            self.desk,
            ACCOUNT,
            owner="feeds",
            settings=self.settings,
            clock=self.time,
            random=os.urandom,
            hook_url=self.hook_url,
        )
        self.ctx.resting, self.ctx.go = asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Reading]:
        """Until the end of the block; the first round is over when it begins. Raises what `run` raised."""
        async with asyncio.TaskGroup() as tasks:
            self._running = tasks.create_task(self._run())
            try:
                await self._rested()
                yield self
            finally:
                self._running.cancel()
                await self.ctx.close()
                self.desk.cut()

    async def _run(self) -> None:
        self.ended: BridgeError | None = None
        try:
            await self.bridge.run(self.ctx)
        except BridgeError as e:
            self.ended = e
            self.ctx.resting.set()

    async def _rested(self) -> None:
        async with asyncio.timeout(30):
            await self.ctx.resting.wait()

    async def round(self, hours: float = 1.2, *, looks: bool = False) -> None:
        """Let time pass, and the bridge do what is due then; or let the owner look."""
        self.time.at += hours * 3600
        self.time.passed += 0.0 if looks else hours * 3600
        self.ctx.resting.clear()
        self.ctx.go.set()
        await self._rested()

    @property
    def journal(self) -> Journal:
        return Journal(self.desk.of(ACCOUNT).batches)

    def texts(self, feed: str) -> list[str]:
        """What is shown of a feed."""
        return self.journal.texts(ConversationRef(feed))

    def notices(self) -> list[str]:
        """What is told of feeds."""
        return self.texts("subscriptions")[1:]

    def events(self, kind: type[Event]) -> list[Any]:
        """All events of a kind."""
        return [e for batch in self.desk.of(ACCOUNT).batches for e in batch.events if isinstance(e, kind)]
