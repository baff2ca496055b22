"""What screens see of other networks, made of rows (`domain.views`). Reading only: any snapshot will do."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import bindparam

from swarm_bridges import api

from ...domain.views import (
    AttachmentView,
    ChatView,
    ChoiceView,
    MessageState,
    MessageView,
    Page,
    PollView,
)
from ...errors import UsageError
from ...services import book
from ...services.news import tell
from ...services.step import Step
from ...storage import bridge_tables as tables
from ...storage.bridge_shelves import (
    ACTORS,
    REACTIONS,
    REMOTE_MESSAGES,
    ROOMS,
    AccountRow,
    RemoteActor,
    RemoteConversation,
    RemoteMessage,
)
from ...storage.shelf import Prepared, one_of
from . import accounts, bounds, content, entries, intents, invitations, outbox, people, rooms
from .content import Content
from .packed import mapping, texts
from .writing import message_id

MAX_PAGE = 200
AUTHOR = "a"
"""Ids of people on other networks begin so."""
_m = tables.remote_message.c
_r = tables.remote_conversation.c
_LAST = (1 << 63) - 1
_IS_UNREAD = sa.text("unread")
"""As the index of unread messages says it, or SQLite would not take that."""
_UNREAD = Prepared(sa.select(sa.func.count()).where(_m.conversation_id == bindparam("room"), _IS_UNREAD))
_ALL_UNREAD = Prepared(sa.select(sa.func.count()).select_from(tables.remote_message).where(_IS_UNREAD))
_TIMELINE = Prepared(
    sa.select(*REMOTE_MESSAGES.columns)
    .where(
        _m.search_id < bindparam("top"),
        _m.body_id.is_not(None),
        _m.conversation_id.in_(sa.select(_r.id).where(one_of(_r.kind, ("timeline", "list", "feed")))),
    )
    .order_by(_m.search_id.desc())
    .limit(bindparam("limit"))
)


def chat(step: Step, room: RemoteConversation) -> ChatView:
    """A conversation for the list of them."""
    account = outbox.account_of(step, room)
    abilities = accounts.capabilities(step, account, room.abilities)
    last = page(step, room, limit=1).items
    draft = None if room.draft_id is None else step.tx.bodies.get(room.draft_id)
    return ChatView(
        id=rooms.chat_id(room.id),
        title=room.title or _others(step, account, room),
        title_translations=mapping(room.titles),
        contact="",
        unread=int(_UNREAD.scalar(step.tx, {"room": room.id})),
        standing="invited" if room.invitation is not None else "gone" if room.gone else "",
        last_text=last[0].text if last else "",
        last_translations=last[0].translations if last else {},
        last_at=room.last_at,
        draft="" if draft is None else draft.decode(),
        network=account.package,
        account=account.account,
        privacy="" if abilities is None else abilities.transport_privacy,
        kind=room.kind,
        person=book.of_account(step, account.package, room.partner),
        invitation=invitations.view(step, room),
        labels=texts(room.labels),
    )


def chats(step: Step) -> list[ChatView]:
    """All conversations of all networks; one that goes on in another is there until the owner is in that."""
    found = {room.id: room for room in ROOMS.all(step.tx) if not room.archived}
    entered = {room.id for room in found.values() if not room.gone}
    return [chat(step, room) for room in found.values() if room.moved_to not in entered]


def unread(step: Step) -> int:
    """How many messages of all networks are unread."""
    return int(_ALL_UNREAD.scalar(step.tx))


def _others(step: Step, account: AccountRow, room: RemoteConversation) -> str:
    """A conversation without a title is called after those who are in it, or were heard there."""
    names = [name for name in texts(room.members) if name != account.remote_id][:4]
    known = [ACTORS.one(step.tx, account_id=account.id, remote_id=name) for name in names]
    labels = [people.label(row) if row else name for row, name in zip(known, names, strict=True)]
    return ", ".join(labels) or room.remote_id[:80]


def message(step: Step, row: RemoteMessage) -> MessageView:
    """A message as it stands now."""
    return shown(step, [row])[0]


def page(
    step: Step,
    room: RemoteConversation,
    *,
    before: str = "",
    after: str = "",
    around: str = "",
    limit: int = 50,
) -> Page:
    """Messages of a conversation in the order of the screen: the last ones, or those at a cursor.

    Raises:
        NotFound, UsageError: no message or cursor of ours.
    """
    limit = max(1, min(limit, MAX_PAGE))
    if around:
        row = outbox.find(step, around, room)
        half = max(1, limit // 2)
        early = page(step, room, before=_cursor_of(row), limit=half)
        late = page(step, room, after=_cursor_of(row), limit=half)
        last = late.next if late.items else _cursor_of(row)
        return Page((*early.items, message(step, row), *late.items), early.prev or _cursor_of(row), last)
    # What was taken back before it came is no place in a conversation; nobody ever saw it.
    query = sa.select(*REMOTE_MESSAGES.columns).where(
        _m.conversation_id == room.id, sa.or_(_m.gone_at.is_(None), _m.search_id.is_not(None))
    )
    key = sa.tuple_(_m.place, _m.rank, _m.id)
    if after:
        query = query.where(key > sa.tuple_(*_cursor(after))).order_by(_m.place, _m.rank, _m.id)
        rows = REMOTE_MESSAGES.find(step.tx, query.limit(limit))
    else:
        if before:
            query = query.where(key < sa.tuple_(*_cursor(before)))
        query = query.order_by(_m.place.desc(), _m.rank.desc(), _m.id.desc())
        rows = REMOTE_MESSAGES.find(step.tx, query.limit(limit))[::-1]
    if not rows:
        return Page((), before or after, after or before)
    return Page(tuple(shown(step, rows)), _cursor_of(rows[0]), _cursor_of(rows[-1]))


def timeline(step: Step, *, before: str = "", limit: int = 50) -> Page:
    """See `inbox.timeline`. The search index's ids are by time, and unique; they are the cursors too."""
    try:
        top = int(before) if before else _LAST
    except ValueError:
        raise UsageError(f"{before!r} is no cursor") from None
    values = {"top": min(top, _LAST), "limit": max(1, min(limit, MAX_PAGE))}
    rows = REMOTE_MESSAGES.query(step.tx, _TIMELINE, values)[::-1]
    if not rows:
        return Page((), before, before)
    return Page(tuple(shown(step, rows)), str(rows[0].search_id), str(rows[-1].search_id))


