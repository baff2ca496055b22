"""What happens, as the server tells it: one answer after the other, each with a token for the next.

The token is the cursor, so the server is asked for more only when all before is stored. Where it leaves some
out (a timeline that is `limited`), that is fetched first, and told first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ...api import (
    Actor,
    Batch,
    Context,
    ConversationRef,
    Cursor,
    Fleeting,
    Gone,
    Health,
    Origin,
    Refused,
    State,
)
from ...api import (
    Event as Told,
)
from .client import path
from .model import MAX_ID, MEMBER, Event, events_of, number, table, text, texts
from .rooms import MAX_TITLE, Room, left, of_invitation
from .session import Session

FIRST, USUAL = 20, 50
"""Events of a room in one answer."""
AT_ONCE = 500
"""Events in one batch."""
GAP_PAGE, MOST_PAGES = 100, 100
"""What is fetched of a gap."""
STORE_S = 600.0
"""A token that moves without events is stored so often."""
ANSWER_S = 30.0
"""What an answer may take longer than the server was to wait."""


def asked_for(events: int) -> str:
    """What is to be told: no presence, and of members those who say something."""
    lazy = {"lazy_load_members": True, "include_redundant_members": True}
    nothing: dict[str, Any] = {"types": []}
    wanted = {
        "presence": nothing,
        "account_data": {"types": ["m.direct"]},
        "room": {
            "timeline": {"limit": events, "lazy_load_members": True},
            "state": lazy,
            "ephemeral": {"types": ["m.receipt", "m.typing"]},
            "account_data": nothing,
        },
    }
    return msgspec.json.encode(wanted).decode()


class Reader:
    """Reads for one run."""

    def __init__(self, ctx: Context, session: Session, since: str) -> None:
        self._ctx, self._session, self._since = ctx, session, since
        self._origin = Origin.CATCH_UP if since else Origin.HISTORY
        self._stored, self._stored_at = since, ctx.clock.monotonic()
        self._typing: dict[str, frozenset[str]] = {}

    async def follow(self, wait_s: float) -> None:
        """Tell what was missed, then what happens. Ends with an error of the contract."""
        await self._ctx.state(Health(State.CATCHING_UP))
        await self._once(0)
        self._origin = Origin.LIVE
        await self._ctx.state(Health(State.CONNECTED))
        while True:
            await self._once(wait_s)

    async def _once(self, wait_s: float) -> None:
        limit = USUAL if self._since else FIRST
        told = await self._session.client.get(
            "/sync",
            timeout_s=wait_s + (ANSWER_S if self._since else 20 * ANSWER_S),
            since=self._since,
            timeout=int(wait_s * 1000),
            filter=asked_for(limit),
        )
        async with self._session.machine.turn:
            try:
                events = await self._events(told)
                await self._ingest(events, text(told, "next_batch"))
            except BaseException:
                self._session.forget()
                raise
            await self._session.machine.publish(told)
        self._session.current = True
        await self._pass(told)

    async def _ingest(self, events: list[Told], token: str) -> None:
        """Store, then let the server know with the next question."""
        last = max(0, len(events) - 1) // AT_ONCE * AT_ONCE
        for start in range(0, last, AT_ONCE):
            await self._ctx.ingest(Batch(tuple(events[start : start + AT_ONCE])))
        kv, now = self._session.remember(), self._ctx.clock.monotonic()
        if events or kv or now - self._stored_at > STORE_S:
            await self._ctx.ingest(Batch(tuple(events[last:]), Cursor(token.encode()), kv))
            self._session.stored(kv)
            self._stored_at = now
        self._since = token or self._since

    async def _events(self, told: Mapping[str, Any]) -> list[Told]:
        """All that an answer tells, in an order in which each thing is known before what is about it."""
        events: list[Told] = []
        rooms = table(told.get("rooms"))
        late = await self._session.machine.heard(told)
        for room_id, about in table(rooms.get("invite")).items():
            events += self._invited(room_id, table(about))
        for room_id, about in table(rooms.get("join")).items():
            events += await self._joined(room_id, table(about))
        for room_id, about in table(rooms.get("leave")).items():
            events += await self._left(room_id, table(about))
        for event in _of(told.get("account_data")):
            if event.get("type") == "m.direct":
                direct = (texts(ids) for ids in table(event.get("content")).values())
                self._session.rooms.direct(frozenset(id_ for ids in direct for id_ in ids))
        for room_id, event_id in late:
            events += await self._session.opened_late(room_id, event_id, self._origin)
        events += await self._session.reactions.told(self._session.touched, self._origin)
        self._session.touched.clear()
        events += await self._session.counted(self._origin)
        return [*self._session.rooms.told(self._origin), *events]

    def _invited(self, room_id: str, about: Mapping[str, Any]) -> list[Told]:
        session, events = self._session, list[Told]()
        if len(room_id) > MAX_ID or (session.rooms.is_full() and not session.rooms.knows(room_id)):
            self._ctx.log.warning("too_many_invitations")
            return events
        room = Room(room_id, membership="invite")
        session.rooms.put(room)
        told = events_of(table(about.get("invite_state")).get("events"))
        for event in of_invitation(told, session.owner):
            if event.state_key == session.owner and event.type == MEMBER:
                known, direct = session.rooms.get(room_id), event.content.get("is_direct") is True
                by, words = event.sender[:MAX_ID], text(event.content, "reason")[:MAX_TITLE]
                session.rooms.put(msgspec.structs.replace(known, direct=direct, inviter=by, words=words))
            events += session.state(room_id, event, self._origin)
        return events

    async def _joined(self, room_id: str, about: Mapping[str, Any]) -> list[Told]:
        session, timeline = self._session, table(about.get("timeline"))
        known, events = session.rooms.get(room_id), list[Told]()
        new = known.membership != "join"
        told = list(events_of(timeline.get("events")))
        summary, direct = table(about.get("summary")), known.direct
        joined = number(summary, "m.joined_member_count")
        room = msgspec.structs.replace(
            known,
            membership="join",
            inviter="",
            words="",
            direct=direct,
            joined=known.joined if joined is None else joined,
        )
        session.rooms.put(room)
        for event in events_of(table(about.get("state")).get("events")):
            events += session.state(room_id, event, self._origin)
        if timeline.get("limited") is True and not new and self._since:
            events += await self._gap(room_id, text(timeline, "prev_batch"))
        entered = _entered(told, session.owner) if new else 0
        for n, event in enumerate(told):
            origin = Origin.HISTORY if n < entered else self._origin
            events += await session.happened(room_id, event, origin)
        for raw in _of(about.get("ephemeral")):
            if raw.get("type") == "m.receipt":
                events += session.receipts(room_id, dict(table(raw.get("content"))), self._origin)
        return events

    async def _gap(self, room_id: str, before: str) -> list[Told]:
        """What lies between the last token and the first event of a timeline, oldest first."""
        session, events = self._session, list[Told]()
        pages: list[list[Event]] = []
        for _ in range(MOST_PAGES):
            try:
                page = await session.client.get(
                    path("rooms", room_id, "messages"), dir="b", from_=before, to=self._since, limit=GAP_PAGE
                )
            except (Gone, Refused):
                self._ctx.log.warning("gap_refused")
                break
            pages.append(list(events_of(page.get("chunk"))))
            before, was = text(page, "end"), before
            if not before or before == was or not page.get("chunk"):
                break
        else:
            self._ctx.log.warning("gap_too_long")
        for told in reversed(pages):
            for event in reversed(told):
                events += await session.happened(room_id, event, self._origin)
        return events

    async def _left(self, room_id: str, about: Mapping[str, Any]) -> list[Told]:
        session, events = self._session, list[Told]()
        if not session.rooms.knows(room_id):
            return []
        reason = ""
        for event in events_of(table(about.get("timeline")).get("events")):
            if event.type == MEMBER and event.state_key == session.owner:
                by_others = event.sender != session.owner
                reason = (text(event.content, "membership") if by_others else "") or "left"
            events += await session.happened(room_id, event, self._origin)
        room = session.rooms.get(room_id)
        session.rooms.drop(room_id)
        return [*events, left(room, reason)]

    async def _pass(self, told: Mapping[str, Any]) -> None:
        """Show who types; that is stored nowhere."""
        for room_id, about in table(table(told.get("rooms")).get("join")).items():
            for raw in _of(table(about).get("ephemeral")):
                if raw.get("type") == "m.typing":
                    await self._typed(
                        room_id, frozenset(texts(table(raw.get("content")).get("user_ids"), 100))
                    )

    async def _typed(self, room_id: str, now: frozenset[str]) -> None:
        before = self._typing.pop(room_id, frozenset())
        if now:
            self._typing[room_id] = now
        for who in sorted((before | now) - {self._session.owner}):
            if (who in before) != (who in now):
                value = "on" if who in now else "off"
                place = ConversationRef(room_id)
                await self._ctx.fleeting(
                    Fleeting(kind="typing", actor=Actor(who), value=value, conversation=place)
                )


def _of(raw: Any) -> list[Mapping[str, Any]]:
    """The events of a list that need not be events of rooms."""
    events = table(raw).get("events")
    return [event for event in events if isinstance(event, dict)] if isinstance(events, list) else []


def _entered(told: list[Event], owner: str) -> int:
    """How many events of a timeline stand before the owner came in; all, where it is not to be seen."""
    mine = (
        n
        for n, event in enumerate(told)
        if event.type == MEMBER and event.state_key == owner and text(event.content, "membership") == "join"
    )
    return next(mine, len(told))
