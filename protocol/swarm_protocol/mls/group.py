"""A member's verbs: create, propose, send, merge, export (RFC 9420 §11, §12, §6, §8.5).

What comes in passes through the stages of `incoming`, up to a staged commit that `merge` takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..entropy import Entropy
from ..errors import LimitError, RemoteProtocolError, UsageError
from . import key_schedule, protection
from .commit import (
    NewLeaf,
    make_group_info,
    protect,
    require_active,
)
from .extensions import Extension
from .framing import (
    AuthenticatedContent,
    FramedContent,
    FramedContentAuthData,
    MLSMessage,
    Sender,
    WireFormat,
)
from .group_context import GroupContext
from .key_package import OwnKeyPackage
from .leaf_node import MLS_10
from .proposal_list import check_proposal
from .proposals import Add, Proposal, Update
from .protection import proposal_ref
from .ratchet_tree import RatchetTree
from .secret_tree import SecretTree
from .state import (
    GroupConfig,
    GroupState,
    OwnUpdate,
    PastEpoch,
    Policy,
    QueuedProposal,
    StagedCommit,
    Status,
)
from .validation import check_group_extensions, check_lifetime, check_members


def create_group(
    own: OwnKeyPackage,
    group_id: bytes,
    *,
    extensions: Iterable[Extension] = (),
    config: GroupConfig | None = None,
    entropy: Entropy,
) -> GroupState:
    """Create a group with ourselves as its only member, in epoch 0 (§11).

    Raises:
        UsageError: our own leaf does not support the group's extensions.
    """
    suite = own.suite
    extensions = tuple(extensions)
    tree = RatchetTree(suite, [own.key_package.leaf_node])
    try:
        check_group_extensions(suite, extensions)
        check_members(tree, extensions)
    except RemoteProtocolError as e:
        raise UsageError(f"this group could not be joined: {e}") from e
    context = GroupContext(MLS_10, suite.id, group_id, 0, tree.tree_hash(), b"", extensions)
    secrets, encryption_secret = key_schedule.derive_epoch(suite, entropy(suite.kdf.size))
    tag = suite.mac(secrets.confirmation_key, b"")
    return GroupState(
        suite=suite,
        config=config or GroupConfig(),
        context=context,
        tree=tree,
        own_leaf=0,
        signature=own.signature,
        private={0: own.encryption},
        secrets=secrets,
        interim_transcript_hash=key_schedule.interim_transcript_hash(suite, b"", tag),
        confirmation_tag=tag,
        secret_tree=SecretTree.start(1, encryption_secret),
    )


def propose(
    state: GroupState,
    proposal: Proposal,
    *,
    public: bool = False,
    authenticated_data: bytes = b"",
    policy: Policy,
    entropy: Entropy,
    now: int,
) -> tuple[GroupState, bytes]:
    """Send a proposal; it waits in our state too. Our own Update is made by `propose_update`.

    Raises:
        UsageError: the proposal is invalid, or the group is not active.
        LimitError: as many proposals wait as may.
    """
    require_active(state)
    if len(state.proposals) >= state.config.max_proposals:
        raise LimitError(f"{len(state.proposals)} proposals wait already")
    sender = Sender.member(state.own_leaf)
    try:
        check_proposal(state, proposal, sender, policy)
        if isinstance(proposal, Add):
            check_lifetime(proposal.key_package.leaf_node, now)
    except RemoteProtocolError as e:
        raise UsageError(f"this proposal would be refused: {e}") from e
    content = FramedContent.make(state.group_id, state.epoch, sender, authenticated_data, proposal)
    wire_format = WireFormat.PUBLIC_MESSAGE if public else WireFormat.PRIVATE_MESSAGE
    message = _sign(state, wire_format, content)
    queued = QueuedProposal(proposal, sender, proposal_ref(state.suite, message))
    state = state.with_proposal(queued)
    if not public:
        return protect(state, message, entropy)
    body = protection.protect_public(
        state.suite, state.secrets.membership_key, message, state.context.encode()
    )
    return state, MLSMessage(body).encode()


def propose_update(
    state: GroupState,
    new_leaf: NewLeaf | None = None,
    *,
    public: bool = False,
    authenticated_data: bytes = b"",
    policy: Policy,
    entropy: Entropy,
    now: int,
) -> tuple[GroupState, bytes]:
    """Propose fresh keys for our own leaf, for somebody else to commit (§12.1.2)."""
    require_active(state)
    old = state.tree.leaf(state.own_leaf)
    assert old is not None, "our own leaf is never blank"
    keys = state.suite.kem.derive_key_pair(entropy(state.suite.kdf.size))
    leaf, signature = (new_leaf or NewLeaf()).sign(state, state.own_leaf, old, keys.public, None)
    own = OwnUpdate(keys, signature)
    state, message = propose(
        state,
        Update(leaf),
        public=public,
        authenticated_data=authenticated_data,
        policy=policy,
        entropy=entropy,
        now=now,
    )
    return replace(state, updates={**state.updates, keys.public: own}), message


def _sign(state: GroupState, wire_format: WireFormat, content: FramedContent) -> AuthenticatedContent:
    signature = protection.sign(
        state.suite, state.signature.private, wire_format, content, state.context.encode()
    )
    return AuthenticatedContent(wire_format, content, FramedContentAuthData(signature))


def encrypt(
    state: GroupState, data: bytes, *, authenticated_data: bytes = b"", entropy: Entropy
) -> tuple[GroupState, bytes]:
    """Encrypt application data to the group. Store the new state before the bytes leave.

    Raises:
        UsageError: proposals wait for a commit (`GroupConfig.commit_before_data`), or the group is not
            active.
    """
    require_active(state)
    if state.proposals and state.config.commit_before_data:
        raise UsageError("proposals wait: commit them before sending data (RFC 9420 §12.4)")
    sender = Sender.member(state.own_leaf)
    content = FramedContent.make(state.group_id, state.epoch, sender, authenticated_data, data)
    return protect(state, _sign(state, WireFormat.PRIVATE_MESSAGE, content), entropy)


def merge(state: GroupState, staged: StagedCommit, *, now: int) -> GroupState:
    """Take the step that a staged commit stands for; the epoch left behind becomes a past one.

    Raises:
        UsageError: the commit stands on another epoch than the state's.
    """
    if staged.base != state.context:
        raise UsageError("this commit stands on another epoch")
    if staged.removes_us:
        return staged.after
    left = PastEpoch(
        state.context,
        now,
        state.secrets.sender_data_secret,
        state.secrets.resumption_psk,
        state.secret_tree,
        dict(state.tree.members()),
    )
    keep = state.config.past_epochs
    past = (*state.past, left)[-keep:] if keep else ()
    return expire(replace(staged.after, past=past), now=now)


def expire(state: GroupState, *, now: int) -> GroupState:
    """Forget past epochs that are older than the configuration keeps them."""
    oldest = now - state.config.past_epoch_seconds
    if all(p.ended_at >= oldest for p in state.past):
        return state
    return replace(state, past=tuple(p for p in state.past if p.ended_at >= oldest))


def drop_proposals(state: GroupState, references: Iterable[bytes]) -> GroupState:
    """Forget waiting proposals that we do not want to commit.

    A commit of somebody else that names a forgotten one is then refused: forget only what the application's
    rules let nobody commit.
    """
    gone = set(references)
    return replace(state, proposals={ref: p for ref, p in state.proposals.items() if ref not in gone})


def group_info(state: GroupState, *, with_tree: bool = True, extensions: Iterable[Extension] = ()) -> bytes:
    """A GroupInfo with `external_pub`, for outsiders who may join by an external commit (§12.4.3.2).

    `extensions` are the application's; GREASE among them does no harm (§13.5).
    """
    require_active(state)
    return MLSMessage(
        make_group_info(state, with_tree=with_tree, external=True, extensions=extensions)
    ).encode()


def export(state: GroupState, label: str, context: bytes, size: int) -> bytes:
    """A secret of `size` bytes that all members of this epoch can compute, and nobody else (§8.5).

    Raises:
        UsageError: we were removed from the group.
    """
    if state.status is Status.REMOVED:
        raise UsageError("the group is removed")
    return key_schedule.export(state.suite, state.secrets.exporter_secret, label.encode(), context, size)
