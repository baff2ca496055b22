"""Ways into a group: a Welcome, an external commit, asking from outside (RFC 9420 §12.4.3, §12.1.8)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from ..entropy import Entropy
from ..errors import RuleViolation, UnexpectedMessage, UsageError
from . import key_schedule, protection, rules, tree_kem, tree_math
from .ciphersuite import CipherSuite, same
from .codec import Reader
from .commit import Committer, Framing, NewLeaf, build
from .extensions import DEFAULT_EXTENSIONS, ExtensionType, external_senders, find
from .framing import (
    FramedContent,
    FramedContentAuthData,
    MLSMessage,
    PublicMessage,
    Sender,
    SenderType,
    WireFormat,
)
from .group_context import GroupContext
from .hpke import KemKeyPair
from .key_package import OwnKeyPackage
from .leaf_node import MLS_10, LeafNode
from .proposal_list import apply_list, find_psks
from .proposals import (
    Add,
    ExternalInit,
    PreSharedKey,
    PreSharedKeyID,
    Proposal,
    PSKType,
    Remove,
    ResumptionPSKUsage,
)
from .ratchet_tree import RatchetTree
from .secret_tree import SecretTree
from .signatures import SignatureKeyPair
from .state import GroupConfig, GroupState, Policy, PSKUnknown, QueuedProposal
from .validation import check_extension_list, check_group_extensions, check_support, check_tree
from .welcome import GroupInfo, GroupSecrets, Welcome, welcome_key


def join(
    own: OwnKeyPackage,
    welcome: bytes,
    *,
    ratchet_tree: bytes | None = None,
    predecessor: GroupState | None = None,
    known_groups: Collection[bytes] = (),
    config: GroupConfig | None = None,
    policy: Policy,
) -> GroupState:
    """Join by a Welcome (§12.4.3.1).

    `ratchet_tree` is wanted where the Welcome does not carry the tree. `predecessor` is the state of the
    group that this one continues by ReInit or branch. `known_groups` are the ids of groups we are in.

    Raises:
        RemoteProtocolError: the Welcome is refused.
    """
    suite = own.suite
    body = MLSMessage.decode(welcome).body
    if not isinstance(body, Welcome):
        raise UnexpectedMessage("this is no Welcome")
    secrets = _open_secrets(own, body)
    resumed = _resumption(secrets.psks)
    psk_secret = key_schedule.psk_secret(suite, _find_psks(secrets.psks, resumed, predecessor, policy))
    key, nonce = welcome_key(suite, key_schedule.welcome_secret(suite, secrets.joiner_secret, psk_secret))
    info = GroupInfo.decode(suite.aead.open(key, nonce, b"", body.encrypted_group_info))
    context = info.group_context
    rules.require(context.group_id not in known_groups, rules.GROUP_ID_NEW)
    tree = _check_group(own, info, ratchet_tree, policy)
    ours = own.key_package.leaf_node.raw
    own_leaf = next((i for i, leaf in tree.members() if leaf.raw == ours), None)
    if own_leaf is None:
        raise rules.violation(rules.OWN_LEAF_PRESENT)
    private = {2 * own_leaf: own.encryption}
    if secrets.path_secret is not None:
        private.update(_path_keys(tree, info.signer, own_leaf, secrets.path_secret))
    epoch, encryption_secret = key_schedule.derive_epoch(
        suite,
        key_schedule.epoch_secret(suite, secrets.joiner_secret, psk_secret, context.encode()),
    )
    confirmed = context.confirmed_transcript_hash
    tag = suite.mac(epoch.confirmation_key, confirmed)
    rules.require(same(tag, info.confirmation_tag), rules.CONFIRMATION_TAG)
    state = GroupState(
        suite=suite,
        config=config or GroupConfig(),
        context=context,
        tree=tree,
        own_leaf=own_leaf,
        signature=own.signature,
        private=private,
        secrets=epoch,
        interim_transcript_hash=key_schedule.interim_transcript_hash(suite, confirmed, tag),
        confirmation_tag=tag,
        secret_tree=SecretTree.start(tree.n_leaves, encryption_secret),
    )
    if resumed is not None:
        _check_successor(state, resumed, predecessor, policy)
    return state


def _open_secrets(own: OwnKeyPackage, welcome: Welcome) -> GroupSecrets:
    suite, ref = own.suite, own.ref
    entry = next((s for s in welcome.secrets if s.new_member == ref), None)
    if entry is None or welcome.cipher_suite != suite.id:
        raise rules.violation(rules.WELCOME_FOR_US)
    opened = suite.decrypt_with_label(
        own.init, b"Welcome", welcome.encrypted_group_info, entry.encrypted_group_secrets
    )
    return GroupSecrets.decode(opened)


def _resumption(psks: Iterable[PreSharedKeyID]) -> PreSharedKeyID | None:
    """The PSK that ties the group to a predecessor, if there is one."""
    special = [
        p for p in psks if p.type is PSKType.RESUMPTION and p.usage is not ResumptionPSKUsage.APPLICATION
    ]
    rules.require(len(special) <= 1, rules.WELCOME_PSK_SINGLE)
    return special[0] if special else None


def _find_psks(
    psks: Iterable[PreSharedKeyID],
    resumed: PreSharedKeyID | None,
    predecessor: GroupState | None,
    policy: Policy,
) -> list[tuple[PreSharedKeyID, bytes]]:
    """Look up PSKs; that of a ceremony comes from the predecessor, or it is unknown."""
    if resumed is not None and (predecessor is None or predecessor.group_id != resumed.psk_group_id):
        raise PSKUnknown(resumed)
    return find_psks(predecessor, psks, policy, ceremony=True)


def _check_group(
    own: OwnKeyPackage, info: GroupInfo, ratchet_tree: bytes | None, policy: Policy
) -> RatchetTree:
    """Check a GroupInfo and its tree by what they say themselves; give the tree."""
    suite, context = own.suite, info.group_context
    fits = context.version == MLS_10 and context.cipher_suite == suite.id
    rules.require(fits, rules.GROUP_INFO_SUITE)
    check_extension_list(info.extensions)
    data = find(info.extensions, ExtensionType.RATCHET_TREE) or ratchet_tree
    if data is None:
        raise rules.violation(rules.TREE_PRESENT)
    tree = RatchetTree.decode(suite, data)
    signer = tree.leaf(info.signer)
    if signer is None or not info.is_signed(suite, signer.signature_key):
        raise rules.violation(rules.GROUP_INFO_SIGNATURE)
    rules.require(tree.tree_hash() == context.tree_hash, rules.TREE_HASH)
    check_group_extensions(suite, context.extensions, policy)
    supported = DEFAULT_EXTENSIONS.union(own.key_package.leaf_node.capabilities.extensions)
    known = all(e.type in supported for e in context.extensions)
    rules.require(known, rules.GROUP_EXTENSIONS_SUPPORTED)
    check_tree(tree, context.group_id, context.extensions, policy)
    return tree


def _path_keys(tree: RatchetTree, committer: int, own_leaf: int, path_secret: bytes) -> dict[int, KemKeyPair]:
    """Our keys from the common ancestor upwards, checked against the tree."""
    ancestor = tree_math.common_ancestor(2 * committer, 2 * own_leaf)
    path = tree.filtered_direct_path(committer)
    above = [pair for pair in path if tree_math.level(pair[0]) >= tree_math.level(ancestor)]
    holds = bool(above) and above[0][0] == ancestor and len(path_secret) == tree.suite.kdf.size
    rules.require(holds, rules.JOIN_PATH_SECRET)
    keys, _ = tree_kem.derive_path(tree.suite, path_secret, above)
    for k in keys:
        node = tree.parent(k.node)
        matches = node is not None and node.encryption_key == k.keys.public
        rules.require(matches, rules.JOIN_PATH_SECRET)
    return {k.node: k.keys for k in keys}


def _check_successor(state: GroupState, psk: PreSharedKeyID, old: GroupState | None, policy: Policy) -> None:
    """Check that a group continues its predecessor as it should (§11.2, §11.3, §12.4.3.1)."""
    assert old is not None, "its PSK was found in it"
    context, announced = state.context, old.reinit

    def has_client(group: GroupState, leaf: LeafNode, new: bool) -> bool:
        return any(
            policy.same_client(leaf, other) if new else policy.same_client(other, leaf)
            for _, other in group.members()
        )

    if psk.usage is ResumptionPSKUsage.REINIT:
        if announced is None or psk.psk_epoch != old.epoch:
            raise rules.violation(rules.REINIT_MATCHES)
        holds = context.epoch == 1 and (
            context.group_id,
            context.version,
            context.cipher_suite,
            context.extensions,
        ) == (
            announced.group_id,
            announced.version,
            announced.cipher_suite,
            announced.extensions,
        )
        rules.require(holds, rules.REINIT_MATCHES)
        everybody = all(has_client(state, leaf, True) for _, leaf in old.members())
        rules.require(everybody, rules.REINIT_MEMBERS)
        return
    holds = (context.epoch, context.version, context.cipher_suite) == (
        1,
        old.context.version,
        old.context.cipher_suite,
    )
    rules.require(holds, rules.BRANCH_MATCHES)
    subset = all(has_client(old, leaf, False) for _, leaf in state.members())
    rules.require(subset, rules.BRANCH_MEMBERS)


@dataclass(frozen=True, slots=True)
class ExternalJoin:
    """A group joined by an external commit: `message` is to be accepted before `state` counts."""

    state: GroupState
    message: bytes = field(repr=False)


def external_join(
    own: OwnKeyPackage,
    group_info: bytes,
    *,
    ratchet_tree: bytes | None = None,
    resync: int | None = None,
    psks: Iterable[PreSharedKeyID] = (),
    authenticated_data: bytes = b"",
    known_groups: Collection[bytes] = (),
    config: GroupConfig | None = None,
    policy: Policy,
    entropy: Entropy,
) -> ExternalJoin:
    """Join by a commit of our own, or come back in place of our old leaf `resync` (§12.4.3.2).

    Raises:
        RemoteProtocolError: the GroupInfo is refused.
        UsageError: the commit would be refused.
    """
    suite = own.suite
    info = MLSMessage.decode(group_info).body
    if not isinstance(info, GroupInfo):
        raise UnexpectedMessage("this is no GroupInfo")
    context = info.group_context
    rules.require(resync is not None or context.group_id not in known_groups, rules.GROUP_ID_NEW)
    tree = _check_group(own, info, ratchet_tree, policy)
    check_support(own.key_package.leaf_node.capabilities, context.extensions)
    kem_output, init_secret = _external_init(suite, info, entropy)
    before = _outside(own, info, tree, config)
    proposals: list[Proposal] = [ExternalInit(kem_output)]
    if resync is not None:
        proposals.append(Remove(resync))
    proposals.extend(PreSharedKey(p) for p in psks)
    sender = Sender(SenderType.NEW_MEMBER_COMMIT)
    try:
        if resync is not None:
            rules.require(tree.leaf(resync) is not None, rules.REMOVE_MEMBER)
        applied = apply_list(before, [QueuedProposal(p, sender) for p in proposals], sender)
        signed, built = build(
            before,
            applied,
            Committer(sender, applied.draft.free_leaf(), own.key_package.leaf_node, init_secret),
            Framing(WireFormat.PUBLIC_MESSAGE, authenticated_data),
            new_leaf=NewLeaf(),
            psks=find_psks(None, applied.psks, policy),
            policy=policy,
            entropy=entropy,
        )
    except RuleViolation as e:
        raise UsageError(f"this commit would be refused: {e}") from e
    message = MLSMessage(PublicMessage(signed.content, signed.auth, None))
    return ExternalJoin(built.staged.after, message.encode())


def _external_init(suite: CipherSuite, info: GroupInfo, entropy: Entropy) -> tuple[bytes, bytes]:
    """The encapsulation to the group's external key, and the init secret that follows (§8.3)."""
    data = find(info.extensions, ExtensionType.EXTERNAL_PUB)
    if data is None:
        raise rules.violation(rules.EXTERNAL_PUB_PRESENT)
    r = Reader(data)
    public = r.opaque()
    r.finish()
    kem_output, sender = suite.hpke.setup_sender(public, b"", entropy)
    return kem_output, sender.export(key_schedule.EXTERNAL_INIT_LABEL, suite.kdf.size)


