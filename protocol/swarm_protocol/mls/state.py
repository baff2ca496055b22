"""A group as one member sees it: an immutable value, and what the application decides about it.

Every operation takes a `GroupState` and gives a new one. The old one stays valid, which makes a snapshot a
mere reference, a refused commit a value that is dropped, and a raised error a state that did not move. The
one rule for callers: **store the new state before the bytes leave**. A state that sends from a copy would
use a message key twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from ..errors import RuleViolation, UnexpectedMessage
from . import rules
from .ciphersuite import CipherSuite
from .extensions import ExternalSender
from .fast_init import fast_init
from .framing import Sender
from .group_context import GroupContext
from .hpke import KemKeyPair
from .key_schedule import EpochSecrets
from .leaf_node import LeafNode
from .proposals import PreSharedKeyID, Proposal, ReInit
from .ratchet_tree import RatchetTree
from .secret_tree import DEFAULT_WINDOW, SecretTree, Window
from .signatures import SignatureKeyPair


@dataclass(frozen=True, slots=True)
class GroupConfig:
    """Our own bounds and manners for one group; members may differ in them."""

    window: Window = DEFAULT_WINDOW
    """How far a sender may jump ahead, and how many skipped keys are kept for late messages."""
    past_epochs: int = 5
    """Past epochs whose late messages still open, and whose resumption PSKs are kept."""
    past_epoch_seconds: int = 7 * 86400
    """How long a past epoch is kept at most."""
    padding: int = 0
    """Block size in bytes to which private messages are filled up; 0 for none."""
    commit_before_data: bool = True
    """Refuse to send data while proposals wait for a commit (RFC 9420 §12.4)."""
    max_proposals: int = 1000
    """Proposals that may wait for a commit; more are refused."""


class Status(Enum):
    """Whether the group is in use."""

    ACTIVE = "active"
    REMOVED = "removed"
    REINITIALISED = "reinitialised"


@dataclass(frozen=True, slots=True)
class QueuedProposal:
    """A checked proposal with its sender, and its reference if it came in a message of its own."""

    proposal: Proposal
    sender: Sender
    ref: bytes | None = None


@dataclass(frozen=True, slots=True)
class OwnUpdate:
    """The private keys of an Update that we proposed and that nobody committed yet."""

    encryption: KemKeyPair
    signature: SignatureKeyPair


@dataclass(frozen=True, slots=True)
class PastEpoch:
    """What is kept of an epoch that is over, to read its late messages."""

    context: GroupContext
    ended_at: int
    sender_data_secret: bytes = field(repr=False)
    resumption_psk: bytes = field(repr=False)
    secret_tree: SecretTree = field(repr=False)
    members: Mapping[int, LeafNode] = field(repr=False)


@fast_init
@dataclass(frozen=True, slots=True)
class GroupState:
    """One member's view of a group in one epoch."""

    suite: CipherSuite
    config: GroupConfig
    context: GroupContext
    tree: RatchetTree = field(repr=False)
    own_leaf: int
    signature: SignatureKeyPair = field(repr=False)
    private: Mapping[int, KemKeyPair] = field(repr=False)
    secrets: EpochSecrets = field(repr=False)
    interim_transcript_hash: bytes = field(repr=False)
    confirmation_tag: bytes = field(repr=False)
    secret_tree: SecretTree = field(repr=False)
    proposals: Mapping[bytes, QueuedProposal] = field(default_factory=dict, repr=False)
    updates: Mapping[bytes, OwnUpdate] = field(default_factory=dict, repr=False)
    past: tuple[PastEpoch, ...] = field(default=(), repr=False)
    status: Status = Status.ACTIVE
    reinit: ReInit | None = None

    @property
    def group_id(self) -> bytes:
        """The group's id."""
        return self.context.group_id

    @property
    def epoch(self) -> int:
        """The epoch's number."""
        return self.context.epoch

    @property
    def epoch_authenticator(self) -> bytes:
        """Equal for all members of an epoch, and for nobody else (RFC 9420 §8.7)."""
        return self.secrets.epoch_authenticator

    def with_proposal(self, queued: QueuedProposal) -> GroupState:
        """This state with a proposal that waits for a commit; a second copy changes nothing.

        Raises:
            UnexpectedMessage: too many wait already.
        """
        assert queued.ref is not None
        if queued.ref in self.proposals:
            return self
        if len(self.proposals) >= self.config.max_proposals:
            raise UnexpectedMessage(f"{len(self.proposals)} proposals wait already")
        return replace(self, proposals={**self.proposals, queued.ref: queued})

    def with_secret_tree(self, secret_tree: SecretTree) -> GroupState:
        """This state with a message key gone: `dataclasses.replace`, but on the path of every message."""
        return GroupState(
            self.suite,
            self.config,
            self.context,
            self.tree,
            self.own_leaf,
            self.signature,
            self.private,
            self.secrets,
            self.interim_transcript_hash,
            self.confirmation_tag,
            secret_tree,
            self.proposals,
            self.updates,
            self.past,
            self.status,
            self.reinit,
        )

    def members(self) -> Iterator[tuple[int, LeafNode]]:
        """Leaf index and leaf of each member."""
        return self.tree.members()

    def resumption_psk(self, epoch: int) -> bytes | None:
        """The resumption PSK of this or a kept past epoch (§8.6)."""
        if epoch == self.context.epoch:
            # None where the secrets are gone: who was removed must not take an empty PSK for the group's.
            return self.secrets.resumption_psk or None
        return next((p.resumption_psk for p in self.past if p.context.epoch == epoch), None)


