"""A relay's data in one encrypted SQLite file (spec 30 §4, ADR 0018), behind the port `mailbox.store`.

`apply` writes into the open transaction, in which reads see it; `sync` commits it and returns when it is on
the disk. A crash leaves what the last `sync` left. The file is SQLCipher's, so each page has a tag: what a
failing disk did is noticed when a page is read. `recover` undoes what was not synced, and where pages are
broken it makes a new file of all rows that can be read (`relay_repair`).

One thread at a time. Plain SQL on the driver: each SEND runs some eight statements, and has 1 ms for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, assert_never

from sqlcipher3 import dbapi2 as sqlite  # type: ignore[import-untyped]

from swarm_protocol.errors import UsageError
from swarm_protocol.mailbox.answers import SignedSub
from swarm_protocol.mailbox.commands import Kind, MessageId, RecipientId, SenderId, SlotId
from swarm_protocol.mailbox.effects import Damaged
from swarm_protocol.mailbox.store import (
    Change,
    DropMessage,
    DropQueue,
    Message,
    PutMessage,
    PutQueue,
    PutSlot,
    PutTicket,
    Queue,
    SetGaps,
    Slot,
    Ticket,
)

from ..errors import DiskFull, InUse, StorageError
from . import relay_repair

SCHEMA = """
CREATE TABLE queue (
    rid BLOB NOT NULL PRIMARY KEY,
    sid BLOB NOT NULL,
    kind INTEGER NOT NULL,
    recipient BLOB NOT NULL,
    until INTEGER NOT NULL,
    sender BLOB,
    open INTEGER NOT NULL,
    key_refused INTEGER NOT NULL,
    next_n INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    size_bytes INTEGER NOT NULL,
    remembered INTEGER NOT NULL,
    day INTEGER NOT NULL,
    day_bytes INTEGER NOT NULL,
    boot BLOB NOT NULL,
    instance BLOB,
    sub_nonce BLOB,
    sub_frame BLOB,
    slot BLOB
) WITHOUT ROWID;
CREATE UNIQUE INDEX queue_sid ON queue (sid);
CREATE INDEX queue_end ON queue (until);

CREATE TABLE message (
    rid BLOB NOT NULL REFERENCES queue ON DELETE CASCADE,
    n INTEGER NOT NULL,
    msg_id BLOB NOT NULL,
    blob_hash BLOB NOT NULL,
    until INTEGER NOT NULL,
    blob BLOB
);
CREATE UNIQUE INDEX message_number ON message (rid, n);
CREATE UNIQUE INDEX message_id ON message (rid, msg_id);
CREATE INDEX message_end ON message (until, n);
CREATE INDEX message_waiting ON message (rid, n) WHERE blob IS NOT NULL;

CREATE TABLE gap (
    rid BLOB NOT NULL REFERENCES queue ON DELETE CASCADE,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (rid, first)
) WITHOUT ROWID;

CREATE TABLE slot (
    slot BLOB NOT NULL PRIMARY KEY,
    rid BLOB NOT NULL REFERENCES queue ON DELETE CASCADE,
    bundle BLOB NOT NULL,
    fetched_by BLOB
) WITHOUT ROWID;
CREATE INDEX slot_queue ON slot (rid);

CREATE TABLE ticket (
    hash BLOB NOT NULL PRIMARY KEY,
    rid BLOB
) WITHOUT ROWID;

PRAGMA user_version = 1;
"""
VERSION = 1

_PUT_QUEUE = """
INSERT INTO queue VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (rid) DO UPDATE SET
    sid = excluded.sid, kind = excluded.kind, recipient = excluded.recipient, until = excluded.until,
    sender = excluded.sender, open = excluded.open, key_refused = excluded.key_refused,
    next_n = excluded.next_n, messages = excluded.messages, size_bytes = excluded.size_bytes,
    remembered = excluded.remembered, day = excluded.day, day_bytes = excluded.day_bytes,
    boot = excluded.boot, instance = excluded.instance, sub_nonce = excluded.sub_nonce,
    sub_frame = excluded.sub_frame, slot = excluded.slot
