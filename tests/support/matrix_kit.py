"""The kit's network over a real Synapse: two rooms on it, Ada and the owner's phone, faults in a proxy.

The proxy answers as the server does, or plays a fault, and notes what the server has taken: that is what is
true. `LACKS` are the checks for which Matrix has nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

import aiohttp
import pytest
from aiohttp import web
from matrix_peer import MESSAGE, REACTION, MatrixPeer, Raw, relation
from matrix_server import Synapse

from swarm_bridges.api import Poll, PollOption
from swarm_bridges.networks.matrix import polls
from swarm_bridges.networks.matrix.claims import FIELD
from swarm_bridges.networks.matrix.convert import OPAQUE
from swarm_bridges.testing import OWNER, PEER, FakeMessage, FakeNetwork, FakeRoom
from swarm_bridges.testing.faults import Faults, Handler
from swarm_bridges.testing.network import PASSWORD

LACKS: Mapping[str, str] = {
    "changing_limits": "a text has the same bound in all rooms; who may speak in one has a test of its own",
}
NUMBERS = itertools.count()
MALLORY = "u-mallory"
HOP = {"host", "connection", "content-length", "transfer-encoding", "content-encoding"}


class KitFaults(Faults):
    """Faults for what the owner does: what a device tells of its keys, in its own time, is none of that."""

    async def play(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.method == "POST" and "/keys/" in request.path:
            return await handler(request)
        return await super().play(request, handler)


class MatrixKit(FakeNetwork):
    """One world of a check: accounts and rooms of its own on a server that all share."""

    def __init__(self, server: Synapse) -> None:
        super().__init__()
        number = next(NUMBERS)
        self._server = server
        self._names = {OWNER: f"olga-{number}", PEER: f"ada-{number}", MALLORY: f"mallory-{number}"}
        self.people = dict(self._names)
        self.faults = KitFaults()
        self.nobody = server.user(f"nobody-{number}")
        self.rooms = {room: FakeRoom(room, title=f"{room} of {number}") for room in ("r1", "r2")}
        self._password = PASSWORD
        self._clients: dict[str, MatrixPeer] = {}
        self._places: dict[str, str] = {}
        """The server's ids of messages and rooms, by the kit's."""
        self._reactions: dict[str, tuple[str, str, str]] = {}
        """By the server's id: the message, who, and what."""
        self._sent: list[str] = []
        """Events of people, as the server calls them, in their order."""
        self._swapped: dict[str, str] = {}
        """Which is told in whose place."""
        self._work: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._noted = asyncio.Lock()
        """Held while the server has something of which it is not noted yet that it has it."""
        self._swaps = False
        self._web: aiohttp.ClientSession | None = None

    # --- what the kit asks

    def routes(self) -> Iterable[web.RouteDef]:
        return [web.route("*", "/{path:.*}", self._pass)]

    def answers(self) -> Mapping[str, str]:
        user = self._server.user(self._names[OWNER])
        return {"address": user, "password": self._password, "server": self.url}

    def room_id(self, room: str) -> str:
        return self._places[room]

    def actor_id(self, who: str, room: str) -> str:  # noqa: ARG002 - the same in both
        return self._server.user(self._names[who])

    def message_id(self, id_: str) -> str:
        return self._places[id_]

    def address(self, who: str) -> tuple[str, str]:
        return (self._server.user(self._names[who]),) * 2

    # --- what people do, one thing after the other

    def _do(self, work: Callable[[], Awaitable[None]]) -> None:
        self._work.put_nowait(work)

    async def _working(self) -> None:
        while True:
            work = await self._work.get()
            async with self._noted:
                await work()
            self._work.task_done()

    def say(self, text: str, *, who: str = PEER, room: str = "r1", nonce: str = "", **more: Any) -> str:  # noqa: ARG002
        id_ = f"said-{next(self._numbers):06}"
        said: Raw = {"msgtype": "m.text", "body": text}
        if "html" in more:
            said |= {"format": "org.matrix.custom.html", "formatted_body": more["html"]}
        kind = MESSAGE
        if "blob" in more:
            said[OPAQUE] = more["blob"]
        if "poll" in more:
            choices = tuple(PollOption(one["id"], one["text"]) for one in more["poll"]["options"])
            kind, said = polls.start(text, Poll(options=choices))

        async def send() -> None:
            if "reply_to" in more:
                said["m.relates_to"] = {"m.in_reply_to": {"event_id": self._places[more["reply_to"]]}}
            await self._say(id_, who, room, said, more, kind)

        self._do(send)
        return id_

    async def invite(self, words: str) -> str:
        ada, owner = self._clients[PEER], self._clients[OWNER].user
        room = f"r{len(self.rooms) + 1}"
        self._places[room] = await ada.create(preset="private_chat", name="a room for two")
        self.rooms[room] = FakeRoom(room, title="a room for two")
        asked = {"user_id": owner, "reason": words}
        await ada.ask("POST", f"/rooms/{self._places[room]}/invite", json=asked)
        return room

    async def withdraw(self, room: str) -> None:
        taken = {"user_id": self._clients[OWNER].user}
        await self._clients[PEER].ask("POST", f"/rooms/{self._places[room]}/kick", json=taken)

    async def comes(self, room: str) -> str:
        path = f"/rooms/{self._places[room]}/state/m.room.member/{self._clients[OWNER].user}"
        known = (await self._clients[PEER].ask("GET", path))["membership"]
        return {"join": "in", "invite": "asked"}.get(known, "out")

    async def _say(
        self, id_: str, who: str, room: str, said: Raw, more: Mapping[str, Any], kind: str = MESSAGE
    ) -> None:
        self._places[id_] = await self._clients[who].send(self._places[room], kind, said)
        self._sent.append(self._places[id_])
        known = {"reply_to": more["reply_to"]} if "reply_to" in more else {}
        self.messages[id_] = FakeMessage(id_, room, who, str(said.get("body", "")), more=known)

    # --- claims

    async def _profile(self, who: str) -> Raw:
        found: Raw = await self._clients[who].ask("GET", f"/profile/{self._clients[who].user}")
        return found

    async def claimed(self, who: str) -> tuple[str, ...]:
        return tuple((await self._profile(who)).get(FIELD, ()))

    async def beside_claims(self, who: str) -> object:
        return {name: value for name, value in (await self._profile(who)).items() if name != FIELD}

    async def claim(self, who: str, *texts: str) -> None:
        path = f"/profile/{self._clients[who].user}/{FIELD}"
        await self._clients[who].ask("PUT", path, json={FIELD: list(texts)})

    def edit(self, id_: str, text: str) -> None:
        async def send() -> None:
            self._sent.append(await self._clients[PEER].edit(self._places["r1"], self._places[id_], text))
            self.messages[id_].text = text

        self._do(send)

    def take_back(self, id_: str, *, who: str = PEER) -> None:
        async def send() -> None:
            self._sent.append(await self._clients[who].redact(self._places["r1"], self._places[id_]))
            self.messages[id_].gone = True

        self._do(send)

    def react(self, id_: str, values: Iterable[str], *, who: str = PEER) -> None:
        wanted = set(values)

        async def send() -> None:
            client, room, target = self._clients[who], self._places["r1"], self._places[id_]
            for event, (about, by, value) in list(self._reactions.items()):
                if (about, by) == (target, who) and value not in wanted:
                    await client.redact(room, event)
                    del self._reactions[event]
            for value in sorted(wanted):
                self._reactions[await client.react(room, target, value)] = (target, who, value)

        self._do(send)

    def say_file(self, name: str, content: bytes, media_type: str = "image/png") -> str:
        id_ = f"file-{next(self._numbers):06}"

        async def send() -> None:
            uri = await self._clients[PEER].upload(name, content, media_type)
            said = {"msgtype": "m.image", "body": "a file", "filename": name, "url": uri}
            await self._say(id_, PEER, "r1", said, {})

        self._do(send)
        return id_

    def read(self, id_: str, *, who: str = PEER) -> None:
        async def send() -> None:
            path = f"/rooms/{self._places['r1']}/receipt/m.read/{self._places[id_]}"
            await self._clients[who].ask("POST", path, json={})

        self._do(send)

    def type(self, *, room: str = "r1", on: bool = True) -> None:
        async def send() -> None:
            path = f"/rooms/{self._places[room]}/typing/{self._clients[PEER].user}"
            await self._clients[PEER].ask("PUT", path, json={"typing": on, "timeout": 20_000})

        self._do(send)

    def record(self, count: int, *, room: str = "r1") -> None:
        for number in range(count):
            self.say(f"old words {number}", room=room)

    def change(self, kind: str, **what: Any) -> None:
        if what.get("by") == MALLORY:
            self._do(lambda: self._forbidden(self._places[what["id"]]))
        elif what.get("rev") == "?":
            odd = {"msgtype": "m.text", "body": "x", "formatted_body": what["text"]}
            odd["m.relates_to"] = {"rel_type": "m.replace"}
            self._do(lambda: self._odd(odd))
        else:
            super().change(kind, **what)

    async def _forbidden(self, target: str) -> None:
        """Somebody takes back what is not theirs: the server does not let them."""
        with pytest.raises(AssertionError, match="M_FORBIDDEN"):
            await self._clients[MALLORY].redact(self._places["r1"], target)

    async def _odd(self, said: Raw) -> None:
        await self._clients[PEER].send(self._places["r1"], MESSAGE, said)

    # --- what passes

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        """Ask the server, and note what it has taken, before anybody can read it."""
        assert self._web is not None
        if request.transport is None:  # who asked is gone already
            return web.Response()
        self._lines.add(request.transport)
        body = await request.read()
        syncs = request.path.endswith("/sync")
        if request.path.endswith("/messages") or (syncs and self._swaps):
            await self._work.join()
        headers = {n: v for n, v in request.headers.items() if n.lower() not in HOP}
        noted = self._noted if request.method == "PUT" else contextlib.nullcontext()
        async with (
            noted,
            self._web.request(request.method, request.path_qs, headers=headers, data=body or None) as answer,
        ):
            said = await answer.read()
            if request.method == "PUT" and answer.status == 200:
                await self._note(request, await answer.json())
            if syncs and self._swapped and answer.status == 200:
                said = json.dumps(self._in_wrong_order(await answer.json())).encode()
            kept = {n: v for n, v in answer.headers.items() if n.lower() not in HOP}
        if request.method == "GET":
            async with self._noted:
                pass
        return web.Response(status=answer.status, body=said, headers=kept)

    async def _note(self, request: web.Request, told: Raw) -> None:
        """What the owner's bridge has said."""
        parts, said = unquote(request.path).split("/"), await request.json()
        super().change("passed")
        if "redact" in parts:
            self._redacted(parts[7])
        if "send" not in parts:
            return
        room = next((r for r in self.rooms if self._places[r] == parts[5]), "")
        id_, about = str(told["event_id"]), relation({"content": said})
        if parts[7] == REACTION:
            self._reactions[id_] = (about["event_id"], OWNER, about["key"])
        elif about.get("rel_type") == "m.replace":
            self._message(about["event_id"]).text = said["m.new_content"]["body"]
        elif id_ not in self._places.values() and parts[7] == MESSAGE:
            self._places[id_] = id_
            answered = about.get("m.in_reply_to", {}).get("event_id", "")
            more = {"reply_to": self._message(answered).id} if answered else {}
            self.messages[id_] = FakeMessage(id_, room, OWNER, said["body"], more=more)
            if uri := said.get("url"):
                self.files[id_] = await self._clients[PEER].bytes_of(uri)
        for message in self.messages.values():
            place = self._places[message.id]
            mine = (v for target, who, v in self._reactions.values() if (target, who) == (place, OWNER))
            message.reactions[OWNER] = tuple(mine)

    def _redacted(self, place: str) -> None:
        if place in self._reactions:
            del self._reactions[place]
        else:
            self._message(place).gone = True

    def _message(self, place: str) -> FakeMessage:
        return next(m for m in self.messages.values() if self._places[m.id] == place)

    # --- what goes wrong

    def swap_last(self) -> None:
        """As where a server hears of an edit, from another one, before it hears of the message."""
        self._swaps = True

        async def note() -> None:
            one, two = self._sent[-2:]
            self._swapped |= {one: two, two: one}

        self._do(note)

    def _in_wrong_order(self, told: Raw) -> Raw:
        for about in told.get("rooms", {}).get("join", {}).values():
            events = {event["event_id"]: event for event in about["timeline"]["events"]}
            both = {one: two for one, two in self._swapped.items() if {one, two} <= set(events)}
            about["timeline"]["events"] = [events[both.get(id_, id_)] for id_ in events]
        return told

    def expire(self) -> None:
        """The password is changed at the server."""
        self._password = f"{PASSWORD} battery"
        self._server.set_password(self._names[OWNER], self._password)
        self.cut()

    # --- running it

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        tokens = {who: self._server.add(name, PASSWORD) for who, name in self._names.items()}
        timeout = aiohttp.ClientTimeout(total=100)
        async with (
            aiohttp.ClientSession(self._server.base, timeout=timeout, auto_decompress=True) as self._web,
            super().serving() as url,
            asyncio.TaskGroup() as tasks,
        ):
            for who, token in tokens.items():
                self._clients[who] = MatrixPeer(self._server, self._names[who], token)
            others = [self._clients[who] for who in (OWNER, MALLORY)]
            for room in self.rooms.values():
                asked = {"preset": "private_chat", "name": room.title, "invite": [c.user for c in others]}
                self._places[room.id] = await self._clients[PEER].create(**asked)
                for client in others:
                    await client.join(self._places[room.id])
            working = tasks.create_task(self._working())
            try:
                yield url
            finally:
                working.cancel()
                for client in self._clients.values():
                    await client.close()
