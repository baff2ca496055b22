"""Homes, databases and planned faults for the tests of the node's storage."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from swarm_protocol.testing import SeededEntropy
from swarmnode.storage.database import Database
from swarmnode.storage.home import Home, no_faults
from swarmnode.storage.sealing import RootKey

ROOT = RootKey(bytes(range(32)))


class Crash(Exception):
    """The process dies here."""


class CrashAt:
    """Faults that crash at the `count`-th step called `step`; `seen` are all steps that came."""

    def __init__(self, step: str = "", count: int = 1) -> None:
        self.step = step
        self.count = count
        self.seen: list[str] = []

    def __call__(self, step: str) -> None:
        self.seen.append(step)
        if step == self.step:
            self.count -= 1
            if self.count == 0:
                raise Crash(step)


@contextmanager
def opened(folder: Path, faults: Callable[[str], None] = no_faults, seed: str = "") -> Iterator[Database]:
    """A real database in a folder; closed at the end, or killed if it crashed."""
    with Home(folder) as home:
        entropy = SeededEntropy(f"{seed} {(folder / 'node.db').exists()} {folder.name}")
        database = Database.open(home, ROOT, entropy=entropy, faults=faults)
        try:
            yield database
        except BaseException:
            database.crash()
            raise
        database.close()
