"""Cipher suites and what MLS builds on them: labels, references, EncryptWithLabel (RFC 9420 §5, §17.1).

`CRYPTO` is the product's provider. A simulation may pass another `CryptoProvider`: a `CipherSuite` is a
value made of a KEM, a KDF, an AEAD and a signature scheme, nothing more.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from ..entropy import Entropy
from ..errors import CannotOpen, UnsupportedVersion
from . import hpke
from .aead import AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305, Aead
from .codec import Reader, Struct, opaque, u16, u32
from .fast_init import fast_init
from .hpke import Hpke, Kem, KemKeyPair
from .kdf import HKDF_SHA256, HKDF_SHA384, HKDF_SHA512, Kdf
from .signatures import Ecdsa, Ed448, Ed25519, SignatureScheme

MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519 = 0x0001
MLS_128_DHKEMP256_AES128GCM_SHA256_P256 = 0x0002
MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519 = 0x0003
MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448 = 0x0004
MLS_256_DHKEMP521_AES256GCM_SHA512_P521 = 0x0005
MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448 = 0x0006
MLS_256_DHKEMP384_AES256GCM_SHA384_P384 = 0x0007
MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519 = 0xF0A1
"""From the private-use range: draft-ietf-mls-pq-ciphersuites has no number for it yet (its TBD1)."""

PRODUCT_SUITES = (
    MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519,
    MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519,
    MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519,
)
"""What the product uses, best first. The other suites are for reading others' messages."""


@fast_init
@dataclass(frozen=True, slots=True)
class HPKECiphertext(Struct):
    """An encapsulation and what was sealed with it (RFC 9420 §5.1.3)."""

    kem_output: bytes
    ciphertext: bytes

    @classmethod
    def read(cls, r: Reader) -> HPKECiphertext:
        """Read the struct."""
        return cls(r.opaque(), r.opaque())

    def encode(self) -> bytes:
        """Encode the struct."""
        return opaque(self.kem_output) + opaque(self.ciphertext)


@lru_cache(maxsize=256)
def _label(label: bytes) -> bytes:
    """A label with its prefix, as a vector."""
    return opaque(b"MLS 1.0 " + label)


@lru_cache(maxsize=256)
def _label_head(label: bytes, size: int) -> bytes:
    """The start of a KDFLabel; the protocol has a few dozen of them."""
    return u16(size) + _label(label)


@dataclass(frozen=True, slots=True)
class CipherSuite:
    """One suite: its number, its name and its four algorithms."""

    id: int
    name: str
    hpke: Hpke = field(repr=False)
    signature: SignatureScheme = field(repr=False)
    zero: bytes = field(init=False, repr=False)
    """All zeros, `KDF.Nh` bytes."""
    _hash: Callable[[bytes], hashlib._Hash] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "zero", bytes(self.hpke.kdf.size))
        object.__setattr__(self, "_hash", getattr(hashlib, self.hpke.kdf.name))

    @property
    def kem(self) -> Kem:
        """The KEM."""
        return self.hpke.kem

    @property
    def kdf(self) -> Kdf:
        """The KDF; its `size` is `KDF.Nh`."""
        return self.hpke.kdf

    @property
    def aead(self) -> Aead:
        """The AEAD."""
        return self.hpke.aead

    def hash(self, data: bytes) -> bytes:
        """The suite's hash."""
        return self._hash(data).digest()

    def mac(self, key: bytes, data: bytes) -> bytes:
        """HMAC with the suite's hash (RFC 9420 §5.1)."""
        return hmac.digest(key, data, self.hpke.kdf.name)

    def ref_hash(self, label: str, value: bytes) -> bytes:
        """RefHash (§5.2); `label` with its `MLS 1.0 ` prefix."""
        return self.hash(opaque(label.encode()) + opaque(value))

    def expand_with_label(self, secret: bytes, label: bytes, context: bytes, size: int) -> bytes:
        """ExpandWithLabel (§8); `label` without its prefix."""
        info = _label_head(label, size) + opaque(context)
        kdf = self.hpke.kdf
        if size <= kdf.size:  # all but long exports: HKDF-Expand in its first block
            return hmac.digest(secret, info + b"\x01", kdf.name)[:size]
        return kdf.expand(secret, info, size)

    def expand_with_labels(self, secret: bytes, context: bytes, *wanted: tuple[bytes, int]) -> list[bytes]:
        """ExpandWithLabel (§8) for several labels and sizes, `KDF.Nh` at most: what each message takes."""
        tail, name = opaque(context) + b"\x01", self.hpke.kdf.name
        return [hmac.digest(secret, _label_head(*one) + tail, name)[: one[1]] for one in wanted]

    def derive_secret(self, secret: bytes, label: bytes) -> bytes:
        """DeriveSecret (§8)."""
        return self.expand_with_label(secret, label, b"", self.hpke.kdf.size)

    def derive_tree_secret(self, secret: bytes, label: bytes, generation: int, size: int) -> bytes:
        """DeriveTreeSecret (§9)."""
        return self.expand_with_label(secret, label, u32(generation), size)

    def sign_with_label(self, private: bytes, label: bytes, content: bytes) -> bytes:
        """SignWithLabel (§5.1.2)."""
        return self.signature.sign(private, _label(label) + opaque(content))

    def verify_with_label(self, public: bytes, label: bytes, content: bytes, signature: bytes) -> bool:
        """VerifyWithLabel (§5.1.2)."""
        signed = _label(label) + opaque(content)
        return self.signature.verify(public, signed, signature)

    def encrypt_with_label(
        self, public: bytes, label: bytes, context: bytes, plaintext: bytes, entropy: Entropy
    ) -> HPKECiphertext:
        """EncryptWithLabel (§5.1.3)."""
        info = _label(label) + opaque(context)
        enc, sender = self.hpke.setup_sender(public, info, entropy)
        return HPKECiphertext(enc, sender.seal(b"", plaintext))

    def decrypt_with_label(
        self, keys: KemKeyPair, label: bytes, context: bytes, ciphertext: HPKECiphertext
    ) -> bytes:
        """DecryptWithLabel (§5.1.3).

        Raises:
            CannotOpen: it was not sealed for this key, label and context.
        """
        info = _label(label) + opaque(context)
        receiver = self.hpke.setup_receiver(ciphertext.kem_output, keys, info)
        return receiver.open(b"", ciphertext.ciphertext)


