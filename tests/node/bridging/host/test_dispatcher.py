"""The dispatcher: what waits is called once and settled whatever happens, and the past comes slowly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from bridge_host_world import CAN, Node, a_node, message

from swarm_bridges import api
from swarm_bridges.api import Accepted, AccountId, Batch, ConversationRef, Cursor, MessageRef, Outgoing, Page
from swarm_bridges.context import Clock
from swarm_bridges.running import package_of, running
from swarmnode.bridging.core import accounts, calls, rooms
from swarmnode.bridging.core.packed import pack
from swarmnode.bridging.host import dispatcher
from swarmnode.bridging.host.dispatcher import Dispatcher
from swarmnode.services.step import Step


class Bridge:
    """A network in memory; what it does to a send is set by the tests."""

    sent: list[Outgoing]
    at_once = 0
    most_at_once = 0
    pages: list[Page]
    asked: list[ConversationRef | None]
    hurdle: Callable[[Outgoing], Any]

    async def run(self, ctx: api.Context) -> None:
        await ctx.pause(600)

    async def send(self, ctx: api.Context, out: Outgoing) -> api.Outcome:
        cls = type(self)
        cls.sent.append(out)
        cls.at_once += 1
        cls.most_at_once = max(cls.most_at_once, cls.at_once)
        try:
            await cls.hurdle(out)
        finally:
            cls.at_once -= 1
        return Accepted((MessageRef(out.conversation, f"s{ctx.owner}{len(self.sent)}"),))

    async def capabilities(self, ctx: api.Context, conversation: ConversationRef | None) -> api.Capabilities:
        assert ctx.owner
        self.asked.append(conversation)
        return CAN

    async def page(
        self, ctx: api.Context, conversation: ConversationRef, *, at: Cursor | None, limit: int
    ) -> Page:
        assert ctx.owner
        assert limit
        number = int(at or b"0")
        if number >= len(self.pages) or conversation.remote_id != "loft":
            return Page(Batch(()), None)
        return self.pages[number]


async def no_hurdle(_: Outgoing) -> None:
    return None


@asynccontextmanager
async def dispatching(
    node: Node, account: AccountId, runs: Any = None, **network: Any
) -> AsyncIterator[type[Bridge]]:
    """An account's bridge and its dispatcher, whose transactions go through `runs`."""
    kind = type("Network", (Bridge,), {"sent": [], "pages": [], "asked": [], "hurdle": no_hurdle, **network})
    module = ModuleType("memory")
    vars(module)["Bridge"] = kind
    async with (
        running(package_of(module), node.desk, clock=Clock(), random=bytes) as bridges,
        node.runner.news() as news,
        asyncio.TaskGroup() as tasks,
    ):
        await bridges.start(account, "ada", {})
        own = Dispatcher(runs or node.runner, account, bridges, wall=time.time)
        work = tasks.create_task(own.run())

        async def listen() -> None:
            while True:
                own.told(await news.get())

        listening = tasks.create_task(listen())
        try:
            yield kind
        finally:
            work.cancel()
            await asyncio.wait([work])
            listening.cancel()


async def test_what_waits_is_sent_in_its_order_and_at_once_when_something_is_said(tmp_path: Path) -> None:
    async with a_node(tmp_path) as node:
        account = await node.add()
        chat = await node.met(account)
        await node.say(chat, "one")
        await node.say(chat, "two")
        async with dispatching(node, account) as network:
            await node.until(account, "sent", "sent")
            await asyncio.sleep(0.5)
            began = time.monotonic()
            await node.say(chat, "three")
            await node.until(account, "sent", "sent", "sent")
            assert time.monotonic() - began < 30
        assert [out.parts[0].text for out in network.sent] == ["one", "two", "three"]
        assert len({out.key for out in network.sent}) == 3
        assert network.most_at_once == 1


async def test_conversations_do_not_wait_for_each_other(tmp_path: Path) -> None:
    gate = asyncio.Event()

    async def hurdle(out: Outgoing) -> None:
        if out.conversation.remote_id == "slow":
            await gate.wait()

    async with a_node(tmp_path) as node:
        account = await node.add()
        slow, loft = await node.met(account, "slow"), await node.met(account)
        async with dispatching(node, account, hurdle=hurdle):
            await node.say(slow, "one")
            await node.say(slow, "two")
            await node.say(loft, "three")
            await node.until(account, "sent")
            gate.set()
            await node.until(account, "sent", "sent", remote_id="slow")


async def test_errors_are_settled_as_what_they_are(tmp_path: Path) -> None:
    async def hurdle(out: Outgoing) -> None:
        match out.parts[0].text:
            case "refused":
                raise api.Refused("too long for this network")
            case "unknown":
                raise api.Interrupted("the line broke")
            case "bug":
                raise api.BridgeError("ValueError")

    async with a_node(tmp_path) as node:
        account = await node.add()
        for text in ("refused", "unknown", "bug"):
            chat = await node.met(account, text)
            await node.say(chat, text)
        async with dispatching(node, account, hurdle=hurdle) as network:
            await node.until(account, "refused", remote_id="refused")
            await node.until(account, "maybe", remote_id="unknown")
            await node.until(account, "maybe", remote_id="bug")
            await asyncio.sleep(0.3)
        assert len(network.sent) == 3, "nothing that may be there is sent again by itself"


