"""The step from one epoch to the next, the same for who commits and for who follows (RFC 9420 §8, §12.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from . import key_schedule, rules, tree_kem
from .framing import AuthenticatedContent, Sender
from .group_context import GroupContext
from .proposal_list import Applied
from .proposals import ReInit
from .protection import transcript_content
from .ratchet_tree import RatchetTree
from .secret_tree import SecretTree
from .signatures import SignatureKeyPair
from .state import CommitView, GroupState, LeafChange, Policy, QueuedProposal, Status


@dataclass(frozen=True, slots=True)
class NextEpoch:
    """What the key schedule gives for a commit."""

    context: GroupContext
    interim: bytes
    joiner: bytes = field(repr=False)
    welcome: bytes = field(repr=False)
    secrets: key_schedule.EpochSecrets = field(repr=False)
    encryption_secret: bytes = field(repr=False)
    confirmation_tag: bytes


def advance(
    state: GroupState,
    provisional: GroupContext,
    message: AuthenticatedContent,
    init_secret: bytes,
    commit_secret: bytes,
    psk_secret: bytes,
) -> NextEpoch:
    """Move the key schedule over a commit (§8): `message` is the commit, its tag not yet looked at.

    `provisional` has the new tree and extensions and still the old confirmed transcript hash.
    """
    suite = state.suite
    confirmed = key_schedule.confirmed_transcript_hash(
        suite, state.interim_transcript_hash, transcript_content(message), message.auth.signature
    )
    context = replace(provisional, confirmed_transcript_hash=confirmed)
    raw = context.encode()
    joiner = key_schedule.joiner_secret(suite, init_secret, commit_secret, raw)
    secrets, encryption_secret = key_schedule.derive_epoch(
        suite, key_schedule.epoch_secret(suite, joiner, psk_secret, raw)
    )
    tag = suite.mac(secrets.confirmation_key, confirmed)
    return NextEpoch(
        context,
        key_schedule.interim_transcript_hash(suite, confirmed, tag),
        joiner,
        key_schedule.welcome_secret(suite, joiner, psk_secret),
        secrets,
        encryption_secret,
        tag,
    )


def next_state(
    state: GroupState,
    epoch: NextEpoch,
    tree: RatchetTree,
    private: tree_kem.PrivateKeys,
    signature: SignatureKeyPair,
    reinit: ReInit | None,
    own_leaf: int,
) -> GroupState:
    """The state of the new epoch; past epochs are added when it is merged."""
    return GroupState(
        suite=state.suite,
        config=state.config,
        context=epoch.context,
        tree=tree,
        own_leaf=own_leaf,
        signature=signature,
        private=tree_kem.still_valid(tree, private),
        secrets=epoch.secrets,
        interim_transcript_hash=epoch.interim,
        confirmation_tag=epoch.confirmation_tag,
        secret_tree=SecretTree.start(tree.n_leaves, epoch.encryption_secret),
        status=Status.ACTIVE if reinit is None else Status.REINITIALISED,
        reinit=reinit,
    )


def provisional_context(state: GroupState, tree: RatchetTree, applied: Applied) -> GroupContext:
    """The next epoch's context before the commit is in the transcript: the path is sealed under it (§12.4.1).

    Raises:
        RuleViolation: no epoch can follow this one.
    """
    rules.require(state.epoch < 2**64 - 1, rules.LAST_EPOCH)
    return replace(
        state.context,
        epoch=state.epoch + 1,
        tree_hash=tree.tree_hash(),
        extensions=applied.extensions,
    )


def authorise(
    state: GroupState,
    sender: Sender,
    committer: int,
    queue: Sequence[QueuedProposal],
    changes: Sequence[LeafChange],
    policy: Policy,
) -> None:
    """Ask the application whether it permits the commit (§12.2).

    Raises:
        RuleViolation: it does not.
    """
    reason = policy.authorise(CommitView(state, sender, committer, tuple(queue), tuple(changes)))
    if reason is not None:
        raise rules.violation(rules.AUTHORISED, reason)


def removed_state(state: GroupState, context: GroupContext) -> GroupState:
    """What stays of a group that we were removed from: no secret of the new epoch, none of this one."""
    gone = key_schedule.EpochSecrets(*([b""] * 8))
    return replace(
        state,
        context=context,
        private={},
        secrets=gone,
        interim_transcript_hash=b"",
        confirmation_tag=b"",
        secret_tree=SecretTree(state.tree.n_leaves, {}, {}),
        proposals={},
        updates={},
        past=(),
        status=Status.REMOVED,
    )
