"""A running node for tests of what carries bridges: a real database, the real runner, and an account."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from store_world import opened

from swarm_bridges import api
from swarm_bridges.api import AccountId, ConversationRef, Level
from swarm_bridges.text import from_plain
from swarmnode.bridging.core import accounts, journal, outbox, rooms, screens
from swarmnode.bridging.core.health import Watch
from swarmnode.bridging.host.connect import Reach
from swarmnode.bridging.host.desk import NodeDesk
from swarmnode.delivery.runner import Runner
from swarmnode.domain.views import MessageView
from swarmnode.services.step import Step

T = TypeVar("T")
LOFT = ConversationRef("loft")
CAN = api.Capabilities(version="1", levels={"text": Level.FULL, "edit": Level.FULL})


class Node:
    """A node that runs, and short words for what its owner does and sees."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.watch = Watch()
        reach = Reach(("account_host",), frozenset({"127.0.0.1"}))
        self.desk = NodeDesk(runner, self.watch, lambda _: reach, loopback=True)

    async def do(self, wish: Callable[[Step], T]) -> T:
        return await self.runner.do(lambda step, _: wish(step))

    async def add(self, package: str = "pigeon", name: str = "ada", **settings: str) -> AccountId:
        done = api.LoginDone(
            network_account_id=name,
            display=name,
            secrets={"token": b"hunter2"},
            settings=settings,
            hosts=("127.0.0.1",),
        )
        return await self.do(lambda step: accounts.add(step, package, done))

    async def met(self, account: AccountId, remote_id: str = "loft") -> str:
        """A conversation that the account has; its id on screens."""
        room = api.ConversationSeen(conversation=ConversationRef(remote_id), kind="group", title=remote_id)

        def seen(step: Step) -> str:
            journal.ingest(step, account, api.Batch((room,)))
            accounts.learn(step, account, room.conversation, CAN)
            return rooms.chat_id(rooms.of(step, accounts.find(step, account).id, room.conversation).id)

        return await self.do(seen)

    async def say(self, chat: str, text: str) -> str:
        return await self.do(lambda step: outbox.send(step, chat, outbox.Saying(text)))

    async def views(self, account: AccountId, remote_id: str = "loft") -> list[MessageView]:
        def look(step: Step) -> list[MessageView]:
            room = rooms.of(step, accounts.find(step, account).id, ConversationRef(remote_id))
            return list(screens.page(step, room, limit=200).items)

        return await self.do(look)

    async def until(self, account: AccountId, *states: str, remote_id: str = "loft") -> list[MessageView]:
        """The messages of a conversation, when these are their states."""
        views: list[MessageView] = []
        deadline = time.monotonic() + 45
        while [view.state.value for view in views] != list(states):
            assert time.monotonic() < deadline, [view.state.value for view in views]
            await asyncio.sleep(0.02)
            views = await self.views(account, remote_id)
        return views

    async def account(self, account: AccountId) -> accounts.Account:
        return await self.do(lambda step: accounts.get(step, account))

    async def until_state(
        self, account: AccountId, state: api.State, code: str | None = None
    ) -> accounts.Account:
        deadline = time.monotonic() + 45
        while True:
            now = await self.account(account)
            if now.state is state and code in {None, now.code}:
                return now
            assert time.monotonic() < deadline, (now.state, now.code)
            await asyncio.sleep(0.02)


@asynccontextmanager
async def a_node(folder: Path) -> AsyncIterator[Node]:
    with opened(folder) as database:
        runner = Runner(database, entropy=os.urandom)
        async with runner.running():
            yield Node(runner)


def message(remote_id: str, text: str) -> api.MessageSeen:
    """Somebody says something in the loft."""
    return api.MessageSeen(ref=api.MessageRef(LOFT, remote_id), actor=api.Actor("ben"), body=from_plain(text))
