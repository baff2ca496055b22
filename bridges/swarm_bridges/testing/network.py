"""A network that does not exist: people, rooms and messages on loopback, with everything that can go wrong.

An author writes a subclass whose `routes` speak the wire format of the network in question; what the network
knows, and the faults, are here. Tests steer it by its verbs, other processes through `control`.

Its log is a list of changes, each a mapping for JSON with `seq`, `kind`, and what the kind needs; a `message`
has `id`, `room`, `by`, `text`, `rev`, `nonce`, and one of them may make no sense. Whoever has heard all up to
a number asks for what comes `after` it.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from ..api import ConversationRef, RawAnswer, RawRequest
from ..claims import texts_in
from .faults import Faults

OWNER = "u-olga"
PEER = "u-ada"
PASSWORD = "correct horse"  # noqa: S105 - of a network that does not exist
SECRETS = (PASSWORD, "token-", "refresh-")
"""What must not stand in logs."""

Hook = Callable[[RawRequest], Awaitable[RawAnswer]]


@dataclass(slots=True)
class FakeRoom:
    """A room. `limits` go to the bridge as they are, with a version that the network counts up."""

    id: str
    kind: str = "group"
    title: str = ""
    members: tuple[str, ...] = (OWNER, PEER)
    invited: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Who is asked to come in: by whom, and with which words."""
    limits: dict[str, Any] = field(default_factory=lambda: {"version": 1, "max_text": 500})


@dataclass(slots=True)
class FakeMessage:
    """A message as the network has it. `more` is what only some networks know: files, polls, titles."""

    id: str
    room: str
    author: str
    text: str
    rev: int = 0
    nonce: str = ""
    gone: bool = False
    reactions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    more: dict[str, Any] = field(default_factory=dict)


