"""What people say: messages of both sides enter the tables here, by one function (spec 21, spec 60 §4).

A message that is chained becomes a row with its place, and a body under a key of its own. What it does to
others (an edit, a reaction, a request to delete) follows from rows alone, so it may come before its target.
What nodes tell each other is not kept: it changes rows and is gone.
"""

from __future__ import annotations

from swarm_protocol import content, mls, sync
from swarm_protocol.content import (
    Author,
    AuthorLink,
    ChainDelta,
    Conversation,
    DeleteReq,
    Edit,
    Hello,
    Message,
    Outcome,
    React,
    Receipt,
    Reply,
    Text,
    Timer,
    Told,
    Type,
    Unknown,
    admit,
)
from swarm_protocol.content.bodies import DeleteRcpt
from swarm_protocol.content.rules import MAX_PARENTS
from swarm_protocol.errors import RuleViolation
from swarm_protocol.identity import NodeRef, PersonaId

from ..storage import queries
from ..storage.shelves import (
    AUTHORS,
    CONTACTS,
    CONVERSATIONS,
    EVIDENCE,
    GROUPS,
    MESSAGES,
    OUTBOX,
    PEERS,
    WANTED_DELETIONS,
    AuthorRow,
    GroupHead,
    MessageRow,
    Peer,
)
from ..storage.shelves import Conversation as ConversationRow
from . import (
    chains,
    challenges,
    deletions,
    groups,
    indexing,
    outgoing,
    peers,
    proofs,
    receipts,
    repair,
    rotation,
    trust,
)
from .news import tell
from .node import Node
from .step import Step

SHOWN = (Text, Reply, Timer, Unknown)
"""What stands in the list of messages by itself."""
SHREDDED_AT_ONCE = 16
"""Messages that one step should shred, where there is a choice: taking the words of one out of a large index
takes up to 8 ms, and nobody is answered meanwhile."""


def receive(step: Step, node: Node, data: groups.Data) -> None:
    """Take application data of a group.

    Raises:
        RemoteProtocolError: it is refused.
    """
    conversation = CONVERSATIONS.get(step.tx, data.group.conversation_id)
    assert conversation is not None
    ref = NodeRef.of(data.leaf.credential)
    author = Author(ref.persona_id, data.leaf.signature_key)
    peer = PEERS.one(step.tx, leaf_sig=author.leaf_sig)
    if peer is None or not peer.active:
        return  # a node that was revoked, or is none of a contact: nothing of it is believed
    message = Message.decode(data.data)
    spoken_in = Conversation(conversation.conv_id)
    admitted = admit(message, spoken_in, sender=author, highest=conversation.lamport)
    if admitted.link is not None:
        take(step, node, conversation, message, admitted.link, from_peer=peer)
    else:
        _told(step, node, conversation, peer, message)
    if message.heads is not None:
        trust.head_seen(step, node, peer, message.heads.chain)


def repaired(step: Step, node: Node, conversation: ConversationRow, peer: Peer, data: bytes) -> None:
    """Take a copy of a message that somebody sent again; its own signature speaks for it."""
    message = Message.decode(data)
    spoken_in = Conversation(conversation.conv_id)
    admitted = admit(message, spoken_in, sender=None, highest=conversation.lamport)
    if admitted.link is not None and _is_member(step, node, conversation, message.author):
        take(step, node, conversation, message, admitted.link, from_peer=peer)


def repaired_link(step: Step, node: Node, conversation: ConversationRow, link: AuthorLink) -> None:
    """Take the link of a message that was deleted: the chain goes on, without a body."""
    if link.conversation != Conversation(conversation.conv_id).hash:
        return
    if not _is_member(step, node, conversation, link.author):
        return
    author = chains.author_row(step, conversation.id, link.author)
    if (
        _into_chain(step, node, conversation, author, link)
        and MESSAGES.one(step.tx, name=link.commitment) is None
    ):
        MESSAGES.add(
            step.tx,
            conversation_id=conversation.id,
            author_id=author.id,
            seq=link.seq,
            name=link.commitment,
            prev=link.prev,
            lamport=0,
            height=0,
            signature=link.signature,
            wall_s=step.wall_s,
            type=0,
            mine=link.author.persona_id == node.me.author.persona_id,
            shown=False,
            state="received",
            stored_at=step.wall_s,
            shredded_at=step.wall_s,
        )
        receipts.intend(step, node, conversation.id, link.author.leaf_sig, link.seq)


def _is_member(step: Step, node: Node, conversation: ConversationRow, author: Author) -> bool:
    if author.persona_id == node.me.chain.persona_id:
        return True
    contact = CONTACTS.one(step.tx, persona_id=author.persona_id)
    return contact is not None and contact.id == conversation.contact_id