def _cursor_of(row: RemoteMessage) -> str:
    return f"{row.place.encode().hex()}.{row.rank}.{row.id}"


def _cursor(text: str) -> tuple[str, int, int]:
    try:
        place, rank, number = text.split(".")
        return bytes.fromhex(place).decode(), int(rank), int(number)
    except ValueError:
        raise UsageError(f"{text!r} is no cursor") from None


def shown(step: Step, rows: Sequence[RemoteMessage]) -> list[MessageView]:
    """Messages as they stand now, in the order of their rows."""
    bodies = step.tx.bodies.get_many(row.body_id for row in rows if row.body_id is not None)
    known: dict[int, RemoteActor] = {}
    networks = {room: _network(step, room) for room in {row.conversation_id for row in rows}}
    return [
        _view(step, row, bodies.get(row.body_id or 0), known, networks[row.conversation_id]) for row in rows
    ]


def _network(step: Step, room_id: int) -> str:
    return outbox.account_of(step, rooms.get(step, room_id)).package


def _view(
    step: Step, row: RemoteMessage, data: bytes | None, known: dict[int, RemoteActor], network: str
) -> MessageView:
    said = None if data is None else content.decode(data)
    actor = None if row.actor_id is None else _actor(step, row.actor_id, known)
    author = "me" if row.mine or actor is None else author_id(actor)
    unreadable = "" if said is None else said.unreadable
    return MessageView(
        id=message_id(row),
        chat=rooms.chat_id(row.conversation_id),
        author=author,
        author_name="" if actor is None else people.label(actor),
        author_handle="" if actor is None else actor.handle,
        mine=row.mine,
        kind="deleted" if said is None else ("unreadable" if unreadable else "text"),
        text="" if said is None else said.text,
        wall_s=row.wall_s,
        state=MessageState(row.state),
        reason=row.reason or unreadable,
        reply_to="" if said is None else _named(step, row, said.reply_to),
        thread="" if said is None else _named(step, row, said.thread_root),
        edited=row.edited,
        reactions=tuple(_reactions(step, row, known)) if said is not None else (),
        attachments=() if said is None else tuple(_files(said)),
        unread=row.unread,
        title="" if said is None else said.title,
        sensitive=said is not None and said.sensitive,
        url="" if said is None else said.url,
        protection="" if said is None else said.foreign_crypto,
        marks=tuple(sorted(entries.marks(row)[0])),
        poll=None if said is None or said.poll is None else _poll(said.poll),
        network=network,
        shared_by="" if said is None else _sharer(step, row, said),
        visibility="" if said is None else said.visibility,
        translations={} if said is None else said.others,
        doing=tuple(intent.kind for intent in intents.open_about(step, row.id) if intent.kind != "read"),
    )


