"""What shredding promises, tried against every byte that is left."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlcipher_pages import pages
from store_world import ROOT, Crash, CrashAt, opened

from swarm_protocol.testing import SeededEntropy
from swarmnode.errors import AfterCommit, DiskFull, StorageError, UsageError
from swarmnode.storage.bodies import SLOTS
from swarmnode.storage.database import Database, MemoryDisk, Tx
from swarmnode.storage.generation import NAME as GENERATION
from swarmnode.storage.home import MemoryFiles
from swarmnode.storage.keyring import AHEAD
from swarmnode.storage.keyring import NAME as KEYRING
from swarmnode.storage.keystore import Cost, KeyStore, Passphrase

WORD = "zwetschgenknoedel"
# The last three letters are in no other text. Each is four bytes long: three would stand in the
# ciphertext around them by chance, once in twenty runs.
THREE = "\U00011013\U0001102b\U0001101a"
TEXT = f"the {WORD} are ready {THREE}"
STEPS = ["keyring-before", "commit", "keyring-after"]


def everything(folder: Path) -> Iterator[bytes]:
    """Every file raw, and every page of the database decrypted."""
    yield from (path.read_bytes() for path in folder.iterdir())
    yield from pages(folder / "node.db", ROOT.database_key())


def holds(folder: Path, words: bytes) -> bool:
    return any(words in data for data in everything(folder))


def write(database: Database, text: str, msg_id: int) -> int:
    with database.write() as tx:
        tx.search.add(msg_id, text)
        return tx.bodies.put(text.encode())


def test_no_words_lie_on_the_disk_and_none_in_the_pages_after_shredding(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        KeyStore(MemoryFiles(), entropy=SeededEntropy(1)).create(Passphrase(WORD), cost=Cost(8, 1, 1))
        body_id = write(database, TEXT, 1)
        for msg_id in range(2, 200):
            write(database, f"other words {msg_id} stay", msg_id)
        raw = [path.read_bytes() for path in tmp_path.iterdir()]
        assert not any(WORD.encode() in data or b"other" in data for data in raw)
        # The index holds words, inside the encrypted pages: the look through them sees something.
        assert holds(tmp_path, WORD.encode())
        assert holds(tmp_path, THREE.encode())
        with database.write() as tx:
            tx.search.remove(1, TEXT)
            tx.bodies.shred([body_id])
        for part in (WORD, WORD[:8], WORD[5:], THREE):
            assert not holds(tmp_path, part.encode())
        left = pages(tmp_path / "node.db", ROOT.database_key())
        assert not any(THREE[0].encode() in page for page in left)
        with database.read() as tx:
            assert tx.search.find(WORD, 10) == []
            assert tx.search.find("chgenkno", 10) == []
            assert tx.search.find("stay", 1000) == list(range(199, 1, -1))
    assert not holds(tmp_path, WORD.encode())


def test_a_copy_from_before_and_the_keyring_from_after_open_nothing(tmp_path: Path) -> None:
    home, thief = tmp_path / "home", tmp_path / "thief"
    with opened(home) as database:
        body_ids = [write(database, f"body {n}", n) for n in range(3)]
    shutil.copytree(home, thief)
    with opened(thief) as database, database.read() as tx:
        assert tx.bodies.get(body_ids[1]) == b"body 1"  # as long as it has the old keyring
    shutil.rmtree(thief)
    shutil.copytree(home, thief)
    with opened(home) as database, database.write() as tx:
        tx.bodies.shred([body_ids[1]])
    for name in (KEYRING, GENERATION):
        shutil.copy(home / name, thief / name)
    with opened(thief) as database:
        assert database.rolled_back
        with database.read() as tx:
            assert tx.bodies.get(body_ids[1]) is None
            sealed = tx.db.exec_driver_sql("SELECT sealed FROM key_block").scalar_one()
            assert len(sealed) == 3 * 32 + 40  # the block is there; no key that is left opens it
    with opened(home) as database, database.read() as tx:
        assert tx.bodies.get_many(body_ids) == {body_ids[0]: b"body 0", body_ids[2]: b"body 2"}


def shred(folder: Path, body_id: int, faults: CrashAt) -> None:
    with opened(folder, faults) as database, database.write() as tx:
        tx.bodies.shred([body_id])


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_each_step_of_a_real_shredding(tmp_path: Path, step: str) -> None:
    """All spare keys are used, so that the shredding has to make new ones first."""
    with opened(tmp_path) as database:
        body_ids = [write(database, f"body {n}", n) for n in range(3)]
        with database.write() as tx:
            more = [tx.bodies.put(b"x") for _ in range(AHEAD * SLOTS - 3)]
    with pytest.raises(Crash):
        shred(tmp_path, body_ids[1], CrashAt(step, 1 if step != "commit" else 2))
    committed = step == "keyring-after"
    crashed = tmp_path / "crashed"
    shutil.copytree(tmp_path, crashed)
    with opened(tmp_path) as database, database.read() as tx:
        found = tx.bodies.get_many([*body_ids, *more])
        assert found.keys() == {*body_ids, *more} - ({body_ids[1]} if committed else set())
    if committed:
        # Completed at the start: the pages as the crash left them, and the keyring of now.
        shutil.copy(tmp_path / KEYRING, crashed / KEYRING)
        shutil.copy(tmp_path / GENERATION, crashed / GENERATION)
        with opened(crashed) as database, database.read() as tx:
            assert tx.bodies.get(body_ids[1]) is None


def test_what_the_crash_left_of_the_keys_is_gone_after_the_next_start(tmp_path: Path) -> None:
    with opened(tmp_path / "home") as database:
        body_id = write(database, TEXT, 1)
    shutil.copytree(tmp_path / "home", tmp_path / "before")
    with pytest.raises(Crash):
        shred(tmp_path / "home", body_id, CrashAt("keyring-after"))
    shutil.copy(tmp_path / "home" / KEYRING, tmp_path / "before" / KEYRING)
    with opened(tmp_path / "before") as database, database.read() as tx:
        assert tx.bodies.get(body_id) == TEXT.encode()  # the crash left the old key
    with opened(tmp_path / "home"):
        pass
    for name in (KEYRING, GENERATION):
        shutil.copy(tmp_path / "home" / name, tmp_path / "before" / name)
    with opened(tmp_path / "before") as database, database.read() as tx:
        assert tx.bodies.get(body_id) is None


def test_nothing_is_written_before_a_shredding_is_complete() -> None:
    disk = MemoryDisk()
    database = Database.memory(entropy=SeededEntropy(1), disk=disk)
    body_id = write(database, TEXT, 1)

    def full(step: str) -> None:
        if KEYRING in step:
            raise DiskFull("planned")

    disk.files.fail = full
    with pytest.raises(AfterCommit), database.write() as tx:
        tx.bodies.shred([body_id])
    for _ in range(2):
        with pytest.raises(DiskFull), database.write():
            pytest.fail("no transaction before that")
        with pytest.raises(DiskFull):
            database.settle()
    with database.read() as tx:
        assert tx.bodies.get(body_id) is None
    disk.files.fail = lambda _: None
    database.settle()
    with database.write() as tx:
        assert tx.bodies.get(tx.bodies.put(b"x")) == b"x"


def test_a_reader_on_an_old_snapshot_delays_the_emptying_of_the_wal(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        body_id = write(database, TEXT, 1)
        with database.read() as reading:
            assert reading.search.find(WORD, 1) == [1]
            with database.write() as tx:
                tx.search.remove(1, TEXT)
                tx.bodies.shred([body_id])
            assert holds(tmp_path, WORD.encode())
        database.settle()
        assert not holds(tmp_path, WORD.encode())


def test_bodies_of_all_sizes_and_what_shredding_accepts(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with database.write() as tx:
            ids = {tx.bodies.put(bytes(size)): bytes(size) for size in (0, 1, 200, 5000, 1 << 20)}
            assert tx.bodies.get_many(ids) == ids
        with database.write() as tx:
            tx.bodies.shred([])
            assert not tx.bodies.shredded
            tx.bodies.shred([1, 10**12, -1])
            assert not tx.bodies.shredded
            tx.bodies.shred(ids)
            tx.bodies.shred(ids)
            assert tx.bodies.get_many(ids) == {}
            assert tx.bodies.get(min(ids)) is None
        with database.read() as tx, pytest.raises(UsageError, match="only reads"):
            tx.bodies.put(b"x")


def test_a_block_that_is_all_shredded_goes_and_its_ids_are_not_used_again(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with database.write() as tx:
            ids = [tx.bodies.put(b"x") for _ in range(2 * SLOTS)]
        with database.write() as tx:
            tx.bodies.shred(ids)
            assert tx.db.exec_driver_sql("SELECT count(*) FROM key_block").scalar() == 0
        with database.write() as tx:
            assert tx.bodies.put(b"y") > max(ids)


def test_keys_are_made_ahead(tmp_path: Path) -> None:
    faults = CrashAt()
    with opened(tmp_path, faults) as database:
        for _ in range(2):
            with database.write() as tx:
                for _ in range(AHEAD * SLOTS // 2):
                    tx.bodies.put(b"x")
        assert faults.seen.count("keyring-before") == 1
        with database.write() as tx:
            tx.bodies.put(b"x")
        assert faults.seen.count("keyring-before") == 2


def test_a_damaged_keyring_is_said(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        write(database, TEXT, 1)
    whole = (tmp_path / KEYRING).read_bytes()
    for damaged in (whole[:-1], b"", whole[:20], b"\2" + whole[1:], whole[:9] + b"\1" + whole[10:]):
        (tmp_path / KEYRING).write_bytes(damaged)
        with pytest.raises(StorageError) as caught, opened(tmp_path):
            pass
        assert caught.value.hint
    (tmp_path / KEYRING).write_bytes(whole)
    with opened(tmp_path):
        pass


def test_a_damaged_body_is_said_and_stops_nothing_else(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        with database.write() as tx:
            first, second = tx.bodies.put(b"first"), tx.bodies.put(b"second")
            tx.db.exec_driver_sql("UPDATE body SET sealed = x'00' WHERE id = ?", (first,))
        with database.read() as tx:
            with pytest.raises(StorageError, match=f"body {first} does not open"):
                tx.bodies.get(first)
            assert tx.bodies.get(second) == b"second"
        with database.write() as tx:
            tx.db.exec_driver_sql("UPDATE key_block SET sealed = x'00'")
            third = tx.bodies.put(b"third")
        with database.read() as tx:
            assert tx.bodies.get(third) == b"third"
            with pytest.raises(StorageError, match="key block"):
                tx.bodies.get(second)


@given(st.data())
def test_a_naive_model_under_crashes(data: st.DataObject) -> None:
    """Puts and shreds in transactions that commit or crash at any step, or in the middle of a file."""
    disk = MemoryDisk()
    entropy = SeededEntropy(data.draw(st.integers(0, 1 << 32)))
    faults = CrashAt()
    database = Database.memory(entropy=entropy, disk=disk, faults=faults)
    model: dict[int, bytes] = {}
    gone: set[int] = set()
    for _ in range(data.draw(st.integers(1, 8))):
        faults.step, faults.count = data.draw(st.sampled_from(["", *STEPS, "generation"])), 1
        if step := data.draw(st.sampled_from(["", "write", "rename", "sync"])):
            disk.files.fail = CrashAt(f"{step} {KEYRING}")
        new, shred = dict(model), set(data.draw(st.sets(st.sampled_from(sorted(model) or [0]), max_size=4)))
        faults.seen.clear()
        committed = True
        try:
            with database.write() as tx:
                change(tx, data.draw(st.sampled_from([0, 1, 3, 70])), shred, new)
        except Crash:
            died_at = faults.seen[-1]
            disk.files.fail = lambda _: None
            database.crash()
            disk.files.crash(kept=data.draw(st.booleans()))
            faults.step = ""
            database = Database.memory(entropy=entropy, disk=disk, faults=faults)
            assert not database.rolled_back
            # A crash at the commit or before has undone it, a later one has not.
            committed = died_at in {"keyring-after", "generation"}
        if committed:
            gone |= shred
            model = new
        disk.files.fail = lambda _: None
        with database.read() as tx:
            assert tx.bodies.get_many([*model, *gone]) == model
            assert not tx.bodies.broken(tx.db.exec_driver_sql("SELECT id FROM key_block").scalars().all())


def change(tx: Tx, puts: int, shred: set[int], model: dict[int, bytes]) -> None:
    for n in range(puts):
        text = f"{n} {len(model)}".encode()
        model[tx.bodies.put(text)] = text
    tx.bodies.shred(shred)
    for body_id in shred:
        model.pop(body_id, None)
