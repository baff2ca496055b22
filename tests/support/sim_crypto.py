"""Cipher suites for simulated nodes that notice when a key and a nonce seal two different things."""

from __future__ import annotations

import hashlib
from typing import Any, cast

from fast_crypto import FAST, FAST_ID

from swarm_protocol import mls
from swarm_protocol.mls.aead import Aead
from swarm_protocol.mls.hpke import Hpke


class NonceReuse(AssertionError):
    """A key and a nonce sealed two different things."""


class Watch:
    """What was sealed under which key and nonce, across all crashes of a node; hashes only."""

    def __init__(self) -> None:
        self.seals: dict[bytes, bytes] = {}

    def sealed(self, key: bytes, nonce: bytes, what: bytes) -> None:
        """Note a seal.

        Raises:
            NonceReuse: the pair sealed something else before.
        """
        pair = hashlib.sha256(key + nonce).digest()[:16]
        mark = hashlib.sha256(what).digest()[:16]
        if self.seals.setdefault(pair, mark) != mark:
            raise NonceReuse("a key and a nonce were used twice")


class _Cipher:
    """A library's cipher with an ear."""

    def __init__(self, make: Any, key: bytes, watch: Watch) -> None:
        self._cipher, self._key, self._watch = make(key), key, watch

    def encrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        self._watch.sealed(self._key, nonce, data + associated_data)
        return cast("bytes", self._cipher.encrypt(nonce, data, associated_data))

    def decrypt(self, nonce: bytes, data: bytes, associated_data: bytes) -> bytes:
        return cast("bytes", self._cipher.decrypt(nonce, data, associated_data))


class WatchedCrypto:
    """A provider whose suites tell a watch what they seal; fast ones, or those of the product."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._suites: dict[int, mls.CipherSuite] = {}

    def suite(self, suite_id: int) -> mls.CipherSuite:
        """A suite by its number, watched."""
        if suite_id not in self._suites:
            real = FAST if suite_id == FAST_ID else mls.CRYPTO.suite(suite_id)
            aead = real.hpke.aead
            cipher = cast("Any", lambda key: _Cipher(aead._cipher, key, self._watch))
            watched = Aead(aead.id, aead.name, aead.key_size, cipher)
            hpke = Hpke(real.hpke.kem, real.hpke.kdf, watched)
            self._suites[suite_id] = mls.CipherSuite(real.id, real.name, hpke, real.signature)
        return self._suites[suite_id]
