"""Signature schemes of the cipher suites (RFC 9420 §5.1.2, §17.1).

Ed25519 comes from libsodium alone: it refuses keys of small order and encodings that are not canonical,
where other libraries accept a trivial signature. Members on different back ends could be forked by such a
key. ECDSA and Ed448 are here for reading other implementations' messages; no suite of the product has them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import nacl.bindings as sodium
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448
from nacl.exceptions import CryptoError

from ..entropy import Entropy
from ..errors import UsageError
from .nist_keys import private_key, public_point


@dataclass(frozen=True, slots=True)
class SignatureKeyPair:
    """A signature key: `private` never shows in `repr`, `public` is as it travels."""

    private: bytes = field(repr=False)
    public: bytes


class SignatureScheme(Protocol):
    """Signing and verifying over raw bytes."""

    def generate(self, entropy: Entropy) -> SignatureKeyPair:
        """Make a key pair."""
        ...

    def from_private(self, private: bytes) -> SignatureKeyPair:
        """The pair of a private key as it is written in test vectors."""
        ...

    def sign(self, private: bytes, message: bytes) -> bytes:
        """Sign `message` with `SignatureKeyPair.private`."""
        ...

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Whether the signature is right; False for any key or signature that is malformed."""
        ...

    def is_valid_public(self, public: bytes) -> bool:
        """Whether `public` is a well-formed key that a leaf may carry."""
        ...


_P = 2**255 - 19
_LOW_ORDER_Y = frozenset(
    {
        0,
        1,
        _P - 1,
        2707385501144840649318225287225658788936804267575313519463743609750303402022,
        55188659117513257062467267217118295137698188065244968500265048394206261417927,
    }
)
"""y coordinates of the eight points whose order divides 8 (two signs for each of two of them)."""

_LOW_ORDER_KEYS = frozenset(
    (y | sign_bit).to_bytes(32, "little") for y in _LOW_ORDER_Y for sign_bit in (0, 1 << 255)
)
_ALL_ONES = b"\xff" * 30


class Ed25519:
    """Ed25519 (RFC 8032) through libsodium. The private form is seed and public key, 64 bytes."""

    def generate(self, entropy: Entropy) -> SignatureKeyPair:
        """Make a key pair from 32 bytes of entropy."""
        return self.from_private(entropy(32))

    def from_private(self, private: bytes) -> SignatureKeyPair:
        """The pair of a 32-byte seed, or of the 64-byte form.

        Raises:
            UsageError: another length.
        """
        if len(private) == 64:
            return SignatureKeyPair(private, private[32:])
        if len(private) != 32:
            raise UsageError("an Ed25519 private key has 32 or 64 bytes")
        public, secret = sodium.crypto_sign_seed_keypair(private)
        return SignatureKeyPair(secret, public)

    def sign(self, private: bytes, message: bytes) -> bytes:
        """Sign; 64 bytes, the same for the same message.

        Raises:
            UsageError: the private key has another length than 64; libsodium would read past its end.
        """
        if len(private) != 64:
            raise UsageError("an Ed25519 private key for signing has 64 bytes")
        return sodium.crypto_sign(message, private)[:64]

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Verify; refuses small-order and non-canonical keys and signatures."""
        if len(signature) != 64 or len(public) != 32:
            return False
        try:
            sodium.crypto_sign_open(signature + message, public)
        except (CryptoError, ValueError):
            return False
        return True

    def is_valid_public(self, public: bytes) -> bool:
        """32 bytes, canonical, not of small order."""
        if len(public) != 32:
            return False
        if public[31] & 0x7F == 0x7F and public[1:31] == _ALL_ONES and public[0] >= 0xED:
            return False  # y is 2^255 - 19 or more
        return public not in _LOW_ORDER_KEYS


@dataclass(frozen=True, slots=True)
class Ecdsa:
    """ECDSA with DER signatures; public keys are uncompressed points, private ones big-endian scalars."""

    curve: ec.EllipticCurve
    hash: hashes.HashAlgorithm

    def generate(self, entropy: Entropy) -> SignatureKeyPair:
        """Make a key pair: 64 bits more than the order's length, so that the bias does not matter."""
        order_bytes = (self.curve.key_size + 7) // 8
        scalar = int.from_bytes(entropy(order_bytes + 8), "big") % (self.curve.group_order - 1) + 1
        return self.from_private(scalar.to_bytes(order_bytes, "big"))

    def from_private(self, private: bytes) -> SignatureKeyPair:
        """The pair of a scalar."""
        return SignatureKeyPair(private, public_point(self.curve, private))

    def sign(self, private: bytes, message: bytes) -> bytes:
        """Sign; the library draws the nonce."""
        return private_key(self.curve, private).sign(message, ec.ECDSA(self.hash))

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Verify a DER signature."""
        try:
            key = ec.EllipticCurvePublicKey.from_encoded_point(self.curve, public)
            key.verify(signature, message, ec.ECDSA(self.hash))
        except (InvalidSignature, ValueError):
            return False
        return True

    def is_valid_public(self, public: bytes) -> bool:
        """An uncompressed point on the curve."""
        if not public.startswith(b"\x04"):
            return False
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(self.curve, public)
        except ValueError:
            return False
        return True


_P448 = 2**448 - 2**224 - 1
"""The field of Ed448. The four points whose order divides 4 have the y coordinates 0, 1 and -1."""


class Ed448:
    """Ed448 (RFC 8032) through OpenSSL. The private form is the seed, 57 bytes."""

    def generate(self, entropy: Entropy) -> SignatureKeyPair:
        """Make a key pair from 57 bytes of entropy."""
        return self.from_private(entropy(57))

    def from_private(self, private: bytes) -> SignatureKeyPair:
        """The pair of a seed."""
        key = ed448.Ed448PrivateKey.from_private_bytes(private)
        return SignatureKeyPair(private, key.public_key().public_bytes_raw())

    def sign(self, private: bytes, message: bytes) -> bytes:
        """Sign; 114 bytes."""
        return ed448.Ed448PrivateKey.from_private_bytes(private).sign(message)

    def verify(self, public: bytes, message: bytes, signature: bytes) -> bool:
        """Verify."""
        if not self.is_valid_public(public):
            return False
        try:
            ed448.Ed448PublicKey.from_public_bytes(public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def is_valid_public(self, public: bytes) -> bool:
        """57 bytes, canonical, not of small order; whether it lies on the curve shows in `verify`."""
        if len(public) != 57:
            return False
        y = int.from_bytes(public, "little") & (2**455 - 1)
        return 1 < y < _P448 - 1
