"""The bridge where it really runs: in a process of its own, which reaches its server through the node."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from bridge_owner import ACCOUNT, Journal, Lines
from mastodon_network import MastodonNetwork
from mastodon_server import Snac

from swarm_bridges.api import Accepted, AccountId, IntentId, LoginDone, Outgoing, Rendered, State
from swarm_bridges.desk import LoginState
from swarm_bridges.text import from_plain
from swarmnode.bridging.host.packages import load
from swarmnode.bridging.host.process import Process


@pytest.fixture
async def network(new_snac: Snac, far_snac: Snac) -> AsyncIterator[MastodonNetwork]:
    made = await MastodonNetwork.open(new_snac, far_snac)
    yield made
    await made.close()


async def test_a_message_each_way_through_a_process(network: MastodonNetwork, tmp_path: Path) -> None:
    desk, peer = Lines(), await network.peer()
    account = desk.of(ACCOUNT)
    process = Process(load("swarm_bridges.networks.mastodon"), desk, tmp_path)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(process.run())
        await process.ready()
        about = LoginState(why="add")
        turn = await process.login(AccountId("flow"), "submit", about, step="server", answers=network.answers)
        done = turn.outcome
        assert isinstance(done, LoginDone)
        account.secrets.update(done.secrets)
        await process.start(ACCOUNT, done.network_account_id, done.settings)
        async with asyncio.timeout(30):
            while State.CONNECTED not in {h.state for h in account.health}:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await peer.say("into the box")
        async with asyncio.timeout(30):
            while "into the box" not in Journal(account.batches).texts(network.conversation):
                await process.wake(ACCOUNT)  # as when the owner looks: it would ask in twenty seconds
                await asyncio.sleep(0.05)
        intent = IntentId(f"i{os.urandom(8).hex()}")
        out = Outgoing(
            intent=intent,
            key=intent,
            attempt=1,
            conversation=network.conversation,
            parts=(Rendered(from_plain("out of it"), "out of it"),),
        )
        assert isinstance(await process.call(ACCOUNT, "send", out=out), Accepted)
        await peer.sees("out of it")
        await process.stop(ACCOUNT)
        running.cancel()
    desk.cut()
