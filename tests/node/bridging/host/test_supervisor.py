"""The supervisor over a real node and real processes: what runs, what rests, and who does not notice."""

from __future__ import annotations

import asyncio
import importlib
import logging
import textwrap
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from bridge_host_world import Node, a_node
from bridge_packages import PIGEON, Pigeons, bridge, pigeons, write

from swarm_bridges.api import AccountId, BridgeError, RawRequest, Refused, RemoteFile, State, Temporary
from swarmnode.bridging.core import accounts
from swarmnode.bridging.host import attendant, waits
from swarmnode.bridging.host.house import Net
from swarmnode.bridging.host.packages import Packages, load
from swarmnode.bridging.host.process import Limits
from swarmnode.bridging.host.supervisor import PUSHES, Supervisor
from swarmnode.errors import NotFound

QUICK = Limits(start_s=60, beats=6)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder from which packages can be imported."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(waits, "FIRST_S", 0.1)
    importlib.invalidate_caches()
    return folder


@asynccontextmanager
async def supervised(node: Node, tmp_path: Path, *names: str) -> AsyncIterator[Supervisor]:
    """A supervisor that knows these packages."""

    def discover() -> Packages:
        importlib.invalidate_caches()
        return Packages({name: load(name) for name in names}, ())

    supervisor = Supervisor(
        node.runner, discover, tmp_path / "run", net=Net(loopback=True), limits=QUICK, dice=lambda: 0.5
    )
    async with supervisor.running():
        yield supervisor


async def until(holds: Callable[[], bool], what: str = "") -> None:
    deadline = time.monotonic() + 45
    while not holds():
        assert time.monotonic() < deadline, what
        await asyncio.sleep(0.02)


async def arrives(node: Node, network: Pigeons, account: AccountId) -> None:
    """Something that is said on the network comes into the node."""
    before = len(await node.views(account))
    network.say("coo")
    deadline = time.monotonic() + 45
    while len(await node.views(account)) <= before:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_an_account_runs_from_when_it_is_added_and_words_go_both_ways(
    tmp_path: Path, site: Path
) -> None:
    folder = write(site, "pigeon", PIGEON)
    (folder / "texts.de.toml").write_text('"{who} has landed." = "{who} ist gelandet."')
    async with a_node(tmp_path / "home") as node, pigeons() as network:
        async with supervised(node, tmp_path, "pigeon") as supervisor:
            assert [state.runs for state in supervisor.states()] == [False]
            account = await node.add(url=network.url)
            await arrives(node, network, account)
            chat = await node.met(account)
            await node.say(chat, "and back")
            await until(lambda: bool(network.sent), "nothing was sent")
            assert network.sent[0]["text"] == "and back"
            await hooks_and_files(node, supervisor, account)
            (state,) = supervisor.states()
            assert state.runs
            assert state.confined
            assert state.resident_bytes < 80 << 20
            await node.do(lambda step: accounts.pause(step, account))
            await node.until_state(account, State.STOPPED)
            asked = network.asked
            network.say("unheard")
            await asyncio.sleep(0.3)
            assert network.asked <= asked + 1, "what was on its way when it was stopped"
            await node.do(lambda step: accounts.resume(step, account))
            await arrives(node, network, account)
            await node.do(lambda step: accounts.remove(step, account))
            asked = network.asked
            await asyncio.sleep(0.5)
            network.say("unheard")
            await asyncio.sleep(0.3)
            assert network.asked <= asked + 1
        assert not list((tmp_path / "run").iterdir())


async def hooks_and_files(node: Node, supervisor: Supervisor, account: AccountId) -> None:
    """What its network sends to the node's door is stored before it is answered; files come on demand."""
    right = RawRequest("POST", "hook1", {}, {"key": "right"}, b"by the door")
    assert (await supervisor.webhook(account, right)).body == b"heard"
    await supervisor.webhook(account, RawRequest("POST", "hook3", {}, {"key": "right"}, b"ada has landed."))
    said = {view.text: view.translations for view in await node.views(account)}
    assert said["by the door"] == {}
    assert said["ada has landed."] == {"de": "ada ist gelandet."}
    with pytest.raises(Refused):
        await supervisor.webhook(account, RawRequest("POST", "hook2", {}, {}, b"hunter2"))
    wrong = RawRequest("POST", "hook2", {}, {}, b"")
    many = [supervisor.webhook(account, wrong) for _ in range(3 * PUSHES)]
    told = Counter(type(error) for error in await together(*many))
    assert told == {Refused: PUSHES, Temporary: 2 * PUSHES}
    assert (await supervisor.webhook(account, right)).body == b"heard"
    pieces = supervisor.caller(account).fetch(account, RemoteFile(id="f1"))
    assert b"".join([piece async for piece in pieces]) == b"coof1"
    with pytest.raises(Temporary):
        supervisor.caller(AccountId("nobody"))


