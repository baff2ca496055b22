"""What the driver of a node promises: nothing leaves before it is on the disk, and nothing of what failed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from store_world import opened

from swarmnode.delivery.runner import Runner
from swarmnode.errors import DiskFull
from swarmnode.services.node import Node
from swarmnode.services.step import Announce, Step
from swarmnode.storage.shelves import SETTINGS


class Disk:
    """Notes the steps of a database, and has no room when told so."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.full = False

    def __call__(self, step: str) -> None:
        self.log.append(step)
        if self.full and step == "commit":
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
