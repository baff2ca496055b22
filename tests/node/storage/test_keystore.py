import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import keyring
import keyring.errors
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backends import fail

from swarm_protocol import cbor
from swarm_protocol.testing import SeededEntropy
from swarmnode.errors import AccessDenied, Conflict, NodeError, StorageError, UsageError
from swarmnode.storage.home import FolderFiles, MemoryFiles
from swarmnode.storage.keystore import (
    DEFAULT_COST,
    NAME,
    Cost,
    InKeyRing,
    KeyFile,
    KeyStore,
    Kind,
    Passphrase,
    Secret,
    SystemKeyRing,
)

WEAK = Cost(8, 1, 1)
KEY_FILE = KeyFile(bytes(range(32)))


class Ring:
    """A key ring in memory."""

    def __init__(self) -> None:
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


def store() -> KeyStore:
    return KeyStore(MemoryFiles(), entropy=SeededEntropy(1))


@pytest.mark.parametrize("secret", [Passphrase("pass"), KEY_FILE, InKeyRing(Ring())])
def test_what_made_it_opens_it(secret: Secret) -> None:
    keys = store()
    assert not keys.exists()
    root = keys.create(secret, cost=WEAK)
    assert keys.exists()
    assert keys.unlock(secret) == root
    assert len(root.secret) == 32


@pytest.mark.parametrize(
    "wrong", [Passphrase("Pass"), Passphrase(""), KEY_FILE, KeyFile(b"pass"), InKeyRing(Ring())]
)
def test_nothing_else_opens_it(wrong: Secret) -> None:
    keys = store()
    keys.create(Passphrase("pass"), cost=WEAK)
    with pytest.raises(AccessDenied, match=r"^this opens nothing$"):
        keys.unlock(wrong)


def test_a_passphrase_is_one_however_it_is_typed() -> None:
    keys = store()
    root = keys.create(Passphrase("Stra\u00dfe \u00e4"), cost=WEAK)
    assert keys.unlock(Passphrase("Stra\u00dfe a\u0308")) == root
    undecodable = store()
    root = undecodable.create(Passphrase("\udc80"), cost=WEAK)
    assert undecodable.unlock(Passphrase("\udc80")) == root


def test_a_second_root_key_is_refused() -> None:
    keys = store()
    root = keys.create(KEY_FILE, cost=WEAK)
    with pytest.raises(Conflict):
        keys.create(Passphrase("other"), cost=WEAK)
    assert keys.unlock(KEY_FILE) == root


@pytest.mark.parametrize("secret", [Passphrase(""), KeyFile(b""), KeyFile(bytes(31))])
def test_a_secret_that_protects_nothing_is_refused(secret: Secret) -> None:
    with pytest.raises(UsageError):
        store().create(secret, cost=WEAK)


def test_several_ways_in_side_by_side() -> None:
    keys, ring = store(), Ring()
    root = keys.create(Passphrase("pass"), cost=WEAK)
    keys.add(root, InKeyRing(ring))
    assert keys.kinds() == [Kind.PASSPHRASE, Kind.OS_KEY_RING]
    assert keys.unlock(InKeyRing(ring)) == keys.unlock(Passphrase("pass")) == root
    keys.remove(InKeyRing(ring))
    assert not ring.entries
    with pytest.raises(AccessDenied):
        keys.unlock(InKeyRing(ring))
    with pytest.raises(UsageError):
        keys.remove(Passphrase("whatever"))
    assert keys.unlock(Passphrase("pass")) == root


def test_a_passphrase_changes_and_the_root_key_does_not() -> None:
    keys, ring = store(), Ring()
    root = keys.create(Passphrase("old"), cost=WEAK)
    keys.add(root, InKeyRing(ring))
    with pytest.raises(AccessDenied):
        keys.change(Passphrase("wrong"), Passphrase("new"), cost=WEAK)
    keys.change(Passphrase("old"), Passphrase("new"), cost=WEAK)
    assert keys.unlock(Passphrase("new")) == keys.unlock(InKeyRing(ring)) == root
    with pytest.raises(AccessDenied):
        keys.unlock(Passphrase("old"))


