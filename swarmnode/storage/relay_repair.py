"""What is left of a relay's store when pages of it are broken: all rows that can be read, in a new file.

Indexes know a table's keys too. So the keys come from all of them together, as far as each can be walked
from either end, and then each row is asked for by its key. A message that is known to wait and cannot be read
stays as a row with an empty blob, and the relay makes a gap of it.

A crash at any point leaves either the old file or the new one: the new one gets its name when it is complete
and on the disk, and `finish` runs at each start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, TypeAlias

from sqlcipher3 import dbapi2 as sqlite  # type: ignore[import-untyped]

from .home import sync_folder

Row: TypeAlias = tuple[Any, ...]

_KEYS = {
    "queue": ("rid", {"queue": "rid", "queue INDEXED BY queue_sid": "sid"}),
    "message": (
        "rowid",
        {
            "message": "rowid",
            "message INDEXED BY message_number": "rid, n",
            "message INDEXED BY message_id": "rid, msg_id",
        },
    ),
    "gap": ("rid, first", {"gap": "rid, first"}),
    "slot": ("slot", {"slot": "slot", "slot INDEXED BY slot_queue": "rid"}),
    "ticket": ("hash", {"ticket": "hash"}),
}
"""Of each table the key, and by which indexes in which orders its keys can be walked. Queues come first."""

_WAITING = "message INDEXED BY message_waiting WHERE blob IS NOT NULL"
_LOST = "INSERT OR IGNORE INTO message VALUES (?, ?, randomblob(16), zeroblob(32), 0, x'')"
_COUNT = """
UPDATE queue SET
    messages = (SELECT count(*) FROM message m WHERE m.rid = queue.rid AND blob IS NOT NULL),
    size_bytes = (SELECT coalesce(sum(length(blob)), 0) FROM message m WHERE m.rid = queue.rid),
    remembered = (SELECT count(*) FROM message m WHERE m.rid = queue.rid)
"""


def wal(path: Path) -> Path:
    """The write-ahead log beside a file; one that is there at a start tells of a crash."""
    return path.with_name(path.name + "-wal")


def is_sound(db: sqlite.Connection) -> bool:
    """Whether all pages read so far were. In the middle of a row a broken one gives zeros and no error."""
    return bool(db.execute("PRAGMA cipher_status").fetchall() == [("1",)])


def repair(path: Path, connect: Callable[[Path], sqlite.Connection], schema: str) -> None:
    """Put a new file with all that can be read in the place of the one at `path`.

    Raises:
        sqlite.Error: nothing can be read, or there is no room for the new file.
    """
    partial = path.with_name(path.name + ".partial")
    for left in (partial, wal(partial)):
        left.unlink(missing_ok=True)
    with closing(_Old(lambda: connect(path))) as old, closing(connect(partial)) as new:
        new.executescript(f"BEGIN;{schema}COMMIT;")
        new.execute("BEGIN")
        for table, (key, orders) in _KEYS.items():
            keys = {found for source, order in orders.items() for found in old.walk(key, source, order)}
            for row in old.read(table, key, keys):
                with suppress(sqlite.IntegrityError):  # its queue could not be read
                    marks = ", ".join("?" * len(row))
                    new.execute(f"INSERT INTO {table} VALUES ({marks})", row)  # noqa: S608 - our names
        for lost in set(old.walk("rid, n", _WAITING, "rid, n")):
            with suppress(sqlite.IntegrityError):
                new.execute(_LOST, lost)
        new.execute(_COUNT)
        new.execute("COMMIT")
    partial.replace(_repaired(path))
    finish(path)


def finish(path: Path) -> None:
    """Complete a repair that ended after the new file was complete."""
    if _repaired(path).exists():
        sync_folder(path.parent)
        wal(path).unlink(missing_ok=True)  # it belongs to the old file
        _repaired(path).replace(path)
        sync_folder(path.parent)


def _repaired(path: Path) -> Path:
    return path.with_name(path.name + ".repaired")


class _Old:
    """The broken file. A connection that met a broken page reads nothing more, so then there is a new one."""

    def __init__(self, connect: Callable[[], sqlite.Connection]) -> None:
        self._connect = connect
        self._db = connect()

    def close(self) -> None:
        self._db.close()

    def walk(self, key: str, source: str, order: str) -> Iterator[Row]:
        """Keys in an order until a page is broken, and then from the other end."""
        backwards = ", ".join(f"{column} DESC" for column in order.split(", "))
        for direction in (order, backwards):
            try:
                yield from self._db.execute(f"SELECT {key} FROM {source} ORDER BY {direction}")  # noqa: S608
            except sqlite.DatabaseError:
                self._again()
            else:
                return

    def read(self, table: str, key: str, keys: set[Row]) -> Iterator[Row]:
        """The rows with these keys that can be read."""
        where = " AND ".join(f"{column} = ?" for column in key.split(", "))
        for values in sorted(keys):
            try:
                rows = self._db.execute(f"SELECT * FROM {table} WHERE {where}", values).fetchall()  # noqa: S608
            except sqlite.DatabaseError:
                rows = []
            if is_sound(self._db):
                yield from rows
            else:
                self._again()

    def _again(self) -> None:
        self._db.close()
        self._db = self._connect()
