"""Key packages: what one publishes so that others can add one (RFC 9420 §10)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ..entropy import Entropy
from .ciphersuite import CipherSuite
from .codec import Reader, Struct, opaque, opaque_size, u16
from .credential import Credential
from .extensions import DEFAULT_EXTENSIONS, Extension, encode_extensions
from .hpke import KemKeyPair
from .leaf_node import MLS_10, Capabilities, LeafNode, LeafNodeSource, Lifetime
from .signatures import SignatureKeyPair


@dataclass(frozen=True, slots=True)
class KeyPackage(Struct):
    """A signed offer to be added: a leaf and a key for the Welcome."""

    version: int
    cipher_suite: int
    init_key: bytes
    leaf_node: LeafNode
    extensions: tuple[Extension, ...]
    signature: bytes
    raw: bytes = field(repr=False, compare=False)

    @classmethod
    def read(cls, r: Reader) -> KeyPackage:
        """Read the struct."""
        start = r.pos
        fields = r.u16(), r.u16(), r.opaque(), LeafNode.read(r), r.vector(Extension.read), r.opaque()
        return cls(*fields, r.data[start : r.pos])

    def encode(self) -> bytes:
        """The bytes it was read from or signed as."""
        return self.raw

    def ref(self, suite: CipherSuite) -> bytes:
        """KeyPackageRef (§5.2)."""
        return suite.ref_hash("MLS 1.0 KeyPackage Reference", self.raw)

    def is_signed(self, suite: CipherSuite) -> bool:
        """Whether its signature verifies under its leaf's key (§10)."""
        body = self.raw[: -opaque_size(len(self.signature))]
        return suite.verify_with_label(self.leaf_node.signature_key, b"KeyPackageTBS", body, self.signature)


@dataclass(frozen=True, slots=True)
class OwnKeyPackage:
    """A key package with its private keys: joins one group and is then forgotten."""

    suite: CipherSuite
    key_package: KeyPackage
    init: KemKeyPair
    encryption: KemKeyPair
    signature: SignatureKeyPair

    @property
    def ref(self) -> bytes:
        """The reference under which a Welcome names it."""
        return self.key_package.ref(self.suite)


def own_capabilities(
    suite: CipherSuite, credential: Credential, extensions: Iterable[Extension] = ()
) -> Capabilities:
    """The least that a client with this suite, credential and leaf extensions must say of itself."""
    listed = {e.type for e in extensions} - DEFAULT_EXTENSIONS
    return Capabilities(
        cipher_suites=(suite.id,), extensions=tuple(sorted(listed)), credentials=(credential.type,)
    )


def make_key_package(
    suite: CipherSuite,
    credential: Credential,
    signature: SignatureKeyPair,
    *,
    lifetime: tuple[int, int],
    capabilities: Capabilities | None = None,
    extensions: Iterable[Extension] = (),
    leaf_extensions: Iterable[Extension] = (),
    entropy: Entropy,
) -> OwnKeyPackage:
    """Make a key package with fresh keys.

    `lifetime` is `(not_before, not_after)` in Unix seconds. Without `capabilities` it says the least that
    is needed: this suite, this type of credential, the types of its leaf extensions.
    """
    leaf_extensions, extensions = tuple(leaf_extensions), tuple(extensions)
    init = suite.kem.derive_key_pair(entropy(suite.kdf.size))
    encryption = suite.kem.derive_key_pair(entropy(suite.kdf.size))
    leaf = LeafNode.sign(
        suite,
        signature.private,
        encryption_key=encryption.public,
        signature_key=signature.public,
        credential=credential,
        capabilities=capabilities or own_capabilities(suite, credential, leaf_extensions),
        source=LeafNodeSource.KEY_PACKAGE,
        lifetime=Lifetime(*lifetime),
        extensions=leaf_extensions,
    )
    body = u16(MLS_10) + u16(suite.id) + opaque(init.public) + leaf.raw + encode_extensions(extensions)
    sig = suite.sign_with_label(signature.private, b"KeyPackageTBS", body)
    package = KeyPackage(MLS_10, suite.id, init.public, leaf, extensions, sig, body + opaque(sig))
    return OwnKeyPackage(suite, package, init, encryption, signature)
