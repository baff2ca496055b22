"""What comes becomes batches, in its order, and each is committed before the next.

A new session first asks the own archive what came since the cursor, then each room's. Until an archive was
read to its end, its cursor moves by its pages alone, and what a room says live is held back: so a crash
between leaves no gap, and nothing is told out of order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias
from xml.etree.ElementTree import Element

from ...api import (
    Batch,
    Context,
    ConversationRef,
    Coverage,
    Event,
    Fleeting,
    MessageSeen,
    Origin,
    Refused,
)
from .archive import FIRST, Archives, Marks
from .convert import events
from .heard import Heard, View
from .keys import Keys, Turn
from .names import Names
from .rooms import Rooms
from .stanzas import HINTS, RECEIPTS, bare, element, message
from .stream import Stream

BATCH = 100

Item: TypeAlias = tuple[int, Heard] | tuple[int, Element] | Event | None
"""What is to be told: a message, a notice (XEP-0163) or an error, an event; None: the connection is lost."""


class Teller:
    """Tells for one account. `notice` says what a notice means."""

    def __init__(
        self,
        ctx: Context,
        stream: Stream,
        rooms: Rooms,
        names: Names,
        keys: Keys,
        notice: Callable[[Element], list[Event]],
    ) -> None:
        self.archives = Archives(stream, View(ctx.owner, rooms.seats, rooms.people), stream.new_id)
        self._ctx, self._owner = ctx, ctx.owner
        self._stream, self._rooms, self._names, self._notice = stream, rooms, names, notice
        self._keys = keys
        self._queue: asyncio.Queue[Item] = asyncio.Queue()
        self._marks = Marks()
        self._held: dict[str, list[Heard]] = {}
        self.begun = False
        """Whether it is known how far everything was told: before, nothing can be told besides."""
        self._ingesting = asyncio.Lock()

    def connected(self, ctx: Context) -> None:
        """There is another connection: what came over the one of before and was not told comes again."""
        self._ctx, self._queue = ctx, asyncio.Queue()

    async def begin(self) -> None:
        """There is another session: go on at the cursor."""
        self._held.clear()
        self._marks = Marks.of(await self._ctx.cursor())
        self.begun = True

    def add(self, item: Item) -> None:
        """To be told when it is its turn."""
        self._queue.put_nowait(item)

    async def follow(self) -> None:
        """Tell what is added, until the connection is lost."""
        while True:
            items = [await self._queue.get()]
            while items[-1] is not None and len(items) < BATCH and not self._queue.empty():
                items.append(self._queue.get_nowait())
            await self._tell(items)
            if items[-1] is None:
                return

    async def _tell(self, items: Sequence[Item]) -> None:
        async with self._keys.turn() as keys:
            numbers, messages = await self._tell_all(items, keys)
        self._stream.done(*numbers)
        for heard in messages:
            self._confirm(heard)

    async def _tell_all(self, items: Sequence[Item], keys: Turn) -> tuple[list[int], list[Heard]]:
        told: list[Event | Fleeting] = []
        messages: list[Heard] = []
        numbers: list[int] = []
        for item in items:
            if item is None:
                break
            if not isinstance(item, tuple):
                told.append(item)
                continue
            number, what = item
            numbers.append(number)
            if isinstance(what, Element):
                told.extend(self._notice(what))
            elif not self._hold(what):
                messages.append(what)
                told.extend(self._events([await keys.opened(what)]))
        for passing in told:
            if isinstance(passing, Fleeting):
                await self._ctx.fleeting(passing)
        await self.ingest([*told, *keys.news], self._moved(messages), keys.changes)
        await keys.stored()
        return numbers, messages

    def _hold(self, heard: Heard) -> bool:
        room = bare(heard.stanza.get("from", ""))
        if heard.stanza.get("type") != "groupchat" or room in self._marks.caught_up:
            return False
        self._held.setdefault(room, []).append(heard)
        return True

    def _events(self, messages: Iterable[Heard]) -> list[Event | Fleeting]:
        """What messages mean, with the names of whom nobody knew."""
        view = View(self._owner, self._rooms.seats)
        made: list[Event | Fleeting] = []
        for heard in messages:
            try:
                found = list(events(heard, view))
            except Exception:  # noqa: BLE001 - one stanza that we misread must not keep all others back
                self._ctx.log.warning("unreadable_stanza")
                continue
            for event in found:
                if isinstance(event, MessageSeen):
                    made.extend(self._names.around(event, heard.stanza, self._rooms.people))
                made.append(event)
        return made

    async def ingest(
        self,
        events: Iterable[Event | Fleeting],
        moved: Mapping[str, str] = {},
        kv: Mapping[str, bytes | None] = {},
    ) -> None:
        """Store events, the marks behind them, and what is to be remembered with them."""
        lasting = tuple(e for e in events if not isinstance(e, Fleeting))
        if not lasting and not moved and not kv:
            return
        async with self._ingesting:
            marks = Marks({**self._marks.last, **moved})
            await self._ctx.ingest(Batch(lasting, marks.cursor(), kv))
            self._marks.last.update(moved)

    def _confirm(self, heard: Heard) -> None:
        """Tell the sender that a message is here, where that was asked (XEP-0184) by somebody we know."""
        sender, message_id = heard.stanza.get("from", ""), heard.stanza.get("id", "")
        asked = heard.stanza.find(f"{{{RECEIPTS}}}request") is not None
        if not asked or not message_id or heard.from_archive or heard.stanza.get("type") == "groupchat":
            return
        if self._names.knows(bare(sender)) and bare(sender) != self._owner and self._stream.is_connected():
            receipt = [element(RECEIPTS, "received", id=message_id), element(HINTS, "store")]
            self._stream.put(message(sender, "chat", self._stream.new_id(), receipt))

    # --- archives ---

    def behind(self, archive: str) -> None:
        """Hold back what is said live: the archive has more that came before."""
        self._marks.caught_up.discard(archive)

    async def catch_up(self, archive: str) -> None:
        """Tell what an archive has beyond its mark; the empty name is the own one."""
        ask, address = self.archives.page, archive or self._owner
        last = self._marks.last.get(archive)
        known = last is not None
        try:
            while True:
                if last is None:
                    page = await ask(address, Origin.HISTORY, before="", limit=FIRST)
                else:
                    page = await ask(address, Origin.CATCH_UP, after=last or None)
                before, last = last, page.last or last or ""
                await self._ingest_opened(page.messages, {archive: last})
                if not known or page.complete or last == before:  # else it would be asked so for ever
                    break
        except Refused:
            if known and last:
                await self._forgotten(archive)
                return
            self._ctx.log.warning("no_archive", room=bool(archive))
        self._marks.caught_up.add(archive)
        held = self._held.pop(archive, [])
        await self._ingest_opened(held, self._moved(held))

    async def _ingest_opened(self, messages: Sequence[Heard], moved: Mapping[str, str]) -> None:
        async with self._keys.turn() as keys:
            found = [await keys.opened(heard) for heard in messages]
            await self.ingest([*self._events(found), *keys.news], moved, keys.changes)
            await keys.stored()

    async def _forgotten(self, archive: str) -> None:
        """The archive has lost the place of our mark: what lay between cannot be had."""
        self._ctx.log.warning("archive_has_forgotten", room=bool(archive))
        del self._marks.last[archive]
        if archive:
            await self.ingest([Coverage(conversation=ConversationRef(archive), hole=True)])
        await self.catch_up(archive)

    def _moved(self, messages: Iterable[Heard]) -> dict[str, str]:
        """The marks behind these messages."""
        found = {}
        for heard in messages:
            archive = bare(heard.stanza.get("from", "")) if heard.stanza.get("type") == "groupchat" else ""
            if heard.archive_id and archive in self._marks.caught_up:
                found[archive] = heard.archive_id
        return found

    def told(self, messages: Iterable[Heard]) -> tuple[Event, ...]:
        """What messages of the past mean. What was locked for us is left out: it is told once opened."""
        shown = [heard for heard in messages if not self._keys.is_for_us(heard.stanza)]
        return tuple(e for e in self._events(shown) if not isinstance(e, Fleeting))
