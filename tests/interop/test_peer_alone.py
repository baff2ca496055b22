"""ts-mls with itself: when this fails, the install is broken, not our interop with it."""

from __future__ import annotations

import pytest

from . import rpc
from .histories import History
from .rpc import SUITES, Group, Peer, PeerRefusal

pytestmark = pytest.mark.interop


def agree(*groups: Group) -> None:
    views = [group.look().shared() for group in groups]
    assert all(view == views[0] for view in views[1:])


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_life_of_a_group(theirs: Peer, suite: int) -> None:
    ada, ben, cleo = (theirs.client(suite, name) for name in (b"ada", b"ben", b"cleo"))
    first = ada.create_group(b"life")

    made = first.commit(rpc.add(ben.key_package()), rpc.add(cleo.key_package()), tree_in_welcome=False)
    first.merge()
    assert made.welcome is not None
    second = ben.join(made.welcome, ratchet_tree=made.ratchet_tree)
    third = cleo.join(made.welcome, ratchet_tree=made.ratchet_tree)
    agree(first, second, third)

    received = third.process(second.encrypt(b"hello", aad=b"about it"))
    assert (received.kind, received.data, received.aad) == ("application", b"hello", b"about it")

    proposed, reference = second.propose(rpc.update(), public=True)
    assert first.process(proposed).reference == third.process(proposed).reference == reference
    made = third.commit(public=True)
    for group in (first, second):
        group.process(made.commit)
    third.merge()
    agree(first, second, third)

    made = first.commit(rpc.remove(third.view.own_leaf))
    assert third.process(made.commit).view is not None
    assert third.view.status == "removed"
    second.process(made.commit)
    first.merge()
    agree(first, second)

    back, commit = cleo.external_join(second.group_info()[0])
    for group in (first, second):
        group.process(commit)
    agree(first, second, back)
    back, commit = cleo.external_join(first.group_info()[0], resync=True)
    for group in (first, second):
        group.process(commit)
    agree(first, second, back)
    for group in (first, second, back):
        assert group.restart().shared() == first.view.shared()


@pytest.mark.parametrize("suite", SUITES, ids=hex)
def test_random_history(theirs: Peer, suite: int) -> None:
    History(suite, 1, [theirs]).run(30)


def test_errors_come_back_and_the_peer_lives_on(theirs: Peer) -> None:
    with pytest.raises(PeerRefusal, match="no such method"):
        theirs.call("sing")
    with pytest.raises(PeerRefusal, match="no such group"):
        theirs.call("view", group="group-0")
    assert theirs.call("hello")["peer"] == "ts-mls"


def test_faults_that_are_mended_are_there_as_published(theirs_as_published: Peer) -> None:
    """When one of these is gone, so should its entry in mends.mjs be."""
    ada, ben, cleo = (theirs_as_published.client(1, name) for name in (b"ada", b"ben", b"cleo"))
    group = ada.create_group(b"faults", extensions=[rpc.extension(3, bytes(3))])
    made = group.commit(rpc.add(ben.key_package()), rpc.add(cleo.key_package()))
    group.merge()
    second = ben.join(made.welcome or b"")

    pathless = group.commit(rpc.remove(2), public=True)
    assert len(pathless.commit) < 300
    assert second.process(pathless.commit).kind == "commit"
    group.merge()

    made = group.commit(rpc.extensions())
    assert group.merge().extensions == ((3, bytes(3)),)
