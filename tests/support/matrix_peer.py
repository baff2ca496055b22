"""An ordinary client of Matrix, for the other side of a conversation: nothing of ours is in it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import aiohttp
from matrix_server import Synapse

PATIENCE_S = 45.0
MESSAGE, REACTION, REDACTION = "m.room.message", "m.reaction", "m.room.redaction"
Raw = dict[str, Any]


class MatrixPeer:
    """Somebody's client. `heard` are the events of all rooms, as they came."""

    def __init__(self, server: Synapse, name: str, token: str) -> None:
        self.server, self.user = server, server.user(name)
        self.heard: list[Raw] = []
        self._web = aiohttp.ClientSession(server.base, headers={"Authorization": f"Bearer {token}"})
        self._numbers = itertools.count()
        self._since = ""
        self._hearing = asyncio.Lock()

    async def close(self) -> None:
        await self._web.close()

    async def ask(self, method: str, path: str, **options: Any) -> Any:
        """Ask for JSON; again, while the server is gone."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    async with self._web.request(method, f"/_matrix/client/v3{path}", **options) as answer:
                        assert answer.status == 200, (method, path, answer.status, await answer.text())
                        return await answer.json()
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.1)

    # --- rooms ---

    async def create(self, **what: Any) -> str:
        """A new room; gives its id."""
        return str((await self.ask("POST", "/createRoom", json=what))["room_id"])

    async def join(self, room: str, via: str = "") -> None:
        """Go into a room."""
        params = {"server_name": via} if via else {}
        await self.ask("POST", f"/join/{quote(room)}", params=params, json={})

    # --- saying ---

    async def send(self, room: str, kind: str, content: Raw) -> str:
        """Send an event; gives its id."""
        path = f"/rooms/{quote(room)}/send/{kind}/peer{next(self._numbers)}"
        return str((await self.ask("PUT", path, json=content))["event_id"])

    async def say(self, room: str, text: str, **more: Any) -> str:
        """Say a text; gives its id."""
        return await self.send(room, MESSAGE, {"msgtype": "m.text", "body": text, **more})

    async def edit(self, room: str, target: str, text: str) -> str:
        """Say something else in the place of a message."""
        new = {"msgtype": "m.text", "body": text}
        about = {"rel_type": "m.replace", "event_id": target}
        return await self.say(room, f"* {text}", **{"m.new_content": new, "m.relates_to": about})

    async def redact(self, room: str, target: str) -> str:
        """Take an event back; gives the id of what says so."""
        path = f"/rooms/{quote(room)}/redact/{quote(target)}/peer{next(self._numbers)}"
        return str((await self.ask("PUT", path, json={}))["event_id"])

    async def react(self, room: str, target: str, value: str) -> str:
        """Put a reaction under a message; gives its id."""
        about = {"rel_type": "m.annotation", "event_id": target, "key": value}
        return await self.send(room, REACTION, {"m.relates_to": about})

    async def upload(self, name: str, data: bytes, media_type: str = "text/plain") -> str:
        """Store a file; gives its address."""
        path, headers = f"/_matrix/media/v3/upload?filename={quote(name)}", {"Content-Type": media_type}
        async with self._web.post(path, data=data, headers=headers) as answer:
            return str((await answer.json())["content_uri"])

    async def bytes_of(self, uri: str) -> bytes:
        """A file."""
        path = f"/_matrix/client/v1/media/download/{uri.removeprefix('mxc://')}"
        async with self._web.get(path) as answer:
            assert answer.status == 200
            return await answer.read()

    # --- hearing ---

    async def hear(self, wait_s: float = 0) -> None:
        """Note what has happened since."""
        async with self._hearing:
            params = {"timeout": str(int(wait_s * 1000)), "filter": '{"room":{"timeline":{"limit":200}}}'}
            if self._since:
                params["since"] = self._since
            told = await self.ask("GET", "/sync", params=params)
            self._since = told["next_batch"]
            for room, about in told.get("rooms", {}).get("join", {}).items():
                events = [*about["timeline"]["events"], *about["ephemeral"]["events"]]
                self.heard += [{**event, "room_id": room} for event in events]
            for room in told.get("rooms", {}).get("invite", {}):
                self.heard.append({"type": "invitation", "room_id": room, "content": {}})

    async def until(self, wanted: Callable[[Raw], bool]) -> Raw:
        """The first event like this, now or soon."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for event in self.heard:
                    if wanted(event):
                        return event
                await self.hear(2)

    async def archive(self, room: str) -> list[Raw]:
        """All events of a room, oldest first."""
        found: list[Raw] = []
        params = {"dir": "b", "limit": "200"}
        while True:
            page = await self.ask("GET", f"/rooms/{quote(room)}/messages", params=params)
            found += page["chunk"]
            if "end" not in page or not page["chunk"]:
                return found[::-1]
            params["from"] = page["end"]


def relation(event: Raw) -> Raw:
    """How an event relates to another."""
    found: Raw = event["content"].get("m.relates_to", {})
    return found


def words_of(event: Raw) -> str | None:
    """What an event says, if it says something and is no edit."""
    if event["type"] != MESSAGE or relation(event).get("rel_type") == "m.replace":
        return None
    said: str | None = event["content"].get("body")
    return said
