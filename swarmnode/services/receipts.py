"""Receipts: the other side is told what is stored here, and what was read (spec 60 §4).

An intent is written with the message that it is for. A little later all intents of a conversation become one
receipt, in the step that forgets them. A receipt is not repeated: a message that nobody confirms comes again,
and is confirmed again.
"""

from __future__ import annotations

from swarm_protocol import content
from swarm_protocol.content import Conversation, Receipt, ReceiptStatus, ranges_of
from swarm_protocol.content.rules import MAX_RANGES

from ..storage import queries
from ..storage.shelves import (
    AUTHORS,
    CONVERSATIONS,
    MESSAGES,
    PEERS,
    RECEIPT_INTENTS,
    AuthorRow,
    Peer,
    ReceiptIntent,
)
from ..storage.shelves import Conversation as ConversationRow
from . import countdown, outgoing, peers, repeats
from .news import tell
from .node import Node
from .step import Step

SOON_S = 0.2
"""Messages that come within this time are confirmed together."""
READ_FROM_S, READ_TO_S = 2, 60
"""That something was read is told after a random time: it says less of when."""


def intend(step: Step, node: Node, conversation_id: int, leaf_sig: bytes, seq: int) -> None:
    """A message is stored: say so soon."""
    RECEIPT_INTENTS.add_new(
        step.tx,
        conversation_id=conversation_id,
        status=int(ReceiptStatus.DELIVERED),
        leaf_sig=leaf_sig,
        seq=seq,
        due_at=step.wall_s,
    )
    node.remind(step, ("receipts", 0), SOON_S)


def intend_read(step: Step, node: Node, conversation_id: int, leaf_sig: bytes, seq: int) -> None:
    """A message was read: say so after a while, if the owner wants that."""
    if not node.options.receipts:
        return
    wait = READ_FROM_S + int.from_bytes(step.entropy(4), "big") % (READ_TO_S - READ_FROM_S + 1)
    RECEIPT_INTENTS.add_new(
        step.tx,
        conversation_id=conversation_id,
        status=int(ReceiptStatus.READ),
        leaf_sig=leaf_sig,
        seq=seq,
        due_at=step.wall_s + wait,
    )
    node.remind(step, ("receipts", 0), float(wait))


def flush(step: Step, node: Node) -> None:
    """Make receipts of the intents that are due."""
    if node.quarantine:
        return
    moment = {"now": step.wall_s, "latest": step.wall_s + READ_TO_S}
    due = RECEIPT_INTENTS.query(step.tx, queries.RECEIPTS_DUE, moment)
    queries.FORGET_DUE.run(step.tx, moment)
    for conversation_id in sorted({intent.conversation_id for intent in due}):
        mine = [intent for intent in due if intent.conversation_id == conversation_id]
        for status in ReceiptStatus:
            _receipts(step, node, conversation_id, status, [i for i in mine if i.status == status])
    later = queries.NEXT_RECEIPT.scalar(step.tx)
    if later is not None:
        node.remind(step, ("receipts", 0), float(min(max(later - step.wall_s, 1), READ_TO_S)))


def _receipts(
    step: Step, node: Node, conversation_id: int, status: ReceiptStatus, intents: list[ReceiptIntent]
) -> None:
    ranges = ranges_of((intent.leaf_sig, intent.seq) for intent in intents)
    for at in range(0, len(ranges), MAX_RANGES):
        _tell_all(step, node, conversation_id, Receipt(status, ranges[at : at + MAX_RANGES]))


def heard(step: Step, node: Node, conversation_id: int) -> None:
    """Say that something came which is not chained: a Hello, or a commit, in the epoch that it began."""
    _tell_all(step, node, conversation_id, Receipt(ReceiptStatus.DELIVERED, ()))


def _tell_all(step: Step, node: Node, conversation_id: int, receipt: Receipt) -> None:
    conversation = CONVERSATIONS.get(step.tx, conversation_id)
    assert conversation is not None
    message = content.compose_unchained(
        node.me.author,
        Conversation(conversation.conv_id),
        receipt,
        wall_s=step.wall_s,
        entropy=step.entropy,
    )
    for peer in peers.peers_of(step, conversation_id):
        outgoing.post(step, node, peer.id, conversation_id, plain=message.data, repeat=False)


def came(step: Step, node: Node, conversation: ConversationRow, peer: Peer, receipt: Receipt) -> None:
    """A peer confirms: what it has need not be repeated."""
    PEERS.change(step.tx, peer.id, heard_at=step.wall_s)
    repeats.has_room(step, node, peer.id)
    for (outbox_id,) in queries.HELLOS.rows(step.tx, {"peer": peer.id}):
        outgoing.confirmed(step, node, outbox_id)  # a receipt, an empty one too, says that we were heard
    me = node.me.author
    author = AUTHORS.one(step.tx, conversation_id=conversation.id, leaf_sig=me.leaf_sig)
    if author is None:
        return
    read = receipt.status is ReceiptStatus.READ
    for told in receipt.ranges:
        if told.leaf_sig != me.leaf_sig:
            continue
        confirmed = range(told.first, min(told.last, author.next_seq) + 1)
        _confirm(step, node, peer, author, confirmed, "read" if read else "delivered")


def have_up_to(step: Step, node: Node, conversation: ConversationRow, peer: Peer, last: int) -> None:
    """A peer has our messages up to this one: as good as receipts, some of which may be lost."""
    author = AUTHORS.one(step.tx, conversation_id=conversation.id, leaf_sig=node.me.author.leaf_sig)
    if author is not None:
        waiting = queries.OLDEST_UNCONFIRMED.scalar(step.tx, {"peer": peer.id, "author": author.id})
        if waiting is not None:
            _confirm(step, node, peer, author, range(waiting, last + 1), "delivered")


def _confirm(step: Step, node: Node, peer: Peer, author: AuthorRow, seqs: range, state: str) -> None:
    """A peer has these messages of ours."""
    between = {"author": author.id, "first": seqs.start, "last": seqs.stop - 1}
    for (outbox_id,) in queries.CONFIRMED_ITEMS.rows(step.tx, {**between, "peer": peer.id}):
        outgoing.confirmed(step, node, outbox_id)
    for row in MESSAGES.query(step.tx, queries.CONFIRM, {**between, "new_state": state}):
        if row.expire_s and row.left_s is None and row.body_id is not None:
            countdown.start(step, node, row.id, row.expire_s)
        tell(step, "message.state", chat=str(author.conversation_id), message=row.name.hex(), state=state)
