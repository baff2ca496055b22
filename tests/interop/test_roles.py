"""Each operation of MLS, with each implementation in each role.

`first` and `second` are two different peers; every test runs with the roles swapped as well. Where a test
says `agree`, all members must have the same epoch, tree, transcript, secrets and members.
"""

from __future__ import annotations

import os
import time
from typing import Any

import pytest

from . import rpc
from .histories import GREASE, PRIVATE_EXTENSION, REQUIRED_CAPABILITIES
from .rpc import SUITES, Client, Committed, Group, Peer, PeerRefusal

pytestmark = pytest.mark.interop


def agree(*groups: Group) -> None:
    """All are at the same epoch, with the same secrets and the same pending proposals."""
    reference = groups[0].look()
    for group in groups:
        assert group.look().shared() == reference.shared(), f"{group} differs from {groups[0]}"
        assert group.view.leaf_of(group.client.identity) == group.view.own_leaf
    exports = {group.export("agree", b"%d" % reference.epoch, 40) for group in groups}
    assert len(exports) == 1


def accept(committer: Group, committed: Committed, *others: Group) -> None:
    """The commit wins."""
    for other in others:
        assert other.process(committed.commit).kind == "commit"
    committer.merge()
    agree(committer, *(other for other in others if other.view.status != "removed"))


def tell(proposer: Group, proposal: rpc.Reply, *others: Group, public: bool = False) -> bytes:
    """Everybody gets the proposal, under the same reference."""
    message, reference = proposer.propose(proposal, public=public)
    for other in others:
        received = other.process(message)
        assert (received.kind, received.reference) == ("proposal", reference)
    return reference


def welcomed(committed: Committed, *clients: Client) -> list[Group]:
    assert committed.welcome is not None
    return [client.join(committed.welcome, ratchet_tree=committed.ratchet_tree) for client in clients]


def clients_of(first: Peer, second: Peer, suite: int) -> list[Client]:
    """Four clients, two of each."""
    names = (b"ada", b"ben", b"cleo", b"dan")
    return [
        peer.client(suite, name) for peer, name in zip((first, second, first, second), names, strict=True)
    ]


def group_of_four(first: Peer, second: Peer, suite: int, **options: Any) -> list[Group]:
    """Leaves 0 and 2 are of the first peer, 1 and 3 of the second."""
    creator, *others = clients_of(first, second, suite)
    group = creator.create_group(b"four", **options)
    committed = group.commit(*(rpc.add(other.key_package(**options)) for other in others))
    group.merge()
    groups = [group, *welcomed(committed, *others)]
    agree(*groups)
    return groups


def hear(sender: Group, *others: Group) -> None:
    message = sender.encrypt(b"what", aad=b"why")
    for other in others:
        received = other.process(message)
        assert (received.kind, received.data, received.aad) == ("application", b"what", b"why")


@pytest.mark.parametrize("public", [False, True], ids=["private", "public"])
@pytest.mark.parametrize("tree_in_welcome", [True, False], ids=["tree-inside", "tree-outside"])
def test_several_are_added_at_once(
    first: Peer, second: Peer, suite: int, *, public: bool, tree_in_welcome: bool
) -> None:
    ada, ben, cleo, dan = clients_of(first, second, suite)
    group = ada.create_group(b"several")
    added = group.commit(
        rpc.add(ben.key_package()),
        rpc.add(cleo.key_package()),
        public=public,
        tree_in_welcome=tree_in_welcome,
    )
    group.merge()
    assert added.welcome is not None
    tree = None if tree_in_welcome else added.ratchet_tree
    groups = [group, *(client.join(added.welcome, ratchet_tree=tree) for client in (ben, cleo))]
    agree(*groups)

    added = groups[1].commit(rpc.add(dan.key_package()), public=public, tree_in_welcome=tree_in_welcome)
    accept(groups[1], added, groups[0], groups[2])
    assert added.welcome is not None
    groups += [dan.join(added.welcome, ratchet_tree=None if tree_in_welcome else added.ratchet_tree)]
    agree(*groups)
    for group in groups:
        hear(group, *(other for other in groups if other is not group))


def test_a_welcome_without_its_tree_is_refused(first: Peer, second: Peer, suite: int) -> None:
    group = first.client(suite, b"ada").create_group(b"bare")
    ben = second.client(suite, b"ben")
    added = group.commit(rpc.add(ben.key_package()), tree_in_welcome=False)
    assert added.welcome is not None
    with pytest.raises(PeerRefusal):
        ben.join(added.welcome)


