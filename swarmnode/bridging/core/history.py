"""The past of conversations, page by page, in a lane of its own: the latest conversation first, no haste.

A conversation is paged back once from the present to its beginning. When something may have been missed since
(`look_again`), it is paged back until a page brings nothing new.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import bindparam

from swarm_bridges import api

from ...services.step import Step
from ...storage import bridge_tables as tables
from ...storage.bridge_shelves import ACCOUNTS, ROOMS, AccountRow, RemoteConversation
from ...storage.shelf import Prepared
from . import accounts, bounds, holds, journal, rooms

PAGE = 100
"""Messages that are asked for at once."""
AGAIN_S = 5
"""After a page that brought nothing new: a network may give them without end, while others wait."""
_c = tables.remote_conversation.c
_OPEN = Prepared(
    sa.select(*ROOMS.columns)
    .where(_c.account_id == bindparam("account"), _c.history != sa.literal_column("'done'"), ~_c.gone)
    .order_by(_c.id)
)
_NEWEST = Prepared(sa.select(sa.func.max(tables.remote_message.c.id)))
"""What is new has a higher number than all before. To count would take longer with each page."""


@dataclass(frozen=True, slots=True)
class PageCall:
    """`Pages.page` is to be called with this."""

    conversation: api.ConversationRef
    at: api.Cursor | None = field(repr=False)
    limit: int = PAGE

    @property
    def arguments(self) -> dict[str, object]:
        """By name, but the context."""
        return {"conversation": self.conversation, "at": self.at, "limit": self.limit}


def next_page(step: Step, account: str) -> PageCall | None:
    """The page to ask for; None while there is none, or something holds the account. It only reads."""
    row = accounts.find(step, account)
    if row.paused or holds.standing(step, holds.of_account(row.id), holds.of_host(row)) is not None:
        return None
    due = [room for room in _open(step, row.id) if _due(step, room) <= step.wall_s]
    if not due:
        return None
    room = max(due, key=lambda room: (room.last_at, -room.id))
    at = None if room.history_at is None else api.Cursor(room.history_at)
    return PageCall(rooms.ref(room), at)


def next_at(step: Step, account: str) -> int | None:
    """Unix second at which `next_page` may give something; None: all is there."""
    row = accounts.find(step, account)
    hold = holds.standing(step, holds.of_account(row.id), holds.of_host(row))
    if row.paused or (hold is not None and hold.until is None):
        return None
    until = 0 if hold is None or hold.until is None else hold.until
    return min((max(_due(step, room), until) for room in _open(step, row.id)), default=None)


def paged(step: Step, account: str, conversation: api.ConversationRef, page: api.Page) -> None:
    """A page came: its events, and where the next one begins. It moves no cursor but its own."""
    row = accounts.find(step, account)
    before = rooms.of(step, row.id, conversation)
    newest = _NEWEST.scalar(step.tx)
    journal.ingest(step, account, api.Batch(page.batch.events, kv=page.batch.kv))
    if page.retry_in_s is not None:
        wait_s = int(min(max(page.retry_in_s, 1), holds.MAX_WAIT_S))
        ROOMS.change(step.tx, before.id, history_due=step.wall_s + wait_s, history_failures=0)
        return
    nothing_new = _NEWEST.scalar(step.tx) == newest
    stuck = page.next is not None and (page.next == before.history_at or len(page.next) > bounds.MAX_CURSOR)
    over = page.next is None or stuck or (before.history == "gap" and nothing_new)
    state = "done" if over else ("gap" if before.history == "gap" else "going")
    ROOMS.change(
        step.tx,
        before.id,
        history=state,
        history_at=None if over else page.next,
        history_due=step.wall_s + (AGAIN_S if nothing_new else 0),
        history_failures=0,
    )


def failed(step: Step, account: str, conversation: api.ConversationRef, error: BaseException) -> None:
    """A page did not come: it is asked for later, or never again where the network has none."""
    row = accounts.find(step, account)
    room = rooms.of(step, row.id, conversation)
    if isinstance(error, api.Refused):
        ROOMS.change(step.tx, room.id, history="done", history_at=None)
        return
    wait_s = holds.back_off(step, room.history_failures)
    if isinstance(error, api.Limited):
        wait_s = int(min(max(error.wait_s or 0, wait_s), holds.MAX_WAIT_S))
    failures = room.history_failures + 1
    ROOMS.change(step.tx, room.id, history_due=step.wall_s + wait_s, history_failures=failures)


def look_again(step: Step, account: str, conversation: api.ConversationRef) -> None:
    """Something may have been missed: page back until nothing is new. What is under way goes on."""
    room = rooms.of(step, accounts.find(step, account).id, conversation)
    if room.history == "done":
        ROOMS.change(step.tx, room.id, history="gap", history_at=None, history_due=step.wall_s)


def unfinished(step: Step) -> list[AccountRow]:
    """Accounts of which older messages are still to come."""
    return [row for row in ACCOUNTS.all(step.tx) if _open(step, row.id)]


def _open(step: Step, account_id: int) -> list[RemoteConversation]:
    return ROOMS.query(step.tx, _OPEN, {"account": account_id})


def _due(step: Step, room: RemoteConversation) -> int:
    """Now, where the clock was set back since."""
    return room.history_due if room.history_due <= step.wall_s + holds.MAX_WAIT_S else 0
