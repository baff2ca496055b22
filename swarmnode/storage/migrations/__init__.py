"""The schema's versions: forward only, each a numbered step for Alembic in `versions/`.

Alembic is imported where a database is to be brought up to date, and only there: a start does not pay for it.
A new database is made from the tables as they are now, and stamped.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from sqlalchemy import Connection, inspect

from swarmnode.errors import SchemaTooNew, StorageError

from ..engine import disk_faults, pragma
from ..home import disk_errors, sync_folder
from ..schema import metadata
from ..search import create_search

HEAD = "0002"
"""The version that this program writes; a test compares it with Alembic's."""

VERSION_TABLE = "alembic_version"
_COPY = ".before-"


def prepare(writer: Connection, path: Path | None) -> None:
    """Bring a database to the schema of this program; an empty one gets it whole.

    A copy of an older database is taken first, beside it (`path`, None in memory), and removed at the next
    start or when something is shredded, whichever comes first: it holds what was to be forgotten.

    Raises:
        SchemaTooNew: a newer program wrote it. Nothing was changed.
        StorageError: it is no database of ours, or it is damaged, or the disk fails.
    """
    with disk_faults(), writer.begin():
        tables = inspect(writer).get_table_names()
        if not tables:
            _create(writer)
            return
        version = _version(writer) if VERSION_TABLE in tables else None
    if version is None:
        raise StorageError("this is no database of this program", hint="choose another home")
    if version == HEAD:
        if path is not None:
            forget_copies(path)
    elif version < HEAD:
        if path is not None:
            _copy(writer, path)
        upgrade(writer)
    else:
        raise SchemaTooNew(
            f"the database has version {version}, this program knows {HEAD}",
            hint="a newer swarmnode has used this home: run that one",
        )


def upgrade(writer: Connection) -> None:
    """Run all steps that are missing, in one transaction.

    Raises:
        StorageError: a step left rows that refer to nothing; nothing was changed.
    """
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = writer
    # SQLite changes a table by making it anew, and dropping the old one would take the rows that refer to it.
    pragma(writer, "foreign_keys = OFF")
    try:
        with disk_faults(), writer.begin():
            command.upgrade(config, "head")
            if writer.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                raise StorageError("the database could not be brought up to date", hint="restore a backup")
    finally:
        pragma(writer, "foreign_keys = ON")


def forget_copies(path: Path) -> None:
    """Remove the copies that were taken of the database at `path`."""
    with disk_errors("removing the copy of the old database"):
        for copy in path.parent.glob(f"{path.name}{_COPY}*"):
            copy.unlink()


def _create(writer: Connection) -> None:
    metadata.create_all(writer)
    create_search(writer)
    writer.exec_driver_sql(
        f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL,"
        f" CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY (version_num))"
    )
    writer.exec_driver_sql(f"INSERT INTO {VERSION_TABLE} VALUES (?)", (HEAD,))  # noqa: S608


def _version(writer: Connection) -> str:
    """The version that is stamped; empty where the first step is still to be run."""
    return writer.exec_driver_sql(f"SELECT version_num FROM {VERSION_TABLE}").scalar() or ""  # noqa: S608


def _copy(writer: Connection, path: Path) -> None:
    """Copy the file as it is, encrypted; the WAL is emptied into it first."""
    pragma(writer, "wal_checkpoint(TRUNCATE)")
    with disk_errors("copying the database before it is brought up to date"):
        copy = path.with_name(path.name + _COPY + HEAD)
        copy.touch(0o600)
        shutil.copyfile(path, copy)
        with copy.open("rb") as file:
            os.fsync(file.fileno())
        sync_folder(path.parent)