@pytest.mark.parametrize("public", [False, True], ids=["private", "public"])
def test_everybody_updates(first: Peer, second: Peer, suite: int, *, public: bool) -> None:
    groups = group_of_four(first, second, suite)
    for committer in groups:
        before = committer.view
        committed = committer.commit(public=public, aad=b"mine")
        others = [group for group in groups if group is not committer]
        for other in others:
            assert other.process(committed.commit).aad == b"mine"
        committer.merge()
        agree(*groups)
        assert committer.view.tree_hash != before.tree_hash
        hear(committer, *others)


@pytest.mark.parametrize("public", [False, True], ids=["private", "public"])
def test_update_proposals_are_committed_by_others(
    first: Peer, second: Peer, suite: int, *, public: bool
) -> None:
    ada, ben, cleo, dan = group_of_four(first, second, suite)
    tell(ben, rpc.update(), ada, cleo, dan, public=public)
    tell(cleo, rpc.update(), ada, ben, dan, public=public)
    accept(ada, ada.commit(public=public), ben, cleo, dan)
    tell(ada, rpc.update(), ben, cleo, dan, public=public)
    accept(dan, dan.commit(public=public), ada, ben, cleo)
    for committer in (ada, ben, cleo, dan):  # the new keys work in both directions
        accept(committer, committer.commit(), *(one for one in (ada, ben, cleo, dan) if one is not committer))


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_signature_keys_change(ours: Peer, theirs: Peer, suite: int) -> None:
    """Ours alone can do so."""
    ada, ben, cleo, dan = groups = group_of_four(ours, theirs, suite)
    before = {member.signature_key for member in ada.view.members}
    accept(ada, ada.commit(new_key=True, public=True), ben, cleo, dan)
    message, _ = cleo.propose(rpc.update(new_key=True))
    for other in (ada, ben, dan):
        other.process(message)
    accept(ben, ben.commit(), ada, cleo, dan)
    assert len(before & {member.signature_key for member in ada.view.members}) == 2
    for sender in groups:
        hear(sender, *(other for other in groups if other is not sender))
        accept(sender, sender.commit(), *(other for other in groups if other is not sender))


def test_members_leave_and_their_places_are_taken(first: Peer, second: Peer, suite: int) -> None:
    ada, ben, cleo, dan = group_of_four(first, second, suite)
    accept(ada, ada.commit(rpc.remove(1)), ben, cleo, dan)
    assert ben.view.status == "removed"
    tell(cleo, rpc.remove(2), ada, dan)  # a member asks to go
    accept(dan, dan.commit(), ada, cleo)
    assert cleo.view.status == "removed"
    with pytest.raises(PeerRefusal):
        ben.process(ada.encrypt(b"not for ben"))

    back = dan.commit(rpc.add(cleo.client.key_package()), rpc.add(ben.client.key_package()))
    accept(dan, back, ada)
    cleo, ben = welcomed(back, cleo.client, ben.client)
    agree(ada, ben, cleo, dan)
    assert (cleo.view.own_leaf, ben.view.own_leaf) == (1, 2)
    accept(cleo, cleo.commit(rpc.remove(3), rpc.remove(2)), ada, ben, dan)
    accept(cleo, cleo.commit(), ada)
    hear(ada, cleo)


def test_half_of_the_tree_is_blank(first: Peer, second: Peer, suite: int) -> None:
    """Then the root has no key, and the path ends below it."""
    ada, ben, cleo, dan = group_of_four(first, second, suite)
    accept(dan, dan.commit(rpc.remove(0), rpc.remove(1)), ada, ben, cleo)
    accept(cleo, cleo.commit(), dan)
    accept(dan, dan.commit(), cleo)
    eve = second.client(suite, b"eve")
    joined, commit = eve.external_join(cleo.group_info()[0])
    for group in (cleo, dan):
        group.process(commit)
    agree(cleo, dan, joined)
    accept(joined, joined.commit(), cleo, dan)


def test_the_tree_shrinks_by_more_than_half(first: Peer, second: Peer, suite: int) -> None:
    ada, ben, cleo, dan = group_of_four(first, second, suite)
    eve = second.client(suite, b"eve")
    made = cleo.commit(rpc.add(eve.key_package()))
    accept(cleo, made, ada, ben, dan)
    (last,) = welcomed(made, eve)
    accept(last, last.commit(rpc.remove(2), rpc.remove(3)), ada, ben, cleo, dan)
    accept(ben, ben.commit(rpc.remove(4)), ada, last)
    made = ada.commit(rpc.add(cleo.client.key_package()), rpc.add(dan.client.key_package()))
    accept(ada, made, ben)
    agree(ada, ben, *welcomed(made, cleo.client, dan.client))


