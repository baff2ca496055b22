"""Making commits, with their Welcome (RFC 9420 §12.4.1).

A commit comes out staged: it takes effect only when it is merged, and the committer drops its own when
another one won.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ..entropy import Entropy
from ..errors import RemoteProtocolError, RuleViolation, UsageError
from . import key_schedule, protection, tree_kem, tree_math
from .codec import opaque
from .credential import Credential
from .epoch import NextEpoch, advance, authorise, next_state, provisional_context
from .extensions import Extension, ExtensionType
from .framing import (
    AuthenticatedContent,
    FramedContent,
    FramedContentAuthData,
    MLSMessage,
    Sender,
    SenderType,
    WireFormat,
)
from .hpke import KemKeyPair
from .leaf_node import Capabilities, LeafNode, LeafNodeSource
from .proposal_list import Applied, apply_list, check_proposal, choose_pending, find_psks
from .proposals import Commit, PreSharedKeyID, Proposal, ResumptionPSKUsage, UpdatePath
from .ratchet_tree import TreeDraft
from .signatures import SignatureKeyPair
from .state import (
    GroupState,
    LeafChange,
    Policy,
    QueuedProposal,
    StagedCommit,
    Status,
)
from .tree_kem import PathKey
from .validation import check_lifetime, check_members
from .welcome import EncryptedGroupSecrets, GroupInfo, GroupSecrets, Welcome, welcome_key


@dataclass(frozen=True, slots=True)
class NewLeaf:
    """What changes in our leaf besides its encryption key; None keeps what is there."""

    signature: SignatureKeyPair | None = None
    credential: Credential | None = None
    capabilities: Capabilities | None = None
    extensions: tuple[Extension, ...] | None = None

    def sign(
        self,
        state: GroupState,
        index: int,
        old: LeafNode,
        encryption_key: bytes,
        parent_hash: bytes | None,
    ) -> tuple[LeafNode, SignatureKeyPair]:
        """Sign the leaf: of a commit where a parent hash is given, of an Update where it is None."""
        keys = self.signature or state.signature
        leaf = LeafNode.sign(
            state.suite,
            keys.private,
            encryption_key=encryption_key,
            signature_key=keys.public,
            credential=self.credential or old.credential,
            capabilities=self.capabilities or old.capabilities,
            source=LeafNodeSource.UPDATE if parent_hash is None else LeafNodeSource.COMMIT,
            parent_hash=parent_hash or b"",
            extensions=old.extensions if self.extensions is None else self.extensions,
            group_id=state.group_id,
            leaf_index=index,
        )
        return leaf, keys


@dataclass(frozen=True, slots=True)
class PendingCommit:
    """Our own commit: what is to be sent, and the state that it leads to once it is accepted.

    `ratchet_tree` is for newcomers where the Welcome does not carry it.
    """

    message: bytes = field(repr=False)
    welcome: bytes | None = field(repr=False)
    staged: StagedCommit
    ratchet_tree: bytes = field(repr=False)


def own_leaf_of(state: GroupState) -> LeafNode:
    """Our own leaf, which is never blank while the group is active."""
    leaf = state.tree.leaf(state.own_leaf)
    assert leaf is not None
    return leaf


def require_active(state: GroupState) -> None:
    """Check that the group may still be used to send.

    Raises:
        UsageError: we were removed from it, or it was reinitialised.
    """
    if state.status is not Status.ACTIVE:
        raise UsageError(f"the group is {state.status.value}")


def commit(
    state: GroupState,
    proposals: Iterable[Proposal] = (),
    *,
    references: Iterable[bytes] | None = None,
    path: bool = True,
    public: bool = False,
    authenticated_data: bytes = b"",
    tree_in_welcome: bool = True,
    group_info_extensions: Iterable[Extension] = (),
    new_leaf: NewLeaf | None = None,
    policy: Policy,
    entropy: Entropy,
    now: int,
    ceremony: ResumptionPSKUsage | None = None,
) -> tuple[GroupState, PendingCommit]:
    """Make a commit of the waiting proposals and of `proposals` by value.

    `references` names the waiting proposals to commit; without it all go in that may, beside `proposals`:
    nobody can keep us from committing by a proposal that goes with no other. `path=False` leaves
    out the path where no proposal needs one: cheaper, but without fresh keys of ours. `group_info_extensions`
    go into the Welcome beside the tree; GREASE among them does no harm (§13.5). The state that comes
    back has used a message key: store it, and the staged commit, before the message leaves.

    Raises:
        UsageError: the list breaks a rule, or the group is not active.
        LimitError: something grew beyond what can be encoded.
    """
    require_active(state)
    committer = Committer.member(state)
    sender = committer.sender
    given = [QueuedProposal(proposal, sender) for proposal in proposals]
    named = None if references is None else list(references)
    if named is not None and not state.proposals.keys() >= set(named):
        raise UsageError("no proposal with this reference waits")
    wire_format = WireFormat.PUBLIC_MESSAGE if public else WireFormat.PRIVATE_MESSAGE
    try:
        for p in given:
            check_proposal(state, p.proposal, sender, policy, ceremony)
        if named is None:
            waiting = _fitting(state, given, sender, policy, now)
        else:
            waiting = [state.proposals[ref] for ref in named]
        applied = apply_list(state, [*waiting, *given], sender)
        for _, package in applied.added:
            check_lifetime(package.leaf_node, now)
        signed, built = build(
            state,
            applied,
            committer,
            Framing(wire_format, authenticated_data),
            new_leaf=(new_leaf or NewLeaf()) if path or applied.path_required else None,
            psks=find_psks(state, applied.psks, policy),
            policy=policy,
            entropy=entropy,
        )
    except RemoteProtocolError as e:
        raise UsageError(f"this commit would be refused: {e}") from e
    if public:
        body = protection.protect_public(
            state.suite, state.secrets.membership_key, signed, state.context.encode()
        )
        message = MLSMessage(body).encode()
    else:
        state, message = protect(state, signed, entropy)
    welcome = None
    if applied.added:
        welcome = _welcome(built, applied, tree_in_welcome, group_info_extensions, entropy)
    return state, PendingCommit(message, welcome, built.staged, built.staged.after.tree.encode())


def _fitting(
    state: GroupState, given: Sequence[QueuedProposal], sender: Sender, policy: Policy, now: int
) -> list[QueuedProposal]:
    """The waiting proposals that can stand beside `given`: all of them, or what fits one after another."""

    def fits(waiting: Iterable[QueuedProposal]) -> bool:
        try:
            applied = apply_list(state, [*waiting, *given], sender)
            check_members(applied.draft, applied.extensions)
            for _, package in applied.added:
                check_lifetime(package.leaf_node, now)
            find_psks(state, applied.psks, policy)
        except RuleViolation:
            return False
        return True

    waiting = choose_pending(state)
    if not waiting or fits(waiting):
        return waiting
    chosen: list[QueuedProposal] = []
    for p in waiting:
        if fits([*chosen, p]):
            chosen.append(p)
    return chosen


@dataclass(frozen=True, slots=True)
class Committer:
    """Who makes a commit: a member, or somebody who joins by it (§12.4.3.2)."""

    sender: Sender
    leaf_index: int
    leaf: LeafNode
    """Its leaf before the commit."""
    init_secret: bytes = field(repr=False)
    """From where the key schedule goes on (§8)."""

    @classmethod
    def member(cls, state: GroupState) -> Committer:
        """Ourselves in our group."""
        sender = Sender.member(state.own_leaf)
        return cls(sender, state.own_leaf, own_leaf_of(state), state.secrets.init_secret)


@dataclass(frozen=True, slots=True)
class Framing:
    """How a commit leaves: what its signature covers beside it (§6.1)."""

    wire_format: WireFormat
    authenticated_data: bytes = b""


@dataclass(frozen=True, slots=True)
class _Path:
    """The committer's side of a path; of none the commit secret is all zeros (§8)."""

    leaf: LeafNode | None
    keys: list[PathKey]
    leaf_keys: KemKeyPair | None
    signature: SignatureKeyPair
    commit_secret: bytes = field(repr=False)

    def private_keys(self, committer: int) -> dict[int, KemKeyPair]:
        """What is new of the keys that the committer holds, by node index."""
        if self.leaf_keys is None:
            return {}
        return {2 * committer: self.leaf_keys, **{k.node: k.keys for k in self.keys}}


