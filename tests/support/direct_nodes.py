"""Nodes on real disks that talk over real sockets: with a relay they meet, without one they go on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from store_world import opened

from swarm_protocol.identity import RecoveryKit
from swarm_protocol.meeting.link import RelayLink
from swarmnode.delivery import doors
from swarmnode.delivery.runner import Runner
from swarmnode.domain.words import Words
from swarmnode.services import identity, meeting, messages, relays, views
from swarmnode.services.node import Node, Options
from swarmnode.services.step import Step

T = TypeVar("T")


async def until(condition: Callable[[], Awaitable[T]], every_s: float = 0.02) -> T:
    """Wait until something is so in a node, which has no event for tests; gives what it is."""
    async with asyncio.timeout(60):
        while not (found := await condition()):  # noqa: ASYNC110 - as said
            await asyncio.sleep(every_s)
        return found


@dataclass
class Somebody:
    """A node that runs, and its folder."""

    runner: Runner
    folder: Path

    async def do(self, wish: Callable[[Step, Node], T]) -> T:
        return await self.runner.do(wish)

    async def say(self, text: str) -> None:
        await self.do(lambda step, node: messages.send(step, node, "1", Words(text)))

    async def sees(self) -> list[str]:
        def look(step: Step, node: Node) -> list[str]:
            if not views.chats(step, node):
                return []
            return [item.text for item in views.page(step, node, messages.find(step, "1"), limit=200).items]

        return await self.do(look)

    async def links(self) -> int:
        """How many direct links are up."""
        return await self.do(lambda _, node: sum(link.up for link in node.near.links.values()))

    async def comes(self, text: str) -> None:
        """Wait until it is here."""

        async def here() -> bool:
            return text in await self.sees()

        await until(here)

    @asynccontextmanager
    async def doors(self, *, direct: bool = False, lan: bool = False) -> AsyncIterator[None]:
        """Let others in, on loopback."""
        async with doors.opened(
            self.runner, self.folder, direct=direct, lan=lan, host="127.0.0.1", port=0, public=""
        ):
            yield

    async def address(self) -> str:
        """Where this node can be called."""
        (door,) = await until(lambda: self.do(lambda _, node: node.near.doors or ()))
        return door.address


@asynccontextmanager
async def somebody(folder: Path, name: str, link: RelayLink, options: Options) -> AsyncIterator[Somebody]:
    """A node that runs as long as the block, and uses a relay."""
    with opened(folder, seed=name) as database:
        runner = Runner(database, entropy=os.urandom, options=options)
        async with runner.running():
            kit = RecoveryKit.generate(os.urandom)
            await runner.do(lambda step, node: identity.create(step, node, name, kit))
            await runner.do(lambda step, node: relays.use(step, node, link.format()))
            yield Somebody(runner, folder)


async def meet(inviter: Somebody, joiner: Somebody) -> None:
    """Let two nodes become contacts, and have each heard the other."""
    invite = await inviter.do(lambda step, node: meeting.invite(step, node, "one-time"))
    link = await until(lambda: inviter.do(lambda step, _: meeting.view(step, invite.id).link))
    await joiner.do(lambda step, node: meeting.accept(step, node, link, note="hello"))
    await until(lambda: inviter.do(views.chats))
    await inviter.say("met")
    await joiner.comes("met")
    await joiner.say("indeed")
    await inviter.comes("indeed")
