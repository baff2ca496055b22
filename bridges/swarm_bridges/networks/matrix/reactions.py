"""Reactions as sets: what somebody has put under a message is what the server has now.

A reaction is an event of its own, and one that was taken back no longer says what it was. So of each it is
remembered under which message it stands; what all of a message's are together, the server is asked for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from ...api import Actor, Context, ConversationRef, MessageRef, Origin, ReactionsNow, Refused
from ...api import Event as Told
from .client import V1, Client, path
from .model import ANNOTATION, MAX_ID, REACTION, Event, events_of, text

KEPT = "reaction/"
MOST_KEPT = 10_000
MOST_PAGES = 10
"""Of a hundred reactions each."""
MAX_KEY = 64
"""Characters of a reaction."""


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Under which message a reaction stands, and whose it is."""

    room: str
    target: str
    sender: str


Touched = defaultdict[tuple[str, str], set[str]]
"""Messages of which reactions are to be told, by room and id, and who had some there."""


class Reactions:
    """Reactions of an account. What is to be remembered waits in `news` for the batch that it goes with."""

    def __init__(self, client: Client, owner: str, names: Iterable[str]) -> None:
        self._client, self._owner = client, owner
        self._names = dict.fromkeys(names)
        self.news: dict[str, bytes | None] = {}

    @classmethod
    async def remembered(cls, ctx: Context, client: Client) -> Reactions:
        """As it was when the cursor was stored."""
        return cls(client, ctx.owner, await ctx.kv.names(KEPT))

    def put(self, room: str, event: Event, touched: Touched) -> None:
        """Somebody put one under a message."""
        target = text(event.relation, "event_id")
        if event.redacted or event.relation.get("rel_type") != ANNOTATION or not 0 < len(target) <= MAX_ID:
            return
        touched[room, target].add(event.sender)
        if (name := KEPT + event.event_id) not in self._names:
            self._names[name] = None
            self.news[name] = msgspec.msgpack.encode(Place(room, target, event.sender))
            if len(self._names) > MOST_KEPT:
                oldest = next(iter(self._names))
                del self._names[oldest]
                self.news[oldest] = None

    async def taken_back(self, ctx: Context, event_id: str, touched: Touched) -> bool:
        """Note that an event is gone; whether it was a reaction."""
        name = KEPT + event_id
        if name not in self._names:
            return False
        if value := self.news.get(name) or await ctx.kv.get(name):
            place = msgspec.msgpack.decode(value, type=Place)
            touched[place.room, place.target].add(place.sender)
        self._names.pop(name, None)
        self.news[name] = None
        return True

    async def told(self, touched: Touched, origin: Origin) -> list[Told]:
        """What stands now under the messages that were touched."""
        events: list[Told] = []
        for (room, target), people in touched.items():
            sets: dict[str, set[str]] = {who: set() for who in people}
            try:
                for event in await all_of(self._client, room, target):
                    sets.setdefault(event.sender, set()).add(text(event.relation, "key")[:MAX_KEY])
            except Refused:
                continue  # nobody can look at this message any more
            ref = MessageRef(ConversationRef(room), target)
            for who, values in sets.items():
                actor = Actor(who, is_owner=who == self._owner)
                values.discard("")
                events.append(ReactionsNow(target=ref, actor=actor, values=frozenset(values), origin=origin))
        return events


async def all_of(client: Client, room: str, target: str) -> list[Event]:
    """The reactions that stand under a message. Raises Gone where there is no such message."""
    found: list[Event] = []
    after = ""
    where = V1 + path("rooms", room, "relations", target, ANNOTATION, REACTION)
    for _ in range(MOST_PAGES):
        page = await client.get(where, limit=100, from_=after)
        found += [event for event in events_of(page.get("chunk")) if not event.redacted]
        if not (after := text(page, "next_batch")):
            break
    return found
