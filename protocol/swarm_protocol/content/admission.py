"""What is believed of a message that arrived (spec 21 §2)."""

from __future__ import annotations

from dataclasses import dataclass

from .. import cbor, labels
from ..mls.signatures import SignatureKeyPair
from . import rules
from .bodies import DeleteRcpt, DeletionStatus
from .chain import AuthorLink
from .message import Author, Conversation, Message


@dataclass(frozen=True, slots=True)
class Admitted:
    """A message that is its author's, for this conversation, and its link if it is chained.

    Made by `admit` only. Whether it may do what it does is another question (`changes`).
    """

    message: Message
    link: AuthorLink | None


def admit(message: Message, conversation: Conversation, *, sender: Author | None, highest: int) -> Admitted:
    """Check that a message is what it claims to be.

    `sender` is the MLS sender, or None for a copy that somebody else repaired, which its own signature must
    speak for; `highest` the highest lamport seen in this conversation, 0 at first. A message whose lamport is
    too high for us is a gap: it may come again when we have seen more.

    Raises:
        UnexpectedMessage: it is for another conversation.
        RuleViolation: it is not its author's, or its lamport jumps.
    """
    if message.conv_tag != conversation.tag:
        raise rules.CONTENT_CONVERSATION.unexpected()
    rules.CONTENT_AUTHOR.require(message.author == sender or (sender is None and message.place is not None))
    if isinstance(message.body, DeleteRcpt):
        _check_deletion(message.body, message.author, conversation)
    if message.place is None:
        return Admitted(message, None)
    rules.CONTENT_LAMPORT.require(message.place.lamport <= highest + rules.MAX_JUMP)
    return Admitted(message, AuthorLink.of(message, conversation))


def sign_deletion(
    keys: SignatureKeyPair,
    author: Author,
    conversation: Conversation,
    *,
    request: bytes,
    statuses: dict[bytes, DeletionStatus],
    chain_seq: int,
    policy: int,
) -> DeleteRcpt:
    """The receipt of one node for the request with this commitment, signed by its leaf."""
    unsigned = DeleteRcpt(request, tuple(sorted(statuses.items())), chain_seq, policy, b"")
    signature = labels.DELETION_SIGNATURE.sign(keys, deletion_statement(unsigned, author, conversation.hash))
    return DeleteRcpt(request, unsigned.statuses, chain_seq, policy, signature)


def _check_deletion(body: DeleteRcpt, author: Author, conversation: Conversation) -> None:
    statement = deletion_statement(body, author, conversation.hash)
    holds = labels.DELETION_SIGNATURE.verify(author.leaf_sig, statement, body.signature)
    rules.DELETION_SIGNATURE.require(holds)


def deletion_statement(body: DeleteRcpt, author: Author, conversation: bytes) -> bytes:
    """What a node signs about a request; `conversation` is the hash of its id."""
    return cbor.encode([conversation, author.fields(), body.unsigned()])