def same(a: bytes, b: bytes) -> bool:
    """Compare two secrets or tags in constant time."""
    return hmac.compare_digest(a, b)


class CryptoProvider(Protocol):
    """Where cipher suites come from."""

    def suite(self, suite_id: int) -> CipherSuite:
        """The suite of this number.

        Raises:
            UnsupportedVersion: there is none.
        """
        ...


class _Library:
    """The suites over `cryptography` and PyNaCl."""

    def __init__(self) -> None:
        sha256, sha384, sha512 = HKDF_SHA256, HKDF_SHA384, HKDF_SHA512
        x25519 = hpke.DhKem(0x0020, hpke.X25519Group(), sha256)
        x448 = hpke.DhKem(0x0021, hpke.X448Group(), sha512)
        p256 = hpke.DhKem(0x0010, hpke.NistGroup(ec.SECP256R1(), 32, 0xFF), sha256)
        p384 = hpke.DhKem(0x0011, hpke.NistGroup(ec.SECP384R1(), 48, 0xFF), sha384)
        p521 = hpke.DhKem(0x0012, hpke.NistGroup(ec.SECP521R1(), 66, 0x01), sha512)
        ed25519, ed448 = Ed25519(), Ed448()
        ecdsa256 = Ecdsa(ec.SECP256R1(), hashes.SHA256())
        ecdsa384 = Ecdsa(ec.SECP384R1(), hashes.SHA384())
        ecdsa521 = Ecdsa(ec.SECP521R1(), hashes.SHA512())
        rows: list[tuple[str, Kem, Kdf, Aead, SignatureScheme]] = [
            ("MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519", x25519, sha256, AES_128_GCM, ed25519),
            ("MLS_128_DHKEMP256_AES128GCM_SHA256_P256", p256, sha256, AES_128_GCM, ecdsa256),
            (
                "MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519",
                x25519,
                sha256,
                CHACHA20_POLY1305,
                ed25519,
            ),
            ("MLS_256_DHKEMX448_AES256GCM_SHA512_Ed448", x448, sha512, AES_256_GCM, ed448),
            ("MLS_256_DHKEMP521_AES256GCM_SHA512_P521", p521, sha512, AES_256_GCM, ecdsa521),
            ("MLS_256_DHKEMX448_CHACHA20POLY1305_SHA512_Ed448", x448, sha512, CHACHA20_POLY1305, ed448),
            ("MLS_256_DHKEMP384_AES256GCM_SHA384_P384", p384, sha384, AES_256_GCM, ecdsa384),
            ("MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519", hpke.XWing(), sha256, AES_128_GCM, ed25519),
        ]
        ids = [*range(1, 8), MLS_128_MLKEM768X25519_AES128GCM_SHA256_Ed25519]
        self._suites = {
            suite_id: CipherSuite(suite_id, name, Hpke(kem, kdf, aead), signature)
            for suite_id, (name, kem, kdf, aead, signature) in zip(ids, rows, strict=True)
        }

    def suite(self, suite_id: int) -> CipherSuite:
        """The suite of this number, or UnsupportedVersion."""
        try:
            return self._suites[suite_id]
        except KeyError:
            raise UnsupportedVersion(f"cipher suite 0x{suite_id:04X} is not known here") from None


CRYPTO: CryptoProvider = _Library()
"""The product's provider."""

__all__ = [
    "CRYPTO",
    "PRODUCT_SUITES",
    "CannotOpen",
    "CipherSuite",
    "CryptoProvider",
    "HPKECiphertext",
    "same",
]
