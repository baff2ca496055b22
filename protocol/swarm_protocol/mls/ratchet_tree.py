"""The ratchet tree's public half: nodes, resolutions, tree hashes and parent hashes (RFC 9420 §4, §7).

A `RatchetTree` is a value and never changes. To change one, take a `TreeDraft` of it, change that, and
`freeze()` it; both copies cost a few microseconds at a thousand leaves. Tree hashes are computed when first
asked for and kept; a draft forgets those on the path of whatever it changes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from ..errors import DecodeError, UsageError
from . import rules, tree_math
from .ciphersuite import CipherSuite
from .codec import Reader, Struct, length, opaque, u32, vector
from .fast_init import fast_init
from .leaf_node import LeafNode

MAX_LEAVES = 1 << 14
"""Largest tree that is read or grown to, so that a short message cannot claim a huge one."""


@fast_init
@dataclass(frozen=True, slots=True)
class ParentNode(Struct):
    """An intermediate node: its key, and the leaves below that do not have it (§7.1)."""

    encryption_key: bytes
    parent_hash: bytes
    unmerged_leaves: tuple[int, ...] = ()

    @classmethod
    def read(cls, r: Reader) -> ParentNode:
        """Read the struct."""
        return cls(r.opaque(), r.opaque(), r.vector(Reader.u32))

    def encode(self) -> bytes:
        """Encode the struct."""
        unmerged = vector(u32(i) for i in self.unmerged_leaves) if self.unmerged_leaves else b"\x00"
        return opaque(self.encryption_key) + opaque(self.parent_hash) + unmerged


Node = LeafNode | ParentNode


class RatchetTree:
    """A ratchet tree. Nodes are in the order of §7.4: leaf `i` is node `2 i`."""

    __slots__ = ("_hashes", "_nodes", "suite")

    def __init__(
        self,
        suite: CipherSuite,
        nodes: Sequence[Node | None],
        hashes: Sequence[bytes | None] | None = None,
    ) -> None:
        self.suite = suite
        self._nodes: Sequence[Node | None] = tuple(nodes)
        # A memo, not state: filled on demand, the same whoever fills it.
        self._hashes: list[bytes | None] = [None] * len(nodes) if hashes is None else list(hashes)

    @classmethod
    def decode(cls, suite: CipherSuite, data: bytes) -> RatchetTree:
        """Read `optional<Node> ratchet_tree<V>` (§12.4.3.3) and fill it up to a full tree.

        Raises:
            DecodeError: malformed, empty, larger than MAX_LEAVES, blank at its end, or a leaf where a
                parent belongs.
        """
        r = Reader(data)
        stop = r.length()
        if stop != r.end - r.pos:
            raise DecodeError("the ratchet tree's length is not that of its bytes")
        nodes: list[Node | None] = []
        limit = tree_math.node_width(MAX_LEAVES)
        while r.pos < r.end:
            if len(nodes) == limit:
                raise DecodeError(f"the ratchet tree has more than {MAX_LEAVES} leaves")
            head = data[r.pos : r.pos + 2]
            if head == b"\x01\x01" and len(nodes) % 2 == 0:
                r.pos += 2
                nodes.append(LeafNode.read(r))
            elif head == b"\x01\x02" and len(nodes) % 2:
                r.pos += 2
                nodes.append(ParentNode.read(r))
            elif head[0] == 0:
                r.pos += 1
                nodes.append(None)
            else:
                raise DecodeError(f"node {len(nodes)} is of the wrong type for its place")
        if not nodes or nodes[-1] is None:
            raise DecodeError("a ratchet tree ends with a node that is not blank")
        width = 1
        while width < len(nodes):
            width = 2 * width + 1
        nodes.extend([None] * (width - len(nodes)))
        return cls(suite, nodes)

    def encode(self) -> bytes:
        """Encode it without the blanks at its end."""
        last = len(self._nodes)
        while last and self._nodes[last - 1] is None:
            last -= 1
        parts = []
        for node in self._nodes[:last]:
            if node is None:
                parts.append(b"\x00")
            elif isinstance(node, LeafNode):
                parts.append(b"\x01\x01" + node.raw)
            else:
                parts.append(b"\x01\x02" + node.encode())
        return vector(parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RatchetTree) and self.encode() == other.encode()

    __hash__ = None  # type: ignore[assignment]

    @property
    def n_leaves(self) -> int:
        """Number of leaves, blank ones included; a power of two."""
        return tree_math.leaf_count(len(self._nodes))

    @property
    def nodes(self) -> Sequence[Node | None]:
        """All nodes by index."""
        return self._nodes

    def leaf(self, index: int) -> LeafNode | None:
        """The leaf at `index`; None where it is blank or beyond the tree."""
        x = 2 * index
        node = self._nodes[x] if 0 <= x < len(self._nodes) else None
        return node if isinstance(node, LeafNode) else None

    def parent(self, x: int) -> ParentNode | None:
        """The parent node `x`, or None where it is blank."""
        node = self._nodes[x]
        return node if isinstance(node, ParentNode) else None

    def members(self) -> Iterator[tuple[int, LeafNode]]:
        """Leaf index and leaf of each member, from the left."""
        for i, node in enumerate(self._nodes[::2]):
            if isinstance(node, LeafNode):
                yield i, node

    def direct_path(self, leaf_index: int) -> list[int]:
        """The ancestors of a leaf, upwards."""
        return tree_math.direct_path(2 * leaf_index, self.n_leaves)

    def resolution(self, x: int) -> list[int]:
        """The nodes that together reach every member below `x` (§4.1.1)."""
        node = self._nodes[x]
        if node is not None:
            return [x] if isinstance(node, LeafNode) else [x, *(2 * i for i in node.unmerged_leaves)]
        if x % 2 == 0:
            return []
        return self.resolution(tree_math.left(x)) + self.resolution(tree_math.right(x))

    def has_members(self, x: int) -> bool:
        """Whether the resolution of `x` is not empty."""
        if self._nodes[x] is not None:
            return True
        return x % 2 == 1 and (self.has_members(tree_math.left(x)) or self.has_members(tree_math.right(x)))

    def filtered_direct_path(self, leaf_index: int) -> list[tuple[int, int]]:
        """Pairs of path node and copath child, without those that reach nobody (§4.1.2)."""
        pairs = []
        x = 2 * leaf_index
        for p in self.direct_path(leaf_index):
            copath = tree_math.sibling(x)
            if self.has_members(copath):
                pairs.append((p, copath))
            x = p
        return pairs

    def tree_hash(self) -> bytes:
        """The tree hash of the root (§7.8)."""
        return self.subtree_hash(tree_math.root(self.n_leaves))

    def subtree_hash(self, x: int) -> bytes:
        """The tree hash of node `x` (§7.8)."""
        known = self._hashes[x]
        if known is None:
            node = self._nodes[x]
            if x % 2 == 0:
                known = self._leaf_hash(x, node)
            else:
                half = 1 << (tree_math.level(x) - 1)
                left, right = self.subtree_hash(x - half), self.subtree_hash(x + half)
                known = self._parent_node_hash(node, left, right)
            self._hashes[x] = known
        return known

    def _leaf_hash(self, x: int, node: Node | None) -> bytes:
        leaf = b"\x00" if node is None else b"\x01" + node.encode()
        return self.suite.hash(b"\x01" + u32(x // 2) + leaf)

    def _parent_node_hash(self, node: Node | None, left: bytes, right: bytes) -> bytes:
        parent = b"\x00" if node is None else b"\x01" + node.encode()
        size = length(len(left))
        return self.suite.hash(b"\x02" + parent + size + left + size + right)

    def original_hash(self, x: int, without: Collection[int]) -> bytes:
        """The tree hash of `x` as it was before the leaves `without` came in (§7.9)."""
        # Only those below go on with the descent: else a long list would be read at every node.
        without = frozenset(i for i in without if tree_math.is_below(2 * i, x))
        if not without:
            return self.subtree_hash(x)
        if x % 2 == 0:
            return self._leaf_hash(x, None)
        node = self.parent(x)
        if node is not None:
            kept = tuple(i for i in node.unmerged_leaves if i not in without)
            node = replace(node, unmerged_leaves=kept)
        left = self.original_hash(tree_math.left(x), without)
        right = self.original_hash(tree_math.right(x), without)
        return self._parent_node_hash(node, left, right)

    def parent_hash(self, x: int, copath: int) -> bytes:
        """The parent hash of `x` with its child `copath`, to stand in the other child (§7.9).

        Raises:
            UsageError: `x` is blank.
        """
        node = self.parent(x)
        if node is None:
            raise UsageError("a blank node has no parent hash")
        unmerged = node.unmerged_leaves
        sibling_hash = self.original_hash(copath, unmerged) if unmerged else self.subtree_hash(copath)
        return self.suite.hash(opaque(node.encryption_key) + opaque(node.parent_hash) + opaque(sibling_hash))

    def is_parent_hash_valid(self, x: int) -> bool:
        """Whether some node below vouches for the parent `x` (§7.9.2)."""
        node = self.parent(x)
        if node is None:
            return True
        left, right = tree_math.left(x), tree_math.right(x)
        for child, copath in ((left, right), (right, left)):
            voucher = self._voucher(child, node)
            # Leaves that never committed carry no parent hash: they are told apart without hashing.
            if voucher is None or not voucher.parent_hash:
                continue
            if voucher.parent_hash == self.parent_hash(x, copath):
                return True
        return False

    def _voucher(self, child: int, node: ParentNode) -> Node | None:
        """The one node of the child's resolution that was there when the parent `node` was set."""
        below = self._nodes[child]
        if not node.unmerged_leaves and below is not None:
            is_alone = isinstance(below, LeafNode) or not below.unmerged_leaves
            return below if is_alone else None
        rest = set(self.resolution(child))
        unmerged = {2 * i for i in node.unmerged_leaves if tree_math.is_below(2 * i, child)}
        if not unmerged <= rest or len(rest) != len(unmerged) + 1:
            return None
        return self._nodes[(rest - unmerged).pop()]


