"""Rooms (XEP-0045) that the owner is in, and the bookmarks (XEP-0402) that say which those are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from xml.etree.ElementTree import Element, SubElement

import msgspec

from ...api import BridgeError, Conflict, Context, Gone, Interrupted, NotSupported, Refused
from . import errors
from .heard import Seat
from .stanzas import (
    BOOKMARKS,
    ERRORS,
    MUC_USER,
    OCCUPANT,
    PING,
    PUBSUB,
    PUBSUB_EVENT,
    bare,
    element,
    entering,
    items,
    presence,
    publish,
    resource,
    retract_item,
)
from .stream import Stream

ROOMS, PASSWORDS = "rooms", "room-passwords"
"""Names of what is remembered: rooms that were entered here, and passwords of rooms."""
MAX_PASSWORD = 1_000
MOST_PEOPLE = 10_000
"""Of one room, whose addresses are known. Who comes behind them is known by name."""
ENTER_S = 30.0
TRIES = 3
"""Names that are tried where somebody has the owner's already."""
PUT_OUT = {"301", "307", "321", "322"}
"""Banned, kicked, no longer a member, only for members now (XEP-0045, 15.6)."""
PASSING = {"332", "333"}
"""The service stops, or cannot reach us: not meant."""
OPTIONS = {
    "pubsub#persist_items": "true",
    "pubsub#max_items": "max",
    "pubsub#send_last_published_item": "never",
    "pubsub#access_model": "whitelist",
}


class Rooms:
    """`seats` are the rooms in which the owner is now, by address."""

    def __init__(self, stream: Stream, nick: str) -> None:
        self._stream, self._nick = stream, nick
        self._entering: dict[str, asyncio.Future[Seat]] = {}
        self.seats: dict[str, Seat] = {}
        self.people: dict[str, dict[str, str]] = {}
        """By room, the bare address of each nick, where the room shows it."""
        self.passwords: dict[str, str] = {}
        """Of rooms that want one."""
        self._marked: set[str] = set()
        """Rooms in whose bookmark another client has put the password."""

    async def enter(self, room: str, nick: str = "") -> Seat:
        """Go into a room; at once if the owner is there already.

        Raises:
            Interrupted: the room does not answer.
            WantsPassword: it wants one, or another than is known.
            BridgeError: what the room says, see `errors.of_stanza`.
        """
        if room in self.seats:
            return self.seats[room]
        for number in range(TRIES):
            name = (nick or self._nick) + "_" * number
            waiting: asyncio.Future[Seat] = asyncio.get_running_loop().create_future()
            self._entering[room] = waiting
            try:
                self._stream.put(entering(f"{room}/{name}", self.passwords.get(room, "")))
                async with asyncio.timeout(ENTER_S):
                    return await waiting
            except TimeoutError:
                raise Interrupted("the room does not answer") from None
            except Conflict:
                continue
            finally:
                self._entering.pop(room, None)
        raise Conflict("all names are taken in this room")

    async def has_forgotten(self, room: str) -> bool:
        """Whether a room no longer knows the owner, who has not left: a ping to oneself in it (XEP-0410)."""
        if (seat := self.seats.get(room)) is None:
            return False
        try:
            await self._stream.ask(element(PING, "ping"), to=f"{room}/{seat.nick}")
        except BridgeError as e:
            # Any other answer came through the room to us, or says that its server is not there.
            still = isinstance(e, Gone | NotSupported) and not isinstance(e, errors.NoSuchThing)
            return isinstance(e, Refused) and not still
        return False

    def leave(self, room: str) -> None:
        """Go out of a room."""
        if (seat := self.seats.pop(room, None)) is not None:
            self._stream.put(presence(f"{room}/{seat.nick}", "unavailable"))
        self.people.pop(room, None)

    def heard(self, stanza: Element) -> str:
        """Note a presence. Gives the room out of which somebody put the owner by it, if one did."""
        sender = stanza.get("from", "")
        room, nick, kind = bare(sender), resource(sender), stanza.get("type", "")
        about = stanza.find(f"{{{MUC_USER}}}x")
        waiting = self._entering.get(room)
        if kind == "error":
            if waiting is not None and not waiting.done():
                waiting.set_exception(_refusal(stanza, self._stream.now()))
            return ""
        if about is None or (waiting is None and room not in self.seats):
            return ""
        told = codes(stanza)
        if kind == "unavailable":
            self.people.get(room, {}).pop(nick, None)
            seat = self.seats.get(room)
            if seat is None or "303" in told or ("110" not in told and nick != seat.nick):
                return ""
            del self.seats[room]
            destroyed = about.find(f"{{{MUC_USER}}}destroy") is not None
            return room if destroyed or (told & PUT_OUT and not told & PASSING) else ""
        item = about.find(f"{{{MUC_USER}}}item")
        people = self.people.setdefault(room, {})
        if item is not None and item.get("jid") and (nick in people or len(people) < MOST_PEOPLE):
            people[nick] = bare(item.get("jid", ""))
        if "110" in told:
            given = stanza.find(f"{{{OCCUPANT}}}occupant-id")
            self.seats[room] = Seat(nick, given.get("id", "") if given is not None else "")
            if waiting is not None and not waiting.done():
                waiting.set_result(self.seats[room])
        return ""

    # --- which ones ---

    async def kept(self, ctx: Context) -> dict[str, str]:
        """The rooms that the owner wants to be in, and the name in each (empty: the usual one).

        Their passwords are known then.

        Those of the bookmarks, and those that were entered here: some servers have no place for bookmarks.
        """
        try:
            answer = await self._stream.ask(items(BOOKMARKS))
        except Interrupted:
            raise
        except BridgeError:
            self.passwords |= await _read(ctx, PASSWORDS)
            return await _read(ctx, ROOMS)
        around = answer.find(f"{{{PUBSUB}}}pubsub/{{{PUBSUB}}}items")
        self.marked(around, PUBSUB)
        self.passwords |= await _read(ctx, PASSWORDS)
        return {**await _read(ctx, ROOMS), **wanted(around, PUBSUB)}

    def marked(self, around: Element | None, space: str = PUBSUB_EVENT) -> None:
        """Take passwords out of bookmarks, where other clients have put them."""
        found = {room: word for room, mark in _marks(around, space) if (word := _password(mark))}
        self._marked |= found.keys()
        self.passwords |= found

    async def keep(self, ctx: Context, room: str) -> None:
        """Remember that the owner is in a room, and tell the owner's other clients if there are bookmarks."""
        known = {room: self.passwords[room]} if room in self.passwords else {}
        await _write(ctx, {**await _read(ctx, ROOMS), room: ""}, {**await _read(ctx, PASSWORDS), **known})
        mark = element(BOOKMARKS, "conference", autojoin="true")
        SubElement(mark, f"{{{BOOKMARKS}}}nick").text = self._nick
        if room in self._marked:  # else it stays here: the server need not know it
            SubElement(mark, f"{{{BOOKMARKS}}}password").text = self.passwords.get(room)
        # Older servers refuse the options. Without them they would keep the newest bookmark alone.
        await self._ask_for(ctx, publish(BOOKMARKS, room, mark, OPTIONS))

    async def drop(self, ctx: Context, room: str) -> None:
        """Forget that the owner is in a room, everywhere."""
        rooms, words = await _read(ctx, ROOMS), await _read(ctx, PASSWORDS)
        for known in (rooms, words, self.passwords):
            known.pop(room, None)
        self._marked.discard(room)
        await _write(ctx, rooms, words)
        await self._ask_for(ctx, retract_item(BOOKMARKS, room))

    async def _ask_for(self, ctx: Context, payload: Element) -> None:
        try:
            await self._stream.ask(payload, kind="set")
        except Interrupted:
            raise
        except BridgeError:
            ctx.log.info("no_bookmark")


