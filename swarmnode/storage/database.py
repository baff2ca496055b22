"""The database of a node: one file under SQLCipher, one writer, readers on snapshots (ADR 0017).

    with database.write() as tx:        BEGIN IMMEDIATE ... COMMIT, durable; rolled back on any exception
        tx.db.execute(...)              the SQLAlchemy connection, for repositories
        tx.bodies.put(b"...")           bodies under their own keys (`bodies.py`)
        tx.search.add(1, "...")         the search index (`search.py`)
    with database.read() as tx:         a snapshot; from any thread, while another writes

What a write does to the disk, in this order; `faults` is called with the name in front of each step and may
raise:

    keyring-before      block keys made ahead, where the transaction needs more
    commit              the transaction
    keyring-after       after a shredding: the keyring without the dead keys; then the WAL is emptied
    generation          now and then: the new number told to the witnesses

When `write` raises after its commit, because the keyring could not be replaced, the transaction stands, and
the shredding is completed by the next write or the next start. Nothing is written before that. To the caller
it is as a crash right after the commit.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine
from sqlcipher3 import dbapi2  # type: ignore[import-untyped]

from swarm_protocol.entropy import Entropy
from swarmnode.errors import AfterCommit, RolledBack, StorageError, UsageError

from . import migrations
from .bodies import KEYS_USED, SHREDS, Bodies, dead_keys
from .engine import (
    discard,
    disk_faults,
    get_number,
    open_memory,
    open_writer,
    pragma,
    put_number,
    put_setting,
    reader_engine,
    transaction,
)
from .generation import COUNT, FileWitness, Generation, Witness
from .home import Files, Home, MemoryFiles, disk_errors, no_faults, write_private
from .keyring import Keyring, KeyringFile
from .sealing import RootKey
from .search import Search

_log = logging.getLogger(__name__)

BOOT = "store.boot"
INSTANCE = "store.instance"
_INSTANCE_SIZE = 16


@dataclass(frozen=True, slots=True)
class Tx:
    """An open transaction."""

    db: Connection
    driver: Any
    """The driver's own connection, for statements that were compiled before (`shelf.py`)."""
    bodies: Bodies
    search: Search

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part of the transaction that is undone by itself when it raises, as if it had not been tried.

        It is done on the driver, as in `engine.transaction`: for SQLAlchemy each part has another name, and
        so is a statement that has to be compiled.

        Raises:
            StorageError, DiskFull: the disk fails. Then the whole transaction may be undone already.
        """
        shredded = self.bodies.shredded
        self.driver.execute("SAVEPOINT part")
        try:
            with disk_faults():
                yield
        except BaseException:
            with suppress(dbapi2.Error):
                self.driver.execute("ROLLBACK TO part")
                self.driver.execute("RELEASE part")
            self.bodies.undone(shredded=shredded)
            raise
        self.driver.execute("RELEASE part")


class MemoryDisk:
    """What of a database in memory outlasts a crash: the SQLite database itself, and the files beside it."""

    def __init__(self, files: MemoryFiles | None = None) -> None:
        self.files = MemoryFiles() if files is None else files
        self.connection = open_memory()

    def copy(self) -> MemoryDisk:
        """The same data on another disk, as a clone or a backup has it. Not while a transaction is open."""
        other = MemoryDisk(self.files.copy())
        source, target = self.connection.connection, other.connection.connection
        source.driver_connection.backup(target.driver_connection)  # type: ignore[union-attr]
        return other


@contextmanager
def _after_commit() -> Iterator[None]:
    """What goes wrong here does not undo the transaction."""
    try:
        yield
    except StorageError as e:
        raise AfterCommit(str(e), hint=e.hint) from e


class Database:
    """An open database.

    `boot` counts its starts and `instance` (16 bytes) is drawn at each: both are committed before anything
    else. `rolled_back` says that an older copy lies here: it can be read, and `write` raises until
    `accept_older`.
    """

    def __init__(
        self,
        writer: Connection,
        readers: Engine | None,
        files: Files,
        root: RootKey,
        *,
        entropy: Entropy,
        witnesses: Sequence[Witness],
        faults: Callable[[str], None],
        path: Path | None = None,
    ) -> None:
        self._writer = writer
        self._path = path
        self._readers = readers
        self._entropy = entropy
        self._faults = faults
        self._lock = threading.Lock()
        self._owner: int | None = None
        self._process = os.getpid()
        self._closed = False
        self._unfinished = False
        self._wal_due = False
        self._log = -1
        self._keyring = KeyringFile(files, root, entropy=entropy, faults=faults)
        self.boot = 0
        self.instance = b""
        with disk_faults(), writer.begin():
            count = get_number(writer, COUNT)
            shreds = get_number(writer, SHREDS)
        own = FileWitness(files, root, entropy=entropy)
        self._generation = Generation(count, [own, *witnesses])
        self.rolled_back = self._generation.rolled_back()
        if self.rolled_back:
            _log.warning("store.rolled_back")
            return
        self._unfinished = shreds != self._keyring.now.shreds
        self._start(count)

    @classmethod
    def open(
        cls,
        home: Home,
        root: RootKey,
        *,
        entropy: Entropy,
        witnesses: Sequence[Witness] = (),
        faults: Callable[[str], None] = no_faults,
    ) -> Self:
        """Open the database of a home; make it, or bring it up to date, where that is needed.

        What a crash left half-done of a shredding is completed first. `witnesses` keep the database's
        generation besides the file in the home.

        Raises:
            SchemaTooNew: a newer program wrote it. Nothing was changed.
            StorageError: it is damaged, or belongs to another key, or the disk fails.
        """
        path, key = home.database, root.database_key()
        if not path.exists():
            with disk_errors(f"making {path.name}"):
                write_private(path, b"")
        writer = open_writer(path, key)
        readers = reader_engine(path, key)
        try:
            migrations.prepare(writer, path)
            database = cls(
                writer,
                readers,
                home.files,
                root,
                entropy=entropy,
                witnesses=witnesses,
                faults=faults,
                path=path,
            )
        except BaseException:
            readers.dispose()
            discard(writer)
            raise
        return database

    @classmethod
    def memory(
        cls,
        *,
        entropy: Entropy,
        disk: MemoryDisk | None = None,
        faults: Callable[[str], None] = no_faults,
    ) -> Self:
        """A database in memory, not encrypted as a whole, through the same code; for simulations and tests.

        After `crash`, the same `disk` opens again as after a restart.
        """
        disk = MemoryDisk() if disk is None else disk
        migrations.prepare(disk.connection, None)
        root = RootKey(bytes(32))
        return cls(disk.connection, None, disk.files, root, entropy=entropy, witnesses=(), faults=faults)

    @contextmanager
    def write(self, durable: Callable[[], bool] = lambda: True) -> Iterator[Tx]:
        """A transaction that writes; one at a time, others wait.

        It outlasts a killed process when this returns, and a power cut as well, unless `durable`, asked after
        the commit, says that nobody will hear of it: then it is as one that has not come yet, and is made
        durable with the next. (A power cut takes some of the last ones that nobody heard of, none before.)

        Raises:
            RolledBack: an older copy of the database lies here. DiskFull, StorageError: nothing was changed,
            or (see above) all was but a shredding is not complete.
        """
        self._usable()
        if self.rolled_back:
            raise RolledBack(
                "an older copy of the store lies here, so nothing may be written",
                hint="put back the newest copy, or let this node rejoin its conversations",
            )
        with self._alone():
            self._complete()
            generation = self._generation.now + 1 if self._generation.due() else 0
            with disk_faults(), transaction(self._writer):
                tx = self._tx(self._writer, self._keyring)
                yield tx
                if generation:
                    self._generation.put(self._writer, generation)
                self._faults("commit")
            with _after_commit():
                if durable() or generation or tx.bodies.shredded:
                    self._sync_log()
                if generation:
                    self._generation.committed(generation)
                self._unfinished = tx.bodies.shredded
                self._complete()
                if generation:
                    self._tell()

    def _forget_log(self) -> None:
        if self._log >= 0:
            os.close(self._log)
            self._log = -1

    def _sync_log(self) -> None:
        """Have the disk keep what was committed: what SQLite does itself with synchronous=FULL."""
        if self._path is None:
            return
        with disk_errors("syncing the log"):
            if self._log < 0:
                self._log = os.open(f"{self._path}-wal", os.O_RDONLY)
            os.fdatasync(self._log)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A snapshot to read; up to 8 at a time, from any thread. In memory it waits for the writer instead.

        Raises:
            StorageError: the disk fails.
        """
        self._usable()
        if self._readers is None:
            with self._alone(), disk_faults(), transaction(self._writer, keep=False) as driver:
                before = driver.total_changes
                yield self._tx(self._writer, self._keyring.now)
                if driver.total_changes != before:
                    raise StorageError("what only reads has written; readonly, so it is undone")
            return
        with disk_faults(), self._readers.connect() as connection:
            yield self._snapshot(connection)

    def accept_older(self) -> None:
        """Let the older copy be the store from now on, once its conversations are to be joined anew.

        What was written since that copy is lost, and what it has that was shredded since stays shredded.
        """
        self._usable()
        if not self.rolled_back:
            return
        with self._alone():
            with disk_faults(), self._writer.begin():
                # Keys that the newer database used are not given out again.
                used = [get_number(self._writer, KEYS_USED), *self._keyring.now.keys]
                put_number(self._writer, KEYS_USED, max(used))
                self._tx(self._writer, self._keyring).bodies.give_up_lost()
            self._sync_log()
            self._unfinished = True
            self._start(self._generation.highest())
            self.rolled_back = False

    def settle(self) -> None:
        """Complete what waits: a shredding whose keyring was not written, a WAL that a reader kept.

        Each write does that too; call it now and then for a node that does not write.

        Raises:
            DiskFull, StorageError: it waits still.
        """
        self._usable()
        if not self.rolled_back:
            with self._alone():
                self._complete()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Hold all writing, for something that reads the file past SQLite."""
        self._usable()
        with self._alone():
            yield

    def close(self) -> None:
        """Close in order: the newest generation told, the WAL emptied. A second call does nothing."""
        if self._closed:
            return
        with self._alone():
            self._closed = True
            self._forget_log()
            try:
                if not self.rolled_back:
                    self._complete()
                    self._tell()
                    self._empty_wal()
            finally:
                if self._readers is not None:
                    self._readers.dispose()
                    discard(self._writer)

    def crash(self) -> None:
        """Lose the open transaction and everything in memory, as a killed process does; for simulations."""
        self._closed = True
        self._forget_log()
        self._writer.connection.rollback()
        if self._readers is not None:
            self._readers.dispose()
            discard(self._writer)

    def _start(self, count: int) -> None:
        """Commit the boot counter, the instance and a new generation, before anything else happens."""
        self._complete()
        self._generation.committed(count)
        if count == 1:
            self._generation.tell()
        self.instance = self._entropy(_INSTANCE_SIZE)
        with disk_faults(), self._writer.begin():
            self.boot = get_number(self._writer, BOOT) + 1
            put_number(self._writer, BOOT, self.boot)
            put_setting(self._writer, INSTANCE, self.instance)
            self._generation.put(self._writer, count + 1)
            self._faults("commit")
        self._sync_log()
        self._generation.committed(count + 1)
        self._faults("generation")
        self._generation.tell()

    def _complete(self) -> None:
        """Leave dead keys out of the keyring, then empty the WAL, whose frames hold what was deleted."""
        if self._unfinished:
            with disk_faults(), self._writer.begin():
                dead = dead_keys(self._writer, self._keyring.now)
                shreds = get_number(self._writer, SHREDS)
            self._keyring.leave_out(dead, shreds=shreds)
            self._unfinished = False
            self._wal_due = True
        if self._wal_due:
            self._empty_wal()

    def _empty_wal(self) -> None:
        """Move the WAL into the file and empty it; later, where a reader is on an older snapshot."""
        if self._path is not None:
            migrations.forget_copies(self._path)
            self._wal_due = bool(pragma(self._writer, "wal_checkpoint(TRUNCATE)"))

    def _tell(self) -> None:
        self._faults("generation")
        try:
            self._generation.tell()
        except StorageError as e:
            # Only an older copy would be noticed later for it; the next number tells again.
            _log.warning("store.generation_not_told", extra={"code": e.code})

    def _tx(self, connection: Connection, ring: Keyring | KeyringFile) -> Tx:
        bodies = Bodies(connection, ring, entropy=self._entropy, lenient=self.rolled_back)
        return Tx(connection, connection.connection.driver_connection, bodies, Search(connection))

    def _snapshot(self, connection: Connection) -> Tx:
        """Begin to read, with the keyring that fits what is read: the writer may replace both meanwhile."""
        while True:
            ring = self._keyring.now
            connection.exec_driver_sql("SELECT 1 FROM setting LIMIT 1")
            if ring is self._keyring.now:
                return self._tx(connection, ring)
            connection.rollback()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        me = threading.get_ident()
        if self._owner == me:
            raise UsageError("this thread has a transaction open already")
        with self._lock:
            self._owner = me
            try:
                yield
            finally:
                self._owner = None

    def _usable(self) -> None:
        if self._closed:
            raise UsageError("the database is closed")
        if os.getpid() != self._process:
            raise UsageError("a database must not be used after a fork")
