"""Statements that ask for more than equal columns, each prepared once."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import bindparam

from . import tables
from .shelf import Prepared
from .shelves import MESSAGES, OUTBOX, RECEIPT_INTENTS

_m, _o, _r = tables.message.c, tables.outbox.c, tables.receipt_intent.c

# Chains

HELD_OF_AUTHOR = Prepared(
    sa.select(*MESSAGES.columns)
    .where(_m.author_id == bindparam("author"), _m.seq > bindparam("seq"))
    .order_by(_m.seq)
)
HEIGHT = Prepared(sa.select(_m.height).where(_m.name == bindparam("name")))

# MLS

PUT_SENT = Prepared(
    sa.update(tables.mls_ratchets)
    .where(tables.mls_ratchets.c.group_id == bindparam("group"))
    .values(messages_part=bindparam("messages"), sent=tables.mls_ratchets.c.sent + sa.literal_column("1"))
)

# Outbox

OUTBOX_IDS = Prepared(sa.select(_o.id).where(_o.state == bindparam("state")).order_by(_o.id))
_queued = _o.state == sa.literal_column("'queued'")  # as the partial index says it
TARGETS = Prepared(sa.select(_o.peer_id, _o.invite_id).where(_queued).distinct())
NEXT_QUEUED = Prepared(
    sa.select(*OUTBOX.columns)
    .where(
        _queued,
        _o.peer_id.is_not_distinct_from(bindparam("peer")),
        _o.invite_id.is_not_distinct_from(bindparam("invite")),
    )
    .order_by(_o.id)
    .limit(bindparam("count"))
)
FIRST_QUEUED = Prepared(
    sa.select(sa.func.min(_o.id)).where(
        _queued,
        _o.peer_id.is_not_distinct_from(bindparam("peer")),
        _o.invite_id.is_not_distinct_from(bindparam("invite")),
    )
)
READY_ROUTES = Prepared(sa.select(tables.envelope.c.queue_out_id).distinct())
OLDEST_UNCONFIRMED = Prepared(
    sa.select(sa.func.min(_m.seq))
    .select_from(tables.outbox.join(tables.message, _o.message_id == _m.id))
    .where(_o.peer_id == bindparam("peer"), _m.author_id == bindparam("author"))
)
HELLOS = Prepared(
    sa.select(_o.id).where(
        sa.literal_column("+outbox.peer_id") == bindparam("peer"),  # +: not by this index, which has them all
        _o.message_id.is_(None),
        _o.plain.is_not(None),
        _o.repeat,
        sa.literal_column("outbox.state = 'sent'"),  # what has not left cannot have been heard
    )
)
NEXT_LINK_SEQ = Prepared(
    sa.update(tables.queue_out)
    .where(tables.queue_out.c.id == bindparam("queue"))
    .values(link_seq=tables.queue_out.c.link_seq + bindparam("count"))
    .returning(tables.queue_out.c.link_seq)
)

# Receipts

# What is due later than anything can be was written by a clock that has been set back since: it is due.
_due = sa.or_(_r.due_at <= bindparam("now"), _r.due_at > bindparam("latest"))
RECEIPTS_DUE = Prepared(sa.select(*RECEIPT_INTENTS.columns).where(_due).order_by(_r.id))
FORGET_DUE = Prepared(sa.delete(tables.receipt_intent).where(_due))
NEXT_RECEIPT = Prepared(sa.select(sa.func.min(_r.due_at)))

# Pages of a screen

_place = sa.tuple_(_m.height, _m.name)
_cursor = sa.tuple_(bindparam("height"), bindparam("name"))
_page = sa.select(*MESSAGES.columns).where(
    _m.conversation_id == bindparam("conversation"), _m.shown == sa.literal_column("1")
)
PAGE_AFTER = Prepared(_page.where(_place > _cursor).order_by(_m.height, _m.name).limit(bindparam("count")))
PAGE_BEFORE = Prepared(
    _page.where(_place < _cursor).order_by(_m.height.desc(), _m.name.desc()).limit(bindparam("count"))
)

# What is unread: "unread" as the partial index says it, or SQLite does not see that it fits

_unread: sa.ColumnElement[bool] = sa.literal_column("unread")
UNREAD = Prepared(sa.select(sa.func.count()).select_from(tables.message).where(_unread))
UNREAD_IN = Prepared(
    sa.select(sa.func.count())
    .select_from(tables.message)
    .where(_unread, _m.conversation_id == bindparam("conversation"))
)
UNREAD_ROWS = Prepared(
    sa.select(*MESSAGES.columns)
    .where(_unread, _m.conversation_id == bindparam("conversation"), _place <= _cursor)
    .order_by(_m.id)
    .limit(bindparam("count"))
)
WAITING = Prepared(sa.select(sa.func.count(_o.message_id.distinct())).where(_o.message_id.is_not(None)))

# What search does not find yet

SEARCH_WAITING = Prepared(
    sa.select(_m.id, _m.body_id)
    .select_from(tables.search_due.join(tables.message, tables.search_due.c.message_id == _m.id))
    .order_by(tables.search_due.c.message_id)
    .limit(bindparam("count"))
)
SEARCH_READY = Prepared(
    sa.delete(tables.search_due).where(tables.search_due.c.message_id <= bindparam("last"))
)

# Timers

LEAST = Prepared(sa.select(sa.func.min(_m.left_s)).where(_m.left_s.is_not(None)))
RUN = Prepared(
    sa.update(tables.message).where(_m.left_s.is_not(None)).values(left_s=_m.left_s - bindparam("elapsed"))
)
OVER = Prepared(
    sa.select(*MESSAGES.columns)
    .where(_m.left_s.is_not(None), _m.left_s <= sa.literal_column("0"))
    .limit(bindparam("count"))
)

# What came of messages

CONFIRM = Prepared(
    sa.update(tables.message)
    .where(
        _m.author_id == bindparam("author"),
        _m.seq >= bindparam("first"),
        _m.seq <= bindparam("last"),
        _m.state != bindparam("new_state"),
        _m.state != "read",
    )
    .values(state=bindparam("new_state"), reason="")
    .returning(*MESSAGES.columns)
)
CONFIRMED_ITEMS = Prepared(
    sa.select(_o.id)
    .select_from(tables.outbox.join(tables.message, _o.message_id == _m.id))
    .where(
        _o.peer_id == bindparam("peer"),
        _m.author_id == bindparam("author"),
        _m.seq >= bindparam("first"),
        _m.seq <= bindparam("last"),
    )
)
MARK_SENT = Prepared(
    sa.update(tables.message)
    .where(_m.id == bindparam("message"), sa.or_(_m.state == "queued", _m.state == "waiting"))
    .values(state="sent", reason="")
    .returning(_m.name)
)
