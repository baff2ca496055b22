"""A session at a server: connections, rooms, what is said, and to whom what comes goes.

A session that the server has kept (XEP-0198) goes on where it was; another begins with what archives have.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from socket import socket
from types import NoneType
from xml.etree.ElementTree import Element

from ...api import (
    Actor,
    BridgeError,
    Context,
    ConversationGone,
    ConversationRef,
    ConversationSeen,
    Event,
    Health,
    Interrupted,
    Refused,
    State,
    Temporary,
)
from ...tls import trusting
from . import claims, errors
from .alive import look_after
from .convert import returned, room_id
from .files import Uploads
from .heard import own_actor
from .invitations import declining, inviter_of, is_there, password_of
from .keys import Keys, NoKeys
from .members import CHANGED, Members
from .names import Names
from .passwords import Passwords
from .rooms import Rooms, codes, wanted
from .stanzas import (
    AVATAR,
    BOOKMARKS,
    CARBONS,
    CLAIMS,
    OMEMO_DEVICES,
    PUBSUB_EVENT,
    bare,
    element,
    message,
    resource,
)
from .stream import LOST, Stream
from .telling import Teller

ROOMS_AT_ONCE = 8
ENTER_AGAIN_S = (2.0, 20.0, 120.0, 600.0)
"""Between tries where a room, or its archive, does not answer now."""
SAY_S = 30.0
NOT_THERE = "not in this room yet"
NO_SESSION = "not connected"


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
            now=ctx.clock.now,
            message=self._on_message,
            presence=self._on_presence,
            roster=self._on_roster,
            ended=lambda: self.teller.add(None),
        )
        self.rooms = Rooms(self.stream, nick=ctx.owner.partition("@")[0])
        self.members = Members(self.stream)
        self.names = Names(ctx.owner)
        self.keys = _keys(ctx, self.stream, self.members, self.show)
        self.teller = Teller(ctx, self.stream, self.rooms, self.names, self.keys, self._notice)
        self.uploads = Uploads(self.stream)
        self.passwords = Passwords(self.join, self.show)
        self._said: dict[str, asyncio.Future[str]] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._unentered: dict[str, str] = {}
        """Rooms, and the name in each, that were to be entered when a connection was lost."""
        self.there = False
        """Whether it stands now, and knows where it is: in no room, if it is another than before."""
        self.begun = False
        """Whether it can be taken up by another connection: all that a new one asks for is there."""

    async def follow(self, ctx: Context, line: socket, *, direct_tls: bool) -> None:
        """Tell what happens on one connection, until it is lost.

        Raises:
            BridgeError: always: why it is lost.
        """
        self._ctx = ctx
        self.teller.connected(ctx)
        error: BridgeError | None = None
        async with asyncio.TaskGroup() as self._tasks:
            tasks = [self._tasks.create_task(self.stream.run_filters())]
            try:
                resumed = await self.stream.open(line, direct_tls=direct_tls)
                self.there = True
                rooms = self._unentered if resumed else await self._begin()
                tasks.append(self._tasks.create_task(self._enter_all(dict(rooms))))
                tasks.append(
                    self._tasks.create_task(
                        look_after(ctx, self.stream, self.rooms, self._enter_again, at_once=resumed)
                    )
                )
                await self.show()
                await ctx.state(Health(State.CONNECTED))
                await self.teller.follow()
            except BridgeError as e:
                error = e
            finally:
                self.there = False
                for task in tasks:
                    task.cancel()
                for waiting in self._said.values():
                    if not waiting.done():
                        waiting.set_exception(Interrupted(LOST))
        if type(error) in {NoneType, Interrupted} and self.stream.lost.done():
            self.stream.lost.result()  # raises: the server may have said why
        raise error or Interrupted(LOST)

    async def _begin(self) -> Mapping[str, str]:
        """What belongs to a new session; gives the rooms that are to be entered.

        Before the first thing that it waits for, nobody can act in a room of the session of before.
        """
        self.rooms.seats.clear()
        self._unentered.clear()
        await self.teller.begin()
        await self._ctx.state(Health(State.CATCHING_UP))
        try:
            await self.stream.ask(element(CARBONS, "enable"), kind="set")
        except Refused:
            self._ctx.log.warning("no_carbons")
        await self.teller.ingest(self.names.of_roster(await self.stream.address_book()))
        await self.keys.begin()
        await self.stream.appear()
        await self.teller.catch_up("")
        await self.keys.caught_up()
        rooms = await self.rooms.kept(self._ctx)
        self.begun = True
        return rooms

    async def show(self) -> None:
        """Say what there is to settle with the owner."""
        await self._ctx.matters((*self.passwords.matters, *self.keys.matters))

    # --- rooms ---

    async def _enter_all(self, rooms: Mapping[str, str]) -> None:
        few = asyncio.Semaphore(ROOMS_AT_ONCE)
        self._unentered.update(rooms)

        async def one(room: str, nick: str) -> None:
            for wait_s in itertools.chain(ENTER_AGAIN_S, itertools.repeat(ENTER_AGAIN_S[-1])):
                try:
                    async with few:
                        await self.enter(room, nick)
                except Refused as e:
                    gone = ConversationGone(conversation=ConversationRef(room), reason=str(e))
                    await self.teller.ingest([gone])
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
        self._unentered[room] = nick
        self.teller.behind(room)
        try:
            await self._go_into(room, nick, pressing=False)
        except Refused:
            del self._unentered[room]
            raise
        where = ConversationRef(room)
        seen = ConversationSeen(conversation=where, kind="group", title=room.partition("@")[0])
        if self.keys.on:
            await self.members.look(room)
        await self.teller.ingest([seen])
        await self.teller.catch_up(room)
        self._unentered.pop(room, None)
        return seen

    async def _look_at(self, room: str) -> None:
        """The room says that it is another than it was: what can be done there may be, too."""
        try:
            await self.members.look(room)
        except (Interrupted, Temporary):  # it is asked again when it is entered, or written to
            return
        await self.teller.ingest([ConversationSeen(conversation=ConversationRef(room), kind="group")])

    async def _go_into(self, room: str, nick: str = "", *, pressing: bool) -> None:
        try:
            await self.rooms.enter(room, nick)
        except errors.WantsPassword:
            await self.passwords.wanted(room, pressing=pressing)
            raise
        await self.passwords.entered(room)

    async def join(self, room: str, password: str = "") -> ConversationSeen:
        """Go into a room for good. Raises as `Rooms.enter`.

        It is kept before it is told: whoever is ended between the two comes in again.
        """
        if password and password.isprintable():
            self.rooms.passwords[room] = password
        self.teller.behind(room)
        await self._go_into(room, pressing=True)
        await self.rooms.keep(self._ctx, room)
        return await self.enter(room)

    async def accept(self, room: str, ticket: str) -> ConversationSeen:
        """Follow an invitation. Raises as `join`, and Gone where there is no such room any more."""
        if room not in self.rooms.seats:
            await is_there(self.stream, room)
        return await self.join(room, password_of(ticket))

    async def decline(self, room: str, ticket: str) -> None:
        """Say no, where that is passed on."""
        if inviter := inviter_of(ticket):
            self.put(declining(room, self.stream.new_id(), inviter))
            await self.stream.reached()

    async def leave(self, room: str) -> None:
        """Go out of a room for good, and tell so."""
        self.rooms.leave(room)
        await self.passwords.entered(room)
        await self.rooms.drop(self._ctx, room)
        await self.teller.ingest([ConversationGone(conversation=ConversationRef(room), reason="left")])

    def _notice(self, stanza: Element) -> list[Event]:
        """What somebody has published, or what became of something that we said."""
        if stanza.get("type") == "error":
            error = errors.of_stanza(stanza, self._ctx.clock.now())
            failed = returned(stanza, self.rooms.seats, str(error))
            return [] if failed is None else [failed]
        sender = bare(stanza.get("from", "")) or self.owner
        around = stanza.find(f"{{{PUBSUB_EVENT}}}event/{{{PUBSUB_EVENT}}}items")
        node = around.get("node", "") if around is not None else ""
        if around is None or self._tasks is None:
            return []
        if node == OMEMO_DEVICES:
            self._tasks.create_task(self._devices(sender, around))
        if node == AVATAR:
            return self.names.avatar(sender, around)
        if node == CLAIMS and (sender == self.owner or self.names.knows(sender)):
            return [claims.noticed(Actor(sender, is_owner=sender == self.owner), around)]
        if node != BOOKMARKS or sender != self.owner:
            return []
        self.rooms.marked(around)
        fresh = {room: nick for room, nick in wanted(around).items() if room not in self.rooms.seats}
        self._tasks.create_task(self._enter_all(fresh))
        gone = [bare(r.get("id", "")) for r in around.iterfind(f"{{{PUBSUB_EVENT}}}retract")]
        for room in gone:
            if room in self.rooms.seats:
                self._tasks.create_task(self.leave(room))
        return []

    async def _devices(self, who: str, told: Element) -> None:
        try:
            await self.keys.devices(who, told)
        except BridgeError:  # the line is lost, or they are asked for when they are needed
            self._ctx.log.warning("devices_not_noted")

    def room_message(self, room: str, archive_id: str, message_id: str) -> str:
        """The id of a message of the owner in a room."""
        seat = self.rooms.seats.get(room)
        return room_id(archive_id, own_actor(room, seat).remote_id if seat else room, message_id)

    # --- what comes ---

    def _on_message(self, stanza: Element, number: int) -> None:
        message_id = stanza.get("id", "")
        room = bare(stanza.get("from", ""))
        if stanza.get("type") == "error":
            error = errors.of_stanza(stanza, self._ctx.clock.now())
            forgotten = isinstance(error, errors.NotThere | errors.NoSuchThing)
            if forgotten and room in self.rooms.seats and self._tasks is not None:
                self._tasks.create_task(self._enter_again(room))
                error = Temporary(NOT_THERE)
            if self._settle(message_id, error):
                self.stream.done(number)
            else:
                self.teller.add((number, stanza))
        elif stanza.find(f"{{{PUBSUB_EVENT}}}event") is not None:
            self.teller.add((number, stanza))
        elif self.keys.on and stanza.get("from") in self.rooms.seats and CHANGED & codes(stanza):
            if self._tasks is not None:
                self._tasks.create_task(self._look_at(room))
            self.stream.done(number)
        elif (heard := self.teller.archives.take(stanza)) is not None:
            seat = self.rooms.seats.get(room)
            if stanza.get("type") == "groupchat" and seat and resource(stanza.get("from", "")) == seat.nick:
                self._settle(message_id, heard.archive_id)
            self.teller.add((number, heard))
        else:
            self.stream.done(number)

    def _on_presence(self, stanza: Element) -> None:
        if room := self.rooms.heard(stanza):
            self.teller.add(ConversationGone(conversation=ConversationRef(room), reason="put out"))

    def _on_roster(self, answer: Element) -> None:
        for event in self.names.of_roster(answer):
            self.teller.add(event)

    def _settle(self, message_id: str, result: str | BridgeError) -> bool:
        """Tell who waits for it; whether anybody does."""
        waiting = self._said.get(message_id)
        if waiting is None or waiting.done():
            return False
        if isinstance(result, BridgeError):
            waiting.set_exception(result)
        else:
            waiting.set_result(result)
        return True

    # --- what goes ---

    def archive_of(self, where: ConversationRef) -> tuple[str, str]:
        """Which archive has a conversation, and with whom. Raises Temporary outside of its room."""
        if where.private:
            return self.owner, where.remote_id
        if where.remote_id not in self.rooms.seats:
            raise Temporary(NOT_THERE)
        return where.remote_id, ""

    def can_lock(self, where: ConversationRef) -> bool:
        """Whether something can be locked for those who are there."""
        return self.keys.on and (where.private or where.remote_id in self.members.closed)

    async def is_to_lock(self, where: ConversationRef) -> bool:
        """Whether something is to be locked there although nobody asks for it now. Raises as `Stream.ask`."""
        if await self.keys.wanted(where):
            return True
        if not self.keys.first or not self.can_lock(where) or not self.teller.begun:
            return False
        try:
            return await self.keys.reaches(await self._readers(where))
        except Refused:  # the room does not say who reads there
            return False

    async def _readers(self, where: ConversationRef) -> Collection[str]:
        return {where.remote_id} if where.private else await self.members.of(where.remote_id)

    async def locked(self, where: ConversationRef, text: str) -> list[Element]:
        """What is in a stanza with a text that only those can read who are there; it may leave now.

        Raises:
            Temporary: there is no session, or the owner is not in the room.
            Refused: they cannot read it.
            BridgeError: as `Stream.ask`.
        """
        if not self.teller.begun:
            raise Temporary(NO_SESSION)
        if not where.private and where.remote_id not in self.rooms.seats:
            raise Temporary(NOT_THERE)
        try:
            readers = await self._readers(where)
            async with self.keys.turn() as keys:
                made = await keys.locked(where, readers, text)
                await self.teller.ingest(keys.news, kv=keys.changes)
                await keys.stored()
        except Interrupted as e:  # what was asked for first; of the message nothing has left
            raise Temporary(str(e)) from None
        return made

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


def _keys(ctx: Context, stream: Stream, members: Members, show: Callable[[], Awaitable[None]]) -> Keys:
    if (wanted := ctx.settings.get("omemo")) not in {"yes", "first"}:
        return NoKeys()
    from .omemo_keys import OmemoKeys  # noqa: PLC0415 - 24 MiB, for those who want it

    stream.hear(OMEMO_DEVICES)
    return OmemoKeys(ctx, stream, members.closed, first=wanted == "first", show=show)