def _outside(
    own: OwnKeyPackage, info: GroupInfo, tree: RatchetTree, config: GroupConfig | None
) -> GroupState:
    """The group as it looks from outside: no leaf, no secret of its epoch."""
    suite, context = own.suite, info.group_context
    interim = key_schedule.interim_transcript_hash(
        suite, context.confirmed_transcript_hash, info.confirmation_tag
    )
    return GroupState(
        suite=suite,
        config=config or GroupConfig(),
        context=context,
        tree=tree,
        own_leaf=tree.n_leaves,
        signature=own.signature,
        private={},
        secrets=key_schedule.EpochSecrets(*([b""] * 8)),
        interim_transcript_hash=interim,
        confirmation_tag=info.confirmation_tag,
        secret_tree=SecretTree(tree.n_leaves, {}, {}),
    )


def ask_to_join(own: OwnKeyPackage, group_id: bytes, epoch: int, authenticated_data: bytes = b"") -> bytes:
    """An Add proposal of ourselves, sent from outside (§12.1.8, sender new_member_proposal)."""
    return _from_outside(
        own.suite,
        own.signature,
        Sender(SenderType.NEW_MEMBER_PROPOSAL),
        Add(own.key_package),
        group_id,
        epoch,
        authenticated_data,
    )


def propose_externally(
    suite: CipherSuite,
    signature: SignatureKeyPair,
    context: GroupContext,
    proposal: Proposal,
    authenticated_data: bytes = b"",
) -> bytes:
    """A proposal of an external sender that the group admits (§12.1.8).

    Raises:
        UsageError: the group's external_senders do not name this key.
    """
    senders = external_senders(context.extensions)
    index = next((i for i, s in enumerate(senders) if s.signature_key == signature.public), None)
    if index is None:
        raise UsageError("the group does not admit this external sender")
    return _from_outside(
        suite,
        signature,
        Sender(SenderType.EXTERNAL, index),
        proposal,
        context.group_id,
        context.epoch,
        authenticated_data,
    )


def _from_outside(
    suite: CipherSuite,
    signature: SignatureKeyPair,
    sender: Sender,
    proposal: Proposal,
    group_id: bytes,
    epoch: int,
    authenticated_data: bytes,
) -> bytes:
    content = FramedContent.make(group_id, epoch, sender, authenticated_data, proposal)
    signed = protection.sign(suite, signature.private, WireFormat.PUBLIC_MESSAGE, content, b"")
    return MLSMessage(PublicMessage(content, FramedContentAuthData(signed), None)).encode()