def test_newcomers_check_a_tree_with_unmerged_leaves(first: Peer, second: Peer, suite: int) -> None:
    """A leaf that came without a path is unmerged at two levels: parent hashes are older than it."""
    clients = [(first, second)[number % 2].client(suite, b"%d" % number) for number in range(8)]
    creator, *others, last = clients
    group = creator.create_group(b"unmerged")
    made = group.commit(*(rpc.add(other.key_package()) for other in others))
    group.merge()
    groups = [group, *welcomed(made, *others)]
    for committer in (groups[5], groups[0]):  # sets the right half's key, then the root's
        accept(committer, committer.commit(), *(one for one in groups if one is not committer))
    made = groups[1].commit(rpc.add(last.key_package()), path=False)
    accept(groups[1], made, *(one for one in groups if one is not groups[1]))
    groups += welcomed(made, last)
    agree(*groups)
    for peer in (first, second):
        outside, _ = peer.client(suite, b"outside").external_join(groups[0].group_info()[0])
        outside.forget()
    accept(groups[7], groups[7].commit(), *groups[:7])


def test_removed_and_added_in_one_commit(first: Peer, second: Peer, suite: int) -> None:
    ada, ben, cleo, dan = group_of_four(first, second, suite)
    eve, finn = second.client(suite, b"eve"), first.client(suite, b"finn")
    for committer, gone, new, others in ((ada, ben, eve, [cleo, dan]), (dan, cleo, finn, [ada])):
        swap = committer.commit(rpc.remove(gone.view.own_leaf), rpc.add(new.key_package()))
        accept(committer, swap, gone, *others)
        (joined,) = welcomed(swap, new)
        assert joined.view.own_leaf == gone.view.own_leaf
        agree(committer, joined, *others)
        hear(joined, committer, *others)


def test_external_psks(first: Peer, second: Peer, suite: int) -> None:
    for peer in (first, second):
        for number in (1, 2):
            peer.know_psk(b"shared %d" % number, bytes([number]) * 40)
    ada, ben, cleo, dan = group_of_four(first, second, suite)
    for committer, others in ((ada, (ben, cleo, dan)), (dan, (ada, ben, cleo))):
        for public in (False, True):
            made = committer.commit(rpc.psk(b"shared 1"), rpc.psk(b"shared 2"), public=public)
            accept(committer, made, *others)
    tell(ben, rpc.psk(b"shared 1"), ada, cleo, dan)
    eve, finn = first.client(suite, b"eve"), second.client(suite, b"finn")
    adds = [rpc.add(client.key_package()) for client in (eve, finn)]
    made = cleo.commit(*adds, rpc.psk(b"shared 2"))
    accept(cleo, made, ada, ben, dan)
    agree(ada, *welcomed(made, eve, finn))


def test_an_unknown_psk_is_refused(first: Peer, second: Peer, suite: int) -> None:
    ada, ben, *_ = group_of_four(first, second, suite)
    known_here = os.urandom(8)
    first.know_psk(known_here, b"x" * 32)
    before = ben.view.shared()
    with pytest.raises(PeerRefusal):
        ben.process(ada.commit(rpc.psk(known_here)).commit)
    assert ben.look().shared() == before
    ada.discard()
    accept(ben, ben.commit(), ada)


def test_resumption_psks(first: Peer, second: Peer, suite: int) -> None:
    groups = group_of_four(first, second, suite)
    for committer in groups:
        others = [group for group in groups if group is not committer]
        accept(committer, committer.commit(), *others)
        epoch = committer.view.epoch
        accept(committer, committer.commit(rpc.resumption_psk(epoch - 1)), *others)
        tell(others[0], rpc.resumption_psk(epoch), committer, *others[1:])
        accept(committer, committer.commit(), *others)


