"""The MLS group of two that a meeting ends in (spec 40 §5).

Its GroupContext has an extension with the id of the conversation, which successor groups keep, and requires
all members to know it. It starts with a PSK that only the two ends of this request have, so that a group that
somebody in between made of a copied key package is another group.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import labels, mls
from ..content.message import Conversation
from ..entropy import Entropy
from ..identity.chain import Sigchain
from ..identity.credential import NodeRef, authenticator
from ..identity.keys import NodeKeys
from ..mls.extensions import find
from . import rules

CONVERSATION_EXTENSION = 0xF0C1
"""From the private-use range: the conversation's id, 32 bytes."""

_ID_SIZE = 32
CONFIG = mls.GroupConfig(commit_before_data=False)
"""Data may be sent while the other side's proposals wait: nobody may be silenced by proposing."""


def group_extensions(conv_id: bytes) -> tuple[mls.Extension, ...]:
    """The extensions of a conversation's group."""
    required = mls.RequiredCapabilities(extensions=(CONVERSATION_EXTENSION,))
    return (required.extension(), mls.Extension(CONVERSATION_EXTENSION, conv_id))


def conversation_of(state: mls.GroupState) -> Conversation:
    """The conversation that a group carries.

    Raises:
        RuleViolation: the group is none of a conversation (`conversation-extensions`).
    """
    extensions = state.context.extensions
    conv_id = find(extensions, CONVERSATION_EXTENSION) or b""
    rules.CONVERSATION_EXTENSIONS.require(
        len(conv_id) == _ID_SIZE and extensions == group_extensions(conv_id)
    )
    return Conversation(conv_id)


def node_key_package(
    ref: NodeRef, keys: NodeKeys, *, lifetime: tuple[int, int], entropy: Entropy
) -> mls.OwnKeyPackage:
    """A key package of a node for one conversation; `lifetime` is both ends in Unix seconds."""
    suite = mls.CRYPTO.suite(rules.SUITE)
    capabilities = mls.Capabilities(cipher_suites=(rules.SUITE,), extensions=(CONVERSATION_EXTENSION,))
    return mls.make_key_package(
        suite, ref.credential(), keys.leaf_sig, lifetime=lifetime, capabilities=capabilities, entropy=entropy
    )


@dataclass(frozen=True, slots=True)
class Started:
    """A conversation as one end has it. `welcome` is for the other, empty for who joined."""

    state: mls.GroupState = field(repr=False)
    conversation: Conversation
    welcome: bytes = field(default=b"", repr=False)


@dataclass(slots=True)
class _Psk:
    """The PSK of one meeting; `asked` says for which names it was asked."""

    psk_id: bytes
    psk: bytes = field(repr=False)
    asked: list[bytes] = field(default_factory=list)

    def __call__(self, wanted: mls.PreSharedKeyID) -> bytes | None:
        self.asked.append(wanted.psk_id)
        return self.psk if wanted == mls.PreSharedKeyID.external(self.psk_id, wanted.psk_nonce) else None


def _policy(chains: tuple[Sigchain, Sigchain], psk: _Psk) -> mls.Policy:
    by_persona = {chain.persona_id: chain for chain in chains}
    return mls.Policy(authenticator(by_persona.get), lambda _: None, psk)


def start_group(
    own: mls.OwnKeyPackage,
    chains: tuple[Sigchain, Sigchain],
    key_package: mls.KeyPackage,
    *,
    psk_id: bytes,
    psk: bytes,
    conv_id: bytes | None = None,
    entropy: Entropy,
    now: int,
) -> Started:
    """Make the group and add the other. Store the state before the Welcome leaves.

    It is of a new conversation, or of the one with the id `conv_id`, which goes on in it (spec 41).

    Raises:
        UsageError: the key package, which was checked, cannot be added any more.
    """
    suite, conv_id = own.suite, entropy(_ID_SIZE) if conv_id is None else conv_id
    extensions = group_extensions(conv_id)
    state = mls.create_group(own, entropy(_ID_SIZE), extensions=extensions, config=CONFIG, entropy=entropy)
    wanted = mls.PreSharedKeyID.external(psk_id, entropy(suite.kdf.size))
    # No path: our leaf's key is as fresh as one of a path would be.
    state, pending = mls.commit(
        state,
        [mls.Add(key_package), mls.PreSharedKey(wanted)],
        path=False,
        policy=_policy(chains, _Psk(psk_id, psk)),
        entropy=entropy,
        now=now,
    )
    assert pending.welcome is not None, "somebody was added"
    return Started(mls.merge(state, pending.staged, now=now), Conversation(conv_id), pending.welcome)


def join_group(
    own: mls.OwnKeyPackage,
    chains: tuple[Sigchain, Sigchain],
    welcome: bytes,
    *,
    other: bytes,
    psk_id: bytes,
    psk: bytes,
) -> Started:
    """Join by a Welcome; `other` is the signature key of the node that must be the only other member.

    Raises:
        RemoteProtocolError: MLS refuses the Welcome, or the group is not as a conversation starts.
    """
    known = _Psk(psk_id, psk)
    state = mls.join(own, welcome, config=CONFIG, policy=_policy(chains, known))
    rules.CONVERSATION_START.require(state.epoch == 1 and len(state.group_id) == _ID_SIZE)
    conversation = conversation_of(state)
    members = [leaf.signature_key for _, leaf in state.members()]
    rules.CONVERSATION_MEMBERS.require(members == [other, own.signature.public])
    rules.CONVERSATION_PSK.require(known.asked == [psk_id])
    return Started(state, conversation)


def committer(state: mls.GroupState) -> int:
    """The leaf that commits in a conversation of two, the same for all members: so commits never compete.

    Of the personas in the group the one whose id, hashed with the conversation's, is lower; of its leaves the
    first. The others propose.

    Raises:
        RuleViolation: the group is none of a conversation.
    """
    conv_id = conversation_of(state).id
    ranked = [
        (labels.COMMITTER.hash(NodeRef.of(leaf.credential).persona_id + conv_id), index)
        for index, leaf in state.tree.members()
    ]
    return min(ranked)[1]


def pair_secret(state: mls.GroupState) -> bytes:
    """A secret of the two, 32 bytes, for rendezvous and tags alone. Taken in the first epoch, and stored."""
    return mls.export(state, labels.PAIR_SECRET.purpose, b"", 32)


def safety_material(state: mls.GroupState, transcript: bytes) -> bytes:
    """What the two compare (`safety`), 32 bytes. Taken in the first epoch, and stored."""
    return mls.export(state, labels.SAFETY.purpose, transcript, 32)