"""
_PUT_MESSAGE = """
INSERT INTO message VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (rid, n) DO UPDATE SET
    blob_hash = excluded.blob_hash, until = excluded.until, blob = excluded.blob
WHERE msg_id = excluded.msg_id
"""
_PUT_SLOT = """
INSERT INTO slot VALUES (?, ?, ?, ?)
ON CONFLICT (slot) DO UPDATE SET bundle = excluded.bundle, fetched_by = excluded.fetched_by
WHERE rid = excluded.rid
"""
_PUT_TICKET = "INSERT INTO ticket VALUES (?, ?) ON CONFLICT (hash) DO UPDATE SET rid = excluded.rid"
_WAITING = "FROM message INDEXED BY message_waiting WHERE rid = ? AND n > ? AND blob IS NOT NULL ORDER BY n"
_NEXT_END = (
    "SELECT min(until) FROM (SELECT min(until) AS until FROM message UNION ALL SELECT min(until) FROM queue)"
)


class SqliteRelayStore:
    """The relay's data in the file at `path`, under a key of 32 bytes; nobody else may have it open.

    Raises:
        InUse: another process has it.
        StorageError: the key is not the file's, a newer program wrote it, or its first page is broken.
        DiskFull: there is no room for a new one.

    Every method may raise `StorageError` where the disk fails; then the next call is `recover`.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._path, self._key = path, key
        unclean = relay_repair.wal(path).exists()
        relay_repair.finish(path)
        self._suspect = unclean
        self._db = self._open()
        self._check()

    # Reads

    def queue(self, rid: RecipientId) -> Queue | None:
        """The queue of a recipient's id."""
        rows = self._rows("SELECT * FROM queue WHERE rid = ?", rid)
        return _queue(rows[0]) if rows else None

    def queue_of_sender(self, sid: SenderId) -> Queue | None:
        """The queue of a sender's id."""
        rows = self._rows("SELECT * FROM queue WHERE sid = ?", sid)
        return _queue(rows[0]) if rows else None

    def message(self, rid: RecipientId, msg_id: MessageId) -> Message | None:
        """A message by its id, with blob or without."""
        rows = self._rows("SELECT * FROM message WHERE rid = ? AND msg_id = ?", rid, msg_id)
        return Message(*rows[0]) if rows else None

    def messages(self, rid: RecipientId, after: int, count: int) -> Sequence[Message]:
        """The first `count` messages that wait and have a number above `after`, by number."""
        return [Message(*row) for row in self._rows(f"SELECT * {_WAITING} LIMIT ?", rid, after, count)]

    def waiting(self, rid: RecipientId) -> Sequence[int]:
        """The numbers of all messages that wait, in order."""
        return [n for (n,) in self._rows(f"SELECT n {_WAITING}", rid, 0)]

    def gaps(self, rid: RecipientId) -> Sequence[tuple[int, int]]:
        """The gaps of a queue, in order."""
        return self._rows("SELECT first, last FROM gap WHERE rid = ? ORDER BY first", rid)

    def slot(self, slot: SlotId) -> Slot | None:
        """An invite's slot."""
        rows = self._rows("SELECT * FROM slot WHERE slot = ?", slot)
        return Slot(*rows[0]) if rows else None

    def ticket(self, ticket_hash: bytes) -> Ticket | None:
        """A ticket, used or not."""
        rows = self._rows("SELECT * FROM ticket WHERE hash = ?", ticket_hash)
        return Ticket(*rows[0]) if rows else None

    def ended_messages(self, now: int, count: int) -> Sequence[Message]:
        """Up to `count` messages whose `until` is not after `now`, earliest first, then by number."""
        rows = self._rows("SELECT * FROM message WHERE until <= ? ORDER BY until, n LIMIT ?", now, count)
        return [Message(*row) for row in rows]

    def ended_queues(self, now: int, count: int) -> Sequence[Queue]:
        """Up to `count` queues whose `until` is not after `now`, earliest first."""
        rows = self._rows("SELECT * FROM queue WHERE until <= ? ORDER BY until LIMIT ?", now, count)
        return [_queue(row) for row in rows]

    def next_end(self) -> int | None:
        """The earliest `until` of all messages and queues."""
        ((end,),) = self._rows(_NEXT_END)
        return None if end is None else int(end)

    def damaged(self) -> Sequence[Damaged]:
        """Messages that a repair could not save: each waits for the machine to make a gap of it."""
        rows = self._rows("SELECT rid, n FROM message WHERE until = 0")
        return [Damaged(RecipientId(rid), n, 0) for rid, n in rows]

    # Writes

    def apply(self, changes: Sequence[Change]) -> None:
        """Write changes into the open transaction, in order, all or none.

        Raises:
            UsageError: see `RelayStore.apply`.
        """
        if not self._db.in_transaction:
            self._run("BEGIN IMMEDIATE")
        self._run("SAVEPOINT changes")
        try:
            for change in changes:
                self._apply(change)
        except UsageError:
            self._run("ROLLBACK TO changes")
            raise
        finally:
            if self._db.in_transaction:  # SQLite itself rolls back when the disk is full
                self._run("RELEASE changes")

    def _apply(self, change: Change) -> None:
        match change:
            case PutQueue(queue):
                self._run(_PUT_QUEUE, *_columns(queue))
            case DropQueue(rid):
                if not self._run("DELETE FROM queue WHERE rid = ?", rid):
                    raise UsageError("there is no such queue")
            case PutMessage(m):
                if not self._run(_PUT_MESSAGE, m.rid, m.n, m.msg_id, m.blob_hash, m.until, m.blob):
                    raise UsageError("a number that another message has")
            case DropMessage(rid, n):
                if not self._run("DELETE FROM message WHERE rid = ? AND n = ?", rid, n):
                    self._must_have(rid)
            case SetGaps(rid, gaps):
                self._must_have(rid)
                self._run("DELETE FROM gap WHERE rid = ?", rid)
                for first, last in gaps:
                    self._run("INSERT INTO gap VALUES (?, ?, ?)", rid, first, last)
            case PutTicket(ticket):
                self._run(_PUT_TICKET, ticket.hash, ticket.rid)
            case PutSlot(slot):
                if not self._run(_PUT_SLOT, slot.slot, slot.rid, slot.bundle, slot.fetched_by):
                    raise UsageError("a slot that another queue has")
            case _:
                assert_never(change)

    def _must_have(self, rid: RecipientId) -> None:
        if not self._rows("SELECT 1 FROM queue WHERE rid = ?", rid):
            raise UsageError("there is no such queue")

    @property
    def unsynced(self) -> bool:
        """Whether something was applied that a crash would lose."""
        return bool(self._db.in_transaction)

    def sync(self) -> None:
        """Return once all that was applied outlasts a crash."""
        if self._db.in_transaction:
            self._must_be_sound()
            self._run("COMMIT")

    # Trouble

    def recover(self) -> None:
        """Undo what was not synced; where pages are broken, make a new file of what can be read.

        Raises:
            StorageError: the disk gives nothing back. The next start tries again.
        """
        self._db.close()
        self._db = self._open()  # a connection that met a broken page reads nothing more
        self._check()

    def used_bytes(self) -> tuple[int, int]:
        """Bytes of the file that hold something, and bytes in it that are free to be used again."""
        size, pages, empty = (
            int(self._rows(f"PRAGMA {name}")[0][0]) for name in ("page_size", "page_count", "freelist_count")
        )
        return size * (pages - empty), size * empty

    def close(self) -> None:
        """Undo what was not synced, and close; the write-ahead log goes into the file."""
        self._db.close()

    def _check(self) -> None:
        """Look at all pages, and repair, if there is reason to."""
        if self._suspect and not self.is_whole():
            self._db.close()
            try:
                relay_repair.repair(self._path, lambda path: _connect(path, self._key), SCHEMA)
            except sqlite.Error as e:
                raise self._translated(e) from e
            self._db = self._open()
        self._suspect = False

    def is_whole(self) -> bool:
        """Whether all pages can be read and fit together; reads the whole file."""
        try:
            self._suspect = self._rows("PRAGMA quick_check(1)") != [("ok",)]
        except StorageError:
            self._suspect = True
        return not self._suspect

    def _open(self) -> sqlite.Connection:
        try:
            db = _connect(self._path, self._key)
            ((version,),) = db.execute("PRAGMA user_version").fetchall()
            if not version:
                db.executescript(f"BEGIN;{SCHEMA}COMMIT;")
        except sqlite.Error as e:
            raise self._translated(e) from e
        if version > VERSION:
            raise StorageError("a newer program wrote the relay's store", hint="start that one")
        return db

    def _rows(self, sql: str, *values: object) -> list[Any]:
        try:
            rows: list[Any] = self._db.execute(sql, values).fetchall()
        except sqlite.Error as e:
            raise self._translated(e) from e
        self._must_be_sound()
        return rows

    def _must_be_sound(self) -> None:
        if not relay_repair.is_sound(self._db):
            self._suspect = True
            raise StorageError("the relay's store is damaged", hint="look at its disk, then start again")

    def _run(self, sql: str, *values: object) -> int:
        """Run a statement; give the number of rows that it changed."""
        try:
            return int(self._db.execute(sql, values).rowcount)
        except sqlite.IntegrityError as e:
            raise UsageError("a queue that is not there, or an id or number that another holds") from e
        except sqlite.Error as e:
            raise self._translated(e) from e

    def _translated(self, e: sqlite.Error) -> StorageError:
        name = getattr(e, "sqlite_errorname", None) or "SQLITE_ERROR"
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            return InUse("another process has this relay open")
        if name.startswith("SQLITE_FULL"):
            return DiskFull("no room for the relay's store", hint="make room on its disk")
        self._suspect = True
        return StorageError(f"the relay's store failed: {name}", hint="look at its disk, then start again")


