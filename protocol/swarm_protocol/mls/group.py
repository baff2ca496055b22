"""A member's verbs: create, propose, send, receive, merge, export (RFC 9420 §11, §12, §6, §8.5).

An incoming message passes four stages, each with a type that only the stage before makes:

    MLSMessage.decode(data)    -> MLSMessage            well-formed
    unprotect(state, message)  -> UnverifiedMessage     opened, membership tag right
    verify(state, unverified)  -> VerifiedCommit        signature right (or a proposal, or data)
    stage(state, verified)     -> StagedCommit          every rule holds, authorised
    merge(state, staged)       -> GroupState            the new epoch

`process` does them in one go up to a staged commit.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from ..entropy import Entropy
from ..errors import LimitError, RemoteProtocolError, UnexpectedMessage, UsageError
from . import key_schedule, protection, rules
from .commit import (
    NewLeaf,
    make_group_info,
    protect_handshake,
    require_active,
)
from .extensions import Extension, external_senders
from .fast_init import fast_init
from .framing import (
    AuthenticatedContent,
    ContentType,
    FramedContent,
    FramedContentAuthData,
    MLSMessage,
    PrivateMessage,
    PublicMessage,
    Sender,
    SenderType,
    WireFormat,
)
from .group_context import GroupContext
from .key_package import OwnKeyPackage
from .leaf_node import MLS_10, LeafNode
from .proposal_list import check_proposal
from .proposals import Add, Commit, Proposal, Update
from .protection import proposal_ref
from .ratchet_tree import RatchetTree
from .secret_tree import RatchetKind, SecretTree
from .staging import VerifiedCommit, stage
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
    state = _enqueue(state, queued)
    if not public:
        return protect_handshake(state, message, entropy)
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


def _enqueue(state: GroupState, queued: QueuedProposal) -> GroupState:
    assert queued.ref is not None
    if queued.ref in state.proposals:
        return state
    if len(state.proposals) >= state.config.max_proposals:
        raise UnexpectedMessage(f"{len(state.proposals)} proposals wait already")
    return replace(state, proposals={**state.proposals, queued.ref: queued})


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
    message = _sign(state, WireFormat.PRIVATE_MESSAGE, content)
    secret_tree, generation, key = state.secret_tree.next(
        state.suite, state.own_leaf, RatchetKind.APPLICATION
    )
    body = protection.protect_private(
        state.suite,
        state.secrets.sender_data_secret,
        message,
        generation,
        key,
        state.config.padding,
        entropy,
    )
    return state.with_secret_tree(secret_tree), MLSMessage(body).encode()


@fast_init
@dataclass(frozen=True, slots=True)
class UnverifiedMessage:
    """A message that opened, in the epoch `context`; its signature is not looked at yet."""

    context: GroupContext
    message: AuthenticatedContent


@fast_init
@dataclass(frozen=True, slots=True)
class ApplicationMessage:
    """Data from a member. `leaf` is the sender's as it was in that epoch."""

    sender: int
    leaf: LeafNode
    epoch: int
    authenticated_data: bytes
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class VerifiedProposal:
    """A proposal whose protection and signature were verified in the epoch `context`."""

    context: GroupContext
    message: AuthenticatedContent
    proposal: Proposal
    sender: Sender


@dataclass(frozen=True, slots=True)
class ProposalReceived:
    """A valid proposal now waits in the state."""

    queued: QueuedProposal
    authenticated_data: bytes


@dataclass(frozen=True, slots=True)
class CommitStaged:
    """A valid commit is ready to be merged or dropped."""

    staged: StagedCommit
    authenticated_data: bytes


VerifiedMessage = ApplicationMessage | VerifiedProposal | VerifiedCommit
Event = ApplicationMessage | ProposalReceived | CommitStaged


def unprotect(state: GroupState, message: MLSMessage) -> tuple[GroupState, UnverifiedMessage]:
    """Open a message: decrypt it, or check its membership tag. The state loses the key it used.

    Raises:
        UnexpectedMessage: another group, an epoch that is not known here, our own message.
        ReplayedMessage: its key was used already.
        CannotOpen: it does not open.
        RuleViolation: a rule of framing is broken.
    """
    body = message.body
    if isinstance(body, PrivateMessage):
        content: PrivateMessage | FramedContent = body
    elif isinstance(body, PublicMessage):
        content = body.content
    else:
        raise UnexpectedMessage(f"a {message.wire_format.name} is not a message to a group")
    if content.group_id != state.group_id:
        raise rules.unexpected(rules.MESSAGE_GROUP)
    if state.status is Status.REMOVED:
        raise rules.unexpected(rules.ACTIVE)
    handshake = content.content_type is not ContentType.APPLICATION
    if content.epoch != state.epoch and handshake:
        raise rules.unexpected(rules.EPOCH)
    if handshake and state.status is not Status.ACTIVE:
        raise rules.unexpected(rules.ACTIVE)
    if isinstance(body, PrivateMessage):
        return _unprotect_private(state, body)
    if body.content.sender == Sender.member(state.own_leaf):
        raise rules.unexpected(rules.NOT_FROM_SELF)
    authenticated = protection.unprotect_public(
        state.suite, state.secrets.membership_key, body, state.context.encode()
    )
    return state, UnverifiedMessage(state.context, authenticated)


