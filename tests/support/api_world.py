"""The API over real sockets, before a test double of the node."""

# ruff: noqa: ASYNC240  # the home of a test is on this machine

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, ClientSession, TCPConnector, UnixConnector
from double_node import NOW, DoubleNode, as_node

from swarm_protocol.testing import SeededEntropy
from swarmnode.api import local
from swarmnode.api.door import STRANGER_S
from swarmnode.api.pages import Pages
from swarmnode.api.ports import MemoryAnswers, MemoryTokens
from swarmnode.api.server import Api, Served, serve
from swarmnode.domain.time import Instant


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.s = 0

    def __call__(self) -> Instant:
        return Instant(NOW + self.s, float(self.s))


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    data: bytes
    set_cookie: str

    @property
    def json(self) -> Any:
        return json.loads(self.data)

    @property
    def code(self) -> str:
        """The code of a problem."""
        assert self.headers["Content-Type"] == "application/problem+json"
        code: str = self.json["code"]
        return code


@dataclass
class World:
    """A served API, and ways to ask it."""

    node: DoubleNode
    clock: Clock
    served: Served
    home: Path
    tcp: ClientSession
    unix: ClientSession
    stopping: asyncio.Event

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        over: str = "tcp",
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        """Ask over TCP or over the socket."""
        session, base = (self.tcp, self.served.url) if over == "tcp" else (self.unix, "http://localhost")
        data = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        kind = {"Content-Type": "application/json"} if data is not None else {}
        async with session.request(
            method,
            base + (path if path == "/" else "/api/v1" + path),
            data=None if data is None else io.BytesIO(data),
            headers={**kind, **(headers or {})},
        ) as response:
            return await _answer(response)

    async def own(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Ask as the owner, over the socket."""
        return await self.ask(method, path, body, over="unix", headers=headers)

    async def token(self, scope: str = "admin") -> dict[str, str]:
        """Pair a program, and give the header that it sends."""
        code = (await self.own("POST", "/pairing", {"scope": scope})).json["code"]
        opened = await self.ask("POST", "/session", {"code": code, "kind": "bearer", "label": scope})
        return {"Authorization": f"Bearer {opened.json['token']}"}

    async def browser(self, scope: str = "admin") -> dict[str, str]:
        """Pair a browser, and give the headers that a page of ours sends."""
        code = (await self.own("POST", "/pairing", {"scope": scope})).json["code"]
        origin = {"Origin": self.served.url}
        opened = await self.ask("POST", "/session", {"code": code}, headers=origin)
        cookie = opened.set_cookie.partition(";")[0]
        return {"Cookie": cookie, "X-Swarm-CSRF": opened.json["csrf"], **origin}


async def _answer(response: ClientResponse) -> Answer:
    cookie = response.headers.get("Set-Cookie", "")
    return Answer(response.status, response.headers, await response.read(), cookie)


@asynccontextmanager
async def api_world(
    home: Path,
    *,
    allowed_hosts: Sequence[str] = (),
    pages: tuple[Path, ...] = (),
    stranger_s: float = STRANGER_S,
) -> AsyncIterator[World]:
    """Serve the API of a double on loopback and on a socket, with a web client built in one of `pages`."""
    node, clock = DoubleNode(), Clock()
    api = Api(
        as_node(node),
        tokens=MemoryTokens(),
        answers=MemoryAnswers(),
        clock=clock,
        entropy=SeededEntropy("api"),
        allowed_hosts=allowed_hosts,
        pages=Pages(pages),
        stranger_s=stranger_s,
    )
    home.chmod(0o700)
    async with (
        serve(api, home=home, host="127.0.0.1", port=0) as served,
        ClientSession(connector=TCPConnector(force_close=True)) as tcp,
        ClientSession(connector=UnixConnector(str(home / local.NAME), force_close=True)) as unix,
    ):
        yield World(node, clock, served, home, tcp, unix, api.stopping)
