"""Checks of leaves, key packages, members and whole trees (RFC 9420 §7.3, §10.1, §12.4.3.1)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import rules, tree_math
from .ciphersuite import CipherSuite
from .extensions import (
    DEFAULT_EXTENSIONS,
    Extension,
    ExternalSender,
    external_senders,
    required_capabilities,
)
from .key_package import KeyPackage
from .leaf_node import MLS_10, Capabilities, LeafNode, LeafNodeSource
from .proposals import DEFAULT_PROPOSALS
from .ratchet_tree import ParentNode, RatchetTree
from .state import Policy


def check_extension_list(extensions: Iterable[Extension]) -> None:
    """No type twice."""
    types = [e.type for e in extensions]
    rules.require(len(types) == len(set(types)), rules.EXTENSIONS_ONCE)


def check_leaf(
    suite: CipherSuite,
    leaf: LeafNode,
    *,
    group_id: bytes,
    index: int,
    policy: Policy,
    previous: LeafNode | None = None,
) -> None:
    """Check one leaf by itself (§7.3); `previous` is the leaf it replaces.

    Raises:
        RuleViolation: with the first rule that does not hold.
    """
    rules.require(suite.signature.is_valid_public(leaf.signature_key), rules.LEAF_SIGNATURE_KEY)
    rules.require(suite.hpke.kem.is_valid_public(leaf.encryption_key), rules.LEAF_ENCRYPTION_KEY)
    rules.require(leaf.is_signed(suite, group_id, index), rules.LEAF_SIGNATURE)
    if leaf.extensions:
        check_extension_list(leaf.extensions)
        listed = DEFAULT_EXTENSIONS.union(leaf.capabilities.extensions)
        rules.require(all(e.type in listed for e in leaf.extensions), rules.LEAF_EXTENSIONS_LISTED)
    rules.require(leaf.credential.type in leaf.capabilities.credentials, rules.LEAF_CREDENTIAL_SUPPORT)
    reason = policy.authenticate(leaf, previous)
    if reason is not None:
        raise rules.violation(rules.LEAF_CREDENTIAL, reason)


def check_replacement(leaf: LeafNode, previous: LeafNode, source: LeafNodeSource) -> None:
    """Check that an update's or commit's leaf says so, and brings a new encryption key (§7.3)."""
    rules.require(leaf.source is source, rules.LEAF_SOURCE)
    rules.require(leaf.encryption_key != previous.encryption_key, rules.LEAF_KEY_FRESH)


def check_key_package(suite: CipherSuite, package: KeyPackage, policy: Policy) -> None:
    """Check a key package that is to be added (§10.1).

    Raises:
        RuleViolation: with the first rule that does not hold.
    """
    fits = package.version == MLS_10 and package.cipher_suite == suite.id
    rules.require(fits, rules.KEY_PACKAGE_SUITE)
    leaf = package.leaf_node
    rules.require(leaf.source is LeafNodeSource.KEY_PACKAGE, rules.LEAF_SOURCE)
    rules.require(package.init_key != leaf.encryption_key, rules.KEY_PACKAGE_INIT_KEY)
    rules.require(suite.kem.is_valid_public(package.init_key), rules.LEAF_ENCRYPTION_KEY)
    rules.require(package.is_signed(suite), rules.KEY_PACKAGE_SIGNATURE)
    check_extension_list(package.extensions)
    check_leaf(suite, leaf, group_id=b"", index=0, policy=policy)


def check_lifetime(leaf: LeafNode, now: int) -> None:
    """Check that a key package may be used now (§7.3).

    Who adds checks this; who processes does not, for members' clocks would decide differently.
    """
    lifetime = leaf.lifetime
    holds = lifetime is None or lifetime.not_before <= now <= lifetime.not_after
    rules.require(holds, rules.LEAF_LIFETIME)


def check_support(capabilities: Capabilities, extensions: Iterable[Extension]) -> None:
    """Check that a client supports the extensions of a group and what they require (§7.2, §11.1)."""
    extensions = tuple(extensions)
    supported = DEFAULT_EXTENSIONS.union(capabilities.extensions)
    rules.require(all(e.type in supported for e in extensions), rules.LEAF_GROUP_EXTENSIONS)
    required = required_capabilities(extensions)
    holds = (
        supported.issuperset(required.extensions)
        and DEFAULT_PROPOSALS.union(capabilities.proposals).issuperset(required.proposals)
        and set(capabilities.credentials).issuperset(required.credentials)
    )
    rules.require(holds, rules.LEAF_REQUIRED_CAPABILITIES)


def check_group_extensions(
    suite: CipherSuite, extensions: Iterable[Extension], policy: Policy | None = None
) -> None:
    """Check a group's extensions by themselves.

    `policy` is asked to believe the external senders; without one they are our own choice.
    """
    extensions = tuple(extensions)
    check_extension_list(extensions)
    required_capabilities(extensions)
    for sender in external_senders(extensions):
        check_external_sender(suite, sender)
        reason = None if policy is None else policy.authenticate_sender(sender)
        if reason is not None:
            raise rules.violation(rules.EXTERNAL_SENDER_CREDENTIAL, reason)


def check_external_sender(suite: CipherSuite, sender: ExternalSender) -> None:
    """Check the key of an external sender as that of a leaf."""
    rules.require(suite.signature.is_valid_public(sender.signature_key), rules.LEAF_SIGNATURE_KEY)


def check_members(tree: RatchetTree, extensions: Iterable[Extension]) -> None:
    """Check the members of a tree against each other and against the group's extensions (§7.3).

    Capabilities are checked once for each distinct value: a group's members have few.
    """
    signature_keys, encryption_keys = set(), set()
    kinds: set[int] = set()
    distinct: dict[Capabilities, None] = {}
    count = 0
    last: Capabilities | None = None
    for _, leaf in tree.members():
        count += 1
        signature_keys.add(leaf.signature_key)
        encryption_keys.add(leaf.encryption_key)
        kinds.add(leaf.credential.type)
        if leaf.capabilities is not last:
            last = leaf.capabilities
            distinct[last] = None
    unique = len(signature_keys) == len(encryption_keys) == count
    rules.require(unique, rules.LEAF_KEYS_UNIQUE)
    for capabilities in distinct:
        rules.require(kinds.issubset(capabilities.credentials), rules.LEAF_CREDENTIAL_SUPPORT)
        check_support(capabilities, extensions)


def check_tree(tree: RatchetTree, group_id: bytes, extensions: Iterable[Extension], policy: Policy) -> None:
    """Check a whole tree, as who joins must (§12.4.3.1).

    Raises:
        RuleViolation: with the first rule that does not hold.
    """
    suite = tree.suite
    keys: list[bytes] = []
    for x, node in _parents(tree):
        rules.require(suite.kem.is_valid_public(node.encryption_key), rules.LEAF_ENCRYPTION_KEY)
        _check_unmerged(tree, x, node)
        rules.require(tree.is_parent_hash_valid(x), rules.TREE_PARENT_HASH)
        keys.append(node.encryption_key)
    check_members(tree, extensions)
    keys.extend(leaf.encryption_key for _, leaf in tree.members())
    rules.require(len(keys) == len(set(keys)), rules.TREE_KEYS_UNIQUE)
    for index, leaf in tree.members():
        check_leaf(suite, leaf, group_id=group_id, index=index, policy=policy)


def _parents(tree: RatchetTree) -> Iterator[tuple[int, ParentNode]]:
    for x, node in enumerate(tree.nodes):
        if isinstance(node, ParentNode):
            yield x, node


def _check_unmerged(tree: RatchetTree, x: int, node: ParentNode) -> None:
    last = -1
    for i in node.unmerged_leaves:
        below = tree.leaf(i) is not None and tree_math.is_below(2 * i, x)
        rules.require(below and i > last, rules.TREE_UNMERGED)
        last = i
        y = tree_math.parent(2 * i)
        while y != x:
            between = tree.parent(y)
            rules.require(between is None or i in between.unmerged_leaves, rules.TREE_UNMERGED)
            y = tree_math.parent(y)
