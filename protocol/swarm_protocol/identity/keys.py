"""The keys of a persona and of its nodes (spec 10 §1).

The recovery kit is 32 bytes, which a person keeps as 24 words. All roots follow from it, numbered: 0 is that
of the genesis, i the one that the i-th rotation reveals. A node keeps the present root alone; the kit gives
each of them back, so that the words alone give the same persona.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NewType

from .. import labels
from ..entropy import Entropy
from ..errors import UsageError
from ..mls.hpke import KemKeyPair, XWing
from ..mls.signatures import Ed25519, SignatureKeyPair

PersonaId = NewType("PersonaId", bytes)
"""32 bytes that never change; shown inside encrypted conversations only, never to a relay."""

KIT_SIZE = 32
_ED25519, _XWING = Ed25519(), XWing()


@dataclass(frozen=True, slots=True)
class RecoveryKit:
    """What the 24 words say. Never kept by a node."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != KIT_SIZE:
            raise UsageError(f"a recovery kit has {KIT_SIZE} bytes")

    @classmethod
    def generate(cls, entropy: Entropy) -> RecoveryKit:
        """Make a new kit."""
        return cls(entropy(KIT_SIZE))

    def root(self, number: int) -> SignatureKeyPair:
        """The root of generation `number`, from 0 to 2^32 - 1."""
        seed = labels.KIT_ROOT.derive(labels.KIT.extract(self.secret), number.to_bytes(4, "big"))
        return _ED25519.from_private(seed)

    def next_root_hash(self, number: int) -> bytes:
        """What generation `number` commits to: the hash of the root after it."""
        return next_root_hash(self.root(number + 1).public)

    def backup_key(self) -> bytes:
        """The key of backups, 32 bytes."""
        return labels.KIT_BACKUP.derive(labels.KIT.extract(self.secret))


def next_root_hash(root: bytes) -> bytes:
    """What is published of a root before it is revealed."""
    return labels.NEXT_ROOT.hash(root)


def is_signature_key(public: bytes) -> bool:
    """Whether `public` can be a root or the signature key of a leaf."""
    return _ED25519.is_valid_public(public)


def is_hpke_key(public: bytes) -> bool:
    """Whether something can be sealed to `public`."""
    return _XWING.is_valid_public(public)


@dataclass(frozen=True, slots=True)
class NodeKeys:
    """The keys of one node: `leaf_sig` signs in MLS and for content, `hpke` (X-Wing) is sealed to."""

    leaf_sig: SignatureKeyPair
    hpke: KemKeyPair

    @classmethod
    def generate(cls, entropy: Entropy) -> NodeKeys:
        """Make the keys of a new node."""
        return cls.from_secret(entropy(2 * KIT_SIZE))

    @classmethod
    def from_secret(cls, secret: bytes) -> NodeKeys:
        """The keys as `secret` stored them.

        Raises:
            UsageError: another length than 64 bytes.
        """
        if len(secret) != 2 * KIT_SIZE:
            raise UsageError("the secret of a node has 64 bytes")
        return cls(_ED25519.from_private(secret[:KIT_SIZE]), _XWING.from_private(secret[KIT_SIZE:]))

    def secret(self) -> bytes:
        """Both private keys in 64 bytes, for storage under the node's own key."""
        return self.leaf_sig.private[:KIT_SIZE] + self.hpke.private


def node_label_hash(name: str, salt: bytes) -> bytes:
    """What the chain says of a node's name; the salt (16 bytes) keeps a name from being guessed.

    Raises:
        UsageError: a salt of another length.
    """
    if len(salt) != 16:
        raise UsageError("the salt of a node's label has 16 bytes")
    return labels.NODE_LABEL.hash(salt + name.encode())
