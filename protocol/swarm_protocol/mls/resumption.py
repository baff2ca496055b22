"""Continuing a group in another: ReInit and branch (RFC 9420 §11.2, §11.3).

Both make a new group of key packages that the members gave for it, and tie it to the old one by a resumption
PSK: who was not in the old epoch cannot join. Two members may race to make it; the application says whose
Welcome counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..entropy import Entropy
from ..errors import UsageError
from .commit import PendingCommit, commit
from .extensions import Extension
from .group import create_group
from .key_package import KeyPackage, OwnKeyPackage
from .proposals import Add, PreSharedKey, PreSharedKeyID, ResumptionPSKUsage
from .state import GroupState, Policy, Status


def reinitialise(
    old: GroupState,
    own: OwnKeyPackage,
    key_packages: Iterable[KeyPackage],
    *,
    tree_in_welcome: bool = True,
    policy: Policy,
    entropy: Entropy,
    now: int,
) -> tuple[GroupState, PendingCommit]:
    """Make the group that a committed ReInit announced, with all of the old group's members (§11.2).

    Gives the new group in epoch 0 and the commit that leads to epoch 1, with its Welcome.

    Raises:
        UsageError: no ReInit was committed, `own` is not of its suite, or a member is missing.
    """
    plan = old.reinit
    if old.status is not Status.REINITIALISED or plan is None:
        raise UsageError("this group was not reinitialised")
    if own.suite.id != plan.cipher_suite:
        raise UsageError("our key package is not of the suite that the ReInit names")
    packages = list(key_packages)
    leaves = [own.key_package.leaf_node, *(p.leaf_node for p in packages)]
    for _, member in old.members():
        if not any(policy.same_client(member, leaf) for leaf in leaves):
            raise UsageError("a member of the old group is missing in the new one")
    return _succeed(
        old,
        own,
        packages,
        plan.group_id,
        plan.extensions,
        ResumptionPSKUsage.REINIT,
        tree_in_welcome,
        policy,
        entropy,
        now,
    )


def branch(
    old: GroupState,
    own: OwnKeyPackage,
    key_packages: Iterable[KeyPackage],
    group_id: bytes,
    *,
    extensions: Iterable[Extension] = (),
    tree_in_welcome: bool = True,
    policy: Policy,
    entropy: Entropy,
    now: int,
) -> tuple[GroupState, PendingCommit]:
    """Make a group of some of a group's members, with its version and suite (§11.3).

    Raises:
        UsageError: `own` is of another suite, or somebody is no member of the old group.
    """
    if old.status is Status.REMOVED:
        raise UsageError("we are no longer in this group")
    if own.suite.id != old.suite.id:
        raise UsageError("a branch has the suite of its group")
    packages = list(key_packages)
    for leaf in [own.key_package.leaf_node, *(p.leaf_node for p in packages)]:
        if not any(policy.same_client(member, leaf) for _, member in old.members()):
            raise UsageError("a branch holds members of its group only")
    return _succeed(
        old,
        own,
        packages,
        group_id,
        extensions,
        ResumptionPSKUsage.BRANCH,
        tree_in_welcome,
        policy,
        entropy,
        now,
    )


def _succeed(
    old: GroupState,
    own: OwnKeyPackage,
    packages: list[KeyPackage],
    group_id: bytes,
    extensions: Iterable[Extension],
    usage: ResumptionPSKUsage,
    tree_in_welcome: bool,
    policy: Policy,
    entropy: Entropy,
    now: int,
) -> tuple[GroupState, PendingCommit]:
    nonce = entropy(own.suite.kdf.size)
    psk_id = PreSharedKeyID.resumption(usage, old.group_id, old.epoch, nonce)
    resumption_psk = old.secrets.resumption_psk

    def psk(wanted: PreSharedKeyID) -> bytes | None:
        return resumption_psk if wanted == psk_id else policy.psk(wanted)

    group = create_group(own, group_id, extensions=extensions, config=old.config, entropy=entropy)
    return commit(
        group,
        [*map(Add, packages), PreSharedKey(psk_id)],
        tree_in_welcome=tree_in_welcome,
        policy=replace(policy, psk=psk),
        entropy=entropy,
        now=now,
        ceremony=usage,
    )
