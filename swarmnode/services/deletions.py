"""Requests to delete, and the signed receipts for them (spec 21 §7, spec 60 §4).

A node that is asked does what it may and answers at once: one receipt for all targets of the request, signed
by its leaf. Receipts are not repeated; who misses one asks again, after an hour and then once a day, for 30
days, and what is asked again is answered again. After a restore the new node goes on with that: requests of
the lost node go as copies: their own signatures speak for them. A receipt holds no text. It is kept, with
the sigchain that names the leaf, also when the messages and the contact are gone.
"""

from __future__ import annotations

from swarm_protocol import cbor, content, sync
from swarm_protocol.content import (
    Author,
    Conversation,
    DeleteRcpt,
    DeleteReq,
    DeletionStatus,
    Message,
    Told,
    Type,
)
from swarm_protocol.identity import PersonaId

from ..storage.later_shelves import (
    DELETION_ITEMS,
    DELETION_RECEIPTS,
    DELETION_REQUESTS,
    OPEN_REQUESTS,
    DeletionReceipt,
    DeletionRequest,
)
from ..storage.shelves import AUTHORS, CONTACTS, CONVERSATIONS, MESSAGES, OUTBOX, MessageRow, Peer
from ..storage.shelves import Conversation as ConversationRow
from . import groups, outgoing, peers, sigchains
from .news import tell
from .node import Node
from .step import Step

FIRST_S, AGAIN_S = 3600, 86_400
GIVEN_UP_S = 30 * 86_400
LOOK_S = 3600.0
"""How often is looked while an answer is due: clocks can be set."""
GONE = frozenset({DeletionStatus.DONE, DeletionStatus.ALREADY})


# Who is asked


def answer(step: Step, node: Node, conversation: ConversationRow, request: Message, done: set[bytes]) -> None:
    """Tell the nodes of who asked what became of each target; `done` are those that this step destroyed."""
    body = request.body
    if not isinstance(body, DeleteReq) or request.author.persona_id == node.me.author.persona_id:
        return
    asker = PersonaId(request.author.persona_id)
    said = Conversation(conversation.conv_id)
    receipt = content.sign_deletion(
        node.me.keys.leaf_sig,
        node.me.author,
        said,
        request=request.id,
        statuses={name: _status(step, conversation, asker, name, done) for name in body.targets},
        chain_seq=node.me.chain.head.seq,
        policy=0,
    )
    message = content.compose_unchained(
        node.me.author, said, receipt, wall_s=max(step.wall_s, 0), entropy=step.entropy
    )
    for peer in peers.peers_of(step, conversation.id):
        outgoing.post(step, node, peer.id, conversation.id, plain=message.data, repeat=False)


def answer_again(
    step: Step, node: Node, conversation: ConversationRow, name: bytes, done: set[bytes]
) -> None:
    """A request that is known came again, or a target of it has come only now."""
    row = MESSAGES.one(step.tx, name=name)
    request = None if row is None else message_of(step, row)
    if request is not None and row is not None and row.conversation_id == conversation.id:
        answer(step, node, conversation, request, done)


def _status(
    step: Step, conversation: ConversationRow, asker: PersonaId, name: bytes, done: set[bytes]
) -> DeletionStatus:
    row = MESSAGES.one(step.tx, name=name)
    if row is None or row.conversation_id != conversation.id:
        return DeletionStatus.NEVER_HAD
    author = AUTHORS.get(step.tx, row.author_id)
    if author is None or author.persona_id != asker:
        return DeletionStatus.REFUSED
    if name in done:
        return DeletionStatus.DONE
    return DeletionStatus.ALREADY if row.body_id is None else DeletionStatus.REFUSED


# Who asks


def asked(step: Step, node: Node, conversation: ConversationRow, request: MessageRow) -> None:
    """A request of ours was said: answers are waited for."""
    DELETION_REQUESTS.put(
        step.tx,
        name=request.name,
        conversation_id=conversation.id,
        at=step.wall_s,
        again_at=step.wall_s + FIRST_S,
        tries=0,
    )
    node.remind(step, ("deletions", 0), LOOK_S)


