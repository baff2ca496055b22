"""A session: what comes becomes batches, in its order, and each is committed before the next.

A new session first asks the own archive what came since the cursor, then each room's. Until an archive was
read to its end, its cursor moves by its pages alone, and what a room says live is held back: so a crash
between leaves no gap, and nothing is told out of order. A session that the server has kept (XEP-0198) goes on
where it was.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterable, Mapping, Sequence
from socket import socket
from types import NoneType
from xml.etree.ElementTree import Element

from ...api import (
    Batch,
    BridgeError,
    Context,
    ConversationGone,
    ConversationRef,
    ConversationSeen,
    Coverage,
    Event,
    Fleeting,
    Health,
    Interrupted,
    MessageSeen,
    Origin,
    Refused,
    State,
    Temporary,
)
from . import errors
from .alive import look_after
from .archive import FIRST, Archives, Marks
from .convert import Heard, View, events, own_actor, room_id
from .names import Names
from .rooms import Rooms, wanted
from .stanzas import (
    AVATAR,
    BOOKMARKS,
    CARBONS,
    HINTS,
    PRESENCE,
    PUBSUB_EVENT,
    RECEIPTS,
    bare,
    element,
    message,
    resource,
)
from .stream import LOST, Stream, trusting

BATCH = 100
ROOMS_AT_ONCE = 8
ENTER_AGAIN_S = (2.0, 20.0, 120.0, 600.0)
"""Between tries where a room, or its archive, does not answer now."""
SAY_S = 30.0
NOT_THERE = "not in this room yet"

Item = tuple[int, Heard] | tuple[int, Element] | Event | None
"""What is to be told: a message, a notice (XEP-0163), an event; None: the connection is lost."""


class Session:
    """An account's session at its server. `owner` is its bare address."""

    def __init__(self, ctx: Context, password: str) -> None:
        self.owner = ctx.owner
        self._ctx = ctx
        self.stream = Stream(
            ctx.owner,
            password,
            random=ctx.random,
            tls=trusting(ctx.settings.get("certificate", "")),
            message=self._on_message,
            presence=self._on_presence,
            roster=self._on_roster,
            ended=lambda: self._queue.put_nowait(None),
        )
        self.rooms = Rooms(self.stream, nick=ctx.owner.partition("@")[0])
        self.names = Names(ctx.owner)
        self.archives = Archives(self.stream, View(ctx.owner, self.rooms.seats), self.stream.new_id)
        self._queue: asyncio.Queue[Item] = asyncio.Queue()
        self._marks = Marks()
        self._held: dict[str, list[Heard]] = {}
        self._ingesting = asyncio.Lock()
        self._said: dict[str, asyncio.Future[str]] = {}
        self._tasks: asyncio.TaskGroup | None = None

    async def follow(self, ctx: Context, line: socket, *, direct_tls: bool) -> None:
        """Tell what happens on one connection, until it is lost.

        Raises:
            BridgeError: always: why it is lost.
        """
        self._ctx, self._queue = ctx, asyncio.Queue()
        error: BridgeError | None = None
        async with asyncio.TaskGroup() as self._tasks:
            tasks = [self._tasks.create_task(self.stream.run_filters())]
            try:
                resumed = await self.stream.open(line, direct_tls=direct_tls)
                if not resumed:
                    await self._begin()
                    rooms = await self.rooms.kept(ctx)
                    tasks.append(self._tasks.create_task(self._enter_all(rooms)))
                tasks.append(
                    self._tasks.create_task(
                        look_after(ctx, self.stream, self.rooms, self._enter_again, at_once=resumed)
                    )
                )
                await ctx.state(Health(State.CONNECTED))
                await self._tell()
            except BridgeError as e:
                error = e
            finally:
                for task in tasks:
                    task.cancel()
                for waiting in self._said.values():
                    if not waiting.done():
                        waiting.set_exception(Interrupted(LOST))
        if type(error) in {NoneType, Interrupted} and self.stream.lost.done():
            self.stream.lost.result()  # raises: the server may have said why
        raise error or Interrupted(LOST)

    async def _begin(self) -> None:
        self.rooms.seats.clear()
        self._held.clear()
        self._marks = Marks.of(await self._ctx.cursor())
        await self._ctx.state(Health(State.CATCHING_UP))
        try:
            await self.stream.ask(element(CARBONS, "enable"), kind="set")
        except Refused:
            self._ctx.log.warning("no_carbons")
        await self._ingest(self.names.of_roster(await self.stream.address_book()))
        self.stream.put(Element(PRESENCE))
        await self._catch_up("")

    # --- rooms ---

    async def _enter_all(self, rooms: Mapping[str, str]) -> None:
        few = asyncio.Semaphore(ROOMS_AT_ONCE)

        async def one(room: str, nick: str) -> None:
            for wait_s in itertools.chain(ENTER_AGAIN_S, itertools.repeat(ENTER_AGAIN_S[-1])):
                try:
                    async with few:
                        await self.enter(room, nick)
                except Refused as e:
                    gone = ConversationGone(conversation=ConversationRef(room), reason=str(e))
                    await self._ingest([gone])
                except BridgeError:  # its server's fault, which must not keep back what is elsewhere
                    self._ctx.log.warning("room_not_entered", room=self._ctx.log.hashed(room))
                    await self._ctx.pause(wait_s)
                    continue
                return

        async with asyncio.TaskGroup() as tasks:
            for room, nick in rooms.items():
                tasks.create_task(one(room, nick))

    async def _enter_again(self, room: str) -> None:
        if (seat := self.rooms.seats.pop(room, None)) is not None:
            await self._enter_all({room: seat.nick})

    async def enter(self, room: str, nick: str = "") -> ConversationSeen:
        """Go into a room and catch up with it. Raises as `Rooms.enter`."""
        self._marks.caught_up.discard(room)
        await self.rooms.enter(room, nick)
        where = ConversationRef(room)
        seen = ConversationSeen(conversation=where, kind="group", title=room.partition("@")[0])
        await self._ingest([seen])
        await self._catch_up(room)
        return seen

    async def join(self, room: str) -> ConversationSeen:
        """Go into a room for good. Raises as `Rooms.enter`."""
        seen = await self.enter(room)
        await self.rooms.keep(self._ctx, room)
        return seen

    async def leave(self, room: str) -> None:
        """Go out of a room for good, and tell so."""
        self.rooms.leave(room)
        await self.rooms.drop(self._ctx, room)
        await self._ingest([ConversationGone(conversation=ConversationRef(room), reason="left")])

    # --- archives ---

    async def _catch_up(self, archive: str) -> None:
        """Tell what an archive has beyond its mark; the empty name is the own one."""
        ask, address = self.archives.page, archive or self.owner
        last = self._marks.last.get(archive)
        known = last is not None
        try:
            while True:
                if last is None:
                    page = await ask(address, Origin.HISTORY, before="", limit=FIRST)
                else:
                    page = await ask(address, Origin.CATCH_UP, after=last or None)
                last = page.last or last or ""
                await self._ingest(self._events(page.messages), {archive: last})
                if not known or page.complete:
                    break
        except Refused:
            if known and last:
                await self._forgotten(archive)
                return
            self._ctx.log.warning("no_archive", room=bool(archive))
        self._marks.caught_up.add(archive)
        held = self._held.pop(archive, [])
        await self._ingest(self._events(held), self._moved(held))

    async def _forgotten(self, archive: str) -> None:
        """The archive has lost the place of our mark: what lay between cannot be had."""
        self._ctx.log.warning("archive_has_forgotten", room=bool(archive))
        del self._marks.last[archive]
        if archive:
            await self._ingest([Coverage(conversation=ConversationRef(archive), hole=True)])
        await self._catch_up(archive)

    def _moved(self, messages: Iterable[Heard]) -> dict[str, str]:
        """The marks behind these messages."""
        found = {}
        for heard in messages:
            archive = bare(heard.stanza.get("from", "")) if heard.stanza.get("type") == "groupchat" else ""
            if heard.archive_id and archive in self._marks.caught_up:
                found[archive] = heard.archive_id
        return found

    # --- telling ---

    async def _tell(self) -> None:
        while True:
            items = [await self._queue.get()]
            while items[-1] is not None and len(items) < BATCH and not self._queue.empty():
                items.append(self._queue.get_nowait())
            await self._tell_some(items)
            if items[-1] is None:
                return

    async def _tell_some(self, items: Sequence[Item]) -> None:
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
                told.extend(self._events([what]))
        for passing in told:
            if isinstance(passing, Fleeting):
                await self._ctx.fleeting(passing)
        await self._ingest([e for e in told if not isinstance(e, Fleeting)], self._moved(messages))
        self.stream.done(*numbers)
        for heard in messages:
            self._confirm(heard)

    def _hold(self, heard: Heard) -> bool:
        room = bare(heard.stanza.get("from", ""))
        if heard.stanza.get("type") != "groupchat" or room in self._marks.caught_up:
            return False
        self._held.setdefault(room, []).append(heard)
        return True

    def _events(self, messages: Iterable[Heard]) -> list[Event | Fleeting]:
        """What messages mean, with the names of whom nobody knew."""
        view = View(self.owner, self.rooms.seats)
        made: list[Event | Fleeting] = []
        for heard in messages:
            try:
                found = list(events(heard, view))
            except Exception:  # noqa: BLE001 - one stanza that we misread must not keep all others back
                self._ctx.log.warning("unreadable_stanza")
                continue
            for event in found:
                if isinstance(event, MessageSeen):
                    made.extend(self.names.around(event, heard.stanza, self.rooms.people))
                made.append(event)
        return made

    async def _ingest(self, events: Iterable[Event | Fleeting], moved: Mapping[str, str] = {}) -> None:
        lasting = tuple(e for e in events if not isinstance(e, Fleeting))
        if not lasting and not moved:
            return
        async with self._ingesting:
            marks = Marks({**self._marks.last, **moved})
            await self._ctx.ingest(Batch(lasting, marks.cursor()))
            self._marks.last.update(moved)

    def _confirm(self, heard: Heard) -> None:
        """Tell the sender that a message is here, where that was asked (XEP-0184) by somebody we know."""
        sender, message_id = heard.stanza.get("from", ""), heard.stanza.get("id", "")
        asked = heard.stanza.find(f"{{{RECEIPTS}}}request") is not None
        if not asked or not message_id or heard.from_archive or heard.stanza.get("type") == "groupchat":
            return
        if self.names.knows(bare(sender)) and bare(sender) != self.owner and self.stream.is_connected():
            receipt = [element(RECEIPTS, "received", id=message_id), element(HINTS, "store")]
            self.put(message(sender, "chat", self.stream.new_id(), receipt))

    def _notice(self, stanza: Element) -> list[Event]:
        """What somebody has published."""
        sender = bare(stanza.get("from", "")) or self.owner
        around = stanza.find(f"{{{PUBSUB_EVENT}}}event/{{{PUBSUB_EVENT}}}items")
        node = around.get("node", "") if around is not None else ""
        if around is None or self._tasks is None:
            return []
        if node == AVATAR:
            return self.names.avatar(sender, around)
        if node != BOOKMARKS or sender != self.owner:
            return []
        fresh = {room: nick for room, nick in wanted(around).items() if room not in self.rooms.seats}
        self._tasks.create_task(self._enter_all(fresh))
        gone = [bare(r.get("id", "")) for r in around.iterfind(f"{{{PUBSUB_EVENT}}}retract")]
        for room in gone:
            if room in self.rooms.seats:
                self._tasks.create_task(self.leave(room))
        return []

    def told(self, messages: Iterable[Heard]) -> tuple[Event, ...]:
        """What messages of an archive mean."""
        return tuple(e for e in self._events(messages) if not isinstance(e, Fleeting))

    def room_message(self, room: str, archive_id: str, message_id: str) -> str:
        """The id of a message of the owner in a room."""
        seat = self.rooms.seats.get(room)
        return room_id(archive_id, own_actor(room, seat).remote_id if seat else room, message_id)

    # --- what comes ---

    def _on_message(self, stanza: Element, number: int) -> None:
        message_id = stanza.get("id", "")
        room = bare(stanza.get("from", ""))
        if stanza.get("type") == "error":
            error = errors.of_stanza(stanza)
            forgotten = isinstance(error, errors.NotThere | errors.NoSuchThing)
            if forgotten and room in self.rooms.seats and self._tasks is not None:
                self._tasks.create_task(self._enter_again(room))
                error = Temporary(NOT_THERE)
            self._settle(message_id, error)
            self.stream.done(number)
        elif stanza.find(f"{{{PUBSUB_EVENT}}}event") is not None:
            self._queue.put_nowait((number, stanza))
        elif (heard := self.archives.take(stanza)) is not None:
            seat = self.rooms.seats.get(room)
            if stanza.get("type") == "groupchat" and seat and resource(stanza.get("from", "")) == seat.nick:
                self._settle(message_id, heard.archive_id)
            self._queue.put_nowait((number, heard))
        else:
            self.stream.done(number)

    def _on_presence(self, stanza: Element) -> None:
        if room := self.rooms.heard(stanza):
            self._queue.put_nowait(ConversationGone(conversation=ConversationRef(room), reason="put out"))

    def _on_roster(self, answer: Element) -> None:
        for event in self.names.of_roster(answer):
            self._queue.put_nowait(event)

    def _settle(self, message_id: str, result: str | BridgeError) -> None:
        waiting = self._said.get(message_id)
        if waiting is None or waiting.done():
            return
        if isinstance(result, BridgeError):
            waiting.set_exception(result)
        else:
            waiting.set_result(result)

    # --- what goes ---

    def put(self, stanza: Element) -> None:
        """Send something that nobody waits for. Raises Temporary where there is no session."""
        self.stream.put(stanza)

    async def say(self, conversation: ConversationRef, message_id: str, children: Iterable[Element]) -> str:
        """Send a message and wait until it is there: in a room until it comes back, else at the own server.

        Returns:
            The id that a room's archive has given it, or an empty text.

        Raises:
            Temporary: nothing has left.
            Interrupted: it has left, and nobody knows more.
            BridgeError: it was refused.
        """
        room = not conversation.private
        if room and conversation.remote_id not in self.rooms.seats:
            raise Temporary(NOT_THERE)
        waiting: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._said[message_id] = waiting
        try:
            self.put(message(conversation.remote_id, "groupchat" if room else "chat", message_id, children))
            async with asyncio.timeout(SAY_S):
                if not room:
                    await self.stream.reached()
                    self._settle(message_id, "")
                return await waiting
        except TimeoutError:
            raise Interrupted("no answer came") from None
        finally:
            del self._said[message_id]
            if waiting.done() and not waiting.cancelled():
                waiting.exception()
