"""The conversations one to one with a person, on whichever network, and their messages by place.

A place is between two messages: behind one of them, or before all. It outlasts the message, since it says
only where that stood.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import sqlalchemy as sa
from sqlalchemy import bindparam

from ...errors import UsageError
from ...services import book
from ...services.step import Step
from ...storage import book_tables as tables
from ...storage import queries
from ...storage.book_shelves import BookAccount
from ...storage.bridge_shelves import (
    ACCOUNTS,
    REMOTE_MESSAGES,
    ROOMS,
    AccountRow,
    RemoteConversation,
    RemoteMessage,
)
from ...storage.bridge_tables import bridge_account, remote_conversation, remote_message
from ...storage.shelf import Prepared
from ...storage.shelves import CONTACTS, CONVERSATIONS, MESSAGES, Conversation, MessageRow
from . import rooms
from .writing import MESSAGE, message_id

MAX_TALKS = 32
"""Of one person: those of which something was heard last."""
START = ""
"""The place before all messages."""
_END = (1 << 63) - 1
Row: TypeAlias = MessageRow | RemoteMessage

_a, _b, _r = tables.book_account.c, bridge_account.c, remote_conversation.c
_ROOMS = Prepared(
    sa.select(*ROOMS.columns)
    .join(bridge_account, _b.id == _r.account_id)
    .where(_r.partner == bindparam("partner"), _b.package == bindparam("network"), _r.moved_to.is_(None))
    .order_by(_r.id)
)
_OWN_SUMS = Prepared(
    sa.text(
        "SELECT a.person_id,"
        " (SELECT count(*) FROM message m WHERE m.unread AND m.conversation_id = c.id), c.last_at"
        " FROM book_account a JOIN conversation c ON c.contact_id = a.contact_id"
        " WHERE a.person_id IN (SELECT value FROM json_each(:people))"
    )
)
_ROOM_SUMS = Prepared(
    sa.text(
        "SELECT a.person_id,"
        " (SELECT count(*) FROM remote_message m WHERE m.unread AND m.conversation_id = r.id), r.last_at"
        " FROM book_account a JOIN bridge_account b ON b.package = a.network"
        " JOIN remote_conversation r ON r.partner = a.remote_id AND r.account_id = b.id"
        " WHERE a.person_id IN (SELECT value FROM json_each(:people)) AND r.moved_to IS NULL"
    )
)
_UNREAD = Prepared(
    sa.text("SELECT count(*) FROM remote_message WHERE unread AND conversation_id = :conversation")
)
_m = remote_message.c
_there = sa.and_(
    _m.conversation_id == bindparam("conversation"), sa.or_(_m.gone_at.is_(None), _m.search_id.is_not(None))
)
_key = sa.tuple_(_m.place, _m.rank, _m.id)
_at = sa.tuple_(bindparam("place"), bindparam("rank"), bindparam("id"))
_ROOM_UP_TO = Prepared(
    sa.select(*REMOTE_MESSAGES.columns)
    .where(_there, _key <= _at)
    .order_by(_m.place.desc(), _m.rank.desc(), _m.id.desc())
    .limit(bindparam("count"))
)
_ROOM_LAST = Prepared(
    sa.select(*REMOTE_MESSAGES.columns)
    .where(_there)
    .order_by(_m.place.desc(), _m.rank.desc(), _m.id.desc())
    .limit(bindparam("count"))
)
_ROOM_AFTER = Prepared(
    sa.select(*REMOTE_MESSAGES.columns)
    .where(_there, _key > _at)
    .order_by(_m.place, _m.rank, _m.id)
    .limit(bindparam("count"))
)


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation, and the account of the other one in it."""

    chat: str
    account: BookAccount
    own: Conversation | None = None
    room: RemoteConversation | None = None
    owner: AccountRow | None = None
    """The owner's account on the network."""
    read_only: bool = False
    """Both have invited each other: of the two conversations the other one is written to."""