async def together(*calls: Coroutine[Any, Any, object]) -> list[BridgeError]:
    """What all of these raise, begun at once."""
    raised: list[BridgeError] = []

    async def one(call: Coroutine[Any, Any, object]) -> None:
        try:
            await call
        except BridgeError as e:
            raised.append(e)

    async with asyncio.TaskGroup() as tasks:
        for call in calls:
            tasks.create_task(one(call))
    return raised


ILL = {
    "dies": "await asyncio.sleep(0.2); os._exit(1)",
    "falls": "await asyncio.sleep(0.2); raise SystemExit",
    "blocks": "await asyncio.sleep(0.2); time.sleep(600)",
    "eats": "kept = bytearray(b'x') * 90_000_000; await ctx.pause(600)",
}


async def test_bridges_that_crash_block_and_eat_at_once_are_not_noticed_by_others(
    tmp_path: Path, site: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(waits, "CRASHES", 3)
    write(site, "pigeon", PIGEON)
    for name, run in ILL.items():
        code = bridge(run, capabilities="return Capabilities(version='1', levels={})")
        write(site, name, code, more="needs = { memory_mb = 80 }")
    async with a_node(tmp_path / "home") as node, pigeons() as network:
        well = await node.add(url=network.url)
        async with supervised(node, tmp_path, "pigeon", *ILL) as supervisor:
            await arrives(node, network, well)
            ill = {name: await node.add(name) for name in ILL}
            for name in ILL:
                await until(lambda n=name: _restarts(supervisor, n) >= 1, name)  # type: ignore[misc]
                await arrives(node, network, well)
            assert _restarts(supervisor, "pigeon") == 0
            await node.until_state(ill["dies"], State.CRASHED, "quarantine")
            restarts = _restarts(supervisor, "dies")
            assert restarts == 3
            await asyncio.sleep(1)
            assert _restarts(supervisor, "dies") == restarts
            assert (await node.account(ill["dies"])).notice == "crashed"
            supervisor.release(ill["dies"])
            await until(lambda: _restarts(supervisor, "dies") > restarts)
            await arrives(node, network, well)
    assert "engine.failed" not in caplog.text


def _restarts(supervisor: Supervisor, package: str) -> int:
    return next(state.restarts for state in supervisor.states() if state.id == package)


async def test_what_a_bridge_raises_says_what_comes_next(
    tmp_path: Path, site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attendant, "LOOK_S", 0.5)
    run = """
        match ctx.owner:
            case "expired": raise AuthExpired("log in again")
            case "taken": raise Conflict("elsewhere")
            case "limited": raise Limited("slow", wait_s=600)
            case "refused": raise Refused("no")
            case "drops": raise Temporary("the line")
            case "bug": raise ValueError("hunter2")
        await ctx.state(Health(State.CONNECTED))
        await ctx.pause(600)
    """
    write(site, "moody", bridge(run))
    async with a_node(tmp_path / "home") as node, supervised(node, tmp_path, "moody") as supervisor:
        names = ("expired", "taken", "limited", "refused", "drops", "bug", "well")
        by_name = {name: await node.add("moody", name) for name in names}
        await node.until_state(by_name["expired"], State.NEEDS_OWNER, "auth")
        await node.until_state(by_name["taken"], State.NEEDS_OWNER, "conflict")
        await node.until_state(by_name["limited"], State.HELD, "limit")
        await node.until_state(by_name["refused"], State.HELD, "refused")
        await node.until_state(by_name["drops"], State.CONNECTING, "offline")
        await node.until_state(by_name["bug"], State.CRASHED, "quarantine")
        await node.until_state(by_name["well"], State.CONNECTED)
        assert _restarts(supervisor, "moody") == 0, "they share a process, and it lives"
        await node.do(lambda step: accounts.resume(step, by_name["taken"]))
        await node.until_state(by_name["taken"], State.NEEDS_OWNER, "conflict")


async def test_one_package_is_reloaded_and_the_others_go_on(tmp_path: Path, site: Path) -> None:
    write(site, "pigeon", PIGEON)
    folder = write(site, "dove", PIGEON)
    async with a_node(tmp_path / "home") as node, pigeons() as network:
        pigeon, dove = await node.add(url=network.url), await node.add("dove", url=network.url)
        async with supervised(node, tmp_path, "pigeon", "dove") as supervisor:
            await arrives(node, network, pigeon)
            await arrives(node, network, dove)
            keeper = supervisor._keepers["pigeon"].process
            manifest = folder / "bridge.toml"
            manifest.write_text(manifest.read_text().replace("1.0.0", "1.1.0"))
            code = folder / "__init__.py"
            code.write_text(
                code.read_text().replace('(Text(item["text"]),)', '(Text("new: " + item["text"]),)')
            )
            assert (await supervisor.reload("dove")).version == "1.1.0"
            await arrives(node, network, dove)
            assert (await node.views(dove))[-1].text == "new: coo"
            assert supervisor._keepers["pigeon"].process is keeper
            with pytest.raises(NotFound):
                await supervisor.reload("raven")


async def test_a_package_that_cannot_be_used_is_held_until_it_is_reloaded(tmp_path: Path, site: Path) -> None:
    folder = write(site, "pigeon", "import nothing_like_this")
    async with a_node(tmp_path / "home") as node, pigeons() as network:
        account = await node.add(url=network.url)
        async with supervised(node, tmp_path, "pigeon") as supervisor:
            await node.until_state(account, State.HELD, "package")
            assert "cannot be started" in supervisor.states()[0].problem
            (folder / "__init__.py").write_text(textwrap.dedent(PIGEON))
            await supervisor.reload("pigeon")
            await arrives(node, network, account)


async def test_a_package_that_is_installed_meanwhile_is_found(tmp_path: Path, site: Path) -> None:
    def discover() -> Packages:
        importlib.invalidate_caches()
        return Packages({"pigeon": load("pigeon")} if (site / "pigeon").exists() else {}, ())

    async with a_node(tmp_path / "home") as node, pigeons() as network:
        account = await node.add(url=network.url)
        supervisor = Supervisor(node.runner, discover, tmp_path / "run", net=Net(loopback=True), limits=QUICK)
        async with supervisor.running():
            assert supervisor.states() == []
            write(site, "pigeon", PIGEON)
            await supervisor.refresh()
            assert [state.id for state in supervisor.states()] == ["pigeon"]
            await arrives(node, network, account)


async def test_a_bridge_with_a_line_is_asked_when_it_has_one(tmp_path: Path, site: Path) -> None:
    run = """
        await asyncio.sleep(1.5)
        self.up = True
        await ctx.state(Health(State.CONNECTED))
        await ctx.pause(600)
    """
    send = """
        if not getattr(self, "up", False):
            raise Refused("no line yet")
        return Accepted((MessageRef(out.conversation, "s1"),))
    """
    code = bridge(
        run, send=send, capabilities="return Capabilities(version='1', levels={'text': Level.FULL})"
    )
    manifest = write(site, "line", code) / "bridge.toml"
    manifest.write_text(manifest.read_text().replace('"poll"', '"stream"'))
    async with a_node(tmp_path / "home") as node:
        account = await node.add("line")
        await node.say(await node.met(account), "first")
        async with supervised(node, tmp_path, "line"):
            await node.until(account, "sent")


async def test_settings_that_change_reach_the_bridge(tmp_path: Path, site: Path) -> None:
    write(site, "pigeon", PIGEON)
    async with a_node(tmp_path / "home") as node, pigeons() as one, pigeons() as two:
        account = await node.add(url=one.url)
        async with supervised(node, tmp_path, "pigeon"):
            await arrives(node, one, account)
            await node.do(lambda step: accounts.reconfigure(step, account, {"url": two.url}))
            two.say("known by the first")
            await arrives(node, two, account)