@dataclass(frozen=True, slots=True)
class Built:
    """A commit that is made: staged, with what its Welcome needs."""

    staged: StagedCommit
    path: _Path
    epoch: NextEpoch


def build(
    state: GroupState,
    applied: Applied,
    committer: Committer,
    framing: Framing,
    *,
    new_leaf: NewLeaf | None,
    psks: Sequence[tuple[PreSharedKeyID, bytes]],
    policy: Policy,
    entropy: Entropy,
) -> tuple[AuthenticatedContent, Built]:
    """Set the path, sign the commit and move the key schedule: the steps of §12.4.1 in their order.

    Without `new_leaf` it has no path.

    Raises:
        RuleViolation: members would refuse it, or the application does.
    """
    suite, sender, index = state.suite, committer.sender, committer.leaf_index
    changes = list(applied.changes)
    if new_leaf is None:
        path = _Path(None, [], None, state.signature, suite.zero)
    else:
        before = applied.draft.leaf(index)
        path = _set_path(state, applied.draft, committer, new_leaf, entropy)
        changes.append(LeafChange(index, before, path.leaf))
    tree = applied.draft.freeze()
    check_members(tree, applied.extensions)
    provisional = provisional_context(state, tree, applied)
    update = None
    if path.leaf is not None:
        without = {added for added, _ in applied.added}
        nodes = tree_kem.seal_path(tree, path.keys, provisional.encode(), without, entropy)
        update = UpdatePath(path.leaf, nodes)
    body = Commit(tuple(p.proposal if p.ref is None else p.ref for p in applied.proposals), update)
    unconfirmed = _sign(state, sender, framing, body, path)
    psk_secret = key_schedule.psk_secret(suite, psks)
    epoch = advance(state, provisional, unconfirmed, committer.init_secret, path.commit_secret, psk_secret)
    authorise(state, sender, index, applied.proposals, changes, policy)
    private = {**state.private, **path.private_keys(index)}
    after = next_state(state, epoch, tree, private, path.signature, applied.reinit, index)
    staged = StagedCommit(state.context, sender, index, applied.proposals, tuple(changes), after)
    auth = replace(unconfirmed.auth, confirmation_tag=epoch.confirmation_tag)
    return replace(unconfirmed, auth=auth), Built(staged, path, epoch)


