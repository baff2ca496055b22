"""Proposals, and the commits that put them into effect (RFC 9420 §12.1, §12.4, §7.6, §8.4)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

from ..errors import DecodeError
from .ciphersuite import HPKECiphertext
from .codec import Reader, Struct, opaque, optional, u8, u16, u32, u64, vector
from .extensions import Extension, encode_extensions
from .fast_init import fast_init
from .key_package import KeyPackage
from .leaf_node import LeafNode


class ProposalType(IntEnum):
    """Registered proposal types (RFC 9420 §17.4)."""

    ADD = 1
    UPDATE = 2
    REMOVE = 3
    PSK = 4
    REINIT = 5
    EXTERNAL_INIT = 6
    GROUP_CONTEXT_EXTENSIONS = 7


DEFAULT_PROPOSALS = frozenset(ProposalType)
"""Types that every client supports without saying so (§7.2)."""

PATH_NOT_REQUIRED = frozenset({ProposalType.ADD, ProposalType.PSK, ProposalType.REINIT})
"""A commit of these types alone may do without a path (§12.4)."""


class PSKType(IntEnum):
    """Where a pre-shared key comes from (§8.4)."""

    EXTERNAL = 1
    RESUMPTION = 2


class ResumptionPSKUsage(IntEnum):
    """What a resumption PSK is for (§8.4)."""

    APPLICATION = 1
    REINIT = 2
    BRANCH = 3


@dataclass(frozen=True, slots=True)
class PreSharedKeyID(Struct):
    """The name of a pre-shared key (§8.4).

    External keys have a `psk_id`; resumption keys a `usage`, the group and the epoch. `psk_nonce` has
    `KDF.Nh` bytes and is fresh for each use.
    """

    type: PSKType
    psk_nonce: bytes
    psk_id: bytes = b""
    usage: ResumptionPSKUsage = ResumptionPSKUsage.APPLICATION
    psk_group_id: bytes = b""
    psk_epoch: int = 0

    @classmethod
    def external(cls, psk_id: bytes, psk_nonce: bytes) -> PreSharedKeyID:
        """A key that the application shares by its own means."""
        return cls(PSKType.EXTERNAL, psk_nonce, psk_id)

    @classmethod
    def resumption(
        cls, usage: ResumptionPSKUsage, group_id: bytes, epoch: int, psk_nonce: bytes
    ) -> PreSharedKeyID:
        """The resumption secret of an epoch of a group."""
        return cls(PSKType.RESUMPTION, psk_nonce, usage=usage, psk_group_id=group_id, psk_epoch=epoch)

    @classmethod
    def read(cls, r: Reader) -> PreSharedKeyID:
        """Read the struct."""
        kind = r.u8()
        if kind == PSKType.EXTERNAL:
            psk_id = r.opaque()
            return cls.external(psk_id, r.opaque())
        if kind != PSKType.RESUMPTION:
            raise DecodeError(f"{kind} is no type of pre-shared key")
        usage = r.u8()
        if not 1 <= usage <= 3:
            raise DecodeError(f"{usage} is no usage of a resumption PSK")
        group_id, epoch = r.opaque(), r.u64()
        return cls.resumption(ResumptionPSKUsage(usage), group_id, epoch, r.opaque())

    def encode(self) -> bytes:
        """Encode the struct."""
        if self.type is PSKType.EXTERNAL:
            return u8(self.type) + opaque(self.psk_id) + opaque(self.psk_nonce)
        return (
            u8(self.type)
            + u8(self.usage)
            + opaque(self.psk_group_id)
            + u64(self.psk_epoch)
            + opaque(self.psk_nonce)
        )


@dataclass(frozen=True, slots=True)
class Add(Struct):
    """Add a client (§12.1.1)."""

    type: ClassVar = ProposalType.ADD
    key_package: KeyPackage

    @classmethod
    def read(cls, r: Reader) -> Add:
        """Read the body."""
        return cls(KeyPackage.read(r))

    def encode(self) -> bytes:
        """Encode the body."""
        return self.key_package.encode()


@dataclass(frozen=True, slots=True)
class Update(Struct):
    """Replace the sender's leaf (§12.1.2)."""

    type: ClassVar = ProposalType.UPDATE
    leaf_node: LeafNode

    @classmethod
    def read(cls, r: Reader) -> Update:
        """Read the body."""
        return cls(LeafNode.read(r))

    def encode(self) -> bytes:
        """Encode the body."""
        return self.leaf_node.encode()


@dataclass(frozen=True, slots=True)
class Remove(Struct):
    """Remove the member at a leaf (§12.1.3). Naming oneself asks the others to let one go."""

    type: ClassVar = ProposalType.REMOVE
    removed: int

    @classmethod
    def read(cls, r: Reader) -> Remove:
        """Read the body."""
        return cls(r.u32())

    def encode(self) -> bytes:
        """Encode the body."""
        return u32(self.removed)


