"""Answers: the inviter says who they are, and opens the conversation (spec 40 §4).

An answer is sealed under a key of the request's HPKE context, so only who made the request reads it: neither
the relay nor who else has the link. Declining has no message; nothing is sent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .. import cbor, labels
from ..cbor import Record, Value
from ..entropy import Entropy
from ..identity.chain import Node, Sigchain
from ..identity.credential import NodeRef
from ..identity.rules import MAX_LINKS
from ..mailbox.records import QueueRecord
from ..mls.key_package import OwnKeyPackage
from . import rules
from .bundle import read_queues, write_queues
from .group import Started, join_group, start_group
from .request import MeetingKeys, Request
from .sealing import seal, unseal

REQUEST, CHAIN, NODE, WELCOME, QUEUES, SIGNATURE = range(1, 7)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A request that was accepted: store all of it before `sealed` leaves, and repeat that as it is."""

    started: Started
    sealed: bytes = field(repr=False)


def accept(
    request: Request,
    own: OwnKeyPackage,
    chain: Sigchain,
    queues: Sequence[QueueRecord],
    *,
    conv_id: bytes | None = None,
    entropy: Entropy,
    now: int,
) -> Accepted:
    """Start a conversation with who asked. `own` is a new key package of a node of our `chain`.

    With `conv_id`, a conversation that is there goes on (spec 41).

    Raises:
        UsageError: the request's key package has ended since it was opened.
    """
    keys = request.keys
    started = start_group(
        own,
        (chain, request.chain),
        request.key_package,
        psk_id=keys.psk_id,
        psk=keys.psk,
        conv_id=conv_id,
        entropy=entropy,
        now=now,
    )
    content: dict[int, Value] = {
        REQUEST: keys.request,
        CHAIN: chain.encode(),
        NODE: NodeRef.of(own.key_package.leaf_node.credential).seq,
        WELCOME: started.welcome,
        QUEUES: write_queues(queues),
    }
    signature = labels.ANSWER_SIGNATURE.sign(own.signature, keys.transcript + cbor.encode(content))
    sealed = seal(keys.answer, cbor.encode({**content, SIGNATURE: signature}), entropy)
    return Accepted(started, sealed)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that holds. Whether its Welcome does, `join` says."""

    chain: Sigchain
    node: Node
    welcome: bytes = field(repr=False)
    queues: tuple[QueueRecord, ...] = field(repr=False)


def open_answer(keys: MeetingKeys, sealed: bytes, *, own: Sigchain, least_queues: int = 1) -> Answer:
    """Open the answer to our request; `keys` are those of what we `Asked`.

    Raises:
        CannotOpen: it is not by who opened the request, or was changed.
        UnexpectedMessage: it is to another request (`answer-request`).
        DecodeError: it is no answer.
        RuleViolation: a rule is broken, here or of chains (spec 10).
    """
    r = Record.decode(unseal(keys.answer, sealed), "an answer", max_size=rules.MAX_MESSAGE)
    if r.octets(REQUEST, size=labels.HASH_SIZE) != keys.request:
        raise rules.ANSWER_REQUEST.unexpected()
    queues = read_queues(r, QUEUES, least=least_queues)
    chain = Sigchain.decode(r.octets(CHAIN, at_most=rules.MAX_CHAIN))
    rules.MEETING_OTHER.require(chain.persona_id != own.persona_id)
    node = chain.node_added_at(r.uint(NODE, at_most=MAX_LINKS - 1))
    if node is None or not chain.trusts(node.leaf_sig):
        raise rules.ANSWER_NODE.broken()
    signature = r.octets(SIGNATURE, size=labels.SIGNATURE_SIZE)
    content = keys.transcript + r.without(SIGNATURE)
    rules.ANSWER_SIGNATURE.require(labels.ANSWER_SIGNATURE.verify(node.leaf_sig, content, signature))
    return Answer(chain, node, r.octets(WELCOME, at_most=rules.MAX_WELCOME), queues)


def join(own: OwnKeyPackage, keys: MeetingKeys, answer: Answer, *, chain: Sigchain) -> Started:
    """Join the conversation that the answer opens, with the key package of our request and our chain.

    The first message, a Hello, is for us to send.

    Raises:
        RemoteProtocolError: MLS refuses the Welcome, or the group is not as a conversation starts.
    """
    return join_group(
        own,
        (chain, answer.chain),
        answer.welcome,
        other=answer.node.leaf_sig,
        psk_id=keys.psk_id,
        psk=keys.psk,
    )
