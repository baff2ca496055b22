"""Hybrid Public Key Encryption (RFC 9180), base mode: single shot, export, DeriveKeyPair.

The library's own HPKE has neither export nor DeriveKeyPair, and external commits need the one, TreeKEM the
other; so the few lines of RFC 9180 §5 stand here, over the library's primitives. KEMs: DHKEM over X25519,
X448 and the NIST curves, and X-Wing (ML-KEM-768 with X25519, draft-ietf-hpke-pq).

Keys are raw bytes as they travel. X-Wing's encapsulation draws its randomness inside the library, all else
from the `Entropy` given.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Protocol

import nacl.bindings as sodium
from cryptography.hazmat.primitives.asymmetric import ec, x448
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey

from ..entropy import Entropy
from ..errors import CannotOpen, LimitError, RemoteProtocolError
from .aead import Aead
from .codec import u16
from .fast_init import fast_init
from .kdf import Kdf
from .nist_keys import private_key, public_point


@fast_init
@dataclass(frozen=True, slots=True)
class KemKeyPair:
    """A KEM key: `private` never shows in `repr`, `public` is as it travels."""

    private: bytes = field(repr=False)
    public: bytes


class Kem(Protocol):
    """A key encapsulation mechanism (RFC 9180 §4)."""

    @property
    def id(self) -> int:
        """Its number in the HPKE registry."""
        ...

    def derive_key_pair(self, ikm: bytes) -> KemKeyPair:
        """DeriveKeyPair: the same secret gives the same pair."""
        ...

    def from_private(self, private: bytes) -> KemKeyPair:
        """The pair of a serialised private key."""
        ...

    def encap(self, public: bytes, entropy: Entropy) -> tuple[bytes, bytes]:
        """Give `(shared_secret, enc)` for a public key.

        Raises:
            RemoteProtocolError: the public key is no key.
        """
        ...

    def decap(self, enc: bytes, private: bytes, public: bytes) -> bytes:
        """The shared secret of `enc`.

        Raises:
            CannotOpen: `enc` is no encapsulation.
        """
        ...

    def is_valid_public(self, public: bytes) -> bool:
        """Whether something can be sealed to `public`."""
        ...


class _Group(Protocol):
    """A Diffie-Hellman group for DHKEM."""

    @property
    def private_size(self) -> int: ...
    @property
    def bitmask(self) -> int: ...
    def public(self, private: bytes) -> bytes: ...
    def exchange(self, private: bytes, public: bytes) -> bytes: ...
    def is_valid_private(self, private: bytes) -> bool: ...
    def is_valid_public(self, public: bytes) -> bool: ...


_P25519 = 2**255 - 19
_LOW_ORDER_U = frozenset(
    {
        0,
        1,
        _P25519 - 1,
        _P25519,
        _P25519 + 1,
        325606250916557431795983626356110631294008115727848805560023387167927233504,
        39382357235489614581723060781553021112529911719440698176882885853963445705823,
    }
)
"""u coordinates with which X25519 gives all zeros (RFC 7748 §6.1), canonical or not."""

_LOW_ORDER_X25519 = frozenset(
    (u | high_bit).to_bytes(32, "little") for u in _LOW_ORDER_U for high_bit in (0, 1 << 255)
)
"""Their encodings; X25519 ignores the highest bit."""


class X25519Group:
    """X25519 through libsodium: from raw bytes it is faster than a key object.

    The binding hands the bytes over as they are and libsodium reads 32 of each, so lengths are checked here.
    """

    private_size = 32
    bitmask = 0xFF

    def public(self, private: bytes) -> bytes:
        """The public key; ValueError for a private key of a wrong length."""
        if len(private) != 32:
            raise ValueError("an X25519 key has 32 bytes")
        return sodium.crypto_scalarmult_base(private)

    def exchange(self, private: bytes, public: bytes) -> bytes:
        """The shared point.

        Raises:
            ValueError: it is all zeros (RFC 9180 §7.1.4), or a key has a wrong length.
        """
        if len(private) != 32 or len(public) != 32:
            raise ValueError("an X25519 key has 32 bytes")
        try:
            return sodium.crypto_scalarmult(private, public)
        except RuntimeError as e:
            raise ValueError("the shared point is all zeros") from e

    def is_valid_private(self, private: bytes) -> bool:
        """Any 32 bytes are."""
        return len(private) == 32

    def is_valid_public(self, public: bytes) -> bool:
        """32 bytes, not of low order."""
        return len(public) == 32 and public not in _LOW_ORDER_X25519


class X448Group:
    """X448 through OpenSSL."""

    private_size = 56
    bitmask = 0xFF

    def public(self, private: bytes) -> bytes:
        """The public key."""
        return x448.X448PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()

    def exchange(self, private: bytes, public: bytes) -> bytes:
        """The shared point; ValueError where it is all zeros."""
        key = x448.X448PrivateKey.from_private_bytes(private)
        return key.exchange(x448.X448PublicKey.from_public_bytes(public))

    def is_valid_private(self, private: bytes) -> bool:
        """Any 56 bytes are."""
        return len(private) == 56

    def is_valid_public(self, public: bytes) -> bool:
        """56 bytes, not of low order."""
        p = 2**448 - 2**224 - 1
        return len(public) == 56 and int.from_bytes(public, "little") % p not in (0, 1, p - 1)


@dataclass(frozen=True, slots=True)
class NistGroup:
    """A NIST curve through OpenSSL: uncompressed points, big-endian scalars."""

    curve: ec.EllipticCurve

    private_size: int
    bitmask: int

    def public(self, private: bytes) -> bytes:
        """The public key as an uncompressed point."""
        return public_point(self.curve, private)

    def exchange(self, private: bytes, public: bytes) -> bytes:
        """The x coordinate of the shared point; ValueError for a point that is not on the curve."""
        return private_key(self.curve, private).exchange(ec.ECDH(), self._point(public))

    def is_valid_private(self, private: bytes) -> bool:
        """A scalar between 1 and the group's order."""
        return 0 < int.from_bytes(private, "big") < self.curve.group_order

    def is_valid_public(self, public: bytes) -> bool:
        """An uncompressed point on the curve."""
        try:
            self._point(public)
        except ValueError:
            return False
        return True

    def _point(self, public: bytes) -> ec.EllipticCurvePublicKey:
        if not public.startswith(b"\x04"):
            raise ValueError("the point is not uncompressed")
        return ec.EllipticCurvePublicKey.from_encoded_point(self.curve, public)


