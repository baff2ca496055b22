"""Mastodon's API for the suite of all bridges: direct posts between people of two real servers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridge_owner import ACCOUNT, PATIENCE_S, Owner
from mastodon_peer import MastodonPeer, revoke, short, token_of, words_of
from mastodon_server import Snac

from swarm_bridges.api import ConversationRef, State
from swarm_bridges.networks.mastodon import Bridge, Login

NUMBERS = itertools.count()
POLL_S = 0.2


@dataclass(frozen=True)
class Person:
    """An account on a server, a token for it, and what takes that back."""

    server: Snac
    name: str
    password: str
    token: str
    revoking: Mapping[str, str]

    @classmethod
    async def new(cls, server: Snac, name: str) -> Person:
        password = server.add(name)
        token, app = await token_of(server, name, password)
        return cls(server, name, password, token, {**app, "token": token})

    async def again(self) -> Person:
        """The same with another token."""
        token, app = await token_of(self.server, self.name, self.password)
        return replace(self, token=token, revoking={**app, "token": token})


class Client:
    """`bridge_suite.Peer` over an ordinary client, in direct posts with one other."""

    def __init__(self, client: MastodonPeer, other: MastodonPeer) -> None:
        self.client, self._other = client, other
        self._seen: dict[str, str] = {}

    def _is_here(self, status: Mapping[str, Any]) -> bool:
        """Whether it is of the conversation: old versions call direct posts private."""
        return status["visibility"] in {"direct", "private"}

    async def _named(
        self, text: str, wanted: Callable[[dict[str, Any]], bool] = lambda _: True
    ) -> dict[str, Any]:
        def like(status: dict[str, Any]) -> bool:
            if self._is_here(status):
                self._seen[short(status)] = words_of(status)
            return self._is_here(status) and words_of(status) == text and wanted(status)

        return await self.client.until(like)

    async def post(self, text: str, **more: Any) -> str:
        """Say it; gives the id."""
        return await self.client.say(f"{self._other.handle} {text}", visibility="direct", **more)

    async def _say(self, text: str, **more: Any) -> None:
        """Say it, and wait until the other has it: what is said at once comes in any order."""
        made = await self.post(text, **more)
        await self._other.until(lambda status: short(status) == made[10:])

    async def say(self, text: str) -> None:
        await self._say(text)

    async def edit(self, old: str, new: str) -> None:
        status = await self._named(old)
        path = f"/api/v1/statuses/{status['id']}"
        await self.client.ask("PUT", path, json={"status": f"{self._other.handle} {new}"})

    async def delete(self, text: str) -> None:
        status = await self._named(text)
        await self.client.ask("DELETE", f"/api/v1/statuses/{status['id']}")

    async def react(self, text: str, *values: str) -> None:
        raise NotImplementedError("the network has no reactions")

    async def reply(self, text: str, answer: str) -> None:
        await self._say(answer, in_reply_to_id=(await self._named(text))["id"])

    async def send_file(self, name: str, data: bytes) -> None:
        media = await self.client.upload(name, data, "described")
        await self._say("look", media_ids=[media])

    async def sees(self, text: str) -> None:
        await self._named(text)

    async def sees_edit(self, old: str, new: str) -> None:
        before = {id_ for id_, text in self._seen.items() if text == old}
        assert short(await self._named(new)) in before

    async def sees_gone(self, text: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while text in [words_of(status) for status in await self.client.home()]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def sees_reaction(self, text: str, value: str) -> None:
        raise NotImplementedError("the network has no reactions")

    async def sees_reply(self, text: str, answer: str) -> None:
        target = short(await self._named(text))
        await self._named(answer, lambda s: (s["in_reply_to_id"] or "")[10:] == target)

    async def sees_file(self, name: str) -> bytes:  # noqa: ARG002 - servers forget names
        status = await self.client.until(lambda s: bool(s["media_attachments"]))
        return await self.client.bytes_of(status["media_attachments"][0]["url"])

    def texts(self) -> list[str]:
        return list(self._seen.values())

    async def archive(self) -> list[str]:
        for server in (self.client.server, self._other.server, self.client.server):
            await asyncio.to_thread(server.settle)
        found: list[dict[str, Any]] = []
        before = ""
        while page := await self.client.home(before=before):
            found += page
            before = page[-1]["id"]
        return [words_of(status) for status in reversed(found) if self._is_here(status)]


class MastodonNetwork:
    """`bridge_suite.Network`: fresh accounts on two servers, that follow each other. `open` makes one."""

    resume_s = 0.0

    def __init__(self, people: Sequence[Person]) -> None:
        self.owner, self.friend = people
        self._clients: list[MastodonPeer] = []
        self.conversation = ConversationRef("")
        self.answers: Mapping[str, str] = {
            "server": self.owner.server.base,
            "token": self.owner.token,
            "password": self.owner.token,
        }

    @classmethod
    async def open(cls, here: Snac, there: Snac) -> MastodonNetwork:
        number = next(NUMBERS)
        owner = await Person.new(here, f"owner{number}")
        made = cls([owner, await Person.new(there, f"friend{number}")])
        me, other = made.client(made.owner), made.client(made.friend)
        await me.follow(other)
        await other.follow(me)
        for server in (here, there, here, there):
            await asyncio.to_thread(server.settle)
        await me.ask("POST", "/api/v1/notifications/clear")
        made.conversation = ConversationRef(f"direct {await me.id_of(other)}", private=True)
        return made

    def bridge(self) -> Bridge:
        made = Bridge()
        made.poll_s = POLL_S
        return made

    def login(self) -> Login:
        return Login()

    def client(self, who: Person, token: str = "") -> MastodonPeer:
        """A client of one of the accounts."""
        made = MastodonPeer(who.server, who.name, token or who.token)
        self._clients.append(made)
        return made

    async def peer(self) -> Client:
        return Client(self.client(self.friend), self.client(self.owner))

    async def other_client(self) -> Client:
        return Client(self.client(self.owner), self.client(self.friend))

    async def stranger(self) -> MastodonPeer:
        """Somebody else again, at the friend's server, whom nobody follows."""
        return self.client(await Person.new(self.friend.server, f"stranger{next(NUMBERS)}"))

    async def entered(self, owner: Owner) -> None:
        account = owner.desk.of(ACCOUNT)
        async with asyncio.timeout(PATIENCE_S):
            while State.CONNECTED not in {health.state for health in account.health}:  # noqa: ASYNC110
                await asyncio.sleep(0.02)

    def stop(self, *, kill: bool = False) -> None:
        self.owner.server.stop(kill=kill)

    def start(self) -> None:
        self.owner.server.start()

    def set_password(self, password: str) -> None:  # noqa: ARG002 - a token is taken back instead
        """What ends a login here: the owner takes the token back, at the server's own page or elsewhere."""
        revoke(self.owner.server, self.owner.revoking)

    def remove_account(self) -> None:
        self.owner.server.remove(self.owner.name)

    async def close(self) -> None:
        """End all clients."""
        for client in self._clients:
            await client.close()
