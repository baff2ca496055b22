"""What happens, told as it comes: by a WebSocket where the server has one, else by asking again.

Timelines are read from the top down to what was known. Of the top page (`Window`) each post is compared with
what was told: so edits are seen, and what is missing is asked for by itself, and gone if it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ...api import (
    Batch,
    Context,
    ConversationRef,
    Coverage,
    Cursor,
    Event,
    Gone,
    Health,
    MessageGone,
    MessageRef,
    Origin,
    State,
)
from .convert import HOME, NOTIFICATIONS, conversation_of, is_direct, notice_of
from .model import Conversation, Notification, Status, Thread, convert
from .session import Session

PAGE = 40
"""Mastodon gives no more at once."""
NONE_YET = "0"
"""Stands before the place of any post."""
MOST_PAGES = 20
"""A home timeline of Mastodon has 800 posts."""


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A place in a timeline: its own id, the post there, and that one's conversation."""

    id: str
    post: str = ""
    conversation: str = ""


class Marks(msgspec.Struct, omit_defaults=True):
    """How far we are: the top of each timeline as it was, and the latest direct post. This is the cursor."""

    home: tuple[Entry, ...] = ()
    notifications: tuple[Entry, ...] = ()
    direct: str = ""

    def cursor(self) -> Cursor:
        """As bytes."""
        return Cursor(msgspec.json.encode(self))

    @classmethod
    def read(cls, cursor: Cursor | None) -> Marks:
        """From bytes; what makes no sense is a new beginning."""
        try:
            return msgspec.json.decode(cursor or b"{}", type=cls)
        except msgspec.DecodeError:
            return cls()


def missing(known: Sequence[Entry], page: Sequence[str], *, whole: bool) -> list[Entry]:
    """Entries that should stand in a page and do not. `whole`: there is nothing below it."""
    here = set(page)
    lowest = max((n for n, entry in enumerate(known) if entry.id in here), default=-1)
    return [e for n, e in enumerate(known) if e.id not in here and (whole or n < lowest)]


@dataclass(slots=True)
class _Top:
    """What stands at the top of a timeline, newest first."""

    items: list[Any] = field(default_factory=list)
    page: list[str] = field(default_factory=list)
    """Ids of the first page."""
    whole: bool = False
    """Whether that was all there is."""
    hole: bool = False
    """Whether something between here and what was known could not be had."""