async def test_what_runs_when_it_is_stopped_is_unknown_then_and_not_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached = asyncio.Event()
    monkeypatch.setattr(dispatcher, "DRAIN_S", 0.2)

    async def hurdle(_: Outgoing) -> None:
        reached.set()
        await asyncio.get_running_loop().create_future()

    async with a_node(tmp_path) as node:
        account = await node.add()
        await node.say(await node.met(account), "one")
        async with dispatching(node, account, hurdle=hurdle) as network:
            await reached.wait()
        assert network.sent
        await node.until(account, "maybe")
        async with dispatching(node, account) as again:
            await asyncio.sleep(0.5)
        assert again.sent == []


class Stops:
    """A node whose caller is stopped in the moment in which something was taken and is committed."""

    def __init__(self, node: Node) -> None:
        self._runner = node.runner
        self.took = asyncio.Event()

    async def do(self, wish: Callable[[Step, Any], Any]) -> Any:
        done = await self._runner.do(wish)
        if isinstance(done[0], calls.Call) and not self.took.is_set():
            self.took.set()
            await asyncio.sleep(60)
        return done

    def __getattr__(self, name: str) -> Any:
        return getattr(self._runner, name)


async def test_what_was_taken_when_it_is_stopped_and_not_called_is_sent_by_the_next_one(
    tmp_path: Path,
) -> None:
    async with a_node(tmp_path) as node:
        account = await node.add()
        await node.say(await node.met(account), "taken")
        stops = Stops(node)
        async with dispatching(node, account, runs=stops) as network:
            await stops.took.wait()
        assert not network.sent
        async with dispatching(node, account) as network:
            await node.until(account, "sent")
        assert [out.attempt for out in network.sent] == [1]


async def test_the_past_comes_page_by_page_and_the_network_is_asked_what_it_can(tmp_path: Path) -> None:
    pages = [
        Page(Batch((message(f"m{9 - number}", f"text {9 - number}"),)), Cursor(str(number + 1).encode()))
        for number in range(3)
    ]
    async with a_node(tmp_path) as node:
        account = await node.add()
        await node.met(account)
        await node.desk.ingest(account, Batch((message("m10", "live"),)))
        await node.desk.ingest(
            account, Batch((api.ConversationSeen(conversation=ConversationRef("new"), kind="direct"),))
        )
        async with dispatching(node, account, pages=pages) as network:
            deadline = time.monotonic() + 30
            while len(await node.views(account)) < 4:
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)
            while await node.do(lambda step: accounts.unasked(step, account)):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.05)
        assert network.asked == [None, ConversationRef("new")]
        assert {view.text for view in await node.views(account)} == {"live", "text 9", "text 8", "text 7"}


async def test_what_can_be_done_is_asked_again_when_the_network_tells_of_a_conversation(
    tmp_path: Path,
) -> None:
    async with a_node(tmp_path) as node:
        account = await node.add()
        chat = await node.met(account)
        async with dispatching(node, account) as network:
            told = api.ConversationSeen(conversation=ConversationRef("loft"), kind="group")
            for times in (1, 2):
                await node.desk.ingest(account, Batch((told,)))
                deadline = time.monotonic() + 30
                while network.asked.count(ConversationRef("loft")) < times:
                    assert time.monotonic() < deadline
                    await asyncio.sleep(0.05)
            can = await node.do(lambda step: rooms.find(step, chat).abilities)
        assert can == pack(CAN), "until there is an answer, what was known holds"


async def test_what_a_bridge_could_not_say_is_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "ASK_AGAIN_S", 0.1)
    connected = False

    async def capabilities(
        self: Bridge, ctx: api.Context, conversation: ConversationRef | None
    ) -> api.Capabilities:
        assert ctx.owner
        self.asked.append(conversation)
        if not connected:
            raise api.Temporary("not connected")
        return CAN

    async with a_node(tmp_path) as node:
        account = await node.add()
        room = ConversationRef("attic")
        seen = api.ConversationSeen(conversation=room, kind="group", title="Attic")
        await node.desk.ingest(account, Batch((seen,)))
        async with dispatching(node, account, capabilities=capabilities) as network, asyncio.timeout(30):
            while not {None, room} <= set(network.asked):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            connected = True

            def known(step: Step) -> bool:
                return rooms.of(step, accounts.find(step, account).id, room).abilities is not None

            while not await node.do(known):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            asked = network.asked.count(room)
            await asyncio.sleep(0.5)
            assert network.asked.count(room) == asked, "it has said it"


async def test_it_ends_with_its_account(tmp_path: Path) -> None:
    async with a_node(tmp_path) as node:
        account = await node.add()
        async with asyncio.timeout(30), dispatching(node, account):
            await node.do(lambda step: accounts.remove(step, account))
            await asyncio.sleep(0.3)
        assert await node.do(accounts.all_of) == []