@dataclass(frozen=True, slots=True)
class DhKem:
    """DHKEM(Group, KDF) (RFC 9180 §4.1)."""

    id: int
    group: _Group
    kdf: Kdf
    _suite: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_suite", b"HPKE-v1KEM" + u16(self.id))

    def derive_key_pair(self, ikm: bytes) -> KemKeyPair:
        """DeriveKeyPair (RFC 9180 §7.1.3)."""
        prk = self.kdf.extract(b"", self._suite + b"dkp_prk" + ikm)
        size = self.group.private_size
        if not isinstance(self.group, NistGroup):
            return self.from_private(self.kdf.expand(prk, u16(size) + self._suite + b"sk", size))
        for counter in range(256):
            info = u16(size) + self._suite + b"candidate" + bytes([counter])
            candidate = bytearray(self.kdf.expand(prk, info, size))
            candidate[0] &= self.group.bitmask
            if self.group.is_valid_private(bytes(candidate)):
                return self.from_private(bytes(candidate))
        raise LimitError("no key could be derived; the chance of it is nil")

    def from_private(self, private: bytes) -> KemKeyPair:
        """The pair of a serialised private key."""
        return KemKeyPair(private, self.group.public(private))

    def encap(self, public: bytes, entropy: Entropy) -> tuple[bytes, bytes]:
        """Encap with an ephemeral key from `entropy`. Raises RemoteProtocolError where `public` is no key."""
        if isinstance(self.group, X25519Group):
            ephemeral = entropy(32)
            enc = sodium.crypto_scalarmult_base(ephemeral)
        else:
            pair = self.derive_key_pair(entropy(self.group.private_size))
            ephemeral, enc = pair.private, pair.public
        try:
            dh = self.group.exchange(ephemeral, public)
        except ValueError:
            raise RemoteProtocolError("a public key to seal to is no key of this suite") from None
        return self._extract_and_expand(dh, enc + public), enc

    def decap(self, enc: bytes, private: bytes, public: bytes) -> bytes:
        """Decap; `public` belongs to `private` and spares its computation."""
        try:
            dh = self.group.exchange(private, enc)
        except ValueError:
            raise CannotOpen from None
        return self._extract_and_expand(dh, enc + public)

    def is_valid_public(self, public: bytes) -> bool:
        """A point of the group that yields a secret."""
        return self.group.is_valid_public(public)

    def _extract_and_expand(self, dh: bytes, kem_context: bytes) -> bytes:
        suite, kdf = self._suite, self.kdf
        prk = kdf.extract(b"", suite + b"eae_prk" + dh)
        return kdf.expand(prk, u16(kdf.size) + suite + b"shared_secret" + kem_context, kdf.size)


