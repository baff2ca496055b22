"""Making commits and staging those of others (RFC 9420 §12.4.1, §12.4.2).

Both sides go the same way: resolve the proposals, apply the list, set the path, move the key schedule. What
comes out is a `StagedCommit`, which takes effect only when it is merged: the committer drops its own when
another one won, a receiver drops what its owner does not want.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from ..entropy import Entropy
from ..errors import RuleViolation, UsageError
from . import key_schedule, protection, rules, tree_kem, tree_math
from .ciphersuite import CipherSuite, same
from .codec import opaque
from .credential import Credential
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
from .group_context import GroupContext
from .hpke import KemKeyPair
from .leaf_node import Capabilities, LeafNode, LeafNodeSource
from .proposal_list import Applied, apply_list, check_proposal, choose_pending, find_psks
from .proposals import Commit, PreSharedKeyID, Proposal, ReInit, ResumptionPSKUsage, UpdatePath
from .protection import transcript_content
from .ratchet_tree import RatchetTree
from .secret_tree import RatchetKind, SecretTree
from .signatures import SignatureKeyPair
from .state import (
    CommitView,
    GroupState,
    LeafChange,
    Policy,
    QueuedProposal,
    StagedCommit,
    Status,
)
from .tree_kem import PathKey
from .validation import check_leaf, check_lifetime, check_members, check_replacement
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


@dataclass(frozen=True, slots=True)
class _Path:
    """The committer's side of a path."""

    update: UpdatePath | None
    keys: list[PathKey]
    secret: bytes
    leaf_keys: KemKeyPair | None
    signature: SignatureKeyPair


@dataclass(frozen=True, slots=True)
class _NextEpoch:
    """What the key schedule gives for a commit."""

    context: GroupContext
    interim: bytes
    joiner: bytes
    welcome: bytes
    secrets: key_schedule.EpochSecrets
    encryption_secret: bytes
    confirmation_tag: bytes


def _advance(
    state: GroupState,
    provisional: GroupContext,
    message: AuthenticatedContent,
    init_secret: bytes,
    commit_secret: bytes,
    psk_secret: bytes,
) -> _NextEpoch:
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
    return _NextEpoch(
        context,
        key_schedule.interim_transcript_hash(suite, confirmed, tag),
        joiner,
        key_schedule.welcome_secret(suite, joiner, psk_secret),
        secrets,
        encryption_secret,
        tag,
    )


def _after(
    state: GroupState,
    epoch: _NextEpoch,
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


def _provisional(state: GroupState, tree: RatchetTree, applied: Applied) -> GroupContext:
    return replace(
        state.context,
        epoch=state.epoch + 1,
        tree_hash=tree.tree_hash(),
        extensions=applied.extensions,
    )


def _authorise(
    state: GroupState,
    sender: Sender,
    committer: int,
    queue: Sequence[QueuedProposal],
    changes: Sequence[LeafChange],
    policy: Policy,
) -> None:
    reason = policy.authorise(CommitView(state, sender, committer, tuple(queue), tuple(changes)))
    if reason is not None:
        raise rules.violation(rules.AUTHORISED, reason)


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
    new_leaf: NewLeaf | None = None,
    policy: Policy,
    entropy: Entropy,
    now: int,
    ceremony: ResumptionPSKUsage | None = None,
) -> tuple[GroupState, PendingCommit]:
    """Make a commit of the waiting proposals and of `proposals` by value.

    `references` names the waiting proposals to commit; without it all go in that may. `path=False` leaves
    out the path where no proposal needs one: cheaper, but without fresh keys of ours. The state that comes
    back has used a message key: store it, and the staged commit, before the message leaves.

    Raises:
        UsageError: the list breaks a rule, or the group is not active.
        LimitError: something grew beyond what can be encoded.
    """
    require_active(state)
    sender = Sender.member(state.own_leaf)
    if references is None:
        queue = choose_pending(state)
    else:
        try:
            queue = [state.proposals[ref] for ref in references]
        except KeyError:
            raise UsageError("no proposal with this reference waits") from None
    try:
        for proposal in proposals:
            check_proposal(state, proposal, sender, policy, ceremony)
            queue.append(QueuedProposal(proposal, sender))
        applied = apply_list(state, queue, sender)
        for _, package in applied.added:
            check_lifetime(package.leaf_node, now)
        psks = find_psks(state, applied.psks, policy)
        signed, built = build(
            state,
            queue,
            applied,
            sender,
            state.own_leaf,
            old_leaf=own_leaf_of(state),
            path=path or applied.path_required,
            wire_format=WireFormat.PUBLIC_MESSAGE if public else WireFormat.PRIVATE_MESSAGE,
            authenticated_data=authenticated_data,
            new_leaf=new_leaf or NewLeaf(),
            init_secret=state.secrets.init_secret,
            psks=psks,
            policy=policy,
            entropy=entropy,
        )
    except RuleViolation as e:
        raise UsageError(f"this commit would be refused: {e}") from e
    after = built.staged.after
    if public:
        body = protection.protect_public(
            state.suite, state.secrets.membership_key, signed, state.context.encode()
        )
        message = MLSMessage(body).encode()
    else:
        state, message = protect_handshake(state, signed, entropy)
    welcome = None
    if applied.added:
        welcome = _welcome(built, applied, tree_in_welcome, entropy)
    return state, PendingCommit(message, welcome, built.staged, after.tree.encode())


