"""What is known of an account while it runs, and events as the contract has them."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import msgspec

from ...api import (
    Actor,
    ActorSeen,
    AuthExpired,
    Context,
    ConversationRef,
    Gone,
    MessageGone,
    MessageRef,
    MessageSeen,
    OpaqueSeen,
    Origin,
    ReceiptMoved,
    Refused,
)
from ...api import (
    Event as Told,
)
from . import polls
from .client import Client, path
from .convert import is_message, message_of, opaque_of
from .model import ENCRYPTED, MAX_ID, REACTION, REDACTION, REPLACE, Event, event_of, table, text
from .reactions import Reactions, Touched
from .rooms import Rooms, changed, left, person
from .sealed.machine import Machine
from .sealed.megolm import Opened

OPENED = "1"
"""The revision of a message that could not be opened at first."""
MOST = 5_000
"""Messages whose authors are remembered, and events for which a message stands."""


class Bounded(OrderedDict[str, str]):
    """Forgets the oldest when there are more than MOST."""

    def __setitem__(self, key: str, value: str) -> None:
        super().__setitem__(key, value)
        if len(self) > MOST:
            self.popitem(last=False)


class Session:
    """An account at its homeserver. `open` makes one."""

    def __init__(
        self, ctx: Context, client: Client, rooms: Rooms, reactions: Reactions, machine: Machine
    ) -> None:
        self.ctx, self.client, self.rooms, self.reactions = ctx, client, rooms, reactions
        self.machine = machine
        self.current = False
        """Whether what is known of rooms is as the server knows it."""
        self.owner = ctx.owner
        self._authors = Bounded()
        self._names: dict[str, ActorSeen] = {}
        self._standing = Bounded()
        """Messages that stand before events that are none, for receipts."""
        self._last = Bounded()
        """The last message of each room."""
        self._edited = Bounded()
        """Messages whose edits were told, and the last of them: one that comes behind it is old."""
        self.touched = Touched(set)
        """Messages of which reactions are to be told with the next batch."""
        self.polled: dict[tuple[str, str], str] = {}
        """Polls that are to be told with it, by room and id, and the last event that was about each."""

    @classmethod
    async def open(cls, ctx: Context, turn: asyncio.Lock) -> Session:
        """As it was when the cursor was stored; `turn` is the account's for encryption.

        Raises:
            AuthExpired: there is no token.
        """
        token = await ctx.secrets.get("token")
        if token is None:
            raise AuthExpired("there is no token")
        client = Client(ctx.http, ctx.settings["url"], token.value.decode())
        rooms, reactions = await Rooms.remembered(ctx), await Reactions.remembered(ctx, client)
        return cls(ctx, client, rooms, reactions, await Machine.open(ctx, client, turn))

    def remember(self) -> dict[str, bytes | None]:
        """What is to be stored with the next batch."""
        return {**self.rooms.news, **self.reactions.news, **self.machine.vault.news}

    def stored(self, kv: Mapping[str, bytes | None]) -> None:
        """It was; what has changed since is not."""
        for news in (self.rooms.news, self.reactions.news, self.machine.vault.news):
            for name, value in kv.items():
                if name in news and news[name] == value:
                    del news[name]

    # --- events ---

    def state(self, room_id: str, event: Event, origin: Origin) -> list[Told]:
        """A state event: what it changes of its room is noted; who is named is told."""
        events: list[Told] = []
        before = self.rooms.get(room_id)
        after = changed(before, event)
        self.rooms.put(after)
        if (shown := self.named(event)) is not None:
            events.append(msgspec.structs.replace(shown, origin=origin))
        if after.moved_to and after.moved_to != before.moved_to:
            self.rooms.succeed(after, event.sender[:MAX_ID], text(event.content, "body"))
            events.append(msgspec.structs.replace(left(after, "moved"), origin=origin))
        return events

    def named(self, event: Event) -> ActorSeen | None:
        """How somebody is called, where an event says it and that is news."""
        shown = person(event, self.owner)
        if shown is None or self._names.get(shown.actor.remote_id) == shown:
            return None
        if len(self._names) > MOST:
            self._names.clear()
        self._names[shown.actor.remote_id] = shown
        return shown

    async def happened(self, room_id: str, event: Event, origin: Origin) -> list[Told]:
        """An event of a timeline, in its order."""
        if event.state_key is not None:
            self._beside(room_id, event)
            return self.state(room_id, event, origin)
        if event.redacted:
            self._beside(room_id, event)
            return []
        opened = await self._opened(room_id, event)
        if is_message(opened.event):
            return await self._said(room_id, opened, origin)
        self._beside(room_id, event)
        if event.type == REACTION:
            self.reactions.put(room_id, event, self.touched)
        elif event.type == REDACTION and event.target:
            return await self._gone(room_id, event, origin)
        return self._done(room_id, opened.event, origin)

    def _done(self, room_id: str, event: Event, origin: Origin) -> list[Told]:
        """What somebody did that is no message, and may have come encrypted."""
        if event.type in polls.ANSWERS | polls.ENDS and event.relation.get("rel_type") == polls.REFERENCE:
            self.polled[room_id, text(event.relation, "event_id")] = event.event_id
        return self._opaque(room_id, event, origin)

    def _opaque(self, room_id: str, event: Event, origin: Origin) -> list[Told]:
        if (blob := opaque_of(event)) is None:
            return []
        ref = MessageRef(ConversationRef(room_id), event.event_id)
        actor = self._actor(event.sender)
        return [OpaqueSeen(ref=ref, actor=actor, blob=blob, origin=origin, remote_time=event.time)]

    async def _opened(self, room_id: str, event: Event) -> Opened:
        """An event with what it holds, where it is encrypted and can be opened."""
        if event.type != ENCRYPTED or event.redacted:
            return Opened(event)
        return await self.machine.opened(room_id, event) or Opened(event)

    async def _said(self, room_id: str, opened: Opened, origin: Origin) -> list[Told]:
        event = opened.event
        edit = event.replaced
        if edit or _is_about(event):
            self._beside(room_id, event)
        else:
            self._authors[event.event_id] = event.sender
            self._last[room_id] = event.event_id
        if edit and await self._author(room_id, edit) != event.sender:
            return []
        if edit:
            self._edited[edit] = event.event_id
        elif event.event_id in self._edited:
            return []
        seen = self._message(room_id, opened, origin)
        if edit and seen.poll is not None:
            self.polled[room_id, edit] = event.event_id  # with the votes that stand
            return []
        return [] if seen.unreadable and (edit or _is_about(event)) else [seen]

    def _message(self, room_id: str, opened: Opened, origin: Origin) -> MessageSeen:
        room = self.rooms.get(room_id)
        return message_of(opened.event, room, self.owner, origin, sealed=opened.sure)

    async def opened_late(self, room_id: str, event_id: str, origin: Origin) -> list[Told]:
        """An event whose key has come only now: another revision of what was shown without words."""
        try:
            event = event_of(await self.client.get(path("rooms", room_id, "event", event_id)))
        except Refused:
            return []
        if event is None or event.type != ENCRYPTED:
            return []
        opened = await self._opened(room_id, event)
        if opened.event.type == ENCRYPTED:
            return []
        if not is_message(opened.event):
            closed = MessageRef(ConversationRef(room_id), event_id)
            shown = [] if _is_about(event) else [MessageGone(target=closed, origin=origin)]
            return [*shown, *self._done(room_id, opened.event, origin)]
        seen = self._message(room_id, opened, origin)
        if seen.poll is not None:
            self.polled.setdefault((room_id, event.replaced or event_id), event_id)
        if not event.replaced:
            return [msgspec.structs.replace(seen, revision=OPENED)]
        return [seen] if await self._author(room_id, event.replaced) == event.sender else []

    async def past(self, room_id: str, event: Event, touched: Touched) -> list[Told]:
        """An event of the past: a message with the edit that the server has put beside it (1.11, 11.6.2)."""
        if event.type == REACTION and event.state_key is None:
            self.reactions.put(room_id, event, touched)
        if event.state_key is not None or event.redacted or event.replaced:
            return []
        opened = await self._opened(room_id, event)
        if not is_message(opened.event):
            return self._opaque(room_id, opened.event, Origin.HISTORY)
        self._authors[event.event_id] = event.sender
        first = self._message(room_id, opened, Origin.HISTORY)
        if first.unreadable and _is_about(event):
            return []
        if first.poll is not None:
            return await self._polled(room_id, event.event_id, "0", Origin.HISTORY)
        edit = event_of(table(event.unsigned.get("m.relations")).get(REPLACE))
        if edit is None or (edit.sender, edit.replaced) != (event.sender, event.event_id):
            return [first]
        then = await self._opened(room_id, edit)
        second = self._message(room_id, then, Origin.HISTORY) if is_message(then.event) else first
        return [first] if second is first or second.unreadable else [first, second]

    async def question(self, room_id: str, event_id: str) -> tuple[Opened, polls.Question] | None:
        """The start of a poll as it is now, and what it asks; None where that is none.

        Raises:
            Gone: it is not there.
        """
        event = event_of(await self.client.get(path("rooms", room_id, "event", event_id)))
        if event is None or event.redacted:
            raise Gone("this poll was taken back")
        opened = await self._opened(room_id, event)
        kind, said = opened.event.type, table(opened.event.content)
        edit = event_of(table(event.unsigned.get("m.relations")).get(REPLACE))
        if edit is not None and (edit.sender, edit.replaced) == (event.sender, event_id):
            then = await self._opened(room_id, edit)
            said = table(then.event.content.get("m.new_content")) or said
        asked = polls.question_of(kind, said, event.sender) if kind in polls.STARTS else None
        return None if asked is None else (opened, asked)

    async def _polled(self, room_id: str, event_id: str, revision: str, origin: Origin) -> list[Told]:
        """A poll with all that stands under it."""
        try:
            if (found := await self.question(room_id, event_id)) is None:
                return []
            opened, asked = found
            raw = await polls.about(self.client, room_id, event_id)
        except Refused:
            return []  # nobody can look at it any more
        told = [(await self._opened(room_id, event)).event for event in raw]
        shown = self._message(room_id, opened, origin)
        poll = polls.counted(asked, told, self.rooms.get(room_id).moderators, self.owner)
        return [msgspec.structs.replace(shown, body=asked.body, poll=poll, revision=revision)]

    async def counted(self, origin: Origin) -> list[Told]:
        """The polls under which something has happened."""
        events: list[Told] = []
        for (room_id, event_id), by in self.polled.items():
            events += await self._polled(room_id, event_id, by, origin)
        self.polled.clear()
        return events

    async def _author(self, room_id: str, event_id: str) -> str:
        """Who wrote a message; nobody where it is not to be had."""
        if event_id not in self._authors:
            try:
                found = event_of(await self.client.get(path("rooms", room_id, "event", event_id)))
            except (Gone, Refused):
                found = None
            self._authors[event_id] = found.sender if found is not None and is_message(found) else ""
        return self._authors[event_id]

    async def _gone(self, room_id: str, event: Event, origin: Origin) -> list[Told]:
        if await self.reactions.taken_back(self.ctx, event.target, self.touched):
            return []
        return [
            MessageGone(
                target=MessageRef(ConversationRef(room_id), event.target),
                actor=self._actor(event.sender),
                origin=origin,
                remote_time=event.time,
            )
        ]

    def receipts(self, room_id: str, content: dict[str, Any], origin: Origin) -> list[Told]:
        """Who has read up to where (1.11, 11.7). What is no message stands for the one before it."""
        events: list[Told] = []
        for event_id, kinds in content.items():
            up_to = MessageRef(ConversationRef(room_id), self._standing.get(event_id, event_id))
            marks = table(kinds)
            people = {**table(marks.get("m.read")), **table(marks.get("m.read.private"))}
            events += [
                ReceiptMoved(up_to=up_to, actor=self._actor(who), read=True, origin=origin) for who in people
            ]
        return events

    def _beside(self, room_id: str, event: Event) -> None:
        if before := self._last.get(room_id):
            self._standing[event.event_id] = before

    def _actor(self, who: str) -> Actor:
        return Actor(who, is_owner=who == self.owner)

    def forget(self) -> None:
        """Tell all again: what was told may not have been stored."""
        self._names.clear()
        self._edited.clear()
        self.machine.vault.news.clear()
        self.rooms.forget()
        self.touched.clear()
        self.polled.clear()


def _is_about(event: Event) -> bool:
    """Whether an event refers to another, as votes do: it says nothing to people, also when it is closed."""
    return event.type == ENCRYPTED and event.relation.get("rel_type") == polls.REFERENCE
