"""What comes from the group (RFC 9420 §6, §12).

An incoming message passes four stages, each with a type that only the stage before makes:

    MLSMessage.decode(data)    -> MLSMessage            well-formed
    unprotect(state, message)  -> UnverifiedMessage     opened, membership tag right
    verify(state, unverified)  -> VerifiedCommit        signature right (or a proposal, or data)
    stage(state, verified)     -> StagedCommit          every rule holds, authorised
    merge(state, staged)       -> GroupState            the new epoch

`process` does them in one go up to a staged commit.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ..errors import UnexpectedMessage, UsageError
from . import protection, rules
from .extensions import external_senders
from .fast_init import fast_init
from .framing import (
    AuthenticatedContent,
    ContentType,
    FramedContent,
    MLSMessage,
    PrivateMessage,
    PublicMessage,
    Sender,
    SenderType,
)
from .group_context import GroupContext
from .leaf_node import LeafNode
from .proposal_list import check_proposal
from .proposals import Add, Commit, Proposal
from .protection import proposal_ref
from .staging import VerifiedCommit, stage
from .state import (
    GroupState,
    PastEpoch,
    Policy,
    QueuedProposal,
    StagedCommit,
    Status,
)


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
    kind = protection.ratchet_of(message.content_type)
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
    return state.with_proposal(queued), ProposalReceived(queued, data)


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
