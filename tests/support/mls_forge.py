"""A forger for tests: a member, or an outsider, with all keys, who sends what our own code refuses to make.

Whatever is forged is correctly signed, tagged and encrypted unless told otherwise, so that the one rule
under test is what refuses it. Lists that break a rule are committed by the package's own code with the rules
switched off (`lawless`); bodies are altered and signed anew (`altered`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any
from unittest import mock

import pytest
from mls_world import ALLOW, NOW, X25519, Client, clients, group_of

from swarm_protocol import mls
from swarm_protocol.errors import RemoteProtocolError, RuleViolation, UnexpectedMessage, UsageError
from swarm_protocol.mls import key_schedule, protection, rules
from swarm_protocol.mls.codec import opaque, u16
from swarm_protocol.mls.extensions import encode_extensions
from swarm_protocol.mls.framing import (
    AuthenticatedContent,
    Body,
    FramedContent,
    FramedContentAuthData,
    PublicMessage,
)
from swarm_protocol.mls.leaf_node import MLS_10
from swarm_protocol.mls.proposals import UpdatePath
from swarm_protocol.mls.ratchet_tree import Node, TreeDraft
from swarm_protocol.mls.secret_tree import MessageKey, RatchetKind
from swarm_protocol.mls.welcome import EncryptedGroupSecrets, GroupSecrets, welcome_key
from swarm_protocol.testing import SeededEntropy

State = mls.GroupState
RANDOM = SeededEntropy("forger")
SMALL_ORDER = bytes(32)
"""No key of X25519, and none of Ed25519: a point of small order on either curve."""
NOVEL = 0xFF00
"""A type of extension that nobody here knows."""
STRANGER = Client.make(X25519, "stranger")


def code_point(number: int) -> mls.Extension:
    return mls.Extension(number, b"")


# Groups


@cache
def group(n: int, **options: Any) -> tuple[State, ...]:
    """The members of a group with a path; made once, for states do not change."""
    return tuple(group_of(n, **options))


@cache
def flat_group(n: int, seed: object = 0, **options: Any) -> tuple[State, ...]:
    """The members of a group all of whose parents are blank."""
    owns = [c.key_package() for c in clients(X25519, n, seed)]
    first = mls.create_group(owns[0], b"group", entropy=RANDOM, **options)
    adds = [mls.Add(own.key_package) for own in owns[1:]]
    first, pending = mls.commit(first, adds, path=False, policy=ALLOW, entropy=RANDOM, now=NOW)
    assert pending.welcome is not None
    joined = [mls.join(own, pending.welcome, policy=ALLOW) for own in owns[1:]]
    return (mls.merge(first, pending.staged, now=NOW), *joined)


def capabilities(**changes: Any) -> mls.Capabilities:
    return replace(mls.Capabilities(cipher_suites=(X25519.id,)), **changes)


# Refusing


def refused(rule: str, state: State, message: bytes, policy: mls.Policy = ALLOW) -> None:
    """The message breaks this rule and no earlier one, and the state did not move."""
    before = mls.archive.encode(state)
    with pytest.raises((RuleViolation, UnexpectedMessage)) as e:
        mls.process(state, message, policy=policy)
    assert e.value.rule == rule
    assert mls.archive.encode(state) == before


@contextmanager
def refusing(rule: str) -> Iterator[None]:
    """The block raises for this rule."""
    with pytest.raises((RuleViolation, UnexpectedMessage)) as e:
        yield
    assert e.value.rule == rule


@contextmanager
def refusing_ourselves(rule: str) -> Iterator[None]:
    """The block does not let us send what breaks this rule."""
    with pytest.raises(UsageError) as e:
        yield
    assert isinstance(e.value.__cause__, RemoteProtocolError)
    assert e.value.__cause__.rule == rule


@contextmanager
def lawless() -> Iterator[None]:
    """The rules are off: our own code makes whatever it is asked for."""
    with mock.patch.object(rules, "require", return_value=None):
        yield


# Leaves and key packages

_LEAF = (
    "encryption_key",
    "signature_key",
    "credential",
    "capabilities",
    "source",
    "lifetime",
    "parent_hash",
    "extensions",
)


def leaf_like(
    leaf: mls.LeafNode,
    signature: mls.SignatureKeyPair,
    *,
    group_id: bytes = b"group",
    index: int = 0,
    **changes: Any,
) -> mls.LeafNode:
    """A leaf with some fields changed, signed anew."""
    values = {name: getattr(leaf, name) for name in _LEAF} | changes
    return mls.LeafNode.sign(X25519, signature.private, group_id=group_id, leaf_index=index, **values)


def spoiled(leaf: mls.LeafNode) -> mls.LeafNode:
    """A leaf whose signature is wrong by a bit."""
    return mls.LeafNode.decode(leaf.raw[:-1] + bytes([leaf.raw[-1] ^ 1]))


def package_like(
    own: mls.OwnKeyPackage,
    leaf: mls.LeafNode | None = None,
    *,
    version: int = MLS_10,
    cipher_suite: int = X25519.id,
    init_key: bytes | None = None,
    extensions: Sequence[mls.Extension] = (),
    signature: mls.SignatureKeyPair | None = None,
) -> mls.KeyPackage:
    """A key package with some fields changed, signed anew."""
    leaf = leaf or own.key_package.leaf_node
    body = u16(version) + u16(cipher_suite) + opaque(init_key or own.init.public) + leaf.raw
    body += encode_extensions(extensions)
    private = (signature or own.signature).private
    return mls.KeyPackage.decode(body + opaque(X25519.sign_with_label(private, b"KeyPackageTBS", body)))


def newcomer(name: str = "newcomer", **changes: Any) -> mls.OwnKeyPackage:
    """Who is to be added; `changes` are of its leaf, `spoil=True` breaks the leaf's signature."""
    spoil = changes.pop("spoil", False)
    client = Client.make(X25519, name)
    own = client.key_package()
    leaf = leaf_like(own.key_package.leaf_node, client.signature, **changes)
    return replace(own, key_package=package_like(own, spoiled(leaf) if spoil else leaf))


