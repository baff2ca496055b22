"""The rules of leaves and key packages, each at every place where a leaf comes in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import mls_forge as forge
from mls_world import ALLOW, CHACHA, LIFETIME, NOW, X25519, Client, agree, commit_by, receive

from swarm_protocol import mls

MALLORY = mls.Credential.basic(b"mallory")
X509 = mls.Credential.x509(b"certificate")
SUSPICIOUS = replace(ALLOW, authenticate=lambda leaf, _: "not him" if leaf.credential == MALLORY else None)
BOTH_TYPES = forge.capabilities(credentials=(1, 2))
NOVEL = forge.code_point(forge.NOVEL)
APPLICATION_ID = mls.Extension(mls.ExtensionType.APPLICATION_ID, b"\x03ada")
TWICE = (APPLICATION_ID, replace(APPLICATION_ID, data=b"\x03ben"))
Message = tuple[mls.GroupState, bytes]


def life(
    new_leaf: mls.NewLeaf | None = None,
    states: Sequence[mls.GroupState] = (),
    policy: mls.Policy = ALLOW,
    **key_package: Any,
) -> None:
    """Such leaves are taken in an Update, an Add, a path, a tree and an external commit."""
    states = list(states or forge.group(3))
    states[1], message = mls.propose_update(states[1], new_leaf, policy=policy, entropy=forge.RANDOM, now=NOW)
    states = [s if i == 1 else receive(s, message, policy) for i, s in enumerate(states)]
    own = Client.make(X25519, "newcomer").key_package(**key_package)
    states, pending = commit_by(states, 2, [mls.Add(own.key_package)], policy=policy, new_leaf=new_leaf)
    assert pending.welcome is not None
    states.append(mls.join(own, pending.welcome, policy=policy))
    outsider = Client.make(X25519, "outsider").key_package(**key_package)
    joined = mls.external_join(outsider, mls.group_info(states[0]), policy=policy, entropy=forge.RANDOM)
    states = [*[receive(s, joined.message, policy) for s in states], joined.state]
    assert agree(states)


def add(**leaf: Any) -> Message:
    """A proposal to add somebody with such a leaf."""
    first, second, _ = forge.group(3)
    return first, forge.public(second, mls.Add(forge.newcomer(**leaf).key_package))


def add_package(**package: Any) -> Message:
    """A proposal to add somebody with such a key package."""
    first, second, _ = forge.group(3)
    return first, forge.public(second, mls.Add(forge.package_like(forge.newcomer(), **package)))


def update(**leaf: Any) -> Message:
    """A proposal of such a leaf for its sender."""
    first, second, _ = forge.group(3)
    return first, forge.public(second, mls.Update(forge.update_leaf(second, **leaf)))


def path(**leaf: Any) -> Message:
    """A commit with such a leaf in its path."""
    first, second, _ = forge.group(3)
    message = forge.committed(second).message
    return first, forge.altered(second, message, forge.with_leaf(second, **leaf))


def external(resync: int | None = None, **leaf: Any) -> Message:
    """An external commit with such a leaf in its path."""
    member = forge.group(3)[0]
    outsider, message = forge.joining(member, resync=resync)
    return member, forge.altered(outsider, message, forge.with_leaf(outsider, **leaf))


def refuse_tree(rule: str, policy: mls.Policy = ALLOW, **leaf: Any) -> None:
    """Who is to join refuses a tree with such a leaf in it."""
    members = forge.flat_group(3)
    own = forge.newcomer()
    signer, welcome = forge.welcomed(members[0], own, path=False)
    old = members[1].tree.leaf(1)
    assert old is not None
    spoil = leaf.pop("spoil", False)
    changed = forge.leaf_like(old, leaf.pop("signature", members[1].signature), index=1, **leaf)
    tree = forge.tree_with(signer.tree, {2: forge.spoiled(changed) if spoil else changed})
    with forge.refusing(rule):
        mls.join(own, forge.welcome_again(own, welcome, signer, tree=tree), policy=policy)


# leaf-signature


def test_leaf_signature_holds() -> None:
    life()


def test_leaf_signature_refused() -> None:
    forge.refused("leaf-signature", *update(spoil=True))


def test_leaf_signature_refused_in_add() -> None:
    forge.refused("leaf-signature", *add(spoil=True))


def test_leaf_signature_refused_in_path() -> None:
    forge.refused("leaf-signature", *path(spoil=True))


def test_leaf_signature_refused_in_external_commit() -> None:
    forge.refused("leaf-signature", *external(spoil=True))


def test_leaf_signature_refused_in_tree() -> None:
    refuse_tree("leaf-signature", spoil=True)


def test_leaf_signature_refused_for_another_leaf() -> None:
    forge.refused("leaf-signature", *path(index=2))


def test_leaf_signature_refused_for_another_group() -> None:
    first, second, _ = forge.group(3)
    foreign = replace(second, context=replace(second.context, group_id=b"another group"))
    leaf = forge.update_leaf(foreign)
    forge.refused("leaf-signature", first, forge.public(second, mls.Update(leaf)))


# leaf-signature-key


def test_leaf_signature_key_holds() -> None:
    life()


def test_leaf_signature_key_refused() -> None:
    forge.refused("leaf-signature-key", *update(signature_key=forge.SMALL_ORDER))


def test_leaf_signature_key_refused_in_path() -> None:
    forge.refused("leaf-signature-key", *path(signature_key=forge.SMALL_ORDER))


def test_leaf_signature_key_refused_in_tree() -> None:
    refuse_tree("leaf-signature-key", signature_key=forge.SMALL_ORDER)


def test_leaf_signature_key_refused_that_is_not_canonical() -> None:
    beyond = (2**255 - 19 + 3).to_bytes(32, "little")
    forge.refused("leaf-signature-key", *update(signature_key=beyond))


def test_leaf_signature_key_refused_of_external_sender() -> None:
    first, second, _ = forge.group(3)
    sender = mls.ExternalSender(forge.SMALL_ORDER, MALLORY)
    proposal = mls.GroupContextExtensions((mls.external_senders_extension([sender]),))
    forge.refused("leaf-signature-key", first, forge.public(second, proposal))


# leaf-encryption-key


def test_leaf_encryption_key_holds() -> None:
    life()


def test_leaf_encryption_key_refused() -> None:
    forge.refused("leaf-encryption-key", *update(encryption_key=forge.SMALL_ORDER))


def test_leaf_encryption_key_refused_in_add() -> None:
    forge.refused("leaf-encryption-key", *add(encryption_key=forge.SMALL_ORDER))


def test_leaf_encryption_key_refused_as_init_key() -> None:
    forge.refused("leaf-encryption-key", *add_package(init_key=forge.SMALL_ORDER))


def test_leaf_encryption_key_refused_in_path() -> None:
    forge.refused("leaf-encryption-key", *path(encryption_key=b"short"))


def test_leaf_encryption_key_refused_in_path_node() -> None:
    first, second, _ = forge.group(3)
    change = forge.with_nodes(lambda nodes: [replace(nodes[0], encryption_key=forge.SMALL_ORDER), *nodes[1:]])
    message = forge.altered(second, forge.committed(second).message, change)
    forge.refused("leaf-encryption-key", first, message)


def test_leaf_encryption_key_refused_in_tree() -> None:
    refuse_tree("leaf-encryption-key", encryption_key=forge.SMALL_ORDER)


def test_leaf_encryption_key_refused_in_parent() -> None:
    members = forge.group(3)
    own = forge.newcomer()
    signer, welcome = forge.welcomed(members[0], own)
    root = signer.tree.parent(3)
    assert root is not None
    tree = forge.tree_with(signer.tree, {3: replace(root, encryption_key=forge.SMALL_ORDER)})
    with forge.refusing("leaf-encryption-key"):
        mls.join(own, forge.welcome_again(own, welcome, signer, tree=tree), policy=ALLOW)


# leaf-credential


def test_leaf_credential_holds() -> None:
    seen = []
    policy = replace(ALLOW, authenticate=lambda leaf, previous: seen.append((leaf, previous)))
    life(policy=policy)
    assert any(previous is not None for _, previous in seen)
    assert any(previous is None for _, previous in seen)


def test_leaf_credential_refused() -> None:
    forge.refused("leaf-credential", *update(credential=MALLORY), SUSPICIOUS)


def test_leaf_credential_refused_in_add() -> None:
    forge.refused("leaf-credential", *add(credential=MALLORY), SUSPICIOUS)


def test_leaf_credential_refused_in_path() -> None:
    forge.refused("leaf-credential", *path(credential=MALLORY), SUSPICIOUS)


def test_leaf_credential_refused_in_external_commit() -> None:
    forge.refused("leaf-credential", *external(credential=MALLORY), SUSPICIOUS)


def test_leaf_credential_refused_in_tree() -> None:
    refuse_tree("leaf-credential", SUSPICIOUS, credential=MALLORY)


def test_leaf_credential_refused_as_successor() -> None:
    def same(leaf: mls.LeafNode, previous: mls.LeafNode | None) -> str | None:
        return None if previous is None or leaf.credential == previous.credential else "another name"

    policy = replace(ALLOW, authenticate=same)
    forge.refused("leaf-credential", *update(credential=MALLORY), policy)
    forge.refused("leaf-credential", *path(credential=MALLORY), policy)


# leaf-required-capabilities

REQUIRED = mls.RequiredCapabilities((forge.NOVEL,), (forge.NOVEL,), (2,)).extension()
ABLE = forge.capabilities(extensions=(forge.NOVEL,), proposals=(forge.NOVEL,), credentials=(1, 2))


def demanding() -> tuple[mls.GroupState, ...]:
    return forge.group(3, extensions=(REQUIRED,), capabilities=ABLE)


def test_leaf_required_capabilities_holds() -> None:
    life(states=demanding(), capabilities=ABLE)
    states, _ = commit_by(forge.group(3, capabilities=ABLE), 0, [mls.GroupContextExtensions((REQUIRED,))])
    assert agree(states)


def refuse_in_demanding(message: bytes) -> None:
    forge.refused("leaf-required-capabilities", demanding()[0], message)


def test_leaf_required_capabilities_refused() -> None:
    for lacking in ("extensions", "proposals", "credentials"):
        poor = replace(ABLE, **{lacking: (1,)})
        own = Client.make(X25519, "newcomer").key_package(capabilities=poor)
        refuse_in_demanding(forge.committed(demanding()[1], mls.Add(own.key_package)).message)


def test_leaf_required_capabilities_refused_in_path() -> None:
    pending = forge.committed(demanding()[1], new_leaf=mls.NewLeaf(capabilities=forge.capabilities()))
    refuse_in_demanding(pending.message)


def test_leaf_required_capabilities_refused_in_update() -> None:
    first, second, third = demanding()
    poor = forge.update_leaf(second, capabilities=forge.capabilities())
    proposal = forge.public(second, mls.Update(poor))
    first, third = receive(first, proposal), receive(third, proposal)
    message = forge.committed(third, references=tuple(third.proposals)).message
    forge.refused("leaf-required-capabilities", first, message)


def test_leaf_required_capabilities_refused_when_required_anew() -> None:
    first, second, _ = forge.group(3)
    message = forge.committed(second, mls.GroupContextExtensions((REQUIRED,))).message
    forge.refused("leaf-required-capabilities", first, message)


def test_leaf_required_capabilities_refused_for_who_is_added_with_the_demand() -> None:
    first, second, _ = forge.group(3, capabilities=ABLE)
    poor = forge.newcomer().key_package
    message = forge.committed(second, mls.Add(poor), mls.GroupContextExtensions((REQUIRED,))).message
    forge.refused("leaf-required-capabilities", first, message)


def test_leaf_required_capabilities_refused_in_tree() -> None:
    members = forge.flat_group(3)
    own = Client.make(X25519, "newcomer").key_package(capabilities=ABLE)
    signer, welcome = forge.welcomed(members[0], own, path=False)
    with forge.refusing("leaf-required-capabilities"):
        mls.join(
            own,
            forge.welcome_again(own, welcome, signer, extensions=None, **extended(REQUIRED)),
            policy=ALLOW,
        )


def test_leaf_required_capabilities_refused_of_oneself() -> None:
    with forge.refusing("leaf-required-capabilities"):
        mls.external_join(
            forge.newcomer(), mls.group_info(demanding()[0]), policy=ALLOW, entropy=forge.RANDOM
        )


def extended(*extensions: mls.Extension) -> dict[str, Any]:
    return {"extensions_of_group": extensions}


# leaf-credential-support


def test_leaf_credential_support_holds() -> None:
    states = forge.group(3, capabilities=BOTH_TYPES)
    life(mls.NewLeaf(credential=X509), states=states, capabilities=BOTH_TYPES)


def test_leaf_credential_support_refused() -> None:
    forge.refused("leaf-credential-support", *update(credential=X509))


def test_leaf_credential_support_refused_in_add() -> None:
    forge.refused("leaf-credential-support", *add(credential=X509))


def test_leaf_credential_support_refused_in_path() -> None:
    forge.refused("leaf-credential-support", *path(credential=X509))


def test_leaf_credential_support_refused_in_tree() -> None:
    refuse_tree("leaf-credential-support", credential=X509)


def test_leaf_credential_support_refused_where_others_lack_it() -> None:
    first, second, _ = forge.group(3)
    own = forge.newcomer(credential=X509, capabilities=BOTH_TYPES)
    message = forge.committed(second, mls.Add(own.key_package)).message
    forge.refused("leaf-credential-support", first, message)
    leaf = mls.NewLeaf(credential=X509, capabilities=BOTH_TYPES)
    forge.refused("leaf-credential-support", first, forge.committed(second, new_leaf=leaf).message)


def test_leaf_credential_support_refused_where_it_lacks_that_of_others() -> None:
    states, _ = commit_by(forge.group(3, capabilities=BOTH_TYPES), 2, new_leaf=mls.NewLeaf(credential=X509))
    own = forge.newcomer()
    message = forge.committed(states[1], mls.Add(own.key_package)).message
    forge.refused("leaf-credential-support", states[0], message)
    _, message = forge.joining(states[0], own=own, off=True)
    forge.refused("leaf-credential-support", states[0], message)


# leaf-extensions-listed


def test_leaf_extensions_listed_holds() -> None:
    able = forge.capabilities(extensions=(forge.NOVEL, 0x0A0A))
    extensions = (NOVEL, APPLICATION_ID, forge.code_point(0x0A0A))
    life(
        mls.NewLeaf(extensions=extensions, capabilities=able),
        leaf_extensions=extensions,
        capabilities=able,
    )


def test_leaf_extensions_listed_refused() -> None:
    forge.refused("leaf-extensions-listed", *update(extensions=(NOVEL,)))


def test_leaf_extensions_listed_refused_in_add() -> None:
    forge.refused("leaf-extensions-listed", *add(extensions=(NOVEL,)))


def test_leaf_extensions_listed_refused_in_path() -> None:
    forge.refused("leaf-extensions-listed", *path(extensions=(NOVEL,)))


def test_leaf_extensions_listed_refused_in_tree() -> None:
    refuse_tree("leaf-extensions-listed", extensions=(NOVEL,))


# leaf-group-extensions

KNOWS = forge.capabilities(extensions=(forge.NOVEL,))


def extended_group() -> tuple[mls.GroupState, ...]:
    return forge.group(3, extensions=(NOVEL,), capabilities=KNOWS)


def test_leaf_group_extensions_holds() -> None:
    life(states=extended_group(), capabilities=KNOWS)


def test_leaf_group_extensions_refused() -> None:
    first, second, _ = extended_group()
    message = forge.committed(second, mls.Add(forge.newcomer().key_package)).message
    forge.refused("leaf-group-extensions", first, message)


def test_leaf_group_extensions_refused_in_path() -> None:
    first, second, _ = extended_group()
    leaf = mls.NewLeaf(capabilities=forge.capabilities())
    forge.refused("leaf-group-extensions", first, forge.committed(second, new_leaf=leaf).message)


def test_leaf_group_extensions_refused_when_put_in() -> None:
    first, second, _ = forge.group(3)
    message = forge.committed(second, mls.GroupContextExtensions((NOVEL,))).message
    forge.refused("leaf-group-extensions", first, message)


def test_leaf_group_extensions_refused_in_tree() -> None:
    members = forge.flat_group(3)
    own = Client.make(X25519, "newcomer").key_package(capabilities=KNOWS)
    signer, welcome = forge.welcomed(members[0], own, path=False)
    with forge.refusing("leaf-group-extensions"):
        mls.join(own, forge.welcome_again(own, welcome, signer, **extended(NOVEL)), policy=ALLOW)


def test_leaf_group_extensions_refused_in_external_commit() -> None:
    member = extended_group()[0]
    _, message = forge.joining(member, own=forge.newcomer(), off=True)
    forge.refused("leaf-group-extensions", member, message)


# leaf-lifetime


def test_leaf_lifetime_holds() -> None:
    state = forge.group(3)[0]
    own = forge.newcomer()
    for now in LIFETIME:
        mls.propose(state, mls.Add(own.key_package), policy=ALLOW, entropy=forge.RANDOM, now=now)
        mls.commit(state, [mls.Add(own.key_package)], policy=ALLOW, entropy=forge.RANDOM, now=now)


def test_leaf_lifetime_refused() -> None:
    state = forge.group(3)[0]
    proposal = mls.Add(forge.newcomer().key_package)
    for now in (LIFETIME[0] - 1, LIFETIME[1] + 1):
        with forge.refusing_ourselves("leaf-lifetime"):
            mls.propose(state, proposal, policy=ALLOW, entropy=forge.RANDOM, now=now)
        with forge.refusing_ourselves("leaf-lifetime"):
            mls.commit(state, [proposal], policy=ALLOW, entropy=forge.RANDOM, now=now)


def test_leaf_lifetime_refused_of_a_waiting_proposal() -> None:
    first, second, _ = forge.group(3)
    first = receive(first, forge.public(second, mls.Add(forge.newcomer().key_package)))
    with forge.refusing_ourselves("leaf-lifetime"):
        mls.commit(
            first,
            references=first.proposals,
            policy=ALLOW,
            entropy=forge.RANDOM,
            now=LIFETIME[1] + 1,
        )


# leaf-source


def test_leaf_source_holds() -> None:
    life()


def test_leaf_source_refused() -> None:
    for source in (mls.LeafNodeSource.COMMIT, mls.LeafNodeSource.KEY_PACKAGE):
        forge.refused("leaf-source", *update(source=source))


def test_leaf_source_refused_in_add() -> None:
    for source in (mls.LeafNodeSource.COMMIT, mls.LeafNodeSource.UPDATE):
        forge.refused("leaf-source", *add(source=source, lifetime=None))


def test_leaf_source_refused_in_path() -> None:
    for source in (mls.LeafNodeSource.UPDATE, mls.LeafNodeSource.KEY_PACKAGE):
        forge.refused("leaf-source", *path(source=source))


def test_leaf_source_refused_in_external_commit() -> None:
    forge.refused("leaf-source", *external(source=mls.LeafNodeSource.KEY_PACKAGE))
    forge.refused("leaf-source", *external(1, source=mls.LeafNodeSource.UPDATE))


# leaf-key-fresh


def current_key(index: int) -> bytes:
    leaf = forge.group(3)[0].tree.leaf(index)
    assert leaf is not None
    return leaf.encryption_key


def test_leaf_key_fresh_holds() -> None:
    life()


def test_leaf_key_fresh_refused() -> None:
    forge.refused("leaf-key-fresh", *update(encryption_key=current_key(1)))


def test_leaf_key_fresh_refused_in_path() -> None:
    forge.refused("leaf-key-fresh", *path(encryption_key=current_key(1)))


def test_leaf_key_fresh_refused_for_who_resyncs() -> None:
    forge.refused("leaf-key-fresh", *external(1, encryption_key=current_key(1)))


# leaf-keys-unique


def test_leaf_keys_unique_holds() -> None:
    life()
    # Who resyncs may keep its signature key, for its old leaf goes in the same commit.
    own = Client.make(X25519, "member 1").key_package()
    states = forge.group(3)
    joined = mls.external_join(own, mls.group_info(states[0]), resync=1, policy=ALLOW, entropy=forge.RANDOM)
    assert agree([receive(states[0], joined.message), receive(states[2], joined.message), joined.state])


def test_leaf_keys_unique_refused() -> None:
    first, second, third = forge.group(3)
    proposal = forge.public(second, mls.Update(forge.update_leaf(second, encryption_key=current_key(2))))
    first, third = receive(first, proposal), receive(third, proposal)
    message = forge.committed(third, references=tuple(third.proposals)).message
    # The committer's own key changes with its path, so the clash is with a member that stays as it is.
    assert mls.process(first, message, policy=ALLOW)
    proposal = forge.public(second, mls.Update(forge.update_leaf(second, encryption_key=current_key(0))))
    first, third = forge.group(3)[0], receive(forge.group(3)[2], proposal)
    first = receive(first, proposal)
    message = forge.committed(third, references=tuple(third.proposals)).message
    forge.refused("leaf-keys-unique", first, message)


def test_leaf_keys_unique_refused_for_signature_keys() -> None:
    first, second, third = forge.group(3)
    leaf = mls.NewLeaf(signature=third.signature)
    forge.refused("leaf-keys-unique", first, forge.committed(second, new_leaf=leaf).message)


def test_leaf_keys_unique_refused_in_add() -> None:
    first, second, _ = forge.group(3)
    own = forge.newcomer(encryption_key=current_key(0))
    message = forge.committed(second, mls.Add(own.key_package)).message
    forge.refused("leaf-keys-unique", first, message)


def test_leaf_keys_unique_refused_in_two_adds() -> None:
    first, second, _ = forge.group(3)
    one = forge.newcomer()
    two = forge.newcomer("another", encryption_key=one.encryption.public)
    message = forge.committed(second, mls.Add(one.key_package), mls.Add(two.key_package)).message
    forge.refused("leaf-keys-unique", first, message)


def test_leaf_keys_unique_refused_in_external_commit() -> None:
    member = forge.group(3)[0]
    own = Client.make(X25519, "member 1").key_package()
    _, message = forge.joining(member, own=own, off=True)
    forge.refused("leaf-keys-unique", member, message)


def test_leaf_keys_unique_refused_in_tree() -> None:
    third = forge.flat_group(3)[2]
    leaf = third.tree.leaf(2)
    assert leaf is not None
    refuse_tree("leaf-keys-unique", encryption_key=leaf.encryption_key)
    refuse_tree("leaf-keys-unique", signature_key=leaf.signature_key, signature=third.signature)


# extensions-once


def test_extensions_once_holds() -> None:
    able = forge.capabilities(extensions=(forge.NOVEL,))
    extensions = (APPLICATION_ID, NOVEL)
    life(
        mls.NewLeaf(extensions=extensions, capabilities=able),
        leaf_extensions=extensions,
        extensions=(NOVEL, forge.code_point(0x0A0A)),
        capabilities=able,
    )


def test_extensions_once_refused() -> None:
    forge.refused("extensions-once", *update(extensions=TWICE))


def test_extensions_once_refused_in_add() -> None:
    forge.refused("extensions-once", *add(extensions=TWICE))


def test_extensions_once_refused_in_key_package() -> None:
    forge.refused("extensions-once", *add_package(extensions=(NOVEL, NOVEL)))


def test_extensions_once_refused_in_path() -> None:
    forge.refused("extensions-once", *path(extensions=TWICE))


def test_extensions_once_refused_in_tree() -> None:
    refuse_tree("extensions-once", extensions=TWICE)


def test_extensions_once_refused_in_group_extensions() -> None:
    first, second, _ = forge.group(3, capabilities=KNOWS)
    message = forge.public(second, mls.GroupContextExtensions((NOVEL, NOVEL)))
    forge.refused("extensions-once", first, message)


def test_extensions_once_refused_in_reinit() -> None:
    first, second, _ = forge.group(3)
    message = forge.public(second, mls.ReInit(b"next", 1, X25519.id, (NOVEL, NOVEL)))
    forge.refused("extensions-once", first, message)


def test_extensions_once_refused_in_group_context() -> None:
    members = forge.group(3, capabilities=KNOWS)
    own = Client.make(X25519, "newcomer").key_package(capabilities=KNOWS)
    signer, welcome = forge.welcomed(members[0], own)
    with forge.refusing("extensions-once"):
        mls.join(own, forge.welcome_again(own, welcome, signer, **extended(NOVEL, NOVEL)), policy=ALLOW)


def test_extensions_once_refused_in_group_info() -> None:
    member = forge.group(3)[0]
    twice = (*forge.info_extensions(member), NOVEL, NOVEL)
    with forge.refusing("extensions-once"):
        mls.external_join(
            forge.newcomer(),
            forge.info_again(member, extensions=twice),
            policy=ALLOW,
            entropy=forge.RANDOM,
        )


# key-package-suite


def test_key_package_suite_holds() -> None:
    life()


def test_key_package_suite_refused() -> None:
    forge.refused("key-package-suite", *add_package(cipher_suite=CHACHA.id))


def test_key_package_suite_refused_for_its_version() -> None:
    forge.refused("key-package-suite", *add_package(version=2))


# key-package-signature


def test_key_package_signature_holds() -> None:
    life()


def test_key_package_signature_refused() -> None:
    forge.refused("key-package-signature", *add_package(signature=forge.STRANGER.signature))


# key-package-init-key


def test_key_package_init_key_holds() -> None:
    life()


def test_key_package_init_key_refused() -> None:
    encryption_key = forge.newcomer().key_package.leaf_node.encryption_key
    forge.refused("key-package-init-key", *add_package(init_key=encryption_key))