class Reader:
    """Reads for one run."""

    def __init__(self, ctx: Context, session: Session, marks: Marks, *, first: bool) -> None:
        self._ctx, self._session, self._marks = ctx, session, marks
        self._origin = Origin.HISTORY if first else Origin.CATCH_UP
        for entry in (*marks.home, *marks.notifications):
            if entry.post:
                session.places[entry.post] = ConversationRef(entry.conversation, private=True)

    @classmethod
    async def begin(cls, ctx: Context, session: Session) -> Reader:
        """At the cursor."""
        cursor = await ctx.cursor()
        return cls(ctx, session, Marks.read(cursor), first=cursor is None)

    async def follow(self, poll_s: float) -> None:
        """Tell what was missed, then what happens. Ends with an error of the contract."""
        await self._ctx.state(Health(State.CATCHING_UP))
        await self._ctx.ingest(Batch((*self._session.room(HOME), *self._session.room(NOTIFICATIONS))))
        await self.catch_up()
        if self._session.server.streams:
            await self._stream()
        await self._ctx.state(Health(State.CONNECTED))
        while True:
            await self._ctx.pause(poll_s)
            await self.catch_up()

    async def _stream(self) -> None:
        """Listen, if the server lets us; return if it has no such thing."""
        base = self._session.server.streaming.rstrip("/")
        url, headers = f"{base}/api/v1/streaming", self._session.client.headers
        try:
            async with self._ctx.http.websocket(url, headers=headers) as line:
                for name in ("user", "direct"):
                    await line.send(msgspec.json.encode({"type": "subscribe", "stream": name}).decode())
                await self.catch_up()  # what came before the line was open
                await self._ctx.state(Health(State.CONNECTED))
                async for frame in line.messages():
                    await self._heard(frame)
        except Gone:
            return

    # --- asking ---

    async def catch_up(self) -> None:
        """Tell what is new in all timelines, oldest first, with the cursor behind it."""
        events: list[Event] = []
        home = await self._top("/api/v1/timelines/home", self._marks.home, Status)
        notices = await self._top("/api/v1/notifications", self._marks.notifications, Notification)
        for notice in reversed(notices.items):
            events += self._notice(notice)
        for status in reversed(home.items):
            events += self._session.about(status, self._origin)
        listed, direct = await self._conversations()
        events += listed
        events += await self._gone(home, self._marks.home)
        events += await self._gone(notices, self._marks.notifications)
        events += self._covered(home)
        marks = Marks(
            tuple(self._entry(s.id, s) for s in home.items[:PAGE]),
            tuple(self._entry(n.id, n.status) for n in notices.items[:PAGE]),
            direct,
        )
        await self._ingest(events, marks)
        self._origin = Origin.LIVE

    def _covered(self, home: _Top) -> list[Event]:
        """What of the home timeline was told now, by places; what could not be had between is a hole."""
        order, known = self._session.server.order, self._marks.home
        newest = order(home.items[0].id) if home.items else None
        if newest is None:
            return [Coverage(conversation=HOME, hole=True)] if home.hole else []
        oldest, last = order(home.items[-1].id), order(known[0].id) if known else None
        if newest == last:
            return []
        told: list[Event] = []
        if home.hole:
            told.append(Coverage(conversation=HOME, since=last, until=oldest, hole=True))
        since = oldest if last is None or home.hole else last
        return [*told, Coverage(conversation=HOME, since=since, until=newest)]

    async def _ingest(self, events: Sequence[Event], marks: Marks) -> None:
        """Store; what was not stored is to be told again."""
        if not events and marks == self._marks:
            return
        try:
            await self._ctx.ingest(Batch(tuple(events), marks.cursor()))
        except BaseException:
            self._session.forget()
            raise
        self._marks = marks

    async def _top(self, path: str, known: Sequence[Entry], kind: type[Any]) -> _Top:
        """A timeline from its top down to what was known; the first time one page of it."""
        found = _Top()
        ids = {entry.id for entry in known}
        before: str | None = None
        for _ in range(MOST_PAGES):
            page = await self._session.client.get(path, limit=PAGE, max_id=before)
            page = page if isinstance(page, list) else []
            items = self.checked(page, kind)
            found.items += items
            over = len(page) < PAGE
            if before is None:
                found.page, found.whole = [self._short(item.id) for item in items], over
            reached = not ids.isdisjoint(self._short(item.id) for item in items)
            first_run = self._origin is Origin.HISTORY
            if not items or first_run or reached or over or items[-1].id == before:
                return found
            before = items[-1].id
        found.hole = True
        return found

    def checked(self, page: Iterable[Any], kind: type[Any]) -> list[Any]:
        """What of a page makes sense; the rest would not be better the next time."""
        items = []
        for raw in page:
            try:
                items.append(convert(raw, kind))
            except msgspec.ValidationError:
                self._ctx.log.warning("entry_without_sense")
        return items

    def _short(self, id_: str) -> str:
        return self._session.server.short(id_)

    def _entry(self, id_: str, status: Status | None) -> Entry:
        if status is None:
            return Entry(self._short(id_))
        said = status.reblog or status
        place = conversation_of(said, self._session.view)
        return Entry(self._short(id_), self._short(said.id), place.remote_id)

    def _notice(self, notice: Notification) -> list[Event]:
        events: list[Event] = []
        status = notice.status
        if status is not None:
            events += self._session.about(status, self._origin)
        if notice.type == "mention" and status is not None and is_direct(status, self._session.view):
            return events  # stands in a conversation of its own
        if self._session.first_time(notice.id):
            events += self._session.people([notice.account])
            events.append(notice_of(notice, self._session.view, self._origin))
        return events

    async def _gone(self, top: _Top, known: Sequence[Entry]) -> list[Event]:
        """Posts that stood in the top page, do not any more, and are not to be had."""
        events: list[Event] = []
        for entry in missing(known, top.page, whole=top.whole):
            if not entry.post:
                continue
            try:
                await self._session.client.get(f"/api/v1/statuses/{self._session.server.long(entry.post)}")
            except Gone:
                place = ConversationRef(entry.conversation, private=True)
                events.append(MessageGone(target=MessageRef(place, entry.post), origin=self._origin))
        return events

    async def _conversations(self) -> tuple[list[Event], str]:
        """Direct posts, the owner's own from other clients too, where the server lists conversations.

        Returns:
            Events, and the place of the latest direct post.
        """
        session, last = self._session, self._marks.direct
        if session.server.snac:
            return [], last  # its list is always empty
        page = await session.client.get("/api/v1/conversations", limit=PAGE)
        found = [c.last_status for c in self.checked(page if isinstance(page, list) else [], Conversation)]
        latest, events = last, list[Event]()
        for status in reversed(self.checked([raw for raw in found if raw], Status)):
            key = session.server.order(status.id) or ""
            if last and last < key:
                for older in await self.thread(status.id):
                    if last < (session.server.order(older.id) or "") < key and is_direct(older, session.view):
                        events += session.about(older, self._origin)
            events += session.about(status, self._origin)
            latest = max(latest, key)
        return events, latest or NONE_YET

    async def thread(self, status_id: str) -> list[Status]:
        """What stands before and behind a post, in its order."""
        try:
            told = await self._session.client.get(f"/api/v1/statuses/{status_id}/context")
            thread = convert(told, Thread)
        except (Gone, msgspec.ValidationError):
            return []
        return [*self.checked(thread.ancestors, Status), *self.checked(thread.descendants, Status)]

    # --- listening ---

    async def _heard(self, frame: str | bytes) -> None:
        """A frame of the stream: its name, and JSON as a text."""
        try:
            told = msgspec.json.decode(frame)
            name, payload = told["event"], told["payload"]
            events = self._told(name, payload)
        except (msgspec.MsgspecError, UnicodeError, KeyError, TypeError, RecursionError):
            self._ctx.log.warning("frame_without_sense")
            return
        await self._ingest(events, self._behind(name, payload))

    def _told(self, name: str, payload: Any) -> list[Event]:
        about = self._session.about
        if name == "delete":
            post = self._short(str(payload))
            place = self._session.places.get(post, HOME)
            return [MessageGone(target=MessageRef(place, post))]
        if name not in {"update", "status.update", "notification", "conversation"}:
            return []
        raw = msgspec.json.decode(payload) if isinstance(payload, str) else payload
        match name:
            case "notification":
                return self._notice(convert(raw, Notification))
            case "conversation":
                last = convert(raw, Conversation).last_status
                return about(convert(last, Status), self._origin) if last else []
        return about(convert(raw, Status), self._origin)

    def _behind(self, name: str, payload: Any) -> Marks:
        """The marks behind a frame of the stream."""
        marks, home, notices = self._marks, self._marks.home, self._marks.notifications
        raw = msgspec.json.decode(payload) if isinstance(payload, str) and name != "delete" else payload
        status: Status | None = None
        match name:
            case "update":
                status = convert(raw, Status)
                home = (self._entry(status.id, status), *home)[:PAGE]
            case "notification":
                notice = convert(raw, Notification)
                status = notice.status
                notices = (self._entry(notice.id, status), *notices)[:PAGE]
            case "conversation" if last := convert(raw, Conversation).last_status:
                status = convert(last, Status)
        direct = marks.direct
        if status is not None and is_direct(status, self._session.view):
            direct = max(direct, self._session.server.order(status.id) or "")
        return Marks(home, notices, direct)
