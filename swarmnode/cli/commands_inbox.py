"""Commands that list what came: conversations of all networks, and posts."""

from __future__ import annotations

from collections.abc import Sequence

from click import IntRange

from ..domain.bridge_views import PEOPLE
from ..domain.views import ChatView, Items, Page
from .group import command, option
from .said import said, show, titled
from .session import Session
from .terminal import clean, short, table, when


@command("inbox")
@option("--unread", is_flag=True)
def inbox_(session: Session, *, unread: bool) -> None:
    """List conversations with people, whichever network they are on; with --unread those to be read."""
    found = session.client.get("/chats", Items[ChatView])
    chats = tuple(c for c in found.items if c.kind in PEOPLE and (c.unread or not unread))
    if not session.give(Items(chats)):
        _table(session, chats, none=session.t("inbox.read" if unread else "conversations.none"))


@command("conversations")
def conversations_(session: Session) -> None:
    """List all conversations, timelines and feeds too."""
    chats = session.client.get("/chats", Items[ChatView])
    if not session.give(chats):
        _table(session, chats.items, none=session.t("conversations.none"))


def _table(session: Session, chats: Sequence[ChatView], *, none: str) -> None:
    rows = [
        (
            short(c.id),
            " ".join((titled(session, c), *(f"[{label}]" for label in c.labels))),
            c.network,
            str(c.unread or ""),
            when(c.last_at) if c.last_at else "",
            _last(session, c),
        )
        for c in chats
    ]
    table(session.t("conversations.heads").split("|"), rows, none=none)


def _last(session: Session, chat: ChatView) -> str:
    """What was said last, or who asks the owner in, and how to answer."""
    if (given := chat.invitation) is None:
        last = chat.last_translations.get(session.t.language, chat.last_text)
        return said(session, chat.last_kind, last)[:60]
    by = clean(" ".join(dict.fromkeys((given.by_name, given.by_handle))).strip()) or "?"
    words = f"{clean(given.words)} | " if given.words else ""
    return words + session.t(
        "conversations.invited" if given.vouched else "conversations.invited.said", by=by, id=chat.id
    )


@command("timeline")
@option("--limit", type=IntRange(1, 200), default=20)
@option("--before", metavar="CURSOR", default="")
def timeline_(session: Session, limit: int, before: str) -> None:
    """Show posts of all networks, by time."""
    page = session.client.get("/timeline", Page, limit=limit, before=before)
    if session.give(page):
        return
    for message in page.items:
        show(session, message)
    if not page.items:
        session.say(session.t("timeline.none"))
