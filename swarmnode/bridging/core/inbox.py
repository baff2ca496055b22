"""One inbox: what a person does with conversations and messages, whichever network they are on (ADR 0023).

Each function is that of `services.views` or `services.messages` for the node's own conversations, and of this
package for those of networks. Ids tell them apart: a conversation of a network begins with `b`, a message
with `m`.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.bridge_views import is_remote
from ...domain.ids import is_number
from ...domain.views import ChatView, GapView, Hit, MessageView, Page
from ...domain.words import Words
from ...errors import Conflict, UsageError
from ...services import messages as own
from ...services import views as own_views
from ...services.news import tell
from ...services.node import Node
from ...services.step import Step
from ...storage.bridge_shelves import FORWARDS, REMOTE_MESSAGES, ROOMS, RemoteMessage
from ...storage.search import REMOTE
from . import abilities, decisions, files, history, outbox, places, rooms, screens
from .packed import mapping
from .writing import MESSAGE, writing


def chats(step: Step, node: Node) -> list[ChatView]:
    """All conversations, the latest first."""
    return sorted(
        [*own_views.chats(step, node), *screens.chats(step)], key=lambda view: (-view.last_at, view.id)
    )


def chat(step: Step, node: Node, chat: str) -> ChatView:
    """One conversation."""
    if is_remote(chat):
        return screens.chat(step, rooms.find(step, chat))
    return own_views.chat(step, node, own.find(step, chat))


def page(
    step: Step, node: Node, chat: str, *, before: str = "", after: str = "", around: str = "", limit: int = 50
) -> Page:
    """Messages of a conversation in the order of the screen."""
    if is_remote(chat):
        room = rooms.find(step, chat)
        return screens.page(step, room, before=before, after=after, around=around, limit=limit)
    row = own.find(step, chat)
    return own_views.page(step, node, row, before=before, after=after, around=around, limit=limit)


def message(step: Step, node: Node, message: str) -> MessageView:
    """One message."""
    if is_ours(message):
        return screens.message(step, outbox.find(step, message))
    return own_views.message(step, node, own.message_row(step, message))


def messages_like(step: Step, prefix: str) -> list[str]:
    """Ids of messages that start so, at most 3: those of networks are numbers, and meant as they are."""
    if is_ours(prefix):
        row = outbox.known(step, prefix)
        return [] if row is None else [prefix]
    return list(own_views.messages_like(step, prefix))


def timeline(step: Step, *, before: str = "", limit: int = 50) -> Page:
    """Posts of all networks (timelines, lists, feeds) by time: the last ones, or those before a cursor.

    Raises:
        UsageError: no cursor of ours.
    """
    return screens.timeline(step, before=before, limit=limit)


def search(
    step: Step, node: Node, text: str, *, chat: str = "", limit: int = 20, cursor: str = ""
) -> tuple[list[Hit], str]:
    """Messages with these words on all networks, the newest first, and a cursor for more."""
    mine, theirs = _cursors(cursor)
    own_hits: list[Hit] = []
    found: list[Hit] = []
    own_next = their_next = ""
    if not is_remote(chat):
        own_hits, own_next = own_views.search(step, node, text, chat=chat, limit=limit, cursor=mine)

    def wanted(search_id: int) -> Hit | None:
        row = REMOTE_MESSAGES.one(step.tx, search_id=search_id)
        if row is None or row.body_id is None or (chat and rooms.chat_id(row.conversation_id) != chat):
            return None
        return _hit(step, row, text)

    if is_remote(chat) or not chat:
        found, their_next = own_views.with_words(
            step, text, wanted, chat=chat, limit=limit, before=theirs, above=REMOTE
        )
    hits = [*own_hits, *found]
    # Each kind goes on where it stopped; a page may have up to twice as many as were asked for.
    following = f"{own_next}.{their_next}" if own_next or their_next else ""
    return sorted(hits, key=lambda hit: -hit.message.wall_s), following


def gaps(step: Step, chat: str) -> list[GapView]:
    """What a search of all conversations, or of one, does not find because it is not here yet."""
    if chat and not is_remote(chat):
        return []
    only = rooms.find(step, chat).account_id if chat else None
    behind = [row for row in history.unfinished(step) if only in {None, row.id}]
    return [GapView("past", row.account, row.package) for row in behind]


def _cursors(cursor: str) -> tuple[str, int | None]:
    if not cursor:
        return "", None
    mine, dot, theirs = cursor.partition(".")
    if not dot or not all(is_number(part) or not part for part in (mine, theirs)):
        raise UsageError(f"{cursor!r} is no cursor")
    return mine or "0", int(theirs) if theirs else REMOTE


def _hit(step: Step, row: RemoteMessage, text: str) -> Hit:
    view = screens.message(step, row)
    texts = (view.text or view.title, *view.translations.values())
    snippets = [own_views.snippet(said, text) for said in texts]
    return Hit(view, next((snippet for snippet in snippets if "\x02" in snippet), snippets[0]))


# What the owner does


def send(step: Step, node: Node, chat: str, what: Words) -> MessageView:
    """Say something in a conversation.

    Raises:
        NotFound: there is no such conversation, or nothing there to reply to.
        UsageError: its network has not what is wanted, or takes no more.
        NotReady: the contact is blocked, or its keys are in doubt.
    """
    if not is_remote(chat):
        return own.send(step, node, chat, what)
    if what.expire_s:
        raise UsageError("on other networks messages do not disappear by themselves")
    node.require_writable()
    said = outbox.Saying(what.text, reply_to=what.reply_to, files=files.put(step, what.attachments))
    sent = outbox.send(step, chat, said)
    return screens.message(step, outbox.find(step, sent))


def edit(step: Step, node: Node, message: str, text: str) -> MessageView:
    """Let a message of the owner say something else."""
    if not is_ours(message):
        return own.edit(step, node, message, text)
    node.require_writable()
    outbox.edit(step, message, text)
    return screens.message(step, outbox.find(step, message))


def react(step: Step, node: Node, message: str, symbol: str) -> MessageView:
    """React to a message; an empty symbol takes the last one back."""
    if not is_ours(message):
        return own.react(step, node, message, symbol)
    node.require_writable()
    outbox.react(step, message, [symbol] if symbol else [])
    return screens.message(step, outbox.find(step, message))


def delete(step: Step, node: Node, messages: Sequence[str], *, everywhere: bool) -> dict[str, bytes]:
    """Destroy messages here, and for all if `everywhere`: on networks as soon as these have done so.

    Returns:
        As `services.messages.delete`.
    """
    ours = [message for message in messages if is_ours(message)]
    theirs = [message for message in messages if not is_ours(message)]
    asked = dict[str, bytes]()
    if theirs or not ours:
        asked = own.delete(step, node, theirs, everywhere=everywhere)
        for message in theirs:
            FORWARDS.drop(step.tx, message=message)
    for message in ours:
        outbox.delete(step, message, everywhere=everywhere)
    return asked


def resend(step: Step, node: Node, message: str) -> MessageView:
    """Send again what was given up or refused; to "may have been sent" it is the answer that it was not."""
    if not is_ours(message):
        return own.resend(step, node, message)
    node.require_writable()
    row = outbox.find(step, message)
    if row.state == "maybe" and row.reason == "asked":
        decisions.answer(step, message, sent=False)
    else:
        decisions.again(step, message)
    return screens.message(step, outbox.find(step, message))


def confirm(step: Step, message: str) -> MessageView:
    """The owner has seen on the network that a message which may have been sent is there.

    Raises:
        Conflict: it is known what became of it.
    """
    if not is_ours(message):
        raise Conflict("it is known what became of this message")
    decisions.answer(step, message, sent=True)
    return screens.message(step, outbox.find(step, message))


def mark(step: Step, node: Node, message: str, name: str, *, on: bool) -> MessageView:
    """Set or take away a mark of the owner's: `favourite`, `boost`, `bookmark`.

    Raises:
        UsageError: it is no message of a network with this mark.
    """
    if not is_ours(message):
        raise UsageError("only messages of other networks have marks")
    node.require_writable()
    outbox.mark(step, message, name, on=on)
    return screens.message(step, outbox.find(step, message))


def vote(step: Step, node: Node, message: str, choices: Sequence[str]) -> MessageView:
    """Vote in a poll of a network, by ids of its choices.

    Raises:
        UsageError: it has no such poll, or takes no such vote.
    """
    if not is_ours(message):
        raise UsageError("only messages of other networks have polls")
    node.require_writable()
    outbox.vote(step, message, choices)
    return screens.message(step, outbox.find(step, message))


def cancel(step: Step, node: Node, message: str) -> MessageView:
    """Take back what has not left."""
    if not is_ours(message):
        return own.cancel(step, node, message)
    decisions.cancel(step, message)
    return screens.message(step, outbox.find(step, message))


def mark_read(step: Step, node: Node, chat: str, upto: str = "") -> int:
    """Mark messages as read, up to one or all; how many were unread. The network hears of it if it can."""
    if not is_remote(chat):
        return own.mark_read(step, node, chat, upto)
    room = rooms.find(step, chat)
    last = None if not upto else outbox.find(step, upto, room)
    rows = REMOTE_MESSAGES.all(step.tx, conversation_id=room.id, unread=True)
    if last is not None:
        rows = [row for row in rows if places.not_after(row, last)]
    for row in rows:
        REMOTE_MESSAGES.change(step.tx, row.id, unread=False)
    named = [row for row in rows if row.remote_id is not None]
    if named:
        with writing(step, room.account_id) as now:
            newest = max(named, key=lambda row: (row.place, row.rank))
            wanted = mapping(now.account.settings).get("read_receipts") != "no"
            if wanted and abilities.has(abilities.of(step, now.account, room), "read"):
                outbox.read(now, room, newest)
            now.chats.add(room.id)
    return len(rows)


def set_draft(step: Step, chat: str, text: str) -> None:
    """Keep what is being written; an empty text forgets it."""
    if not is_remote(chat):
        own.set_draft(step, chat, text)
        return
    room = rooms.find(step, chat)
    if room.draft_id is not None:
        step.tx.bodies.shred([room.draft_id])
    ROOMS.change(step.tx, room.id, draft_id=step.tx.bodies.put(text.encode()) if text else None)
    tell(step, "draft.changed", chat=chat)


def is_ours(message: str) -> bool:
    """Whether a message's id is one of a network."""
    return message[:1] == MESSAGE
