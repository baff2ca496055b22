"""Leaf nodes: a member's keys, credential and abilities (RFC 9420 §7.2).

A leaf keeps the bytes it was read from, so that hashing and checking it needs no second encoding and
unknown values stay as they came.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

from ..errors import DecodeError
from .ciphersuite import CipherSuite
from .codec import Reader, Struct, opaque, opaque_size, read_u16, u8, u16_vector, u32, u64
from .credential import Credential, CredentialType
from .extensions import Extension, encode_extensions
from .fast_init import fast_init

MLS_10 = 1
"""ProtocolVersion mls10 (§6)."""


@fast_init
@dataclass(frozen=True, slots=True)
class Capabilities(Struct):
    """What a client supports, default types left out (§7.2)."""

    versions: tuple[int, ...] = (MLS_10,)
    cipher_suites: tuple[int, ...] = ()
    extensions: tuple[int, ...] = ()
    proposals: tuple[int, ...] = ()
    credentials: tuple[int, ...] = (CredentialType.BASIC,)

    @classmethod
    def read(cls, r: Reader) -> Capabilities:
        """Read the struct. In a tree one like the last mostly follows: it is told by its bytes."""
        raw, known = r.memo
        if isinstance(known, Capabilities) and r.data.startswith(raw, r.pos, r.end):
            r.pos += len(raw)
            return known
        raw = r.skip(5)
        value = cls._parse(raw)
        r.memo = raw, value
        return value

    @classmethod
    def _parse(cls, raw: bytes) -> Capabilities:
        r = Reader(raw)
        return cls(*(r.vector(read_u16) for _ in range(5)))

    def encode(self) -> bytes:
        """Encode the struct."""
        lists = (self.versions, self.cipher_suites, self.extensions, self.proposals, self.credentials)
        return b"".join(u16_vector(values) for values in lists)


@fast_init
@dataclass(frozen=True, slots=True)
class Lifetime:
    """When a key package may be used, both ends in Unix seconds (§7.2)."""

    not_before: int
    not_after: int


class LeafNodeSource(IntEnum):
    """Where a leaf came from (§7.2)."""

    KEY_PACKAGE = 1
    UPDATE = 2
    COMMIT = 3


_SOURCES: dict[int, LeafNodeSource] = {source.value: source for source in LeafNodeSource}


@fast_init
@dataclass(frozen=True, slots=True, eq=False)
class LeafNode(Struct):
    """A leaf of the ratchet tree. `lifetime` or `parent_hash` is set as `source` has it."""

    encryption_key: bytes
    signature_key: bytes
    credential: Credential
    capabilities: Capabilities
    source: LeafNodeSource
    lifetime: Lifetime | None
    parent_hash: bytes
    extensions: tuple[Extension, ...]
    signature: bytes
    raw: bytes = field(repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LeafNode) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    @classmethod
    def read(cls, r: Reader) -> LeafNode:
        """Read the struct."""
        start = r.pos
        encryption_key, signature_key = r.opaque(), r.opaque()
        credential, capabilities = Credential.read(r), Capabilities.read(r)
        kind = r.u8()
        source = _SOURCES.get(kind)
        if source is None:
            raise DecodeError(f"a leaf node cannot come from source {kind}")
        lifetime, parent_hash = None, b""
        if source is LeafNodeSource.KEY_PACKAGE:
            lifetime = Lifetime(r.u64(), r.u64())
        elif source is LeafNodeSource.COMMIT:
            parent_hash = r.opaque()
        extensions = r.vector(Extension.read)
        signature = r.opaque()
        return cls(
            encryption_key,
            signature_key,
            credential,
            capabilities,
            source,
            lifetime,
            parent_hash,
            extensions,
            signature,
            r.data[start : r.pos],
        )

    @classmethod
    def sign(
        cls,
        suite: CipherSuite,
        signature_private: bytes,
        *,
        encryption_key: bytes,
        signature_key: bytes,
        credential: Credential,
        capabilities: Capabilities,
        source: LeafNodeSource,
        lifetime: Lifetime | None = None,
        parent_hash: bytes = b"",
        extensions: Iterable[Extension] = (),
        group_id: bytes = b"",
        leaf_index: int = 0,
    ) -> LeafNode:
        """Make and sign a leaf; `group_id` and `leaf_index` count for updates and commits only."""
        extensions = tuple(extensions)
        specific = b""
        if source is LeafNodeSource.KEY_PACKAGE:
            lifetime = lifetime or Lifetime(0, 2**64 - 1)
            specific = u64(lifetime.not_before) + u64(lifetime.not_after)
        elif source is LeafNodeSource.COMMIT:
            specific = opaque(parent_hash)
        body = (
            opaque(encryption_key)
            + opaque(signature_key)
            + credential.encode()
            + capabilities.encode()
            + u8(source)
            + specific
            + encode_extensions(extensions)
        )
        context = b"" if source is LeafNodeSource.KEY_PACKAGE else opaque(group_id) + u32(leaf_index)
        signature = suite.sign_with_label(signature_private, b"LeafNodeTBS", body + context)
        return cls(
            encryption_key,
            signature_key,
            credential,
            capabilities,
            source,
            lifetime,
            parent_hash,
            extensions,
            signature,
            body + opaque(signature),
        )

    def encode(self) -> bytes:
        """The bytes it was read from or signed as."""
        return self.raw

    def is_signed(self, suite: CipherSuite, group_id: bytes, leaf_index: int) -> bool:
        """Whether its signature verifies under its own key (§7.2)."""
        tbs = self.raw[: -opaque_size(len(self.signature))]
        if self.source is not LeafNodeSource.KEY_PACKAGE:
            tbs += opaque(group_id) + u32(leaf_index)
        return suite.verify_with_label(self.signature_key, b"LeafNodeTBS", tbs, self.signature)