def update_leaf(state: State, **changes: Any) -> mls.LeafNode:
    """A leaf for an Update of this member."""
    spoil = changes.pop("spoil", False)
    own = state.tree.leaf(state.own_leaf)
    assert own is not None
    given = {
        "encryption_key": X25519.kem.derive_key_pair(RANDOM(32)).public,
        "source": mls.LeafNodeSource.UPDATE,
        "lifetime": None,
        "parent_hash": b"",
    }
    signature = changes.pop("signature", state.signature)
    leaf = leaf_like(own, signature, group_id=state.group_id, index=state.own_leaf, **(given | changes))
    return spoiled(leaf) if spoil else leaf


# Messages


class _Padded(FramedContentAuthData):
    """Authentication data that is followed by something."""

    def encode(self) -> bytes:
        return FramedContentAuthData.encode(self) + b"\x00\x01"


def signed(
    state: State,
    body: Body,
    wire_format: mls.WireFormat,
    *,
    sender: mls.Sender | None = None,
    signature: mls.SignatureKeyPair | None = None,
    tag: bytes | None = None,
    group_id: bytes | None = None,
    epoch: int | None = None,
    data: bytes = b"",
) -> AuthenticatedContent:
    """Content as the state's owner signs it, or as whoever else is named."""
    content = FramedContent.make(
        state.group_id if group_id is None else group_id,
        state.epoch if epoch is None else epoch,
        sender or mls.Sender.member(state.own_leaf),
        data,
        body,
    )
    private = (signature or state.signature).private
    raw = protection.sign(state.suite, private, wire_format, content, state.context.encode())
    return AuthenticatedContent(wire_format, content, FramedContentAuthData(raw, tag))


def public(state: State, body: Body, *, membership_tag: bytes | None = None, **options: Any) -> bytes:
    """A PublicMessage; `options` are those of `signed`."""
    message = signed(state, body, mls.WireFormat.PUBLIC_MESSAGE, **options)
    protected = protection.protect_public(
        state.suite, state.secrets.membership_key, message, state.context.encode()
    )
    if membership_tag is not None:
        protected = replace(protected, membership_tag=membership_tag)
    return mls.MLSMessage(protected).encode()


def private(state: State, body: Body, *, generation: int = 0, padded: bool = False, **options: Any) -> bytes:
    """A PrivateMessage under the key of a generation; `padded` puts a one behind it."""
    message = signed(state, body, mls.WireFormat.PRIVATE_MESSAGE, **options)
    if padded:
        message = replace(message, auth=_Padded(message.auth.signature, message.auth.confirmation_tag))
    kind = RatchetKind.APPLICATION if isinstance(body, bytes) else RatchetKind.HANDSHAKE
    index = message.content.sender.index
    key = MessageKey(bytes(16), bytes(12))
    if index < state.tree.n_leaves:
        window = mls.Window(forward=2**32, late=0)
        _, key = state.secret_tree.take(state.suite, index, kind, generation, window)
    secret = state.secrets.sender_data_secret
    protected = protection.protect_private(state.suite, secret, message, generation, key, 0, RANDOM)
    return mls.MLSMessage(protected).encode()


