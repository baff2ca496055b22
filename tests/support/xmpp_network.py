"""XMPP for the suite of all bridges: a direct chat, or a room, on a real server."""

from __future__ import annotations

import asyncio
import copy
import itertools
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import aiohttp
from bridge_owner import ACCOUNT, Owner
from bridge_suite import folder_of
from slixmpp.jid import JID
from xmpp_peer import XmppPeer
from xmpp_server import Server

from swarm_bridges.api import ConversationRef, State
from swarm_bridges.context import Clock
from swarm_bridges.networks.xmpp import Bridge, Login
from swarm_bridges.networks.xmpp.alive import LOOK_S

NUMBERS = itertools.count()


class Hurried(Clock):
    """A clock that is put forward to when the bridge looks whether everything is still there."""

    ahead_s = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead_s

    def hurry(self, owner: Owner) -> None:
        self.ahead_s += LOOK_S
        owner.ctx.wake()


class Client:
    """`bridge_suite.Peer` over an ordinary client."""

    def __init__(
        self, client: XmppPeer, to: str, *, room: bool, again: Callable[[], Awaitable[XmppPeer]]
    ) -> None:
        self.client, self.jid, self._room, self._again = client, to, room, again
        self._kind = "groupchat" if room else "chat"

    async def _named(self, text: str) -> Any:
        return await self.client.until(lambda m: m["body"] == text)

    async def _target(self, text: str) -> str:
        """The id by which others name a message."""
        stanza = await self._named(text)
        return str(stanza["stanza_id"]["id"] if self._room else stanza["id"])

    async def say(self, text: str) -> None:
        name = self.client.say(self.jid, text, self._kind)
        if self._room:
            await self.client.until(lambda m: m["id"] == name)
        else:
            self._note(name, text)

    def _note(self, name: str, text: str) -> None:
        said = self.client.make_message(mto=self.jid, mbody=text, mtype="chat")
        said["id"] = name
        self.client.heard.append(said)

    async def edit(self, old: str, new: str) -> None:
        self.client.edit(self.jid, str((await self._named(old))["id"]), new, self._kind)

    async def delete(self, text: str) -> None:
        self.client.delete(self.jid, await self._target(text), self._kind)

    async def react(self, text: str, *values: str) -> None:
        self.client.react(self.jid, await self._target(text), *values, kind=self._kind)

    async def reply(self, text: str, answer: str) -> None:
        self.client.reply(self.jid, await self._target(text), text, answer, self._kind)

    async def send_file(self, name: str, data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = folder_of(Path(folder), name, data)
            await self.client.send_file(self.jid, path, "text/plain", self._kind)

    async def sees(self, text: str) -> None:
        await self._named(text)

    async def sees_edit(self, old: str, new: str) -> None:
        target = str((await self._named(old))["id"])
        await self.client.until(lambda m: m["replace"]["id"] == target and m["body"] == new)

    async def sees_gone(self, text: str) -> None:
        target = await self._target(text)
        await self.client.until(lambda m: m["retract"]["id"] == target)

    async def sees_reaction(self, text: str, value: str) -> None:
        target = await self._target(text)
        await self.client.until(
            lambda m: m["reactions"]["id"] == target and value in m["reactions"]["values"]
        )

    async def sees_reply(self, text: str, answer: str) -> None:
        target = await self._target(text)
        await self.client.until(lambda m: m["reply"]["id"] == target and m["body"] == answer)

    async def sees_file(self, name: str) -> bytes:
        stanza = await self.client.until(lambda m: m["oob"]["url"].endswith(name))
        async with aiohttp.ClientSession() as web, web.get(stanza["oob"]["url"]) as answer:
            return await answer.read()

    def texts(self) -> list[str]:
        return self.client.bodies()

    async def archive(self) -> list[str]:
        where: dict[str, Any] = {"jid" if self._room else "with_jid": JID(self.jid)}
        reader = self.client if self.client.is_connected() else await self._again()
        pages = reader.plugin["xep_0313"].iterate(**where, rsm={"max": 200})
        texts = [stanza["mam_result"]["forwarded"]["stanza"]["body"] async for stanza in pages]
        return [str(text) for text in texts if text]


class XmppNetwork:
    """`bridge_suite.Network`: two fresh accounts on a server that runs, or the friend's on an `other`."""

    def __init__(self, server: Server, *, room: bool, other: Server | None = None) -> None:
        number = next(NUMBERS)
        self.server, self.other = server, other or server
        self._owner, self._friend = f"owner{number}", f"friend{number}"
        server.add(self._owner, f"password of {self._owner}")
        self.other.add(self._friend, f"password of {self._friend}")
        self._room = f"room{number}@conference.{self.other.domain}" if room else ""
        self._jids = {self._owner: f"{self._owner}@{server.domain}"}
        self.conversation = ConversationRef(self._room or self._jid(self._friend), private=not room)
        self.answers: Mapping[str, str] = {
            "address": self._jid(self._owner),
            "password": f"password of {self._owner}",
            "host": "127.0.0.1",
            "port": str(server.port),
            "certificate": server.certificate,
        }
        self.resume_s = float(server.resume_s)
        self.enter = True
        """Whether a new owner goes into the conversation."""
        self._clients: list[XmppPeer] = []

    def bridge(self) -> Bridge:
        return Bridge()

    def login(self) -> Login:
        return Login()

    def _jid(self, name: str) -> str:
        return self._jids.get(name, f"{name}@{self.other.domain}")

    async def client(self, name: str, resource: str) -> XmppPeer:
        """A client of one of the accounts, online."""
        server = self.server if name == self._owner else self.other
        made = XmppPeer(f"{self._jid(name)}/{resource}", f"password of {name}", server.authority)
        self._clients.append(made)
        await made.online(server.port)
        return made

    async def _in_conversation(self, name: str, resource: str, to: str) -> Client:
        client = await self.client(name, resource)

        async def again() -> XmppPeer:
            return await self.client(name, f"{resource}-again")

        if self._room:
            await client.plugin["xep_0045"].join_muc_wait(JID(self._room), name, timeout=45)
        return Client(client, self._room or to, room=bool(self._room), again=again)

    async def peer(self) -> Client:
        return await self._in_conversation(self._friend, "desk", self._jid(self._owner))

    async def other_client(self) -> Client:
        return await self._in_conversation(self._owner, "phone", self._jid(self._friend))

    async def stranger(self) -> Client:
        """Somebody else again."""
        name = f"stranger{self._owner}"
        self.other.add(name, f"password of {name}")
        return await self._in_conversation(name, "desk", self._jid(self._owner))

    def from_the_other_side(self) -> XmppNetwork:
        """The same direct chat as the friend's node has it."""
        made = copy.copy(self)
        made.server, made.other = self.other, self.server
        made._owner, made._friend = self._friend, self._owner
        made._jids = {self._friend: self._jid(self._friend), self._owner: self._jid(self._owner)}
        made.conversation = ConversationRef(self._jid(self._owner), private=True)
        made.answers = {
            "address": self._jid(self._friend),
            "password": f"password of {self._friend}",
            "host": "127.0.0.1",
            "port": str(self.other.port),
            "certificate": self.other.certificate,
        }
        return made

    async def entered(self, owner: Owner) -> None:
        if not self.enter:
            return
        if self._room:
            await owner.call("join", self._room)
        else:
            account = owner.desk.of(ACCOUNT)
            async with asyncio.timeout(45):
                while State.CONNECTED not in {health.state for health in account.health}:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)

    def stop(self, *, kill: bool = False) -> None:
        self.server.stop(kill=kill)

    def start(self) -> None:
        self.server.start()

    def set_password(self, password: str) -> None:
        self.server.set_password(self._owner, password)

    def remove_account(self) -> None:
        self.server.remove(self._owner)

    async def close(self) -> None:
        """End all clients."""
        for client in self._clients:
            client.end()
        await asyncio.sleep(0)
