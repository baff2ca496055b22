"""The host of bridges in a node: started when it is wanted, and again when it fails; not beside a copy."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest
from bridge_host_world import a_node

from swarm_bridges.api import State
from swarmnode.app import hosted
from swarmnode.app.hosted import Hosted
from swarmnode.bridging.host.supervisor import Supervisor
from swarmnode.errors import NotReady


async def until_running(host: Hosted) -> None:
    deadline = time.monotonic() + 30
    while host.running is None:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_it_starts_when_somebody_asks_or_there_is_an_account(tmp_path: Path) -> None:
    async with a_node(tmp_path / "home") as node:
        host = Hosted(node.runner, tmp_path / "run")
        async with host.going_on():
            await asyncio.sleep(0.1)
            assert host.running is None
            found = (await host.get()).supervisor.packages().found
            assert {"demo", "xmpp"} <= found.keys()
        assert host.running is None
        await node.add("demo")
        again = Hosted(node.runner, tmp_path / "run")
        async with again.going_on():
            await until_running(again)


async def test_a_host_that_fails_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosted, "AGAIN_S", 0.2)
    monkeypatch.setattr(hosted, "START_S", 0.1)
    (tmp_path / "run").write_text("no folder")
    async with a_node(tmp_path / "home") as node:
        host = Hosted(node.runner, tmp_path / "run" / "inside")
        async with host.going_on():
            with pytest.raises(NotReady):
                await host.get()
            (tmp_path / "run").unlink()
            await until_running(host)


async def test_nothing_runs_while_another_copy_of_the_node_does(tmp_path: Path) -> None:
    async with a_node(tmp_path / "home") as node:
        account = await node.add("demo", url="http://127.0.0.1:1")
        await node.runner.do(lambda _, own: setattr(own, "quarantine", "a copy runs"))
        host = Hosted(node.runner, tmp_path / "run")
        async with host.going_on():
            await until_running(host)
            await asyncio.sleep(0.3)
            running = host.running
            assert running is not None
            supervisor: Supervisor = running.supervisor
            assert supervisor._keepers == {}
            assert (await node.account(account)).state is State.STOPPED


def test_a_node_imports_nothing_of_the_host() -> None:
    program = (
        "import sys; import swarmnode.app.node; "
        "assert not [name for name in sys.modules if name.startswith('swarmnode.bridging.host.')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
