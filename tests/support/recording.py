"""A real suite that remembers what was sealed and derived: the product's code, with an ear at its port."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from swarm_protocol import mls
from swarm_protocol.mls.aead import AES_128_GCM, Aead
from swarm_protocol.mls.hpke import Hpke


@dataclass(frozen=True)
class Seal:
    """One call of an AEAD's seal."""

    key: bytes
    nonce: bytes
    aad: bytes
    plaintext: bytes
    ciphertext: bytes


@dataclass
class Record:
    """What happened so far."""

    seals: list[Seal] = field(default_factory=list)
    opened: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Key and nonce of what was opened."""
    derived: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Label and secret of each ExpandWithLabel."""

    def secrets(self, *labels: bytes) -> set[bytes]:
        """What was derived under these labels, or under any; short outputs are left out."""
        return {s for label, s in self.derived if len(s) >= 12 and (not labels or label in labels)}


class _Cipher:
    def __init__(self, record: Record, key: bytes) -> None:
        self._record, self._key = record, key

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        sealed = AESGCM(self._key).encrypt(nonce, data, associated_data)
        self._record.seals.append(Seal(self._key, nonce, associated_data, data, sealed))
        return sealed

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        plain = AESGCM(self._key).decrypt(nonce, data, associated_data)
        self._record.opened.append((self._key, nonce))
        return plain


class _Suite(mls.CipherSuite):
    __slots__ = ("record",)
    record: Record

    def expand_with_label(self, secret: bytes, label: bytes, context: bytes, size: int) -> bytes:
        out = mls.CipherSuite.expand_with_label(self, secret, label, context, size)
        self.record.derived.append((label, out))
        return out

    def expand_with_labels(self, secret: bytes, context: bytes, *wanted: tuple[bytes, int]) -> list[bytes]:
        out = mls.CipherSuite.expand_with_labels(self, secret, context, *wanted)
        self.record.derived += [(label, s) for (label, _), s in zip(wanted, out, strict=True)]
        return out


class RecordingCrypto:
    """A provider of suite 0x0001 that writes everything into `record`."""

    def __init__(self) -> None:
        self.record = Record()
        real = mls.CRYPTO.suite(0x0001)
        cipher = cast("Any", lambda key: _Cipher(self.record, key))
        aead = Aead(AES_128_GCM.id, AES_128_GCM.name, AES_128_GCM.key_size, cipher)
        self.x25519 = _Suite(real.id, real.name, Hpke(real.kem, real.kdf, aead), real.signature)
        object.__setattr__(self.x25519, "record", self.record)

    def suite(self, suite_id: int) -> mls.CipherSuite:
        assert suite_id == self.x25519.id
        return self.x25519
