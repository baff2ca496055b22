import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import sqlalchemy as sa
from store_world import ROOT, Crash, CrashAt, opened

from swarm_protocol.testing import SeededEntropy
from swarmnode.errors import DiskFull, StorageError, UsageError
from swarmnode.storage.bodies import SLOTS
from swarmnode.storage.database import Database, MemoryDisk, Tx
from swarmnode.storage.engine import get_setting, pragma, put_setting
from swarmnode.storage.home import Home
from swarmnode.storage.keyring import AHEAD
from swarmnode.storage.sealing import RootKey
from swarmnode.storage.tables import draft, setting


def put(tx: Tx, value: bytes, name: str = "a") -> None:
    put_setting(tx.db, name, value)


def value_in(database: Database, name: str = "a") -> bytes | None:
    with database.read() as tx:
        return get_setting(tx.db, name)


@pytest.fixture(params=["file", "memory"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> object:
    if request.param == "file":
        with opened(tmp_path) as database:
            yield database
    else:
        database = Database.memory(entropy=SeededEntropy(1))
        yield database
        database.close()


def test_what_is_written_is_read_and_outlasts_a_start(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with database.write() as tx:
            put(tx, b"1")
        assert value_in(database) == b"1"
    with opened(tmp_path) as database:
        assert value_in(database) == b"1"


def test_an_exception_rolls_back(database: Database) -> None:
    with database.write() as tx:
        put(tx, b"before")

    def fail() -> None:
        with database.write() as tx:
            put(tx, b"after")
            raise Crash

    with pytest.raises(Crash):
        fail()
    assert value_in(database) == b"before"


def test_reading_cannot_write(database: Database) -> None:
    with pytest.raises(StorageError, match="readonly"), database.read() as tx:
        put(tx, b"1")
    with database.write() as tx:
        put(tx, b"2")
    assert value_in(database) == b"2"


def test_foreign_keys_are_kept(database: Database) -> None:
    with pytest.raises(sa.exc.IntegrityError), database.write() as tx:
        tx.db.execute(draft.insert().values(conversation_id=1, body_id=1, at=0))


def test_a_transaction_inside_another_is_refused_not_waited_for(database: Database) -> None:
    with database.write():
        with pytest.raises(UsageError, match="this thread"), database.write():
            pass
        with pytest.raises(UsageError, match="this thread"):
            database.settle()
    with database.write() as tx:
        put(tx, b"1")


def test_a_closed_database_is_closed(database: Database) -> None:
    database.close()
    with pytest.raises(UsageError, match="closed"), database.read():
        pass
    with pytest.raises(UsageError, match="closed"), database.write():
        pass


def test_each_start_has_its_number_and_its_name(tmp_path: Path) -> None:
    disk = MemoryDisk()
    entropy = SeededEntropy(1)
    starts = []
    for _ in range(3):
        database = Database.memory(entropy=entropy, disk=disk)
        starts.append((database.boot, database.instance))
        database.crash()
    assert [boot for boot, _ in starts] == [1, 2, 3]
    assert len({instance for _, instance in starts}) == 3
    assert all(len(instance) == 16 for _, instance in starts)
    with opened(tmp_path) as database:
        assert database.boot == 1
    with opened(tmp_path) as database:
        assert database.boot == 2


def test_a_crash_loses_the_open_transaction_and_nothing_else() -> None:
    disk = MemoryDisk()
    database = Database.memory(entropy=SeededEntropy(1), disk=disk, faults=(faults := CrashAt("commit", 3)))
    with database.write() as tx:
        put(tx, b"1")
    with pytest.raises(Crash), database.write() as tx:
        put(tx, b"2")
    database.crash()
    assert faults.seen == ["commit", "generation", "commit", "commit"]
    assert value_in(Database.memory(entropy=SeededEntropy(2), disk=disk)) == b"1"


def test_a_killed_process_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path; from store_world import opened\n"
        "from swarmnode.storage.engine import put_setting\n"
        "with opened(Path(sys.argv[1])) as database:\n"
        "    for n in range(1000):\n"
        "        with database.write() as tx:\n"
        "            put_setting(tx.db, 'n', n.to_bytes(2, 'big'))\n"
        "            body_id = tx.bodies.put(n.to_bytes(2, 'big'))\n"
        "        print(n, body_id, flush=True)\n"
    )
    support = Path(__file__).parents[2] / "support"
    child = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(support)},
    )
    assert child.stdout is not None
    told = [child.stdout.readline() for _ in range(50)]
    child.kill()
    child.wait()
    told += child.stdout.read().splitlines()[:-1]  # the last line may be half a line
    child.stdout.close()
    with opened(tmp_path) as database, database.read() as tx:
        last = int.from_bytes(get_setting(tx.db, "n") or b"", "big")
        assert last >= len(told) - 1
        for line in told:
            n, body_id = map(int, line.split())
            assert tx.bodies.get(body_id) == n.to_bytes(2, "big")