def of(step: Step, person: int) -> list[Talk]:
    """The conversations with a person."""
    found = list[Talk]()
    for account in book.accounts_of(step, person):
        if account.contact_id is not None:
            own = CONVERSATIONS.all(step.tx, contact_id=account.contact_id)
            own.sort(key=lambda row: row.conv_id)
            found += [Talk(str(row.id), account, own=row, read_only=row != own[0]) for row in own]
        bound = {"partner": account.remote_id, "network": account.network}
        for room in ROOMS.query(step.tx, _ROOMS, bound) if account.network else []:
            owner = ACCOUNTS.get(step.tx, room.account_id)
            found.append(Talk(rooms.chat_id(room.id), account, room=room, owner=owner))
    found.sort(key=lambda talk: -_heard(talk))
    return found[:MAX_TALKS]


def _heard(talk: Talk) -> int:
    row = talk.own or talk.room
    return 0 if row is None else row.last_at


def sums(step: Step, people: str) -> list[tuple[int, int, int]]:
    """Of each conversation of these people (a JSON array): whose, how many unread, when the last came."""
    bound = {"people": people}
    return [*_OWN_SUMS.rows(step.tx, bound), *_ROOM_SUMS.rows(step.tx, bound)]


def unread(step: Step, talk: Talk) -> int:
    """How many messages are unread."""
    if talk.own is not None:
        return int(queries.UNREAD_IN.scalar(step.tx, {"conversation": talk.own.id}))
    assert talk.room is not None
    return int(_UNREAD.scalar(step.tx, {"conversation": talk.room.id}))


def last_at(step: Step, talk: Talk) -> int:
    """When the last word was said, by either side; 0 for never."""
    return next((row.wall_s for row in up_to(step, talk, None, 1)), 0)


def closed(step: Step, talk: Talk) -> str:
    """Why nothing can be said in a conversation of the node's own; empty where it can."""
    contact = CONTACTS.get(step.tx, talk.account.contact_id)
    if contact is None or contact.blocked:
        return "blocked"
    return "key-alert" if contact.standing == "key-alert" else ""


# Messages by place


def up_to(step: Step, talk: Talk, place: str | None, count: int) -> Sequence[Row]:
    """The last messages before a place, or of all (None); the last one first."""
    if place == START:
        return []
    if talk.own is not None:
        height, name = (_END, b"") if place is None else _own(place)
        bound: dict[str, Any] = {"conversation": talk.own.id, "height": height, "name": name + b"\xff"}
        return MESSAGES.query(step.tx, queries.PAGE_BEFORE, {**bound, "count": count})
    assert talk.room is not None
    bound = {"conversation": talk.room.id, "count": count}
    if place is None:
        return REMOTE_MESSAGES.query(step.tx, _ROOM_LAST, bound)
    return REMOTE_MESSAGES.query(step.tx, _ROOM_UP_TO, {**bound, **_remote(place)})


def after(step: Step, talk: Talk, place: str, count: int) -> Sequence[Row]:
    """The first messages behind a place, in order."""
    if talk.own is not None:
        height, name = (-1, b"") if place == START else _own(place)
        bound: dict[str, Any] = {"conversation": talk.own.id, "height": height, "name": name + b"\xff"}
        return MESSAGES.query(step.tx, queries.PAGE_AFTER, {**bound, "count": count})
    assert talk.room is not None
    at = {"place": "", "rank": -_END, "id": 0} if place == START else _remote(place)
    return REMOTE_MESSAGES.query(step.tx, _ROOM_AFTER, {"conversation": talk.room.id, "count": count, **at})


def behind(row: Row) -> str:
    """The place behind a message."""
    if isinstance(row, MessageRow):
        return f"{row.height:x}-{row.name.hex()}"
    return f"{row.place.encode().hex()}.{row.rank}.{row.id}"


def message_at(talk: Talk, place: str) -> str:
    """The id of the message behind which a place is; not of the one before all."""
    return _own(place)[1].hex() if talk.own is not None else f"{MESSAGE}{_remote(place)['id']}"


def _own(place: str) -> tuple[int, bytes]:
    height, _, name = place.partition("-")
    try:
        return min(int(height, 16), _END), bytes.fromhex(name)
    except ValueError:
        raise UsageError("this is no cursor") from None


def _remote(place: str) -> dict[str, object]:
    try:
        text, rank, number = place.split(".")
        return {"place": bytes.fromhex(text).decode(), "rank": int(rank), "id": int(number)}
    except ValueError:
        raise UsageError("this is no cursor") from None


def id_of(row: Row) -> str:
    """A message's id on screens."""
    return row.name.hex() if isinstance(row, MessageRow) else message_id(row)