@dataclass(frozen=True, slots=True)
class Built:
    """A commit that is made: staged, with what its Welcome needs."""

    staged: StagedCommit
    path: _Path
    epoch: _NextEpoch


def build(
    state: GroupState,
    queue: Sequence[QueuedProposal],
    applied: Applied,
    sender: Sender,
    committer: int,
    *,
    old_leaf: LeafNode,
    path: bool,
    wire_format: WireFormat,
    authenticated_data: bytes,
    new_leaf: NewLeaf,
    init_secret: bytes,
    psks: Sequence[tuple[PreSharedKeyID, bytes]],
    policy: Policy,
    entropy: Entropy,
) -> tuple[AuthenticatedContent, Built]:
    """Set the path, sign the commit and move the key schedule: the steps of §12.4.1 in their order."""
    suite, draft = state.suite, applied.draft
    changes = list(applied.changes)
    commit_secret, made = suite.zero, _Path(None, [], b"", None, state.signature)
    if path:
        leaf_keys = suite.kem.derive_key_pair(entropy(suite.kdf.size))
        pairs = draft.filtered_direct_path(committer)
        keys, commit_secret = tree_kem.derive_path(suite, entropy(suite.kdf.size), pairs)
        parent_hash = draft.set_path(committer, [k.keys.public for k in keys])
        leaf, signature = new_leaf.sign(state, committer, old_leaf, leaf_keys.public, parent_hash)
        changes.append(LeafChange(committer, draft.leaf(committer), leaf))
        draft.set_leaf(committer, leaf)
        made = _Path(UpdatePath(leaf, ()), keys, b"", leaf_keys, signature)
    tree = draft.freeze()
    check_members(tree, applied.extensions)
    provisional = _provisional(state, tree, applied)
    if made.update is not None:
        without = {index for index, _ in applied.added}
        nodes = tree_kem.seal_path(tree, made.keys, provisional.encode(), without, entropy)
        made = replace(made, update=UpdatePath(made.update.leaf_node, nodes))
    body = Commit(tuple(p.proposal if p.ref is None else p.ref for p in queue), made.update)
    content = FramedContent.make(state.group_id, state.epoch, sender, authenticated_data, body)
    signing = made.signature if sender.type is SenderType.NEW_MEMBER_COMMIT else state.signature
    signature_bytes = protection.sign(suite, signing.private, wire_format, content, state.context.encode())
    unconfirmed = AuthenticatedContent(wire_format, content, FramedContentAuthData(signature_bytes))
    epoch = _advance(
        state,
        provisional,
        unconfirmed,
        init_secret,
        commit_secret,
        key_schedule.psk_secret(suite, psks),
    )
    _authorise(state, sender, committer, queue, changes, policy)
    private = dict(state.private)
    if made.leaf_keys is not None:
        private[2 * committer] = made.leaf_keys
        private.update({k.node: k.keys for k in made.keys})
    after = _after(state, epoch, tree, private, made.signature, applied.reinit, committer)
    staged = StagedCommit(state.context, sender, committer, tuple(queue), tuple(changes), after)
    signed = replace(unconfirmed, auth=FramedContentAuthData(signature_bytes, epoch.confirmation_tag))
    return signed, Built(staged, made, epoch)


def protect_handshake(
    state: GroupState, message: AuthenticatedContent, entropy: Entropy
) -> tuple[GroupState, bytes]:
    """Encrypt a proposal or commit under the next key of our handshake ratchet."""
    secret_tree, generation, key = state.secret_tree.next(state.suite, state.own_leaf, RatchetKind.HANDSHAKE)
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


def _welcome(built: Built, applied: Applied, with_tree: bool, entropy: Entropy) -> bytes:
    after, epoch = built.staged.after, built.epoch
    suite = after.suite
    info = make_group_info(after, with_tree=with_tree, external=False).encode()
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


@dataclass(frozen=True, slots=True)
class VerifiedCommit:
    """A commit whose protection and signature were verified in the epoch `context`.

    Only `group.verify` makes one; `stage` refuses it in any other epoch.
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
    queue = _resolve(state, body, sender, policy)
    applied = apply_list(state, queue, sender)
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
    _authorise(state, sender, committer, queue, changes, policy)
    after = _follow(state, verified, applied, tree, committer, policy)
    return StagedCommit(state.context, sender, committer, tuple(queue), tuple(changes), after)


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
        return _removed(state, _provisional(state, tree, applied))
    suite, update = state.suite, verified.commit.path
    provisional = _provisional(state, tree, applied)
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
    epoch = _advance(
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
    return _after(state, epoch, tree, private, signature, applied.reinit, state.own_leaf)


def _init_secret(state: GroupState, applied: Applied) -> bytes:
    if applied.external_init is None:
        return state.secrets.init_secret
    keys = key_schedule.external_key(state.suite, state.secrets)
    return external_init_receiver(state.suite, keys, applied.external_init.kem_output)


def external_init_receiver(suite: CipherSuite, keys: KemKeyPair, kem_output: bytes) -> bytes:
    """The init secret of an external commit, on the group's side (§8.3)."""
    receiver = suite.hpke.setup_receiver(kem_output, keys, b"")
    return receiver.export(key_schedule.EXTERNAL_INIT_LABEL, suite.kdf.size)


def _removed(state: GroupState, context: GroupContext) -> GroupState:
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
