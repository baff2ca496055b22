"""Credentials: what a leaf says of whom it belongs to (RFC 9420 §5.3).

This package carries credentials and never believes them: `Policy.authenticate` is where the node's own kind
plugs in (the identity of a basic credential is the node's to define and to check).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from ..errors import DecodeError
from .codec import Reader, Struct, opaque, read_opaque, u16, vector
from .fast_init import fast_init


class CredentialType(IntEnum):
    """Registered credential types (RFC 9420 §17.5)."""

    BASIC = 1
    X509 = 2


_BASIC = CredentialType.BASIC.value


@fast_init
@dataclass(frozen=True, slots=True)
class Credential(Struct):
    """A basic identity, or a chain of X.509 certificates, leaf first."""

    type: int
    identity: bytes = b""
    certificates: tuple[bytes, ...] = ()

    @classmethod
    def basic(cls, identity: bytes) -> Credential:
        """A basic credential: `identity` is the application's."""
        return cls(CredentialType.BASIC, identity)

    @classmethod
    def x509(cls, *certificates: bytes) -> Credential:
        """A chain of DER certificates; this package does not look into them."""
        return cls(CredentialType.X509, certificates=certificates)

    @classmethod
    def read(cls, r: Reader) -> Credential:
        """Read the struct; a type without a known form has no length and cannot be passed over."""
        kind = r.u16()
        if kind == _BASIC:
            return cls(kind, r.opaque())
        if kind == CredentialType.X509:
            return cls(kind, certificates=r.vector(read_opaque))
        raise DecodeError(f"credential type {kind} has no known form")

    def encode(self) -> bytes:
        """Encode the struct."""
        if self.type == CredentialType.BASIC:
            return u16(self.type) + opaque(self.identity)
        return u16(self.type) + vector(opaque(c) for c in self.certificates)
