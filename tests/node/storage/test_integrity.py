from pathlib import Path

from store_world import opened

from swarmnode.storage.database import Database
from swarmnode.storage.home import Home
from swarmnode.storage.integrity import BALLAST, BALLAST_SIZE, look, release_ballast, restore_ballast


def faults(database: Database) -> list[str]:
    return [f"{finding.part}: {fault}" for finding in look(database) for fault in finding.faults]


def fill(database: Database, count: int) -> list[int]:
    with database.write() as tx:
        return [tx.bodies.put(bytes(200)) for _ in range(count)]


def test_a_whole_store_has_no_faults_while_it_is_used(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        ids = fill(database, 300)
        parts = []
        for finding in look(database):
            assert not finding.faults
            parts.append(finding.part)
            with database.write() as tx:  # between two parts others write
                tx.bodies.shred([ids.pop()])
        assert parts == ["structure", "pages", "key blocks", "key blocks"]


def test_a_key_block_that_does_not_open_is_named(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        fill(database, 300)
        with database.write() as tx:
            tx.db.exec_driver_sql("UPDATE key_block SET sealed = x'00' WHERE id IN (2, 4)")
        assert faults(database) == [f"key blocks: key block {n} does not open" for n in (2, 4)]


def test_a_damaged_page_is_found(tmp_path: Path) -> None:
    with opened(tmp_path) as database:
        fill(database, 300)
    path = tmp_path / "node.db"
    data = bytearray(path.read_bytes())
    data[-2000] ^= 1
    path.write_bytes(data)
    with opened(tmp_path) as database:
        found = faults(database)
    assert any("pages" in fault for fault in found)


def test_ballast_takes_its_room_and_frees_it(tmp_path: Path) -> None:
    with Home(tmp_path) as home:
        assert not release_ballast(home)
        restore_ballast(home)
        restore_ballast(home)
        stat = (tmp_path / BALLAST).stat()
        assert stat.st_size == BALLAST_SIZE
        assert stat.st_blocks * 512 >= BALLAST_SIZE
        assert release_ballast(home)
        assert {path.name for path in tmp_path.iterdir()} == {"lock"}