@dataclass(frozen=True, slots=True)
class LeafChange:
    """One leaf before and after a commit; None for a blank one."""

    index: int
    before: LeafNode | None
    after: LeafNode | None


@dataclass(frozen=True, slots=True)
class CommitView:
    """All that the application needs to permit a commit or not.

    `committer` is the leaf of who commits: the new one in an external commit. `changes` has the committer's
    own leaf too where the commit has a path.
    """

    state: GroupState
    sender: Sender
    committer: int
    proposals: Sequence[QueuedProposal]
    changes: Sequence[LeafChange]


def no_psk(_: PreSharedKeyID) -> bytes | None:
    """The answer of an application without pre-shared keys."""
    return None


def no_external_sender(_: ExternalSender) -> str | None:
    """The answer of an application that lets nobody outside propose."""
    return "this application lets in no external senders"


def same_credential(old: LeafNode, new: LeafNode) -> bool:
    """Whether two leaves present the same credential."""
    return old.credential == new.credential


@dataclass(frozen=True, slots=True)
class Policy:
    """The application's answers, asked before anything takes effect.

    They must depend on nothing that members see differently, such as a clock: else a group forks.
    """

    authenticate: Callable[[LeafNode, LeafNode | None], str | None]
    """Whether to believe a leaf's credential, given the leaf it replaces: None, or why not (§5.3.1)."""
    authorise: Callable[[CommitView], str | None]
    """Whether a commit is permitted: None, or why not (§12.2)."""
    psk: Callable[[PreSharedKeyID], bytes | None] = no_psk
    """The external PSK of this id, or the resumption PSK of another group (§8.4)."""
    same_client: Callable[[LeafNode, LeafNode], bool] = same_credential
    """Whether a leaf of an old group and one of its successor are the same client (§11.2, §11.3)."""
    authenticate_sender: Callable[[ExternalSender], str | None] = no_external_sender
    """Whether to believe an external sender's credential: None, or why not (§5.3.1)."""

    @classmethod
    def allow_all(cls, psk: Callable[[PreSharedKeyID], bytes | None] = no_psk) -> Policy:
        """Believe everybody and permit everything: for tests and test vectors."""
        return cls(
            lambda _leaf, _previous: None,
            lambda _view: None,
            psk,
            authenticate_sender=lambda _sender: None,
        )


class PSKUnknown(RuleViolation):
    """A pre-shared key is wanted that we do not have; `psk_id` says which."""

    def __init__(self, psk_id: PreSharedKeyID) -> None:
        violation = rules.violation(rules.PSK_KNOWN)
        super().__init__(str(violation), rule=violation.rule)
        self.psk_id = psk_id


@dataclass(frozen=True, slots=True)
class StagedCommit:
    """A commit that passed every check and waits to be merged or dropped.

    It stands on the epoch `base`; a state in another epoch refuses it.
    """

    base: GroupContext
    sender: Sender
    committer: int
    proposals: tuple[QueuedProposal, ...]
    changes: tuple[LeafChange, ...]
    after: GroupState = field(repr=False)

    @property
    def removes_us(self) -> bool:
        """Whether merging it ends our membership."""
        return self.after.status is Status.REMOVED