def test_a_key_ring_holds_one_entry_for_each_wrap() -> None:
    keys, ring = store(), Ring()
    root = keys.create(InKeyRing(ring))
    keys.add(root, InKeyRing(ring))
    assert len(ring.entries) == 1
    keys.change(InKeyRing(ring), Passphrase("pass"), cost=WEAK)
    assert not ring.entries
    assert keys.kinds() == [Kind.PASSPHRASE]


def test_destroying_is_fast_and_final(tmp_path: Path) -> None:
    ring, files = Ring(), FolderFiles(tmp_path)
    keys = KeyStore(files, entropy=SeededEntropy(1))
    root = keys.create(Passphrase("pass"), cost=WEAK)
    keys.add(root, InKeyRing(ring))
    (tmp_path / "kept").hardlink_to(tmp_path / NAME)
    started = time.process_time()
    keys.destroy(InKeyRing(ring))
    assert time.process_time() - started < 1
    assert not keys.exists()
    assert not ring.entries
    assert not any((tmp_path / "kept").read_bytes())
    with pytest.raises(StorageError):
        keys.unlock(Passphrase("pass"))


def test_destroying_what_is_damaged(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"garbage")
    KeyStore(FolderFiles(tmp_path), entropy=SeededEntropy(1)).destroy()
    assert not (tmp_path / NAME).exists()


def test_secrets_are_not_shown_and_derived_keys_differ() -> None:
    root = store().create(KEY_FILE, cost=WEAK)
    keys = [root.secret, root.database_key(), root.keyring_key(0), root.keyring_key(1), root.generation_key()]
    assert len(set(keys)) == 5
    for shown in (root, Passphrase("hush"), KeyFile(b"hush"), replace(KEY_FILE)):
        assert "hush" not in repr(shown)
        assert root.secret.hex()[:8] not in repr(shown)
        assert "\\x" not in repr(shown)


def test_the_default_costs_what_rfc_9106_recommends() -> None:
    assert (DEFAULT_COST.memory_kib, DEFAULT_COST.passes, DEFAULT_COST.lanes) == (65536, 3, 4)
    keys = store()
    root = keys.create(Passphrase("pass"))
    assert keys.unlock(Passphrase("pass")) == root


@given(st.data())
def test_a_damaged_file_opens_nothing_and_raises_our_errors(data: st.DataObject) -> None:
    files = MemoryFiles()
    keys = KeyStore(files, entropy=SeededEntropy(1))
    keys.create(Passphrase("pass"), cost=WEAK)
    whole = files.read(NAME)
    assert whole is not None
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda byte: byte != whole[at]))
    files.replace(NAME, whole[:at] + bytes([byte]) + whole[at + 1 :])
    with pytest.raises(NodeError):
        keys.unlock(Passphrase("pass"))


@pytest.mark.parametrize(
    "cost", [(1 << 30, 1, 1), (8, 1000, 1), (8, 1, 1000), (8, 0, 1), (8, 1, 0), (8, 1, 2)]
)
def test_forged_costs_are_refused(cost: tuple[int, int, int]) -> None:
    files = MemoryFiles()
    wrap: dict[int, cbor.Value] = {1: 1, 2: bytes(16), 3: cost[0], 4: cost[1], 5: cost[2], 6: bytes(72)}
    files.replace(NAME, cbor.encode({1: 1, 2: [wrap]}))
    with pytest.raises(StorageError, match="damaged"):
        KeyStore(files, entropy=SeededEntropy(1)).unlock(Passphrase("pass"))


def test_a_newer_file_is_refused_politely() -> None:
    files = MemoryFiles()
    files.replace(NAME, cbor.encode({1: 2, 2: []}))
    with pytest.raises(StorageError, match="newer"):
        KeyStore(files, entropy=SeededEntropy(1)).kinds()


@pytest.fixture
def no_key_ring() -> Iterator[None]:
    """As where no system offers one."""
    before = keyring.get_keyring()
    keyring.set_keyring(fail.Keyring())  # type: ignore[no-untyped-call]
    yield
    keyring.set_keyring(before)


@pytest.mark.usefixtures("no_key_ring")
def test_a_system_without_a_key_ring_is_said() -> None:
    with pytest.raises(StorageError, match="key ring") as caught:
        store().create(InKeyRing(SystemKeyRing()))
    assert isinstance(caught.value.__cause__, keyring.errors.KeyringError)
