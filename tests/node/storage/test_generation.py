import shutil
from pathlib import Path

import pytest
from store_world import ROOT, Crash, CrashAt, opened

from swarm_protocol.testing import SeededEntropy
from swarmnode.errors import RolledBack
from swarmnode.storage.database import Database, MemoryDisk
from swarmnode.storage.engine import get_setting, put_setting
from swarmnode.storage.generation import COMMITS, NAME, FileWitness, KeyRingWitness
from swarmnode.storage.home import Home, MemoryFiles
from swarmnode.storage.sealing import RootKey


class Ring:
    """A key ring in memory."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


def test_an_older_copy_is_read_only_until_it_is_accepted(tmp_path: Path) -> None:
    home, copy = tmp_path / "home", tmp_path / "copy.db"
    with opened(home) as database, database.write() as tx:
        kept, doomed = tx.bodies.put(b"kept"), tx.bodies.put(b"doomed")
    shutil.copy(home / "node.db", copy)
    with opened(home) as database, database.write() as tx:
        new = tx.bodies.put(b"new")
        tx.bodies.shred([doomed])
    shutil.copy(copy, home / "node.db")
    for _ in range(2):
        with opened(home) as database:
            assert database.rolled_back
            assert database.boot == 0
            with pytest.raises(RolledBack), database.write():
                pass
            with database.read() as tx:
                assert tx.bodies.get_many([kept, doomed, new]) == {}  # the keys of that block are gone
            database.settle()
    with opened(home) as database:
        database.accept_older()
        assert not database.rolled_back
        with database.write() as tx:
            again = tx.bodies.put(b"again")
            assert tx.bodies.get_many([kept, doomed]) == {}
            tx.bodies.shred([kept])
    with opened(home) as database, database.read() as tx:
        assert not database.rolled_back
        assert database.boot == 3
        assert tx.bodies.get(again) == b"again"


def test_a_crash_between_commit_and_witness_is_no_roll_back() -> None:
    """At each durable step of many starts; the first ones too."""
    for starts in range(1, 5):
        for step in ("commit", "generation"):
            disk = MemoryDisk()
            entropy = SeededEntropy(f"{starts} {step}")
            for _ in range(starts):
                Database.memory(entropy=entropy, disk=disk).crash()
            for _ in range(3):
                with pytest.raises(Crash):
                    Database.memory(entropy=entropy, disk=disk, faults=CrashAt(step))
            database = Database.memory(entropy=entropy, disk=disk)
            assert not database.rolled_back
            assert database.boot == starts + 1 + (3 if step == "generation" else 0)


def test_crashes_from_the_very_first_start_on() -> None:
    for step in ("commit", "generation"):
        disk = MemoryDisk()
        for n in range(4):
            with pytest.raises(Crash):
                Database.memory(entropy=SeededEntropy(n), disk=disk, faults=CrashAt(step))
        assert not Database.memory(entropy=SeededEntropy(9), disk=disk).rolled_back


def test_a_witness_that_somebody_took_away_is_noticed(tmp_path: Path) -> None:
    for _ in range(2):
        with opened(tmp_path):
            pass
    (tmp_path / NAME).unlink()
    with opened(tmp_path) as database:
        assert database.rolled_back


def test_many_commits_make_a_new_generation() -> None:
    disk = MemoryDisk()
    database = Database.memory(entropy=SeededEntropy(1), disk=disk)
    old = disk.copy()
    for n in range(COMMITS):
        with database.write() as tx:
            put_setting(tx.db, "n", bytes([n % 256]))
    database.crash()
    old.files = disk.files
    assert Database.memory(entropy=SeededEntropy(2), disk=old).rolled_back
    assert not Database.memory(entropy=SeededEntropy(3), disk=disk).rolled_back


def test_few_commits_cost_no_file() -> None:
    disk = MemoryDisk()
    faults = CrashAt()
    database = Database.memory(entropy=SeededEntropy(1), disk=disk, faults=faults)
    del faults.seen[:]
    for _ in range(COMMITS - 1):
        with database.write() as tx:
            put_setting(tx.db, "n", b"")
    assert set(faults.seen) == {"commit"}


def test_an_accepted_copy_may_crash_while_it_is_accepted() -> None:
    disk = MemoryDisk()
    Database.memory(entropy=SeededEntropy(1), disk=disk).crash()
    old = disk.copy()
    for n in range(3):
        Database.memory(entropy=SeededEntropy(n), disk=disk).crash()
    old.files = disk.files
    for step in ("keyring-after", "commit", "generation"):
        database = Database.memory(entropy=SeededEntropy(5), disk=old, faults=CrashAt(step))
        assert database.rolled_back
        with pytest.raises(Crash):
            database.accept_older()
        database.crash()
    assert not Database.memory(entropy=SeededEntropy(6), disk=old).rolled_back


def test_a_key_ring_bears_witness_when_the_whole_folder_was_put_back(tmp_path: Path) -> None:
    witness = KeyRingWitness(Ring(), ROOT)

    def start(folder: Path) -> bool:
        with Home(folder) as home:
            database = Database.open(home, ROOT, entropy=SeededEntropy(1), witnesses=[witness])
            rolled_back = database.rolled_back
            database.close()
            return rolled_back

    assert not start(tmp_path / "home")
    shutil.copytree(tmp_path / "home", tmp_path / "copy")
    assert not start(tmp_path / "home")
    assert start(tmp_path / "copy")
    assert not start(tmp_path / "home")


def test_a_witness_believes_only_its_own(tmp_path: Path) -> None:
    files = MemoryFiles()
    witness = FileWitness(files, ROOT, entropy=SeededEntropy(1))
    assert witness.read() is None
    witness.write(7)
    assert witness.read() == 7
    assert FileWitness(files, RootKey(bytes(32)), entropy=SeededEntropy(1)).read() is None
    files.replace(NAME, b"short")
    assert witness.read() is None
    ring = Ring()
    KeyRingWitness(ring, ROOT).write(5)
    assert KeyRingWitness(ring, ROOT).read() == 5
    assert KeyRingWitness(ring, RootKey(bytes(32))).read() is None
    with opened(tmp_path) as database, database.read() as tx:
        assert get_setting(tx.db, "store.instance") == database.instance
