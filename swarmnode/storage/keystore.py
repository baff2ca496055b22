"""The root key, wrapped: what a passphrase, a key file or the OS key ring opens (`keys.cbor`).

The root key is random and never changes; a wrap is the root key sealed under a key that somebody has. So a
passphrase changes without a byte of the database being written anew, several wraps stand side by side, and to
wipe a node is to destroy this one small file.

    {1: version 1, 2: [wrap, ...]}
    wrap = {1: kind, 2: salt 16 B, 3: memory KiB, 4: passes, 5: lanes, 6: sealed root key}

A passphrase and the bytes of a key file go through Argon2id (RFC 9106), whose costs stand in the wrap. What
the OS key ring holds is a random key of 32 bytes and needs none: costs of zero; the salt names the entry.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Protocol

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from swarm_protocol import cbor
from swarm_protocol.entropy import Entropy
from swarm_protocol.errors import DecodeError
from swarmnode.errors import AccessDenied, Conflict, StorageError, UsageError

from .home import Files
from .sealing import KEY_SIZE, WRAP, DoesNotOpen, RootKey, seal, unseal

NAME = "keys.cbor"
SERVICE = "swarmnode"
"""Under which name our entries lie in the OS key ring."""

_SALT_SIZE = 16
_VERSION = 1
_MAX_WRAPS = 8
_MAX_MEMORY_KIB = 1024 * 1024
_MAX_PASSES = 32
_MAX_LANES = 16
_MIN_KEY_FILE = 32


class Kind(IntEnum):
    """What opens a wrap."""

    PASSPHRASE = 1
    KEY_FILE = 2
    OS_KEY_RING = 3


@dataclass(frozen=True, slots=True)
class Cost:
    """What Argon2id costs: KiB of memory, passes over it, lanes side by side."""

    memory_kib: int
    passes: int
    lanes: int


DEFAULT_COST = Cost(64 * 1024, 3, 4)
"""The second recommendation of RFC 9106 §4: 64 MiB, three passes. Some 0.15 s on a small machine."""

_NO_COST = Cost(0, 0, 0)


@dataclass(frozen=True, slots=True)
class Passphrase:
    """What a person types; any spelling of it in Unicode is the same one."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The bytes of a key file, 32 at least."""

    data: bytes = field(repr=False)


class OsKeyRing(Protocol):
    """A key ring; `SystemKeyRing` is the real one."""

    def get_password(self, service: str, username: str) -> str | None:
        """The entry, or None."""
        ...

    def set_password(self, service: str, username: str, password: str) -> None:
        """Put an entry."""
        ...

    def delete_password(self, service: str, username: str) -> None:
        """Remove an entry."""
        ...


@dataclass(frozen=True, slots=True)
class InKeyRing:
    """The key lies in a key ring."""

    ring: OsKeyRing = field(repr=False)


Secret = Passphrase | KeyFile | InKeyRing


class SystemKeyRing:
    """The operating system's key ring. Each call raises StorageError where there is none, or it refuses."""

    def get_password(self, service: str, username: str) -> str | None:
        """See `OsKeyRing`."""
        with _key_ring_errors():
            return _key_ring().get_password(service, username)

    def set_password(self, service: str, username: str, password: str) -> None:
        """See `OsKeyRing`."""
        with _key_ring_errors():
            _key_ring().set_password(service, username, password)

    def delete_password(self, service: str, username: str) -> None:
        """See `OsKeyRing`; an entry that is not there is removed already."""
        with _key_ring_errors():
            if _key_ring().get_password(service, username) is not None:
                _key_ring().delete_password(service, username)


def _key_ring() -> OsKeyRing:
    # Imported late: to find out which key ring there is takes its time, and few homes need it.
    import keyring  # noqa: PLC0415

    return keyring.get_keyring()


@contextmanager
def _key_ring_errors() -> Iterator[None]:
    from keyring.errors import KeyringError  # noqa: PLC0415

    try:
        yield
    except KeyringError as e:
        raise StorageError(
            f"the key ring of this system: {type(e).__name__}", hint="unlock it, or use a passphrase"
        ) from e


