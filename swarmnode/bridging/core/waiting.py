"""All of the owner's that has not left yet: what waits for its time, for a route, for a network.

What a relay or a network has is gone from here, and so not in it. What was given up or refused is: its owner
is to decide.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import bindparam

from swarm_protocol.content import Type

from ...domain.later import OutboxView
from ...domain.views import ChatView
from ...errors import NotFound
from ...services import views as own_views
from ...services.node import Node
from ...services.step import Step
from ...storage import bridge_tables, tables
from ...storage.bridge_shelves import ACCOUNTS, INTENTS, REMOTE_MESSAGES, Intent, RemoteMessage
from ...storage.later_shelves import LATER, WAITING
from ...storage.shelf import Prepared, one_of
from ...storage.shelves import MESSAGES, MessageRow
from . import holds, inbox, intents, later, rooms, screens
from .intents import FINAL, SAYS, State
from .writing import message_id

MOST = 500
"""That are shown of each kind."""
_WHAT = {
    Type.TEXT: "message",
    Type.REPLY: "message",
    Type.EDIT: "edit",
    Type.REACT: "react",
    Type.DELETE_REQ: "delete",
    Type.TIMER: "timer",
}
_m, _o = tables.message.c, tables.outbox.c
_OWN = Prepared(
    sa.select(*MESSAGES.columns)
    .where(
        one_of(_m.state, ("queued", "waiting")),
        _m.id.in_(sa.select(_o.message_id).where(_o.message_id.is_not(None))),
    )
    .order_by(_m.id)
    .limit(MOST)
)
_GIVEN_UP = Prepared(
    sa.select(*MESSAGES.columns)
    .where(sa.literal_column("message.state = 'expired'"), _m.body_id.is_not(None))
    .order_by(_m.id)
    .limit(MOST)
)
_i, _r = bridge_tables.bridge_intent.c, bridge_tables.remote_message.c
_OPEN = Prepared(
    sa.select(*INTENTS.columns)
    .where(
        _i.account_id == bindparam("account"),
        one_of(_i.state, (state.value for state in State if state not in FINAL)),
        ~one_of(_i.kind, ("read", "opaque")),
    )
    .order_by(_i.id)
    .limit(MOST)
)
_FAILED = Prepared(
    sa.select(*REMOTE_MESSAGES.columns)
    .where(sa.literal_column("remote_message.state IN ('refused', 'expired')"), _r.gone_at.is_(None))
    .order_by(_r.id)
    .limit(MOST)
)


def all_of(step: Step, node: Node) -> list[OutboxView]:
    """Everything: first what waits for its time, the next first; then by the time at which it was said."""
    found = [*_own(step, node), *_networks(step)]
    return [*_later(step, node), *sorted(found, key=lambda view: view.since)]


def _later(step: Step, node: Node) -> list[OutboxView]:
    found = []
    for row in LATER.query(step.tx, WAITING):
        shown, wish = later.view(step, node, row), later.wish_of(step, row)
        chat = _chat(step, node, row.chat)
        found.append(
            OutboxView(
                message=shown.id,
                what="post" if wish is not None and wish.post is not None else "message",
                chat=row.chat,
                title="" if chat is None else chat.title,
                title_translations={} if chat is None else chat.title_translations,
                network=shown.network,
                text=shown.text,
                state=shown.state,
                reason=shown.reason,
                since=row.created_at,
                send_at=row.send_at,
                accounts=() if wish is None else wish.accounts,
            )
        )
    return found


def _chat(step: Step, node: Node, chat: str) -> ChatView | None:
    try:
        return inbox.chat(step, node, chat) if chat else None
    except NotFound:  # gone meanwhile
        return None


def _own(step: Step, node: Node) -> list[OutboxView]:
    rows = [*MESSAGES.query(step.tx, _OWN), *MESSAGES.query(step.tx, _GIVEN_UP)]
    return [_of_message(step, node, row) for row in rows if row.type in _WHAT]


def _of_message(step: Step, node: Node, row: MessageRow) -> OutboxView:
    about = MESSAGES.one(step.tx, name=row.target) if row.type in {Type.EDIT, Type.REACT} else None
    shown = own_views.message(step, node, about or row)
    chat = _chat(step, node, shown.chat)
    return OutboxView(
        message=shown.id,
        what=_WHAT[Type(row.type)],
        chat=shown.chat,
        title="" if chat is None else chat.title,
        text=shown.text if shown.kind == "text" else "",
        state=row.state,
        reason=row.reason,
        since=row.stored_at,
    )


def _networks(step: Step) -> list[OutboxView]:
    found: list[OutboxView] = []
    for account in ACCOUNTS.all(step.tx):
        held = "paused" if account.paused else ""
        found += [
            _of_intent(step, row, held) for row in INTENTS.query(step.tx, _OPEN, {"account": account.id})
        ]
    return found + [_of_failed(step, row) for row in REMOTE_MESSAGES.query(step.tx, _FAILED)]


def _of_intent(step: Step, row: Intent, held: str) -> OutboxView:
    parts = intents.parts(step, row) if row.kind in SAYS else []
    message = parts[0] if parts else REMOTE_MESSAGES.get(step.tx, row.message_id or 0)
    chat = screens.chat(step, rooms.get(step, row.conversation_id))
    shown = None if message is None else screens.message(step, message)
    asked = row.state in {State.ASKED, State.UNKNOWN, State.LOOKING}
    standing = holds.standing(step, holds.of_account(row.account_id))
    return OutboxView(
        message="" if shown is None else shown.id,
        what="message" if row.kind == "send" else row.kind,
        chat=chat.id,
        title=chat.title,
        title_translations=chat.title_translations,
        network=chat.network,
        text="" if shown is None or shown.kind != "text" else shown.text,
        state="maybe" if asked else "waiting" if row.attempts or held else "queued",
        reason=row.reason or held or ("" if standing is None else standing.reason),
        since=row.created_at,
        send_at=row.due_at,
    )


def _of_failed(step: Step, row: RemoteMessage) -> OutboxView:
    chat = screens.chat(step, rooms.get(step, row.conversation_id))
    shown = screens.message(step, row)
    return OutboxView(
        message=message_id(row),
        what="message",
        chat=chat.id,
        title=chat.title,
        title_translations=chat.title_translations,
        network=chat.network,
        text=shown.text,
        state=row.state,
        reason=row.reason,
        since=row.stored_at,
    )