class FakeNetwork:
    """The network. `routes` is what an author writes."""

    nobody = "u-nobody"
    """What bridges call somebody whom the network does not have."""
    keeps_keys = True
    """Whether a second message with the nonce of another is that other."""

    def __init__(self) -> None:
        self.people = {OWNER: "Olga", PEER: "Ada", "u-mallory": "Mallory"}
        self.rooms = {"r1": FakeRoom("r1", title="Ada and Olga"), "r2": FakeRoom("r2", title="Garden")}
        self.messages: dict[str, FakeMessage] = {}
        self.log: list[dict[str, Any]] = []
        self.files: dict[str, bytes] = {}
        self.passwords = {"olga": PASSWORD}
        self.accounts = {"olga": OWNER}
        self.profiles = {OWNER: ["I grow tomatoes."], PEER: ["I paint."]}
        """Lines that everybody can read, by people."""
        self.devices: dict[str, str] = {}
        """Names of the owner's other devices, by id."""
        self.unconfirmed = set[str]()
        """Those of which the owner has not said that they are theirs."""
        self.sessions: dict[str, str] = {}
        self.faults = Faults()
        self.hook: Hook | None = None
        """Where changes are pushed to, if this is a network that pushes."""
        self.duplicate = False
        """Whether changes are told twice."""
        self.url = ""
        self._numbers = itertools.count(1)
        self._changed = asyncio.Event()
        self._lines: set[asyncio.BaseTransport] = set()

    # --- what an author writes

    def routes(self) -> Iterable[web.RouteDef]:
        """The network's wire format."""
        raise NotImplementedError

    def answers(self) -> Mapping[str, str]:
        """What the owner fills in, in all steps of the login together."""
        return {"url": self.url, "user": "olga", "password": PASSWORD}

    def room_id(self, room: str) -> str:
        """What bridges call a room, where that is more than its name here."""
        return room

    def conversation(self, room: str) -> ConversationRef:
        """A room as bridges refer to it."""
        return ConversationRef(self.room_id(room))

    def message_id(self, id_: str) -> str:
        """What bridges call a message that they have heard."""
        return id_

    def address(self, who: str) -> tuple[str, str]:
        """What one types to find somebody, and what bridges call who is found."""
        return self.people[who], who

    def file_name(self, name: str) -> str:
        """What bridges call a file, where the network forgets what it was called."""
        return name

    def wrong_answers(self) -> Mapping[str, str]:
        """The same with something that the network does not accept."""
        return {**self.answers(), "password": "wrong"}

    def frames(self, change: Mapping[str, Any]) -> Sequence[Any]:
        """What `follow` tells of a change."""
        return (change,)

    def asked_on_line(self, text: str) -> None:
        """A client has said something on the line that `follow` keeps open."""

    def actor_id(self, who: str, room: str) -> str:  # noqa: ARG002 - networks where rooms speak need it
        """What bridges call whoever speaks in a room."""
        return who

    def push(self, change: Mapping[str, Any]) -> RawRequest:
        """The request by which a change is pushed."""
        raise NotImplementedError

    async def claimed(self, who: str) -> tuple[str, ...]:
        """What stands of claims in somebody's public place."""
        return texts_in("\n".join(self.profiles.get(who, ())))

    async def beside_claims(self, who: str) -> object:
        """What else stands there, in whatever form can be compared."""
        return [line for line in self.profiles.get(who, ()) if not texts_in(line)]

    async def claim(self, who: str, *texts: str) -> None:
        """Let these claims, and no others, stand in somebody's public place, by another client of theirs."""
        others = [line for line in self.profiles.get(who, ()) if not texts_in(line)]
        self.profiles[who] = [*others, *texts]
        self.change("profile", room="", by=who)

    # --- what people do, in whatever client

    def say(self, text: str, *, who: str = PEER, room: str = "r1", nonce: str = "", **more: Any) -> str:
        """Say something; gives the message's id. One of the owner's comes from another client of hers."""
        if nonce and self.keeps_keys:
            known = next((m for m in self.messages.values() if m.nonce == nonce and m.author == who), None)
            if known is not None:
                return known.id
        message = FakeMessage(f"m{next(self._numbers):06}", room, who, text, nonce=nonce, more=more)
        self.messages[message.id] = message
        self._tell(message)
        return message.id

    async def invite(self, words: str) -> str:
        """Ada makes a room, and asks the owner in; gives the room."""
        room = FakeRoom(f"r{len(self.rooms) + 1}", title="A room for two", members=(PEER,))
        self.rooms[room.id], room.invited[OWNER] = room, (PEER, words)
        self.change("invited", room=room.id, values=[OWNER])
        return room.id

    def inviter(self, room: str) -> str:  # noqa: ARG002 - networks where rooms invite need it
        """What bridges call Ada as she who has asked."""
        return self.address(PEER)[1]

    async def withdraw(self, room: str) -> None:
        """Ada no longer wants the owner to come into a room."""
        self.rooms[room].invited.clear()
        self.change("left", room=room, by=OWNER)

    async def comes(self, room: str) -> str:
        """Whether the owner is `in` a room, is still `asked`, or is `out` of it."""
        there = self.rooms[room]
        return "in" if OWNER in there.members else "asked" if OWNER in there.invited else "out"

    def new_device(self, name: str) -> None:
        """Somebody has logged in to the owner's account on another device."""
        id_ = f"d{next(self._numbers)}"
        self.devices[id_] = name
        self.unconfirmed.add(id_)
        self.change("device", room="")

    def forget_devices(self) -> None:
        """The owner has logged out on all other devices."""
        self.devices.clear()
        self.unconfirmed.clear()
        self.change("device", room="")

    def edit(self, id_: str, text: str) -> None:
        """Change a message's text."""
        message = self.messages[id_]
        message.text, message.rev = text, message.rev + 1
        self._tell(message)

    def take_back(self, id_: str, *, who: str = "") -> None:
        """Delete a message; its author does, unless somebody else is named."""
        message = self.messages[id_]
        if not message.gone:
            message.gone = True
            self.change("gone", id=id_, room=message.room, by=who or message.author)

    def react(self, id_: str, values: Iterable[str], *, who: str = PEER) -> None:
        """Put reactions under a message in place of those of before."""
        message = self.messages[id_]
        message.reactions[who] = tuple(values)
        self.change("reactions", id=id_, room=message.room, by=who, values=list(values))

    def say_file(self, name: str, content: bytes, media_type: str = "image/png") -> str:
        """Ada says a file; gives the message's id."""
        id_ = f"f{len(self.files) + 1}"
        self.files[id_] = content
        file = {"id": id_, "name": name, "type": media_type, "size": len(content)}
        return self.say("a file", files=[file])

    def say_opaque(self, blob: bytes) -> str:
        """Ada's node says bytes."""
        return self.say("", blob=base64.b64encode(blob).decode())

    def read(self, id_: str, *, who: str = PEER) -> None:
        """Somebody has read up to a message."""
        self.change("read", id=id_, room=self.messages[id_].room, by=who)

    def type(self, *, room: str = "r1", on: bool = True) -> None:
        """Ada types."""
        self.change("typing", room=room, by=PEER, on=on)

    def change(self, kind: str, **what: Any) -> None:
        """Append to the log, and wake who waits for it."""
        self.log.append({"seq": len(self.log) + 1, "kind": kind, **what})
        self._changed.set()

    def _tell(self, message: FakeMessage) -> None:
        self.change(
            "message",
            id=message.id,
            room=message.room,
            by=message.author,
            text=message.text,
            rev=message.rev,
            nonce=message.nonce,
            **message.more,
        )

    def said(self, room: str = "r1") -> list[FakeMessage]:
        """What the network has in a room, gone ones left out: what is true."""
        return [m for m in self.messages.values() if m.room == room and not m.gone]

    def record(self, count: int, *, room: str = "r1") -> None:
        """Let there have been messages before the owner logged in: they are not in the log."""
        for number in range(count):
            id_ = f"m{next(self._numbers):06}"
            self.messages[id_] = FakeMessage(id_, room, PEER, f"old words {number}")

    def set_limits(self, room: str = "r1", **limits: Any) -> None:
        """Change what a room takes."""
        known = self.rooms[room].limits
        known.update(limits, version=known["version"] + 1)
        self.change("room", room=room)

    # --- what goes wrong

    def expire(self) -> None:
        """End all sessions."""
        self.sessions.clear()
        self.cut()

    def swap_last(self) -> None:
        """Tell the last two changes in the wrong order to whoever has not heard them yet."""
        one, two = self.log[-2:]
        self.log[-2:] = [{**two, "seq": one["seq"]}, {**one, "seq": two["seq"]}]

    def cut(self) -> None:
        """Break all lines that are open."""
        for line in list(self._lines):
            assert isinstance(line, asyncio.WriteTransport)
            line.abort()
        self._changed.set()

    # --- for routes

    def log_in(self, user: str, password: str) -> str:
        """A new session's token. Raises HTTPForbidden."""
        if self.passwords.get(user) != password:
            raise web.HTTPForbidden
        return self.session(user)

    def session(self, user: str) -> str:
        """A new session's token."""
        token = f"token-{user}-{next(self._numbers)}"
        self.sessions[token] = self.accounts[user]
        return token

    def user(self, request: web.Request) -> str:
        """Who asks. Raises HTTPUnauthorized."""
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.sessions:
            raise web.HTTPUnauthorized
        return self.sessions[token]

    def register(self, user: str, who: str, name: str, *, password: str = PASSWORD) -> None:
        """Let somebody else log in, too."""
        self.passwords[user], self.accounts[user], self.people[who] = password, who, name

    def message(self, id_: str) -> FakeMessage:
        """A message. Raises HTTPNotFound."""
        if id_ not in self.messages or self.messages[id_].gone:
            raise web.HTTPNotFound
        return self.messages[id_]

    async def changes(self, after: int, *, wait_s: float = 0.0, limit: int = 50) -> list[dict[str, Any]]:
        """What happened after a number; waits for something at most so long."""
        if after >= len(self.log) and wait_s:
            self._changed.clear()
            try:
                async with asyncio.timeout(wait_s):
                    await self._changed.wait()
            except TimeoutError:
                pass
        found = self.log[after : after + limit]
        return [change for change in found for _ in range(2 if self.duplicate else 1)]

    async def follow(self, request: web.Request, after: int) -> web.StreamResponse:
        """A WebSocket that tells each change, from after a number on."""
        line = web.WebSocketResponse()
        await line.prepare(request)
        assert request.transport is not None
        transport: asyncio.BaseTransport = request.transport
        self._lines.add(transport)
        try:
            async with asyncio.TaskGroup() as tasks:
                telling = tasks.create_task(self._tell_all(line, after))
                async for frame in line:
                    if isinstance(frame.data, str):
                        self.asked_on_line(frame.data)
                telling.cancel()
        finally:
            self._lines.discard(transport)
        return line

    async def _tell_all(self, line: web.WebSocketResponse, after: int) -> None:
        with suppress(ConnectionError):
            while not line.closed:
                for change in await self.changes(after, wait_s=0.2):
                    for frame in self.frames(change):
                        await line.send_json(frame)
                    after = max(after, change["seq"])

    # --- running it

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve on a free port of loopback; gives the URL."""

        @web.middleware
        async def faults(request: web.Request, handler: Any) -> web.StreamResponse:
            return await self.faults.play(request, handler)

        async with _served(self.routes(), [faults]) as self.url, asyncio.TaskGroup() as tasks:
            pushing = tasks.create_task(self._push())
            yield self.url
            pushing.cancel()

    @asynccontextmanager
    async def control(self) -> AsyncIterator[str]:
        """Serve the verbs for other processes: `POST /VERB` with arguments as JSON; gives the URL."""
        verbs = {"say", "edit", "take_back", "react", "record", "set_limits", "expire", "cut", "read", "type"}

        async def act(request: web.Request) -> web.Response:
            verb = request.match_info["verb"]
            if verb == "fault":
                self.faults.add(**await request.json())
                return web.json_response(None)
            if verb not in verbs:
                raise web.HTTPNotFound
            return web.json_response(getattr(self, verb)(**await request.json()))

        async def said(request: web.Request) -> web.Response:
            found = self.said(request.match_info["room"])
            return web.json_response([{"id": m.id, "by": m.author, "text": m.text} for m in found])

        async with _served([web.post("/{verb}", act), web.get("/said/{room}", said)], []) as url:
            yield url

    async def _push(self) -> None:
        """Push each change until it is taken, in order."""
        at = 0
        while True:
            found = await self.changes(at, wait_s=60, limit=2) if self.hook else []
            for change in found:
                if not await self._pushed(change):
                    break
                at = max(at, change["seq"])
            await asyncio.sleep(0.02)

    async def _pushed(self, change: Mapping[str, Any]) -> bool:
        assert self.hook is not None
        try:
            return (await self.hook(self.push(change))).status < 300
        except Exception:  # noqa: BLE001 - whatever it was, the network tries again
            return False


@asynccontextmanager
async def _served(routes: Iterable[web.RouteDef], middlewares: list[Any]) -> AsyncIterator[str]:
    app = web.Application(middlewares=middlewares, client_max_size=20_000_000)
    app.add_routes(list(routes))
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()
