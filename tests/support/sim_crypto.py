"""Cipher suites for simulated nodes that notice when a key seals twice."""

from __future__ import annotations

import hashlib
from typing import Any, cast

from swarm_protocol import mls
from swarm_protocol.mls.aead import Aead
from swarm_protocol.mls.hpke import Hpke


class KeyReuse(AssertionError):
    """A key sealed more than it may."""


class Watch:
    """What a node sealed under which key and nonce, across all its crashes; only hashes are kept.

    Every key of MLS seals once. Where a process dies in the middle of a step, the next may use the same key
    again, for nothing has left; then the reuse guard must have made another nonce of it.
    """

    def __init__(self) -> None:
        self._pairs: dict[bytes, bytes] = {}
        self._committed: set[bytes] = set()
        self._step: list[bytes] = []

    def sealed(self, key: bytes, nonce: bytes, what: bytes) -> None:
        """Note a seal.

        Raises:
            KeyReuse: the key and the nonce sealed something else before.
        """
        pair = hashlib.sha256(key + nonce).digest()[:16]
        mark = hashlib.sha256(what).digest()[:16]
        if self._pairs.setdefault(pair, mark) != mark:
            raise KeyReuse("a key and a nonce were used twice")
        self._step.append(hashlib.sha256(key).digest()[:16])

    def step(self, *, stands: bool) -> None:
        """A step is over: whether it was committed, so that its seals may leave.

        Raises:
            KeyReuse: one of its keys has been used in a step that was committed.
        """
        keys, self._step = self._step, []
        if stands:
            if len(set(keys)) < len(keys) or not self._committed.isdisjoint(keys):
                raise KeyReuse("a key has sealed two messages that both may leave")
            self._committed.update(keys)


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
    """A provider of the product's suites that tells a watch what they seal."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._suites: dict[int, mls.CipherSuite] = {}

    def suite(self, suite_id: int) -> mls.CipherSuite:
        """A suite by its number, watched."""
        if suite_id not in self._suites:
            real = mls.CRYPTO.suite(suite_id)
            aead = real.hpke.aead
            cipher = cast("Any", lambda key: _Cipher(aead._cipher, key, self._watch))
            watched = Aead(aead.id, aead.name, aead.key_size, cipher)
            hpke = Hpke(real.hpke.kem, real.hpke.kdf, watched)
            self._suites[suite_id] = mls.CipherSuite(real.id, real.name, hpke, real.signature)
        return self._suites[suite_id]