@dataclass(frozen=True, slots=True)
class _Wrap:
    kind: Kind
    salt: bytes
    cost: Cost
    sealed: bytes = field(repr=False, default=b"")

    def about(self) -> dict[int, cbor.Value]:
        """What is authenticated: all but the sealed key."""
        cost = self.cost
        return {1: int(self.kind), 2: self.salt, 3: cost.memory_kib, 4: cost.passes, 5: cost.lanes}

    def close(self, key: bytes, root: RootKey, entropy: Entropy) -> _Wrap:
        sealed = seal(key, root.secret, WRAP + cbor.encode(self.about()), entropy=entropy)
        return _Wrap(self.kind, self.salt, self.cost, sealed)

    def open(self, key: bytes) -> RootKey:
        return RootKey(unseal(key, self.sealed, WRAP + cbor.encode(self.about())))


class KeyStore:
    """The wraps of one home."""

    def __init__(self, files: Files, *, entropy: Entropy) -> None:
        self._files = files
        self._entropy = entropy

    def exists(self) -> bool:
        """Whether there is a root key."""
        return self._files.read(NAME) is not None

    def kinds(self) -> Sequence[Kind]:
        """What opens it, in the order in which it was added. Raises StorageError."""
        return [wrap.kind for wrap in self._wraps()]

    def create(self, secret: Secret, *, cost: Cost = DEFAULT_COST) -> RootKey:
        """Make a root key that `secret` opens.

        Raises:
            Conflict: there is one already.
            UsageError: the passphrase is empty, or the key file too short.
        """
        if self.exists():
            raise Conflict("there is a root key already", hint="unlock it, or choose another home")
        root = RootKey.generate(self._entropy)
        self._save([self._wrap(root, secret, cost)])
        return root

    def unlock(self, secret: Secret) -> RootKey:
        """Open the root key. Takes as long as its Argon2id costs, right or wrong.

        Raises:
            AccessDenied: nothing opens with it; no more is told.
            StorageError: there is no root key, or the file is damaged.
        """
        for wrap in self._wraps():
            if wrap.kind is not _kind(secret):
                continue
            try:
                return wrap.open(_wrapping_key(secret, wrap))
            except DoesNotOpen:
                continue
        raise AccessDenied("this opens nothing", hint="check the passphrase, the key file or the key ring")

    def add(self, root: RootKey, secret: Secret, *, cost: Cost = DEFAULT_COST) -> None:
        """Let `secret` open the root key too, in the place of what opened it in the same way before.

        Raises:
            UsageError: as `create`.
        """
        old = self._wraps()
        kept = [wrap for wrap in old if wrap.kind is not _kind(secret)]
        self._save([*kept, self._wrap(root, secret, cost)])
        self._forget([wrap for wrap in old if wrap not in kept], secret)

    def change(self, old: Secret, new: Secret, *, cost: Cost = DEFAULT_COST) -> None:
        """Let `new` open the root key instead of `old`.

        Raises:
            AccessDenied: `old` does not open it.
            UsageError: as `create`.
        """
        root = self.unlock(old)
        before = self._wraps()
        kept = [wrap for wrap in before if wrap.kind not in {_kind(old), _kind(new)}]
        self._save([*kept, self._wrap(root, new, cost)])
        self._forget([wrap for wrap in before if wrap not in kept], old, new)

    def remove(self, secret: Secret) -> None:
        """Let nothing of this kind open the root key any more.

        Raises:
            UsageError: nothing else would open it.
        """
        old = self._wraps()
        kept = [wrap for wrap in old if wrap.kind is not _kind(secret)]
        if not kept:
            raise UsageError("nothing would open this home any more", hint="add another way in first")
        self._save(kept)
        self._forget([wrap for wrap in old if wrap not in kept], secret)

    def destroy(self, *secrets: InKeyRing) -> None:
        """Destroy the root key, at once: whatever it opened is lost, and files may follow at leisure."""
        try:
            wraps = self._wraps()
        except StorageError:
            wraps = []
        self._files.destroy(NAME)
        self._forget(wraps, *secrets)

    def _wrap(self, root: RootKey, secret: Secret, cost: Cost) -> _Wrap:
        match secret:
            case Passphrase("") | KeyFile(b""):
                raise UsageError("an empty passphrase or key file protects nothing")
            case KeyFile(data) if len(data) < _MIN_KEY_FILE:
                raise UsageError(f"a key file has {_MIN_KEY_FILE} bytes at least")
            case InKeyRing(ring):
                bare = _Wrap(Kind.OS_KEY_RING, self._entropy(_SALT_SIZE), _NO_COST)
                ring.set_password(SERVICE, bare.salt.hex(), self._entropy(KEY_SIZE).hex())
            case _:
                bare = _Wrap(_kind(secret), self._entropy(_SALT_SIZE), cost)
        return bare.close(_wrapping_key(secret, bare), root, self._entropy)

    def _forget(self, wraps: Sequence[_Wrap], *secrets: Secret) -> None:
        """Remove the entries of key rings whose wraps are gone."""
        for secret in secrets:
            for wrap in wraps:
                if isinstance(secret, InKeyRing) and wrap.kind is Kind.OS_KEY_RING:
                    secret.ring.delete_password(SERVICE, wrap.salt.hex())

    def _wraps(self) -> list[_Wrap]:
        data = self._files.read(NAME)
        if data is None:
            raise StorageError("there is no root key here", hint="make one with `swarmnode init`")
        try:
            record = cbor.Record.decode(data, "keys")
            if record.uint(1) != _VERSION:
                raise StorageError("a newer program wrote the root key", hint="run that program")
            return [_read_wrap(item) for item in record.array(2, at_most=_MAX_WRAPS)]
        except (DecodeError, ValueError) as e:
            raise StorageError(f"{NAME} is damaged", hint="put back a copy of that file") from e

    def _save(self, wraps: Sequence[_Wrap]) -> None:
        items: list[cbor.Value] = [{**wrap.about(), 6: wrap.sealed} for wrap in wraps]
        self._files.replace(NAME, cbor.encode({1: _VERSION, 2: items}))