def take(
    step: Step,
    node: Node,
    conversation: ConversationRow,
    message: Message,
    link: AuthorLink,
    *,
    from_peer: Peer | None,
) -> MessageRow | None:
    """Put a chained message, ours or another's, where it belongs; None where it is there, or forked."""
    author = chains.author_row(step, conversation.id, message.author)
    if from_peer is not None and MESSAGES.one(step.tx, name=message.id) is not None:
        receipts.intend(step, node, conversation.id, message.author.leaf_sig, message.standing.seq)
        if isinstance(message.body, DeleteReq):
            deletions.answer_again(step, node, conversation, message.id, set())  # ours may have been lost
        return None
    if not _into_chain(step, node, conversation, author, link):
        return None
    row = _store(step, node, conversation, author, message, mine=from_peer is None)
    if from_peer is not None and row.mine:
        MESSAGES.change(step.tx, row.id, state="delivered")  # our own, come back after a restore
    elif from_peer is not None:
        receipts.intend(step, node, conversation.id, message.author.leaf_sig, message.standing.seq)
    _effect(step, node, conversation, row, message)
    if row.shown:
        tell(step, "message.new", chat=str(conversation.id), message=row.name.hex(), mine=row.mine)
    return row


def _into_chain(
    step: Step, node: Node, conversation: ConversationRow, author: AuthorRow, link: AuthorLink
) -> bool:
    """Put a link into its chain; whether it is new. A fork is evidence, and the author stands still."""
    chain = chains.chain_of(step, node, conversation, author)
    stored = None
    if link.seq < chain.next_seq:
        row = MESSAGES.one(step.tx, author_id=author.id, seq=link.seq)
        stored = None if row is None else chains.link_of(Conversation(conversation.conv_id), link.author, row)
        if stored is None:
            return False
    received = chain.receive(link, stored=stored)
    match received.outcome:
        case Outcome.EXTENDED:
            head = received.chain.head
            assert head is not None
            AUTHORS.change(step.tx, author.id, next_seq=received.chain.next_seq, head=head.encode())
            node.heads[author.id] = head
            if not received.chain.held:
                peers.nothing_is_missing(step, node, link.author.leaf_sig)
            return True
        case Outcome.HELD:
            peers.something_is_missing(step, node, link.author.leaf_sig)
            return True
        case Outcome.FORKED:
            fork = received.chain.fork
            if fork is not None and author.fork is None:
                AUTHORS.change(step.tx, author.id, fork=fork.encode())
                EVIDENCE.add_new(step.tx, kind="fork", data=fork.encode(), at=step.wall_s)
                trust.forked(step, author.persona_id, fork.id)
            return False
        case _:
            return False


def _store(
    step: Step, node: Node, conversation: ConversationRow, author: AuthorRow, message: Message, *, mine: bool
) -> MessageRow:
    place = message.standing
    own = message.author.persona_id == node.me.author.persona_id  # by a node of ours that is lost, too
    before = [i for i in (place.prev, *place.parents) if i is not None]
    height = max(place.lamport, _height_of(step, before) + 1)
    shown = isinstance(message.body, SHOWN)
    row = MESSAGES.make(
        step.tx,
        conversation_id=conversation.id,
        author_id=author.id,
        seq=place.seq,
        name=place.id,
        prev=place.prev,
        parents=b"".join(place.parents) or None,
        lamport=place.lamport,
        height=height,
        signature=message.signature,
        wall_s=message.wall_s,
        type=_type_of(message),
        target=_target_of(message),
        mine=own,
        shown=shown,
        body_id=step.tx.bodies.put(message.data),
        state="queued" if mine else "received",
        stored_at=step.wall_s,
        unread=shown and not own,
        expire_s=message.expire_s,
    )
    if isinstance(message.body, indexing.SEARCHED):
        indexing.add(step, node, row, message.body.text)
    CONVERSATIONS.change(
        step.tx,
        conversation.id,
        lamport=max(conversation.lamport, place.lamport),
        tips=_tips(conversation, place.id, before),
        last_at=step.wall_s,
    )
    return row


def _height_of(step: Step, names: list[bytes]) -> int:
    return max((queries.HEIGHT.scalar(step.tx, {"name": name}) or 0 for name in set(names)), default=0)


def _tips(conversation: ConversationRow, name: bytes, before: list[bytes]) -> bytes:
    """What nothing follows yet, the latest last; four of them are kept."""
    data = conversation.tips or b""
    tips = [data[i : i + 32] for i in range(0, len(data), 32)]
    return b"".join([*[tip for tip in tips if tip not in before], name][-MAX_PARENTS:])


def tips_of(conversation: ConversationRow) -> list[bytes]:
    """The parents of the next message."""
    data = conversation.tips or b""
    return sorted(data[i : i + 32] for i in range(0, len(data), 32))


def _type_of(message: Message) -> int:
    body = message.body
    return body.type if isinstance(body, Unknown) else int(body.type)


def _target_of(message: Message) -> bytes | None:
    return message.body.target if isinstance(message.body, Reply | Edit | React) else None


# What a message does


