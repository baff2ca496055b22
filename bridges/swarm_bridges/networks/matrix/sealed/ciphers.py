"""What vodozemac does not offer: AES in counter mode, and signatures by keys that were handed over.

The one module of a bridge that imports `cryptography` (ADR 0029). Others import it when they need it: who has
no encrypted file and no recovery key does not pay its memory.
"""

from __future__ import annotations

from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR


def counter(key: bytes, iv: bytes) -> Callable[[bytes], bytes]:
    """AES in counter mode, with which the same steps open and close: one piece after the other.

    Args:
        key: 32 bytes.
        iv: 16 bytes, the counter's first value.
    """
    return Cipher(AES(key), CTR(iv)).encryptor().update


def public_of(seed: bytes) -> bytes:
    """The public key that belongs to an Ed25519 seed of 32 bytes."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def signed_by(seed: bytes, data: bytes) -> bytes:
    """An Ed25519 signature of 64 bytes."""
    return Ed25519PrivateKey.from_private_bytes(seed).sign(data)
