"""The rules of commits: their path and their confirmation tag."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mls_forge as forge
from mls_world import ALLOW, NOW, X25519, agree, commit_by, receive

from swarm_protocol import mls
from swarm_protocol.mls.ciphersuite import HPKECiphertext
from swarm_protocol.mls.group_context import GroupContext

SHARED = mls.PreSharedKeyID.external(b"shared", bytes(32))
WITH_PSK = replace(ALLOW, psk=lambda _: b"secret")


def everybody_follows() -> None:
    """Paths in trees of all shapes are followed."""
    for n in (2, 3, 5):
        states, _ = commit_by(forge.group(n), n - 1)
        assert agree(states)
    states, _ = commit_by(forge.group(5), 0, [mls.Remove(2), mls.Add(forge.newcomer().key_package)])
    assert agree(states)
    states, _ = commit_by([s for s in states if s.status is mls.Status.ACTIVE], 1, public=True)
    assert agree(states)


def refuse_path(rule: str, change: forge.Change, n: int = 4, by: int = 1) -> None:
    """Everybody refuses a commit with a path that is changed so."""
    states = forge.group(n)
    message = forge.altered(states[by], forge.committed(states[by]).message, change)
    for i, state in enumerate(states):
        if i != by:
            forge.refused(rule, state, message)


# path-required


def without_path(commit: mls.Commit) -> mls.Commit:
    return replace(commit, path=None)


def test_path_required_holds() -> None:
    for proposal in (
        mls.Add(forge.newcomer().key_package),
        mls.PreSharedKey(SHARED),
        mls.ReInit(b"next", 1, X25519.id),
    ):
        states, pending = commit_by(forge.group(3), 1, [proposal], path=False, public=True, policy=WITH_PSK)
        assert agree(states)
        assert forge.commit_in(pending.message).path is None


def test_path_required_refused() -> None:
    refuse_path("path-required", without_path)


def test_path_required_refused_with_proposals_that_want_one() -> None:
    states = forge.group(4)
    for proposal in (mls.Remove(2), mls.GroupContextExtensions(())):
        message = forge.altered(states[1], forge.committed(states[1], proposal).message, without_path)
        forge.refused("path-required", states[0], message)
        beside = forge.committed(states[1], mls.Add(forge.newcomer().key_package), proposal).message
        forge.refused("path-required", states[0], forge.altered(states[1], beside, without_path))


def test_path_required_refused_with_an_update() -> None:
    first, second, third = forge.group(3)
    proposal = forge.public(third, mls.Update(forge.update_leaf(third)))
    first, second = receive(first, proposal), receive(second, proposal)
    message = forge.committed(second, references=tuple(second.proposals)).message
    forge.refused("path-required", first, forge.altered(second, message, without_path))


def test_path_required_refused_in_external_commit() -> None:
    member = forge.group(3)[0]
    outsider, message = forge.joining(member)
    forge.refused("path-required", member, forge.altered(outsider, message, without_path))


# path-length


def test_path_length_holds() -> None:
    everybody_follows()


def test_path_length_refused() -> None:
    refuse_path("path-length", forge.with_nodes(lambda nodes: nodes[:-1]))
    refuse_path("path-length", forge.with_nodes(lambda _: ()))
    refuse_path("path-length", forge.with_nodes(lambda nodes: (*nodes, nodes[-1])))


def test_path_length_refused_in_external_commit() -> None:
    member = forge.group(3)[0]
    outsider, message = forge.joining(member)
    change = forge.with_nodes(lambda nodes: nodes[:-1])
    forge.refused("path-length", member, forge.altered(outsider, message, change))


def test_path_length_refused_for_the_path_that_is_not_filtered() -> None:
    # Three leaves are left of which the third sits alone under its parent: that parent is left out.
    third = forge.group(3)[2]
    assert len(third.tree.direct_path(2)) == 2
    assert len(forge.path_of(forge.commit_in(forge.committed(third).message)).nodes) == 1
    refuse_path("path-length", forge.with_nodes(lambda nodes: (nodes[0], *nodes)), 3, 2)


# path-ciphertexts


def with_ciphertexts(of: int, change: Any) -> forge.Change:
    """Change the ciphertexts of one node of the path."""

    def changed(nodes: tuple[Any, ...]) -> list[Any]:
        after = list(nodes)
        after[of] = replace(nodes[of], encrypted_path_secret=change(nodes[of].encrypted_path_secret))
        return after

    return forge.with_nodes(changed)


def test_path_ciphertexts_holds() -> None:
    everybody_follows()


def test_path_ciphertexts_refused() -> None:
    for node in (0, 1):
        refuse_path("path-ciphertexts", with_ciphertexts(node, lambda c: c[:-1]))
        refuse_path("path-ciphertexts", with_ciphertexts(node, lambda c: (*c, c[-1])))


def test_path_ciphertexts_refused_for_one_to_who_is_added() -> None:
    states = forge.group(4)
    own = forge.newcomer()
    message = forge.committed(states[1], mls.Add(own.key_package)).message
    assert forge.path_of(forge.commit_in(message)).nodes[-1].encrypted_path_secret == ()
    sealed = X25519.encrypt_with_label(own.encryption.public, b"UpdatePathNode", b"", bytes(32), forge.RANDOM)
    change = with_ciphertexts(2, lambda _: (sealed,))
    forge.refused("path-ciphertexts", states[0], forge.altered(states[1], message, change))


# path-reaches-us


def uninformed() -> list[mls.GroupState]:
    """A group whose last member was not told the path secret of the commit that added it."""
    states = forge.group(3)
    own = forge.newcomer()
    signer, welcome = forge.welcomed(states[2], own)
    last = mls.join(
        own, forge.welcome_again(own, welcome, signer, secrets={"path_secret": None}), policy=ALLOW
    )
    assert last.epoch_authenticator == signer.epoch_authenticator
    told = mls.join(own, welcome, policy=ALLOW)
    return [signer, told, last]


def test_path_reaches_us_holds() -> None:
    signer, told, _ = uninformed()
    states, _ = commit_by([signer, told], 0)
    assert agree(states)


def test_path_reaches_us_refused() -> None:
    states = forge.group(3)
    own = forge.newcomer()
    pending = forge.committed(states[2], mls.Add(own.key_package))
    first, signer = receive(states[0], pending.message), pending.staged.after
    assert pending.welcome is not None
    again = forge.welcome_again(own, pending.welcome, signer, secrets={"path_secret": None})
    last = mls.join(own, again, policy=ALLOW)
    # The third and the newcomer are reached through their parent, whose key the newcomer lacks.
    forge.refused("path-reaches-us", last, forge.committed(first).message)
    told = mls.join(own, pending.welcome, policy=ALLOW)
    assert receive(told, forge.committed(first).message).epoch == told.epoch + 1


# path-keys


def resealed(secret: bytes, at: int = 0) -> bytes:
    """A commit of the second of two members whose path holds another secret than its keys follow from."""
    first, second = forge.group(2)
    pending = forge.committed(second)
    after = pending.staged.after.context
    provisional = replace(after, confirmed_transcript_hash=second.context.confirmed_transcript_hash)

    def seal(_: tuple[HPKECiphertext, ...]) -> tuple[HPKECiphertext, ...]:
        return (seal_to(first, provisional, secret),)

    return forge.altered(second, pending.message, with_ciphertexts(at, seal))


def seal_to(member: mls.GroupState, context: GroupContext, secret: bytes) -> HPKECiphertext:
    key = member.private[2 * member.own_leaf].public
    return X25519.encrypt_with_label(key, b"UpdatePathNode", context.encode(), secret, forge.RANDOM)


def test_path_keys_holds() -> None:
    everybody_follows()


def test_path_keys_refused() -> None:
    forge.refused("path-keys", forge.group(2)[0], resealed(bytes(32)))


def test_path_keys_refused_for_a_secret_of_another_size() -> None:
    for size in (0, 31, 33):
        forge.refused("path-keys", forge.group(2)[0], resealed(bytes(size)))


def test_path_keys_refused_where_they_follow_from_a_short_secret() -> None:
    first, second = forge.group(2)
    asked: list[int] = []

    def entropy(n: int, /) -> bytes:
        asked.append(n)
        # First comes the key of the leaf, then the first path secret.
        return forge.RANDOM(n - 1 if len(asked) == 2 else n)

    forge.refused("path-keys", first, forge.committed(second, entropy=entropy).message)


# path-keys-new


def with_key(of: int, key: bytes) -> forge.Change:
    """Put another key into one node of the path."""

    def changed(nodes: tuple[Any, ...]) -> list[Any]:
        after = list(nodes)
        after[of] = replace(nodes[of], encryption_key=key)
        return after

    return forge.with_nodes(changed)


def key_at(x: int) -> bytes:
    node = forge.group(4)[0].tree.nodes[x]
    assert node is not None
    return node.encryption_key


def test_path_keys_new_holds() -> None:
    everybody_follows()


def test_path_keys_new_refused() -> None:
    for x in (0, 1, 2, 3, 6):
        for node in (0, 1):
            refuse_path("path-keys-new", with_key(node, key_at(x)))


def test_path_keys_new_refused_within_the_path() -> None:
    key = forge.fresh_key()
    refuse_path("path-keys-new", lambda c: with_key(0, key)(with_key(1, key)(c)))


def test_path_keys_new_refused_for_the_leaf() -> None:
    second = forge.group(4)[1]
    for x in (0, 1, 3, 6):
        refuse_path("path-keys-new", forge.with_leaf(second, encryption_key=key_at(x)))


def test_path_keys_new_refused_for_a_node_with_the_key_of_the_leaf() -> None:
    def change(commit: mls.Commit) -> mls.Commit:
        return with_key(0, forge.path_of(commit).leaf_node.encryption_key)(commit)

    refuse_path("path-keys-new", change)


def test_path_keys_new_refused_for_the_key_of_who_is_added() -> None:
    states = forge.group(4)
    own = forge.newcomer()
    message = forge.committed(states[1], mls.Add(own.key_package)).message
    change = with_key(0, own.encryption.public)
    forge.refused("path-keys-new", states[0], forge.altered(states[1], message, change))


# path-parent-hash


def test_path_parent_hash_holds() -> None:
    everybody_follows()


def test_path_parent_hash_refused() -> None:
    second = forge.group(4)[1]
    for parent_hash in (b"", bytes(32)):
        refuse_path("path-parent-hash", forge.with_leaf(second, parent_hash=parent_hash))


def test_path_parent_hash_refused_for_other_keys_above() -> None:
    for node in (0, 1):
        refuse_path("path-parent-hash", with_key(node, forge.fresh_key()))


def test_path_parent_hash_refused_in_external_commit() -> None:
    member = forge.group(3)[0]
    outsider, message = forge.joining(member)
    change = forge.with_leaf(outsider, parent_hash=bytes(32))
    forge.refused("path-parent-hash", member, forge.altered(outsider, message, change))


# confirmation-tag


def test_confirmation_tag_holds() -> None:
    everybody_follows()


def test_confirmation_tag_refused() -> None:
    first, second, _ = forge.group(3)
    message = forge.committed(second).message
    for tag in (bytes(32), b""):
        forge.refused("confirmation-tag", first, forge.altered(second, message, lambda c: c, tag))


def test_confirmation_tag_refused_for_another_transcript() -> None:
    # All is as it was but for the proposals; the tag belongs to the commit without them.
    first, second, _ = forge.group(3)
    psk = mls.PreSharedKey(SHARED)
    message = forge.altered(second, forge.committed(second).message, forge.also(psk))
    forge.refused("confirmation-tag", first, message, WITH_PSK)


def test_confirmation_tag_refused_where_psks_differ() -> None:
    first, second, _ = forge.group(3)
    _, pending = mls.commit(
        second, [mls.PreSharedKey(SHARED)], policy=WITH_PSK, entropy=forge.RANDOM, now=NOW
    )
    other = replace(ALLOW, psk=lambda _: b"another secret")
    forge.refused("confirmation-tag", first, pending.message, other)


def test_confirmation_tag_refused_in_external_commit() -> None:
    member = forge.group(3)[0]
    outsider, message = forge.joining(member)
    forge.refused("confirmation-tag", member, forge.altered(outsider, message, lambda c: c, bytes(32)))


def test_confirmation_tag_refused_for_another_encapsulation() -> None:
    member = forge.group(3)[0]
    outsider, message = forge.joining(member)
    _, other = forge.joining(member)
    change = forge.holding(*forge.commit_in(other).proposals)
    forge.refused("confirmation-tag", member, forge.altered(outsider, message, change))


def test_confirmation_tag_refused_in_welcome() -> None:
    own = forge.newcomer()
    signer, welcome = forge.welcomed(forge.group(3)[0], own)
    with forge.refusing("confirmation-tag"):
        mls.join(own, forge.welcome_again(own, welcome, signer, tag=bytes(32)), policy=ALLOW)


# commit-tag-present


def test_commit_tag_present_holds() -> None:
    everybody_follows()


def test_commit_tag_present_refused() -> None:
    # No bytes decode to a commit without a tag, so the value is made by hand.
    first, second, _ = forge.group(3)
    message = mls.MLSMessage.decode(forge.committed(second).message)
    verified = mls.verify(*mls.unprotect(first, message))
    assert isinstance(verified, mls.VerifiedCommit)
    auth = replace(verified.message.auth, confirmation_tag=None)
    bare = replace(verified, message=replace(verified.message, auth=auth))
    with forge.refusing("commit-tag-present"):
        mls.stage(first, bare, policy=ALLOW)


# last-epoch


def in_epoch(epoch: int) -> list[mls.GroupState]:
    return [replace(s, context=replace(s.context, epoch=epoch)) for s in forge.group(3)]


def test_last_epoch_holds() -> None:
    states, _ = commit_by(in_epoch(2**64 - 2), 1)
    assert agree(states)
    assert states[0].epoch == 2**64 - 1


def test_last_epoch_refused() -> None:
    first, second, _ = in_epoch(2**64 - 1)
    message = forge.committed(forge.group(3)[1]).message
    forge.refused("last-epoch", first, forge.altered(second, message, lambda c: c))
    with forge.refusing_ourselves("last-epoch"):
        mls.commit(second, policy=ALLOW, entropy=forge.RANDOM, now=NOW)
