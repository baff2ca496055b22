"""Rejoining: a node that replaces a lost one comes back into the conversations of its persona (spec 41).

It is a request (`request`) to somebody who is a contact already: sealed to the node of the contact, not to a
key of an invite, and for a conversation that both know. What follows is a meeting's second half: an answer
(`answer`) under a key of the same HPKE context, with the Welcome into a successor group.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .. import cbor, labels
from ..cbor import Record, Value
from ..entropy import Entropy
from ..errors import UsageError
from ..identity.chain import Sigchain
from ..identity.keys import NodeKeys, PersonaId
from ..mailbox.records import QueueRecord
from ..mls.key_package import KeyPackage, OwnKeyPackage
from ..rules import Rule
from . import answer as answers
from . import rules
from .bundle import read_queues, write_queues
from .group import Started
from .request import HPKE, Asked, MeetingKeys, Request, check_package

ENC, SEALED = range(1, 3)
CHAIN, KEY_PACKAGE, QUEUES, CONVERSATION, NUMBER, SIGNATURE = range(1, 7)
_ENC_SIZE, _ID_SIZE = 1120, 32

REJOIN_SIGNATURE = Rule(
    "rejoin-signature", "41", "1", "a rejoin is signed by the leaf of its key package, to this node"
)
REJOIN_CONVERSATION = Rule(
    "rejoin-conversation", "41", "2", "the group that answers a rejoin is of the conversation that it names"
)


@dataclass(frozen=True, slots=True)
class Rejoin:
    """A rejoin that holds. Whether its persona is a contact, and its chain ours, is for the caller."""

    request: Request
    conv_id: bytes = field(repr=False)
    number: int
    """Rises with each rejoin of one node, so that an older one that comes late is known."""


def rejoining(persona_id: PersonaId, leaf_sig: bytes) -> bytes:
    """The transcript: who is asked, 32 bytes."""
    return labels.REJOINING.hash(cbor.encode([persona_id, leaf_sig]))


def ask_to_rejoin(
    own: OwnKeyPackage,
    chain: Sigchain,
    queues: Sequence[QueueRecord],
    *,
    to: tuple[Sigchain, bytes],
    conv_id: bytes,
    number: int,
    entropy: Entropy,
) -> Asked:
    """Ask a node of a contact, given by its chain and leaf, back into the conversation `conv_id`.

    `own` is a new key package of a node of `chain`, `queues` are where the answer goes; there are none where
    a conversation on another network is the way for it. Store the result before it leaves.

    Raises:
        UsageError: the contact's chain has no such node.
    """
    contact, leaf_sig = to
    node = contact.node(leaf_sig)
    if node is None:
        raise UsageError("this is no node of the contact")
    fields: dict[int, Value] = {
        CHAIN: chain.encode(),
        KEY_PACKAGE: own.key_package.encode(),
        QUEUES: write_queues(queues),
        CONVERSATION: conv_id,
        NUMBER: number,
    }
    transcript = rejoining(contact.persona_id, leaf_sig)
    signed = transcript + cbor.encode(fields)
    fields[SIGNATURE] = labels.REJOIN_SIGNATURE.sign(own.signature, signed)
    enc, context = HPKE.setup_sender(node.hpke, _info(transcript), entropy)
    sealed = cbor.encode({ENC: enc, SEALED: context.seal(b"", cbor.encode(fields))})
    return Asked(own, sealed, MeetingKeys.export(context, transcript, sealed))


def open_rejoin(keys: NodeKeys, sealed: bytes, *, own: PersonaId, now: int, least_queues: int = 1) -> Rejoin:
    """Open a rejoin and check it. `keys` are those of our node, `own` is our persona.

    `least_queues` is 0 where there is another way for the answer.

    Raises:
        CannotOpen: it is not for this node, or was changed.
        DecodeError: it is no rejoin.
        RuleViolation: a rule is broken, here, of chains and credentials (spec 10), or of key packages (MLS).
    """
    frame = Record.decode(sealed, "a sealed rejoin", max_size=rules.MAX_MESSAGE)
    transcript = rejoining(own, keys.leaf_sig.public)
    context = HPKE.setup_receiver(frame.octets(ENC, size=_ENC_SIZE), keys.hpke, _info(transcript))
    content = context.open(b"", frame.octets(SEALED, at_most=rules.MAX_MESSAGE))

    r = Record.decode(content, "a rejoin", max_size=rules.MAX_MESSAGE)
    queues = read_queues(r, QUEUES, least=least_queues)
    key_package = KeyPackage.decode(r.octets(KEY_PACKAGE, at_most=rules.MAX_KEY_PACKAGE))
    conv_id, number = r.octets(CONVERSATION, size=_ID_SIZE), r.uint(NUMBER)
    chain = Sigchain.decode(r.octets(CHAIN, at_most=rules.MAX_CHAIN))
    rules.MEETING_OTHER.require(chain.persona_id != own)
    node = check_package(chain, key_package, now)
    signature = r.octets(SIGNATURE, size=labels.SIGNATURE_SIZE)
    signed = labels.REJOIN_SIGNATURE.verify(node.leaf_sig, transcript + r.without(SIGNATURE), signature)
    REJOIN_SIGNATURE.require(signed)
    meeting = MeetingKeys.export(context, transcript, sealed)
    return Rejoin(Request(chain, node, key_package, queues, "", meeting), conv_id, number)


def join_again(
    own: OwnKeyPackage, keys: MeetingKeys, answer: answers.Answer, *, chain: Sigchain, conv_id: bytes
) -> Started:
    """Join the successor group that the answer to our rejoin opens; the first message, a Hello, is ours.

    Raises:
        RemoteProtocolError: MLS refuses the Welcome, or the group is not as a conversation starts.
        RuleViolation: it is of another conversation.
    """
    started = answers.join(own, keys, answer, chain=chain)
    REJOIN_CONVERSATION.require(started.conversation.id == conv_id)
    return started


def _info(transcript: bytes) -> bytes:
    return labels.REJOIN.prefix + transcript
