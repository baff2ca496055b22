"""Which statements ran on a store in memory, and which of them SQLite answers by reading a whole table."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager

from swarmnode.storage.database import MemoryDisk


@contextmanager
def traced(disk: MemoryDisk) -> Iterator[list[str]]:
    """The statements that run meanwhile, one by one."""
    ran: list[str] = []
    driver = disk.connection.connection.driver_connection
    assert driver is not None
    driver.set_trace_callback(ran.append)
    try:
        yield ran
    finally:
        driver.set_trace_callback(None)


def scans(
    disk: MemoryDisk, statements: Iterable[str], growing: Collection[str], allowed: Collection[str]
) -> list[str]:
    """What goes through one of the `growing` tables from end to end, or through an index of all of it.

    `allowed` are indexes that may be walked. An alias counts as a table of that name.
    """
    driver = disk.connection.connection.driver_connection
    assert driver is not None
    found = []
    for statement in sorted(set(statements)):
        if statement.split(None, 1)[0] not in {"SELECT", "UPDATE", "DELETE"}:
            continue
        for *_, plan in driver.execute(f"EXPLAIN QUERY PLAN {statement}").fetchall():
            words = str(plan).split()
            if words[0] == "SCAN" and words[1] in growing and words[-1] not in allowed:
                found.append(f"{plan}: {statement}")
    return found
