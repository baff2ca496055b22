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

from collections.abc import Iterable, Sequence
from itertools import groupby

from sqlalchemy import Connection, delete, func, insert, select, update

from swarm_protocol.entropy import Entropy
from swarmnode.errors import StorageError, UsageError

from .engine import get_number, put_number
from .keyring import Keyring, KeyringFile
from .sealing import BODY, KEY_BLOCK, KEY_SIZE, DoesNotOpen, seal, unseal
from .tables import body, key_block

SLOTS = 64
KEYS_USED = "store.keys_used"
SHREDS = "store.shreds"

_GONE = bytes(KEY_SIZE)
_IDS_AT_ONCE = 500


class Bodies:
    """Bodies as one transaction sees them.

    `file` is there where it writes. `lenient` says that block keys may be missing, because the database is
    older than the keyring: what they open counts as shredded.
    """

    def __init__(
        self,
        db: Connection,
        ring: Keyring,
        *,
        entropy: Entropy,
        file: KeyringFile | None = None,
        lenient: bool = False,
    ) -> None:
        self._db = db
        self._ring = ring
        self._entropy = entropy
        self._file = file
        self._lenient = lenient
        self._open: _Block | None = None
        self.shredded = False
        """Whether this transaction shreds: its commit is not the end of it."""

    def put(self, data: bytes) -> int:
        """Store a body; gives its id.

        Raises:
            StorageError: a new block key could not be stored.
        """
        block = self._open or self._last_block()
        if block is None or len(block.keys) == SLOTS:
            number, key = self._fresh_key()
            block = _Block(number, number, key, [])
            self._db.execute(insert(key_block).values(id=number, key_id=number, used=0, sealed=b""))
        self._open = block
        slot, content_key = len(block.keys), self._entropy(KEY_SIZE)
        block.keys.append(content_key)
        self._write(block)
        body_id = block.id * SLOTS + slot
        sealed = seal(content_key, data, _about(BODY, body_id), entropy=self._entropy)
        self._db.execute(insert(body).values(id=body_id, block_id=block.id, slot=slot, sealed=sealed))
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
        for ids in _portions(body_ids):
            for body_id, sealed in self._db.execute(
                select(body.c.id, body.c.sealed).where(body.c.id.in_(ids))
            ):
                block_id, slot = divmod(body_id, SLOTS)
                if block_id not in blocks:
                    blocks[block_id] = self._block(block_id)
                block = blocks[block_id]
                if block is None:
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
        self._open = None
        for ids in _portions(body_ids):
            there = self._db.execute(
                select(body.c.id).where(body.c.id.in_(ids)).order_by(body.c.id)
            ).scalars()
            for block_id, members in groupby(list(there), lambda body_id: body_id // SLOTS):
                self._shred_in_block(block_id, [body_id % SLOTS for body_id in members])
            self._db.execute(delete(body).where(body.c.id.in_(ids)))

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
            self._db.execute(delete(key_block).where(key_block.c.id == block_id))
            return
        block.key_id, block.key = self._fresh_key()
        self._write(block)

    def _last_block(self) -> _Block | None:
        last = self._db.execute(select(func.max(key_block.c.id))).scalar()
        return None if last is None else self._block(last)

    def _block(self, block_id: int) -> _Block | None:
        """A block, opened; None where its key is gone and may be."""
        row = self._db.execute(
            select(key_block.c.key_id, key_block.c.used, key_block.c.sealed).where(key_block.c.id == block_id)
        ).one_or_none()
        key = None if row is None else self._key(row.key_id)
        if row is None or key is None:
            if self._lenient:
                return None
            raise _damaged(f"key block {block_id}")
        try:
            plain = unseal(key, row.sealed, _about(KEY_BLOCK, block_id))
        except DoesNotOpen:
            raise _damaged(f"key block {block_id}") from None
        if len(plain) != row.used * KEY_SIZE:
            raise _damaged(f"key block {block_id}")
        keys = [plain[at : at + KEY_SIZE] for at in range(0, len(plain), KEY_SIZE)]
        return _Block(block_id, row.key_id, key, keys)

    def _write(self, block: _Block) -> None:
        sealed = seal(block.key, b"".join(block.keys), _about(KEY_BLOCK, block.id), entropy=self._entropy)
        self._db.execute(
            update(key_block)
            .where(key_block.c.id == block.id)
            .values(key_id=block.key_id, used=len(block.keys), sealed=sealed)
        )

    def _key(self, number: int) -> bytes | None:
        ring = self._ring if self._file is None else self._file.now
        return ring.keys.get(number)

    def _fresh_key(self) -> tuple[int, bytes]:
        """The next block key, used from now on if this transaction commits."""
        if self._file is None:
            raise UsageError("this transaction only reads")
        number = get_number(self._db, KEYS_USED) + 1
        put_number(self._db, KEYS_USED, number)
        return number, self._file.key(number)


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
    used = set(db.execute(select(key_block.c.key_id)).scalars())
    last = get_number(db, KEYS_USED)
    return {number for number in ring.keys if number <= last and number not in used}


def _about(what: bytes, number: int) -> bytes:
    return what + number.to_bytes(8, "big")


def _damaged(what: str) -> StorageError:
    return StorageError(
        f"{what} does not open", hint="run `swarmnode doctor`; the rest of the messages can be read"
    )


def _portions(ids: Iterable[int]) -> Iterable[Sequence[int]]:
    wanted = sorted(set(ids))
    return (wanted[at : at + _IDS_AT_ONCE] for at in range(0, len(wanted), _IDS_AT_ONCE))
