"""The rules of ratchet trees, as who joins checks them."""

from __future__ import annotations

from dataclasses import replace

import mls_forge as forge
from mls_world import ALLOW, commit_by

from swarm_protocol import mls
from swarm_protocol.mls.ratchet_tree import ParentNode


def invitation(
    *, n: int = 3, by: int = 0, path: bool = True
) -> tuple[mls.OwnKeyPackage, mls.GroupState, bytes]:
    """A newcomer to a group of n, who added it in the epoch of the Welcome, and the Welcome."""
    own = forge.newcomer()
    return own, *forge.welcomed(forge.group(n)[by], own, path=path)


def parent(state: mls.GroupState, x: int) -> ParentNode:
    node = state.tree.parent(x)
    assert node is not None
    return node


def refuse(rule: str, nodes: dict[int, ParentNode], *, n: int = 3, path: bool = True) -> None:
    """A newcomer refuses the tree with these parents."""
    own, signer, welcome = invitation(n=n, path=path)
    tree = forge.tree_with(signer.tree, dict(nodes))
    with forge.refusing(rule):
        mls.join(own, forge.welcome_again(own, welcome, signer, tree=tree), policy=ALLOW)
    # An outsider looks at the tree with the same eyes.
    info = forge.info_again(
        signer,
        extensions=[
            replace(e, data=tree.encode()) if e.type == mls.ExtensionType.RATCHET_TREE else e
            for e in forge.info_extensions(signer)
        ],
        tree_hash=tree.tree_hash(),
    )
    with forge.refusing(rule):
        mls.external_join(forge.newcomer("outsider"), info, policy=ALLOW, entropy=forge.RANDOM)


def everybody_joins() -> None:
    """Trees with paths, blanks and unmerged leaves are taken."""
    for n in (1, 2, 3, 4, 6):
        for path in (True, False):
            own, signer, welcome = invitation(n=n, by=n - 1, path=path)
            joined = mls.join(own, welcome, policy=ALLOW)
            assert joined.epoch_authenticator == signer.epoch_authenticator
            assert joined.tree == signer.tree


def unmerged() -> mls.GroupState:
    """The signer of a tree with two unmerged leaves, 5 and 6, at its root."""
    _, signer, _ = invitation(n=5, path=False)
    return forge.welcomed(signer, forge.newcomer("another"), path=False)[0]


# tree-hash


def test_tree_hash_holds() -> None:
    everybody_joins()


def test_tree_hash_refused() -> None:
    own, signer, welcome = invitation()
    other = forge.tree_with(signer.tree, {3: None})
    again = forge.welcome_again(own, welcome, signer, tree=other, tree_hash=signer.tree.tree_hash())
    with forge.refusing("tree-hash"):
        mls.join(own, again, policy=ALLOW)


def test_tree_hash_refused_for_a_tree_from_elsewhere() -> None:
    own, signer, welcome = invitation()
    bare = forge.welcome_again(own, welcome, signer, extensions=())
    before = forge.group(3)[0].tree.encode()
    with forge.refusing("tree-hash"):
        mls.join(own, bare, ratchet_tree=before, policy=ALLOW)
    joined = mls.join(own, bare, ratchet_tree=signer.tree.encode(), policy=ALLOW)
    assert joined.tree == signer.tree


def test_tree_hash_refused_by_an_outsider() -> None:
    member = forge.group(3)[0]
    with forge.refusing("tree-hash"):
        mls.external_join(
            forge.newcomer(),
            forge.info_again(member, tree_hash=bytes(32)),
            policy=ALLOW,
            entropy=forge.RANDOM,
        )


# tree-parent-hash


def test_tree_parent_hash_holds() -> None:
    everybody_joins()


def test_tree_parent_hash_refused() -> None:
    _, signer, _ = invitation()
    root, left = parent(signer, 3), parent(signer, 1)
    refuse("tree-parent-hash", {3: replace(root, encryption_key=forge.fresh_key())})
    refuse("tree-parent-hash", {1: replace(left, encryption_key=forge.fresh_key())})
    refuse("tree-parent-hash", {1: replace(left, parent_hash=bytes(32))})
    refuse("tree-parent-hash", {3: replace(root, parent_hash=bytes(32))})


