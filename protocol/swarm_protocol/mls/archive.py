"""The stored form of states, versioned, for the caller's own transaction.

A state has two parts: the epoch's (tree, keys, past epochs; changes with a commit) and the messages' (secret
trees, waiting proposals; changes with each message). `encode` gives both in one; who stores large groups
takes `encode_parts` and writes only the part that changed. Archives hold private keys in the clear:
encrypting them at rest is the caller's task.

Layout: magic, version, kind, then the fields in the codec of MLS. A leaf of a past epoch that is unchanged
in the present tree is one bit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from enum import IntEnum
from typing import TypeVar

from ..errors import ArchiveError, ProtocolError
from .ciphersuite import CRYPTO, CipherSuite, CryptoProvider
from .codec import Reader, opaque, optional, u8, u16, u32, u64, vector
from .framing import Sender
from .group_context import GroupContext
from .hpke import KemKeyPair
from .key_package import KeyPackage, OwnKeyPackage
from .key_schedule import EpochSecrets
from .leaf_node import LeafNode
from .proposals import ReInit, encode_proposal, read_proposal
from .ratchet_tree import RatchetTree
from .secret_tree import MessageKey, Ratchet, SecretTree, Window
from .signatures import SignatureKeyPair
from .state import (
    GroupConfig,
    GroupState,
    LeafChange,
    OwnUpdate,
    PastEpoch,
    QueuedProposal,
    StagedCommit,
    Status,
)

T = TypeVar("T")

VERSION = 1
_MAGIC = b"swarmnode.mls"
_STATUSES = tuple(Status)


class Kind(IntEnum):
    """What an archive holds."""

    STATE = 1
    EPOCH = 2
    MESSAGES = 3
    STAGED_COMMIT = 4
    OWN_KEY_PACKAGE = 5


def _wrap(kind: Kind, body: bytes) -> bytes:
    return _MAGIC + u16(VERSION) + u8(kind) + body


def _unwrap(data: bytes, kind: Kind, read: Callable[[Reader], T]) -> T:
    r = Reader(data)
    try:
        _check_head(r, kind)
        value = read(r)
        r.finish()
    except ArchiveError:
        raise
    except (ProtocolError, ValueError, IndexError, KeyError) as e:
        raise ArchiveError(f"the archive is damaged at byte {r.pos}: {e}") from e
    return value


def _check_head(r: Reader, kind: Kind) -> None:
    if r.take(len(_MAGIC)) != _MAGIC:
        raise ArchiveError("this is no archive of MLS state")
    version = r.u16()
    if version != VERSION:
        raise ArchiveError(f"the archive has version {version}; this program reads {VERSION}")
    found = r.u8()
    if found != kind:
        raise ArchiveError(f"an archive of kind {found} stands where {kind.name} was wanted")


def encode(state: GroupState) -> bytes:
    """The whole state."""
    epoch, messages = _epoch(state), _messages(state)
    return _wrap(Kind.STATE, opaque(epoch) + opaque(messages))


def decode(data: bytes, *, crypto: CryptoProvider = CRYPTO) -> GroupState:
    """Read what `encode` wrote.

    Raises:
        ArchiveError: it is damaged, or newer than this program.
    """

    def read(r: Reader) -> GroupState:
        epoch, messages = r.opaque(), r.opaque()
        state = _all_of(epoch, lambda part: _read_epoch(part, crypto))
        return _all_of(messages, lambda part: _read_messages(part, state))

    return _unwrap(data, Kind.STATE, read)


def encode_parts(state: GroupState) -> tuple[bytes, bytes]:
    """The state in two parts: the epoch's and the messages'."""
    return _wrap(Kind.EPOCH, _epoch(state)), _wrap(Kind.MESSAGES, _messages(state))


def encode_messages(state: GroupState) -> bytes:
    """The part that changes with each message."""
    return _wrap(Kind.MESSAGES, _messages(state))


def decode_parts(epoch: bytes, messages: bytes, *, crypto: CryptoProvider = CRYPTO) -> GroupState:
    """Read what `encode_parts` wrote; both parts must be of the same epoch.

    Raises:
        ArchiveError: one is damaged, newer than this program, or of another epoch.
    """
    state = _unwrap(epoch, Kind.EPOCH, lambda r: _read_epoch(r, crypto))
    return _unwrap(messages, Kind.MESSAGES, lambda r: _read_messages(r, state))


def _all_of(data: bytes, read: Callable[[Reader], T]) -> T:
    r = Reader(data)
    value = read(r)
    r.finish()
    return value


def _epoch(state: GroupState) -> bytes:
    config, secrets = state.config, state.secrets
    return b"".join(
        [
            u16(state.suite.id),
            u32(config.window.forward) + u32(config.window.late),
            u32(config.past_epochs) + u64(config.past_epoch_seconds) + u32(config.padding),
            u8(config.commit_before_data) + u32(config.max_proposals),
            opaque(state.context.encode()),
            opaque(state.tree.encode()),
            u32(state.own_leaf),
            _signature(state.signature),
            vector(u32(x) + opaque(k.private) for x, k in sorted(state.private.items())),
            vector(opaque(getattr(secrets, f.name)) for f in fields(secrets)),
            opaque(state.interim_transcript_hash),
            opaque(state.confirmation_tag),
            u8(_STATUSES.index(state.status)),
            optional(None if state.reinit is None else state.reinit.encode()),
            vector(_past_epoch(p, state.tree) for p in state.past),
        ]
    )


def _read_epoch(r: Reader, crypto: CryptoProvider) -> GroupState:
    suite = crypto.suite(r.u16())
    config = GroupConfig(Window(r.u32(), r.u32()), r.u32(), r.u64(), r.u32(), bool(r.u8()), r.u32())
    context = GroupContext.decode(r.opaque())
    tree = RatchetTree.decode(suite, r.opaque())
    own_leaf, signature = r.u32(), _read_signature(r)
    private = dict(r.vector(lambda part: _read_private(part, tree)))
    secrets = _read_secrets(r)
    interim, tag = r.opaque(), r.opaque()
    status, reinit = _STATUSES[r.u8()], r.optional(ReInit.read)
    past = r.vector(lambda part: _read_past_epoch(part, tree))
    return GroupState(
        suite=suite,
        config=config,
        context=context,
        tree=tree,
        own_leaf=own_leaf,
        signature=signature,
        private=private,
        secrets=secrets,
        interim_transcript_hash=interim,
        confirmation_tag=tag,
        secret_tree=SecretTree(tree.n_leaves, {}, {}),
        past=past,
        status=status,
        reinit=reinit,
    )


def _read_secrets(r: Reader) -> EpochSecrets:
    values = r.vector(Reader.opaque)
    if len(values) != len(fields(EpochSecrets)):
        raise ValueError(f"{len(values)} secrets of an epoch")
    return EpochSecrets(*values)


def _signature(keys: SignatureKeyPair) -> bytes:
    return opaque(keys.private) + opaque(keys.public)


def _read_signature(r: Reader) -> SignatureKeyPair:
    return SignatureKeyPair(r.opaque(), r.opaque())


def _read_private(r: Reader, tree: RatchetTree) -> tuple[int, KemKeyPair]:
    # The public half stands in the tree: keys that the tree no longer has are forgotten with each epoch.
    x, private = r.u32(), r.opaque()
    node = tree.nodes[x]
    if node is None:
        raise ValueError(f"a private key of the blank node {x}")
    return x, KemKeyPair(private, node.encryption_key)


def _past_epoch(past: PastEpoch, tree: RatchetTree) -> bytes:
    same, others = bytearray(-(-tree.n_leaves // 8)), []
    for index, leaf in past.members.items():
        if tree.leaf(index) == leaf:
            same[index // 8] |= 1 << index % 8
        else:
            others.append(u32(index) + leaf.raw)
    return b"".join(
        [
            opaque(past.context.encode()),
            u64(past.ended_at),
            opaque(past.sender_data_secret),
            opaque(past.resumption_psk),
            opaque(bytes(same)),
            vector(others),
        ]
    )


def _read_past_epoch(r: Reader, tree: RatchetTree) -> PastEpoch:
    context = GroupContext.decode(r.opaque())
    ended_at, sender_data_secret, resumption_psk = r.u64(), r.opaque(), r.opaque()
    same = r.opaque()
    members = dict(r.vector(lambda part: (part.u32(), LeafNode.read(part))))
    for index in range(8 * len(same)):
        if same[index // 8] >> index % 8 & 1:
            leaf = tree.leaf(index)
            if leaf is None:
                raise ValueError(f"leaf {index} is blank")
            members[index] = leaf
    empty = SecretTree(1, {}, {})
    return PastEpoch(
        context, ended_at, sender_data_secret, resumption_psk, empty, dict(sorted(members.items()))
    )


def _messages(state: GroupState) -> bytes:
    return b"".join(
        [
            u64(state.epoch),
            _secret_tree(state.secret_tree),
            vector(u64(p.context.epoch) + _secret_tree(p.secret_tree) for p in state.past),
            vector(_queued(p) for p in state.proposals.values()),
            vector(
                opaque(public) + opaque(u.encryption.private) + _signature(u.signature)
                for public, u in state.updates.items()
            ),
        ]
    )


def _read_messages(r: Reader, state: GroupState) -> GroupState:
    epoch = r.u64()
    if epoch != state.epoch:
        raise ArchiveError(f"the parts are of different epochs: {state.epoch} and {epoch}")
    secret_tree = _read_secret_tree(r)
    trees = dict(r.vector(lambda part: (part.u64(), _read_secret_tree(part))))
    queued = r.vector(_read_queued)
    updates = dict(r.vector(_read_update))
    return replace(
        state,
        secret_tree=secret_tree,
        past=tuple(replace(p, secret_tree=trees[p.context.epoch]) for p in state.past),
        proposals={p.ref: p for p in queued if p.ref is not None},
        updates=updates,
    )


def _read_update(r: Reader) -> tuple[bytes, OwnUpdate]:
    public = r.opaque()
    return public, OwnUpdate(KemKeyPair(r.opaque(), public), _read_signature(r))


def _secret_tree(tree: SecretTree) -> bytes:
    return b"".join(
        [
            u32(tree.n_leaves),
            vector(u32(x) + opaque(secret) for x, secret in sorted(tree.nodes.items())),
            vector(
                u32(leaf) + _ratchet(handshake) + _ratchet(application)
                for leaf, (handshake, application) in sorted(tree.ratchets.items())
            ),
        ]
    )


def _read_secret_tree(r: Reader) -> SecretTree:
    return SecretTree(
        r.u32(),
        dict(r.vector(lambda part: (part.u32(), part.opaque()))),
        dict(r.vector(lambda part: (part.u32(), (_read_ratchet(part), _read_ratchet(part))))),
    )


def _ratchet(ratchet: Ratchet) -> bytes:
    kept: Mapping[int, MessageKey] = ratchet.kept
    keys = vector(u32(g) + opaque(k.key) + opaque(k.nonce) for g, k in kept.items())
    return opaque(ratchet.secret) + u32(ratchet.generation) + keys


def _read_ratchet(r: Reader) -> Ratchet:
    secret, generation = r.opaque(), r.u32()
    return Ratchet(
        secret,
        generation,
        dict(r.vector(lambda part: (part.u32(), MessageKey(part.opaque(), part.opaque())))),
    )


def _queued(queued: QueuedProposal) -> bytes:
    ref = None if queued.ref is None else opaque(queued.ref)
    return encode_proposal(queued.proposal) + queued.sender.encode() + optional(ref)


def _read_queued(r: Reader) -> QueuedProposal:
    return QueuedProposal(read_proposal(r), Sender.read(r), r.optional(Reader.opaque))


def encode_staged(staged: StagedCommit) -> bytes:
    """A staged commit: keep one's own until it is accepted or another one won."""
    changes = vector(
        u32(c.index)
        + optional(None if c.before is None else c.before.raw)
        + optional(None if c.after is None else c.after.raw)
        for c in staged.changes
    )
    body = (
        opaque(staged.base.encode())
        + staged.sender.encode()
        + u32(staged.committer)
        + vector(_queued(p) for p in staged.proposals)
        + changes
        + opaque(encode(staged.after))
    )
    return _wrap(Kind.STAGED_COMMIT, body)


