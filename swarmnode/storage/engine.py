"""Connections to SQLite: the encrypted file through SQLCipher, or a plain database in memory for simulations.

One connection writes; it is told when to begin and when to commit, and the driver begins nothing by itself.
Others read, each on the snapshot that it began with (WAL). Nothing of SQLite's is raised beyond this floor
but errors that our own statements earn; what the disk did is a StorageError.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool, QueuePool
from sqlcipher3 import dbapi2  # type: ignore[import-untyped]

from swarmnode.errors import DiskFull, StorageError

MAX_READERS = 8
LOG_PAGES = 4_000
"""When the log is so long, 16 MiB, it is moved into the file: two syncs, and the last state of all its pages.
In a busy talk one message of a hundred waits for that."""
_READERS_KEPT = 3
_READER_WAITS_MS = 5_000
_CACHE_KIB = 4_096

_FULL, _CORRUPT, _NOT_A_DATABASE = 13, 11, 26
_DISK = frozenset({5, 6, 8, 10, 14})  # busy, locked, read-only, I/O error, cannot open


def open_writer(path: Path, key: bytes) -> Connection:
    """The connection that writes. Transactions of it are BEGIN IMMEDIATE, durable at their commit.

    Raises:
        StorageError: it is no database, or not under this key (32 bytes), or the disk fails.
    """
    with disk_faults():
        return _engine(path, key, "BEGIN IMMEDIATE").connect()


def open_memory() -> Connection:
    """A plain database in memory, gone with its connection."""
    return _engine(None, b"", "BEGIN IMMEDIATE").connect()


def reader_engine(path: Path, key: bytes) -> Engine:
    """Connections that read and cannot write, from any thread, each on a snapshot of its own."""
    return _engine(path, key, "BEGIN", read_only=True)


def pragma(connection: Connection, statement: str) -> Any:
    """Run a pragma past SQLAlchemy, which would begin a transaction; gives its first value."""
    driver: Any = connection.connection.driver_connection
    with disk_faults():
        row = driver.execute(f"PRAGMA {statement}").fetchone()
    return None if row is None else row[0]


def discard(connection: Connection) -> None:
    """Close a connection and all that its engine holds."""
    engine = connection.engine
    connection.close()
    engine.dispose()


def _engine(path: Path | None, key: bytes, begin: str, *, read_only: bool = False) -> Engine:
    def connect() -> Any:
        connection = dbapi2.connect(
            ":memory:" if path is None else str(path),
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        try:
            if path is not None:
                # It would write to stderr what we raise.
                connection.execute("PRAGMA cipher_log_level = NONE")
                connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
                connection.execute("PRAGMA cipher_hmac_algorithm = HMAC_SHA256")
                connection.execute("PRAGMA journal_mode = WAL")
                # The log is synced by `Database.write`, before anything leaves that depends on it.
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA temp_store = MEMORY")
            connection.execute("PRAGMA trusted_schema = OFF")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            # The writer waits for nobody: the home is locked, and to empty the WAL it tries again later.
            connection.execute(f"PRAGMA busy_timeout = {_READER_WAITS_MS if read_only else 0}")
            connection.execute(f"PRAGMA query_only = {read_only:d}")
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine(
        "sqlite+pysqlite://",
        module=dbapi2,
        creator=connect,
        hide_parameters=True,  # what a statement was about is nobody's business in an error
        query_cache_size=1_000,
        **(
            {"poolclass": QueuePool, "pool_size": _READERS_KEPT, "max_overflow": MAX_READERS - _READERS_KEPT}
            if read_only
            else {"poolclass": NullPool}
        ),
    )
    event.listen(engine, "begin", lambda connection: _begin(connection, begin))
    return engine


def _begin(connection: Connection, statement: str) -> None:
    driver: Any = connection.connection.driver_connection
    if not driver.in_transaction:  # see `transaction`
        driver.execute(statement)


@contextmanager
def transaction(connection: Connection, *, keep: bool = True) -> Iterator[Any]:
    """Begin; at the end commit, or roll back if something was raised or `keep` is False. Gives the driver.

    It is done on the driver: through SQLAlchemy to begin and to commit takes longer than the statements of a
    small transaction. What SQLAlchemy runs meanwhile is inside of it.
    """
    driver: Any = connection.connection.driver_connection
    driver.execute("BEGIN IMMEDIATE")
    try:
        yield driver
        if keep:
            driver.execute("COMMIT")
    finally:
        driver.rollback()  # does nothing after a commit
        if connection.in_transaction():
            connection.rollback()


@contextmanager
def disk_faults() -> Iterator[None]:
    """Turn what SQLite says of the disk into the node's errors; all else passes."""
    try:
        yield
    except (DBAPIError, dbapi2.Error) as e:
        orig = e.orig if isinstance(e, DBAPIError) else e
        code = getattr(orig, "sqlite_errorcode", 0) & 0xFF
        if code == _FULL:
            raise DiskFull(
                "the disk is full; nothing was changed", hint="free some room, then try again"
            ) from e
        if code in {_CORRUPT, _NOT_A_DATABASE}:
            raise StorageError(
                "the database is damaged, or under another key",
                hint="run `swarmnode doctor`; if it stays so, restore a backup",
            ) from e
        if code in _DISK:
            raise StorageError(f"the database cannot be used: {orig}", hint="look at the disk") from e
        raise


def get_setting(db: Connection, name: str) -> bytes | None:
    """One of the single values."""
    value: bytes | None = db.exec_driver_sql("SELECT value FROM setting WHERE name = ?", (name,)).scalar()
    return value


def put_setting(db: Connection, name: str, value: bytes) -> None:
    """Put one of the single values."""
    db.exec_driver_sql("INSERT OR REPLACE INTO setting(name, value) VALUES (?, ?)", (name, value))


def get_number(db: Connection, name: str) -> int:
    """A counter of ours; 0 where it was never put."""
    return int.from_bytes(get_setting(db, name) or b"", "big")


def put_number(db: Connection, name: str, value: int) -> None:
    """Put a counter, up to 64 bits."""
    put_setting(db, name, value.to_bytes(8, "big"))
