"""What a person does with messages: say, change, take back, read, look up (spec 21)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from swarm_protocol.cbor import MAX_UINT
from swarm_protocol.content import (
    Attachment,
    AuthorLink,
    Conversation,
    DeleteReq,
    Edit,
    Heads,
    Message,
    React,
    Reply,
    Text,
    Timer,
    compose,
    next_lamport,
)
from swarm_protocol.content.bodies import Known
from swarm_protocol.errors import LimitError
from swarm_protocol.errors import UsageError as ProtocolUsageError

from ..domain.ids import number_of
from ..domain.views import MessageView
from ..domain.words import Words
from ..errors import Conflict, NotFound, NotReady, UsageError
from ..storage import queries
from ..storage.shelves import AUTHORS, CONTACTS, CONVERSATIONS, DRAFTS, MESSAGES, OUTBOX, MessageRow
from ..storage.shelves import Conversation as ConversationRow
from . import chains, countdown, deletions, outgoing, peers, receipts, talk, views
from .news import tell
from .node import Node
from .step import Step

MARKED_AT_ONCE = 200
"""Messages that one step marks as read: some 30 ms, so that nobody waits long."""


def send(step: Step, node: Node, chat: str, what: Words) -> MessageView:
    """Say something in a chat. It is stored when this returns, and leaves when there is a way.

    Raises:
        NotFound: there is no such conversation, or no such message to reply to.
        UsageError: nothing to say, or too much.
        NotReady: the contact is blocked, or its keys are in doubt.
    """
    conversation = find(step, chat)
    body = _words(step, conversation, what)
    row = say(step, node, conversation, body, expire_s=what.expire_s)
    return views.said(node, row, body)


def try_out(step: Step, node: Node, chat: str, what: Words) -> None:
    """Raise what `send` would; nothing is said."""
    conversation = find(step, chat)
    _compose(step, node, conversation, _words(step, conversation, what), what.expire_s)


def _words(step: Step, conversation: ConversationRow, what: Words) -> Text | Reply:
    files = tuple(Attachment(f.name, f.media_type, f.data, f.description) for f in what.attachments)
    if not what.text.strip() and not files:
        raise UsageError("there is nothing to say")
    if what.reply_to:
        return Reply(message_row(step, what.reply_to, conversation).name, what.text, files)
    return Text(what.text, files)


def say(
    step: Step, node: Node, conversation: ConversationRow, body: Known, *, expire_s: int | None = None
) -> MessageRow:
    """Compose, store and send a chained message; it disappears after `expire_s`, else as the chat says.

    Raises:
        UsageError: others would refuse it.
    """
    message = _compose(step, node, conversation, body, expire_s)
    said = Conversation(conversation.conv_id)
    row = talk.take(step, node, conversation, message, AuthorLink.of(message, said), from_peer=None)
    assert row is not None, "our next message is new"
    for peer in peers.peers_of(step, conversation.id):
        outgoing.post(step, node, peer.id, conversation.id, message_id=row.id, data=message.data)
    return row


def _compose(
    step: Step, node: Node, conversation: ConversationRow, body: Known, expire_s: int | None
) -> Message:
    node.require_writable()
    contact = CONTACTS.get(step.tx, conversation.contact_id)
    if contact is None or contact.blocked:
        raise NotReady("this contact is blocked", hint="Unblock it first: `swarmnode block CONTACT --off`.")
    if contact.standing == "key-alert":
        raise NotReady(
            "the keys of this contact are in doubt",
            hint="Compare words: `swarmnode verify CONTACT`. Or go on without, with `--trust`.",
        )
    me, said = node.me, Conversation(conversation.conv_id)
    author = chains.author_row(step, conversation.id, me.author)
    try:
        return compose(
            me.keys.leaf_sig,
            chains.chain_of(step, node, conversation, author),
            said,
            body,
            parents=talk.tips_of(conversation),
            lamport=next_lamport(conversation.lamport),
            heads=Heads(me.chain.head),
            wall_s=max(step.wall_s, 0),
            entropy=step.entropy,
            expire_s=_expiry(conversation, body) if expire_s is None else expire_s,
        )
    except (ProtocolUsageError, LimitError) as e:
        raise UsageError(str(e)) from e


def _expiry(conversation: ConversationRow, body: Known) -> int:
    return conversation.timer_s if isinstance(body, Text | Reply | Edit | React) else 0


def edit(step: Step, node: Node, message: str, text: str) -> MessageView:
    """Let a message of ours say something else.

    Raises:
        NotFound, UsageError: there is no such message of ours that still stands.
    """
    row = _standing(step, message)
    if not row.mine:
        raise UsageError("only what you said yourself can be edited")
    say(step, node, _conversation(step, row), Edit(row.name, text))
    return views.message(step, node, row)


def react(step: Step, node: Node, message: str, symbol: str) -> MessageView:
    """React to a message; an empty symbol takes the last one back."""
    row = _standing(step, message)
    say(step, node, _conversation(step, row), React(row.name, symbol))
    return views.message(step, node, row)


def may_delete(step: Step, messages: Sequence[str], *, everywhere: bool) -> list[MessageRow]:
    """The messages that are to be deleted, if they may be.

    Raises:
        NotFound: there is no such message.
        UsageError: none is named; or one is another's, and `everywhere` was asked for.
    """
    rows = [message_row(step, name) for name in messages]
    if not rows:
        raise UsageError("name the messages to delete")
    if everywhere and not all(row.mine for row in rows):
        raise UsageError(
            "only what you said yourself can be deleted on the other side",
            hint="Delete it here alone: leave out --everywhere.",
        )
    return rows


def delete(step: Step, node: Node, messages: Sequence[str], *, everywhere: bool) -> dict[str, bytes]:
    """Destroy messages here, and ask the other side to do the same for those that are ours.

    Who deletes many does it in portions of `talk.SHREDDED_AT_ONCE`, so that nobody waits long.

    Raises:
        NotFound, UsageError: as `may_delete`.

    Returns:
        By message the request that names it; empty where nobody was asked.
    """
    rows = may_delete(step, messages, everywhere=everywhere)
    asked = dict[str, bytes]()
    if everywhere:
        for conversation_id in {row.conversation_id for row in rows}:
            targets = tuple(sorted(row.name for row in rows if row.conversation_id == conversation_id))
            conversation = CONVERSATIONS.get(step.tx, conversation_id)
            assert conversation is not None
            request = say(step, node, conversation, DeleteReq(targets))
            deletions.asked(step, node, conversation, request)
            asked |= {target.hex(): request.name for target in targets}
    again = [MESSAGES.get(step.tx, row.id) for row in rows]
    talk.shred(step, node, [row for row in again if row is not None])
    return asked


def set_timer(step: Step, node: Node, chat: str, seconds: int) -> None:
    """Let later messages of a chat disappear so long after they were read; 0 ends that.

    Raises:
        NotFound: there is no such chat.
        UsageError: a negative time.
    """
    conversation = find(step, chat)
    if seconds < 0:
        raise UsageError("a timer has no negative time")
    say(step, node, conversation, Timer(seconds))


def mark_read(step: Step, node: Node, chat: str, upto: str = "") -> int:
    """Mark messages of a chat as read, up to one or all, `MARKED_AT_ONCE` at most; how many were unread.

    The timers of messages that disappear start now, and the other side is told after a while, if wanted.
    """
    conversation = find(step, chat)
    last = None if not upto else message_row(step, upto, conversation)
    place = (MAX_UINT, b"") if last is None else (last.height, last.name)
    wanted = {"conversation": conversation.id, "height": place[0], "name": place[1], "count": MARKED_AT_ONCE}
    rows = MESSAGES.query(step.tx, queries.UNREAD_ROWS, wanted)
    for row in rows:
        MESSAGES.change(step.tx, row.id, unread=False)
        if row.expire_s and row.left_s is None:
            countdown.start(step, node, row.id, row.expire_s)
        author = AUTHORS.get(step.tx, row.author_id)
        assert author is not None
        receipts.intend_read(step, node, conversation.id, author.leaf_sig, row.seq)
    if rows:
        tell(step, "chat.changed", chat=str(conversation.id))
    return len(rows)


def resend(step: Step, node: Node, message: str) -> MessageView:
    """Try anew to deliver a message that was given up.

    Raises:
        Conflict: it was not given up.
    """
    row = message_row(step, message)
    if row.state != "expired" or row.body_id is None:
        raise Conflict("this message was not given up")
    MESSAGES.change(step.tx, row.id, state="queued", reason="")
    for peer in peers.peers_of(step, row.conversation_id):
        outgoing.post(step, node, peer.id, row.conversation_id, message_id=row.id)
    return views.message(step, node, message_row(step, message))


def cancel(step: Step, node: Node, message: str) -> MessageView:
    """Take a message back that has not left: it is destroyed here, and never sent. The answer has its text.

    Raises:
        Conflict: it has left.
    """
    row = message_row(step, message)
    waiting = OUTBOX.all(step.tx, message_id=row.id)
    if not row.mine or not waiting or any(item.wire is not None for item in waiting):
        raise Conflict("this message has left", hint="Delete it on the other side: `swarmnode delete`.")
    was = views.message(step, node, row)
    talk.shred(step, node, [row])
    gone = views.message(step, node, message_row(step, message))
    return replace(gone, text=was.text, reply_to=was.reply_to)


def set_draft(step: Step, chat: str, text: str) -> None:
    """Keep what is being written; an empty text forgets it. It is stored as bodies are, and shredded so."""
    conversation = find(step, chat)
    old = DRAFTS.get(step.tx, conversation.id)
    DRAFTS.drop(step.tx, conversation_id=conversation.id)
    if old is not None:
        step.tx.bodies.shred([old.body_id])
    if text:
        body_id = step.tx.bodies.put(text.encode())
        DRAFTS.add(step.tx, conversation_id=conversation.id, body_id=body_id, at=step.wall_s)
    tell(step, "draft.changed", chat=chat)


def find(step: Step, chat: str) -> ConversationRow:
    """A conversation by its id.

    Raises:
        NotFound: there is none.
    """
    row = CONVERSATIONS.get(step.tx, number_of(chat))
    if row is None:
        raise NotFound("there is no such conversation", hint="`swarmnode conversations` lists them.")
    return row


def message_row(step: Step, message: str, conversation: ConversationRow | None = None) -> MessageRow:
    """A message by its id; of this conversation, if one is given.

    Raises:
        NotFound: there is none.
    """
    try:
        row = MESSAGES.one(step.tx, name=bytes.fromhex(message))
    except ValueError:
        row = None
    if row is None or (conversation is not None and row.conversation_id != conversation.id):
        raise NotFound("there is no such message", hint="`swarmnode read CONVERSATION` shows ids.")
    return row


def _standing(step: Step, message: str) -> MessageRow:
    row = message_row(step, message)
    if row.body_id is None or not row.shown:
        raise UsageError("this message does not stand any more")
    return row


def _conversation(step: Step, row: MessageRow) -> ConversationRow:
    conversation = CONVERSATIONS.get(step.tx, row.conversation_id)
    assert conversation is not None
    return conversation
