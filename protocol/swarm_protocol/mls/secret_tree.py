"""The secret tree: a fresh key for each message, gone once used (RFC 9420 §9).

A `SecretTree` is a value; taking a key gives the key and the tree without it. Deletion schedule (§9.2):
a node's secret goes when its children exist, a ratchet's secret when the next exists, a message key when it
is taken. Keys that a late message may still want are kept within a window; how far a sender may jump ahead
is capped (§15.3), for each step costs time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from ..errors import ReplayedMessage
from . import rules, tree_math
from .ciphersuite import CipherSuite
from .codec import u32
from .fast_init import fast_init


class RatchetKind(IntEnum):
    """Which of a leaf's two ratchets (§9)."""

    HANDSHAKE = 0
    APPLICATION = 1


@dataclass(frozen=True, slots=True)
class Window:
    """Bounds of one ratchet: steps that it may jump ahead, and skipped keys that it keeps."""

    forward: int = 1000
    late: int = 100


DEFAULT_WINDOW = Window()


@fast_init
@dataclass(frozen=True, slots=True)
class MessageKey:
    """Key and nonce of one message."""

    key: bytes = field(repr=False)
    nonce: bytes = field(repr=False)


@fast_init
@dataclass(frozen=True, slots=True)
class Ratchet:
    """A hash ratchet that stands before `generation`; `kept` are the keys it has passed and not used."""

    secret: bytes = field(repr=False)
    generation: int = 0
    kept: Mapping[int, MessageKey] = field(default_factory=dict, repr=False)

    def next(self, suite: CipherSuite) -> tuple[Ratchet, MessageKey]:
        """Take the next key."""
        key, secret = self._step(suite, self.secret, self.generation)
        return Ratchet(secret, self.generation + 1, self.kept), key

    def take(self, suite: CipherSuite, generation: int, window: Window) -> tuple[Ratchet, MessageKey]:
        """Take the key of `generation`, keeping those that are skipped on the way.

        Raises:
            ReplayedMessage: its key is used or too old.
            RuleViolation: it lies further ahead than the window allows.
        """
        if generation < self.generation:
            kept = dict(self.kept)
            key = kept.pop(generation, None)
            if key is None:
                raise ReplayedMessage("the key of this message has been used or was dropped")
            return Ratchet(self.secret, self.generation, kept), key
        if generation == self.generation:
            return self.next(suite)
        rules.require(generation - self.generation <= window.forward, rules.GENERATION_CAP)
        kept, secret = dict(self.kept), self.secret
        for g in range(self.generation, generation):
            key, secret = self._step(suite, secret, g)
            kept[g] = key
        for g in sorted(kept)[: max(0, len(kept) - window.late)]:
            del kept[g]
        key, secret = self._step(suite, secret, generation)
        return Ratchet(secret, generation + 1, kept), key

    @staticmethod
    def _step(suite: CipherSuite, secret: bytes, generation: int) -> tuple[MessageKey, bytes]:
        # DeriveTreeSecret (§9): the generation is the context of ExpandWithLabel.
        aead, size = suite.hpke.aead, suite.hpke.kdf.size
        key, nonce, following = suite.expand_with_labels(
            secret, u32(generation), (b"key", aead.key_size), (b"nonce", aead.nonce_size), (b"secret", size)
        )
        return MessageKey(key, nonce), following


@fast_init
@dataclass(frozen=True, slots=True)
class SecretTree:
    """Secrets of nodes not yet expanded, and the ratchets of leaves in use."""

    n_leaves: int
    nodes: Mapping[int, bytes] = field(repr=False)
    ratchets: Mapping[int, tuple[Ratchet, Ratchet]] = field(repr=False)

    @classmethod
    def start(cls, n_leaves: int, encryption_secret: bytes) -> SecretTree:
        """The tree of a fresh epoch."""
        return cls(n_leaves, {tree_math.root(n_leaves): encryption_secret}, {})

    def next(self, suite: CipherSuite, leaf: int, kind: RatchetKind) -> tuple[SecretTree, int, MessageKey]:
        """Take the next key of a leaf, to send with; give the tree, the generation and the key."""
        tree = self._with(suite, leaf)
        ratchet, key = tree.ratchets[leaf][kind].next(suite)
        return tree._replace(leaf, kind, ratchet), ratchet.generation - 1, key

    def take(
        self, suite: CipherSuite, leaf: int, kind: RatchetKind, generation: int, window: Window
    ) -> tuple[SecretTree, MessageKey]:
        """Take the key of a generation, to open with; raises as `Ratchet.take`."""
        tree = self._with(suite, leaf)
        ratchet, key = tree.ratchets[leaf][kind].take(suite, generation, window)
        return tree._replace(leaf, kind, ratchet), key

    def _replace(self, leaf: int, kind: RatchetKind, ratchet: Ratchet) -> SecretTree:
        pair = self.ratchets[leaf]
        ratchets = dict(self.ratchets)
        ratchets[leaf] = (ratchet, pair[1]) if kind is RatchetKind.HANDSHAKE else (pair[0], ratchet)
        return SecretTree(self.n_leaves, self.nodes, ratchets)

    def _with(self, suite: CipherSuite, leaf: int) -> SecretTree:
        """The tree with the ratchets of `leaf` in being."""
        if leaf in self.ratchets:
            return self
        assert leaf < self.n_leaves, "senders are members"
        nodes = dict(self.nodes)
        path = [2 * leaf, *tree_math.direct_path(2 * leaf, self.n_leaves)]
        top = next(i for i, x in enumerate(path) if x in nodes)
        for x in reversed(path[1 : top + 1]):
            secret = nodes.pop(x)
            for label, child in ((b"left", tree_math.left(x)), (b"right", tree_math.right(x))):
                nodes[child] = suite.expand_with_label(secret, b"tree", label, suite.kdf.size)
        secret = nodes.pop(2 * leaf)
        handshake = Ratchet(suite.derive_secret(secret, b"handshake"))
        application = Ratchet(suite.derive_secret(secret, b"application"))
        ratchets = {**self.ratchets, leaf: (handshake, application)}
        return SecretTree(self.n_leaves, nodes, ratchets)