def body_of(message: bytes) -> PublicMessage:
    body = mls.MLSMessage.decode(message).body
    assert isinstance(body, PublicMessage)
    return body


def commit_in(message: bytes) -> mls.Commit:
    body = body_of(message).content.body
    assert isinstance(body, mls.Commit)
    return body


# Commits

Change = Callable[[mls.Commit], mls.Commit]


def committed(state: State, *proposals: mls.Proposal, **options: Any) -> mls.PendingCommit:
    """A public commit of these proposals, with the rules off: right in all but what it holds."""
    given: dict[str, Any] = {"references": (), "public": True, "entropy": RANDOM} | options
    with lawless():
        _, pending = mls.commit(state, proposals, policy=ALLOW, now=NOW, **given)
    return pending


def altered(state: State, message: bytes, change: Change, tag: bytes | None = None) -> bytes:
    """A public commit of the state's owner with its body changed, signed and tagged anew.

    The confirmation tag stays that of the body before: it is the last thing that is looked at.
    """
    given = body_of(message)
    options: dict[str, Any] = {"tag": given.auth.confirmation_tag if tag is None else tag}
    if given.content.sender.type is mls.SenderType.NEW_MEMBER_COMMIT:
        options["sender"] = given.content.sender
    return public(state, change(commit_in(message)), **options)


def holding(*items: mls.Proposal | bytes) -> Change:
    """Put these in place of the proposals."""
    return lambda commit: replace(commit, proposals=items)


def also(*items: mls.Proposal | bytes) -> Change:
    """Put these behind the proposals."""
    return lambda commit: replace(commit, proposals=(*commit.proposals, *items))


def path_of(commit: mls.Commit) -> UpdatePath:
    assert commit.path is not None
    return commit.path


def with_leaf(state: State, index: int | None = None, **changes: Any) -> Change:
    """Change the leaf of the path, and sign it anew unless `spoil` is set."""
    spoil = changes.pop("spoil", False)
    signature = changes.pop("signature", state.signature)

    def change(commit: mls.Commit) -> mls.Commit:
        path = path_of(commit)
        at = state.own_leaf if index is None else index
        leaf = leaf_like(path.leaf_node, signature, group_id=state.group_id, index=at, **changes)
        return replace(commit, path=replace(path, leaf_node=spoiled(leaf) if spoil else leaf))

    return change


def with_nodes(change: Callable[[tuple[Any, ...]], Sequence[Any]]) -> Change:
    """Change the nodes of the path."""
    return lambda c: replace(c, path=replace(path_of(c), nodes=tuple(change(path_of(c).nodes))))


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def joining(
    member: State,
    *,
    own: mls.OwnKeyPackage | None = None,
    resync: int | None = None,
    psks: Sequence[mls.PreSharedKeyID] = (),
    policy: mls.Policy = ALLOW,
    off: bool = False,
) -> tuple[State, bytes]:
    """An outsider's external commit, and the group as it sees it, from which it can forge another."""
    own = own or STRANGER.key_package()
    with lawless() if off else _nothing():
        joined = mls.external_join(
            own, mls.group_info(member), resync=resync, psks=psks, policy=policy, entropy=RANDOM
        )
    leaf = joined.state.own_leaf
    return replace(member, signature=own.signature, own_leaf=leaf), joined.message


# Welcomes and trees


def welcomed(state: State, own: mls.OwnKeyPackage, **options: Any) -> tuple[State, bytes]:
    """Add somebody: the committer in the new epoch, and the Welcome."""
    pending = committed(state, mls.Add(own.key_package), **options)
    assert pending.welcome is not None
    return pending.staged.after, pending.welcome


def opened(own: mls.OwnKeyPackage, welcome: bytes, psk: bytes = b"") -> tuple[GroupSecrets, mls.GroupInfo]:
    """What a Welcome says to `own`; `psk` is the one pre-shared key, if it wants one."""
    body = mls.MLSMessage.decode(welcome).body
    assert isinstance(body, mls.Welcome)
    entry = next(s for s in body.secrets if s.new_member == own.ref)
    plain = own.suite.decrypt_with_label(
        own.init, b"Welcome", body.encrypted_group_info, entry.encrypted_group_secrets
    )
    secrets = GroupSecrets.decode(plain)
    psk_secret = key_schedule.psk_secret(own.suite, [(p, psk) for p in secrets.psks])
    key, nonce = welcome_key(
        own.suite, key_schedule.welcome_secret(own.suite, secrets.joiner_secret, psk_secret)
    )
    info = own.suite.aead.open(key, nonce, b"", body.encrypted_group_info)
    return secrets, mls.GroupInfo.decode(info)


