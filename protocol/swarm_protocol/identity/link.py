"""Links of a sigchain, as bytes and as values (spec 10 §2). Whether one may stand, `chain` decides.

A link is `{1: seq, 2: prev, 3: type, 4: body, 5: signer, 6: sig, 7: added_sig}`. Its content is all of it but
6 and 7: that is what is signed and hashed. So a root that signs one content twice, which Ed25519 allows, has
not made two links.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import ClassVar, TypeAlias

from .. import cbor, labels
from ..cbor import Record, Value
from ..mls.signatures import SignatureKeyPair
from . import rules
from .keys import PersonaId

SEQ, PREV, TYPE, BODY, SIGNER, SIGNATURE, ADDED = range(1, 8)
KEY_SIZE, HPKE_SIZE, HASH_SIZE = 32, 1216, labels.HASH_SIZE
MAX_PRIORITY = 255


class LinkType(IntEnum):
    """Types of links."""

    GENESIS = 1
    NODE_ADD = 2
    NODE_REVOKE = 3
    ROTATE = 4
    CLAIM_ADD = 5
    CLAIM_DROP = 6
    RETIRE = 7


@dataclass(frozen=True, slots=True)
class Genesis:
    """The start of a persona. `policy` is the hash of its recovery policy."""

    type: ClassVar[LinkType] = LinkType.GENESIS
    root: bytes
    next_root: bytes
    policy: bytes
    min_version: int

    @classmethod
    def read(cls, r: Record) -> Genesis:
        """Read the body."""
        return cls(
            r.octets(1, size=KEY_SIZE),
            r.octets(2, size=HASH_SIZE),
            r.octets(3, size=HASH_SIZE),
            r.uint(4, at_most=0xFFFF),
        )

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.root, 2: self.next_root, 3: self.policy, 4: self.min_version}


@dataclass(frozen=True, slots=True)
class NodeAdd:
    """A node from here on. The larger `priority` (0 to 255) is preferred."""

    type: ClassVar[LinkType] = LinkType.NODE_ADD
    leaf_sig: bytes
    hpke: bytes = field(repr=False)
    label_hash: bytes
    priority: int

    @classmethod
    def read(cls, r: Record) -> NodeAdd:
        """Read the body."""
        return cls(
            r.octets(1, size=KEY_SIZE),
            r.octets(2, size=HPKE_SIZE),
            r.octets(3, size=HASH_SIZE),
            r.uint(4, at_most=MAX_PRIORITY),
        )

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.leaf_sig, 2: self.hpke, 3: self.label_hash, 4: self.priority}


@dataclass(frozen=True, slots=True)
class NodeRevoke:
    """A node that is trusted no longer."""

    type: ClassVar[LinkType] = LinkType.NODE_REVOKE
    leaf_sig: bytes

    @classmethod
    def read(cls, r: Record) -> NodeRevoke:
        """Read the body."""
        return cls(r.octets(1, size=KEY_SIZE))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.leaf_sig}


@dataclass(frozen=True, slots=True)
class Rotate:
    """A new root, which was committed to before, and the commitment to the one after it."""

    type: ClassVar[LinkType] = LinkType.ROTATE
    root: bytes
    next_root: bytes

    @classmethod
    def read(cls, r: Record) -> Rotate:
        """Read the body."""
        return cls(r.octets(1, size=KEY_SIZE), r.octets(2, size=HASH_SIZE))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.root, 2: self.next_root}


@dataclass(frozen=True, slots=True)
class ClaimAdd:
    """A claim of an account elsewhere, as a hash; a `claim` message opens it to those whom it is for."""

    type: ClassVar[LinkType] = LinkType.CLAIM_ADD
    claim: bytes

    @classmethod
    def read(cls, r: Record) -> ClaimAdd:
        """Read the body."""
        return cls(r.octets(1, size=HASH_SIZE))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.claim}


@dataclass(frozen=True, slots=True)
class ClaimDrop:
    """A claim that stands no longer."""

    type: ClassVar[LinkType] = LinkType.CLAIM_DROP
    claim: bytes

    @classmethod
    def read(cls, r: Record) -> ClaimDrop:
        """Read the body."""
        return cls(r.octets(1, size=HASH_SIZE))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.claim}


@dataclass(frozen=True, slots=True)
class Retire:
    """The end of a persona, and which other one follows, if any."""

    type: ClassVar[LinkType] = LinkType.RETIRE
    successor: PersonaId | None

    @classmethod
    def read(cls, r: Record) -> Retire:
        """Read the body."""
        return cls(PersonaId(r.octets(1, size=HASH_SIZE)) if 1 in r else None)

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {} if self.successor is None else {1: self.successor}


Body: TypeAlias = Genesis | NodeAdd | NodeRevoke | Rotate | ClaimAdd | ClaimDrop | Retire
_BODIES: dict[int, type[Body]] = {
    body.type: body for body in (Genesis, NodeAdd, NodeRevoke, Rotate, ClaimAdd, ClaimDrop, Retire)
}


@dataclass(frozen=True, slots=True)
class Link:
    """A decoded link; nothing is verified yet. Two links are equal when their contents are."""

    hash: bytes
    seq: int = field(compare=False)
    prev: bytes | None = field(compare=False)
    body: Body = field(compare=False)
    signer: bytes = field(compare=False)
    signature: bytes = field(compare=False, repr=False)
    added_signature: bytes | None = field(compare=False, repr=False)
    content: bytes = field(compare=False, repr=False)
    data: bytes = field(compare=False, repr=False)

    @classmethod
    def decode(cls, data: bytes) -> Link:
        """Decode a link.

        Raises:
            DecodeError: no link, or larger than `MAX_LINK_SIZE`.
            UnsupportedVersion: a type that a newer program may know.
        """
        if len(data) > rules.MAX_LINK_SIZE:
            raise rules.LINK_SIZE.undecodable(f"{len(data)} bytes")
        r = Record.decode(data, "a link")
        kind = r.uint(TYPE)
        if kind not in _BODIES:
            raise rules.LINK_TYPE.unsupported(str(kind))
        body = _BODIES[kind].read(r.record(BODY, f"a {LinkType(kind).name.lower()}"))
        if (ADDED in r) != isinstance(body, NodeAdd):
            raise rules.LINK_ADDED.undecodable()
        content = r.without(SIGNATURE, ADDED)
        return cls(
            hash=labels.LINK.hash(content),
            seq=r.uint(SEQ, at_most=0xFFFFFFFF),
            prev=r.octets(PREV, size=HASH_SIZE) if PREV in r else None,
            body=body,
            signer=r.octets(SIGNER, size=KEY_SIZE),
            signature=r.octets(SIGNATURE, size=labels.SIGNATURE_SIZE),
            added_signature=r.octets(ADDED, size=labels.SIGNATURE_SIZE) if ADDED in r else None,
            content=content,
            data=data,
        )

    def persona_id(self) -> PersonaId:
        """The persona that starts with this link, a genesis."""
        return PersonaId(labels.PERSONA.hash(self.content))

    def check_signature(self, persona_id: PersonaId) -> None:
        """Check the signature by the signer.

        Raises:
            RuleViolation: it does not verify as that of a link of this persona.
        """
        if isinstance(self.body, Genesis):
            holds = labels.GENESIS_SIGNATURE.verify(self.signer, self.content, self.signature)
        else:
            holds = labels.LINK_SIGNATURE.verify(self.signer, persona_id + self.content, self.signature)
        rules.LINK_SIGNATURE.require(holds)

    def check_added_signature(self, persona_id: PersonaId) -> None:
        """Check that the node of a node_add has signed; other links pass.

        Raises:
            RuleViolation: it has not signed this link for this persona.
        """
        if isinstance(self.body, NodeAdd):
            assert self.added_signature is not None, "a node_add does not decode without"
            signed, key = persona_id + self.content, self.body.leaf_sig
            rules.NODE_REVERSE.require(labels.ADDED_SIGNATURE.verify(key, signed, self.added_signature))


def sign_link(
    fields: Mapping[int, Value],
    persona_id: PersonaId | None,
    root: SignatureKeyPair,
    added_signature: bytes | None = None,
) -> bytes:
    """Sign the fields of a link; `persona_id` is None for a genesis, which makes the persona.

    All but the genesis are signed together with the persona: one root may, by one kit, belong to two
    personas, and a link of the one must not accuse the other.
    """
    content = cbor.encode(dict(fields))
    if persona_id is None:
        signature = labels.GENESIS_SIGNATURE.sign(root, content)
    else:
        signature = labels.LINK_SIGNATURE.sign(root, persona_id + content)
    signed = {**fields, SIGNATURE: signature}
    if added_signature is not None:
        signed[ADDED] = added_signature
    return cbor.encode(signed)