def decode_staged(data: bytes, *, crypto: CryptoProvider = CRYPTO) -> StagedCommit:
    """Read what `encode_staged` wrote.

    Raises:
        ArchiveError: it is damaged, or newer than this program.
    """

    def read(r: Reader) -> StagedCommit:
        return StagedCommit(
            GroupContext.decode(r.opaque()),
            Sender.read(r),
            r.u32(),
            r.vector(_read_queued),
            r.vector(_read_change),
            decode(r.opaque(), crypto=crypto),
        )

    return _unwrap(data, Kind.STAGED_COMMIT, read)


def _read_change(r: Reader) -> LeafChange:
    return LeafChange(r.u32(), r.optional(LeafNode.read), r.optional(LeafNode.read))


def encode_own_key_package(own: OwnKeyPackage) -> bytes:
    """A key package with its private keys, to be kept until its Welcome comes or it expires."""
    body = (
        u16(own.suite.id)
        + own.key_package.raw
        + opaque(own.init.private)
        + opaque(own.encryption.private)
        + _signature(own.signature)
    )
    return _wrap(Kind.OWN_KEY_PACKAGE, body)


def decode_own_key_package(data: bytes, *, crypto: CryptoProvider = CRYPTO) -> OwnKeyPackage:
    """Read what `encode_own_key_package` wrote.

    Raises:
        ArchiveError: it is damaged, or newer than this program.
    """

    def read(r: Reader) -> OwnKeyPackage:
        suite: CipherSuite = crypto.suite(r.u16())
        package = KeyPackage.read(r)
        return OwnKeyPackage(
            suite,
            package,
            KemKeyPair(r.opaque(), package.init_key),
            KemKeyPair(r.opaque(), package.leaf_node.encryption_key),
            _read_signature(r),
        )

    return _unwrap(data, Kind.OWN_KEY_PACKAGE, read)
