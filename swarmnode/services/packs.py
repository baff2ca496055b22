"""The form of a backup file: sealed packs of one size, one after the other (ADR 0020).

    header  `swarmnode backup` | version 1 B | id 16 B, random
    pack    name 32 B | nonce 24 B | sealed, 1 MiB and a tag of 16 B

A pack's name is the hash of what follows it, so damage is found, and its place named, without any key. It is
sealed by XChaCha20-Poly1305 under a key that the backup key and the file's id give, with the id and its own
number as additional data: packs of two files, or in another order, do not pass for each other. Inside are
records, each with its length in 4 bytes in front; zeros fill the rest. The last record of the last pack is
empty but for the number of packs, so a file that was cut is known. All packs have one size: who keeps the
file sees how much there is, rounded to a mebibyte, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from swarm_protocol import cbor, labels
from swarm_protocol.cbor import Value
from swarm_protocol.entropy import Entropy
from swarm_protocol.errors import DecodeError, LimitError

from ..errors import AccessDenied, UsageError
from ..storage.sealing import NONCE_SIZE, DoesNotOpen, seal, unseal

MAGIC = b"swarmnode backup"
VERSION = 1
ID_SIZE, NAME_SIZE, LENGTH_SIZE = 16, 32, 4
ROOM = 1 << 20
"""Bytes of records in one pack. The largest record is a message, of up to 320 KiB."""
SEALED_SIZE = NONCE_SIZE + ROOM + 16


def write(key: bytes, records: Iterable[list[Value]], *, entropy: Entropy) -> Iterator[bytes]:
    """The pieces of a backup under the backup key (32 bytes). No record is empty or one number alone."""
    backup_id = entropy(ID_SIZE)
    yield MAGIC + bytes([VERSION]) + backup_id
    sealer = _Sealer(key, backup_id)
    packed = bytearray()
    for record in records:
        data = _framed(record)
        if len(packed) + len(data) > ROOM:
            yield sealer.seal(bytes(packed), entropy)
            packed.clear()
        packed += data
    end = 16  # what the last record takes at most
    if len(packed) + end > ROOM:
        yield sealer.seal(bytes(packed), entropy)
        packed.clear()
    yield sealer.seal(bytes(packed) + _framed([sealer.number + 1]), entropy)


def _framed(record: list[Value]) -> bytes:
    data = cbor.encode(record)
    if LENGTH_SIZE + len(data) > ROOM:
        raise LimitError(f"a record of a backup has {ROOM - LENGTH_SIZE} bytes at most")
    return len(data).to_bytes(LENGTH_SIZE, "big") + data


def read(key: bytes, pieces: Iterable[bytes]) -> Iterator[list[Value]]:
    """The records of a backup, in order. All that was given stands only once the iterator has ended.

    Raises:
        UsageError: no backup, one for a newer program, or a damaged one; the text names the place.
        AccessDenied: it belongs to another backup key.
    """
    source = _Source(pieces)
    if source.take(len(MAGIC), "the start") != MAGIC:
        raise UsageError("this file is no backup")
    head = source.take(1 + ID_SIZE, "the start")
    if head[0] != VERSION:
        raise UsageError(
            f"this backup has version {head[0]}; {VERSION} can be read here", hint="Use a newer program."
        )
    sealer = _Sealer(key, head[1:])
    while True:
        place = f"pack {sealer.number + 1}, at byte {source.offset:,}"
        name, sealed = source.take(NAME_SIZE, place), source.take(SEALED_SIZE, place)
        if labels.BACKUP_PACK.hash(sealed) != name:
            raise _damaged(place)
        for record in _records(sealer.open(sealed, place), place):
            if len(record) > 1:
                yield record
                continue
            if record != [sealer.number] or source.more():
                raise _damaged(place)
            return


def _records(packed: bytes, place: str) -> Iterator[list[Value]]:
    at = 0
    while size := int.from_bytes(packed[at : at + LENGTH_SIZE], "big"):
        at += LENGTH_SIZE
        try:
            record = cbor.decode(packed[at : at + size], max_size=ROOM)
        except DecodeError:
            raise _damaged(place) from None
        if not isinstance(record, list) or not record:
            raise _damaged(place)
        yield record
        at += size


def _damaged(place: str) -> UsageError:
    return UsageError(f"this backup is damaged: {place}", hint="Use another copy of it, or an older backup.")


class _Sealer:
    """Seals and opens the packs of one backup, in their order."""

    __slots__ = ("_id", "_key", "number")

    def __init__(self, key: bytes, backup_id: bytes) -> None:
        self._key, self._id, self.number = labels.BACKUP.derive(key, backup_id), backup_id, 0

    def seal(self, packed: bytes, entropy: Entropy) -> bytes:
        sealed = seal(self._key, packed.ljust(ROOM, b"\0"), self._next(), entropy=entropy)
        return labels.BACKUP_PACK.hash(sealed) + sealed

    def open(self, sealed: bytes, place: str) -> bytes:
        try:
            return unseal(self._key, sealed, self._next())
        except DoesNotOpen:
            if self.number == 1:
                raise AccessDenied(
                    "these words do not open this backup",
                    hint="It is of another persona, or words are wrong.",
                ) from None
            raise _damaged(place) from None

    def _next(self) -> bytes:
        self.number += 1
        return self._id + self.number.to_bytes(8, "big")


class _Source:
    """Pieces of any size, taken in the sizes that are needed."""

    __slots__ = ("_left", "_pieces", "offset")

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces, self._left, self.offset = iter(pieces), b"", 0

    def take(self, size: int, place: str) -> bytes:
        taken, have = [self._left], len(self._left)
        while have < size:
            piece = next(self._pieces, None)
            if piece is None:
                raise UsageError(f"this backup is cut off: {place}", hint="Copy the whole file again.")
            taken.append(piece)
            have += len(piece)
        data = b"".join(taken)
        self._left, self.offset = data[size:], self.offset + size
        return data[:size]

    def more(self) -> bool:
        return bool(self._left) or any(self._pieces)
