"""What was before: pages of a timeline, or of one conversation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from ...api import Batch, Context, ConversationRef, Coverage, Cursor, Event, Origin, Page
from .convert import DIRECT, HOME, LIST, NOTIFICATIONS, conversation_of, is_direct, kind_of, notice_of
from .marks import Marks
from .model import Conversation, Notification, Status
from .reader import PAGE, Reader
from .session import Session

NEXT = re.compile(r"<[^<>]*[?&]max_id=([A-Za-z0-9_-]+)[^<>]*>\s*;\s*rel=\"?next\"?")


class Past:
    """Reads the past of an account."""

    def __init__(self, ctx: Context, session: Session) -> None:
        self._session = session
        self._reader = Reader(ctx, session, Marks(), first=True)

    async def page(self, conversation: ConversationRef, at: Cursor | None, limit: int) -> Page:
        """See `api.Pages`."""
        before, limit = (at or b"").decode(), min(limit, PAGE)
        if conversation == NOTIFICATIONS:
            return await self._notifications(before, limit)
        if kind_of(conversation) == LIST:
            return await self._list(conversation, before, limit)
        if conversation == HOME or self._session.server.snac:
            return await self._timeline(conversation, before, limit)
        return await self._direct(conversation, before, limit)

    async def _get(self, path: str, before: str, limit: int) -> list[Any]:
        page = await self._session.client.get(path, limit=limit, max_id=before)
        return page if isinstance(page, list) else []

    async def _notifications(self, before: str, limit: int) -> Page:
        page = await self._get("/api/v1/notifications", before, limit)
        events: list[Event] = []
        for notice in reversed(self._reader.checked(page, Notification)):
            if notice.type != "mention" or notice.status is None or not self._is_direct(notice.status):
                events += self._session.people([notice.account])
                events.append(notice_of(notice, self._session.view, Origin.HISTORY))
        return self._page(NOTIFICATIONS, events, before, _last(page))

    async def _timeline(self, conversation: ConversationRef, before: str, limit: int) -> Page:
        """The home timeline, or what of it is said in one conversation."""
        page = await self._get("/api/v1/timelines/home", before, limit)
        statuses = self._reader.checked(page, Status)
        if not before and conversation != HOME:  # who is not followed stands in the notifications alone
            notices = self._reader.checked(await self._get("/api/v1/notifications", "", PAGE), Notification)
            known = {status.id for status in statuses}
            statuses += [n.status for n in notices if n.status is not None and n.status.id not in known]
            statuses.sort(key=lambda status: status.created_at, reverse=True)
        return self._page(conversation, self._told(statuses, conversation), before, _last(page))

    async def _list(self, conversation: ConversationRef, before: str, limit: int) -> Page:
        id_ = conversation.remote_id.removeprefix(f"{LIST} ")
        page = await self._get(f"/api/v1/timelines/list/{id_}", before, limit)
        events: list[Event] = []
        for status in reversed(self._reader.checked(page, Status)):
            events += self._session.about(status, Origin.HISTORY, again=True, place=conversation)
        return self._page(conversation, events, before, _last(page))

    async def _direct(self, conversation: ConversationRef, before: str, limit: int) -> Page:
        """Threads of direct posts, whole, those with the latest posts first."""
        path, client = "/api/v1/conversations", self._session.client
        page, headers = await client.page(path, limit=limit, max_id=before)
        events: list[Event] = []
        for thread in reversed(self._reader.checked(page, Conversation)):
            last = self._reader.checked([thread.last_status] if thread.last_status else [], Status)
            if last and conversation_of(last[0], self._session.view) == conversation:
                found = [s for s in await self._reader.thread(last[0].id) if self._is_direct(s)]
                found = sorted([*found, last[0]], key=lambda s: self._session.server.order(s.id) or "")
                events += self._told(list(reversed(found)), conversation)
        return self._page(conversation, events, before, following(headers) if page else "")

    def _told(self, statuses: list[Status], conversation: ConversationRef) -> list[Event]:
        events: list[Event] = []
        for status in reversed(statuses):
            if conversation_of(status.reblog or status, self._session.view) == conversation:
                events += self._session.about(status, Origin.HISTORY, again=True)
        return events

    def _is_direct(self, status: Status) -> bool:
        return is_direct(status, self._session.view)

    def _page(self, conversation: ConversationRef, events: list[Event], before: str, last: str) -> Page:
        """A page; `last` is where the next one begins. Ids in order say what is whole."""
        order, after = self._session.server.order, last if last != before else ""
        if kind_of(conversation) != DIRECT and self._session.server.ordered:
            since = order(after) if after else None
            until = order(before) if before else None
            events.append(
                Coverage(conversation=conversation, since=since, until=until, origin=Origin.HISTORY)
            )
        told = (msgspec.structs.replace(event, origin=Origin.HISTORY) for event in events)
        return Page(Batch(tuple(told)), Cursor(after.encode()) if after else None)


def _last(page: list[Any]) -> str:
    """The id of the last entry that has one."""
    ids = [entry.get("id") for entry in page if isinstance(entry, Mapping)]
    return next((id_ for id_ in reversed(ids) if isinstance(id_, str)), "")


def following(headers: Mapping[str, str]) -> str:
    """Where the next page begins, as the `Link` header says (RFC 8288)."""
    found = NEXT.search(headers.get("link", ""))
    return found[1] if found else ""
