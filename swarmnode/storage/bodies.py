"""Bodies of messages, each under a content key of its own, so that deleting means destroying a key.

    body       row: sealed under its content key
    key_block  row: up to 64 content keys, 32 bytes each, sealed under a block key
    keyring    file: the block keys (`keyring.py`)

A body's id is its block's id times 64 plus its slot. A block's id is the number of its first block key, from
1 on, so neither is ever used again: what asks for a shredded body gets None, not somebody else's.

To shred, a block is written anew without the content keys in question, under a fresh block key, in the
transaction that deletes the bodies' rows. After its commit the keyring leaves the old block key out. From
then on no key anywhere opens what old pages and old copies of the database still hold of those bodies.

Content keys are not kept in memory: to open a block costs a few microseconds, less than reading its row.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection

from swarm_protocol.entropy import Entropy
from swarmnode.errors import StorageError, UsageError

from .engine import get_number, put_number
from .keyring import Keyring, KeyringFile
from .sealing import BODY, KEY_BLOCK, KEY_SIZE, DoesNotOpen, seal, unseal

SLOTS = 64
KEYS_USED = "store.keys_used"
"""Name of the number of the block key that was used last."""
SHREDS = "store.shreds"
"""Name of the count of transactions that shredded."""

_GONE = bytes(KEY_SIZE)

# As text, for they run for each message: SQLAlchemy takes longer to put a statement together than to run it.
_PUT_BODY = "INSERT INTO body(id, sealed) VALUES (?, ?)"
_GET_BODIES = "SELECT id, sealed FROM body WHERE id IN (SELECT value FROM json_each(?))"
_FIND_BODIES = "SELECT id FROM body WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id"
_DROP_BODIES = "DELETE FROM body WHERE id IN (SELECT value FROM json_each(?))"
_PUT_BLOCK = (
    "INSERT INTO key_block(id, key_id, used, sealed) VALUES (?, ?, ?, ?) ON CONFLICT(id)"
    " DO UPDATE SET key_id = excluded.key_id, used = excluded.used, sealed = excluded.sealed"
)
_GET_BLOCK = "SELECT id, key_id, used, sealed FROM key_block WHERE id = ?"
_LAST_BLOCK = "SELECT id, key_id, used, sealed FROM key_block ORDER BY id DESC LIMIT 1"
_DROP_BLOCK = "DELETE FROM key_block WHERE id = ?"
_ALL_BLOCKS = "SELECT id, key_id, used FROM key_block"
_BLOCK_KEYS = "SELECT key_id FROM key_block"


class Bodies:
    """Bodies as one transaction sees them.

    One that reads gets the keyring as it was when its snapshot began, one that writes gets the file.
    `lenient` says that block keys may be missing, because the database is older than the keyring: what they
    would open counts as shredded.
    """

    def __init__(
        self,
        db: Connection,
        ring: Keyring | KeyringFile,
        *,
        entropy: Entropy,
        lenient: bool = False,
    ) -> None:
        self._db = db
        self._driver: Any = db.connection.driver_connection
        self._ring = ring
        self._entropy = entropy
        self._lenient = lenient
        self._open: _Block | None = None
        self.shredded = False
        """Whether this transaction shreds: its commit is not the end of it."""

    def put(self, data: bytes) -> int:
        """Store a body; gives its id.

        Raises:
            StorageError: a new block key could not be stored.
        """
        self._writing()
        block = self._open or self._last_block()
        if block is None or len(block.keys) == SLOTS:
            number, key = self._fresh_key()
            block = _Block(number, number, key, [])
        self._open = block
        slot, content_key = len(block.keys), self._entropy(KEY_SIZE)
        block.keys.append(content_key)
        self._write(block)
        body_id = block.id * SLOTS + slot
        sealed = seal(content_key, data, _about(BODY, body_id), entropy=self._entropy)
        self._driver.execute(_PUT_BODY, (body_id, sealed))
        return body_id

    def get(self, body_id: int) -> bytes | None:
        """A body; None once it is shredded. Raises StorageError where it is damaged."""
        return self.get_many([body_id]).get(body_id)

    def get_many(self, body_ids: Iterable[int]) -> dict[int, bytes]:
        """The bodies of these ids that are not shredded, in one go.

        Raises:
            StorageError: one is damaged.
        """
        found: dict[int, bytes] = {}
        blocks: dict[int, _Block | None] = {}
        for body_id, sealed in self._driver.execute(_GET_BODIES, (_listed(body_ids),)).fetchall():
            block_id, slot = divmod(body_id, SLOTS)
            if block_id not in blocks:
                blocks[block_id] = self._block(block_id)
            block = blocks[block_id]
            if block is None or block.keys[slot : slot + 1] == [_GONE]:
                continue
            try:
                found[body_id] = unseal(block.keys[slot], sealed, _about(BODY, body_id))
            except (DoesNotOpen, IndexError):
                raise _damaged(f"body {body_id}") from None
        return found

    def shred(self, body_ids: Iterable[int]) -> None:
        """Destroy the content keys of these bodies, and their rows. Ids that are shredded already are fine.

        It is final when `Database.write` returns.

        Raises:
            StorageError: a new block key could not be stored, or a block is damaged.
        """
        self._writing()
        self._open = None
        listed = _listed(body_ids)
        there = self._db.exec_driver_sql(_FIND_BODIES, (listed,)).scalars().all()
        for block_id, members in groupby(there, lambda body_id: body_id // SLOTS):
            self._shred_in_block(block_id, [body_id % SLOTS for body_id in members])
        self._db.exec_driver_sql(_DROP_BODIES, (listed,))

    def undone(self, *, shredded: bool) -> None:
        """A part of the transaction was rolled back: the tables are as they were, and so is `shredded`."""
        self._open = None
        self.shredded = shredded

    def give_up_lost(self) -> None:
        """Count as shredded what lies in blocks whose keys are gone, so that nothing stumbles over it."""
        for block_id, key_id, used in self._db.exec_driver_sql(_ALL_BLOCKS).all():
            if self._key(key_id) is None:
                number, key = self._fresh_key()
                self._write(_Block(block_id, number, key, [_GONE] * used))

    def broken(self, block_ids: Iterable[int]) -> list[int]:
        """Which of these key blocks do not open."""
        broken = []
        for block_id in block_ids:
            try:
                self._block(block_id)
            except StorageError:
                broken.append(block_id)
        return broken

    def _shred_in_block(self, block_id: int, slots: Sequence[int]) -> None:
        block = self._block(block_id)
        if block is None:
            raise _damaged(f"key block {block_id}")
        if not self.shredded:
            put_number(self._db, SHREDS, get_number(self._db, SHREDS) + 1)
            self.shredded = True
        for slot in slots:
            block.keys[slot] = _GONE
        if len(block.keys) == SLOTS and all(key == _GONE for key in block.keys):
            self._db.exec_driver_sql(_DROP_BLOCK, (block_id,))
            return
        block.key_id, block.key = self._fresh_key()
        self._write(block)

    def _last_block(self) -> _Block | None:
        """The block with the highest id; None where there is none, or a damaged one: new bodies go on."""
        row = self._driver.execute(_LAST_BLOCK).fetchone()
        try:
            return None if row is None else self._opened(*row)
        except StorageError:
            return None

    def _block(self, block_id: int) -> _Block | None:
        """A block, opened; None where its key is gone and may be."""
        row = self._driver.execute(_GET_BLOCK, (block_id,)).fetchone()
        if row is None:
            raise _damaged(f"key block {block_id}")
        return self._opened(*row)

    def _opened(self, block_id: int, key_id: int, used: int, sealed: bytes) -> _Block | None:
        key = self._key(key_id)
        if key is None:
            if self._lenient:
                return None
            raise _damaged(f"key block {block_id}")
        try:
            plain = unseal(key, sealed, _about(KEY_BLOCK, block_id))
        except DoesNotOpen:
            raise _damaged(f"key block {block_id}") from None
        if len(plain) != used * KEY_SIZE:
            raise _damaged(f"key block {block_id}")
        keys = [plain[at : at + KEY_SIZE] for at in range(0, len(plain), KEY_SIZE)]
        return _Block(block_id, key_id, key, keys)

    def _write(self, block: _Block) -> None:
        sealed = seal(block.key, b"".join(block.keys), _about(KEY_BLOCK, block.id), entropy=self._entropy)
        self._driver.execute(_PUT_BLOCK, (block.id, block.key_id, len(block.keys), sealed))

    def _key(self, number: int) -> bytes | None:
        ring = self._ring if isinstance(self._ring, Keyring) else self._ring.now
        return ring.keys.get(number)

    def _fresh_key(self) -> tuple[int, bytes]:
        """The next block key, used from now on if this transaction commits."""
        file = self._writing()
        number = get_number(self._db, KEYS_USED) + 1
        put_number(self._db, KEYS_USED, number)
        return number, file.key(number)

    def _writing(self) -> KeyringFile:
        if isinstance(self._ring, Keyring):
            raise UsageError("this transaction only reads")
        return self._ring


class _Block:
    """A key block that is open: its content keys by slot, zeros where one was destroyed."""

    __slots__ = ("id", "key", "key_id", "keys")

    def __init__(self, block_id: int, key_id: int, key: bytes, keys: list[bytes]) -> None:
        self.id = block_id
        self.key_id = key_id
        self.key = key
        self.keys = keys


def dead_keys(db: Connection, ring: Keyring) -> set[int]:
    """Numbers of the block keys that were used and that no block refers to any more."""
    used = set(db.exec_driver_sql(_BLOCK_KEYS).scalars())
    last = get_number(db, KEYS_USED)
    return {number for number in ring.keys if number <= last and number not in used}


def _about(what: bytes, number: int) -> bytes:
    return what + number.to_bytes(8, "big")


def _damaged(what: str) -> StorageError:
    return StorageError(
        f"{what} does not open", hint="run `swarmnode doctor`; the rest of the messages can be read"
    )


def _listed(ids: Iterable[int]) -> str:
    return json.dumps(sorted(set(ids)))
