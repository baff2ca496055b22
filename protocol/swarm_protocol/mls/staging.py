"""Staging the commits of others: every check, and where they lead, without going there (RFC 9420 §12.4.2)."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import UsageError
from . import key_schedule, rules, tree_kem
from .ciphersuite import CipherSuite, same
from .epoch import advance, authorise, next_state, provisional_context, removed_state
from .framing import (
    AuthenticatedContent,
    Sender,
    SenderType,
)
from .group_context import GroupContext
from .hpke import KemKeyPair
from .leaf_node import LeafNodeSource
from .proposal_list import Applied, apply_list, check_proposal, find_psks
from .proposals import Commit, UpdatePath
from .ratchet_tree import RatchetTree
from .state import (
    GroupState,
    LeafChange,
    Policy,
    QueuedProposal,
    StagedCommit,
    Status,
)
from .validation import check_leaf, check_members, check_replacement


@dataclass(frozen=True, slots=True)
class VerifiedCommit:
    """A commit whose protection and signature were verified in the epoch `context`.

    Only `incoming.verify` makes one; `stage` refuses it in any other epoch.
    """

    context: GroupContext
    message: AuthenticatedContent
    commit: Commit
    sender: Sender


def stage(state: GroupState, verified: VerifiedCommit, *, policy: Policy) -> StagedCommit:
    """Check a commit in full and compute where it leads, without taking the step (§12.4.2).

    Raises:
        RuleViolation: with the first rule that does not hold.
        CannotOpen: the path secret that is meant for us does not open.
        UsageError: it was verified in another epoch than the state's.
    """
    if verified.context != state.context:
        raise UsageError("this commit was verified in another epoch")
    if state.status is not Status.ACTIVE:
        raise rules.unexpected(rules.ACTIVE)
    sender, body = verified.sender, verified.commit
    external = sender.type is SenderType.NEW_MEMBER_COMMIT
    applied = apply_list(state, _resolve(state, body, sender, policy), sender)
    if body.path is None:
        rules.require(not applied.path_required and not external, rules.PATH_REQUIRED)
    committer = applied.draft.free_leaf() if external else sender.index
    changes = list(applied.changes)
    if body.path is not None:
        previous = applied.draft.leaf(committer)
        _check_path_leaf(state, applied, body.path, committer, external, policy)
        changes.append(LeafChange(committer, previous, body.path.leaf_node))
        _set_path(applied, body.path, committer)
    tree = applied.draft.freeze()
    check_members(tree, applied.extensions)
    authorise(state, sender, committer, applied.proposals, changes, policy)
    after = _follow(state, verified, applied, tree, committer, policy)
    return StagedCommit(state.context, sender, committer, applied.proposals, tuple(changes), after)


def _resolve(state: GroupState, body: Commit, sender: Sender, policy: Policy) -> list[QueuedProposal]:
    queue = []
    for item in body.proposals:
        if isinstance(item, bytes):
            rules.require(sender.type is SenderType.MEMBER, rules.EXTERNAL_BY_VALUE)
            known = state.proposals.get(item)
            if known is None:
                raise rules.violation(rules.LIST_REFERENCE_KNOWN)
            queue.append(known)
        else:
            check_proposal(state, item, sender, policy)
            queue.append(QueuedProposal(item, sender))
    return queue


def _check_path_leaf(
    state: GroupState,
    applied: Applied,
    path: UpdatePath,
    committer: int,
    external: bool,
    policy: Policy,
) -> None:
    leaf = path.leaf_node
    previous = None
    if not external:
        previous = state.tree.leaf(committer)
    elif applied.removed:
        previous = state.tree.leaf(applied.removed[0])
    if previous is not None:
        check_replacement(leaf, previous, LeafNodeSource.COMMIT)
    rules.require(leaf.source is LeafNodeSource.COMMIT, rules.LEAF_SOURCE)
    if external and previous is not None:
        reason = policy.authenticate(leaf, previous)
        if reason is not None:
            raise rules.violation(rules.EXTERNAL_SUCCESSOR, reason)
    check_leaf(
        state.suite,
        leaf,
        group_id=state.group_id,
        index=committer,
        policy=policy,
        previous=previous,
    )


def _set_path(applied: Applied, path: UpdatePath, committer: int) -> None:
    draft = applied.draft
    suite = draft.suite
    pairs = draft.filtered_direct_path(committer)
    rules.require(len(pairs) == len(path.nodes), rules.PATH_LENGTH)
    fresh = [n.encryption_key for n in path.nodes]
    present = {n.encryption_key for n in draft.nodes if n is not None}
    new = len(set(fresh)) == len(fresh) and present.isdisjoint(fresh)
    rules.require(new and path.leaf_node.encryption_key not in present, rules.PATH_KEYS_NEW)
    rules.require(path.leaf_node.encryption_key not in fresh, rules.PATH_KEYS_NEW)
    rules.require(all(suite.kem.is_valid_public(k) for k in fresh), rules.LEAF_ENCRYPTION_KEY)
    parent_hash = draft.set_path(committer, fresh)
    rules.require(path.leaf_node.parent_hash == parent_hash, rules.PATH_PARENT_HASH)
    draft.set_leaf(committer, path.leaf_node)


def _follow(
    state: GroupState,
    verified: VerifiedCommit,
    applied: Applied,
    tree: RatchetTree,
    committer: int,
    policy: Policy,
) -> GroupState:
    """Move the key schedule as the committer did, and check that it led to the same epoch."""
    if state.own_leaf in applied.removed:
        return removed_state(state, provisional_context(state, tree, applied))
    suite, update = state.suite, verified.commit.path
    provisional = provisional_context(state, tree, applied)
    private, signature = dict(state.private), state.signature
    own = tree.leaf(state.own_leaf)
    assert own is not None, "we were not removed"
    updated = state.updates.get(own.encryption_key)
    if updated is not None:
        private[2 * state.own_leaf], signature = updated.encryption, updated.signature
    private = tree_kem.still_valid(tree, private)
    commit_secret = suite.zero
    if update is not None:
        without = {index for index, _ in applied.added}
        keys, commit_secret = tree_kem.open_path(
            tree, update, committer, state.own_leaf, private, provisional.encode(), without
        )
        private.update({k.node: k.keys for k in keys})
    epoch = advance(
        state,
        provisional,
        verified.message,
        _init_secret(state, applied),
        commit_secret,
        key_schedule.psk_secret(suite, find_psks(state, applied.psks, policy)),
    )
    tag = verified.message.auth.confirmation_tag
    if tag is None:
        raise rules.violation(rules.COMMIT_TAG_PRESENT)
    rules.require(same(tag, epoch.confirmation_tag), rules.CONFIRMATION_TAG)
    return next_state(state, epoch, tree, private, signature, applied.reinit, state.own_leaf)


def _init_secret(state: GroupState, applied: Applied) -> bytes:
    if applied.external_init is None:
        return state.secrets.init_secret
    keys = key_schedule.external_key(state.suite, state.secrets)
    return external_init_receiver(state.suite, keys, applied.external_init.kem_output)


def external_init_receiver(suite: CipherSuite, keys: KemKeyPair, kem_output: bytes) -> bytes:
    """The init secret of an external commit, on the group's side (§8.3)."""
    receiver = suite.hpke.setup_receiver(kem_output, keys, b"")
    return receiver.export(key_schedule.EXTERNAL_INIT_LABEL, suite.kdf.size)
