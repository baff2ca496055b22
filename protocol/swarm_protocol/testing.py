"""Aids for tests and simulations; the product does not import this module."""

from __future__ import annotations

import hashlib


class SeededEntropy:
    """Entropy that repeats: the same seed gives the same bytes, call by call. Never for real keys."""

    __slots__ = ("_counter", "_seed")

    def __init__(self, seed: int | str | bytes) -> None:
        raw = seed if isinstance(seed, bytes) else repr(seed).encode()
        self._seed = hashlib.sha256(b"swarmnode seeded entropy\x00" + raw).digest()
        self._counter = 0

    def __call__(self, n: int, /) -> bytes:
        """Give the next `n` bytes."""
        self._counter += 1
        return hashlib.shake_256(self._seed + self._counter.to_bytes(8, "big")).digest(n)
