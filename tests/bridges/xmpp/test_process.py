"""The bridge where it really runs: in a process of its own, which reaches its server through the node."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from bridge_owner import ACCOUNT, Journal, Lines
from xmpp_network import XmppNetwork
from xmpp_server import Server

from swarm_bridges.api import (
    Absent,
    Accepted,
    AccountId,
    IntentId,
    Interrupted,
    LoginDone,
    Outgoing,
    Rendered,
    State,
)
from swarm_bridges.desk import LoginState
from swarm_bridges.text import from_plain
from swarmnode.bridging.host.packages import load
from swarmnode.bridging.host.process import Process


@pytest.fixture
async def network(prosody: Server) -> AsyncIterator[XmppNetwork]:
    made = XmppNetwork(prosody, room=False)
    yield made
    await made.close()


@asynccontextmanager
async def started(network: XmppNetwork, desk: Lines, folder: Path) -> AsyncIterator[Process]:
    """A process in which the account is connected; it is logged in before, if it is not yet."""
    process, account = Process(load("swarm_bridges.networks.xmpp"), desk, folder), desk.of(ACCOUNT)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(process.run())
        await process.ready()
        turn = await process.login(
            AccountId("flow"), "submit", LoginState(why="add"), step="account", answers=network.answers
        )
        assert isinstance(turn.outcome, LoginDone)
        account.secrets.update(turn.outcome.secrets)
        account.health.clear()
        await process.start(ACCOUNT, turn.outcome.network_account_id, turn.outcome.settings)
        async with asyncio.timeout(30):
            while State.CONNECTED not in {h.state for h in account.health}:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        yield process
        running.cancel()
    desk.cut()


def saying(network: XmppNetwork, text: str) -> Outgoing:
    intent = IntentId(f"i{os.urandom(8).hex()}")
    part = Rendered(from_plain(text), text)
    return Outgoing(intent=intent, key=intent, attempt=1, conversation=network.conversation, parts=(part,))


async def test_a_message_each_way_through_a_process(network: XmppNetwork, tmp_path: Path) -> None:
    desk, peer = Lines(), await network.peer()
    async with started(network, desk, tmp_path) as process:
        await peer.say("into the box")
        async with asyncio.timeout(30):
            while not Journal(desk.of(ACCOUNT).batches).shown:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert Journal(desk.of(ACCOUNT).batches).texts(network.conversation) == ["into the box"]
        assert isinstance(await process.call(ACCOUNT, "send", out=saying(network, "out of it")), Accepted)
        await peer.sees("out of it")
        await process.stop(ACCOUNT)


async def test_a_process_that_is_killed_in_mid_send_doubles_and_loses_nothing(
    network: XmppNetwork, tmp_path: Path
) -> None:
    desk, peer = Lines(), await network.peer()
    wanted = [saying(network, f"line {n}") for n in range(20)]
    accepted: set[str] = set()

    async def send(process: Process, out: Outgoing) -> None:
        with contextlib.suppress(Interrupted):
            if isinstance(await process.call(ACCOUNT, "send", out=out), Accepted):
                accepted.add(out.parts[0].text)

    async with started(network, desk, tmp_path) as process, asyncio.TaskGroup() as tasks:
        for out in wanted:
            tasks.create_task(send(process, out))
        await peer.sees("line 5")
        os.kill(process.pid, signal.SIGKILL)
    async with started(network, desk, tmp_path) as process:
        there = await peer.archive()
        assert len(there) == len(set(there))
        assert accepted <= set(there)
        for out in wanted:
            if out.parts[0].text in accepted:
                continue
            found = await process.call(ACCOUNT, "find_sent", out=out)
            assert isinstance(found, Accepted if out.parts[0].text in there else Absent)
            if isinstance(found, Absent):
                await send(process, out)
        assert sorted(await peer.archive()) == sorted(out.parts[0].text for out in wanted)
        echoes = [s for s in Journal(desk.of(ACCOUNT).batches).shown.values() if not s.is_owner]
        assert not echoes
