"""Packages of bridges in folders of their own, as others would install them, and a network for them."""

from __future__ import annotations

import asyncio
import sys
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from swarmnode.bridging.host.packages import Package, load

MANIFEST = """
    [bridge]
    id = "{id}"
    name = "{id}"
    version = "1.0.0"
    api = "1"
    style = "poll"
    {more}
"""

PIGEON = """
    from swarm_bridges.api import (
        Accepted, Actor, Batch, Capabilities, ConversationRef, Cursor, Level, MessageRef, MessageSeen,
        Notice, RawAnswer, Refused,
    )
    from swarm_bridges.document import Document, Paragraph, Text

    class Bridge:
        async def run(self, ctx):
            at = await ctx.cursor() or Cursor(b"0")
            while True:
                reply = await ctx.http.get(ctx.settings["url"] + "/updates", params={"after": at.decode()})
                seen = tuple(self._event(item) for item in reply.json()["items"])
                at = Cursor(str(reply.json()["next"]).encode())
                if seen:
                    await ctx.ingest(Batch(seen, at))

        def _event(self, item):
            room = ConversationRef(item["room"])
            body = Document((Paragraph((Text(item["text"]),)),))
            landed = Notice("{who} has landed.", {"who": item["from"]})
            return MessageSeen(
                ref=MessageRef(room, item["id"]), actor=Actor(item["from"]), body=body,
                notice=landed if item["text"] == "ada has landed." else None,
            )

        async def send(self, ctx, out):
            reply = await ctx.http.post(
                ctx.settings["url"] + "/send", idempotency=out.key,
                json={"room": out.conversation.remote_id, "text": out.parts[0].text},
            )
            return Accepted((MessageRef(out.conversation, reply.json()["id"]),))

        async def capabilities(self, ctx, conversation):
            return Capabilities(version="1", levels={"text": Level.FULL})

        async def webhook(self, ctx, request):
            if request.headers.get("key") != "right":
                raise Refused("not from our network")
            item = {"room": "loft", "from": "ada", "id": request.path, "text": request.body.decode()}
            return RawAnswer(200, b"heard", Batch((self._event(item),)))

        async def fetch(self, ctx, file):
            yield b"coo"
            yield file.id.encode()
"""

TEMPLATE = """
    from swarm_bridges.api import *
    import asyncio, os, socket, time

    class Bridge:
        async def run(self, ctx):
            {run}

        async def send(self, ctx, out):
            {send}

        async def capabilities(self, ctx, conversation):
            {capabilities}
"""
"""A bridge with these statements, each one line or lines that are indented like it."""


def bridge(run: str = "pass", *, send: str = "pass", capabilities: str = "pass") -> str:
    """The code of a bridge that does this."""
    code = textwrap.dedent(TEMPLATE)
    return code.format(run=_lines(run), send=_lines(send), capabilities=_lines(capabilities))


def _lines(code: str) -> str:
    return textwrap.indent(textwrap.dedent(code).strip(), " " * 8).strip()


def write(
    folder: Path, name: str, code: str, *, more: str = "", announced: bool = True, **fields: str
) -> Path:
    """Write a package and what its installation would leave. Gives the package's folder."""
    place = folder / name
    place.mkdir(parents=True)
    place.joinpath("__init__.py").write_text(textwrap.dedent(code))
    manifest = textwrap.dedent(MANIFEST).format(**{"id": name, **fields, "more": textwrap.dedent(more)})
    place.joinpath("bridge.toml").write_text(manifest)
    if announced:
        info = folder / f"{name}-1.0.0.dist-info"
        info.mkdir()
        info.joinpath("METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n")
        info.joinpath("entry_points.txt").write_text(f"[swarmnode.bridges]\n{name} = {name}\n")
    return place


def package(folder: Path, name: str, code: str, *, more: str = "") -> Package:
    """A package that may be started; it is on this process's path only while it is looked for."""
    write(folder, name, code, more=more, announced=False)
    sys.path.insert(0, str(folder))
    try:
        return load(name)
    finally:
        sys.path.remove(str(folder))


@dataclass
class Pigeons:
    """A network: messages that wait, and what was sent."""

    url: str = ""
    items: list[dict[str, str]] = field(default_factory=list)
    sent: list[dict[str, str]] = field(default_factory=list)
    asked: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def say(self, text: str) -> None:
        number = len(self.items) + 1
        self.items.append({"room": "loft", "from": "ada", "id": f"m{number}", "text": text})
        self.news.set()

    async def updates(self, request: web.Request) -> web.Response:
        after = int(request.query["after"])
        self.asked += 1
        if len(self.items) <= after:
            self.news.clear()
            try:
                async with asyncio.timeout(5):
                    await self.news.wait()
            except TimeoutError:
                pass
        return web.json_response(
            {"items": self.items[after : after + 500], "next": min(len(self.items), after + 500)}
        )

    async def send(self, request: web.Request) -> web.Response:
        self.sent.append(await request.json())
        return web.json_response({"id": f"s{len(self.sent)}"})


@asynccontextmanager
async def pigeons() -> AsyncIterator[Pigeons]:
    """The network's server on loopback."""
    network = Pigeons()
    app = web.Application()
    app.router.add_get("/updates", network.updates)
    app.router.add_post("/send", network.send)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    network.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield network
    finally:
        await runner.cleanup()
