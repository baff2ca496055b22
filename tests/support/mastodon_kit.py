"""The kit's network over a real snac2: direct posts of Ada and Olga, the home timeline, faults in a proxy.

The proxy answers as the server does, or plays a fault, and notes what the server has taken: that is what is
true, and in the end it is compared with what an ordinary client reads there. What it plays besides is what a
server cannot be made to do: pages that tell everything twice, entries without sense, other limits. `LACKS`
are the checks for which snac2 has nothing; they run against `fake.py`.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web
from mastodon_peer import MastodonPeer, revoke, short, token_of, web_of, words_of
from mastodon_server import Snac

from swarm_bridges import armour
from swarm_bridges.api import ConversationRef
from swarm_bridges.claims import texts_in
from swarm_bridges.testing import OWNER, PEER, FakeMessage, FakeNetwork, FakeRoom

LACKS: Mapping[str, str] = {
    "reordered": "it tells how a post is, not what became of it; the stream of `fake.py` tells changes",
}
PUBLIC_LACKS: Mapping[str, str] = {
    **LACKS,
    "replies": "in public the one who is answered is named; that is in test_servers",
}
OLD_LACKS: Mapping[str, str] = {
    **LACKS,
    "history": "before 2.84 it gives the newest page alone, whatever is asked for",
}
NUMBERS = itertools.count()
MALLORY = "u-mallory"
HOP = {"host", "connection", "content-length", "transfer-encoding", "content-encoding"}
STATUSES, HOME = "/api/v1/statuses", "/api/v1/timelines/home"
UPDATE = "/api/v1/accounts/update_credentials"
TOLD = {HOME, "/api/v1/notifications"}
"""Where it is told what others have said."""
ARRIVES_S = 40.0
HELD_S = 4.0

Raw = dict[str, Any]


class MastodonKit(FakeNetwork):
    """One world of a check: accounts of its own on a server that all share.

    The room of the checks is the direct conversation with Ada, or with `public` the home timeline, in which
    she is followed.
    """

    nobody = "0" * 32

    def __init__(self, here: Snac, there: Snac, *, public: bool = False) -> None:
        super().__init__()
        number = next(NUMBERS)
        self._servers = {OWNER: here, PEER: there, MALLORY: there}
        self._direct = "r2" if public else "r1"
        self._names = {OWNER: f"olga{number}", PEER: f"ada{number}", MALLORY: f"mallory{number}"}
        self.people = dict(self._names)
        titles = (self._names[PEER], "Home")[:: -1 if public else 1]
        self.rooms = {
            room: FakeRoom(room, title=title) for room, title in zip(("r1", "r2"), titles, strict=True)
        }
        self._tokens: list[tuple[str, Mapping[str, str]]] = []
        """Of the owner's bridge, one for each login, with what takes it back."""
        self._passwords: dict[str, str] = {}
        self._clients: dict[str, MastodonPeer] = {}
        self._ids: dict[str, str] = {}
        """The server's ids of people."""
        self._places: dict[str, str] = {}
        """The server's ids of messages, by the kit's: the part that does not change."""
        self._work: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()
        self._past = asyncio.Event()
        """Whether what was said before all the rest is there."""
        self._past.set()
        self._noted = asyncio.Lock()
        """Held while the server has something of which it is not noted yet that it has it."""
        self._odd: list[Any] = []
        """Entries that the next page of the home timeline holds besides."""
        self._web: aiohttp.ClientSession | None = None

    # --- what the kit asks

    def routes(self) -> Iterable[web.RouteDef]:
        return [web.route("*", "/{path:.*}", self._pass)]

    def answers(self) -> Mapping[str, str]:
        return {"server": self.url, "token": self._tokens[0][0]}

    def wrong_answers(self) -> Mapping[str, str]:
        return {**self.answers(), "token": "wrong"}

    def conversation(self, room: str) -> ConversationRef:
        return ConversationRef(f"direct {self._ids[PEER]}" if room == self._direct else "home", private=True)

    def actor_id(self, who: str, room: str) -> str:  # noqa: ARG002 - the same in both
        return self._ids[who]

    def message_id(self, id_: str) -> str:
        return self._places[id_]

    def address(self, who: str) -> tuple[str, str]:
        return self._clients[who].handle, self._ids[who]

    def file_name(self, name: str) -> str:
        """Servers forget what a file was called."""
        return next(n for n in self.files if n.endswith(name.rpartition(".")[2]))

    # --- what people do, one thing after the other

    def _do(self, work: Callable[[], Awaitable[None]]) -> None:
        super().change("said")
        self._work.put_nowait(work)

    async def _working(self) -> None:
        while True:
            work = await self._work.get()
            await work()
            self._work.task_done()

    def say(self, text: str, *, who: str = PEER, room: str = "r1", nonce: str = "", **more: Any) -> str:  # noqa: ARG002
        id_ = f"said-{next(self._numbers):06}"

        async def send() -> None:
            async with self._noted:
                place = await self._post(who, room, text, more)
                self._places[id_] = place
                self.messages[id_] = FakeMessage(id_, room, who, text, more=more)
            await self._arrived(place)

        self._do(send)
        return id_

    async def _post(self, who: str, room: str, text: str, more: Mapping[str, Any]) -> str:
        """Say something as an ordinary client; gives what stays of its id."""
        client, text = self._clients[who], more.get("html", text)
        if "poll" in more:
            options = [one["text"] for one in more["poll"]["options"]]
            return short(await client.ask_all(text, options, self._passwords[who]))
        said: Raw = {}
        if room == self._direct:
            text = f"{self._clients[PEER if who == OWNER else OWNER].handle} {text}"
            said["visibility"] = "direct"
        if "reply_to" in more:
            said["in_reply_to_id"] = self._long(more["reply_to"])
        if "media_ids" in more:
            said["media_ids"] = more["media_ids"]
        return short({"id": await client.say(text, **said)})

    async def _arrived(self, *places: str) -> None:
        """Wait until the owner's server shows these to her: what is said at once comes in any order."""
        me, wanted, most = self._clients[OWNER], set(places), len(places) + 40
        async with asyncio.timeout(ARRIVES_S):
            while not wanted <= {short(status) for status in await me.home(most)}:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def _long(self, id_: str) -> str:
        return "0" * 10 + self._places[id_]

    def edit(self, id_: str, text: str) -> None:
        async def send() -> None:
            message = self.messages[id_]
            words = f"{self._clients[OWNER].handle} {text}" if message.room == self._direct else text
            await self._clients[PEER].ask("PUT", f"{STATUSES}/{self._long(id_)}", json={"status": words})
            message.text = text

        self._do(send)

    def take_back(self, id_: str, *, who: str = PEER) -> None:
        async def send() -> None:
            await self._clients[who].ask("DELETE", f"{STATUSES}/{self._long(id_)}")
            self.messages[id_].gone = True

        self._do(send)

    def say_file(self, name: str, content: bytes, media_type: str = "image/png") -> str:  # noqa: ARG002 - by its name
        id_ = f"file-{next(self._numbers):06}"

        async def send() -> None:
            media = await self._clients[PEER].upload(f"{id_}-{name}", content, "described")
            more = {"media_ids": [media]}
            async with self._noted:
                self._places[id_] = place = await self._post(PEER, "r1", "a file", more)
                self.messages[id_] = FakeMessage(id_, "r1", PEER, "a file")
            status = await self._clients[PEER].until(lambda one: short(one) == place)
            await self._keep(status)
            await self._arrived(place)

        self._do(send)
        return id_

    async def _keep(self, status: Raw) -> None:
        """Note the files of a post, under the names that the server has given them."""
        for media in status["media_attachments"]:
            self.files[media["url"].rpartition("/")[2]] = await self._clients[PEER].bytes_of(media["url"])

    def say_opaque(self, blob: bytes) -> str:
        return self.say(armour.armoured(blob, "A private message."))

    def record(self, count: int, *, room: str = "r1") -> None:
        async def send() -> None:
            for number in range(count):
                id_ = f"old-{next(self._numbers):06}"
                self._places[id_] = await self._post(PEER, room, f"old words {number}", {})
                self.messages[id_] = FakeMessage(id_, room, PEER, f"old words {number}")
            await self._arrived(*list(self._places.values())[-count:])
            self._past.set()

        self._past.clear()
        self._do(send)

    def change(self, kind: str, **what: Any) -> None:
        if what.get("by") == MALLORY:
            self._do(lambda: self._forbidden(what["id"]))
        elif what.get("rev") == "?":
            self._odd.append({"id": "x", "account": None, "content": what["text"]})
        else:
            super().change(kind, **what)

    async def _forbidden(self, id_: str) -> None:
        """Somebody takes back what is not theirs: the server does not let them."""
        try:
            await self._clients[MALLORY].ask("DELETE", f"{STATUSES}/{self._long(id_)}")
        except AssertionError:
            return
        raise AssertionError("the server deletes what others have said")

    # --- claims

    async def _fields(self, who: str) -> list[tuple[str, str]]:
        told = await self._clients[who].ask("GET", "/api/v1/accounts/verify_credentials")
        return [(field["name"], field["value"]) for field in told.get("fields", ())]

    async def claimed(self, who: str) -> tuple[str, ...]:
        return texts_in("\n".join(value for _, value in await self._fields(who)))

    async def beside_claims(self, who: str) -> object:
        return [(name, value) for name, value in await self._fields(who) if value and not texts_in(value)]

    async def claim(self, who: str, *texts: str) -> None:
        lines = [("web", "https://example.org/"), *((f"swarm {n}", text) for n, text in enumerate(texts))]
        form = {
            f"fields_attributes[{number}][{part}]": said
            for number, line in enumerate(lines)
            for part, said in zip(("name", "value"), line, strict=True)
        }
        await self._clients[who].ask("PATCH", UPDATE, data=form)
        async with asyncio.timeout(ARRIVES_S):  # servers tell each other
            while set(texts) != await self._seen_of(who):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def _seen_of(self, who: str) -> set[str]:
        """What somebody claims, as the owner's server has it; while it writes that down, it has nobody."""
        path = f"/api/v1/accounts/{self._ids[who]}"
        async with self._clients[OWNER].web.get(path) as answer:
            fields = (await answer.json(content_type=None))["fields"] if answer.status == 200 else []
        return {text for field in fields for text in texts_in(field["value"])}

    # --- what passes

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        """Ask the server, and note what it has taken, before anybody can read it."""
        assert self._web is not None
        if request.transport is None:  # who asked is gone already
            return web.Response()
        self._lines.add(request.transport)
        body, reading = await request.read(), request.method == "GET"
        if reading and request.path == HOME:
            await self._settled()
        headers = {n: v for n, v in request.headers.items() if n.lower() not in HOP}
        noted = contextlib.nullcontext() if reading else self._noted
        async with (
            noted,
            self._web.request(request.method, request.path_qs, headers=headers, data=body or None) as answer,
        ):
            said = await answer.read()
            if not reading and answer.status == 200 and request.path.startswith(STATUSES):
                await self._note(request, json.loads(body or b"{}"), json.loads(said or b"{}"))
            kept = {n: v for n, v in answer.headers.items() if n.lower() not in HOP}
        if reading:
            async with self._noted:
                pass
            said = self._played(request.path, said) if answer.status == 200 else said
        return web.Response(status=answer.status, body=said, headers=kept)

    def _played(self, path: str, said: bytes) -> bytes:
        """An answer with what a server cannot be made to say."""
        if path == "/api/v1/instance":
            named = len(f"{self._clients[PEER].handle} ") if self._direct == "r1" else 0
            told = json.loads(said)
            told["configuration"]["statuses"]["max_characters"] = self.rooms["r1"].limits["max_text"] + named
            return json.dumps(told).encode()
        if path in TOLD:
            page = [one for one in json.loads(said) for _ in range(2 if self.duplicate else 1)]
            odd, self._odd = (self._odd, []) if path == HOME else ([], self._odd)
            return json.dumps([*odd, *page]).encode()
        return said

    async def _settled(self) -> None:
        """Wait for the past, and for what was said just now no longer than a check has patience."""
        await self._past.wait()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HELD_S):
                await self._work.join()

    async def _note(self, request: web.Request, asked: Raw, told: Raw) -> None:
        """What the owner's bridge has said, as the server has it."""
        super().change("passed")
        if request.path == STATUSES:
            id_ = short(told)
            room = (
                self._direct
                if asked.get("visibility") == "direct"
                else {"r1": "r2", "r2": "r1"}[self._direct]
            )
            more = (
                {"reply_to": self._message(asked["in_reply_to_id"]).id} if "in_reply_to_id" in asked else {}
            )
            self._places[id_] = id_
            self.messages[id_] = FakeMessage(id_, room, OWNER, words_of(told), more=more)
            await self._keep(told)
        elif request.method == "PUT":
            self._message(request.path.rpartition("/")[2]).text = words_of(told)
        elif request.method == "DELETE":
            self._message(request.path.rpartition("/")[2]).gone = True

    def _message(self, long: str) -> FakeMessage:
        return next(m for m in self.messages.values() if self._places[m.id] == long[10:])

    async def _compare(self) -> None:
        """What was noted of the owner's own is what an ordinary client reads."""
        await self._work.join()
        me, before, found = self._clients[OWNER], "", Counter[str]()
        while page := await me.home(before=before):
            mine = (s for s in page if s["account"]["id"] == self._ids[OWNER] and s["reblog"] is None)
            found.update(words_of(status) for status in mine)
            before = page[-1]["id"]
        noted = Counter(m.text for m in self.messages.values() if m.author == OWNER and not m.gone)
        assert found == noted, "the server has something else than was noted"

    # --- what goes wrong

    def expire(self) -> None:
        """The token is taken back; another one is for the next login."""
        token, app = self._tokens.pop(0)
        revoke(self._servers[OWNER], {**app, "token": token})
        self.cut()

    # --- running it

    async def _enter(self, who: str, stack: contextlib.AsyncExitStack) -> None:
        name, server = self._names[who], self._servers[who]
        self._passwords[who] = server.add(name)
        token, _ = await token_of(server, name, self._passwords[who])
        client = self._clients[who] = MastodonPeer(server, name, token)
        stack.push_async_callback(client.close)
        self._ids[who] = str((await client.ask("GET", "/api/v1/accounts/verify_credentials"))["id"])
        for _ in range(2 if who == OWNER else 0):
            self._tokens.append(await token_of(server, name, self._passwords[who]))

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        async with contextlib.AsyncExitStack() as stack:
            self._web = await stack.enter_async_context(web_of(self._servers[OWNER].base))
            for who in self._names:
                await self._enter(who, stack)
            await self._clients[OWNER].follow(self._clients[PEER])
            await self.claim(OWNER)
            for who in (OWNER, PEER, OWNER):
                await asyncio.to_thread(self._servers[who].settle)
            url = await stack.enter_async_context(super().serving())
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            working = tasks.create_task(self._working())
            stack.callback(working.cancel)
            yield url
            if self._servers[OWNER].version == "new":  # of the old one only the newest can be read
                await self._compare()
