"""Indices in a left-balanced binary tree of 2^d leaves (RFC 9420 §4.1, Appendix C).

Leaf `i` is node `2 i`; parents have odd indices. All functions are exact for trees whose number of leaves
is a power of two, the only trees MLS has.
"""

from __future__ import annotations


def node_width(n_leaves: int) -> int:
    """Number of nodes of a tree with `n_leaves` leaves."""
    return 2 * n_leaves - 1 if n_leaves else 0


def leaf_count(n_nodes: int) -> int:
    """Number of leaves of a tree with `n_nodes` nodes."""
    return (n_nodes + 1) // 2


def level(x: int) -> int:
    """Height of node `x` above the leaves."""
    return (~x & (x + 1)).bit_length() - 1


def root(n_leaves: int) -> int:
    """The root of a tree with `n_leaves` leaves."""
    return n_leaves - 1


def left(x: int) -> int:
    """The left child of parent `x`."""
    return x ^ (1 << (level(x) - 1))


def right(x: int) -> int:
    """The right child of parent `x`."""
    return x ^ (3 << (level(x) - 1))


def parent(x: int) -> int:
    """The parent of `x`, whatever the size of the tree."""
    k = level(x)
    return (x | 1 << k) & ~(1 << (k + 1))


def sibling(x: int) -> int:
    """The other child of the parent of `x`."""
    return x ^ (2 << level(x))


def direct_path(x: int, n_leaves: int) -> list[int]:
    """The ancestors of `x`, from its parent up to the root."""
    top = root(n_leaves)
    path = []
    while x != top:
        x = parent(x)
        path.append(x)
    return path


def is_below(x: int, ancestor: int) -> bool:
    """Whether node `x` is `ancestor` or lies in the subtree under it."""
    half = (1 << level(ancestor)) - 1
    return ancestor - half <= x <= ancestor + half


def common_ancestor(x: int, y: int) -> int:
    """The lowest node that has both `x` and `y` in its subtree."""
    while not is_below(y, x):
        x = parent(x)
    return x
