"""What happens, told as it comes: by a WebSocket where the server has one, else by asking again.

Timelines are read from the top down to what was known. Of the top page (`Window`) each post is compared with
what was told: so edits are seen, and what is missing is asked for by itself, and gone if it is. One thing is
told at a time, and lists that are entered or left meanwhile wait for their turn.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from ...api import (
    Batch,
    Context,
    ConversationGone,
    ConversationRef,
    ConversationSeen,
    Coverage,
    Event,
    Gone,
    Health,
    MessageGone,
    MessageRef,
    Origin,
    Socket,
    State,
)
from .convert import HOME, NOTIFICATIONS, conversation_of, is_direct, list_of, notice_of, seen
from .marks import Entry, Marks, Top, missing
from .model import Conversation, Notification, PeopleList, Status, Thread, convert
from .session import Session

PAGE = 40
"""Mastodon gives no more at once."""
NONE_YET = "0"
"""Stands before the place of any post."""
MOST_PAGES = 20
"""A home timeline of Mastodon has 800 posts."""
STREAM_AGAIN = 30
"""Looks between two tries where the server has ended its stream."""


class Reader:
    """Reads for one run."""

    def __init__(self, ctx: Context, session: Session, marks: Marks, *, first: bool) -> None:
        self._ctx, self._session, self._marks = ctx, session, marks
        self._origin = Origin.HISTORY if first else Origin.CATCH_UP
        self._telling = asyncio.Lock()
        self._line: Socket | None = None
        """The stream, while it is open."""
        self._looks = itertools.count()
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
        streams = self._session.server.streams
        for look in itertools.count():
            if streams and not look % STREAM_AGAIN:
                streams = await self._stream()
            await self._ctx.state(Health(State.CONNECTED))
            await self._ctx.pause(poll_s)
            await self.catch_up()

    async def _stream(self) -> bool:
        """Listen until the server ends it; False: it has no such thing."""
        base = self._session.server.streaming.rstrip("/")
        url, headers = f"{base}/api/v1/streaming", self._session.client.headers
        try:
            async with self._ctx.http.websocket(url, headers=headers) as line:
                for name in ("user", "direct"):
                    await _ask(line, "subscribe", name)
                for id_ in self._marks.lists:
                    await _ask(line, "subscribe", "list", id_)
                self._line = line
                await self.catch_up()  # what came before the line was open
                await self._ctx.state(Health(State.CONNECTED))
                async for frame in line.messages():
                    await self._heard(frame)
        except Gone:
            return False
        finally:
            self._line = None
        return True

    # --- asking ---

    async def catch_up(self) -> None:
        """Tell what is new in all timelines, oldest first, with the cursor behind it."""
        async with self._telling:
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
            events += self._covered(HOME, home, self._marks.home)
            told, lists = await self._lists()
            marks = Marks(
                tuple(self._entry(s.id, s) for s in home.items[:PAGE]),
                tuple(self._entry(n.id, n.status) for n in notices.items[:PAGE]),
                direct,
                lists,
            )
            await self._ingest([*events, *told], marks)
            self._origin = Origin.LIVE

    def _covered(self, place: ConversationRef, top: Top, known: Sequence[Entry]) -> list[Event]:
        """What of a timeline was told now, by places; what could not be had between is a hole."""
        order = self._session.server.order
        newest = order(top.items[0].id) if top.items else None
        if newest is None:
            return [Coverage(conversation=place, hole=True)] if top.hole else []
        oldest, last = order(top.items[-1].id), order(known[0].id) if known else None
        if newest == last:
            return []
        told: list[Event] = []
        if top.hole:
            told.append(Coverage(conversation=place, since=last, until=oldest, hole=True))
        since = oldest if last is None or top.hole else last
        return [*told, Coverage(conversation=place, since=since, until=newest)]

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

    async def _top(self, path: str, known: Sequence[Entry], kind: type[Any], *, first: bool = False) -> Top:
        """A timeline from its top down to what was known; the first time one page of it."""
        found, first = Top(), first or self._origin is Origin.HISTORY
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
            if not items or first or reached or over or items[-1].id == before:
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

    def _entry(self, id_: str, status: Status | None, place: ConversationRef | None = None) -> Entry:
        if status is None:
            return Entry(self._short(id_))
        said = status.reblog or status
        place = place or conversation_of(said, self._session.view)
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

    async def _gone(self, top: Top, known: Sequence[Entry]) -> list[Event]:
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

    # --- lists ---

    async def _lists(self) -> tuple[list[Event], dict[str, tuple[Entry, ...]]]:
        """What is new in lists, and the marks behind it.

        While nothing streams one list is read at a look, so that their number costs nothing.
        """
        wanted = {one.id: one for one in await self._session.lists.wanted()}
        known = self._marks.lists
        events: list[Event] = [
            ConversationGone(conversation=list_of(id_), reason="left") for id_ in known if id_ not in wanted
        ]
        marks = {id_: entries for id_, entries in known.items() if id_ in wanted}
        turn = next(self._looks) % max(1, len(wanted))
        everything = self._origin is not Origin.LIVE or self._line is not None
        for number, (id_, one) in enumerate(wanted.items()):
            if everything or number == turn or id_ not in known:
                told, marks[id_] = await self._list(one)
                events += told
        return events, marks

    async def _list(self, one: PeopleList) -> tuple[list[Event], tuple[Entry, ...]]:
        """What is new in a list, and the top of it."""
        place, known = list_of(one.id), self._marks.lists.get(one.id)
        path = f"/api/v1/timelines/list/{one.id}"
        if known is None and self._line is not None:
            await _ask(self._line, "subscribe", "list", one.id)
        try:
            top = await self._top(path, known or (), Status, first=known is None)
        except Gone:  # it was deleted since we asked
            return [], known or ()
        origin = Origin.HISTORY if known is None else self._origin
        events = self._session.room(place, one.title)
        for status in reversed(top.items):
            events += self._session.about(status, origin, place=place)
        events += await self._gone(top, known or ())
        events += self._covered(place, top, known or ())
        return events, tuple(self._entry(s.id, s, place) for s in top.items[:PAGE])

    async def enter(self, one: PeopleList) -> ConversationSeen:
        """Tell a list from now on."""
        async with self._telling:
            events, entries = await self._list(one)
            await self._ingest(events, self._marks.with_list(one.id, entries))
        return seen(list_of(one.id), {}, self._session.view, one.title)

    async def leave(self, id_: str) -> None:
        """Tell a list no longer."""
        async with self._telling:
            gone = ConversationGone(conversation=list_of(id_), reason="left")
            await self._ingest([gone], self._marks.with_list(id_, None))
            if self._line is not None:
                await _ask(self._line, "unsubscribe", "list", id_)

    # --- listening ---

    async def _heard(self, frame: str | bytes) -> None:
        """A frame of the stream: its name, and JSON as a text."""
        async with self._telling:
            try:
                told = msgspec.json.decode(frame)
                name, payload, id_ = told["event"], told["payload"], _list_in(told.get("stream"))
                if id_ and id_ not in self._marks.lists:
                    return  # it was left a moment ago
                events = self._told(name, payload, list_of(id_) if id_ else None)
            except (msgspec.MsgspecError, UnicodeError, KeyError, TypeError, RecursionError):
                self._ctx.log.warning("frame_without_sense")
                return
            await self._ingest(events, self._behind(name, payload, id_))

    def _told(self, name: str, payload: Any, place: ConversationRef | None) -> list[Event]:
        if name == "delete":
            post = self._short(str(payload))
            place = place or self._session.places.get(post, HOME)
            return [MessageGone(target=MessageRef(place, post))]
        if name not in {"update", "status.update", "notification", "conversation"}:
            return []
        raw = msgspec.json.decode(payload) if isinstance(payload, str) else payload
        match name:
            case "notification":
                return self._notice(convert(raw, Notification))
            case "conversation":
                last = convert(raw, Conversation).last_status
                return self._session.about(convert(last, Status), self._origin) if last else []
        return self._session.about(convert(raw, Status), self._origin, place=place)

    def _behind(self, name: str, payload: Any, list_id: str) -> Marks:
        """The marks behind a frame of the stream."""
        marks, home, notices = self._marks, self._marks.home, self._marks.notifications
        raw = msgspec.json.decode(payload) if isinstance(payload, str) and name != "delete" else payload
        status: Status | None = None
        match name:
            case "update" if list_id:
                status = convert(raw, Status)
                entry = self._entry(status.id, status, list_of(list_id))
                return marks.with_list(list_id, (entry, *marks.lists[list_id])[:PAGE])
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
        return Marks(home, notices, direct, marks.lists)


async def _ask(line: Socket, verb: str, name: str, id_: str = "") -> None:
    """Begin or end to hear a stream."""
    asked = {"type": verb, "stream": name, **({"list": id_} if id_ else {})}
    await line.send(msgspec.json.encode(asked).decode())


def _list_in(stream: Any) -> str:
    """The list that a frame is about: streams are named `["user"]` or `["list", "12"]`."""
    match stream:
        case ["list", str(id_)]:
            return id_
    return ""