def _effect(step: Step, node: Node, conversation: ConversationRow, row: MessageRow, message: Message) -> None:
    match message.body:
        case DeleteReq(targets):
            done = {
                target for target in targets if _asked_to_delete(step, node, conversation, message, target)
            }
            deletions.answer(step, node, conversation, message, done)
        case Timer(seconds):
            rank = message.standing.lamport.to_bytes(8, "big") + message.id
            if conversation.timer_rank is None or rank > conversation.timer_rank:
                CONVERSATIONS.change(step.tx, conversation.id, timer_s=seconds, timer_rank=rank)
                tell(step, "chat.changed", chat=str(conversation.id))
        case Edit(target) | React(target):
            about = MESSAGES.one(step.tx, name=target)
            if about is not None and about.shredded_at is not None:
                shred(step, node, [row])  # it comes behind the deletion of what it is about
            tell(step, "message.changed", chat=str(conversation.id), message=target.hex())
        case _:
            pass
    wanted = WANTED_DELETIONS.get(step.tx, message.id)
    if wanted is not None and wanted.persona_id == message.author.persona_id:
        shred(step, node, [row])
        deletions.answer_again(step, node, conversation, wanted.request, {message.id})


def _asked_to_delete(
    step: Step, node: Node, conversation: ConversationRow, request: Message, target: bytes
) -> bool:
    """Destroy a message if who asks may; whether it stood until now."""
    row = MESSAGES.one(step.tx, name=target)
    if row is None or row.conversation_id != conversation.id:
        WANTED_DELETIONS.put(
            step.tx,
            name=target,
            conversation_id=conversation.id,
            request=request.id,
            persona_id=request.author.persona_id,
            at=step.wall_s,
        )
        return False
    author = AUTHORS.get(step.tx, row.author_id)
    assert author is not None
    try:
        content.check_deletion(request, [PersonaId(author.persona_id)], moderators=())
    except RuleViolation:
        return False  # a request for what is another's does nothing
    shred(step, node, [row])
    return row.body_id is not None


def shred(step: Step, node: Node, rows: list[MessageRow]) -> None:
    """Destroy bodies and what was made of them; places and signatures stay, so that chains go on."""
    gone = [row for row in rows if row.body_id is not None]
    for row in gone:
        data = step.tx.bodies.get(row.body_id or 0)
        if data is not None:
            indexing.remove(step, node, row, data)
        for outgoing_row in OUTBOX.all(step.tx, message_id=row.id):
            outgoing.confirmed(step, node, outgoing_row.id)
        MESSAGES.change(step.tx, row.id, body_id=None, shredded_at=step.wall_s, unread=False, left_s=None)
        tell(step, "message.deleted", chat=str(row.conversation_id), message=row.name.hex())
    step.tx.bodies.shred([row.body_id for row in gone if row.body_id is not None])
    for row in gone:  # edits and reactions of it say what it said
        changes = MESSAGES.all(step.tx, target=row.name)
        shred(step, node, [change for change in changes if change.type in {Type.EDIT, Type.REACT}])


# What nodes tell each other


def _told(step: Step, node: Node, conversation: ConversationRow, peer: Peer, message: Message) -> None:
    match message.body:
        case Receipt() as receipt:
            receipts.came(step, node, conversation, peer, receipt)
        case Hello() as hello:
            trust.hello(step, node, conversation, peer, hello)
        case ChainDelta() as delta:
            trust.delta(step, node, peer, delta)
            proofs.chain_changed(step, peer.contact_id)
        case Told(Type.QUEUE_CTL, data):
            rotation.came(step, node, conversation, peer, data)
        case Told(Type.HAVE, data):
            repair.have_came(step, node, conversation, peer, data)
        case Told(Type.REQUEST, data):
            repair.request_came(step, node, conversation, peer, data)
        case Told(Type.COPY, data):
            _copied(step, node, conversation, peer, data)
        case Told(Type.ADDR_REC, data):
            trust.address(step, node, conversation, peer, data)
        case Told(Type.CLAIM, data):
            proofs.came(step, node, conversation, peer, data)
        case Told(Type.CHALLENGE, data):
            challenges.came(step, node, conversation, peer, data)
        case DeleteRcpt() as receipt:
            deletions.came(step, node, conversation, peer, message, receipt)
        case Unknown():
            pass
        case _:
            raise AssertionError("all other bodies are chained")


def _copied(step: Step, node: Node, conversation: ConversationRow, peer: Peer, data: bytes) -> None:
    match sync.decode_copy(data):
        case sync.Repaired(message):
            repaired(step, node, conversation, peer, message)
        case sync.Tombstone(link):
            repaired_link(step, node, conversation, link)
        case sync.Evidence(fork):
            for link in fork.pair:
                repaired_link(step, node, conversation, link)
    again = CONVERSATIONS.get(step.tx, conversation.id)
    assert again is not None
    repair.copies_came(step, node, again, peer)


def heard_in(step: Step, node: Node, group: GroupHead, leaf: mls.LeafNode, epoch: int) -> None:
    """Somebody was heard in an epoch: what was sent to bring it about is there."""
    peer = PEERS.one(step.tx, leaf_sig=leaf.signature_key)
    if peer is None:
        return
    if epoch > group.confirmed_epoch:
        GROUPS.change(step.tx, group.id, confirmed_epoch=epoch)
        peers.drop_handshakes(step, node, group.conversation_id, peer.id, epoch)
        trust.confirmed(step, node, peer)
