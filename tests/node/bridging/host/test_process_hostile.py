"""A process that wants more than it needs: of the node's memory, its log, its threads, the machine's disk."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest
from bridge_desk import DeskInMemory
from bridge_packages import bridge, package
from bridge_process import ACCOUNT, running, says

from swarm_bridges.api import AccountId, Interrupted
from swarm_bridges.desk import Fact
from swarmnode.bridging.host import process as processes
from swarmnode.bridging.host.process import LOOKS, MOST_LINES, STEPS, Gone, Limits
from swarmnode.bridging.host.usage import MOST_FILES, written_bytes

RAW = """
        from swarm_bridges import wire
        line = ctx._desk.channel._writer
        def ask(verb, account=ctx.account, **arguments):
            ask.last += 1
            packed = wire.DESK[verb].pack(arguments)
            line.write(wire.encode(wire.Ask(1_000_000 + ask.last, verb, account, packed)))
        ask.last = 0
"""
"""How a bridge asks that does not wait for answers."""


class Counting(DeskInMemory):
    """Values are large, and hosts do not answer before the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.given = self.under_way = self.most_under_way = 0
        self.gate, self.end = asyncio.Event(), asyncio.Event()

    async def kv_get(self, account: AccountId, name: str) -> bytes | None:  # noqa: ARG002
        self.given += 1
        return bytes(4 << 20)

    async def connect(self, account: AccountId, host: str, port: int) -> socket.socket:
        self.under_way += 1
        self.most_under_way = max(self.under_way, self.most_under_way)
        await self.gate.wait()
        self.under_way -= 1
        return await super().connect(account, host, port)

    def log(self, account: AccountId, level: str, event: str, facts: Mapping[str, Fact]) -> None:
        super().log(account, level, event, facts)
        if event == "all-asked":
            self.end.set()

    async def all_asked(self) -> None:
        """Whatever the process asked before it said so was read, and begun if it is ever to begin."""
        async with asyncio.timeout(30):
            await self.end.wait()
        for _ in range(1_000):
            await asyncio.sleep(0)


async def test_who_does_not_take_answers_is_given_few(tmp_path: Path) -> None:
    greedy = f"""
        {RAW.strip()}
        line.transport.pause_reading()
        for _ in range(200):
            ask("kv_get", name="large")
        ctx.log.info("all-asked")
        await ctx.pause(60)
    """
    desk = Counting()
    async with running(package(tmp_path, "greedy", bridge(greedy)), desk, tmp_path) as (process, _):
        await process.start(ACCOUNT, "ada", {})
        await desk.all_asked()
        assert 0 < desk.given <= 2 * STEPS


async def test_hosts_that_do_not_answer_are_tried_few_at_once(tmp_path: Path) -> None:
    dials = f"""
        {RAW.strip()}
        for _ in range(100):
            ask("connect", host="127.0.0.1", port=9)
        ctx.log.info("all-asked")
        await ctx.pause(60)
    """
    desk = Counting()
    async with running(package(tmp_path, "dials", bridge(dials)), desk, tmp_path) as (process, _):
        await process.start(ACCOUNT, "ada", {})
        await desk.all_asked()
        assert desk.most_under_way == LOOKS
        desk.gate.set()


async def test_locks_have_names_of_secrets_and_the_log_is_not_flooded(tmp_path: Path) -> None:
    code = bridge(
        "await ctx.pause(60)",
        capabilities="""
            for number in range(5_000):
                ctx.log.info("noise", number=number)
            try:
                await ctx._desk.secrets_lock(ctx.account, "x" * 1_000)
            except Refused as e:
                return Capabilities(version=str(e), levels={})
        """,
    )
    desk = DeskInMemory()
    async with running(package(tmp_path, "noisy", code), desk, tmp_path) as (process, _):
        await process.start(ACCOUNT, "ada", {})
        assert "manifest" in await says(process)
        assert not desk.of(ACCOUNT).locks
        assert MOST_LINES <= len(desk.of(ACCOUNT).lines) < 2 * MOST_LINES


async def test_who_never_answers_is_not_waited_for(tmp_path: Path) -> None:
    code = bridge("await ctx.pause(60)", capabilities="await ctx.pause(600)")
    limits = Limits(start_s=60, call_s=0.5)
    async with running(package(tmp_path, "mute", code), DeskInMemory(), tmp_path, limits) as (process, _):
        await process.start(ACCOUNT, "ada", {})
        with pytest.raises(Interrupted, match="too long"):
            await says(process)


@pytest.mark.parametrize("how", ["open('kept', 'wb')", "__import__('tempfile').TemporaryFile(dir='.')"])
async def test_who_fills_the_disk_is_ended(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "MOST_WRITTEN", 1 << 20)
    fills = f"""
        file = {how}
        file.write(bytes(2 << 20))
        file.flush()
        await ctx.pause(60)
    """
    desk = DeskInMemory()
    async with running(package(tmp_path, "fills", bridge(fills)), desk, tmp_path) as (process, life):
        await process.start(ACCOUNT, "ada", {})
        async with asyncio.timeout(30):
            assert await life == Gone("disk")


def test_many_files_are_too_many(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for number in range(MOST_FILES // 10):
        (tmp_path / "a" / str(number)).touch()
    assert written_bytes(0, tmp_path) < 1 << 20
    for number in range(MOST_FILES):
        (tmp_path / str(number)).touch()
    assert written_bytes(0, tmp_path) == float("inf")
