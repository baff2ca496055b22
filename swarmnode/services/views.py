"""What screens see, made of rows (`domain.views`). Reading only: any snapshot will do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import sqlalchemy as sa

from swarm_protocol.content import Edit, React, Reply, Text, Timer, Type, body_of
from swarm_protocol.content.attachments import Attachment
from swarm_protocol.content.bodies import Body

from ..domain.ids import is_number
from ..domain.views import (
    AttachmentView,
    ChatView,
    ContactView,
    Hit,
    MessageState,
    MessageView,
    NearView,
    Page,
)
from ..errors import UsageError
from ..storage import queries, tables
from ..storage.search import REMOTE
from ..storage.shelves import (
    ALERTS,
    AUTHORS,
    CONTACTS,
    CONVERSATIONS,
    DRAFTS,
    MESSAGES,
    PEERS,
    QUEUES_OUT,
    Contact,
    MessageRow,
)
from ..storage.shelves import Conversation as ConversationRow
from . import book
from .node import Node
from .step import Step

MAX_PAGE = 200
LOOKED_AT = 1000
"""Messages with the words that are looked at for one page of what one chat has."""
_END = (2**63 - 1, b"")
"""A cursor behind all messages."""
_m = tables.message.c
T = TypeVar("T")


def message(step: Step, node: Node, row: MessageRow) -> MessageView:
    """A message as it stands now."""
    return shown(step, node, [row])[0]


def said(node: Node, row: MessageRow, body: Body) -> MessageView:
    """A message of ours that was stored in this step: nothing is read back."""
    kind, text, reply_to, files = _said(body)
    return MessageView(
        id=row.name.hex(),
        chat=str(row.conversation_id),
        author="me",
        author_name=node.me.name,
        mine=True,
        kind=kind,
        text=text,
        wall_s=row.wall_s,
        state=MessageState(row.state),
        reply_to=reply_to,
        attachments=tuple(AttachmentView(f.name, f.media_type, len(f.data), f.description) for f in files),
        expires_in_s=row.expire_s or None,
    )


def shown(step: Step, node: Node, rows: Sequence[MessageRow]) -> list[MessageView]:
    """Messages as they stand now, in the order of their rows."""
    changes = _changes(step, [row.name for row in rows])
    bodies = step.tx.bodies.get_many(
        row.body_id for row in (*rows, *(c for cs in changes.values() for c in cs)) if row.body_id is not None
    )
    names = _names(step, node)
    return [_view(step, row, changes.get(row.name, []), bodies, names) for row in rows]


def _changes(step: Step, names: list[bytes]) -> dict[bytes, list[MessageRow]]:
    """Edits and reactions, by what they are about, in the order in which they count."""
    found: dict[bytes, list[MessageRow]] = {}
    for name in names:
        about = [row for row in MESSAGES.all(step.tx, target=name) if row.type in {Type.EDIT, Type.REACT}]
        found[name] = sorted(about, key=lambda row: (row.lamport, row.name))
    return found


class _Names:
    """Who said what: ids and names by the row of an author."""

    def __init__(self, step: Step, node: Node) -> None:
        self._step = step
        self._me = node.me.chain.persona_id
        self._my_name = node.me.name
        self._known: dict[int, tuple[bytes, str, str]] = {}

    def of(self, author_id: int) -> tuple[bytes, str, str]:
        """Persona, id (`me` or a contact's) and name."""
        known = self._known.get(author_id)
        if known is None:
            author = AUTHORS.get(self._step.tx, author_id)
            assert author is not None
            if author.persona_id == self._me:
                known = (author.persona_id, "me", self._my_name)
            else:
                contact = CONTACTS.one(self._step.tx, persona_id=author.persona_id)
                known = (author.persona_id, *((str(contact.id), contact.name) if contact else ("", "")))
            self._known[author_id] = known
        return known


def _names(step: Step, node: Node) -> _Names:
    return _Names(step, node)


def _view(
    step: Step, row: MessageRow, changes: list[MessageRow], bodies: dict[int, bytes], names: _Names
) -> MessageView:
    del step
    persona, author, author_name = names.of(row.author_id)
    data = None if row.body_id is None else bodies.get(row.body_id)
    kind, text, reply_to, files = "deleted", "", "", tuple[Attachment, ...]()
    if data is not None:
        kind, text, reply_to, files = _said(body_of(data))
    edited, reactions = False, dict[str, str]()
    for change in changes if data is not None else []:
        change_data = None if change.body_id is None else bodies.get(change.body_id)
        if change_data is None or change.conversation_id != row.conversation_id:
            continue
        by_persona, by, _ = names.of(change.author_id)
        match body_of(change_data):
            case Edit(_, new_text) if by_persona == persona and kind == "text":
                text, edited = new_text, True
            case React(_, symbol):
                reactions[by] = symbol
            case _:
                pass
    return MessageView(
        id=row.name.hex(),
        chat=str(row.conversation_id),
        author=author,
        author_name=author_name,
        mine=row.mine,
        kind=kind,
        text=text,
        wall_s=row.wall_s,
        state=MessageState(row.state),
        reason=row.reason,
        reply_to=reply_to,
        edited=edited,
        reactions=tuple((by, symbol) for by, symbol in reactions.items() if symbol),
        attachments=tuple(AttachmentView(f.name, f.media_type, len(f.data), f.description) for f in files),
        expires_in_s=row.left_s if row.left_s is not None else (row.expire_s or None),
        unread=row.unread,
    )


def _said(body: Body) -> tuple[str, str, str, tuple[Attachment, ...]]:
    match body:
        case Text(text, files):
            return "text", text, "", files
        case Reply(target, text, files):
            return "text", text, target.hex(), files
        case Timer(seconds):
            return "timer", str(seconds), "", ()
        case _:
            return "unknown", "", "", ()


def page(
    step: Step,
    node: Node,
    conversation: ConversationRow,
    *,
    before: str = "",
    after: str = "",
    around: str = "",
    limit: int = 50,
) -> Page:
    """Messages of a conversation in the order of the screen: the last ones, or those at a cursor.

    Raises:
        UsageError: no cursor of ours.
    """
    limit = max(1, min(limit, MAX_PAGE))
    if around:
        half = page(step, node, conversation, before=_just_after(step, around), limit=max(1, limit // 2))
        rest = (
            page(step, node, conversation, after=half.next, limit=max(1, limit // 2)) if half.items else half
        )
        items = (*half.items, *rest.items) if rest is not half else half.items
        return Page(items, half.prev, rest.next)
    height, name = _cursor(after or before) if after or before else _END
    at = {"conversation": conversation.id, "height": height, "name": name, "count": limit}
    rows = MESSAGES.query(step.tx, queries.PAGE_AFTER if after else queries.PAGE_BEFORE, at)
    if not after:
        rows.reverse()
    if not rows:
        return Page((), before or after, after or before)
    return Page(tuple(shown(step, node, rows)), _cursor_of(rows[0]), _cursor_of(rows[-1]))


def _cursor_of(row: MessageRow) -> str:
    return f"{row.height:x}-{row.name.hex()}"


def _just_after(step: Step, message_id: str) -> str:
    row = MESSAGES.one(step.tx, name=bytes.fromhex(message_id))
    if row is None:
        raise UsageError("there is no such message")
    return f"{row.height:x}-{row.name.hex()}ff"


def _cursor(text: str) -> tuple[int, bytes]:
    height, dash, name = text.partition("-")
    try:
        return min(int(height, 16), _END[0]), bytes.fromhex(name)
    except ValueError:
        raise UsageError(f"{text!r} is no cursor{dash and ''}") from None


def messages_like(step: Step, prefix: str) -> tuple[str, ...]:
    """Ids of messages that start so, at most three."""
    try:
        low = bytes.fromhex(prefix + "0" * (len(prefix) % 2))
        high = bytes.fromhex(prefix + "f" * (len(prefix) % 2)) + b"\xff" * 32
    except ValueError:
        return ()
    rows = MESSAGES.find(step.tx, sa.select(*MESSAGES.columns).where(_m.name.between(low, high)).limit(3))
    return tuple(row.name.hex() for row in rows)


def search(
    step: Step, node: Node, text: str, *, chat: str = "", limit: int = 20, cursor: str = ""
) -> tuple[list[Hit], str]:
    """Messages with these words, the newest first, and a cursor for more; edits as their message."""
    seen: set[bytes] = set()

    def wanted(row_id: int) -> MessageRow | None:
        row = MESSAGES.get(step.tx, row_id)
        if row is not None and row.type == Type.EDIT and row.target is not None:
            row = MESSAGES.one(step.tx, name=row.target)
        if row is None or row.body_id is None or row.name in seen:
            return None
        if chat and str(row.conversation_id) != chat:
            return None
        seen.add(row.name)
        return row

    before = int(cursor) if is_number(cursor) else REMOTE
    rows, following = with_words(step, text, wanted, chat=chat, limit=limit, before=before)
    return [Hit(view, snippet(view.text, text)) for view in shown(step, node, rows)], following


def with_words(
    step: Step,
    text: str,
    wanted: Callable[[int], T | None],
    *,
    chat: str,
    limit: int,
    before: int | None,
    above: int = 0,
) -> tuple[list[T], str]:
    """What `wanted` makes of messages with these words: up to `limit`, the newest first; a cursor for more.

    Of one chat it looks further, for most of them may be elsewhere; yet not without end, so a page may be
    short, or empty, and not the last.
    """
    limit = max(1, min(limit, MAX_PAGE))
    most = LOOKED_AT if chat else limit + 1
    found = step.tx.search.find(text, most, before, above=above)
    taken: list[T] = []
    for at, row_id in enumerate(found):
        if len(taken) == limit:
            return taken, str(found[at - 1])
        made = wanted(row_id)
        if made is not None:
            taken.append(made)
    return taken, str(found[-1]) if len(found) == most else ""


def snippet(text: str, query: str) -> str:
    """The text around the first word of the query, which stands between U+0002 and U+0003."""
    folded = text.casefold()
    for word in query.casefold().split():
        at = folded.find(word)
        if at >= 0 and len(folded) == len(text):
            start, end = max(0, at - 40), at + len(word) + 80
            marked = f"{text[start:at]}\x02{text[at : at + len(word)]}\x03{text[at + len(word) : end]}"
            return ("…" if start else "") + marked + ("…" if end < len(text) else "")
    return text[:120] + ("…" if len(text) > 120 else "")


def chat(step: Step, node: Node, conversation: ConversationRow) -> ChatView:
    """A conversation for the list of them."""
    contact = CONTACTS.get(step.tx, conversation.contact_id)
    last = page(step, node, conversation, limit=1).items
    draft = DRAFTS.get(step.tx, conversation.id)
    text = None if draft is None else step.tx.bodies.get(draft.body_id)
    return ChatView(
        id=str(conversation.id),
        title=contact.name if contact else "",
        contact=str(conversation.contact_id or ""),
        unread=queries.UNREAD_IN.scalar(step.tx, {"conversation": conversation.id}),
        standing=standing_of(contact) if contact else "",
        last_text=last[0].text if last else "",
        last_kind=last[0].kind if last else "",
        last_at=conversation.last_at,
        draft="" if text is None else text.decode(),
        timer_s=conversation.timer_s,
        person=book.of_contact(step, conversation.contact_id),
    )


def chats(step: Step, node: Node) -> list[ChatView]:
    """All conversations, the latest first."""
    rows = CONVERSATIONS.all(step.tx)
    return [chat(step, node, row) for row in sorted(rows, key=lambda row: (-row.last_at, row.id))]


def near(step: Step, node: Node) -> tuple[NearView, ...]:
    """Contacts with a link to this node: what is said to them goes over that."""
    found: dict[int, NearView] = {}
    for link in node.near.links.values():
        peer = PEERS.get(step.tx, link.peer_id) if link.up else None
        row = None if peer is None else CONTACTS.get(step.tx, peer.contact_id)
        if peer is not None and row is not None:
            way = "lan" if peer.id in node.near.heard else "direct"
            found[row.id] = NearView(str(row.id), row.name, way)
    return tuple(sorted(found.values(), key=lambda view: view.name.casefold()))


def contact(step: Step, row: Contact) -> ContactView:
    """Somebody whom we know."""
    conversations = CONVERSATIONS.all(step.tx, contact_id=row.id)
    peers = PEERS.all(step.tx, contact_id=row.id, active=True)
    relays = {
        q.relay_id for peer in peers for q in QUEUES_OUT.all(step.tx, peer_id=peer.id) if q.state != "gone"
    }
    return ContactView(
        id=str(row.id),
        name=row.name,
        standing=standing_of(row),
        persona=row.persona_id.hex(),
        chat=str(min(conversations, key=lambda c: c.conv_id).id) if conversations else "",
        nodes=len(peers),
        alerts=tuple(alert.kind for alert in ALERTS.all(step.tx, contact_id=row.id, settled=False)),
        note=row.note,
        single_relay=len(relays) < 2,
    )


def standing_of(row: Contact) -> str:
    """How far a contact is believed, blocking before all."""
    return "blocked" if row.blocked else row.standing