def test_tree_parent_hash_refused_of_a_parent_nobody_set() -> None:
    refuse("tree-parent-hash", {5: ParentNode(forge.fresh_key(), b"")})


def test_tree_parent_hash_refused_of_a_changed_sibling() -> None:
    # The leaf is signed and well, but who set the parent above it saw another one.
    own, signer, welcome = invitation()
    second = forge.group(3)[1]
    tree = forge.tree_with(signer.tree, {2: forge.update_leaf(second)})
    with forge.refusing("tree-parent-hash"):
        mls.join(own, forge.welcome_again(own, welcome, signer, tree=tree), policy=ALLOW)


def test_tree_parent_hash_refused_of_a_member_that_counts_as_unmerged() -> None:
    # Leaf 1 was there when the root was set: naming it unmerged hides it from the sibling's hash.
    _, signer, _ = invitation(path=False)
    nodes = {x: replace(parent(signer, x), unmerged_leaves=(1, 3) if x == 3 else (1,)) for x in (1, 3)}
    refuse("tree-parent-hash", nodes, path=False)


# tree-unmerged


def test_tree_unmerged_holds() -> None:
    everybody_joins()
    signer = unmerged()
    assert parent(signer, 7).unmerged_leaves == (5, 6)
    own = forge.newcomer("third")
    _, welcome = forge.welcomed(signer, own, path=False)
    parent_of_three = replace(parent(signer, 7), unmerged_leaves=(5, 6, 7))
    assert mls.join(own, welcome, policy=ALLOW).tree.parent(7) == parent_of_three


def test_tree_unmerged_refused() -> None:
    signer = invitation()[1]
    below_another = replace(parent(signer, 1), unmerged_leaves=(2,))
    refuse("tree-unmerged", {1: below_another})


def test_tree_unmerged_refused_for_a_blank_leaf() -> None:
    # Of eight leaves the last three are blank.
    signer = invitation(n=4)[1]
    assert signer.tree.leaf(7) is None
    refuse("tree-unmerged", {7: replace(parent(signer, 7), unmerged_leaves=(7,))}, n=4)


def test_tree_unmerged_refused_beyond_the_tree() -> None:
    signer = invitation()[1]
    refuse("tree-unmerged", {3: replace(parent(signer, 3), unmerged_leaves=(2**32 - 1,))})


def test_tree_unmerged_refused_out_of_order() -> None:
    signer = unmerged()
    root = parent(signer, 7)
    own = forge.newcomer("third")
    again, welcome = forge.welcomed(signer, own, path=False)
    for leaves in ((6, 5, 7), (5, 5, 6, 7)):
        tree = forge.tree_with(again.tree, {7: replace(root, unmerged_leaves=leaves)})
        with forge.refusing("tree-unmerged"):
            mls.join(own, forge.welcome_again(own, welcome, again, tree=tree), policy=ALLOW)


def test_tree_unmerged_refused_where_a_parent_between_lacks_it() -> None:
    signer = invitation()[1]
    refuse("tree-unmerged", {3: replace(parent(signer, 3), unmerged_leaves=(1,))})


# tree-keys-unique


def test_tree_keys_unique_holds() -> None:
    everybody_joins()


def refuse_path_of_keys(*keys: bytes) -> None:
    own, signer, welcome = invitation()
    tree = forge.tree_with_path(signer, signer.tree, keys)
    with forge.refusing("tree-keys-unique"):
        mls.join(own, forge.welcome_again(own, welcome, signer, tree=tree), policy=ALLOW)


def test_tree_keys_unique_refused() -> None:
    key = forge.fresh_key()
    refuse_path_of_keys(key, key)


def test_tree_keys_unique_refused_for_a_parent_with_a_leafs_key() -> None:
    leaf = forge.group(3)[0].tree.leaf(1)
    assert leaf is not None
    refuse_path_of_keys(forge.fresh_key(), leaf.encryption_key)


def test_a_tree_made_by_the_forger_is_taken_where_it_breaks_no_rule() -> None:
    own, signer, welcome = invitation(path=False)
    tree = forge.tree_with_path(signer, signer.tree, [forge.fresh_key(), forge.fresh_key()])
    joined = mls.join(own, forge.welcome_again(own, welcome, signer, tree=tree), policy=ALLOW)
    assert joined.tree == tree
    states, _ = commit_by(forge.group(3), 1)
    assert states[0].tree != tree
