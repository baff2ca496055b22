"""The port through which randomness comes in."""

from __future__ import annotations

from typing import Protocol


class Entropy(Protocol):
    """A source of random bytes: `entropy(n)` gives `n` fresh, unpredictable bytes.

    The node hands in the operating system's source, a simulation a seeded one
    (`swarm_protocol.testing.SeededEntropy`). Nothing in this package draws randomness elsewhere, with two
    exceptions that the library does not let us mend: ML-KEM encapsulation and ECDSA or Ed448 signing.
    """

    def __call__(self, n: int, /) -> bytes:
        """Give `n` bytes."""
        ...