@pytest.mark.parametrize("with_tree", [True, False], ids=["tree-inside", "tree-outside"])
def test_external_join(first: Peer, second: Peer, suite: int, *, with_tree: bool) -> None:
    groups = group_of_four(first, second, suite)
    for peer, name in ((second, b"eve"), (first, b"finn")):
        for host in groups[:2]:
            info, tree = host.group_info(with_tree=with_tree)
            joiner = peer.client(suite, name + b"%d" % host.view.own_leaf)
            joined, commit = joiner.external_join(info, ratchet_tree=None if with_tree else tree, aad=b"hi")
            for group in groups:
                assert group.process(commit).aad == b"hi"
            groups.append(joined)
            agree(*groups)
            hear(joined, *groups[:-1])
    accept(groups[-1], groups[-1].commit(rpc.remove(1)), *groups[:-1])


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_external_join_with_a_psk(ours: Peer, theirs: Peer, suite: int) -> None:
    """Ours alone can do so."""
    for peer in (ours, theirs):
        peer.know_psk(b"at the door", b"d" * 32)
    ada, ben, *_ = groups = group_of_four(theirs, ours, suite)
    joined, commit = ours.client(suite, b"eve").external_join(ben.group_info()[0], psks=[b"at the door"])
    for group in groups:
        group.process(commit)
    agree(ada, joined, *groups)


def test_resync(first: Peer, second: Peer, suite: int) -> None:
    groups = group_of_four(first, second, suite)
    for lost in (0, 3, 1):
        client = groups[lost].client
        others = [group for group in groups if group is not groups[lost]]
        back, commit = client.external_join(others[0].group_info()[0], resync=True)
        for other in others:
            other.process(commit)
        agree(back, *others)
        assert len(back.view.members) == 4
        groups[lost] = back
        hear(others[0], back)


def test_the_commit_that_lost_is_discarded(first: Peer, second: Peer, suite: int) -> None:
    ada, ben, cleo, dan = group_of_four(first, second, suite)
    for winner, loser, other in ((ada, ben, cleo), (ben, ada, cleo), (cleo, dan, ada)):
        eve = second.client(suite, b"eve")
        lost = loser.commit(rpc.add(eve.key_package()), rpc.remove(other.view.own_leaf))
        won = winner.commit()
        before = loser.view.shared()
        assert loser.discard().shared() == before
        accept(winner, won, *(one for one in (ada, ben, cleo, dan) if one is not winner))
        with pytest.raises(PeerRefusal):
            other.process(lost.commit)
        hear(loser, winner, other)


def test_a_lost_external_join_is_tried_again(first: Peer, second: Peer, suite: int) -> None:
    ada, ben, cleo, dan = groups = group_of_four(first, second, suite)
    eve = second.client(suite, b"eve")
    late, commit = eve.external_join(ada.group_info()[0])
    accept(ada, ada.commit(), ben, cleo, dan)
    for group in groups:
        with pytest.raises(PeerRefusal):
            group.process(commit)
    late.forget()
    joined, commit = eve.external_join(ada.group_info()[0])
    for group in groups:
        group.process(commit)
    agree(joined, *groups)


@pytest.mark.parametrize("public", [False, True], ids=["private", "public"])
def test_only_some_pending_proposals_are_taken_in(
    first: Peer, second: Peer, suite: int, *, public: bool
) -> None:
    ada, ben, cleo, dan = group_of_four(first, second, suite)
    eve = second.client(suite, b"eve")
    gone = tell(ben, rpc.remove(3), ada, cleo, dan, public=public)
    new = tell(cleo, rpc.add(eve.key_package()), ada, ben, dan, public=public)
    tell(cleo, rpc.update(), ada, ben, dan, public=public)
    made = ada.commit(references=[new, gone], public=public)
    accept(ada, made, ben, cleo, dan)
    (joined,) = welcomed(made, eve)
    assert joined.view.own_leaf == 3
    agree(ada, ben, cleo, joined)
    assert not ada.view.pending


def test_own_pending_proposals_are_committed(first: Peer, second: Peer, suite: int) -> None:
    ada, ben, cleo, dan = group_of_four(first, second, suite)
    for proposer, others in ((ada, (ben, cleo, dan)), (ben, (ada, cleo, dan))):
        tell(proposer, rpc.extensions(), *others)
        accept(proposer, proposer.commit(rpc.resumption_psk(proposer.view.epoch)), *others)


