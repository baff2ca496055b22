"""Each kept home opens and is brought up to date; what is made new and what was brought up are the same."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from swarm_protocol.testing import SeededEntropy
from swarmnode.errors import SchemaTooNew, StorageError
from swarmnode.storage import migrations
from swarmnode.storage.database import Database
from swarmnode.storage.engine import discard, open_memory, open_writer
from swarmnode.storage.home import Home
from swarmnode.storage.integrity import look
from swarmnode.storage.keystore import KeyStore, Passphrase
from swarmnode.storage.schema import metadata
from swarmnode.storage.sealing import RootKey

HERE = Path(__file__).parent
KEPT = sorted(path.name for path in HERE.iterdir() if re.fullmatch(r"\d{4}", path.name))
ROOT = RootKey(bytes(32))


@contextmanager
def memory() -> Iterator[Connection]:
    connection = open_memory()
    try:
        yield connection
    finally:
        discard(connection)


def differences(connection: Connection) -> list[object]:
    """Where a database differs from the tables; the search index has tables of its own."""

    def ours(_: object, name: str | None, kind: str, *__: object) -> bool:
        return not (kind == "table" and name is not None and name.startswith("search_"))

    with connection.begin():
        context = MigrationContext.configure(connection, opts={"include_object": ours, "compare_type": True})
        return list(compare_metadata(context, metadata))


def schema(connection: Connection) -> set[tuple[str, str]]:
    with connection.begin():
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
        return {(name, parts(sql)) for name, sql in rows}


def parts(sql: str) -> str:
    """What a statement holds, in one order: a column that came later stands behind all others."""
    head, paren, rest = re.sub(r"\s+", " ", sql).strip().partition("(")
    return head + paren + ",".join(sorted(part.strip() for part in re.split(r",(?![^(]*\))", rest[:-1])))


def stamped(connection: Connection, version: str | None) -> None:
    """An empty database that says it has this version."""
    with connection.begin():
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        if version is not None:
            connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (version,))


def test_the_head_is_alembics() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    assert ScriptDirectory.from_config(config).get_heads() == [migrations.HEAD]
    assert migrations.HEAD in KEPT, "run tests/migrations/make.py"


def test_a_new_database_is_as_the_tables_say() -> None:
    with memory() as connection:
        migrations.prepare(connection, None)
        assert differences(connection) == []


def test_all_steps_from_nothing_give_the_same_as_a_new_database() -> None:
    with memory() as new, memory() as stepped:
        migrations.prepare(new, None)
        migrations.upgrade(stepped)
        assert differences(stepped) == []
        ignored = {migrations.VERSION_TABLE}
        assert {row for row in schema(new) if row[0] not in ignored} == {
            row for row in schema(stepped) if row[0] not in ignored
        }


@pytest.mark.parametrize("version", KEPT)
def test_a_kept_home_opens_and_is_brought_up_to_date(version: str, tmp_path: Path) -> None:
    shutil.copytree(HERE / version, tmp_path, dirs_exist_ok=True)
    with Home(tmp_path) as home:
        root = KeyStore(home.files, entropy=SeededEntropy(1)).unlock(Passphrase("an old home"))
        database = Database.open(home, root, entropy=SeededEntropy(1))
        with database.read() as tx:
            assert tx.bodies.get_many([64, 65, 66]) == {64: b"an old word", 66: b"a third word"}
            assert tx.search.find("word", 10) == [3, 1]
        assert [finding for finding in look(database) if finding.faults] == []
        database.close()
        writer = open_writer(home.database, root.database_key())
        assert differences(writer) == []
        discard(writer)


def test_a_newer_database_is_refused_politely_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    writer = open_writer(path, ROOT.database_key())
    stamped(writer, "9999")
    discard(writer)
    before = path.read_bytes()
    with Home(tmp_path) as home, pytest.raises(SchemaTooNew, match="9999") as caught:
        Database.open(home, ROOT, entropy=SeededEntropy(1))
    assert "newer" in caught.value.hint
    assert path.read_bytes() == before


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    writer = open_writer(tmp_path / "node.db", ROOT.database_key())
    with writer.begin():
        writer.exec_driver_sql("CREATE TABLE recipes (name)")
    discard(writer)
    with Home(tmp_path) as home, pytest.raises(StorageError, match="no database of this program"):
        Database.open(home, ROOT, entropy=SeededEntropy(1))


def test_a_copy_is_taken_before_and_forgotten_after(tmp_path: Path) -> None:
    """The oldest version there can be: nothing but the stamp's table."""
    path, copy = tmp_path / "node.db", tmp_path / f"node.db.before-{migrations.HEAD}"
    writer = open_writer(path, ROOT.database_key())
    stamped(writer, None)
    discard(writer)
    with Home(tmp_path) as home:
        database = Database.open(home, ROOT, entropy=SeededEntropy(1))
        with database.write() as tx:
            body_id = tx.bodies.put(b"x")
        assert copy.stat().st_mode & 0o777 == 0o600
        old = open_writer(copy, ROOT.database_key())
        assert {name for name, _ in schema(old)} == {"alembic_version"}
        discard(old)
        with database.write() as tx:
            tx.bodies.shred([body_id])
        assert not copy.exists()
        database.close()


def test_a_step_that_fails_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("planned")

    with memory() as connection:
        stamped(connection, None)
        before = schema(connection)
        monkeypatch.setattr("alembic.command.upgrade", upgrade_then(fail))
        with pytest.raises(RuntimeError, match="planned"):
            migrations.upgrade(connection)
        assert schema(connection) == before
        with connection.begin():
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def upgrade_then(fail: object) -> object:
    from alembic import command  # noqa: PLC0415

    real = command.upgrade

    def both(*args: object) -> None:
        real(*args)  # type: ignore[arg-type]
        fail()  # type: ignore[operator]

    return both


def test_a_start_does_not_import_alembic(tmp_path: Path) -> None:
    program = (
        "import os, sys; from pathlib import Path\n"
        "from swarmnode.storage.database import Database; from swarmnode.storage.home import Home\n"
        "from swarmnode.storage.sealing import RootKey\n"
        "for _ in range(2):\n"
        "    with Home(Path(sys.argv[1])) as home:\n"
        "        Database.open(home, RootKey(bytes(32)), entropy=os.urandom).close()\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'alembic', 'mako', 'keyring'}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
