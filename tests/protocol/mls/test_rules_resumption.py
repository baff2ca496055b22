"""The rules of groups that continue another: ReInit and branch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mls_forge as forge
from mls_world import ALLOW, CHACHA, NOW, X25519, Client, agree, commit_by

from swarm_protocol import mls
from swarm_protocol.mls import ResumptionPSKUsage as Usage

KNOWS = forge.capabilities(extensions=(forge.NOVEL,))
NOVEL = forge.code_point(forge.NOVEL)
PLAN = mls.ReInit(b"successor", 1, X25519.id, (NOVEL,))
ANYBODY = replace(ALLOW, same_client=lambda _old, _new: True)


def frozen(plan: mls.ReInit = PLAN) -> list[mls.GroupState]:
    return commit_by(forge.group(3), 1, [plan])[0]


def packages(*names: str, suite: mls.CipherSuite = X25519) -> list[mls.OwnKeyPackage]:
    able = replace(KNOWS, cipher_suites=(suite.id,))
    return [Client.make(suite, name, "again").key_package(capabilities=able) for name in names]


def members(n: int = 3, suite: mls.CipherSuite = X25519) -> list[mls.OwnKeyPackage]:
    return packages(*(f"member {i}" for i in range(n)), suite=suite)


def successor(
    old: mls.GroupState, owns: list[mls.OwnKeyPackage], policy: mls.Policy = ALLOW
) -> mls.PendingCommit:
    given = [own.key_package for own in owns[1:]]
    return mls.reinitialise(old, owns[0], given, policy=policy, entropy=forge.RANDOM, now=NOW)[1]


def branched(
    old: mls.GroupState, owns: list[mls.OwnKeyPackage], policy: mls.Policy = ALLOW
) -> mls.PendingCommit:
    given = [own.key_package for own in owns[1:]]
    return mls.branch(old, owns[0], given, b"branch", policy=policy, entropy=forge.RANDOM, now=NOW)[1]


def joined(own: mls.OwnKeyPackage, pending: mls.PendingCommit, old: mls.GroupState) -> mls.GroupState:
    assert pending.welcome is not None
    return mls.join(own, pending.welcome, predecessor=old, policy=ALLOW)


def refuse(rule: str, own: mls.OwnKeyPackage, pending: mls.PendingCommit, old: mls.GroupState) -> None:
    before = mls.archive.encode(old)
    with forge.refusing(rule):
        joined(own, pending, old)
    assert mls.archive.encode(old) == before


def changed(
    own: mls.OwnKeyPackage, pending: mls.PendingCommit, old: mls.GroupState, **changes: Any
) -> mls.PendingCommit:
    """A successor's Welcome altered and sealed anew, by who knows the PSK of the predecessor."""
    assert pending.welcome is not None
    psk = old.secrets.resumption_psk
    again = forge.welcome_again(own, pending.welcome, pending.staged.after, psk=psk, **changes)
    return replace(pending, welcome=again)


# reinit-matches


def test_reinit_matches_holds() -> None:
    for suite in (X25519, CHACHA):
        states = frozen(replace(PLAN, cipher_suite=suite.id))
        owns = members(suite=suite)
        pending = successor(states[0], owns)
        last = joined(owns[2], pending, states[2])
        assert agree([pending.staged.after, last])
        assert (last.epoch, last.group_id, last.suite) == (1, b"successor", suite)
        assert last.context.extensions == (NOVEL,)


def test_reinit_matches_refused() -> None:
    states, owns = frozen(), members()
    for plan in (replace(PLAN, group_id=b"another"), replace(PLAN, extensions=())):
        pending = successor(replace(states[0], reinit=plan), owns)
        refuse("reinit-matches", owns[2], pending, states[2])


def test_reinit_matches_refused_in_another_suite() -> None:
    states, owns = frozen(), members(suite=CHACHA)
    pending = successor(replace(states[0], reinit=replace(PLAN, cipher_suite=CHACHA.id)), owns)
    refuse("reinit-matches", owns[2], pending, states[2])