class XWing:
    """X-Wing: ML-KEM-768 and X25519 in one KEM (draft-connolly-cfrg-xwing-kem; 0x647a in draft-ietf-hpke-pq).

    The private key is a 32-byte seed, the public one 1,216 bytes, an encapsulation 1,120.
    """

    id = 0x647A
    _MLKEM_PUBLIC = 1184
    _MLKEM_CIPHERTEXT = 1088
    _LABEL = bytes.fromhex("5c2e2f2f5e5c")

    def derive_key_pair(self, ikm: bytes) -> KemKeyPair:
        """DeriveKeyPair of draft-ietf-hpke-pq: the labelled, one-stage SHAKE256 derivation."""
        label = b"DeriveKeyPair"
        labelled = ikm + b"HPKE-v1KEM" + u16(self.id) + u16(len(label)) + label + u16(32)
        return self.from_private(hashlib.shake_256(labelled).digest(32))

    def from_private(self, private: bytes) -> KemKeyPair:
        """The pair of a seed."""
        mlkem, x_private = self._expand(private)
        return KemKeyPair(
            private, mlkem.public_key().public_bytes_raw() + sodium.crypto_scalarmult_base(x_private)
        )

    def encap(self, public: bytes, entropy: Entropy) -> tuple[bytes, bytes]:
        """Encap; the ML-KEM half draws its randomness inside the library.

        Raises:
            RemoteProtocolError: `public` is no key.
        """
        if len(public) != self._MLKEM_PUBLIC + 32:
            raise RemoteProtocolError("a public key to seal to is no key of this suite")
        x_public = public[self._MLKEM_PUBLIC :]
        ephemeral = entropy(32)
        try:
            mlkem = MLKEM768PublicKey.from_public_bytes(public[: self._MLKEM_PUBLIC])
            x_secret = sodium.crypto_scalarmult(ephemeral, x_public)
        except (ValueError, RuntimeError):
            raise RemoteProtocolError("a public key to seal to is no key of this suite") from None
        m_secret, m_ciphertext = mlkem.encapsulate()
        x_ciphertext = sodium.crypto_scalarmult_base(ephemeral)
        return self._combine(m_secret, x_secret, x_ciphertext, x_public), m_ciphertext + x_ciphertext

    def decap(self, enc: bytes, private: bytes, public: bytes) -> bytes:
        """Decap; ML-KEM gives a secret for any ciphertext, a wrong one for a wrong one."""
        if len(enc) != self._MLKEM_CIPHERTEXT + 32:
            raise CannotOpen
        mlkem, x_private = self._expand(private)
        x_ciphertext = enc[self._MLKEM_CIPHERTEXT :]
        try:
            m_secret = mlkem.decapsulate(enc[: self._MLKEM_CIPHERTEXT])
            x_secret = sodium.crypto_scalarmult(x_private, x_ciphertext)
        except (ValueError, RuntimeError):
            raise CannotOpen from None
        return self._combine(m_secret, x_secret, x_ciphertext, public[self._MLKEM_PUBLIC :])

    def is_valid_public(self, public: bytes) -> bool:
        """The right length, ML-KEM coefficients in range, an X25519 half that is not of low order."""
        if len(public) != self._MLKEM_PUBLIC + 32 or not _X25519.is_valid_public(public[-32:]):
            return False
        try:
            MLKEM768PublicKey.from_public_bytes(public[: self._MLKEM_PUBLIC])
        except ValueError:
            return False
        return True

    @staticmethod
    def _expand(seed: bytes) -> tuple[MLKEM768PrivateKey, bytes]:
        expanded = hashlib.shake_256(seed).digest(96)
        return MLKEM768PrivateKey.from_seed_bytes(expanded[:64]), expanded[64:]

    @classmethod
    def _combine(cls, m_secret: bytes, x_secret: bytes, x_ciphertext: bytes, x_public: bytes) -> bytes:
        return hashlib.sha3_256(m_secret + x_secret + x_ciphertext + x_public + cls._LABEL).digest()