def _unprotect_private(state: GroupState, message: PrivateMessage) -> tuple[GroupState, UnverifiedMessage]:
    suite = state.suite
    if message.epoch == state.epoch:
        past, epoch_tree = None, state.secret_tree
        secret, context = state.secrets.sender_data_secret, state.context
    else:
        past = next((p for p in state.past if p.context.epoch == message.epoch), None)
        if past is None:
            raise UnexpectedMessage(f"epoch {message.epoch} is not, or no longer, open here")
        epoch_tree = past.secret_tree
        secret, context = past.sender_data_secret, past.context
    sender = protection.open_sender_data(suite, secret, message)
    if sender.leaf_index == state.own_leaf:
        raise rules.unexpected(rules.NOT_FROM_SELF)
    rules.require(_leaf_in(state, past, sender.leaf_index) is not None, rules.MEMBER_SENDER)
    application = message.content_type is ContentType.APPLICATION
    kind = RatchetKind.APPLICATION if application else RatchetKind.HANDSHAKE
    secret_tree, key = epoch_tree.take(suite, sender.leaf_index, kind, sender.generation, state.config.window)
    authenticated = protection.open_content(suite, message, sender, key)
    if past is None:
        state = state.with_secret_tree(secret_tree)
    else:
        used = replace(past, secret_tree=secret_tree)
        state = replace(state, past=tuple(used if p is past else p for p in state.past))
    return state, UnverifiedMessage(context, authenticated)


def _leaf_in(state: GroupState, past: PastEpoch | None, index: int) -> LeafNode | None:
    return state.tree.leaf(index) if past is None else past.members.get(index)


def verify(state: GroupState, unverified: UnverifiedMessage) -> VerifiedMessage:
    """Verify the signature under the key that the sender must have (§6.1).

    Raises:
        RuleViolation: it does not verify, or the sender may not send such a thing.
        UnexpectedMessage: the epoch it was opened in is gone.
    """
    content, context = unverified.message.content, unverified.context
    past = None
    if context is not state.context and context != state.context:
        past = next((p for p in state.past if p.context == context), None)
        if past is None:
            raise UnexpectedMessage("this message was opened in an epoch that is gone")
    sender, body = content.sender, content.body
    leaf = None
    if sender.type is SenderType.MEMBER:
        leaf = _leaf_in(state, past, sender.index)
        if leaf is None:
            raise rules.violation(rules.MEMBER_SENDER)
        public = leaf.signature_key
    else:
        public = _outsiders_key(state, content)
    signed = protection.is_signed(state.suite, public, unverified.message, context.encode())
    rules.require(signed, rules.MESSAGE_SIGNATURE)
    if isinstance(body, Commit):
        return VerifiedCommit(context, unverified.message, body, sender)
    if not isinstance(body, bytes):
        return VerifiedProposal(context, unverified.message, body, sender)
    assert leaf is not None, "data of an outsider has no key to verify under"
    return ApplicationMessage(sender.index, leaf, context.epoch, content.authenticated_data, body)


def _outsiders_key(state: GroupState, content: FramedContent) -> bytes:
    """The signature key of a sender that is no member (§6.1, §12.1.8)."""
    body = content.body
    match content.sender.type:
        case SenderType.EXTERNAL:
            rules.require(not isinstance(body, bytes | Commit), rules.SENDER_CONTENT)
            senders = external_senders(state.context.extensions)
            rules.require(content.sender.index < len(senders), rules.EXTERNAL_SENDER)
            return senders[content.sender.index].signature_key
        case SenderType.NEW_MEMBER_PROPOSAL:
            if not isinstance(body, Add):
                raise rules.violation(rules.SENDER_CONTENT)
            return body.key_package.leaf_node.signature_key
        case _:
            if not isinstance(body, Commit):
                raise rules.violation(rules.SENDER_CONTENT)
            if body.path is None:
                raise rules.violation(rules.PATH_REQUIRED)
            return body.path.leaf_node.signature_key


def receive_proposal(
    state: GroupState, verified: VerifiedProposal, *, policy: Policy
) -> tuple[GroupState, ProposalReceived]:
    """Check a proposal and let it wait for a commit (§12.1). A second copy changes nothing.

    Raises:
        RuleViolation: with the first rule that does not hold.
        UnexpectedMessage: too many wait already.
        UsageError: it was verified in another epoch than the state's.
    """
    if verified.context != state.context:
        raise UsageError("this proposal was verified in another epoch")
    check_proposal(state, verified.proposal, verified.sender, policy)
    ref = proposal_ref(state.suite, verified.message)
    queued = QueuedProposal(verified.proposal, verified.sender, ref)
    data = verified.message.content.authenticated_data
    return _enqueue(state, queued), ProposalReceived(queued, data)


def process(state: GroupState, data: bytes, *, policy: Policy) -> tuple[GroupState, Event]:
    """Take a message through all stages; a commit comes back staged.

    The new state has used the message's key: store it together with what the event says.

    Raises:
        RemoteProtocolError: the message is refused; `state` is still the state.
    """
    state, unverified = unprotect(state, MLSMessage.decode(data))
    verified = verify(state, unverified)
    if isinstance(verified, ApplicationMessage):
        return state, verified
    if isinstance(verified, VerifiedProposal):
        return receive_proposal(state, verified, policy=policy)
    staged = stage(state, verified, policy=policy)
    return state, CommitStaged(staged, verified.message.content.authenticated_data)


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
    """A secret of `size` bytes that all members of this epoch can compute, and nobody else (§8.5)."""
    if state.status is Status.REMOVED:
        raise UsageError("the group is removed")
    return key_schedule.export(state.suite, state.secrets.exporter_secret, label.encode(), context, size)
