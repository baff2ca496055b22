"""HKDF (RFC 5869) over the standard library's HMAC, as HPKE and the key schedule use it."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes


@dataclass(frozen=True, slots=True)
class Kdf:
    """One HKDF: `id` is its number in RFC 9180 §7.2, `size` is `Nh` in bytes."""

    id: int
    name: str
    size: int
    hash: hashes.HashAlgorithm = field(compare=False)

    def extract(self, salt: bytes, ikm: bytes) -> bytes:
        """HKDF-Extract; gives `size` bytes."""
        return hmac.digest(salt, ikm, self.name)

    def expand(self, prk: bytes, info: bytes, length: int) -> bytes:
        """HKDF-Expand to `length` bytes, at most 255 times `size`."""
        block = hmac.digest(prk, info + b"\x01", self.name)
        if length <= self.size:
            return block[:length]
        out = block
        for i in range(2, -(-length // self.size) + 1):
            block = hmac.digest(prk, block + info + bytes([i]), self.name)
            out += block
        return out[:length]


HKDF_SHA256 = Kdf(0x0001, "sha256", 32, hashes.SHA256())
HKDF_SHA384 = Kdf(0x0002, "sha384", 48, hashes.SHA384())
HKDF_SHA512 = Kdf(0x0003, "sha512", 64, hashes.SHA512())
