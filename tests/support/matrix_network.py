"""Matrix for the suite of all bridges: a room of two on a real server, or on two that federate."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from typing import Any

from bridge_owner import ACCOUNT, PATIENCE_S, Owner
from matrix_peer import MESSAGE, REACTION, REDACTION, MatrixPeer, Raw, relation, words_of
from matrix_server import Synapse

from swarm_bridges.api import ConversationRef, State
from swarm_bridges.networks.matrix import Bridge, Login

NUMBERS = itertools.count()


class Client:
    """`bridge_suite.Peer` over an ordinary client."""

    def __init__(self, client: MatrixPeer, room: str) -> None:
        self.client, self.room = client, room
        self._reactions: dict[str, dict[str, str]] = {}

    async def _named(self, text: str) -> Raw:
        return await self.client.until(lambda e: e["room_id"] == self.room and words_of(e) == text)

    async def _id(self, text: str) -> str:
        return str((await self._named(text))["event_id"])

    async def say(self, text: str) -> None:
        await self.client.say(self.room, text)

    async def edit(self, old: str, new: str) -> None:
        await self.client.edit(self.room, await self._id(old), new)

    async def delete(self, text: str) -> None:
        await self.client.redact(self.room, await self._id(text))

    async def react(self, text: str, *values: str) -> None:
        target = await self._id(text)
        there = self._reactions.setdefault(target, {})
        for value in [value for value in there if value not in values]:
            await self.client.redact(self.room, there.pop(value))
        for value in values:
            if value not in there:
                there[value] = await self.client.react(self.room, target, value)

    async def reply(self, text: str, answer: str) -> None:
        about = {"m.in_reply_to": {"event_id": await self._id(text)}}
        await self.client.say(self.room, answer, **{"m.relates_to": about})

    async def send_file(self, name: str, data: bytes) -> None:
        uri = await self.client.upload(name, data)
        said = {"msgtype": "m.file", "body": name, "url": uri, "info": {"size": len(data)}}
        await self.client.send(self.room, MESSAGE, said)

    async def sees(self, text: str) -> None:
        await self._named(text)

    async def sees_edit(self, old: str, new: str) -> None:
        target = await self._id(old)
        event = await self.client.until(
            lambda e: relation(e).get("rel_type") == "m.replace" and relation(e).get("event_id") == target
        )
        assert event["content"]["m.new_content"]["body"] == new

    async def sees_gone(self, text: str) -> None:
        target = await self._id(text)
        await self.client.until(lambda e: e["type"] == REDACTION and e.get("redacts") == target)

    async def sees_reaction(self, text: str, value: str) -> None:
        target = await self._id(text)
        await self.client.until(
            lambda e: (
                e["type"] == REACTION and (relation(e)["event_id"], relation(e)["key"]) == (target, value)
            )
        )

    async def sees_reply(self, text: str, answer: str) -> None:
        target = await self._id(text)
        event = await self._named(answer)
        assert relation(event)["m.in_reply_to"] == {"event_id": target}

    async def sees_file(self, name: str) -> bytes:
        event = await self._named(name)
        return await self.client.bytes_of(event["content"]["url"])

    def texts(self) -> list[str]:
        return [text for event in self.client.heard if (text := words_of(event)) is not None]

    async def archive(self) -> list[str]:
        events = await self.client.archive(self.room)
        return [text for event in events if (text := words_of(event)) is not None]


class MatrixNetwork:
    """`bridge_suite.Network`: two new accounts, the friend's on `other` if there is one. `open` makes it."""

    resume_s = 0.0

    def __init__(self, server: Synapse, other: Synapse | None = None) -> None:
        number = next(NUMBERS)
        self.server, self.other = server, other or server
        self.names = {"owner": f"owner{number}", "friend": f"friend{number}"}
        self._tokens = {
            who: self._at(who).add(name, f"password of {name}") for who, name in self.names.items()
        }
        self._clients: list[MatrixPeer] = []
        self.conversation = ConversationRef("")
        self.answers: Mapping[str, str] = {
            "address": server.user(self.names["owner"]),
            "password": f"password of {self.names['owner']}",
            "server": server.base,
        }

    @classmethod
    async def open(cls, server: Synapse, other: Synapse | None = None, **room: Any) -> MatrixNetwork:
        """With a room in which both are; `room` says how it is to be otherwise."""
        made = cls(server, other)
        friend, owner = made.client("friend"), made.client("owner")
        asked = {"preset": "trusted_private_chat", "invite": [owner.user], **room}
        made.conversation = ConversationRef(await friend.create(**asked))
        await owner.until(lambda e: e["type"] == "invitation")
        await owner.join(made.conversation.remote_id, made.other.name if other else "")
        return made

    def _at(self, who: str) -> Synapse:
        return self.server if who == "owner" else self.other

    def bridge(self) -> Bridge:
        return Bridge()

    def login(self) -> Login:
        return Login()

    def client(self, who: str) -> MatrixPeer:
        """A client of one of the accounts."""
        made = MatrixPeer(self._at(who), self.names[who], self._tokens[who])
        self._clients.append(made)
        return made

    async def peer(self) -> Client:
        return Client(self.client("friend"), self.conversation.remote_id)

    async def other_client(self) -> Client:
        return Client(self.client("owner"), self.conversation.remote_id)

    def stranger(self) -> MatrixPeer:
        """Somebody else again, at the friend's server."""
        name = f"stranger{next(NUMBERS)}"
        made = MatrixPeer(self.other, name, self.other.add(name, "password"))
        self._clients.append(made)
        return made

    async def entered(self, owner: Owner) -> None:
        account = owner.desk.of(ACCOUNT)
        async with asyncio.timeout(PATIENCE_S):
            while State.CONNECTED not in {health.state for health in account.health}:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def stop(self, *, kill: bool = False) -> None:
        self.server.stop(kill=kill)

    def start(self) -> None:
        self.server.start()

    def set_password(self, password: str) -> None:
        self.server.set_password(self.names["owner"], password)
        self._tokens["owner"] = self.server.log_in(self.names["owner"], password)  # all sessions have ended

    def remove_account(self) -> None:
        self.server.remove(self.names["owner"])

    async def close(self) -> None:
        """End all clients."""
        for client in self._clients:
            await client.close()
