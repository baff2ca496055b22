"""The relay's store on a disk: the contract of all stores, crashes, damage, and nothing in clear."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from mailbox_contract import CrashingStore, StoreContract, message, queue, rid, slot

from swarm_protocol.mailbox import limits
from swarm_protocol.mailbox.store import Change, Message, PutMessage, PutQueue, PutSlot, PutTicket, Ticket
from swarmnode.errors import DiskFull, InUse, StorageError
from swarmnode.storage.relay_store import SqliteRelayStore

KEY = bytes(range(32))
PAGE = 4096


class CrashableStore(SqliteRelayStore):
    """What is on the disk at the moment of a crash is what lies in another folder after it."""

    def __init__(self, folder: Path) -> None:
        self._folders = (folder / f"life {number}" for number in count())
        self.folder = next(self._folders)
        self.folder.mkdir()
        super().__init__(self.folder / "relay.db", KEY)

    def crash(self) -> None:
        self.folder = shutil.copytree(self.folder, next(self._folders))
        self.close()
        super().__init__(self.folder / "relay.db", KEY)


class TestSqliteRelayStore(StoreContract):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def open(self) -> CrashingStore:
        return CrashableStore(self.folder)


def opened(path: Path) -> SqliteRelayStore:
    return SqliteRelayStore(path, KEY)


def filled(path: Path, *, messages: int = 400, size: int = 2048) -> list[Message]:
    """A store with messages, closed."""
    store = opened(path)
    held = [message(n, blob=n.to_bytes(2, "big") * (size // 2)) for n in range(1, messages + 1)]
    counted = replace(
        queue(), messages=messages, size_bytes=messages * size, remembered=messages, next_n=messages + 1
    )
    changes: list[Change] = [PutQueue(counted), *map(PutMessage, held), PutTicket(Ticket(b"t" * 32))]
    store.apply([*changes, PutQueue(queue(2)), PutSlot(slot(of=2))])
    store.sync()
    store.close()
    return held


def test_what_was_synced_is_there_after_a_close(tmp_path: Path) -> None:
    held = filled(tmp_path / "relay.db")
    store = opened(tmp_path / "relay.db")
    assert list(store.messages(rid(1), 0, limits.MAX_PULL)) == held[: limits.MAX_PULL]
    store.apply([PutMessage(message(1, of=2))])
    store.close()
    assert list(opened(tmp_path / "relay.db").waiting(rid(2))) == []


def test_only_one_has_it_open(tmp_path: Path) -> None:
    store = opened(tmp_path / "relay.db")
    with pytest.raises(InUse):
        opened(tmp_path / "relay.db")
    store.close()


def test_another_key_is_refused(tmp_path: Path) -> None:
    filled(tmp_path / "relay.db", messages=1)
    with pytest.raises(StorageError):
        SqliteRelayStore(tmp_path / "relay.db", bytes(32))
    assert list(opened(tmp_path / "relay.db").waiting(rid(1))) == [1]


def test_nothing_is_in_clear_on_the_disk(tmp_path: Path) -> None:
    planted = b"planted marker, 32 bytes of it.."
    store = opened(tmp_path / "relay.db")
    store.apply([PutQueue(replace(queue(), recipient=planted)), PutMessage(message(1, blob=planted * 64))])
    store.sync()
    written = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    store.close()
    written += [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    assert sum(map(len, written)) > 2 * PAGE
    assert not [data for data in written if planted[:8] in data or b"SQLite" in data or b"CREATE" in data]
    with pytest.raises(sqlite3.DatabaseError):
        sqlite3.connect(tmp_path / "relay.db").execute("SELECT * FROM message")


def test_a_full_disk_changes_nothing_and_passes(tmp_path: Path) -> None:
    store = opened(tmp_path / "relay.db")
    store.apply([PutQueue(queue())])
    store.sync()
    store._db.execute("PRAGMA max_page_count = 40")
    with pytest.raises(DiskFull):
        store.apply([PutMessage(message(n, blob=bytes(32768))) for n in range(1, 9)])
    store.recover()
    assert list(store.waiting(rid(1))) == []
    store._db.execute("PRAGMA max_page_count = 4000")
    store.apply([PutMessage(message(1))])
    store.sync()
    assert list(store.waiting(rid(1))) == [1]


def break_page(path: Path, number: int) -> None:
    with path.open("r+b") as file:
        file.seek((number - 1) * PAGE + PAGE // 2)
        byte = file.read(1)
        file.seek(-1, 1)
        file.write(bytes([byte[0] ^ 1]))


@pytest.mark.parametrize("size", [512, 2048, 32768])
def test_a_broken_page_costs_what_lay_on_it_and_no_more(tmp_path: Path, size: int) -> None:
    """Pages in turn, but the first, which makes the file one. The root of the messages costs all of them."""
    held = filled(tmp_path / "relay.db", messages=60, size=size)
    costs = []
    pages = (tmp_path / "relay.db").stat().st_size // PAGE
    for number in range(2, pages + 1, max(1, pages // 16)):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = Path(shutil.copy(tmp_path / "relay.db", folder))
        break_page(path, number)
        store = opened(path)
        with suppress(StorageError):
            assert [*store.messages(rid(1), 0, 60)] in ([], held), "what is read is right, or is not read"
        assert not store.is_whole()
        store.recover()
        assert store.is_whole()
        if (found := store.queue(rid(1))) is None:
            assert store.queue(rid(2)) is None, "both lay on the broken page"
        else:
            lost = {damage.n for damage in store.damaged()}
            kept = [m for n in range(60) for m in store.messages(rid(1), n, 1) if m.blob]
            kept = sorted(set(kept), key=lambda m: m.n)
            assert [m for m in held if m.n not in lost] == kept
            costs.append(len(lost))
            assert (found.messages, found.size_bytes, found.next_n) == (60, size * (60 - len(lost)), 61)
            assert list(store.waiting(rid(1))) == list(range(1, 61))
        store.close()
    assert sorted(costs)[-2] <= PAGE // 512 < max(costs) <= 60 or max(costs) <= PAGE // 512


def test_a_start_after_a_crash_looks_for_broken_pages(tmp_path: Path) -> None:
    filled(tmp_path / "relay.db")
    before = opened(tmp_path / "relay.db")
    before.apply([PutQueue(queue(3))])
    before.sync()
    crashed = shutil.copytree(tmp_path, tmp_path / "crashed")
    before.close()
    break_page(crashed / "relay.db", (crashed / "relay.db").stat().st_size // PAGE)
    store = opened(crashed / "relay.db")
    assert store.is_whole()
    assert store.queue(rid(3)) == queue(3)
    assert [path.name for path in crashed.iterdir() if "wal" not in path.name] == ["relay.db"]


def test_a_repair_that_was_interrupted_is_completed(tmp_path: Path) -> None:
    """The new file is there and complete; the old one has a log that must not get into it."""
    filled(tmp_path / "relay.db", messages=3)
    shutil.move(tmp_path / "relay.db", tmp_path / "relay.db.repaired")
    old = opened(tmp_path / "old.db")
    old.apply([PutQueue(queue(3))])
    old.sync()
    for name in ("old.db", "old.db-wal"):
        shutil.copy(tmp_path / name, tmp_path / name.replace("old", "relay"))
    old.close()
    store = opened(tmp_path / "relay.db")
    assert list(store.waiting(rid(1))) == [1, 2, 3]
    assert store.queue(rid(3)) is None


def test_a_file_whose_first_page_is_broken_is_refused(tmp_path: Path) -> None:
    filled(tmp_path / "relay.db", messages=1)
    break_page(tmp_path / "relay.db", 1)
    with pytest.raises(StorageError):
        opened(tmp_path / "relay.db")