def _kind(secret: Secret) -> Kind:
    match secret:
        case Passphrase():
            return Kind.PASSPHRASE
        case KeyFile():
            return Kind.KEY_FILE
        case InKeyRing():
            return Kind.OS_KEY_RING


def _wrapping_key(secret: Secret, wrap: _Wrap) -> bytes:
    match secret:
        case Passphrase(text):
            return _stretch(unicodedata.normalize("NFKC", text).encode("utf-8", "surrogatepass"), wrap)
        case KeyFile(data):
            return _stretch(data, wrap)
        case InKeyRing(ring):
            entry = ring.get_password(SERVICE, wrap.salt.hex())
            try:
                return bytes.fromhex(entry or "")
            except ValueError:
                raise DoesNotOpen from None


def _stretch(secret: bytes, wrap: _Wrap) -> bytes:
    cost = wrap.cost
    return Argon2id(
        salt=wrap.salt,
        length=KEY_SIZE,
        iterations=cost.passes,
        lanes=cost.lanes,
        memory_cost=cost.memory_kib,
    ).derive(secret)


def _read_wrap(value: cbor.Value) -> _Wrap:
    """A wrap from the file. Its costs are bounded: a forged file must not eat all memory."""
    record = cbor.Record.of(value, "wrap")
    cost = Cost(
        record.uint(3, at_most=_MAX_MEMORY_KIB),
        record.uint(4, at_most=_MAX_PASSES),
        record.uint(5, at_most=_MAX_LANES),
    )
    kind = Kind(record.uint(1))
    if kind is not Kind.OS_KEY_RING and (
        min(cost.passes, cost.lanes) < 1 or cost.memory_kib < 8 * cost.lanes
    ):
        raise ValueError("a cost that Argon2id does not have")
    return _Wrap(kind, record.octets(2, size=_SALT_SIZE), cost, record.octets(6, at_most=256))