def test_grease_is_carried_and_ignored(first: Peer, second: Peer, suite: int) -> None:
    """RFC 9420 §13.5: values nobody knows, wherever they may stand."""
    options: rpc.Reply = {
        "capabilities": {
            "suites": GREASE[:3],
            "extensions": [*GREASE[2:6], PRIVATE_EXTENSION],
            "proposals": GREASE[4:7],
            "credentials": GREASE[6:9],
        },
        "key_package_extensions": [rpc.extension(GREASE[2], b""), rpc.extension(GREASE[3], b"grease")],
        "leaf_extensions": [rpc.extension(GREASE[4], b"grease"), rpc.extension(GREASE[5], b"")],
    }
    needed = rpc.extension(REQUIRED_CAPABILITIES, b"\x02" + GREASE[2].to_bytes(2) + b"\x00\x02\x00\x01")
    shown = [rpc.extension(GREASE[9], b"grease"), rpc.extension(GREASE[10], b"")]
    ada, ben, cleo, dan = groups = group_of_four(first, second, suite, **options)
    accept(ben, ben.commit(rpc.extensions(needed, rpc.extension(GREASE[3], b"x"))), ada, cleo, dan)

    eve, finn = second.client(suite, b"eve"), first.client(suite, b"finn")
    made = ada.commit(rpc.add(eve.key_package(**options)), group_info_extensions=shown)
    accept(ada, made, ben, cleo, dan)
    groups += welcomed(made, eve)
    joined, commit = finn.external_join(ben.group_info(extensions=shown)[0], **options)
    for group in groups:
        group.process(commit)
    agree(joined, *groups)
    for committer in (*groups, joined):
        accept(committer, committer.commit(), *(one for one in (*groups, joined) if one is not committer))


def test_group_context_extensions(first: Peer, second: Peer, suite: int) -> None:
    options: rpc.Reply = {"capabilities": {"extensions": [PRIVATE_EXTENSION]}}
    needed = rpc.extension(REQUIRED_CAPABILITIES, b"\x02\xf0\xe1\x00\x02\x00\x01")
    own = rpc.extension(PRIVATE_EXTENSION, b"a name")
    ada, ben, cleo, dan = group_of_four(first, second, suite, **options)
    for committer, others in ((ada, (ben, cleo, dan)), (ben, (ada, cleo, dan))):
        for wanted in ([own], [needed, own], [needed], []):
            for public in (False, True):
                accept(committer, committer.commit(rpc.extensions(*wanted), public=public), *others)
                assert [kind for kind, _ in ada.view.extensions] == [item["type"] for item in wanted]
        tell(committer, rpc.extensions(own), *others)
        accept(cleo, cleo.commit(), *(one for one in (ada, ben, dan) if one is not cleo))


def test_required_capabilities_from_the_start(first: Peer, second: Peer, suite: int) -> None:
    needed = rpc.extension(REQUIRED_CAPABILITIES, b"\x02\xf0\xe1\x00\x02\x00\x01")
    able: rpc.Reply = {"capabilities": {"extensions": [PRIVATE_EXTENSION]}}
    ada, ben = first.client(suite, b"ada"), second.client(suite, b"ben")
    group = ada.create_group(b"required", extensions=[needed], **able)
    with pytest.raises(PeerRefusal):
        group.commit(rpc.add(ben.key_package()))
    made = group.commit(rpc.add(ben.key_package(**able)))
    group.merge()
    agree(group, *welcomed(made, ben))


def test_messages_come_late_and_out_of_order(first: Peer, second: Peer, suite: int) -> None:
    ada, ben, cleo, dan = group_of_four(first, second, suite)
    for sender, others in ((ada, (ben, cleo, dan)), (dan, (ada, ben, cleo))):
        sent = [(sender.encrypt(data), data) for data in (b"", b"one", b"two" * 300, b"three")]
        committer = others[0]
        accept(committer, committer.commit(), sender, *others[1:])
        for other in others:
            for message, data in reversed(sent):
                assert other.process(message).data == data
            for message, _ in sent:
                with pytest.raises(PeerRefusal):
                    other.process(message)


def test_a_new_member_proposes_itself(first: Peer, second: Peer, suite: int) -> None:
    ada, ben, cleo, dan = group_of_four(first, second, suite)
    eve = second.client(suite, b"eve")
    message = eve.propose_joining(ada.group_info()[0])
    for group in (ada, ben, cleo, dan):
        assert group.process(message).kind == "proposal"
    agree(ada, ben, cleo, dan)
    made = ada.commit()
    accept(ada, made, ben, cleo, dan)
    agree(ada, *welcomed(made, eve))


