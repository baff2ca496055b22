"""A Mastodon that does not exist, for the kit: with the stream, polls, keys and lists that snac2 lacks.

Ada's direct posts to Olga are the room `r1`, the home timeline is `r2`.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from aiohttp import web

from swarm_bridges import armour
from swarm_bridges.api import ConversationRef
from swarm_bridges.testing.network import OWNER, PEER, FakeMessage, FakeNetwork

CODE = "c0de"
NAMES = re.compile(r"^(?:@\w+\s+)+")
MOST_FIELDS = 4
MARKS = {"favourite": "favourited", "reblog": "reblogged", "bookmark": "bookmarked"}


class Network(FakeNetwork):
    """The server."""

    version = "4.4.0"

    def __init__(self) -> None:
        super().__init__()
        self.rooms["r1"].title = "Ada"
        self.uploads: dict[str, str] = {}
        self.asked: list[Mapping[str, Any]] = []
        """What was posted, as it came."""
        self.votes = 0
        self.lists: dict[str, dict[str, Any]] = {}
        """By id: title, whether it is exclusive, and the ids of its members."""
        self.heard: set[str] = set()
        """Lists of which the client has asked to be told."""

    def make_list(self, title: str, *members: str, exclusive: bool = False) -> str:
        """Olga makes a list; gives its id."""
        id_ = str(len(self.lists) + 1)
        self.lists[id_] = {"title": title, "exclusive": exclusive, "members": members}
        return id_

    # --- for the kit

    def answers(self) -> Mapping[str, str]:
        """See `FakeNetwork`."""
        return {"server": self.url, "code": CODE}

    def wrong_answers(self) -> Mapping[str, str]:
        """See `FakeNetwork`."""
        return {**self.answers(), "code": "wrong"}

    def say_opaque(self, blob: bytes) -> str:
        """See `FakeNetwork`."""
        return self.say(armour.armoured(blob, "A private message."))

    def conversation(self, room: str) -> ConversationRef:
        """See `FakeNetwork`."""
        return ConversationRef(f"direct {PEER}" if room == "r1" else "home", private=True)

    def frames(self, change: Mapping[str, Any]) -> Sequence[Any]:
        """What the stream says. Direct posts of others are notifications, the owner's conversations."""
        kind, payload = change["kind"], None
        streams = self._streams(change)
        if kind == "gone" and self.messages[change["id"]].gone:
            return [{"stream": stream, "event": "delete", "payload": change["id"]} for stream in streams]
        if kind != "message":
            return []
        event, payload = "update", self._status(change)
        if change.get("rev"):
            event = "status.update"
        elif change["room"] == "r1" and change["by"] == OWNER:
            event, payload = "conversation", {"id": "1", "last_status": payload}
        elif change["room"] == "r1":
            event, payload = "notification", self._notice(payload)
        return [{"stream": s, "event": event, "payload": json.dumps(payload)} for s in streams]

    def _streams(self, change: Mapping[str, Any]) -> list[list[str]]:
        """Those in which a change is told."""
        author = self.messages[change["id"]].author if change.get("id") in self.messages else ""
        there = self._lists_of(author) if change.get("room") == "r2" else []
        home = [] if any(self.lists[id_]["exclusive"] for id_ in there) else [["user"]]
        return [*home, *(["list", id_] for id_ in there if id_ in self.heard)]

    def _lists_of(self, author: str) -> list[str]:
        return [id_ for id_, one in self.lists.items() if author in one["members"]]

    def asked_on_line(self, text: str) -> None:
        """See `FakeNetwork`."""
        asked = json.loads(text)
        if asked.get("stream") == "list":
            (self.heard.add if asked["type"] == "subscribe" else self.heard.discard)(asked["list"])

    def routes(self) -> Iterable[web.RouteDef]:
        """See `FakeNetwork`."""
        api = "/api/v1"
        return [
            web.get("/api/v2/instance", self._instance),
            web.post(f"{api}/apps", self._apps),
            web.post("/oauth/token", self._token),
            web.get(f"{api}/streaming", self._stream),
            web.get(f"{api}/accounts/verify_credentials", self._me),
            web.patch(f"{api}/accounts/update_credentials", self._describe),
            web.get(f"{api}/accounts/lookup", self._lookup),
            web.get(f"{api}/accounts/{{id}}", self._account_of),
            web.get(f"{api}/accounts/{{id}}/following", self._following),
            web.get("/api/v2/search", self._search),
            web.get(f"{api}/timelines/home", self._home),
            web.get(f"{api}/lists", self._lists),
            web.get(f"{api}/timelines/list/{{id}}", self._list),
            web.get(f"{api}/notifications", self._notifications),
            web.get(f"{api}/conversations", self._conversations),
            web.post(f"{api}/statuses", self._post),
            web.get(f"{api}/statuses/{{id}}", self._get),
            web.put(f"{api}/statuses/{{id}}", self._edit),
            web.delete(f"{api}/statuses/{{id}}", self._delete),
            web.get(f"{api}/statuses/{{id}}/context", self._context),
            web.post(f"{api}/statuses/{{id}}/{{verb}}", self._mark),
            web.post(f"{api}/polls/{{id}}/votes", self._vote),
            web.post("/api/v2/media", self._upload),
            web.get("/files/{id}/{name}", self._download),
        ]

    # --- JSON

    def _account(self, id_: str) -> dict[str, Any]:
        name = self.people[id_]
        return {
            "id": id_,
            "acct": name.lower(),
            "username": name.lower(),
            "display_name": name,
            "url": f"{self.url}/@{name.lower()}",
            "uri": f"{self.url}/users/{name.lower()}",
            "fields": [
                {"name": f"{n}", "value": f"<p>{html.escape(line)}</p>"}
                for n, line in enumerate(self.profiles.get(id_, ()))
            ],
        }

    def _status(self, told: Mapping[str, Any]) -> dict[str, Any]:
        """A post, from a change of the log or from `_change_of`."""
        direct, text = told["room"] == "r1", told["text"]
        content = told.get("html") or (
            html.escape(text).replace("\n", "<br>") if isinstance(text, str) else text
        )
        others = [m for m in (OWNER, PEER) if m != told["by"]] if direct else []
        mentions = [self._account(id_) for id_ in others]
        if isinstance(content, str):
            named = " ".join(f'<a href="{m["url"]}" class="u-url mention">@{m["acct"]}</a>' for m in mentions)
            content = f"<p>{named} {content}</p>"
        rev = told["rev"] if isinstance(told["rev"], int) else 0
        return {
            "id": told["id"],
            "account": self._account(told["by"]),
            "content": content,
            "created_at": "2026-01-01T00:00:00.000Z",
            "edited_at": f"2026-01-01T00:00:00.{rev:03}Z" if rev else None,
            "visibility": "direct" if direct else "public",
            "mentions": mentions,
            "in_reply_to_id": told.get("reply_to"),
            "media_attachments": [self._media(file) for file in told.get("files", ())],
            "poll": self._poll(told["id"], told["poll"]) if told.get("poll") else None,
            **{MARKS[name]: True for name in told.get("marks", ())},
        }

    def _media(self, file: Mapping[str, Any]) -> dict[str, Any]:
        kind = file["type"].partition("/")[0]
        return {"id": file["id"], "type": kind, "url": f"{self.url}/files/{file['id']}/{file['name']}"}

    def _poll(self, id_: str, poll: Mapping[str, Any]) -> dict[str, Any]:
        options = [{"title": o["text"], "votes_count": o.get("votes", 0)} for o in poll["options"]]
        mine = [n for n, o in enumerate(poll["options"]) if o["id"] in poll.get("mine", ())]
        return {
            "id": id_,
            "options": options,
            "votes_count": len(mine),
            "voted": bool(mine),
            "own_votes": mine,
        }

    def _change_of(self, message: FakeMessage) -> dict[str, Any]:
        told = {"id": message.id, "room": message.room, "by": message.author, "text": message.text}
        return {**told, "rev": message.rev, **message.more}

    def _notice(self, status: Mapping[str, Any]) -> dict[str, Any]:
        id_ = f"n{status['id']}"
        return {"id": id_, "type": "mention", "account": status["account"], "status": status}

    def _page(
        self, request: web.Request, room: str, among: Callable[[FakeMessage], bool] = lambda _: True
    ) -> list[dict[str, Any]]:
        """Posts of a room, the newest first."""
        self.user(request)
        before = request.query.get("max_id", "").removeprefix("n")
        found = sorted(self.said(room), key=lambda m: m.id, reverse=True)
        found = [m for m in found if (not before or m.id < before) and among(m)]
        return [self._status(self._change_of(m)) for m in found[: min(int(request.query["limit"]), 40)]]

    # --- who asks

    async def _instance(self, request: web.Request) -> web.Response:
        most = self.rooms["r1"].limits["max_text"] + len("@ada ")
        return web.json_response(
            {
                "version": self.version,
                "configuration": {
                    "urls": {"streaming": self.url.replace("http", "ws", 1)},
                    "statuses": {"max_characters": most, "max_media_attachments": 4},
                    "media_attachments": {
                        "supported_mime_types": ["image/png"],
                        "image_size_limit": 10_000_000,
                    },
                },
            }
        )

    async def _apps(self, request: web.Request) -> web.Response:
        return web.json_response({"client_id": "id", "client_secret": "secret"})

    async def _token(self, request: web.Request) -> web.Response:
        if (await request.post())["code"] != CODE:
            raise web.HTTPBadRequest
        return web.json_response({"access_token": self.session("olga")})

    async def _me(self, request: web.Request) -> web.Response:
        me = self.user(request)
        fields = [{"name": f"{n}", "value": line} for n, line in enumerate(self.profiles.get(me, ()))]
        return web.json_response({**self._account(me), "source": {"fields": fields}})

    async def _describe(self, request: web.Request) -> web.Response:
        """Fields instead of those of before, four at most."""
        me, form = self.user(request), await request.post()
        values = [value for name, value in form.items() if name.endswith("[value]") and value]
        if len(values) > MOST_FIELDS:
            raise web.HTTPUnprocessableEntity
        self.profiles[me] = [str(value) for value in values]
        return web.json_response(self._account(me))

    async def _lookup(self, request: web.Request) -> web.Response:
        return web.json_response(self._account(self._named(request.query["acct"])))

    def _named(self, name: str) -> str:
        for id_, known in self.people.items():
            if name.lower() in {id_, known.lower()}:
                return id_
        raise web.HTTPNotFound

    async def _account_of(self, request: web.Request) -> web.Response:
        self.user(request)
        return web.json_response(self._account(self._named(request.match_info["id"])))

    async def _following(self, request: web.Request) -> web.Response:
        self.user(request)
        return web.json_response([self._account(PEER)])

    async def _search(self, request: web.Request) -> web.Response:
        self.user(request)
        return web.json_response({"accounts": []})

    # --- what happened

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self.user(request)
        self.heard.clear()
        return await self.follow(request, len(self.log))

    async def _home(self, request: web.Request) -> web.Response:
        def at_home(message: FakeMessage) -> bool:
            return not any(self.lists[id_]["exclusive"] for id_ in self._lists_of(message.author))

        return web.json_response(self._page(request, "r2", at_home))

    async def _lists(self, request: web.Request) -> web.Response:
        self.user(request)
        told = [{**one, "id": id_, "members": None} for id_, one in self.lists.items()]
        return web.json_response(told)

    async def _list(self, request: web.Request) -> web.Response:
        if (one := self.lists.get(request.match_info["id"])) is None:
            raise web.HTTPNotFound
        return web.json_response(self._page(request, "r2", lambda m: m.author in one["members"]))

    async def _notifications(self, request: web.Request) -> web.Response:
        page = [s for s in self._page(request, "r1") if s["account"]["id"] != OWNER]
        return web.json_response([self._notice(status) for status in page])

    async def _conversations(self, request: web.Request) -> web.Response:
        last = self._page(request, "r1")[:1]
        return web.json_response([{"id": "1", "last_status": status} for status in last])

    async def _context(self, request: web.Request) -> web.Response:
        self.user(request)
        id_ = request.match_info["id"]
        thread = [self._status(self._change_of(m)) for m in self.said("r1")]
        older, newer = ([s for s in thread if s["id"] < id_], [s for s in thread if s["id"] > id_])
        return web.json_response({"ancestors": older, "descendants": newer})

    async def _get(self, request: web.Request) -> web.Response:
        self.user(request)
        return web.json_response(self._status(self._change_of(self.message(request.match_info["id"]))))

    # --- what the owner does

    async def _post(self, request: web.Request) -> web.Response:
        who, asked = self.user(request), await request.json()
        self.asked.append(asked)
        room = "r1" if asked.get("visibility") == "direct" else "r2"
        more: dict[str, Any] = {}
        if "in_reply_to_id" in asked:
            more["reply_to"] = asked["in_reply_to_id"]
        if "media_ids" in asked:
            names = {id_: self.uploads[id_] for id_ in asked["media_ids"]}
            more["files"] = [{"id": id_, "name": name, "type": "image/png"} for id_, name in names.items()]
        text, key = NAMES.sub("", asked["status"]), request.headers.get("Idempotency-Key", "")
        return web.json_response(self._told(self.say(text, who=who, room=room, nonce=key, **more)))

    def _told(self, id_: str) -> dict[str, Any]:
        return self._status(self._change_of(self.messages[id_]))

    def _own(self, request: web.Request) -> FakeMessage:
        message = self.message(request.match_info["id"])
        if message.author != self.user(request):
            raise web.HTTPNotFound
        return message

    async def _edit(self, request: web.Request) -> web.Response:
        message, asked = self._own(request), await request.json()
        text, files = NAMES.sub("", asked["status"]), message.more.get("files", [])
        message.more["files"] = [file for file in files if file["id"] in asked.get("media_ids", ())]
        if text != message.text:
            self.edit(message.id, text)
        return web.json_response(self._told(message.id))

    async def _delete(self, request: web.Request) -> web.Response:
        self.take_back(self._own(request).id)
        return web.json_response({})

    async def _mark(self, request: web.Request) -> web.Response:
        self.user(request)
        message, verb = self.message(request.match_info["id"]), request.match_info["verb"]
        marks = set(message.more.get("marks", ()))
        marks = marks - {verb.removeprefix("un")} if verb.startswith("un") else marks | {verb}
        message.more["marks"] = sorted(marks)
        return web.json_response(self._told(message.id))

    async def _vote(self, request: web.Request) -> web.Response:
        self.user(request)
        message = self.message(request.match_info["id"])
        chosen = {int(n) for n in (await request.json())["choices"]}
        poll = message.more["poll"]
        self.votes += 1
        options = [{**o, "votes": int(n in chosen)} for n, o in enumerate(poll["options"])]
        mine = [o["id"] for n, o in enumerate(options) if n in chosen]
        message.more["poll"] = {**poll, "options": options, "mine": mine}
        self.edit(message.id, message.text)
        return web.json_response(self._told(message.id)["poll"])

    async def _upload(self, request: web.Request) -> web.Response:
        self.user(request)
        file = (await request.post())["file"]
        assert isinstance(file, web.FileField)
        id_ = f"f{len(self.files) + 1}"
        self.files[id_], self.uploads[id_] = file.file.read(), file.filename
        return web.json_response(
            {"id": id_, "type": "image", "url": f"{self.url}/files/{id_}/{file.filename}"}
        )

    async def _download(self, request: web.Request) -> web.Response:
        if (found := self.files.get(request.match_info["id"])) is None:
            raise web.HTTPNotFound
        return web.Response(body=found)