def _connect(path: Path, key: bytes) -> sqlite.Connection:
    db = sqlite.connect(str(path), isolation_level=None, check_same_thread=False, timeout=0)
    db.execute("PRAGMA cipher_log_level = NONE")  # it would write to standard error
    db.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    db.execute("PRAGMA cipher_hmac_algorithm = HMAC_SHA256")
    db.execute("PRAGMA locking_mode = EXCLUSIVE")  # one process; and the index of the log stays in memory
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA wal_autocheckpoint = 4000")  # 16 MiB: who comes at that moment waits, so rarely
    db.execute("PRAGMA foreign_keys = ON")
    db.execute("PRAGMA secure_delete = ON")
    return db


def _queue(row: tuple[Any, ...]) -> Queue:
    *values, boot, instance, nonce, frame, slot = row
    rid, sid, kind, recipient, until, sender, is_open, key_refused, *numbers = values
    next_n, messages, size_bytes, remembered, day, day_bytes = numbers
    return Queue(
        rid,
        sid,
        Kind(kind),
        recipient,
        until,
        sender,
        bool(is_open),
        bool(key_refused),
        next_n,
        messages,
        size_bytes,
        remembered,
        day,
        day_bytes,
        int.from_bytes(boot, "big"),
        instance,
        None if frame is None else SignedSub(nonce, frame),
        slot,
    )


def _columns(q: Queue) -> tuple[object, ...]:
    return (
        q.rid,
        q.sid,
        int(q.kind),
        q.recipient,
        q.until,
        q.sender,
        q.open,
        q.key_refused,
        q.next_n,
        q.messages,
        q.size_bytes,
        q.remembered,
        q.day,
        q.day_bytes,
        q.boot.to_bytes(8, "big"),  # up to 2^64 - 1; SQLite's numbers end at 2^63 - 1
        q.instance,
        q.sub.nonce if q.sub else None,
        q.sub.frame if q.sub else None,
        q.slot,
    )
