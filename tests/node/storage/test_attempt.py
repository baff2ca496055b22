"""A part of a transaction that is undone by itself."""

import pytest

from swarm_protocol.testing import SeededEntropy
from swarmnode.storage.database import Database, MemoryDisk, Tx


def fail(tx: Tx, kept: int, lost: list[int]) -> None:
    with tx.attempt():
        lost.append(tx.bodies.put(b"lost"))
        tx.search.add(1, "lost")
        tx.bodies.shred([kept])
        lost.append(1 // 0)


def test_what_was_undone_leaves_no_row_no_words_and_no_key_behind() -> None:
    disk = MemoryDisk()
    database = Database.memory(entropy=SeededEntropy("attempt"), disk=disk)
    with database.write() as tx:
        kept = tx.bodies.put(b"kept")
    for _ in range(70):  # more than a block of keys holds
        with database.write() as tx:
            lost: list[int] = []
            with pytest.raises(ZeroDivisionError):
                fail(tx, kept, lost)
            assert not tx.bodies.shredded
            assert tx.bodies.get(lost[0]) is None
            assert tx.search.find("lost", 1) == []
            again = tx.bodies.put(b"again")
            assert tx.bodies.get_many([kept, again]) == {kept: b"kept", again: b"again"}
    database.crash()
    opened = Database.memory(entropy=SeededEntropy("attempt again"), disk=disk)
    with opened.write() as tx:
        assert tx.bodies.get(kept) == b"kept"


def test_what_was_not_undone_stands() -> None:
    database = Database.memory(entropy=SeededEntropy("attempt"))
    with database.write() as tx:
        with tx.attempt():
            body = tx.bodies.put(b"stands")
        with tx.attempt():
            tx.bodies.shred([body])
    with database.read() as tx:
        assert tx.bodies.get(body) is None