def welcome_again(
    own: mls.OwnKeyPackage,
    welcome: bytes,
    signer: State,
    *,
    tree: mls.RatchetTree | None = None,
    secrets: dict[str, Any] | None = None,
    psk: bytes = b"",
    psks: Sequence[tuple[mls.PreSharedKeyID, bytes]] | None = None,
    suite: int | None = None,
    tag: bytes | None = None,
    signature: mls.SignatureKeyPair | None = None,
    signer_index: int | None = None,
    extensions: Sequence[mls.Extension] | None = None,
    extensions_of_group: Sequence[mls.Extension] | None = None,
    **context: Any,
) -> bytes:
    """A Welcome altered and sealed anew, with the tag and the signature that fit what it says.

    `tree` also sets the tree hash; `psk` is that of the given Welcome, `psks` are those of the new one where
    they differ; `secrets` are fields of GroupSecrets, `context` of GroupContext.
    """
    if extensions_of_group is not None:
        context["extensions"] = tuple(extensions_of_group)
    group_secrets, info = opened(own, welcome, psk)
    psks = [(p, psk) for p in group_secrets.psks] if psks is None else psks
    s = own.suite
    if tree is not None:
        context = {"tree_hash": tree.tree_hash()} | context
        if extensions is None:
            extensions = (mls.Extension(mls.ExtensionType.RATCHET_TREE, tree.encode()),)
    said = replace(info.group_context, **context)
    psk_secret = key_schedule.psk_secret(s, psks)
    epoch, _ = key_schedule.derive_epoch(
        s, key_schedule.epoch_secret(s, group_secrets.joiner_secret, psk_secret, said.encode())
    )
    info = mls.GroupInfo.sign(
        s,
        (signature or signer.signature).private,
        said,
        info.extensions if extensions is None else tuple(extensions),
        s.mac(epoch.confirmation_key, said.confirmed_transcript_hash) if tag is None else tag,
        signer.own_leaf if signer_index is None else signer_index,
    )
    key, nonce = welcome_key(s, key_schedule.welcome_secret(s, group_secrets.joiner_secret, psk_secret))
    sealed_info = s.aead.seal(key, nonce, b"", info.encode())
    group_secrets = replace(group_secrets, psks=tuple(p for p, _ in psks))
    plain = replace(group_secrets, **(secrets or {})).encode()
    sealed = s.encrypt_with_label(own.init.public, b"Welcome", sealed_info, plain, RANDOM)
    entry = EncryptedGroupSecrets(own.ref, sealed)
    return mls.MLSMessage(mls.Welcome(suite or s.id, (entry,), sealed_info)).encode()


def info_again(
    signer: State,
    *,
    extensions: Sequence[mls.Extension] | None = None,
    signature: mls.SignatureKeyPair | None = None,
    **context: Any,
) -> bytes:
    """A GroupInfo for external commits, altered and signed anew."""
    info = mls.MLSMessage.decode(mls.group_info(signer)).body
    assert isinstance(info, mls.GroupInfo)
    again = mls.GroupInfo.sign(
        signer.suite,
        (signature or signer.signature).private,
        replace(info.group_context, **context),
        info.extensions if extensions is None else tuple(extensions),
        info.confirmation_tag,
        signer.own_leaf,
    )
    return mls.MLSMessage(again).encode()


def info_extensions(signer: State) -> tuple[mls.Extension, ...]:
    info = mls.MLSMessage.decode(mls.group_info(signer)).body
    assert isinstance(info, mls.GroupInfo)
    return info.extensions


def tree_with(tree: mls.RatchetTree, nodes: dict[int, Node | None]) -> mls.RatchetTree:
    """A tree with some nodes replaced."""
    return mls.RatchetTree(tree.suite, [nodes.get(x, node) for x, node in enumerate(tree.nodes)])


def tree_with_path(state: State, tree: mls.RatchetTree, keys: Sequence[bytes]) -> mls.RatchetTree:
    """A tree in which the state's owner set its path to these keys, signed and hashed as it should be."""
    draft = TreeDraft(tree)
    parent_hash = draft.set_path(state.own_leaf, keys)
    leaf = draft.leaf(state.own_leaf)
    assert leaf is not None
    draft.set_leaf(
        state.own_leaf,
        leaf_like(
            leaf,
            state.signature,
            group_id=state.group_id,
            index=state.own_leaf,
            source=mls.LeafNodeSource.COMMIT,
            parent_hash=parent_hash,
            lifetime=None,
        ),
    )
    return draft.freeze()


def fresh_key() -> bytes:
    return X25519.kem.derive_key_pair(RANDOM(32)).public