async def _read(ctx: Context, name: str) -> dict[str, str]:
    return msgspec.json.decode(await ctx.kv.get(name) or b"{}", type=dict[str, str])


async def _write(ctx: Context, rooms: dict[str, str], words: dict[str, str]) -> None:
    await ctx.kv.put({ROOMS: msgspec.json.encode(rooms), PASSWORDS: msgspec.json.encode(words)})


def _marks(around: Element | None, space: str) -> Iterator[tuple[str, Element]]:
    """Rooms that are to be entered, and the bookmark of each."""
    for item in around.iterfind(f"{{{space}}}item") if around is not None else ():
        mark = item.find(f"{{{BOOKMARKS}}}conference")
        room = bare(item.get("id", ""))
        if mark is not None and room and mark.get("autojoin") in {"true", "1"}:
            yield room, mark


def _password(mark: Element) -> str:
    return (mark.findtext(f"{{{BOOKMARKS}}}password") or "")[:MAX_PASSWORD]


def wanted(around: Element | None, space: str = PUBSUB_EVENT) -> dict[str, str]:
    """Rooms and names in the items of an answer, or of a notice, that are to be entered."""
    return {room: mark.findtext(f"{{{BOOKMARKS}}}nick") or "" for room, mark in _marks(around, space)}


def codes(stanza: Element) -> set[str]:
    """What a room says beside a message or a presence, as numbers (XEP-0045, 15.6)."""
    return {status.get("code", "") for status in stanza.iterfind(f"{{{MUC_USER}}}x/{{{MUC_USER}}}status")}


def _refusal(stanza: Element, now: float) -> BridgeError:
    if stanza.find(f".//{{{ERRORS}}}conflict") is not None:
        return Conflict("somebody has this name")
    if stanza.find(f".//{{{ERRORS}}}not-authorized") is not None:
        return errors.WantsPassword("this room wants a password: you are asked for it")
    return errors.of_stanza(stanza, now)