def _set_path(
    state: GroupState, draft: TreeDraft, committer: Committer, new_leaf: NewLeaf, entropy: Entropy
) -> _Path:
    """Fresh keys from the committer's leaf to the root, and its leaf signed over them (§7.5)."""
    suite, index = state.suite, committer.leaf_index
    leaf_keys = suite.kem.derive_key_pair(entropy(suite.kdf.size))
    pairs = draft.filtered_direct_path(index)
    keys, commit_secret = tree_kem.derive_path(suite, entropy(suite.kdf.size), pairs)
    parent_hash = draft.set_path(index, [k.keys.public for k in keys])
    leaf, signature = new_leaf.sign(state, index, committer.leaf, leaf_keys.public, parent_hash)
    draft.set_leaf(index, leaf)
    return _Path(leaf, keys, leaf_keys, signature, commit_secret)


def _sign(
    state: GroupState, sender: Sender, framing: Framing, body: Commit, path: _Path
) -> AuthenticatedContent:
    """The commit, signed; its confirmation tag is not known yet. Who joins has no older key to sign with."""
    content = FramedContent.make(state.group_id, state.epoch, sender, framing.authenticated_data, body)
    keys = path.signature if sender.type is SenderType.NEW_MEMBER_COMMIT else state.signature
    signature = protection.sign(
        state.suite, keys.private, framing.wire_format, content, state.context.encode()
    )
    return AuthenticatedContent(framing.wire_format, content, FramedContentAuthData(signature))


def protect(state: GroupState, message: AuthenticatedContent, entropy: Entropy) -> tuple[GroupState, bytes]:
    """Encrypt content of ours under the next key of its ratchet. The new state has that key no more."""
    kind = protection.ratchet_of(message.content.content_type)
    secret_tree, generation, key = state.secret_tree.next(state.suite, state.own_leaf, kind)
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


def make_group_info(
    state: GroupState, *, with_tree: bool, external: bool, extensions: Iterable[Extension] = ()
) -> GroupInfo:
    """A signed GroupInfo of the state's epoch (§12.4.3)."""
    listed = list(extensions)
    if with_tree:
        listed.append(Extension(ExtensionType.RATCHET_TREE, state.tree.encode()))
    if external:
        key = key_schedule.external_key(state.suite, state.secrets)
        listed.append(Extension(ExtensionType.EXTERNAL_PUB, opaque(key.public)))
    return GroupInfo.sign(
        state.suite,
        state.signature.private,
        state.context,
        tuple(listed),
        state.confirmation_tag,
        state.own_leaf,
    )


def _welcome(
    built: Built, applied: Applied, with_tree: bool, extensions: Iterable[Extension], entropy: Entropy
) -> bytes:
    after, epoch = built.staged.after, built.epoch
    suite = after.suite
    info = make_group_info(after, with_tree=with_tree, external=False, extensions=extensions).encode()
    key, nonce = welcome_key(suite, epoch.welcome)
    encrypted_info = suite.aead.seal(key, nonce, b"", info)
    secrets = []
    for index, package in applied.added:
        path_secret = _path_secret_for(built.path.keys, index, built.staged.committer)
        group_secrets = GroupSecrets(epoch.joiner, path_secret, applied.psks).encode()
        sealed = suite.encrypt_with_label(
            package.init_key, b"Welcome", encrypted_info, group_secrets, entropy
        )
        secrets.append(EncryptedGroupSecrets(package.ref(suite), sealed))
    return MLSMessage(Welcome(suite.id, tuple(secrets), encrypted_info)).encode()


def _path_secret_for(path: Sequence[PathKey], newcomer: int, committer: int) -> bytes | None:
    ancestor = tree_math.common_ancestor(2 * newcomer, 2 * committer)
    return next((k.secret for k in path if k.node == ancestor), None)
