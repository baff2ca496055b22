"""A store is looked after while nobody writes."""

# ruff: noqa: ASYNC110 - it waits for threads

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest
from store_world import opened

from swarmnode.app import upkeep
from swarmnode.storage.home import Home
from swarmnode.storage.integrity import BALLAST, BALLAST_SIZE, release_ballast, restore_ballast

WORD = "unforgettable"


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def in_wal(folder: Path) -> bool:
    return any(file.stat().st_size for file in folder.rglob("*-wal"))


async def test_what_a_reader_held_up_is_completed_without_a_write(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    with opened(tmp_path / "store") as database, Home(tmp_path / "home") as place:
        with database.write() as tx:
            body_id = tx.bodies.put(WORD.encode())
        with database.read(), database.write() as tx:
            tx.bodies.shred([body_id])
        assert in_wal(tmp_path / "store")
        async with asyncio.timeout(20), upkeep.going_on(place, database, every_s=0.01):
            while in_wal(tmp_path / "store") or not (place.path / BALLAST).exists():
                await asyncio.sleep(0.01)


def test_ballast_comes_back_once_there_is_more_room_than_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path / "store") as database, Home(tmp_path / "home") as place:
        restore_ballast(place)
        release_ballast(place)
        free = [2 * BALLAST_SIZE - 1]
        monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free[0]))
        upkeep.once(place, database)
        assert not (place.path / BALLAST).exists()
        free[0] += 1
        upkeep.once(place, database)
        assert (place.path / BALLAST).stat().st_size == BALLAST_SIZE
