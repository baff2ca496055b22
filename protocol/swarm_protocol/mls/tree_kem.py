"""TreeKEM: fresh keys along a committer's path, sealed to everybody else (RFC 9420 §7.4 to §7.6)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from ..entropy import Entropy
from . import rules, tree_math
from .ciphersuite import CipherSuite
from .hpke import KemKeyPair
from .proposals import UpdatePath, UpdatePathNode
from .ratchet_tree import Node, RatchetTree

PrivateKeys = Mapping[int, KemKeyPair]
"""The KEM keys that a member holds, by node index: its leaf's and those of ancestors."""


@dataclass(frozen=True, slots=True)
class PathKey:
    """One node of a path with its secret and the keys that follow from it."""

    node: int
    copath: int
    secret: bytes = field(repr=False)
    keys: KemKeyPair


def derive_path(
    suite: CipherSuite, secret: bytes, path: list[tuple[int, int]]
) -> tuple[list[PathKey], bytes]:
    """Derive the keys of a filtered path upwards from its first path secret, and the commit secret (§7.4).

    With an empty path the commit secret is `secret` itself.
    """
    keys = []
    for node, copath in path:
        pair = suite.kem.derive_key_pair(suite.derive_secret(secret, b"node"))
        keys.append(PathKey(node, copath, secret, pair))
        secret = suite.derive_secret(secret, b"path")
    return keys, secret


def seal_path(
    tree: RatchetTree,
    path: list[PathKey],
    group_context: bytes,
    without: Collection[int],
    entropy: Entropy,
) -> tuple[UpdatePathNode, ...]:
    """Seal each path secret to the members below the other child (§7.6).

    `without` are the leaves that the same commit adds: they get their secret in the Welcome.
    """
    suite = tree.suite
    nodes = []
    for p in path:
        sealed = tuple(
            suite.encrypt_with_label(
                _node(tree, x).encryption_key, b"UpdatePathNode", group_context, p.secret, entropy
            )
            for x in recipients(tree, p.copath, without)
        )
        nodes.append(UpdatePathNode(p.keys.public, sealed))
    return tuple(nodes)


def recipients(tree: RatchetTree, copath: int, without: Collection[int]) -> list[int]:
    """The nodes to which a path secret is sealed, in order (§7.5)."""
    return [x for x in tree.resolution(copath) if x % 2 or x // 2 not in without]


def open_path(
    tree: RatchetTree,
    update: UpdatePath,
    sender: int,
    own_leaf: int,
    private: PrivateKeys,
    group_context: bytes,
    without: Collection[int],
) -> tuple[list[PathKey], bytes]:
    """Open the one path secret that is meant for us; give our new keys and the commit secret (§7.5).

    `tree` is the new tree with the path's public keys in place.

    Raises:
        CannotOpen: the secret does not open.
        RuleViolation: the path does not have the form of the tree, or other keys follow from the secret.
    """
    path = tree.filtered_direct_path(sender)
    at: tuple[int, list[int]] | None = None
    for i, ((_, copath), sealed) in enumerate(zip(path, update.nodes, strict=True)):
        to = recipients(tree, copath, without)
        rules.require(len(to) == len(sealed.encrypted_path_secret), rules.PATH_CIPHERTEXTS)
        if at is None and tree_math.is_below(2 * own_leaf, copath):
            at = i, to
    if at is None or not any(x in private for x in at[1]):
        raise rules.violation(rules.PATH_REACHES_US)
    i, to = at
    j, x = next((j, x) for j, x in enumerate(to) if x in private)
    secret = tree.suite.decrypt_with_label(
        private[x], b"UpdatePathNode", group_context, update.nodes[i].encrypted_path_secret[j]
    )
    rules.require(len(secret) == tree.suite.kdf.size, rules.PATH_KEYS)
    keys, commit_secret = derive_path(tree.suite, secret, path[i:])
    for k, node in zip(keys, update.nodes[i:], strict=True):
        rules.require(k.keys.public == node.encryption_key, rules.PATH_KEYS)
    return keys, commit_secret


def still_valid(tree: RatchetTree, private: PrivateKeys) -> dict[int, KemKeyPair]:
    """The keys of `private` that the tree still has; the others are to be forgotten."""
    kept = {}
    for x, keys in private.items():
        node = tree.nodes[x] if x < len(tree.nodes) else None
        if node is not None and node.encryption_key == keys.public:
            kept[x] = keys
    return kept


def _node(tree: RatchetTree, x: int) -> Node:
    node = tree.nodes[x]
    assert node is not None, "a resolution holds no blank nodes"
    return node
