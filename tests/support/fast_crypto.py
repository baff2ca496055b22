"""Cipher suites for long simulations: hash-based, fast, repeatable, and without any security.

Whoever sees a message of these suites can read and forge it: they test the protocol, not its secrecy. Yet a
wrong key opens nothing, a changed byte is noticed, and a key pair fits only itself, as with real ones. The
suites are made of the same value classes as the real ones, at the same port; no module of the product
imports this file, and no archive with these numbers opens without it.
"""

from __future__ import annotations

import hashlib
from typing import Any, cast

from cryptography.exceptions import InvalidTag

from swarm_protocol import mls
from swarm_protocol.entropy import Entropy
from swarm_protocol.errors import CannotOpen, RemoteProtocolError
from swarm_protocol.mls.aead import Aead
from swarm_protocol.mls.hpke import Hpke, KemKeyPair
from swarm_protocol.mls.kdf import HKDF_SHA256
from swarm_protocol.mls.signatures import SignatureKeyPair

FAST_ID, OTHER_ID = 0xF0E1, 0xF0E2
"""Private-use numbers; two, so that a group can be reinitialised from one to the other."""


def _hash(label: bytes, *parts: bytes) -> bytes:
    framed = b"".join([len(p).to_bytes(4, "big") + p for p in parts])
    return hashlib.blake2b(framed, digest_size=32, person=label).digest()


class FakeKem:
    """A public key is the hash of its private one; an encapsulation is a random string."""

    id = 0xFFE1

    def derive_key_pair(self, ikm: bytes) -> KemKeyPair:
        return self.from_private(_hash(b"kem private", ikm))

    def from_private(self, private: bytes) -> KemKeyPair:
        return KemKeyPair(private, _hash(b"kem public", private))

    def encap(self, public: bytes, entropy: Entropy) -> tuple[bytes, bytes]:
        if not self.is_valid_public(public):
            raise RemoteProtocolError("no key of this suite")
        enc = entropy(32)
        return _hash(b"kem shared", public, enc), enc

    def decap(self, enc: bytes, private: bytes, public: bytes) -> bytes:
        del public
        if len(enc) != 32:
            raise CannotOpen
        return _hash(b"kem shared", _hash(b"kem public", private), enc)

    def is_valid_public(self, public: bytes) -> bool:
        return len(public) == 32


class FakeSignature:
    """A signature is the hash of the public key and the message."""

    def generate(self, entropy: Entropy) -> SignatureKeyPair:
        return self.from_private(entropy(32))

    def from_private(self, private: bytes) -> SignatureKeyPair:
        return SignatureKeyPair(private, _hash(b"sig public", private))

    def sign(self, private: bytes, message: bytes) -> bytes:
        return _hash(b"signature", _hash(b"sig public", private), message)

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        return len(public) == 32 and signature == _hash(b"signature", public, message)

    def is_valid_public(self, public: bytes) -> bool:
        return len(public) == 32


class FakeCipher:
    """A keystream and a tag, with the methods of the library's AEADs."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def _stream(self, nonce: bytes, data: bytes) -> bytes:
        stream = hashlib.shake_128(self._key + nonce).digest(len(data))
        return (int.from_bytes(data, "big") ^ int.from_bytes(stream, "big")).to_bytes(len(data), "big")

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        sealed = self._stream(nonce, data)
        return sealed + _hash(b"tag", self._key, nonce, associated_data, sealed)[:16]

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        sealed, tag = data[:-16], data[-16:]
        if tag != _hash(b"tag", self._key, nonce, associated_data, sealed)[:16]:
            raise InvalidTag
        return self._stream(nonce, sealed)


def _make(suite_id: int, name: str) -> mls.CipherSuite:
    aead = Aead(0xFFE1, "fake", 16, cast("Any", FakeCipher))
    return mls.CipherSuite(suite_id, name, Hpke(FakeKem(), HKDF_SHA256, aead), FakeSignature())


FAST = _make(FAST_ID, "fast")
OTHER = _make(OTHER_ID, "other fast")


class FastCrypto:
    """A provider of the two suites, and of the product's."""

    def suite(self, suite_id: int) -> mls.CipherSuite:
        return {FAST_ID: FAST, OTHER_ID: OTHER}.get(suite_id) or mls.CRYPTO.suite(suite_id)


FAST_CRYPTO: mls.CryptoProvider = FastCrypto()
