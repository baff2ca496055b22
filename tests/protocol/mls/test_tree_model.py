"""Ratchet trees that are changed at random, against a naive tree of nested ranges.

The model knows no node indices, keeps no hashes and copies all it has for every question.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import pytest
from fast_crypto import FAST
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from swarm_protocol.errors import UsageError
from swarm_protocol.mls import Capabilities, Credential, LeafNode, LeafNodeSource, RatchetTree, tree_kem
from swarm_protocol.mls.codec import opaque, u32, vector
from swarm_protocol.mls.hpke import KemKeyPair
from swarm_protocol.mls.ratchet_tree import ParentNode, TreeDraft

Range = tuple[int, int]
"""The leaves below a node: from the first to before the second."""


def halves(at: Range) -> tuple[Range, Range]:
    middle = (at[0] + at[1]) // 2
    return (at[0], middle), (middle, at[1])


def index(at: Range) -> int:
    return 2 * at[0] + (at[1] - at[0]) - 1


@dataclass(frozen=True)
class Parent:
    key: bytes
    parent_hash: bytes
    unmerged: tuple[int, ...] = ()

    def encode(self) -> bytes:
        return opaque(self.key) + opaque(self.parent_hash) + vector(u32(i) for i in self.unmerged)


class Naive:
    """Leaves in a list, parents by the range of leaves below them."""

    def __init__(self, leaves: list[LeafNode | None], parents: dict[Range, Parent]) -> None:
        self.leaves, self.parents = leaves, parents

    @property
    def top(self) -> Range:
        return (0, len(self.leaves))

    def ranges(self) -> list[Range]:
        """All parents, small ones first."""
        found, size = [], 2
        while size <= len(self.leaves):
            found += [(i, i + size) for i in range(0, len(self.leaves), size)]
            size *= 2
        return found

    def above(self, leaf: int) -> list[Range]:
        return [r for r in self.ranges() if r[0] <= leaf < r[1]]

    def blank(self, leaf: int) -> None:
        for at in self.above(leaf):
            self.parents.pop(at, None)

    def add(self, leaf: LeafNode) -> int:
        if None not in self.leaves:
            self.leaves += [None] * len(self.leaves)
        place = self.leaves.index(None)
        self.leaves[place] = leaf
        for at in self.above(place):
            if at in self.parents:
                old = self.parents[at]
                self.parents[at] = replace(old, unmerged=tuple(sorted((*old.unmerged, place))))
        return place

    def remove(self, place: int) -> None:
        self.blank(place)
        self.leaves[place] = None
        while len(self.leaves) > 1 and not any(self.leaves[len(self.leaves) // 2 :]):
            self.leaves = self.leaves[: len(self.leaves) // 2]
        self.parents = {r: p for r, p in self.parents.items() if r[1] <= len(self.leaves)}

    def resolution(self, at: Range) -> list[int]:
        if at[1] - at[0] == 1:
            return [] if self.leaves[at[0]] is None else [index(at)]
        if at in self.parents:
            return [index(at), *(2 * i for i in self.parents[at].unmerged)]
        return [x for half in halves(at) for x in self.resolution(half)]

    def hash(self, at: Range) -> bytes:
        if at[1] - at[0] == 1:
            leaf = self.leaves[at[0]]
            raw = b"\x00" if leaf is None else b"\x01" + leaf.encode()
            return hashlib.sha256(b"\x01" + u32(at[0]) + raw).digest()
        raw = b"\x01" + self.parents[at].encode() if at in self.parents else b"\x00"
        left, right = (opaque(self.hash(half)) for half in halves(at))
        return hashlib.sha256(b"\x02" + raw + left + right).digest()

    def without(self, gone: tuple[int, ...]) -> Naive:
        """The tree before the leaves `gone` came in."""
        leaves = [None if i in gone else leaf for i, leaf in enumerate(self.leaves)]
        kept = {
            r: replace(p, unmerged=tuple(i for i in p.unmerged if i not in gone))
            for r, p in self.parents.items()
        }
        return Naive(leaves, kept)

    def parent_hash(self, at: Range, copath: Range) -> bytes:
        p = self.parents[at]
        sibling = self.without(p.unmerged).hash(copath)
        return hashlib.sha256(opaque(p.key) + opaque(p.parent_hash) + opaque(sibling)).digest()

    def filtered_path(self, leaf: int) -> list[tuple[Range, Range]]:
        """Ancestors with the child that is not ours, where there is somebody."""
        found = []
        for at in self.above(leaf):
            left, right = halves(at)
            other = right if leaf < left[1] else left
            if self.resolution(other):
                found.append((at, other))
        return found

    def encode(self) -> bytes:
        parts = []
        for x in range(2 * len(self.leaves) - 1):
            if x % 2 == 0:
                leaf = self.leaves[x // 2]
                parts.append(b"\x00" if leaf is None else b"\x01\x01" + leaf.encode())
            else:
                at = next(r for r in self.ranges() if index(r) == x)
                parts.append(b"\x01\x02" + self.parents[at].encode() if at in self.parents else b"\x00")
        while parts[-1] == b"\x00":
            parts.pop()
        return vector(parts)

    def is_vouched(self, at: Range) -> bool:
        """§7.9.2: a node D below a child C, with C's resolution but D unmerged, carries the parent hash."""
        for half, other in (halves(at), halves(at)[::-1]):
            unmerged = {2 * i for i in self.parents[at].unmerged if half[0] <= i < half[1]}
            rest = set(self.resolution(half))
            if not unmerged <= rest or len(rest - unmerged) != 1:
                continue
            x = (rest - unmerged).pop()
            leaf = self.leaves[x // 2] if x % 2 == 0 else None
            below = leaf or next(p for r, p in self.parents.items() if index(r) == x)
            if below.parent_hash == self.parent_hash(at, other):
                return True
        return False


class TreeMachine(RuleBasedStateMachine):
    """One draft, frozen and taken up again at any time."""

    counter = 0

    def new_leaf(self, parent_hash: bytes | None = None) -> LeafNode:
        self.counter += 1
        key = hashlib.sha256(b"leaf %d" % self.counter).digest()
        return LeafNode.sign(
            FAST,
            key,
            encryption_key=key,
            signature_key=key,
            credential=Credential.basic(b"%d" % self.counter),
            capabilities=Capabilities(),
            source=LeafNodeSource.UPDATE if parent_hash is None else LeafNodeSource.COMMIT,
            parent_hash=parent_hash or b"",
        )

    @initialize()
    def start(self) -> None:
        first = self.new_leaf()
        self.naive = Naive([first], {})
        self.draft = TreeDraft(RatchetTree(FAST, [first]))
        self.frozen: list[tuple[RatchetTree, bytes, bytes]] = []

    def member(self, pick: int) -> int:
        there = [i for i, leaf in enumerate(self.naive.leaves) if leaf is not None]
        return there[pick % len(there)]

    @rule(count=st.integers(1, 5))
    def add(self, count: int) -> None:
        for _ in range(count if len(self.naive.leaves) < 32 else 0):
            leaf = self.new_leaf()
            assert self.draft.add(leaf) == self.naive.add(leaf)

    @rule(pick=st.integers(0, 31))
    def update(self, pick: int) -> None:
        place, leaf = self.member(pick), self.new_leaf()
        self.draft.update(place, leaf)
        self.naive.blank(place)
        self.naive.leaves[place] = leaf

    @precondition(lambda self: sum(leaf is not None for leaf in self.naive.leaves) > 1)
    @rule(pick=st.integers(0, 31))
    def remove(self, pick: int) -> None:
        place = self.member(pick)
        self.draft.remove(place)
        self.naive.remove(place)

    @rule(pick=st.integers(0, 31))
    def set_path(self, pick: int) -> None:
        place = self.member(pick)
        path = self.naive.filtered_path(place)
        assert self.draft.filtered_direct_path(place) == [(index(a), index(b)) for a, b in path]
        self.counter += 1
        keys = [hashlib.sha256(b"path %d %d" % (self.counter, i)).digest() for i in range(len(path))]
        told = self.draft.set_path(place, keys)
        self.naive.blank(place)
        parent_hash = b""
        for (at, copath), key in zip(reversed(path), reversed(keys), strict=True):
            self.naive.parents[at] = Parent(key, parent_hash)
            parent_hash = self.naive.parent_hash(at, copath)
        assert told == parent_hash
        leaf = self.new_leaf(parent_hash)
        self.draft.set_leaf(place, leaf)
        self.naive.leaves[place] = leaf
        assert all(self.naive.is_vouched(at) for at, _ in path)

    @rule()
    def freeze(self) -> None:
        tree = self.draft.freeze()
        self.frozen.append((tree, self.naive.encode(), self.naive.hash(self.naive.top)))
        self.draft = TreeDraft(tree)

    @rule()
    def decode(self) -> None:
        tree = RatchetTree.decode(FAST, self.draft.encode())
        assert tree.n_leaves == self.draft.n_leaves
        self.draft = TreeDraft(tree)

    @invariant()
    def is_the_naive_tree(self) -> None:
        naive, draft = self.naive, self.draft
        assert draft.n_leaves == len(naive.leaves)
        assert draft.encode() == naive.encode()
        assert [(i, leaf) for i, leaf in draft.members()] == [
            (i, leaf) for i, leaf in enumerate(naive.leaves) if leaf is not None
        ]

    @invariant()
    def hashes_and_resolutions_are_those_from_scratch(self) -> None:
        naive, draft = self.naive, self.draft
        assert draft.tree_hash() == naive.hash(naive.top)
        for at in [*naive.ranges(), *((i, i + 1) for i in range(len(naive.leaves)))]:
            assert draft.subtree_hash(index(at)) == naive.hash(at)
            assert draft.resolution(index(at)) == naive.resolution(at)
            assert draft.has_members(index(at)) == bool(naive.resolution(at))

    @invariant()
    def every_parent_stays_vouched_for(self) -> None:
        for at in self.naive.ranges():
            x = index(at)
            assert self.draft.is_parent_hash_valid(x)
            if at not in self.naive.parents:
                with pytest.raises(UsageError):
                    self.draft.parent_hash(x, index(halves(at)[0]))
                continue
            assert self.naive.is_vouched(at)
            for copath in halves(at):
                assert self.draft.parent_hash(x, index(copath)) == self.naive.parent_hash(at, copath)
            forged = TreeDraft(self.draft.freeze())
            node = forged.parent(x)
            assert isinstance(node, ParentNode)
            forged._set(x, replace(node, encryption_key=bytes(32)))
            assert not forged.is_parent_hash_valid(x)

    def teardown(self) -> None:
        for tree, encoded, tree_hash in getattr(self, "frozen", []):
            assert tree.encode() == encoded
            assert tree.tree_hash() == tree_hash


TestTree = TreeMachine.TestCase


def test_unmerged_leaves_rise_though_a_gap_is_filled_later() -> None:
    """Our own trees have no such gap; one that came from elsewhere may."""
    machine = TreeMachine()
    leaves = [machine.new_leaf() for _ in range(4)]
    top = ParentNode(bytes(32), b"", (3,))
    draft = TreeDraft(RatchetTree(FAST, [leaves[0], None, leaves[1], top, None, None, leaves[3]]))
    assert draft.add(leaves[2]) == 2
    node = draft.parent(3)
    assert node is not None
    assert node.unmerged_leaves == (2, 3)


def test_a_path_blanks_parents_that_reach_nobody() -> None:
    """Our own trees have no such parent; one that came from elsewhere may."""
    machine = TreeMachine()
    lone, other = machine.new_leaf(), machine.new_leaf()
    parent = ParentNode(bytes(32), b"")
    draft = TreeDraft(RatchetTree(FAST, [lone, parent, None, parent, other, None, None]))
    draft.set_path(0, [bytes([1]) * 32])
    assert draft.parent(1) is None
    top = draft.parent(3)
    assert top is not None
    assert top.encryption_key == bytes([1]) * 32


def draft_of(n: int) -> TreeDraft:
    machine = TreeMachine()
    draft = TreeDraft(RatchetTree(FAST, [machine.new_leaf()]))
    for _ in range(n - 1):
        draft.add(machine.new_leaf())
    return draft


def test_a_tree_shrinks_as_far_as_it_can_at_once() -> None:
    draft = draft_of(16)
    for i in (*range(1, 15),):
        draft.remove(i)
        assert draft.n_leaves == 16
    draft.remove(15)
    assert draft.n_leaves == 1
    assert draft.add(TreeMachine().new_leaf()) == 1
    assert draft.n_leaves == 2


def test_a_leaf_in_place_of_another_changes_the_hashes_above() -> None:
    draft = draft_of(8)
    draft.tree_hash()
    leaf = TreeMachine().new_leaf(bytes(32))
    draft.set_leaf(5, leaf)
    assert draft.tree_hash() == RatchetTree.decode(FAST, draft.encode()).tree_hash()


def test_private_keys_that_the_tree_no_longer_has_are_forgotten() -> None:
    tree = draft_of(2).freeze()
    node = tree.nodes[0]
    assert node is not None
    ours = KemKeyPair(b"private", node.encryption_key)
    private = {0: ours, 1: KemKeyPair(b"blank", b""), 2: KemKeyPair(b"old", bytes(32)), 4: ours}
    assert tree_kem.still_valid(tree, private) == {0: ours}
