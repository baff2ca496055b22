"""How new the database is, recorded outside of it, so that an older copy put in its place is noticed.

The database counts: at each start, and now and then. After the commit the number goes to witnesses: a small
file beside the database, and whatever else keeps a number (a key ring). A database that is behind a witness
was rolled back. A crash between commit and witness leaves the database ahead, and that is no roll-back.

A node that went back would use again what it used already: keys of its ratchets, numbers of its messages. So
it must seal nothing more, and reads only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import Connection

from swarm_protocol.entropy import Entropy

from .engine import put_number
from .home import Files
from .keystore import SERVICE, OsKeyRing
from .sealing import GENERATION, DoesNotOpen, RootKey, seal, unseal

NAME = "generation"
COUNT = "store.generation"
COMMITS = 256
"""Commits between two numbers. An older copy by fewer than these is noticed by relays and peers, not here."""


class Witness(Protocol):
    """Keeps one number outside of the database."""

    def read(self) -> int | None:
        """The number; None where there is none that can be believed."""
        ...

    def write(self, generation: int) -> None:
        """Keep this one. Raises StorageError."""
        ...


class FileWitness:
    """A file beside the database, sealed under a key of its own."""

    def __init__(self, files: Files, root: RootKey, *, entropy: Entropy) -> None:
        self._files = files
        self._key = root.generation_key()
        self._entropy = entropy

    def read(self) -> int | None:
        """See `Witness`. A damaged file is as none."""
        try:
            return int.from_bytes(unseal(self._key, self._files.read(NAME) or b"", GENERATION), "big")
        except DoesNotOpen:
            return None

    def write(self, generation: int) -> None:
        """See `Witness`."""
        number = generation.to_bytes(8, "big")
        self._files.replace(NAME, seal(self._key, number, GENERATION, entropy=self._entropy))


class KeyRingWitness:
    """An entry in a key ring, which a copy of the folder put back does not touch."""

    def __init__(self, ring: OsKeyRing, root: RootKey) -> None:
        self._ring = ring
        self._name = "generation " + hashlib.sha256(root.generation_key()).hexdigest()[:32]

    def read(self) -> int | None:
        """See `Witness`."""
        entry = self._ring.get_password(SERVICE, self._name) or ""
        return int(entry) if entry.isdecimal() else None

    def write(self, generation: int) -> None:
        """See `Witness`."""
        self._ring.set_password(SERVICE, self._name, str(generation))


class Generation:
    """The count in the database and its witnesses. `now` is what was committed last."""

    def __init__(self, in_database: int, witnesses: Sequence[Witness]) -> None:
        self.now = in_database
        self._witnesses = witnesses
        self._told = max((witness.read() or 0 for witness in witnesses), default=0)
        self._commits = 0

    def rolled_back(self) -> bool:
        """Whether a witness has seen a newer database, or all that there were are gone.

        The first number is told before the second is counted, so from then on they are gone only where
        somebody took them away.
        """
        return self._told > self.now or (self._told == 0 and self.now > 1)

    def highest(self) -> int:
        """The highest number that anything knows."""
        return max(self.now, self._told)

    def due(self) -> bool:
        """Count a commit; whether it should carry a new number."""
        self._commits += 1
        return self._commits >= COMMITS

    def put(self, db: Connection, generation: int) -> None:
        """Put a number into a transaction; `committed` follows its commit."""
        put_number(db, COUNT, generation)

    def committed(self, generation: int) -> None:
        """It is durable in the database."""
        self.now = generation
        self._commits = 0

    def tell(self) -> None:
        """Tell the witnesses what they do not know yet. Raises StorageError; call again then."""
        if self._told < self.now:
            for witness in self._witnesses:
                witness.write(self.now)
            self._told = self.now