def typing(step: Step, account: str, item: api.Fleeting) -> None:
    """Tell screens that somebody types, or stopped. Nothing of it is stored."""
    account_id = accounts.find(step, account).id
    where = item.conversation
    if where is None or item.kind != "typing" or item.actor.is_owner:
        return
    room = ROOMS.one(step.tx, account_id=account_id, remote_id=where.remote_id, private=where.private)
    actor = ACTORS.one(step.tx, account_id=account_id, remote_id=item.actor.remote_id)
    if room is not None and actor is not None:
        chat, author = rooms.chat_id(room.id), author_id(actor)
        tell(step, "chat.typing", chat=chat, author=author, on=item.value != "off")


def author_id(actor: RemoteActor) -> str:
    """Somebody's id on screens."""
    return f"{AUTHOR}{people.root(actor)}"


def _named(step: Step, row: RemoteMessage, ref: api.MessageRef | None) -> str:
    """Another message of its conversation that it names: what it answers, or where its thread began."""
    if ref is None:
        return ""
    room = ROOMS.get(step.tx, row.conversation_id)
    if room is None or ref.conversation != rooms.ref(room):
        return ""
    target = entries.find(step, room.id, ref.remote_id, ref.part)
    return "" if target is None else message_id(target)


def _sharer(step: Step, row: RemoteMessage, said: Content) -> str:
    """How whoever brought it is called."""
    room = ROOMS.get(step.tx, row.conversation_id) if said.shared_by else None
    if room is None:
        return ""
    actor = ACTORS.one(step.tx, account_id=room.account_id, remote_id=said.shared_by)
    return said.shared_by if actor is None else people.label(actor)


def _reactions(step: Step, row: RemoteMessage, known: dict[int, RemoteActor]) -> list[tuple[str, str]]:
    return [
        ("me" if actor.owner else author_id(actor), symbol)
        for reaction in REACTIONS.all(step.tx, message_id=row.id)
        for actor in [_actor(step, reaction.actor_id, known)]
        for symbol in texts(reaction.symbols)
    ]


def _poll(poll: api.Poll) -> PollView:
    choices = (
        ChoiceView(option.id, option.text, option.votes, option.id in poll.mine) for option in poll.options
    )
    closes_at = None if poll.closes_at is None else bounds.seconds(poll.closes_at)
    return PollView(tuple(choices), poll.multiple, poll.closed, closes_at)


def _files(said: Content) -> list[AttachmentView]:
    files: list[api.RemoteFile | api.LocalFile] = [*(said.files or said.sending)]
    return [AttachmentView(f.name, f.media_type, f.size_bytes or 0, f.description) for f in files]


def _actor(step: Step, actor_id: int, known: dict[int, RemoteActor]) -> RemoteActor:
    found = known.get(actor_id)
    if found is None:
        found = known[actor_id] = people.get(step, actor_id)
    return found
