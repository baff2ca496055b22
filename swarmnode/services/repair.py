"""Repair in the node: comparing what both sides have, and asking for what is missing (spec 50)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from swarm_protocol.content import Author, AuthorLink, Conversation, Fork, Told, Type
from swarm_protocol.identity import PersonaId
from swarm_protocol.sync import Allowance, Answer, Fetch, Have, Request, rules

from ..storage.shelves import AUTHORS, CONTACTS, MESSAGES, PEERS, Peer
from ..storage.shelves import Conversation as ConversationRow
from . import chains, peers, receipts
from .node import Node, jitter
from .step import Step

APART_S = float(rules.APART_S)
"""Haves of ours to one peer are so far apart: nothing that a peer does makes a storm."""
IDLE_S = float(rules.IDLE_S)
CONFIRM_APART_S = 60.0


def started(step: Step, node: Node) -> None:
    """The node is new: each peer is told what it has, one after the other."""
    for number, peer in enumerate(PEERS.all(step.tx, active=True)):
        node.remind(step, ("have", peer.id), jitter(step.entropy, 2.0 + number / 4))


def say_have(step: Step, node: Node, peer_id: int) -> None:
    """Tell a peer what we have, and that we want what it has more of. Once an hour at most."""
    if ("have apart", peer_id) in node.timers:
        node.remind(step, ("have", peer_id), node.timers["have apart", peer_id] - step.now.tick + 1.0)
        return
    peer = PEERS.get(step.tx, peer_id)
    if peer is None or not peer.active or node.quarantine:
        return
    node.remind(step, ("have apart", peer_id), APART_S)
    node.remind(step, ("have", peer_id), jitter(step.entropy, IDLE_S), sooner=False)
    PEERS.change(step.tx, peer.id, have_sent_at=step.wall_s)
    conversation = peers.conversation_with(step, peer.contact_id)
    if conversation is not None:
        _tell(step, node, peer, Type.HAVE, _have(step, node, conversation, asks=True).encode())


def ask_again(step: Step, node: Node, peer: Peer) -> None:
    """What was lost on its way is asked for again: what the peer is known to have, or what it has, by lot.

    A have, its answer, a request and a copy are four messages. Begun anew each time, they would never all
    come through a network that loses each third one.
    """
    conversation, fetch = peers.conversation_with(step, peer.contact_id), node.fetching.get(peer.id)
    request = None
    if conversation is not None and fetch is not None and step.entropy(1)[0] % 2:
        node.fetching[peer.id], request = Fetch.start(_have(step, node, conversation), fetch.theirs)
    if request is None:
        say_have(step, node, peer.id)
    else:
        node.remind(step, ("have apart", peer.id), APART_S)
        _tell(step, node, peer, Type.REQUEST, request.encode())


def came_again(step: Step, node: Node, peer_id: int) -> None:
    """Something came again: the peer does not know that we have it. It is told so, once a minute at most."""
    node.remind(step, ("confirm", peer_id), CONFIRM_APART_S)


def confirm(step: Step, node: Node, peer_id: int) -> None:
    """Tell a peer what we have, and that it was heard; a receipt of ours may be lost."""
    peer = PEERS.get(step.tx, peer_id)
    conversation = None if peer is None else peers.conversation_with(step, peer.contact_id)
    if peer is not None and conversation is not None and not node.quarantine:
        have = _have(step, node, conversation).encode()
        told = [
            partial(_tell, step, node, peer, Type.HAVE, have),
            partial(receipts.heard, step, node, conversation.id),
        ]
        # With what came these are three: a network that loses each third would always lose the same one.
        for say in told if step.entropy(1)[0] % 2 else reversed(told):
            say()


def have_came(step: Step, node: Node, conversation: ConversationRow, peer: Peer, data: bytes) -> None:
    """A peer says what it has: what we sent is confirmed by it, and what we lack is asked for."""
    theirs = Have.decode(data)
    mine = _have(step, node, conversation)
    _confirmed_by(step, node, conversation, peer, theirs)
    fetch, request = Fetch.start(mine, theirs)
    node.fetching[peer.id] = fetch
    if request is not None:
        _tell(step, node, peer, Type.REQUEST, request.encode())
    if theirs.asks and _may_ask(step, node, peer):
        _tell(step, node, peer, Type.HAVE, mine.encode())


def request_came(step: Step, node: Node, conversation: ConversationRow, peer: Peer, data: bytes) -> None:
    """A peer asks for messages: it gets copies, as many at once as its queue is to take.

    One that asks without end stays unanswered for a while, and asks again when it says what it has.
    """
    if not _may_ask(step, node, peer):
        return
    answer = Answer.to(Request.decode(data))
    source = _Source(step, conversation)
    while answer.todo:
        answer, copies = answer.take(source)
        for copy in copies:
            _tell(step, node, peer, Type.COPY, copy.encode())
        answer = Answer(answer.todo)  # the outbox's window holds them back, each stored as a row


def copies_came(step: Step, node: Node, conversation: ConversationRow, peer: Peer) -> None:
    """A copy was taken: is there more to ask for?"""
    fetch = node.fetching.get(peer.id)
    if fetch is None:
        return
    node.fetching[peer.id], request = fetch.after(_have(step, node, conversation))
    if request is not None:
        _tell(step, node, peer, Type.REQUEST, request.encode())


def _may_ask(step: Step, node: Node, peer: Peer) -> bool:
    allowance = node.answered.get(peer.id, Allowance())
    node.answered[peer.id], allowed = allowance.take(step.now.tick, APART_S)
    return allowed


def _tell(step: Step, node: Node, peer: Peer, kind: Type, data: bytes) -> None:
    peers.tell_peer(step, node, peer, Told(kind, data))


def _have(step: Step, node: Node, conversation: ConversationRow, *, asks: bool = False) -> Have:
    chains.author_row(step, conversation.id, node.me.author)
    contact = CONTACTS.get(step.tx, conversation.contact_id)
    for peer in PEERS.all(step.tx, contact_id=conversation.contact_id):
        assert contact is not None, "a peer has its contact"
        chains.author_row(step, conversation.id, Author(PersonaId(contact.persona_id), peer.leaf_sig))
    rows = AUTHORS.all(step.tx, conversation_id=conversation.id)
    return Have.of([chains.chain_of(step, node, conversation, row) for row in rows], asks=asks)


def _confirmed_by(step: Step, node: Node, conversation: ConversationRow, peer: Peer, theirs: Have) -> None:
    known = theirs.get(node.me.author)
    if known is not None and known.next_seq > known.start:
        receipts.have_up_to(step, node, conversation, peer, known.next_seq - 1)


@dataclass(frozen=True, slots=True)
class _Source:
    """What this node has of a conversation, for who asks (`swarm_protocol.sync.Source`)."""

    step: Step
    conversation: ConversationRow

    def at(self, author: Author, seq: int) -> bytes | AuthorLink | None:
        """The message at a place, its link if it was deleted, or None."""
        row = AUTHORS.one(self.step.tx, conversation_id=self.conversation.id, leaf_sig=author.leaf_sig)
        message = None if row is None else MESSAGES.one(self.step.tx, author_id=row.id, seq=seq)
        if message is None:
            return None
        if message.body_id is None:
            return chains.link_of(Conversation(self.conversation.conv_id), author, message)
        return self.step.tx.bodies.get(message.body_id)

    def fork(self, author: Author) -> Fork | None:
        """The evidence that an author's chain is forked."""
        row = AUTHORS.one(self.step.tx, conversation_id=self.conversation.id, leaf_sig=author.leaf_sig)
        return None if row is None or row.fork is None else Fork.decode(row.fork)