def test_an_external_sender_proposes(first: Peer, second: Peer, suite: int) -> None:
    ada, ben, cleo, dan = group_of_four(first, second, suite)
    guard, warden = second.client(suite, b"guard"), second.client(suite, b"warden")
    accept(ada, ada.commit(rpc.extensions(second.external_senders(guard, warden))), ben, cleo, dan)
    message = warden.propose_from_outside(ada.group_info()[0], remove=3)
    for group in (ada, ben, cleo, dan):
        assert group.process(message).kind == "proposal"
    accept(cleo, cleo.commit(), ada, ben, dan)
    assert dan.view.status == "removed"
    stranger = second.client(suite, b"stranger")
    with pytest.raises(PeerRefusal):
        ada.process(stranger.propose_from_outside(ada.group_info()[0], remove=0))


def test_branch(first: Peer, second: Peer, suite: int) -> None:
    ada, ben, cleo, dan = group_of_four(first, second, suite)
    side, made = ada.branch(b"some of us", [one.client.key_package() for one in (ben, cleo)])
    assert made.welcome is not None
    others = [
        one.client.join(made.welcome, ratchet_tree=made.ratchet_tree, predecessor=one) for one in (ben, cleo)
    ]
    agree(side, *others)
    accept(others[0], others[0].commit(), side, others[1])
    agree(ada, ben, cleo, dan)


def test_reinit(first: Peer, second: Peer, suite: int) -> None:
    ada, ben, cleo, dan = group_of_four(first, second, suite)
    made = ben.commit(rpc.reinit(b"anew", suite, rpc.extension(REQUIRED_CAPABILITIES, bytes(3))))
    for group in (ada, cleo, dan):
        group.process(made.commit)
    ben.merge()
    for group in (ada, ben, cleo, dan):
        assert group.view.status == "suspended"
        with pytest.raises(PeerRefusal):
            group.commit()
    fresh, made = ada.recreate(ada.client, [one.client.key_package() for one in (ben, cleo, dan)])
    assert made.welcome is not None
    others = [
        one.client.join(made.welcome, ratchet_tree=made.ratchet_tree, predecessor=one)
        for one in (ben, cleo, dan)
    ]
    agree(fresh, *others)
    assert (fresh.view.group_id, fresh.view.epoch) == (b"anew", 1)
    accept(others[0], others[0].commit(), fresh, *others[1:])


def test_changed_bytes_are_refused_and_change_nothing(first: Peer, second: Peer, suite: int) -> None:
    ada, ben, cleo, dan = group_of_four(first, second, suite)
    for public in (False, True):
        made = ada.commit(public=public)
        before = ben.view.shared()
        for place in (40, len(made.commit) // 2, len(made.commit) - 1):
            changed = bytearray(made.commit)
            changed[place] ^= 1
            with pytest.raises(PeerRefusal):
                ben.process(bytes(changed))
        with pytest.raises(PeerRefusal):
            ben.process(made.commit[:-1])
        assert ben.look().shared() == before
        accept(ada, made, ben, cleo, dan)
        with pytest.raises(PeerRefusal):
            ben.process(made.commit)


def test_key_packages_out_of_their_time_are_not_added(first: Peer, second: Peer, suite: int) -> None:
    now = int(time.time())
    group = first.client(suite, b"ada").create_group(b"time")
    for lifetime in ((now - 7200, now - 3600), (now + 3600, now + 7200)):
        with pytest.raises(PeerRefusal):
            group.commit(rpc.add(second.client(suite, b"ben").key_package(lifetime=lifetime)))
    group.commit(rpc.add(second.client(suite, b"ben").key_package(lifetime=(now - 60, now + 3600))))


def test_nobody_is_added_twice(first: Peer, second: Peer, suite: int) -> None:
    ada, ben, *_ = group_of_four(first, second, suite)
    with pytest.raises(PeerRefusal):
        ada.commit(rpc.add(ben.client.key_package()))
    eve = second.client(suite, b"eve")
    with pytest.raises(PeerRefusal):
        ada.commit(rpc.add(eve.key_package()), rpc.add(eve.key_package()))


def test_members_go_on_after_a_restart(first: Peer, second: Peer, suite: int) -> None:
    ada, ben, cleo, dan = groups = group_of_four(first, second, suite)
    late = dan.encrypt(b"sent before")
    tell(ada, rpc.update(), ben, cleo, dan)
    for group in groups:
        group.restart()
    agree(*groups)
    accept(ben, ben.commit(), ada, cleo, dan)
    assert cleo.process(late).data == b"sent before"
    for group in groups:
        group.restart()
        hear(group, *(other for other in groups if other is not group))
