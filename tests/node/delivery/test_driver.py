"""What the driver of a node promises: nothing leaves before it is on the disk, and nothing of what failed."""

from __future__ import annotations

import asyncio
import os
import threading
from pathlib import Path

import pytest
from direct_nodes import meet, somebody
from relay_world import served, until
from store_world import opened

from swarm_protocol.mailbox.answers import Done
from swarm_protocol.mailbox.frames import encode
from swarmnode.delivery.runner import Runner
from swarmnode.delivery.trace import Line
from swarmnode.errors import AfterCommit, DiskFull
from swarmnode.services.news import tell
from swarmnode.services.node import Node, Options
from swarmnode.services.step import Announce, Heard, LinkId, Step
from swarmnode.storage.shelves import SETTINGS


class Disk:
    """Notes the steps of a database, and has no room when told so."""

    def __init__(self, at: str = "commit") -> None:
        self.log: list[str] = []
        self.full, self._at = False, at

    def __call__(self, step: str) -> None:
        self.log.append(step)
        if self.full and step == self._at:
            raise DiskFull("the disk is full, on purpose")


def shout(step: Step, _: Node) -> None:
    """Something that is stored, and has an effect outside."""
    SETTINGS.put(step.tx, name="shouted", value=b"yes")
    step.do(Announce({}))


def shouted(step: Step, _: Node) -> bool:
    return SETTINGS.one(step.tx, name="shouted") is not None


async def test_effects_and_answers_leave_when_it_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk, sync = Disk(), os.fdatasync

    def noted(fd: int) -> None:
        sync(fd)
        disk.log.append("synced")

    monkeypatch.setattr(os, "fdatasync", noted)
    with opened(tmp_path, faults=disk) as database:
        runner = Runner(database, entropy=os.urandom)
        runner.on_announce = lambda _: disk.log.append("effect")
        async with runner.running():
            assert not await runner.do(shouted)
            disk.log.clear()
            await runner.do(shout)
            disk.log.append("answer")
            order = [disk.log.index(what) for what in ("commit", "synced", "effect", "answer")]
            assert order == sorted(order), disk.log


async def test_of_a_transaction_that_fails_nothing_leaves(tmp_path: Path) -> None:
    disk = Disk()
    with opened(tmp_path, faults=disk) as database:
        runner = Runner(database, entropy=os.urandom)
        runner.on_announce = lambda _: disk.log.append("effect")
        async with runner.running():
            assert not await runner.do(shouted)
            disk.full = True
            with pytest.raises(DiskFull):
                await runner.do(shout)
            assert "effect" not in disk.log
            assert not await runner.look(shouted)
            disk.full = False
            await runner.do(shout)
            assert "effect" in disk.log
            assert await runner.look(shouted)


async def test_what_was_committed_is_told_though_what_follows_fails(tmp_path: Path) -> None:
    disk = Disk("keyring-after")

    def destroy(step: Step, _: Node) -> None:
        step.tx.bodies.shred([step.tx.bodies.put(b"words")])
        tell(step, "node.changed")

    with opened(tmp_path, faults=disk) as database:
        runner = Runner(database, entropy=os.urandom)
        async with runner.running(), runner.news() as news:
            assert not await runner.do(shouted)
            disk.full = True
            with pytest.raises(AfterCommit):
                await runner.do(destroy)
            disk.full = False
            assert news.get_nowait().type == "node.changed"


async def test_news_of_a_message_does_not_wait_for_the_sync_and_its_acknowledgement_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_sync, sync = threading.Event(), os.fdatasync
    may_sync.set()

    def held(fd: int) -> None:
        if "ben" in Path(f"/proc/self/fd/{fd}").readlink().parts:
            may_sync.wait(45)
        sync(fd)

    monkeypatch.setattr(os, "fdatasync", held)
    async with (
        served(tmp_path / "relay") as relay,
        somebody(tmp_path / "ada", "ada", await relay.tickets_link(), Options()) as ada,
        somebody(tmp_path / "ben", "ben", await relay.tickets_link(), Options()) as ben,
    ):
        await meet(ada, ben)
        async with ben.runner.news() as news, ben.runner.traced() as lines, asyncio.timeout(60):
            frames, still = 0, 0
            while still < 4:  # receipts of the meeting go
                now = relay.health().counters.frames
                frames, still = now, still + 1 if now == frames else 0
                await asyncio.sleep(0.5)
            await ben.do(shouted)  # and what they had to wait for has left
            may_sync.clear()
            frames_of(lines)
            await ada.say("hello")
            while (await news.get()).type != "message.new":
                pass
            await asyncio.sleep(0.2)
            assert frames_of(lines) == 0
            may_sync.set()
            await until(lambda: frames_of(lines) > 0)


def frames_of(lines: asyncio.Queue[Line]) -> int:
    """How many frames a traced node has sent since this was asked before."""
    return sum("Transmit" in lines.get_nowait().text for _ in range(lines.qsize()))


async def test_answers_that_nobody_waits_for_share_a_transaction(tmp_path: Path) -> None:
    disk = Disk()
    with opened(tmp_path, faults=disk) as database:
        runner = Runner(database, entropy=os.urandom)
        async with runner.running():
            await runner.do(shouted)
            disk.log.clear()
            for number in range(10):
                runner.feed(Heard(LinkId(1), encode(number, Done())))
                await asyncio.sleep(0)
            await until(lambda: "commit" in disk.log)
            assert disk.log.count("commit") < 5
