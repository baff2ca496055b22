"""XChaCha20-Poly1305 under a key of a meeting: a nonce of 24 bytes, then the ciphertext (spec 40 §2, §4)."""

from __future__ import annotations

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt as _decrypt,
)
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_encrypt as _encrypt,
)
from nacl.exceptions import CryptoError

from ..entropy import Entropy
from ..errors import CannotOpen

_NONCE_SIZE, _TAG_SIZE = 24, 16
OVERHEAD = _NONCE_SIZE + _TAG_SIZE
"""Bytes that sealing adds."""


def seal(key: bytes, plaintext: bytes, entropy: Entropy) -> bytes:
    """Seal under a key of 32 bytes."""
    nonce = entropy(_NONCE_SIZE)
    return nonce + _encrypt(plaintext, None, nonce, key)


def unseal(key: bytes, sealed: bytes) -> bytes:
    """Open what `seal` made, or raise CannotOpen."""
    if len(sealed) < OVERHEAD:
        raise CannotOpen
    try:
        return _decrypt(sealed[_NONCE_SIZE:], None, sealed[:_NONCE_SIZE], key)
    except CryptoError:
        raise CannotOpen from None
