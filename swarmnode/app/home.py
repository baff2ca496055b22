"""A home folder from outside: made, unlocked, opened. Nothing runs here yet."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from swarm_protocol.identity import RecoveryKit

from ..config import Config
from ..delivery.clock import clock
from ..errors import AccessDenied, Conflict, DiskFull, Locked
from ..services import identity
from ..services.engine import Engine
from ..services.step import Started, Step
from ..storage import integrity
from ..storage.database import Database
from ..storage.generation import KeyRingWitness
from ..storage.home import Home
from ..storage.keystore import (
    DEFAULT_COST,
    NAME,
    Cost,
    InKeyRing,
    KeyFile,
    KeyStore,
    Kind,
    Passphrase,
    SystemKeyRing,
)
from ..storage.sealing import RootKey
from . import words as recovery

KEY_FILE_VARIABLE = "SWARMNODE_KEY_FILE"
COST_VARIABLE = "SWARMNODE_TEST_WEAK_KEYS"
"""Set in tests alone: makes the passphrase cheap to try."""


def cost() -> Cost:
    """What a passphrase costs."""
    return Cost(64, 1, 1) if os.environ.get(COST_VARIABLE) == "1" else DEFAULT_COST


def is_home(config: Config) -> bool:
    """Whether there is a home already."""
    return (config.home / NAME).exists()


def create_home(
    config: Config,
    *,
    name: str,
    passphrase: str | None,
    key_file: Path | None,
    words: Sequence[str] | None,
) -> tuple[str, ...]:
    """Make a home and a persona in it, without a node running; gives the 24 words.

    Raises:
        Conflict: there is one already.
        InUse: a node runs on it.
    """
    with Home(config.home) as home:
        store = KeyStore(home.files, entropy=os.urandom)
        if store.exists():
            raise Conflict(f"{config.home} is a home already", hint="Choose another folder with --home.")
        root = new_key(store, passphrase=passphrase, key_file=key_file, keyring=config.storage.keyring)
        database = open_database(home, root, keyring=config.storage.keyring)
        try:
            with database.write() as tx:
                engine = Engine(boot=database.boot, instance=database.instance)
                step = Step(tx, clock(), os.urandom)
                engine.handle(step, Started())
                return make_persona(step, engine, name, words)
        finally:
            database.close()


def make_persona(step: Step, engine: Engine, name: str, words: Sequence[str] | None) -> tuple[str, ...]:
    """A persona from these words, or from new ones; gives the words."""
    kit = RecoveryKit.generate(os.urandom) if words is None else recovery.kit_of(words)
    identity.create(step, engine.node, name, kit)
    return recovery.of(kit)


def new_key(store: KeyStore, *, passphrase: str | None, key_file: Path | None, keyring: bool) -> RootKey:
    """Make the root key, wrapped under what is given: a passphrase, a file, the system's ring of keys.

    Raises:
        Locked: nothing is given.
    """
    if passphrase:
        root = store.create(Passphrase(passphrase), cost=cost())
    elif key_file is not None:
        root = store.create(KeyFile(key_file.read_bytes()))
    elif keyring:
        return store.create(InKeyRing(SystemKeyRing()))
    else:
        raise Locked("a home needs a passphrase", hint="Give one, or --key-file FILE.")
    if keyring:
        store.add(root, InKeyRing(SystemKeyRing()))
    return root


def unlock(store: KeyStore, *, passphrase: str | None, keyring: bool) -> RootKey | None:
    """The root key, as far as what is at hand opens it; None where nothing is.

    Raises:
        AccessDenied: the passphrase or key file is wrong.
    """
    kinds = store.kinds()
    if passphrase is not None and Kind.PASSPHRASE in kinds:
        try:
            return store.unlock(Passphrase(passphrase))
        except AccessDenied:
            raise AccessDenied("the passphrase is wrong", hint="Capitals count. Try once more.") from None
    if Kind.KEY_FILE in kinds and (place := os.environ.get(KEY_FILE_VARIABLE)):
        return store.unlock(KeyFile(Path(place).read_bytes()))
    if keyring and Kind.OS_KEY_RING in kinds:
        return store.unlock(InKeyRing(SystemKeyRing()))
    return None


def open_database(home: Home, root: RootKey, *, keyring: bool) -> Database:
    """Open the database of a home, with the ballast in place as far as there is room.

    On a full disk the ballast is freed, so that what is stored can be read and deleted.
    """
    witnesses = [KeyRingWitness(SystemKeyRing(), root)] if keyring else []
    try:
        database = Database.open(home, root, entropy=os.urandom, witnesses=witnesses)
    except DiskFull:
        if not integrity.release_ballast(home):
            raise
        database = Database.open(home, root, entropy=os.urandom, witnesses=witnesses)
    with suppress(DiskFull):
        integrity.restore_ballast(home)
    return database


def now_s() -> int:
    """Unix seconds."""
    return int(time.time())