def test_reinit_matches_refused_in_a_later_epoch() -> None:
    states, owns = frozen(), members()
    pending = changed(owns[2], successor(states[0], owns), states[2])
    assert agree([joined(owns[2], pending, states[2])])
    for epoch in (0, 2):
        later = changed(owns[2], successor(states[0], owns), states[2], epoch=epoch)
        refuse("reinit-matches", owns[2], later, states[2])


def test_reinit_matches_refused_where_none_was_committed() -> None:
    states, owns = forge.group(3), members()
    forged = replace(states[0], reinit=PLAN, status=mls.Status.REINITIALISED)
    refuse("reinit-matches", owns[2], successor(forged, owns), states[2])


def test_reinit_matches_refused_under_the_psk_of_an_earlier_epoch() -> None:
    states, owns = frozen(), members()
    epoch = states[2].epoch - 1
    psk_id = mls.PreSharedKeyID.resumption(Usage.REINIT, b"group", epoch, bytes(32))
    psk = states[2].resumption_psk(epoch)
    assert psk is not None
    early = changed(owns[2], successor(states[0], owns), states[2], psks=[(psk_id, psk)])
    refuse("reinit-matches", owns[2], early, states[2])


# reinit-members


def test_reinit_members_holds() -> None:
    states, owns = frozen(), members()
    # Somebody new beside all the old ones breaks no rule; whether it may be is the application's to say.
    pending = successor(states[0], [*owns, *packages("somebody new")])
    assert agree([pending.staged.after, joined(owns[1], pending, states[1])])


def test_reinit_members_refused() -> None:
    states, owns = frozen(), members()
    pending = successor(states[0], [owns[0], owns[2]], ANYBODY)
    refuse("reinit-members", owns[2], pending, states[2])


# branch-matches


def test_branch_matches_holds() -> None:
    states, owns = forge.group(3), members()
    pending = branched(states[0], owns[:2])
    assert agree([pending.staged.after, joined(owns[1], pending, states[1])])


def test_branch_matches_refused() -> None:
    states, owns = forge.group(3), members(suite=CHACHA)
    pending = branched(replace(states[0], suite=CHACHA), owns[:2])
    refuse("branch-matches", owns[1], pending, states[1])


def test_branch_matches_refused_in_a_later_epoch() -> None:
    states, owns = forge.group(3), members()
    pending = branched(states[0], owns[:2])
    assert agree([joined(owns[1], changed(owns[1], pending, states[1]), states[1])])
    for epoch in (0, 2):
        later = changed(owns[1], pending, states[1], epoch=epoch)
        refuse("branch-matches", owns[1], later, states[1])


# branch-members


def test_branch_members_holds() -> None:
    states, owns = forge.group(3), members()
    pending = branched(states[0], owns)
    assert agree([pending.staged.after, joined(owns[2], pending, states[2])])


def test_branch_members_refused() -> None:
    states, owns = forge.group(3), members()
    pending = branched(states[0], [*owns[:2], *packages("somebody new")], ANYBODY)
    refuse("branch-members", owns[1], pending, states[1])


# Both


def test_without_the_predecessor_its_psk_is_unknown() -> None:
    states, owns = forge.group(3), members()
    pending = branched(states[0], owns[:2])
    assert pending.welcome is not None
    for old in (None, replace(states[1], context=replace(states[1].context, group_id=b"another"))):
        with forge.refusing("psk-known"):
            mls.join(owns[1], pending.welcome, predecessor=old, policy=ALLOW)


def test_a_group_that_we_were_removed_from_has_no_psk() -> None:
    states, _ = commit_by(forge.group(3), 0, [mls.Remove(2)])
    gone, owns = states[2], members()
    assert gone.status is mls.Status.REMOVED
    assert gone.resumption_psk(gone.epoch) is None
    # An empty PSK is what anybody could mix in.
    empty = replace(states[0], secrets=replace(states[0].secrets, resumption_psk=b""))
    pending = branched(empty, [owns[0], owns[1]])
    refuse("psk-known", owns[1], pending, replace(gone, tree=states[0].tree))