def test_readers_see_the_snapshot_that_they_began_with(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with database.write() as tx:
            put(tx, b"before")
            kept, doomed = tx.bodies.put(b"kept"), tx.bodies.put(b"doomed")
        with database.read() as reading:
            with database.write() as tx:
                put(tx, b"after")
                tx.bodies.shred([doomed])
            assert get_setting(reading.db, "a") == b"before"
            assert reading.bodies.get_many([kept, doomed]) == {kept: b"kept", doomed: b"doomed"}
        with database.read() as reading:
            assert get_setting(reading.db, "a") == b"after"
            assert reading.bodies.get_many([kept, doomed]) == {kept: b"kept"}


def test_threads_read_while_one_writes(tmp_path: Path) -> None:
    """A writer counts in a row and in a body, and shreds some of the old; readers see that both agree."""
    rounds, wrong = 60, []
    with opened(tmp_path) as database:
        with database.write() as tx:
            put(tx, b"0")
            put(tx, str(tx.bodies.put(b"0")).encode(), "body")
        done = threading.Event()

        def read() -> None:
            while not done.is_set():
                with database.read() as tx:
                    n, body_id = get_setting(tx.db, "a"), int(get_setting(tx.db, "body") or b"")
                    if tx.bodies.get(body_id) != n:
                        wrong.append(n)

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for n in range(1, rounds):
            with database.write() as tx:
                old = int(get_setting(tx.db, "body") or b"")
                put(tx, str(n).encode())
                put(tx, str(tx.bodies.put(str(n).encode())).encode(), "body")
                if n % 5 == 0:
                    tx.bodies.shred([old])
        done.set()
        for reader in readers:
            reader.join()
        assert not wrong
        assert value_in(database) == str(rounds - 1).encode()


def test_a_reader_has_the_keyring_that_fits_its_snapshot(tmp_path: Path) -> None:
    """A reader is about to begin when the writer makes new block keys and commits what they open."""
    with opened(tmp_path) as database:
        written: list[int] = []

        @sa.event.listens_for(database._readers, "begin")
        def just_then(_: sa.Connection) -> None:
            if not written:
                with database.write() as tx:
                    written.extend(tx.bodies.put(b"x") for _ in range(AHEAD * SLOTS + 1))

        with database.read() as tx:
            assert len(tx.bodies.get_many(written)) == AHEAD * SLOTS + 1


def test_writers_of_several_threads_take_turns(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with database.write() as tx:
            put(tx, b"0")

        def count() -> None:
            for _ in range(20):
                with database.write() as tx:
                    put(tx, str(int(get_setting(tx.db, "a") or b"") + 1).encode())

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert value_in(database) == b"80"


def test_a_forked_child_must_not_touch_it(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        child = os.fork()
        if child == 0:
            try:
                with database.read():
                    os._exit(1)
            except UsageError:
                os._exit(0)
            finally:
                os._exit(2)
        assert os.waitpid(child, 0)[1] == 0


def test_another_key_is_refused(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with opened(tmp_path):
        pass
    with Home(tmp_path) as home, pytest.raises(StorageError, match="damaged, or under another key"):
        Database.open(home, RootKey(bytes(32)), entropy=SeededEntropy(1))
    assert capfd.readouterr() == ("", "")


def test_a_damaged_file_is_said(tmp_path: Path) -> None:
    with opened(tmp_path) as database, database.write() as tx:
        for _ in range(500):
            tx.bodies.put(bytes(500))
    path = tmp_path / "node.db"
    data = bytearray(path.read_bytes())
    for at in range(10 * 4096, len(data), 4096):
        data[at] ^= 1
    path.write_bytes(data)
    with (
        pytest.raises(StorageError, match="damaged") as caught,
        opened(tmp_path) as database,
        database.read() as tx,
    ):
        tx.bodies.get_many(range(64, 564))
    assert "doctor" in caught.value.hint


def test_a_full_disk_changes_nothing_and_room_heals_it(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with database.write() as tx:
            put(tx, b"before")
        pages = pragma(database._writer, "page_count")
        pragma(database._writer, f"max_page_count = {pages}")

        def fill() -> None:
            with database.write() as tx:
                put(tx, b"after")
                for _ in range(100):
                    tx.bodies.put(bytes(4000))

        with pytest.raises(DiskFull, match="nothing was changed"):
            fill()
        assert value_in(database) == b"before"
        pragma(database._writer, "max_page_count = 100000")
        with database.write() as tx:
            put(tx, b"after")
            tx.bodies.put(bytes(4000))
        assert value_in(database) == b"after"


def test_errors_say_nothing_of_what_was_written(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with database.write() as tx:
            put(tx, b"before")
        with pytest.raises(sa.exc.IntegrityError) as caught, database.write() as tx:
            tx.db.execute(setting.insert().values(name="a", value=b"hush"))
        assert "hush" not in str(caught.value)
        assert ROOT.database_key().hex() not in repr(database)


def test_the_wal_is_gone_after_closing_and_files_are_private(tmp_path: Path) -> None:
    with opened(tmp_path) as database, database.write() as tx:
        put(tx, b"1")
        assert {path.stat().st_mode & 0o77 for path in tmp_path.iterdir()} == {0}
    assert {path.name for path in tmp_path.iterdir()} == {"node.db", "generation", "lock"}


def test_a_copy_of_a_disk_in_memory_goes_its_own_way() -> None:
    disk = MemoryDisk()
    database = Database.memory(entropy=SeededEntropy(1), disk=disk)
    with database.write() as tx:
        put(tx, b"1")
        body_id = tx.bodies.put(b"body")
    clone = Database.memory(entropy=SeededEntropy(2), disk=disk.copy())
    with clone.write() as tx:
        put(tx, b"2")
        tx.bodies.shred([body_id])
    assert (clone.boot, database.boot) == (2, 1)
    with database.read() as tx:
        assert tx.bodies.get(body_id) == b"body"
    assert (value_in(database), value_in(clone)) == (b"1", b"2")


def test_a_home_can_be_moved(tmp_path: Path) -> None:
    with opened(tmp_path / "old") as database, database.write() as tx:
        body_id = tx.bodies.put(b"body")
    shutil.move(tmp_path / "old", tmp_path / "new")
    with opened(tmp_path / "new") as database, database.read() as tx:
        assert tx.bodies.get(body_id) == b"body"