@dataclass(frozen=True, slots=True)
class PreSharedKey(Struct):
    """Mix a pre-shared key into the next epoch (§12.1.4)."""

    type: ClassVar = ProposalType.PSK
    psk: PreSharedKeyID

    @classmethod
    def read(cls, r: Reader) -> PreSharedKey:
        """Read the body."""
        return cls(PreSharedKeyID.read(r))

    def encode(self) -> bytes:
        """Encode the body."""
        return self.psk.encode()


@dataclass(frozen=True, slots=True)
class ReInit(Struct):
    """Close this group and open another with these parameters (§12.1.5)."""

    type: ClassVar = ProposalType.REINIT
    group_id: bytes
    version: int
    cipher_suite: int
    extensions: tuple[Extension, ...] = ()

    @classmethod
    def read(cls, r: Reader) -> ReInit:
        """Read the body."""
        return cls(r.opaque(), r.u16(), r.u16(), r.vector(Extension.read))

    def encode(self) -> bytes:
        """Encode the body."""
        head = opaque(self.group_id) + u16(self.version) + u16(self.cipher_suite)
        return head + encode_extensions(self.extensions)


@dataclass(frozen=True, slots=True)
class ExternalInit(Struct):
    """The encapsulation with which an outsider joins (§12.1.6)."""

    type: ClassVar = ProposalType.EXTERNAL_INIT
    kem_output: bytes

    @classmethod
    def read(cls, r: Reader) -> ExternalInit:
        """Read the body."""
        return cls(r.opaque())

    def encode(self) -> bytes:
        """Encode the body."""
        return opaque(self.kem_output)


@dataclass(frozen=True, slots=True)
class GroupContextExtensions(Struct):
    """Replace the whole list of the group's extensions (§12.1.7)."""

    type: ClassVar = ProposalType.GROUP_CONTEXT_EXTENSIONS
    extensions: tuple[Extension, ...]

    @classmethod
    def read(cls, r: Reader) -> GroupContextExtensions:
        """Read the body."""
        return cls(r.vector(Extension.read))

    def encode(self) -> bytes:
        """Encode the body."""
        return encode_extensions(self.extensions)


Proposal = Add | Update | Remove | PreSharedKey | ReInit | ExternalInit | GroupContextExtensions

_BODIES: dict[int, type[Proposal]] = {
    c.type: c for c in (Add, Update, Remove, PreSharedKey, ReInit, ExternalInit, GroupContextExtensions)
}


def read_proposal(r: Reader) -> Proposal:
    """Read a Proposal with its type in front.

    Raises:
        DecodeError: an unknown type, GREASE included: its body has no length and cannot be passed over.
    """
    kind = r.u16()
    body = _BODIES.get(kind)
    if body is None:
        raise DecodeError(f"proposal type 0x{kind:04X} has no known form")
    return body.read(r)


def encode_proposal(proposal: Proposal) -> bytes:
    """A Proposal with its type in front."""
    return u16(proposal.type) + proposal.encode()


@fast_init
@dataclass(frozen=True, slots=True)
class UpdatePathNode(Struct):
    """A new key of a parent, and its path secret sealed to those below (§7.6)."""

    encryption_key: bytes
    encrypted_path_secret: tuple[HPKECiphertext, ...]

    @classmethod
    def read(cls, r: Reader) -> UpdatePathNode:
        """Read the struct."""
        return cls(r.opaque(), r.vector(HPKECiphertext.read))

    def encode(self) -> bytes:
        """Encode the struct."""
        return opaque(self.encryption_key) + vector(c.encode() for c in self.encrypted_path_secret)


@dataclass(frozen=True, slots=True)
class UpdatePath(Struct):
    """The committer's new leaf and the new keys above it (§7.6)."""

    leaf_node: LeafNode
    nodes: tuple[UpdatePathNode, ...]

    @classmethod
    def read(cls, r: Reader) -> UpdatePath:
        """Read the struct."""
        return cls(LeafNode.read(r), r.vector(UpdatePathNode.read))

    def encode(self) -> bytes:
        """Encode the struct."""
        return self.leaf_node.encode() + vector(n.encode() for n in self.nodes)


ProposalRef = bytes
"""The hash of the message in which a proposal came (§5.2)."""


def _read_proposal_or_ref(r: Reader) -> Proposal | ProposalRef:
    kind = r.u8()
    if kind == 1:
        return read_proposal(r)
    if kind == 2:
        return r.opaque()
    raise DecodeError(f"a commit holds proposals (1) or references (2), not {kind}")


def _encode_proposal_or_ref(item: Proposal | ProposalRef) -> bytes:
    if isinstance(item, bytes):
        return b"\x02" + opaque(item)
    return b"\x01" + encode_proposal(item)


@dataclass(frozen=True, slots=True)
class Commit(Struct):
    """Proposals by value or by reference, and the committer's path (§12.4)."""

    proposals: tuple[Proposal | ProposalRef, ...]
    path: UpdatePath | None

    @classmethod
    def read(cls, r: Reader) -> Commit:
        """Read the struct."""
        return cls(r.vector(_read_proposal_or_ref), r.optional(UpdatePath.read))

    def encode(self) -> bytes:
        """Encode the struct."""
        path = None if self.path is None else self.path.encode()
        return vector(_encode_proposal_or_ref(p) for p in self.proposals) + optional(path)
