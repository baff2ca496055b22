"""What newcomers get: GroupInfo, GroupSecrets and Welcome (RFC 9420 §12.4.3)."""

from __future__ import annotations

from dataclasses import dataclass, field

from .ciphersuite import CipherSuite, HPKECiphertext
from .codec import Reader, Struct, opaque, optional, u16, u32, vector
from .extensions import Extension, encode_extensions
from .group_context import GroupContext
from .proposals import PreSharedKeyID


@dataclass(frozen=True, slots=True)
class GroupInfo(Struct):
    """A group's state as a member vouches for it (§12.4.3)."""

    group_context: GroupContext
    extensions: tuple[Extension, ...]
    confirmation_tag: bytes
    signer: int
    signature: bytes

    @classmethod
    def read(cls, r: Reader) -> GroupInfo:
        """Read the struct."""
        return cls(GroupContext.read(r), r.vector(Extension.read), r.opaque(), r.u32(), r.opaque())

    @classmethod
    def sign(
        cls,
        suite: CipherSuite,
        private: bytes,
        group_context: GroupContext,
        extensions: tuple[Extension, ...],
        confirmation_tag: bytes,
        signer: int,
    ) -> GroupInfo:
        """Make and sign."""
        unsigned = cls(group_context, extensions, confirmation_tag, signer, b"")
        signature = suite.sign_with_label(private, b"GroupInfoTBS", unsigned._tbs())
        return cls(group_context, extensions, confirmation_tag, signer, signature)

    def is_signed(self, suite: CipherSuite, public: bytes) -> bool:
        """Whether the signature verifies under the signer's key."""
        return suite.verify_with_label(public, b"GroupInfoTBS", self._tbs(), self.signature)

    def encode(self) -> bytes:
        """Encode the struct."""
        return self._tbs() + opaque(self.signature)

    def _tbs(self) -> bytes:
        return (
            self.group_context.encode()
            + encode_extensions(self.extensions)
            + opaque(self.confirmation_tag)
            + u32(self.signer)
        )


@dataclass(frozen=True, slots=True)
class GroupSecrets(Struct):
    """The secrets that a Welcome seals to one newcomer (§12.4.3.1)."""

    joiner_secret: bytes = field(repr=False)
    path_secret: bytes | None = field(repr=False)
    psks: tuple[PreSharedKeyID, ...]

    @classmethod
    def read(cls, r: Reader) -> GroupSecrets:
        """Read the struct."""
        return cls(r.opaque(), r.optional(Reader.opaque), r.vector(PreSharedKeyID.read))

    def encode(self) -> bytes:
        """Encode the struct."""
        path_secret = None if self.path_secret is None else opaque(self.path_secret)
        return opaque(self.joiner_secret) + optional(path_secret) + vector(p.encode() for p in self.psks)


@dataclass(frozen=True, slots=True)
class EncryptedGroupSecrets(Struct):
    """GroupSecrets, sealed to the key package with this reference."""

    new_member: bytes
    encrypted_group_secrets: HPKECiphertext

    @classmethod
    def read(cls, r: Reader) -> EncryptedGroupSecrets:
        """Read the struct."""
        return cls(r.opaque(), HPKECiphertext.read(r))

    def encode(self) -> bytes:
        """Encode the struct."""
        return opaque(self.new_member) + self.encrypted_group_secrets.encode()


@dataclass(frozen=True, slots=True)
class Welcome(Struct):
    """An invitation for the newcomers of one commit (§12.4.3.1)."""

    cipher_suite: int
    secrets: tuple[EncryptedGroupSecrets, ...]
    encrypted_group_info: bytes

    @classmethod
    def read(cls, r: Reader) -> Welcome:
        """Read the struct."""
        return cls(r.u16(), r.vector(EncryptedGroupSecrets.read), r.opaque())

    def encode(self) -> bytes:
        """Encode the struct."""
        secrets = vector(s.encode() for s in self.secrets)
        return u16(self.cipher_suite) + secrets + opaque(self.encrypted_group_info)


def welcome_key(suite: CipherSuite, welcome_secret: bytes) -> tuple[bytes, bytes]:
    """Key and nonce of the encrypted GroupInfo (§12.4.3.1)."""
    return (
        suite.expand_with_label(welcome_secret, b"key", b"", suite.aead.key_size),
        suite.expand_with_label(welcome_secret, b"nonce", b"", suite.aead.nonce_size),
    )
