"""A group's life from its first member to its successor, in every suite of the product."""

from __future__ import annotations

import pytest
from mls_world import ALLOW, HYBRID, NOW, X25519, Client, agree, clients, commit_by, group_of, receive

from swarm_protocol import mls
from swarm_protocol.errors import LimitError, UnexpectedMessage, UsageError
from swarm_protocol.testing import SeededEntropy

SUITES = [mls.CRYPTO.suite(number) for number in mls.PRODUCT_SUITES]


@pytest.fixture(params=SUITES, ids=lambda s: s.name)
def suite(request: pytest.FixtureRequest) -> mls.CipherSuite:
    return request.param  # type: ignore[no-any-return]


def test_everybody_reads_what_one_writes(suite: mls.CipherSuite) -> None:
    states = group_of(4, suite)
    assert agree(states)
    states[2], message = mls.encrypt(states[2], b"hello", authenticated_data=b"aad", entropy=SeededEntropy(1))
    for reader in (0, 1, 3):
        _, event = mls.process(states[reader], message, policy=ALLOW)
        assert isinstance(event, mls.ApplicationMessage)
        assert (event.data, event.authenticated_data, event.sender) == (b"hello", b"aad", 2)
        assert event.leaf.credential == Client.make(suite, "member 2").credential


def test_updates_removals_and_additions(suite: mls.CipherSuite) -> None:
    states = group_of(4, suite)
    states, _ = commit_by(states, 1)
    states[3], update = mls.propose_update(states[3], policy=ALLOW, entropy=SeededEntropy(2), now=NOW)
    states = [s if i == 3 else receive(s, update) for i, s in enumerate(states)]
    states, _ = commit_by(states, 0)
    assert agree(states)
    states, _ = commit_by(states, 3, [mls.Remove(1)])
    assert states[1].status is mls.Status.REMOVED
    newcomer = Client.make(suite, "newcomer").key_package()
    rest = [states[0], states[2], states[3]]
    rest, pending = commit_by(rest, 1, [mls.Add(newcomer.key_package)], tree_in_welcome=False)
    assert pending.welcome is not None
    rest.append(mls.join(newcomer, pending.welcome, ratchet_tree=pending.ratchet_tree, policy=ALLOW))
    assert rest[-1].own_leaf == 1
    assert agree(rest)


def test_an_outsider_joins_and_comes_back(suite: mls.CipherSuite) -> None:
    states = group_of(2, suite)
    outsider = Client.make(suite, "outsider")
    for resync in (None, 2):
        joined = mls.external_join(
            outsider.key_package(),
            mls.group_info(states[0]),
            resync=resync,
            policy=ALLOW,
            entropy=SeededEntropy(f"external {resync}"),
        )
        states = [*[receive(s, joined.message) for s in states[:2]], joined.state]
        assert agree(states)
        assert states[2].own_leaf == 2


def test_a_member_leaves_by_its_own_remove_proposal(suite: mls.CipherSuite) -> None:
    states = group_of(3, suite)
    states[2], leaving = mls.propose(
        states[2], mls.Remove(2), policy=ALLOW, entropy=SeededEntropy(3), now=NOW
    )
    states = [s if i == 2 else receive(s, leaving) for i, s in enumerate(states)]
    states, _ = commit_by(states, 0)
    assert states[2].status is mls.Status.REMOVED
    assert agree(states)
    with pytest.raises(UsageError, match="removed"):
        mls.encrypt(states[2], b"still here", entropy=SeededEntropy(4))


def test_a_commit_that_lost_is_dropped_and_the_winner_followed(suite: mls.CipherSuite) -> None:
    states = group_of(3, suite)
    mine, lost = mls.commit(states[0], policy=ALLOW, entropy=SeededEntropy(5), now=NOW)
    assert mls.archive.decode_staged(mls.archive.encode_staged(lost.staged)) == lost.staged
    theirs, won = mls.commit(states[1], policy=ALLOW, entropy=SeededEntropy(6), now=NOW)
    after = [
        receive(mine, won.message),
        mls.merge(theirs, won.staged, now=NOW),
        receive(states[2], won.message),
    ]
    assert agree(after)
    with pytest.raises(UsageError, match="another epoch"):
        mls.merge(after[0], lost.staged, now=NOW)
    with pytest.raises(UnexpectedMessage):
        mls.process(after[2], lost.message, policy=ALLOW)