def came(
    step: Step, node: Node, conversation: ConversationRow, peer: Peer, message: Message, body: DeleteRcpt
) -> None:
    """A node signed what became of a request of ours; its signature holds.

    Raises:
        UnexpectedMessage: it answers for other messages than were asked for.
    """
    row = MESSAGES.one(step.tx, name=body.request)
    request = None if row is None else message_of(step, row)
    if row is None or request is None or not row.mine or row.conversation_id != conversation.id:
        return
    content.check_answer(message, request)
    before = DELETION_RECEIPTS.one(step.tx, request=body.request, leaf_sig=message.author.leaf_sig)
    if before is not None:
        if is_gone(body_of(before)):
            return  # the first word that all is gone says when; those after it say no more
        DELETION_RECEIPTS.drop(step.tx, id=before.id)
    contact = CONTACTS.get(step.tx, peer.contact_id)
    chain = sigchains.of(step, node, PersonaId(message.author.persona_id))
    assert contact is not None
    assert chain is not None
    DELETION_RECEIPTS.add(
        step.tx,
        request=body.request,
        conversation=Conversation(conversation.conv_id).hash,
        persona_id=message.author.persona_id,
        leaf_sig=message.author.leaf_sig,
        name=contact.name,
        body=cbor.encode(dict(body.fields())),
        chain=chain.encode(),
        at=step.wall_s,
    )
    if not silent(step, body.request, conversation):
        DELETION_REQUESTS.change(step.tx, body.request, again_at=None)
    _tell(step, body.request)


def look(step: Step, node: Node) -> None:
    """Ask those again who have not answered."""
    soonest = LOOK_S
    for row in DELETION_REQUESTS.query(step.tx, OPEN_REQUESTS):
        assert row.again_at is not None
        left = row.again_at - step.wall_s
        if 0 < left <= AGAIN_S:  # more than that was written by a clock that has been set back since
            soonest = min(soonest, float(left))
        else:
            _ask_again(step, node, row)
    if DELETION_REQUESTS.query(step.tx, OPEN_REQUESTS):
        node.remind(step, ("deletions", 0), max(soonest, 1.0))


def _ask_again(step: Step, node: Node, row: DeletionRequest) -> None:
    conversation = CONVERSATIONS.get(step.tx, row.conversation_id)
    message = MESSAGES.one(step.tx, name=row.name)
    quiet = [] if conversation is None else silent(step, row.name, conversation)
    if message is None or not quiet or step.wall_s - row.at >= GIVEN_UP_S:
        DELETION_REQUESTS.change(step.tx, row.name, again_at=None)
        _tell(step, row.name)
        return
    if not groups.has_keys(step, row.conversation_id):  # until we are back in it, after a restore
        DELETION_REQUESTS.change(step.tx, row.name, again_at=step.wall_s + FIRST_S)
        return
    for peer in quiet if not node.quarantine else ():
        _repeat(step, node, peer, message)
    DELETION_REQUESTS.change(step.tx, row.name, again_at=step.wall_s + AGAIN_S, tries=row.tries + 1)


def _repeat(step: Step, node: Node, peer: Peer, request: MessageRow) -> None:
    said = message_of(step, request)
    if said is not None and said.author != node.me.author:  # by a node of ours that is lost
        peers.tell_peer(step, node, peer, Told(Type.COPY, sync.Repaired(said.data).encode()))
    elif OUTBOX.one(step.tx, message_id=request.id, peer_id=peer.id) is None:
        outgoing.post(step, node, peer.id, request.conversation_id, message_id=request.id)


def silent(step: Step, request: bytes, conversation: ConversationRow) -> list[Peer]:
    """The nodes that have not answered for a request."""
    answered = {receipt.leaf_sig for receipt in DELETION_RECEIPTS.all(step.tx, request=request)}
    return [peer for peer in peers.peers_of(step, conversation.id) if peer.leaf_sig not in answered]


def started(step: Step, node: Node) -> None:
    """The engine is new: look soon, where answers are due."""
    if DELETION_REQUESTS.query(step.tx, OPEN_REQUESTS):
        node.remind(step, ("deletions", 0), 1.0)


# Small things


def message_of(step: Step, row: MessageRow) -> Message | None:
    """A request as it was said."""
    data = None if row.body_id is None or row.type != Type.DELETE_REQ else step.tx.bodies.get(row.body_id)
    return None if data is None else Message.decode(data)


def body_of(row: DeletionReceipt) -> DeleteRcpt:
    """What was signed."""
    return DeleteRcpt.read(cbor.Record.decode(row.body, "a receipt"), ())


def author_of(row: DeletionReceipt) -> Author:
    """Who signed it."""
    return Author(PersonaId(row.persona_id), row.leaf_sig)


def is_gone(body: DeleteRcpt) -> bool:
    """Whether all targets are gone, by this receipt."""
    return all(status in GONE for _, status in body.statuses)


def _tell(step: Step, request: bytes) -> None:
    for item in DELETION_ITEMS.all(step.tx, request=request)[:1]:
        tell(step, "deletion.changed", deletion=str(item.deletion_id))
