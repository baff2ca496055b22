"""Authenticated encryption, by the AEAD numbers of RFC 9180 §7.3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305

from ..errors import CannotOpen


@dataclass(frozen=True, slots=True)
class Aead:
    """One AEAD: `key_size` is `Nk`, `nonce_size` is `Nn`, both in bytes. The tag has 16."""

    id: int
    name: str
    key_size: int
    _cipher: Callable[[bytes], AESGCM | ChaCha20Poly1305] = field(compare=False, repr=False)
    nonce_size: int = 12

    def seal(self, key: bytes, nonce: bytes, aad: bytes, plaintext: bytes) -> bytes:
        """Encrypt and authenticate; the tag stands at the end."""
        return self._cipher(key).encrypt(nonce, plaintext, aad)

    def open(self, key: bytes, nonce: bytes, aad: bytes, ciphertext: bytes) -> bytes:
        """Decrypt what `seal` made.

        Raises:
            CannotOpen: anything of it is not as it was.
        """
        try:
            return self._cipher(key).decrypt(nonce, ciphertext, aad)
        except (InvalidTag, ValueError):
            raise CannotOpen from None


AES_128_GCM = Aead(0x0001, "aes-128-gcm", 16, AESGCM)
AES_256_GCM = Aead(0x0002, "aes-256-gcm", 32, AESGCM)
CHACHA20_POLY1305 = Aead(0x0003, "chacha20-poly1305", 32, ChaCha20Poly1305)
