"""Authenticated encryption at rest: XChaCha20-Poly1305 under a random nonce, and the keys that are derived.

Everything that this floor seals by itself, beside the database's own encryption, is sealed here. The random
nonces have 24 bytes, so one key may seal any number of things.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt as _decrypt,
)
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_encrypt as _encrypt,
)
from nacl.exceptions import CryptoError

from swarm_protocol.entropy import Entropy
from swarm_protocol.mls.kdf import HKDF_SHA256

KEY_SIZE = 32
NONCE_SIZE = 24

# What is sealed says what it is; what was sealed as one thing opens as no other.
WRAP = b"swarmnode store/1 wrap\x00"
KEYRING = b"swarmnode store/1 keyring\x00"
GENERATION = b"swarmnode store/1 generation\x00"
KEY_BLOCK = b"swarmnode store/1 key block\x00"
BODY = b"swarmnode store/1 body\x00"

_DATABASE_KEY = b"swarmnode store/1 database key\x00"
_KEYRING_KEY = b"swarmnode store/1 keyring key\x00"
_GENERATION_KEY = b"swarmnode store/1 generation key\x00"


class DoesNotOpen(Exception):
    """Another key, or other bytes than were sealed. Callers say what that means."""


def seal(key: bytes, data: bytes, about: bytes, *, entropy: Entropy) -> bytes:
    """Encrypt `data`; `about` is authenticated with it. 40 bytes longer than `data`."""
    nonce = entropy(NONCE_SIZE)
    return nonce + _encrypt(data, about, nonce, key)


def unseal(key: bytes, sealed: bytes, about: bytes) -> bytes:
    """What `seal` was given.

    Raises:
        DoesNotOpen: anything is not as it was.
    """
    try:
        return _decrypt(sealed[NONCE_SIZE:], about, sealed[:NONCE_SIZE], key)
    except (CryptoError, ValueError, TypeError):
        raise DoesNotOpen from None


@dataclass(frozen=True, slots=True)
class RootKey:
    """The key that all of a store hangs on: 32 random bytes, kept only wrapped (`keystore.py`)."""

    secret: bytes = field(repr=False)

    @classmethod
    def generate(cls, entropy: Entropy) -> RootKey:
        """Make the key of a new store."""
        return cls(entropy(KEY_SIZE))

    def database_key(self) -> bytes:
        """The raw key of the encrypted database."""
        return HKDF_SHA256.expand(self.secret, _DATABASE_KEY, KEY_SIZE)

    def keyring_key(self, generation: int) -> bytes:
        """The key that wraps the keyring of one generation."""
        return HKDF_SHA256.expand(self.secret, _KEYRING_KEY + generation.to_bytes(8, "big"), KEY_SIZE)

    def generation_key(self) -> bytes:
        """The key of the file that says how new the database is."""
        return HKDF_SHA256.expand(self.secret, _GENERATION_KEY, KEY_SIZE)