class TreeDraft(RatchetTree):
    """A ratchet tree that is being changed, by the one function that made it."""

    __slots__ = ("_first_blank",)
    _nodes: list[Node | None]

    def __init__(self, tree: RatchetTree) -> None:
        self.suite = tree.suite
        self._nodes = list(tree._nodes)
        self._hashes = list(tree._hashes)
        self._first_blank = 0

    def freeze(self) -> RatchetTree:
        """The draft as a value."""
        return RatchetTree(self.suite, self._nodes, self._hashes)

    def _set(self, x: int, node: Node | None) -> None:
        self._nodes[x] = node
        self._hashes[x] = None

    def _touch_path(self, leaf_index: int, change: Callable[[ParentNode], ParentNode | None]) -> None:
        for x in self.direct_path(leaf_index):
            node = self.parent(x)
            self._set(x, None if node is None else change(node))

    def free_leaf(self) -> int:
        """The leftmost blank leaf; the tree grows where there is none (§7.7).

        Raises:
            RuleViolation: it would grow beyond MAX_LEAVES.
        """
        for i in range(self._first_blank, self.n_leaves):
            if self._nodes[2 * i] is None:
                self._first_blank = i
                return i
        rules.require(self.n_leaves < MAX_LEAVES, rules.GROUP_SIZE)
        self._first_blank = self.n_leaves
        grown = len(self._nodes) + 1
        self._nodes.extend([None] * grown)
        self._hashes.extend([None] * grown)
        return self._first_blank

    def add(self, leaf: LeafNode) -> int:
        """Put a new member at the leftmost blank leaf; give its index (§12.1.1)."""
        index = self.free_leaf()

        def unmerge(node: ParentNode) -> ParentNode:
            # Kept in rising order: the hash covers it.
            return replace(node, unmerged_leaves=tuple(sorted((*node.unmerged_leaves, index))))

        self._touch_path(index, unmerge)
        self._set(2 * index, leaf)
        return index

    def update(self, index: int, leaf: LeafNode) -> None:
        """Replace a member's leaf and blank its path (§12.1.2)."""
        self.blank_path(index)
        self._set(2 * index, leaf)

    def remove(self, index: int) -> None:
        """Blank a leaf and its path, and halve the tree while its right half is blank (§12.1.3)."""
        self.blank_path(index)
        self._set(2 * index, None)
        self._first_blank = min(self._first_blank, index)
        while self.n_leaves > 1 and not any(self._nodes[len(self._nodes) // 2 + 1 :: 2]):
            keep = len(self._nodes) // 2
            del self._nodes[keep:], self._hashes[keep:]
        self._first_blank = min(self._first_blank, self.n_leaves)

    def blank_path(self, index: int) -> None:
        """Blank all ancestors of a leaf."""
        self._touch_path(index, lambda _: None)

    def set_leaf(self, index: int, leaf: LeafNode) -> None:
        """Put a leaf in its place; its path's hashes count as changed."""
        self._set(2 * index, leaf)
        for x in self.direct_path(index):
            self._hashes[x] = None

    def set_path(self, index: int, keys: Sequence[bytes]) -> bytes:
        """Set the filtered path of a leaf to new keys; give the parent hash for the leaf (§7.5, §7.9).

        `keys` has one public key for each pair of `filtered_direct_path(index)`, upwards.
        """
        self.blank_path(index)
        path = self.filtered_direct_path(index)
        parent_hash = b""
        for (x, copath), key in zip(reversed(path), reversed(keys), strict=True):
            self._set(x, ParentNode(key, parent_hash))
            parent_hash = self.parent_hash(x, copath)
        return parent_hash
