"""The whole way: a node, the XMPP bridge in its confined process, and a real Prosody."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from bridge_host_world import Node, a_node
from e2e_world import SOAK
from xmpp_server import Prosody, Server, started

from swarm_bridges import api
from swarm_bridges.api import AccountId, State
from swarmnode.bridging.core import inbox
from swarmnode.bridging.core import logins as rows
from swarmnode.bridging.host import waits
from swarmnode.bridging.host.house import Net
from swarmnode.bridging.host.logins import Logins
from swarmnode.bridging.host.packages import discover
from swarmnode.bridging.host.supervisor import Supervisor
from swarmnode.storage.bridge_shelves import Login

KILLED_AT_S = (0.0, 0.005, 0.02, 0.1)
"""Seconds after something was said: before it is taken, while it is, while it leaves, and after that."""


@pytest.fixture(scope="module")
def prosody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = started(Prosody, tmp_path_factory.mktemp("prosody"))
    for name in ("ada", "ben"):
        server.add(name, f"{name}'s password")
    yield server
    server.stop()


async def log_in(logins: Logins, server: Server, name: str) -> AccountId:
    first = await logins.begin("xmpp")
    assert isinstance(first, Login)
    answers = {"address": f"{name}@localhost", "host": "127.0.0.1", "port": str(server.port)}
    answers["certificate"] = server.certificate
    wrong = await logins.answer(first.id, first.turn, {**answers, "password": "wrong"})
    assert isinstance(wrong, Login)
    shown = rows.shown(wrong)
    assert shown is not None
    assert shown.error
    account = await logins.answer(first.id, wrong.turn, {**answers, "password": f"{name}'s password"})
    assert isinstance(account, str)
    return account


async def texts(node: Node, title: str) -> list[tuple[str, str]]:
    """Texts and states of the conversation with somebody."""
    chats = await node.runner.do(inbox.chats)
    found = [chat.id for chat in chats if chat.title == title]
    if not found:
        return []
    page = await node.runner.do(lambda step, n: inbox.page(step, n, found[0], limit=50))
    return [(message.text, message.state.value) for message in page.items]


async def until(node: Node, title: str, *expected: tuple[str, str]) -> None:
    deadline = time.monotonic() + 40
    while (now := await texts(node, title)) != list(expected):
        assert time.monotonic() < deadline, now
        await asyncio.sleep(0.1)


async def next_process(supervisor: Supervisor, account: AccountId, gone: int) -> int:
    """The number of the process that runs an account's bridge, once it is another one than that."""
    deadline = time.monotonic() + 40
    while True:
        with suppress(api.Temporary):
            if (pid := supervisor.caller(account).pid) != gone:
                return pid
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


async def test_two_people_talk_over_a_real_server_and_a_killed_process_loses_nothing(
    tmp_path: Path, prosody: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waits, "FIRST_S", 0.1)
    monkeypatch.setattr(waits, "WELL_S", 0.0)  # each kill is the first one
    monkeypatch.setattr(waits, "WITHIN_S", -1.0)
    async with a_node(tmp_path / "home") as node:
        supervisor = Supervisor(node.runner, discover, tmp_path / "run", net=Net(loopback=True))
        async with supervisor.running():
            logins = Logins(node.runner, supervisor)
            ada, ben = [await log_in(logins, prosody, name) for name in ("ada", "ben")]
            for account in (ada, ben):
                await node.until_state(account, State.CONNECTED)
            talk = await supervisor.caller(ada).call(ada, "open_direct", who=api.Actor("ben@localhost"))
            await node.desk.ingest(ada, api.Batch((talk,)))
            (chat,) = [chat.id for chat in await node.runner.do(inbox.chats) if chat.title == "ben"]
            await node.say(chat, "hello Ben")
            await until(node, "ben", ("hello Ben", "sent"))
            await until(node, "ada", ("hello Ben", "received"))

            said, doomed = ["hello Ben"], 0
            for number, moment_s in enumerate(KILLED_AT_S * (10 if SOAK else 1)):
                doomed = await next_process(supervisor, ada, doomed)
                await node.until_state(ada, State.CONNECTED)
                said.append(f"are you there? {number}")
                await node.say(chat, said[-1])
                await asyncio.sleep(moment_s)
                os.kill(doomed, signal.SIGKILL)
                await until(node, "ben", *((text, "sent") for text in said))
            await until(node, "ada", *((text, "received") for text in said))
            assert [s.restarts for s in supervisor.states() if s.id == "xmpp"] == [len(said) - 1]
