"""The demo network's server: what `networks.demo` speaks to. It has every feature of the contract.

Everything is JSON over HTTP; changes come through a WebSocket. Who wants to see a small network looks at
`swarm_bridges.scaffold` instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from .network import OWNER, FakeMessage, FakeNetwork, FakeRoom

CODE = "123456"


class DemoNetwork(FakeNetwork):
    """The server. Its tokens can be renewed, and a login asks for a code."""

    def __init__(self) -> None:
        super().__init__()
        self.renewals: dict[str, str] = {}
        self.rooms["home"] = FakeRoom("home", kind="timeline", title="Home")

    def answers(self) -> Mapping[str, str]:
        """See `FakeNetwork`."""
        return {**super().answers(), "code": CODE}

    def expire(self) -> None:
        """See `FakeNetwork`."""
        self.renewals.clear()
        super().expire()

    def routes(self) -> Iterable[web.RouteDef]:
        """See `FakeNetwork`."""
        return [
            web.post("/login", self._login),
            web.post("/code", self._code),
            web.post("/renew", self._renew),
            web.get("/me", self._me),
            web.get("/changes", self._changes),
            web.get("/stream", self._stream),
            web.get("/rooms", self._rooms),
            web.get("/rooms/{room}", self._room),
            web.get("/rooms/{room}/messages", self._history),
            web.post("/rooms/{room}/messages", self._say),
            web.put("/rooms/{room}/read", self._read),
            web.put("/rooms/{room}/typing", self._typing),
            web.post("/rooms/{room}/join", self._join),
            web.post("/rooms/{room}/leave", self._leave),
            web.post("/rooms/{room}/invitation", self._answer),
            web.get("/sent/{nonce}", self._sent),
            web.put("/messages/{id}", self._edit),
            web.delete("/messages/{id}", self._delete),
            web.put("/messages/{id}/reactions", self._react),
            web.put("/messages/{id}/marks", self._mark),
            web.put("/messages/{id}/vote", self._vote),
            web.post("/files", self._upload),
            web.get("/files/{id}", self._download),
            web.get("/people", self._people),
            web.get("/people/{id}/profile", self._profile),
            web.put("/profile", self._describe),
            web.post("/direct", self._direct),
            web.get("/devices", self._devices),
            web.put("/devices/{id}", self._confirm),
            web.delete("/devices/{id}", self._confirm),
        ]

    # --- who asks

    async def _login(self, request: web.Request) -> web.Response:
        """User and password; the answer is a ticket for the code."""
        asked = await request.json()
        if self.passwords.get(asked["user"]) != asked["password"]:
            raise web.HTTPForbidden
        return web.json_response({"ticket": f"ticket-{asked['user']}"})

    async def _code(self, request: web.Request) -> web.Response:
        """Ticket and code; the answer is a token."""
        asked = await request.json()
        if asked["code"] != CODE or not asked["ticket"].startswith("ticket-"):
            raise web.HTTPForbidden
        return web.json_response(self._tokens(asked["ticket"].removeprefix("ticket-")))

    async def _renew(self, request: web.Request) -> web.Response:
        """A token for renewing, which is good once."""
        user = self.renewals.pop((await request.json())["refresh"], None)
        if user is None:
            raise web.HTTPUnauthorized
        return web.json_response(self._tokens(user))

    def _tokens(self, user: str) -> dict[str, str]:
        token = self.session(user)
        refresh = token.replace("token-", "refresh-")
        self.renewals[refresh] = user
        return {"token": token, "refresh": refresh}

    async def _me(self, request: web.Request) -> web.Response:
        id_ = self.user(request)
        return web.json_response({"id": id_, "name": self.people[id_]})

    # --- what happened

    async def _changes(self, request: web.Request) -> web.Response:
        self.user(request)
        after = int(request.query["after"])
        found = await self.changes(after, limit=20)
        last = max((change["seq"] for change in found), default=after)
        return web.json_response({"items": found, "next": last})

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        self.user(request)
        return await self.follow(request, int(request.query["after"]))

    async def _history(self, request: web.Request) -> web.Response:
        """Messages before one, the newest first; there are no more where less than `limit` come."""
        self.user(request)
        found = sorted(self.said(request.match_info["room"]), key=lambda m: m.id, reverse=True)
        if before := request.query.get("before"):
            found = [m for m in found if m.id < before]
        limit = min(int(request.query["limit"]), 100)
        return web.json_response([_item(m) for m in found[:limit]])

    async def _sent(self, request: web.Request) -> web.Response:
        self.user(request)
        nonce = request.match_info["nonce"]
        found = next((m for m in self.messages.values() if m.nonce == nonce), None)
        if found is None:
            raise web.HTTPNotFound
        return web.json_response(_item(found))

    # --- rooms and people

    def _known(self, request: web.Request) -> FakeRoom:
        self.user(request)
        if (room := self.rooms.get(request.match_info["room"])) is None:
            raise web.HTTPNotFound
        return room

    async def _rooms(self, request: web.Request) -> web.Response:
        who = self.user(request)
        found = (room for room in self.rooms.values() if who in (*room.members, *room.invited))
        return web.json_response([_room(room) for room in found])

    async def _room(self, request: web.Request) -> web.Response:
        return web.json_response(_room(self._known(request)))

    async def _join(self, request: web.Request) -> web.Response:
        room = self._known(request)
        room.members = tuple(dict.fromkeys((*room.members, self.user(request))))
        return web.json_response(_room(room))

    async def _leave(self, request: web.Request) -> web.Response:
        room, who = self._known(request), self.user(request)
        room.members = tuple(member for member in room.members if member != who)
        self.change("left", room=room.id, by=who)
        return web.json_response({})

    async def _answer(self, request: web.Request) -> web.Response:
        """Whether one comes. Without an invitation there is nothing to answer."""
        room, who = self._known(request), self.user(request)
        comes = (await request.json())["comes"]
        if comes and who in room.members:
            return web.json_response(_room(room))
        if room.invited.pop(who, None) is None:
            raise web.HTTPNotFound
        if comes:
            room.members = (*room.members, who)
            self.change("invited", room=room.id, values=[who])
        else:
            self.change("left", room=room.id, by=who)
        return web.json_response(_room(room))

    async def _people(self, request: web.Request) -> web.Response:
        self.user(request)
        name = request.query.get("name")
        found = [{"id": i, "name": n} for i, n in self.people.items() if name in {None, n}]
        return web.json_response(found)

    async def _direct(self, request: web.Request) -> web.Response:
        """The conversation of two: `d-` and whom Olga talks with, or both."""
        who, with_ = self.user(request), (await request.json())["with"]
        if with_ not in self.people:
            raise web.HTTPNotFound
        both = sorted({who, with_} - {OWNER})
        room = FakeRoom(f"d-{'-'.join(both)}", kind="direct", title=self.people[with_], members=(who, with_))
        return web.json_response(_room(self.rooms.setdefault(room.id, room)))

    async def _profile(self, request: web.Request) -> web.Response:
        self.user(request)
        if (who := request.match_info["id"]) not in self.people:
            raise web.HTTPNotFound
        return web.json_response({"lines": self.profiles.get(who, [])})

    async def _describe(self, request: web.Request) -> web.Response:
        """Lines instead of those of before."""
        who = self.user(request)
        self.profiles[who] = [str(line) for line in (await request.json())["lines"]]
        self.change("profile", room="", by=who)
        return web.json_response({})

    async def _devices(self, request: web.Request) -> web.Response:
        """Devices of the owner's that nobody has confirmed."""
        open_ = self.unconfirmed if self.user(request) == OWNER else ()
        return web.json_response({id_: self.devices[id_] for id_ in sorted(open_)})

    async def _confirm(self, request: web.Request) -> web.Response:
        """Confirm a device, or log it out."""
        if self.user(request) != OWNER or (id_ := request.match_info["id"]) not in self.devices:
            raise web.HTTPNotFound
        self.unconfirmed.discard(id_)
        if request.method == "DELETE":
            del self.devices[id_]
        self.change("device", room="")
        return web.json_response({})

    # --- what the owner does

    async def _say(self, request: web.Request) -> web.Response:
        room = self._known(request)
        asked = await request.json()
        if len(asked["text"]) > room.limits["max_text"]:
            raise web.HTTPRequestEntityTooLarge(room.limits["max_text"], len(asked["text"]))
        wanted = ("reply_to", "thread", "files", "poll", "visibility", "title", "blob")
        more = {name: asked[name] for name in wanted if name in asked}
        id_ = self.say(asked["text"], who=self.user(request), room=room.id, nonce=asked["nonce"], **more)
        return web.json_response({"id": id_, "rev": self.messages[id_].rev})

    def _own(self, request: web.Request) -> FakeMessage:
        message = self.message(request.match_info["id"])
        if message.author != self.user(request):
            raise web.HTTPForbidden
        return message

    async def _edit(self, request: web.Request) -> web.Response:
        message = self._own(request)
        text = (await request.json())["text"]
        if text != message.text:
            self.edit(message.id, text)
        return web.json_response({"id": message.id, "rev": message.rev})

    async def _delete(self, request: web.Request) -> web.Response:
        self.take_back(self._own(request).id)
        return web.json_response({})

    async def _react(self, request: web.Request) -> web.Response:
        message = self.message(request.match_info["id"])
        self.react(message.id, (await request.json())["values"], who=self.user(request))
        return web.json_response({})

    async def _mark(self, request: web.Request) -> web.Response:
        user, message = self.user(request), self.message(request.match_info["id"])
        asked = await request.json()
        marks = set(message.more.get("marks", ()))
        marks = marks | {asked["name"]} if asked["on"] else marks - {asked["name"]}
        message.more["marks"] = sorted(marks)
        counts = dict.fromkeys(marks, 1)
        self.change("marks", id=message.id, room=message.room, by=user, mine=sorted(marks), counts=counts)
        return web.json_response({})

    async def _vote(self, request: web.Request) -> web.Response:
        self.user(request)
        message = self.message(request.match_info["id"])
        wanted = set((await request.json())["options"])
        poll = message.more["poll"]
        if not wanted <= {option["id"] for option in poll["options"]}:
            raise web.HTTPBadRequest
        if wanted != set(poll.get("mine", ())):
            options = [{**o, "votes": int(o["id"] in wanted)} for o in poll["options"]]
            message.more["poll"] = {**poll, "options": options, "mine": sorted(wanted)}
            self.edit(message.id, message.text)
        return web.json_response({"id": message.id, "rev": message.rev})

    async def _read(self, request: web.Request) -> web.Response:
        room = self._known(request)
        self.change("read", room=room.id, id=(await request.json())["up_to"], by=self.user(request))
        return web.json_response({})

    async def _typing(self, request: web.Request) -> web.Response:
        room = self._known(request)
        self.change("typing", room=room.id, by=self.user(request), on=(await request.json())["on"])
        return web.json_response({})

    async def _upload(self, request: web.Request) -> web.Response:
        self.user(request)
        id_ = f"f{len(self.files) + 1}"
        self.files[id_] = await request.read()
        return web.json_response({"id": id_})

    async def _download(self, request: web.Request) -> web.Response:
        self.user(request)
        if (found := self.files.get(request.match_info["id"])) is None:
            raise web.HTTPNotFound
        return web.Response(body=found)


def _room(room: FakeRoom) -> dict[str, Any]:
    return {
        "id": room.id,
        "kind": room.kind,
        "title": room.title,
        "members": room.members,
        "invited": room.invited,
        "limits": room.limits,
    }


def _item(message: FakeMessage) -> dict[str, Any]:
    return {
        "id": message.id,
        "room": message.room,
        "by": message.author,
        "text": message.text,
        "rev": message.rev,
        "nonce": message.nonce,
        **message.more,
    }
