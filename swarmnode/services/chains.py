"""The chains of authors as the tables have them (spec 21 §4): for what comes, goes, and is compared."""

from __future__ import annotations

from swarm_protocol.content import Author, AuthorChain, AuthorLink, Conversation, Fork
from swarm_protocol.identity import PersonaId

from ..storage import queries
from ..storage.shelves import AUTHORS, MESSAGES, AuthorRow, MessageRow
from ..storage.shelves import Conversation as ConversationRow
from .node import Node
from .step import Step


def author_row(step: Step, conversation_id: int, author: Author) -> AuthorRow:
    """How far the chain of an author goes; made if it is new."""
    row = AUTHORS.one(step.tx, conversation_id=conversation_id, leaf_sig=author.leaf_sig)
    if row is None:
        AUTHORS.add(
            step.tx, conversation_id=conversation_id, persona_id=author.persona_id, leaf_sig=author.leaf_sig
        )
        row = AUTHORS.one(step.tx, conversation_id=conversation_id, leaf_sig=author.leaf_sig)
    assert row is not None
    return row


def author_of(row: AuthorRow) -> Author:
    """The author of a row."""
    return Author(PersonaId(row.persona_id), row.leaf_sig)


def chain_of(step: Step, node: Node, conversation: ConversationRow, author: AuthorRow) -> AuthorChain:
    """The chain of an author, with the links behind a gap."""
    said, who = Conversation(conversation.conv_id), author_of(author)
    rows = MESSAGES.query(step.tx, queries.HELD_OF_AUTHOR, {"author": author.id, "seq": author.next_seq})
    return AuthorChain(
        conversation=said.hash,
        author=who,
        start=author.start,
        head=_head(node, author),
        held={row.seq: link_of(said, who, row) for row in rows},
        fork=None if author.fork is None else Fork.decode(author.fork),
    )


def link_of(said: Conversation, who: Author, row: MessageRow) -> AuthorLink:
    """The link of a message that is stored; it was verified when it came."""
    return AuthorLink(said.hash, who, row.seq, row.prev, row.name, row.signature)


def _head(node: Node, author: AuthorRow) -> AuthorLink | None:
    """The link at the end of a chain; decoding it verifies it, so that is done once."""
    if author.head is None:
        return None
    head = node.heads.get(author.id)
    if head is None or head.seq != author.next_seq - 1:
        head = node.heads[author.id] = AuthorLink.decode(author.head)
    return head
