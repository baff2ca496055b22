"""Making messages (spec 21 §1). Store what comes out, and the chain with its link, before anything is sent.

A message is made once. When it has to be encrypted anew, its bytes are encrypted anew: made again, it would
be another message in the same place of the chain, which is what a fork is.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..cbor import Value
from ..entropy import Entropy
from ..errors import RemoteProtocolError, UsageError
from ..mls.signatures import SignatureKeyPair
from . import message as m
from .bodies import Known
from .chain import AuthorChain, sign_place
from .message import Author, Conversation, Heads, Message, commitment, encode_fields


def compose(
    keys: SignatureKeyPair,
    chain: AuthorChain,
    conversation: Conversation,
    body: Known,
    *,
    parents: Iterable[bytes],
    lamport: int,
    heads: Heads,
    wall_s: int,
    entropy: Entropy,
    expire_s: int = 0,
) -> Message:
    """The next message of our own chain.

    `parents` are `tips` of what we hold, `lamport` is `next_lamport` of what we have seen, `wall_s` our clock
    in Unix seconds, for the screen alone.

    Raises:
        UsageError: the chain is not ours, has a gap or a fork, or the message would break a rule.
    """
    if chain.conversation != conversation.hash or chain.author.leaf_sig != keys.public:
        raise UsageError("this chain is another's")
    if chain.held or chain.fork is not None:
        raise UsageError("our own chain has a gap or a fork: another copy of this node has written")
    prev = None if chain.head is None else chain.head.commitment
    fields: dict[int, Value] = {
        **_common(chain.author, conversation, body, wall_s, entropy),
        m.AUTHOR_SEQ: chain.next_seq,
        m.PREV: prev,
        m.PARENTS: sorted(parents) or None,
        m.LAMPORT: lamport,
        m.EXPIRE: expire_s or None,
        m.HEADS: heads.fields(),
    }
    salt = entropy(m.SALT_SIZE)
    name = commitment(salt, encode_fields(fields))
    signature = sign_place(keys, conversation, chain.author, chain.next_seq, prev, name)
    return _checked({**fields, m.SIGNATURE: {1: signature, 2: salt}})


def compose_unchained(
    author: Author, conversation: Conversation, body: Known, *, wall_s: int, entropy: Entropy
) -> Message:
    """A message from node to node, which MLS alone speaks for: a hello, a receipt, a delete_rcpt.

    Raises:
        UsageError: the message would break a rule.
    """
    return _checked(_common(author, conversation, body, wall_s, entropy))


def _common(
    author: Author, conversation: Conversation, body: Known, wall_s: int, entropy: Entropy
) -> dict[int, Value]:
    return {
        m.MSG_ID: entropy(m.ID_SIZE),
        m.CONV_TAG: conversation.tag,
        m.AUTHOR: author.fields(),
        m.WALL: wall_s,
        m.TYPE: int(body.type),
        m.BODY: dict(body.fields()),
        m.REFS: list(body.refs()) or None,
    }


def _checked(fields: dict[int, Value]) -> Message:
    """Read what was made as others will."""
    try:
        return Message.decode(encode_fields(fields))
    except RemoteProtocolError as e:
        raise UsageError(f"others would refuse this: {e}") from e
