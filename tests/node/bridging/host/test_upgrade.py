"""A bridge that has become newer takes over what the older one remembered, or nothing changes."""

from __future__ import annotations

import asyncio
import importlib
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from bridge_host_world import Node, a_node
from bridge_packages import bridge, write

from swarm_bridges.api import AccountId, State
from swarmnode.bridging.core import vault
from swarmnode.bridging.host import waits
from swarmnode.bridging.host.house import Net
from swarmnode.bridging.host.packages import Packages, load
from swarmnode.bridging.host.supervisor import Supervisor

RUN = """
    seen = await ctx.kv.get("seen")
    await ctx.kv.put({"seen": (seen or b"") + b"VERSION "})
    await ctx.state(Health(State.CONNECTED))
    await ctx.pause(600)
"""
TAKES_OVER = """
    def migrate(self, values, version):
        return {"seen": b"%d+" % version + values["old"] + values["seen"]}
"""
FAILS = """
    def migrate(self, values, version):
        raise KeyError(values["seen"].decode())
"""


def install(site: Path, version: int, more: str = "") -> None:
    """The bridge in a version of its data, in place of the one before."""
    code = bridge(RUN.replace("VERSION", str(version)), capabilities="raise Refused('no')") + more
    if not (site / "rook").exists():
        write(site, "rook", code)
    site.joinpath("rook", "__init__.py").write_text(code)
    manifest = site / "rook" / "bridge.toml"
    lines = [line for line in manifest.read_text().splitlines() if not line.startswith("data_version")]
    manifest.write_text("\n".join([*lines, f"data_version = {version}", ""]))


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(waits, "FIRST_S", 0.1)
    install(folder, 1)
    importlib.invalidate_caches()
    return folder


@asynccontextmanager
async def running(tmp_path: Path) -> AsyncIterator[tuple[Node, AccountId, Supervisor]]:
    """An account whose bridge has run in its first version."""
    async with a_node(tmp_path / "home") as node:
        account = await node.add("rook")
        supervisor = Supervisor(
            node.runner,
            lambda: Packages({"rook": load("rook")}, ()),
            tmp_path / "run",
            net=Net(loopback=True),
        )
        async with supervisor.running():
            await until(node, account, (1, {"seen": b"1 "}))
            yield node, account, supervisor


async def kept(node: Node, account: AccountId) -> tuple[int, dict[str, bytes]]:
    found = await node.do(lambda step: vault.kept(step, account))
    return found.version, found.values


async def until(node: Node, account: AccountId, wanted: tuple[int, dict[str, bytes]]) -> None:
    deadline = time.monotonic() + 45
    while (found := await kept(node, account)) != wanted:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.02)


async def test_it_is_taken_over_once_before_the_bridge_runs(tmp_path: Path, site: Path) -> None:
    async with running(tmp_path) as (node, account, supervisor):
        await node.do(lambda step: vault.kv_put(step, account, {"old": b"gone "}))
        install(site, 3, TAKES_OVER)
        for seen in (b"1+gone 1 3 ", b"1+gone 1 3 3 "):
            await supervisor.reload("rook")
            await until(node, account, (3, {"seen": seen}))


@pytest.mark.parametrize("more", ["", FAILS], ids=["has no migrate", "fails"])
async def test_what_cannot_be_taken_over_stays_and_the_older_one_goes_on(
    more: str, tmp_path: Path, site: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    async with running(tmp_path) as (node, account, supervisor):
        install(site, 2, more)
        await supervisor.reload("rook")
        await node.until_state(account, State.HELD, "data")
        assert await kept(node, account) == (1, {"seen": b"1 "})
        install(site, 1)
        await supervisor.reload("rook")
        await until(node, account, (1, {"seen": b"1 1 "}))
    assert "'1 '" not in caplog.text


@pytest.mark.usefixtures("site")
async def test_what_a_newer_one_wrote_is_not_given_to_an_older(tmp_path: Path) -> None:
    async with running(tmp_path) as (node, account, supervisor):
        await node.do(lambda step: vault.keep(step, account, 2))
        await supervisor.reload("rook")
        await node.until_state(account, State.HELD, "data")
        assert await kept(node, account) == (2, {"seen": b"1 "})