_X25519 = X25519Group()


@fast_init
@dataclass(frozen=True, slots=True)
class Context:
    """What HPKE's key schedule gives to one side (RFC 9180 §5.1): for one message and any exports."""

    _hpke: Hpke = field(repr=False)
    _key: bytes = field(repr=False)
    _nonce: bytes = field(repr=False)
    _exporter_secret: bytes = field(repr=False)

    def seal(self, aad: bytes, plaintext: bytes) -> bytes:
        """Encrypt the one message (sequence number 0)."""
        return self._hpke.aead.seal(self._key, self._nonce, aad, plaintext)

    def open(self, aad: bytes, ciphertext: bytes) -> bytes:
        """Decrypt the one message, or raise CannotOpen."""
        return self._hpke.aead.open(self._key, self._nonce, aad, ciphertext)

    def export(self, exporter_context: bytes, length: int) -> bytes:
        """Export a secret of `length` bytes (RFC 9180 §5.3)."""
        suite = self._hpke.suite_id
        info = u16(length) + b"HPKE-v1" + suite + b"sec" + exporter_context
        return self._hpke.kdf.expand(self._exporter_secret, info, length)


@dataclass(frozen=True, slots=True)
class Hpke:
    """HPKE with one KEM, KDF and AEAD, in base mode."""

    kem: Kem
    kdf: Kdf
    aead: Aead
    suite_id: bytes = field(init=False)
    _psk_id_hash: bytes = field(init=False, repr=False)
    _prefix: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        suite_id = b"HPKE" + u16(self.kem.id) + u16(self.kdf.id) + u16(self.aead.id)
        object.__setattr__(self, "suite_id", suite_id)
        object.__setattr__(self, "_prefix", b"HPKE-v1" + suite_id)
        psk_id_hash = self.kdf.extract(b"", self._prefix + b"psk_id_hash")
        object.__setattr__(self, "_psk_id_hash", psk_id_hash)

    def setup_sender(self, public: bytes, info: bytes, entropy: Entropy) -> tuple[bytes, Context]:
        """SetupBaseS: give `(enc, context)`."""
        shared_secret, enc = self.kem.encap(public, entropy)
        return enc, self._schedule(shared_secret, info)

    def setup_receiver(self, enc: bytes, keys: KemKeyPair, info: bytes) -> Context:
        """SetupBaseR.

        Raises:
            CannotOpen: `enc` is no encapsulation.
        """
        return self._schedule(self.kem.decap(enc, keys.private, keys.public), info)

    def _schedule(self, shared_secret: bytes, info: bytes) -> Context:
        extract, expand, prefix = self.kdf.extract, self.kdf.expand, self._prefix
        schedule_context = b"\x00" + self._psk_id_hash + extract(b"", prefix + b"info_hash" + info)
        secret = extract(shared_secret, prefix + b"secret")
        n = self.kdf.size
        key_size, nonce_size = self.aead.key_size, self.aead.nonce_size
        return Context(
            self,
            expand(secret, u16(key_size) + prefix + b"key" + schedule_context, key_size),
            expand(secret, u16(nonce_size) + prefix + b"base_nonce" + schedule_context, nonce_size),
            expand(secret, u16(n) + prefix + b"exp" + schedule_context, n),
        )