def test_reinitialised_in_another_suite_and_branched(suite: mls.CipherSuite) -> None:
    other = HYBRID if suite is X25519 else X25519
    states = group_of(3, suite)
    states, _ = commit_by(states, 1, [mls.ReInit(b"successor", 1, other.id)])
    with pytest.raises(UsageError, match="reinitialised"):
        mls.encrypt(states[0], b"too late", entropy=SeededEntropy(7))
    owns = [c.key_package() for c in clients(other, 3)]
    first, pending = mls.reinitialise(
        states[0], owns[0], [o.key_package for o in owns[1:]], policy=ALLOW, entropy=SeededEntropy(8), now=NOW
    )
    assert pending.welcome is not None
    successors = [mls.merge(first, pending.staged, now=NOW)]
    for own, old in zip(owns[1:], states[1:], strict=True):
        successors.append(mls.join(own, pending.welcome, predecessor=old, policy=ALLOW))
    assert agree(successors)
    owns = [c.key_package() for c in clients(other, 2)]
    first, pending = mls.branch(
        successors[0],
        owns[0],
        [owns[1].key_package],
        b"branch",
        policy=ALLOW,
        entropy=SeededEntropy(9),
        now=NOW,
    )
    assert pending.welcome is not None
    second = mls.join(owns[1], pending.welcome, predecessor=successors[1], policy=ALLOW)
    assert agree([mls.merge(first, pending.staged, now=NOW), second])


def test_late_messages_of_a_past_epoch_open_until_it_expires() -> None:
    states = group_of(3)
    states[0], early = mls.encrypt(states[0], b"early", entropy=SeededEntropy(10))
    states[0], late = mls.encrypt(states[0], b"late", entropy=SeededEntropy(11))
    states, _ = commit_by(states, 1)
    states[2], event = mls.process(states[2], early, policy=ALLOW)
    assert isinstance(event, mls.ApplicationMessage)
    assert event.epoch == states[2].epoch - 1
    expired = mls.expire(states[2], now=NOW + states[2].config.past_epoch_seconds + 1)
    with pytest.raises(UnexpectedMessage):
        mls.process(expired, late, policy=ALLOW)
    states[2], event = mls.process(states[2], late, policy=ALLOW)
    assert isinstance(event, mls.ApplicationMessage)


def test_who_was_told_of_proposals_commits_before_sending() -> None:
    states = group_of(2)
    states[1], update = mls.propose_update(states[1], policy=ALLOW, entropy=SeededEntropy(12), now=NOW)
    states[0] = receive(states[0], update)
    for state in states:
        with pytest.raises(UsageError, match="proposals wait"):
            mls.encrypt(state, b"first", entropy=SeededEntropy(13))
    states, _ = commit_by(states, 0)
    states[1], _ = mls.encrypt(states[1], b"first", entropy=SeededEntropy(14))


def test_exported_secrets_are_those_of_the_epoch() -> None:
    states = group_of(3)
    before = {mls.export(s, "label", b"context", 48) for s in states}
    states, _ = commit_by(states, 0)
    after = {mls.export(s, "label", b"context", 48) for s in states}
    assert len(before) == len(after) == 1
    assert before != after


def test_only_so_many_proposals_may_wait() -> None:
    states = group_of(3, config=mls.GroupConfig(max_proposals=2))
    entropy = SeededEntropy(15)
    sent = []
    for _ in range(2):
        states[1], update = mls.propose_update(states[1], public=True, policy=ALLOW, entropy=entropy, now=NOW)
        sent.append(update)
    with pytest.raises(LimitError, match="2 proposals wait"):
        mls.propose_update(states[1], policy=ALLOW, entropy=entropy, now=NOW)
    for update in sent:
        states[0] = receive(states[0], update)
    assert receive(states[0], sent[0]) == states[0]
    states[2], removal = mls.propose(states[2], mls.Remove(2), policy=ALLOW, entropy=entropy, now=NOW)
    with pytest.raises(UnexpectedMessage, match="2 proposals wait"):
        mls.process(states[0], removal, policy=ALLOW)


def test_unknown_extensions_of_a_group_info_are_passed_over() -> None:
    grease = mls.Extension(0x3A3A, b"means nothing")
    states = group_of(2)
    newcomer = Client.make(X25519, "newcomer").key_package()
    plain, _ = commit_by(states, 0)
    states, pending = commit_by(states, 0, [mls.Add(newcomer.key_package)], group_info_extensions=[grease])
    assert pending.welcome is not None
    assert agree([*states, mls.join(newcomer, pending.welcome, policy=ALLOW)])
    outsider = Client.make(X25519, "outsider").key_package()
    info = mls.group_info(plain[0], extensions=[grease])
    joined = mls.external_join(outsider, info, policy=ALLOW, entropy=SeededEntropy(16))
    assert agree([*[receive(s, joined.message) for s in plain], joined.state])
