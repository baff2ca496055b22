"""Whether the store is whole, and room to free when the disk is full."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from sqlalchemy import select

from swarmnode.errors import DiskFull, StorageError

from .database import Database, Tx
from .home import Home, disk_errors
from .tables import key_block

BALLAST = "ballast"
BALLAST_SIZE = 16 * 1024 * 1024
"""Bytes that deleting and acknowledging can write on a full disk, once they are freed."""

_BLOCKS_AT_ONCE = 256
_MAX_FAULTS = 10


@dataclass(frozen=True, slots=True)
class Finding:
    """A part of the store that was looked at; `faults` says what is wrong with it."""

    part: str
    faults: tuple[str, ...] = ()


def look(database: Database) -> Iterator[Finding]:
    """Look at the whole store, one part after the other, each in a transaction of its own.

    For the background and for the doctor: between two parts the caller may rest, or stop. The first two take
    seconds where the database is large.
    """
    yield Finding("structure", _pragma(database.read(), f"quick_check({_MAX_FAULTS})"))
    yield Finding("pages", _pages(database))
    after: int | None = 0
    while after is not None:
        faults, after = _key_blocks(database, after)
        yield Finding("key blocks", faults)


def _pages(database: Database) -> tuple[str, ...]:
    """Faults of the encrypted pages' tags.

    SQLCipher reads the file itself here, past the WAL, and may catch a page that is being written. So what
    looks wrong is looked at again while nobody writes.
    """
    check = "cipher_integrity_check"
    faults = _pragma(database.read(), check)
    if faults:
        with database.paused():
            faults = _pragma(database.read(), check)
    return faults


def _pragma(reading: AbstractContextManager[Tx], statement: str) -> tuple[str, ...]:
    try:
        with reading as tx:
            rows = tx.db.exec_driver_sql(f"PRAGMA {statement}").scalars().fetchmany(_MAX_FAULTS)
    except StorageError as e:
        return (str(e),)
    return tuple(str(row) for row in rows if row != "ok")


def _key_blocks(database: Database, after: int) -> tuple[tuple[str, ...], int | None]:
    """Faults of the next key blocks, and the last one that was looked at; None after the last of all."""
    try:
        with database.read() as tx:
            ids = list(
                tx.db.execute(
                    select(key_block.c.id)
                    .where(key_block.c.id > after)
                    .order_by(key_block.c.id)
                    .limit(_BLOCKS_AT_ONCE)
                ).scalars()
            )
            broken = tx.bodies.broken(ids)
    except StorageError as e:
        return (str(e),), None
    faults = tuple(f"key block {block_id} does not open" for block_id in broken)
    return faults, ids[-1] if ids else None


def restore_ballast(home: Home, *, beside: int = 0) -> None:
    """Lay ballast into the home where there is none. Takes its room at once, not when it is written.

    `beside` is how many bytes must be left after it, so that it does not fill the disk again by itself.

    Raises:
        DiskFull: there is no room for it; nothing is left behind.
    """
    path = home.path / BALLAST
    unfinished = path.with_name(BALLAST + ".new")
    if path.exists():
        return
    if beside and shutil.disk_usage(home.path).free < BALLAST_SIZE + beside:
        raise DiskFull("there is no room for ballast yet")
    try:
        with disk_errors("laying ballast"):
            handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            try:
                os.posix_fallocate(handle, 0, BALLAST_SIZE)
            finally:
                os.close(handle)
            unfinished.replace(path)
    except StorageError:
        unfinished.unlink(missing_ok=True)
        raise


def release_ballast(home: Home) -> bool:
    """Free the ballast. Whether there was any."""
    with disk_errors("freeing ballast"):
        try:
            (home.path / BALLAST).unlink()
        except FileNotFoundError:
            return False
    return True
