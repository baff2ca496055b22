"""The rules of proposals and of a commit's list of them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any
from unittest import mock

import mls_forge as forge
import pytest
from mls_world import ALLOW, NOW, X25519, Client, agree, commit_by, receive

from swarm_protocol import mls
from swarm_protocol.errors import DecodeError
from swarm_protocol.mls import ResumptionPSKUsage as Usage
from swarm_protocol.mls import ratchet_tree
from swarm_protocol.mls.proposal_list import apply_list

SHARED = mls.PreSharedKeyID.external(b"shared", bytes(32))
WITH_PSK = replace(ALLOW, psk=lambda psk_id: b"secret" if psk_id.psk_id == b"shared" else None)
REINIT = mls.ReInit(b"next", 1, X25519.id)
EXTERNAL_INIT = mls.ExternalInit(bytes(32))
RENEW = mls.GroupContextExtensions(())
NO = replace(ALLOW, authorise=lambda _: "no")


def add(name: str = "newcomer", **leaf: Any) -> mls.Add:
    return mls.Add(forge.newcomer(name, **leaf).key_package)


def refuse_proposal(rule: str, proposal: mls.Proposal) -> None:
    """Refused in a message of its own, public or private, and in a commit."""
    first, second, _ = forge.group(3)
    forge.refused(rule, first, forge.public(second, proposal))
    forge.refused(rule, first, forge.private(second, proposal))
    message = forge.altered(second, forge.committed(second).message, forge.also(proposal))
    forge.refused(rule, first, message)


def refuse_list(rule: str, *proposals: mls.Proposal) -> None:
    """Refused in a commit, each proposal alone being fine; and we do not commit it either."""
    first, second, _ = forge.group(3)
    message = forge.altered(second, forge.committed(second).message, forge.holding(*proposals))
    forge.refused(rule, first, message)
    with forge.refusing_ourselves(rule):
        mls.commit(second, proposals, policy=ALLOW, entropy=forge.RANDOM, now=NOW)


def proposed(
    states: tuple[mls.GroupState, ...], *by: tuple[int, mls.Proposal]
) -> tuple[list[mls.GroupState], list[bytes]]:
    """Everybody has received these proposals of members; give the states and the references."""
    after = list(states)
    for i, proposal in by:
        message = forge.public(states[i], proposal)
        after = [s if j == i else receive(s, message) for j, s in enumerate(after)]
    watcher = next(s for j, s in enumerate(after) if j not in {i for i, _ in by})
    return after, list(watcher.proposals)


# remove-member


def test_remove_member_holds() -> None:
    states, _ = commit_by(forge.group(3), 1, [mls.Remove(2)])
    assert agree(states)


def test_remove_member_refused() -> None:
    for blank in (3, 4, 2**32 - 1):
        refuse_proposal("remove-member", mls.Remove(blank))


def test_remove_member_refused_in_external_commit() -> None:
    member = forge.group(3)[0]
    outsider, message = forge.joining(member)
    forge.refused("remove-member", member, forge.altered(outsider, message, forge.also(mls.Remove(3))))
    with forge.refusing_ourselves("remove-member"):
        mls.external_join(
            forge.newcomer(), mls.group_info(member), resync=3, policy=ALLOW, entropy=forge.RANDOM
        )


# update-member


def test_update_member_holds() -> None:
    states = forge.group(3)
    after, references = proposed(states, (1, mls.Update(forge.update_leaf(states[1]))))
    message = forge.committed(after[2], references=references).message
    staged = mls.process(after[0], message, policy=ALLOW)[1]
    assert isinstance(staged, mls.CommitStaged)
    assert staged.staged.changes[0].index == 1


def test_update_member_refused() -> None:
    member = forge.group(3)[0]
    outsider, message = forge.joining(member)
    leaf = forge.update_leaf(forge.group(3)[1])
    message = forge.altered(outsider, message, forge.also(mls.Update(leaf)))
    forge.refused("update-member", member, message)


# psk-nonce


def test_psk_nonce_holds() -> None:
    states, _ = commit_by(forge.group(3), 1, [mls.PreSharedKey(SHARED)], policy=WITH_PSK)
    assert agree(states)


def test_psk_nonce_refused() -> None:
    for size in (0, 31, 33):
        refuse_proposal("psk-nonce", mls.PreSharedKey(mls.PreSharedKeyID.external(b"shared", bytes(size))))
        short = mls.PreSharedKeyID.resumption(Usage.APPLICATION, b"group", 1, bytes(size))
        refuse_proposal("psk-nonce", mls.PreSharedKey(short))


# psk-usage


def test_psk_usage_holds() -> None:
    states = forge.group(3)
    psk = mls.PreSharedKeyID.resumption(Usage.APPLICATION, b"group", states[0].epoch, bytes(32))
    states_after, _ = commit_by(states, 1, [mls.PreSharedKey(psk)])
    assert agree(states_after)


def test_psk_usage_refused() -> None:
    for usage in (Usage.REINIT, Usage.BRANCH):
        psk = mls.PreSharedKeyID.resumption(usage, b"group", 1, bytes(32))
        refuse_proposal("psk-usage", mls.PreSharedKey(psk))


def test_psk_usage_refused_in_external_commit() -> None:
    member = forge.group(3)[0]
    outsider, message = forge.joining(member)
    for usage in (Usage.REINIT, Usage.BRANCH):
        psk = mls.PreSharedKeyID.resumption(usage, b"group", 1, bytes(32))
        changed = forge.altered(outsider, message, forge.also(mls.PreSharedKey(psk)))
        forge.refused("psk-usage", member, changed)


# psk-known


def test_psk_known_holds() -> None:
    states = forge.group(3)
    early = mls.PreSharedKeyID.resumption(Usage.APPLICATION, b"group", states[0].epoch, bytes(32))
    states_after, _ = commit_by(states, 0)
    both = [mls.PreSharedKey(SHARED), mls.PreSharedKey(early)]
    states_after, _ = commit_by(states_after, 1, both, policy=WITH_PSK)
    assert agree(states_after)


def test_psk_known_refused() -> None:
    first, second, _ = forge.group(3)
    pending = mls.commit(second, [mls.PreSharedKey(SHARED)], policy=WITH_PSK, entropy=forge.RANDOM, now=NOW)[
        1
    ]
    forge.refused("psk-known", first, pending.message)
    with pytest.raises(mls.PSKUnknown) as e:
        mls.process(first, pending.message, policy=ALLOW)
    assert e.value.psk_id == SHARED


def test_psk_known_refused_for_an_epoch_that_is_forgotten() -> None:
    states = forge.group(3)
    psk = mls.PreSharedKeyID.resumption(Usage.APPLICATION, b"group", states[0].epoch, bytes(32))
    after, _ = commit_by(states, 0)
    forgetful = replace(after[0], past=())
    pending = mls.commit(after[1], [mls.PreSharedKey(psk)], policy=ALLOW, entropy=forge.RANDOM, now=NOW)[1]
    forge.refused("psk-known", forgetful, pending.message)


def test_psk_known_refused_in_external_commit() -> None:
    member = forge.group(3)[0]
    _, message = forge.joining(member, psks=[SHARED], policy=WITH_PSK)
    assert receive(member, message, WITH_PSK).epoch == member.epoch + 1
    forge.refused("psk-known", member, message)


def test_psk_known_refused_in_welcome() -> None:
    own = forge.newcomer()
    proposals: list[mls.Proposal] = [mls.Add(own.key_package), mls.PreSharedKey(SHARED)]
    pending = mls.commit(forge.group(3)[1], proposals, policy=WITH_PSK, entropy=forge.RANDOM, now=NOW)[1]
    assert pending.welcome is not None
    assert mls.join(own, pending.welcome, policy=WITH_PSK).own_leaf == 3
    with forge.refusing("psk-known"):
        mls.join(own, pending.welcome, policy=ALLOW)


# psk-count


MANY = tuple(mls.PreSharedKeyID.external(n.to_bytes(4), bytes(32)) for n in range(2**16))


@cache
def commit_of_many() -> bytes:
    second = forge.group(3)[1]
    items = forge.holding(*[mls.PreSharedKey(psk) for psk in MANY])
    return forge.altered(second, forge.committed(second).message, items)


def test_psk_count_holds() -> None:
    states, _ = commit_by(forge.group(3), 1, [mls.PreSharedKey(SHARED)], policy=WITH_PSK)
    assert agree(states)


def test_psk_count_refused() -> None:
    forge.refused("psk-count", forge.group(3)[0], commit_of_many(), WITH_PSK)


def test_psk_count_refused_in_welcome() -> None:
    own = forge.newcomer()
    signer, welcome = forge.welcomed(forge.group(3)[0], own)
    again = forge.welcome_again(own, welcome, signer, secrets={"psks": MANY})
    with forge.refusing("psk-count"):
        mls.join(own, again, policy=WITH_PSK)


# reinit-version


def test_reinit_version_holds() -> None:
    states, _ = commit_by(forge.group(3), 1, [REINIT])
    assert states[0].reinit == REINIT


def test_reinit_version_refused() -> None:
    refuse_proposal("reinit-version", replace(REINIT, version=0))


# list-own-update


def test_list_own_update_holds() -> None:
    states = forge.group(3)
    after, references = proposed(states, (1, mls.Update(forge.update_leaf(states[1]))))
    message = forge.committed(after[2], references=references).message
    assert receive(after[0], message).epoch == states[0].epoch + 1


def test_list_own_update_refused() -> None:
    second = forge.group(3)[1]
    refuse_list("list-own-update", mls.Update(forge.update_leaf(second)))


def test_list_own_update_refused_by_reference() -> None:
    states = forge.group(3)
    after, references = proposed(states, (1, mls.Update(forge.update_leaf(states[1]))))
    message = forge.altered(states[1], forge.committed(states[1]).message, forge.holding(*references))
    forge.refused("list-own-update", after[0], message)


# list-own-remove


def test_list_own_remove_holds() -> None:
    states, references = proposed(forge.group(3), (1, mls.Remove(1)))
    message = forge.committed(states[2], references=references).message
    assert receive(states[0], message).tree.leaf(1) is None


def test_list_own_remove_refused() -> None:
    refuse_list("list-own-remove", mls.Remove(1))


def test_list_own_remove_refused_by_reference() -> None:
    states, references = proposed(forge.group(3), (2, mls.Remove(1)))
    message = forge.altered(states[1], forge.committed(states[1]).message, forge.holding(*references))
    forge.refused("list-own-remove", states[0], message)


# list-one-per-leaf


def test_list_one_per_leaf_holds() -> None:
    states = forge.group(4)
    after, references = proposed(states, (1, mls.Update(forge.update_leaf(states[1]))), (1, mls.Remove(2)))
    message = forge.committed(after[3], references=references).message
    assert receive(after[0], message).tree.leaf(2) is None


def test_list_one_per_leaf_refused() -> None:
    refuse_list("list-one-per-leaf", mls.Remove(0), mls.Remove(0))


def test_list_one_per_leaf_refused_for_update_and_remove() -> None:
    states = forge.group(3)
    update = mls.Update(forge.update_leaf(states[2]))
    after, references = proposed(states, (2, update))
    reference, removal = references[0], mls.Remove(2)
    for change in (forge.holding(reference, removal), forge.holding(removal, reference)):
        message = forge.altered(after[1], forge.committed(after[1]).message, change)
        forge.refused("list-one-per-leaf", after[0], message)


def test_list_one_per_leaf_refused_for_two_updates() -> None:
    states = forge.group(3)
    updates = [(2, mls.Update(forge.update_leaf(states[2]))) for _ in range(2)]
    after, references = proposed(states, *updates)
    assert len(references) == 2
    message = forge.altered(after[1], forge.committed(after[1]).message, forge.holding(*references))
    forge.refused("list-one-per-leaf", after[0], message)


# list-add-once


def test_list_add_once_holds() -> None:
    states, _ = commit_by(forge.group(3), 1, [add("one"), add("two")])
    # A client comes back in the commit that removes its old leaf.
    back = Client.make(X25519, "member 2").key_package()
    states, _ = commit_by(forge.group(3), 1, [mls.Remove(2), mls.Add(back.key_package)])
    assert states[0].tree.leaf(2) == back.key_package.leaf_node


def test_list_add_once_refused() -> None:
    refuse_list("list-add-once", add(), add())
    again = mls.Add(Client.make(X25519, "newcomer").key_package().key_package)
    refuse_list("list-add-once", again, add())


def test_list_add_once_refused_for_a_member() -> None:
    for present in (0, 1):
        back = Client.make(X25519, f"member {present}").key_package()
        refuse_list("list-add-once", mls.Add(back.key_package))


def test_list_add_once_refused_for_the_new_key_of_a_member() -> None:
    # The update in the same list counts: its new signature key is that of a member too.
    states = forge.group(3)
    keys = Client.make(X25519, "newcomer").signature
    update = forge.update_leaf(states[2], signature=keys, signature_key=keys.public)
    after, references = proposed(states, (2, mls.Update(update)))
    items = forge.holding(*references, add())
    message = forge.altered(after[1], forge.committed(after[1]).message, items)
    forge.refused("list-add-once", after[0], message)


# group-size


def of_size(n: int) -> mock._patch[int]:
    """The largest tree has so many leaves: far fewer than in earnest, where a test would take minutes."""
    return mock.patch.object(ratchet_tree, "MAX_LEAVES", n)


def test_group_size_holds() -> None:
    with of_size(4):
        states, _ = commit_by(forge.group(3), 1, [add()])
        assert agree(states)
    with of_size(8):
        states, _ = commit_by(states, 0, [add("another")])
        assert states[0].tree.n_leaves == 8


def test_group_size_refused() -> None:
    first, second, *_ = forge.group(4)
    message = forge.committed(second, add()).message
    with of_size(4):
        forge.refused("group-size", first, message)
        with forge.refusing_ourselves("group-size"):
            mls.commit(second, [add()], policy=ALLOW, entropy=forge.RANDOM, now=NOW)


def test_group_size_refused_in_external_commit() -> None:
    member = forge.group(4)[0]
    _, message = forge.joining(member)
    with of_size(4):
        forge.refused("group-size", member, message)
        with forge.refusing_ourselves("group-size"):
            mls.external_join(forge.newcomer(), mls.group_info(member), policy=ALLOW, entropy=forge.RANDOM)


# list-psk-once


def test_list_psk_once_holds() -> None:
    other = replace(SHARED, psk_nonce=bytes([1]) * 32)
    both = [mls.PreSharedKey(SHARED), mls.PreSharedKey(other)]
    states, _ = commit_by(forge.group(3), 1, both, policy=WITH_PSK)
    assert agree(states)


def test_list_psk_once_refused() -> None:
    refuse_list("list-psk-once", mls.PreSharedKey(SHARED), mls.PreSharedKey(SHARED))


def test_list_psk_once_refused_in_external_commit() -> None:
    member = forge.group(3)[0]
    outsider, message = forge.joining(member, psks=[SHARED], policy=WITH_PSK)
    changed = forge.altered(outsider, message, forge.also(mls.PreSharedKey(SHARED)))
    forge.refused("list-psk-once", member, changed, WITH_PSK)


# list-one-extensions


def test_list_one_extensions_holds() -> None:
    states, _ = commit_by(forge.group(3), 1, [RENEW])
    assert agree(states)


def test_list_one_extensions_refused() -> None:
    refuse_list("list-one-extensions", RENEW, RENEW)


# list-reinit-alone


def test_list_reinit_alone_holds() -> None:
    states, _ = commit_by(forge.group(3), 1, [REINIT])
    assert states[2].status is mls.Status.REINITIALISED


def test_list_reinit_alone_refused() -> None:
    refuse_list("list-reinit-alone", REINIT, mls.Remove(2))
    refuse_list("list-reinit-alone", RENEW, REINIT)
    refuse_list("list-reinit-alone", REINIT, REINIT)


# list-no-external-init


def test_list_no_external_init_holds() -> None:
    member = forge.group(3)[0]
    _, message = forge.joining(member)
    assert receive(member, message).epoch == member.epoch + 1


def test_list_no_external_init_refused() -> None:
    refuse_proposal("list-no-external-init", EXTERNAL_INIT)
    refuse_list("list-no-external-init", EXTERNAL_INIT)


def test_list_no_external_init_refused_in_the_list_alone() -> None:
    # Nothing gets so far: a proposal by itself is looked at before.
    first, sender = forge.group(3)[0], mls.Sender.member(1)
    with forge.refusing("list-no-external-init"):
        apply_list(first, [mls.QueuedProposal(EXTERNAL_INIT, sender)], sender)


# list-reference-known


def test_list_reference_known_holds() -> None:
    states, references = proposed(forge.group(3), (2, RENEW))
    message = forge.committed(states[1], references=references).message
    assert receive(states[0], message).epoch == states[0].epoch + 1


def test_list_reference_known_refused() -> None:
    states, references = proposed(forge.group(3), (2, RENEW))
    message = forge.committed(states[1], references=references).message
    forge.refused("list-reference-known", forge.group(3)[0], message)
    forge.refused("list-reference-known", mls.drop_proposals(states[0], references), message)
    unknown = forge.altered(states[1], message, forge.also(bytes(32)))
    forge.refused("list-reference-known", states[0], unknown)


def test_list_reference_known_refused_for_the_last_epoch() -> None:
    states, references = proposed(forge.group(3), (2, RENEW))
    states, _ = commit_by(states, 1, references=())
    message = forge.altered(states[1], forge.committed(states[1]).message, forge.also(*references))
    forge.refused("list-reference-known", states[0], message)


# external-one-init


def test_external_one_init_holds() -> None:
    member = forge.group(3)[0]
    _, message = forge.joining(member)
    assert receive(member, message).epoch == member.epoch + 1


def test_external_one_init_refused() -> None:
    member = forge.group(3)[0]
    outsider, message = forge.joining(member)
    for change in (forge.holding(), forge.also(EXTERNAL_INIT)):
        forge.refused("external-one-init", member, forge.altered(outsider, message, change))


# external-one-remove


def test_external_one_remove_holds() -> None:
    member = forge.group(3)[0]
    _, message = forge.joining(member, resync=2)
    assert receive(member, message).epoch == member.epoch + 1


def test_external_one_remove_refused() -> None:
    member = forge.group(3)[0]
    outsider, message = forge.joining(member, resync=2)
    changed = forge.altered(outsider, message, forge.also(mls.Remove(1)))
    forge.refused("external-one-remove", member, changed)


# external-types


def test_external_types_holds() -> None:
    member = forge.group(3)[0]
    _, message = forge.joining(member, resync=2, psks=[SHARED], policy=WITH_PSK)
    assert receive(member, message, WITH_PSK).epoch == member.epoch + 1


def test_external_types_refused() -> None:
    member = forge.group(3)[0]
    outsider, message = forge.joining(member)
    for proposal in (add(), RENEW, REINIT):
        changed = forge.altered(outsider, message, forge.also(proposal))
        forge.refused("external-types", member, changed)


# external-by-value


def test_external_by_value_holds() -> None:
    states, references = proposed(forge.group(3), (2, RENEW))
    assert references
    _, message = forge.joining(states[0])
    assert receive(states[0], message).epoch == states[0].epoch + 1


def test_external_by_value_refused() -> None:
    states, references = proposed(forge.group(3), (2, mls.Remove(1)))
    outsider, message = forge.joining(states[0])
    changed = forge.altered(outsider, message, forge.also(*references))
    forge.refused("external-by-value", states[0], changed)


def test_external_by_value_refused_for_what_nobody_knows() -> None:
    member = forge.group(3)[0]
    outsider, message = forge.joining(member)
    changed = forge.altered(outsider, message, forge.also(bytes(32)))
    forge.refused("external-by-value", member, changed)


def test_external_by_value_refused_in_the_list_alone() -> None:
    # Nothing gets so far: references are looked up before, and not for outsiders.
    first = forge.group(3)[0]
    sender = mls.Sender(mls.SenderType.NEW_MEMBER_COMMIT)
    with forge.refusing("external-by-value"):
        apply_list(first, [mls.QueuedProposal(EXTERNAL_INIT, sender, b"reference")], sender)


# external-successor


def keeps_name(leaf: mls.LeafNode, previous: mls.LeafNode | None) -> str | None:
    return None if previous is None or leaf.credential == previous.credential else "another name"


NAMES_STAY = replace(ALLOW, authenticate=keeps_name)


def test_external_successor_holds() -> None:
    member = forge.group(3)[0]
    own = Client.make(X25519, "member 2").key_package()
    _, message = forge.joining(member, own=own, resync=2)
    assert receive(member, message, NAMES_STAY).epoch == member.epoch + 1


def test_external_successor_refused() -> None:
    member = forge.group(3)[0]
    _, message = forge.joining(member, resync=2)
    forge.refused("external-successor", member, message, NAMES_STAY)


# authorised


def test_authorised_holds() -> None:
    seen: list[mls.CommitView] = []
    policy = replace(ALLOW, authorise=seen.append)
    states, _ = commit_by(forge.group(3), 1, [mls.Remove(2)], policy=policy)
    assert [v.committer for v in seen] == [1, 1, 1]
    assert {c.index for c in seen[0].changes} == {1, 2}
    assert agree(states)


def test_authorised_refused() -> None:
    first, second, _ = forge.group(3)
    forge.refused("authorised", first, forge.committed(second).message, NO)
    with forge.refusing_ourselves("authorised"):
        mls.commit(second, policy=NO, entropy=forge.RANDOM, now=NOW)


def test_authorised_refused_in_external_commit() -> None:
    member = forge.group(3)[0]
    _, message = forge.joining(member)
    forge.refused("authorised", member, message, NO)
    with forge.refusing_ourselves("authorised"):
        mls.external_join(forge.newcomer(), mls.group_info(member), policy=NO, entropy=forge.RANDOM)


def test_authorised_refused_for_who_is_removed() -> None:
    _, second, third = forge.group(3)
    forge.refused("authorised", third, forge.committed(second, mls.Remove(2)).message, NO)


# What our own commit takes of the waiting proposals


def taken(state: mls.GroupState, *given: mls.Proposal, **options: Any) -> list[mls.Proposal]:
    """What a commit by default takes in, `given` at the end."""
    given_options: dict[str, Any] = {"policy": ALLOW, "entropy": forge.RANDOM, "now": NOW} | options
    return [p.proposal for p in mls.commit(state, given, **given_options)[1].staged.proposals]


def test_a_waiting_proposal_that_fits_nowhere_keeps_nobody_from_committing() -> None:
    required = mls.RequiredCapabilities(credentials=(2,)).extension()
    able = forge.capabilities(credentials=(1, 2))
    states = forge.group(3, extensions=(required,), capabilities=able)
    good = add("able", capabilities=able)
    after, _ = proposed(states, (1, add("poor")), (1, mls.PreSharedKey(SHARED)), (1, good))
    assert taken(after[0]) == [good]
    assert taken(after[0], policy=WITH_PSK) == [mls.PreSharedKey(SHARED), good]
    assert taken(after[0], now=2**40) == []


def test_what_we_commit_by_value_goes_before_what_waits() -> None:
    after, _ = proposed(forge.group(3), (2, mls.Remove(2)), (1, RENEW))
    assert taken(after[0], mls.Remove(2)) == [RENEW, mls.Remove(2)]
    assert taken(after[0], REINIT) == [REINIT]
    with forge.refusing_ourselves("list-own-remove"):
        taken(after[0], mls.Remove(0))


def test_of_two_that_exclude_each_other_the_first_is_taken() -> None:
    one = add("one")
    two = add("two", encryption_key=one.key_package.leaf_node.encryption_key)
    after, _ = proposed(forge.group(3), (1, one), (2, two))
    assert taken(after[0]) == [one]


def test_an_extension_that_does_not_decode_is_the_fault_of_who_makes_it() -> None:
    broken = mls.GroupContextExtensions((mls.Extension(mls.ExtensionType.EXTERNAL_SENDERS, b"\xff"),))
    first, second, _ = forge.group(3)
    with forge.refusing_ourselves(""):
        mls.propose(first, broken, policy=ALLOW, entropy=forge.RANDOM, now=NOW)
    with forge.refusing_ourselves(""):
        mls.commit(first, [broken], policy=ALLOW, entropy=forge.RANDOM, now=NOW)
    with forge.refusing_ourselves(""):
        mls.create_group(forge.newcomer(), b"id", extensions=broken.extensions, entropy=forge.RANDOM)
    with pytest.raises(DecodeError):
        mls.process(first, forge.public(second, broken), policy=ALLOW)
