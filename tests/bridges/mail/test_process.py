"""The bridge where it really runs: in a process of its own, which reaches its server through the node."""

import asyncio
import os
from pathlib import Path

from bridge_owner import ACCOUNT, Journal, Lines
from mail_network import MailNetwork

from swarm_bridges.api import Accepted, AccountId, IntentId, LoginDone, Outgoing, Rendered, State
from swarm_bridges.desk import LoginState
from swarm_bridges.text import from_plain
from swarmnode.bridging.host.packages import load
from swarmnode.bridging.host.process import Process


async def test_a_message_each_way_through_a_process(network: MailNetwork, tmp_path: Path) -> None:
    desk, peer = Lines(), await network.peer()
    process = Process(load("swarm_bridges.networks.mail"), desk, tmp_path)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(process.run())
        await process.ready()
        flow = AccountId("flow")
        turn = await process.login(
            flow, "submit", LoginState(why="add"), step="account", answers=network.answers
        )
        done = turn.outcome
        assert isinstance(done, LoginDone)
        desk.of(ACCOUNT).secrets.update(done.secrets)
        await process.start(ACCOUNT, done.network_account_id, done.settings)
        async with asyncio.timeout(30):
            while State.CONNECTED not in {h.state for h in desk.of(ACCOUNT).health}:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        await peer.say("into the box")
        async with asyncio.timeout(30):
            while not Journal(desk.of(ACCOUNT).batches).shown:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert Journal(desk.of(ACCOUNT).batches).texts(network.conversation) == ["into the box"]
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
