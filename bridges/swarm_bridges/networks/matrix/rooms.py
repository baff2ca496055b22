"""What is known of each room: a value that state events change, kept beside the cursor.

A server tells the state of a room once, and then what changes. So what was told is remembered (`kv`, in the
transaction of the batch that told it), and nothing is asked for again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from ...api import (
    Actor,
    ActorSeen,
    Context,
    ConversationGone,
    ConversationRef,
    ConversationSeen,
    Invitation,
    Notice,
    Origin,
    RemoteFile,
)
from ...api import (
    Event as Told,
)
from .model import ENCRYPTED, MAX_ID, MEGOLM, MEMBER, MESSAGE, REACTION, Event, number, table, text, texts

MOST_PEOPLE = 60
"""Of one room, by name. More are in it, and are named when they say something."""
MOST_POWERS, MOST_CHILDREN = 500, 1_000
MAX_TITLE = 1_000
"""Characters of names and topics."""
MODERATOR = 50
"""The power that one needs to take back others' messages, where a room does not say otherwise."""
SAYING = (MESSAGE, ENCRYPTED, REACTION)
"""What the owner may want to say, and may not be allowed to."""
KEPT = "room/"
SHOWS_IT = frozenset(
    {"m.room.create", "m.room.name", "m.room.canonical_alias", "m.room.topic", "m.room.encryption"}
)
"""What a room is, where the owner is not in it yet."""
MOST_INVITED = 200
HERE = frozenset({"join", "invite"})
NAMED = 5
NOTES = Notice("Notes")
"""People that stand in the title of a room without a name."""


class Person(msgspec.Struct, frozen=True, array_like=True):
    """Somebody in a room."""

    name: str = ""
    membership: str = ""


class Room(msgspec.Struct, frozen=True, omit_defaults=True):
    """A room. `membership` is the owner's: `join`, `invite`, or nothing."""

    id: str
    membership: str = ""
    name: str = ""
    alias: str = ""
    topic: str = ""
    encrypted: bool = False
    direct: bool = False
    space: bool = False
    version: str = "1"
    creators: tuple[str, ...] = ()
    powers: dict[str, int] = {}
    redact: int = MODERATOR
    usual: int = 0
    """The power of those whom `powers` does not name."""
    speak: int = 0
    """The power that one needs to say what `needs` does not name."""
    needs: dict[str, int] = {}
    people: dict[str, Person] = {}
    joined: int | None = None
    """How many are in it."""
    children: frozenset[str] = frozenset()
    """Rooms of a space."""
    moved_to: str = ""
    inviter: str = ""
    """Where the owner is invited: by whom, and with which words."""
    words: str = ""

    @property
    def ref(self) -> ConversationRef:
        """As the contract names it."""
        return ConversationRef(self.id)

    def may(self, who: str, kind: str) -> bool:
        """Whether somebody may send an event of a kind (1.11, 10.3)."""
        if self._is_made_by_the_mighty and who in self.creators:
            return True
        return self.powers.get(who, self.usual) >= self.needs.get(kind, self.speak)

    @property
    def _is_made_by_the_mighty(self) -> bool:
        """From version 12 on those who made a room stand above all."""
        return self.version.isdecimal() and int(self.version) >= 12

    @property
    def moderators(self) -> frozenset[str]:
        """Who may take back others' messages."""
        found = {who for who, power in self.powers.items() if power >= self.redact}
        if not self.powers or self._is_made_by_the_mighty:
            found |= set(self.creators)
        return frozenset(found)


def changed(room: Room, event: Event) -> Room:
    """A room after a state event; the same value where it changes nothing that is remembered."""
    said, key = event.content, event.state_key
    match event.type:
        case "m.room.name":
            return _with(room, name=text(said, "name")[:MAX_TITLE])
        case "m.room.canonical_alias":
            return _with(room, alias=text(said, "alias")[:MAX_ID])
        case "m.room.topic":
            return _with(room, topic=text(said, "topic")[:MAX_TITLE])
        case "m.room.encryption":
            return _with(room, encrypted=True)  # and never again not
        case "m.room.create":
            others = texts(said.get("additional_creators"), MOST_PEOPLE)
            creators = tuple(who for who in (event.sender, *others) if len(who) <= MAX_ID)
            version = text(said, "room_version")[:MAX_ID] or "1"
            return _with(room, creators=creators, version=version, space=text(said, "type") == "m.space")
        case "m.room.power_levels":
            powers = {
                who: power
                for who, power in islice(table(said.get("users")).items(), MOST_POWERS)
                if isinstance(power, int) and len(who) <= MAX_ID
            }
            redact, events = number(said, "redact"), table(said.get("events"))
            return _with(
                room,
                powers=powers,
                redact=MODERATOR if redact is None else redact,
                usual=_power(said, "users_default"),
                speak=_power(said, "events_default"),
                needs={kind: _power(events, kind) for kind in SAYING if kind in events},
            )
        case "m.room.tombstone":
            return _with(room, moved_to=text(said, "replacement_room")[:MAX_ID])
        case "m.space.child" if key and len(key) <= MAX_ID:
            more = bool(said.get("via")) and len(room.children) < MOST_CHILDREN
            children = room.children | {key} if more else room.children - {key}
            return _with(room, children=frozenset(children))
        case "m.room.member" if key and len(key) <= MAX_ID:
            return _moved(room, key, said)
    return room


def of_invitation(events: Iterable[Event], owner: str) -> list[Event]:
    """What an invitation says of its room, of which strangers can make any: what shows it, and few people.

    All of it is remembered, and there is little room for that.
    """
    known = [event for event in events if event.type in SHOWS_IT or event.type == MEMBER]
    mine = [event for event in known if event.type == MEMBER and event.state_key == owner]
    others = [event for event in known if event.type == MEMBER and event.state_key != owner]
    rest = {event.type: event for event in known if event.type != MEMBER}
    return [*rest.values(), *others[:NAMED], *mine[-1:]]


def _with(room: Room, **what: Any) -> Room:
    new = msgspec.structs.replace(room, **what)
    return room if new == room else new


def _power(said: Mapping[str, Any], name: str) -> int:
    """A power, which may be below zero."""
    value = said.get(name)
    return value if isinstance(value, int) and abs(value) < 1 << 53 else 0


def _moved(room: Room, who: str, said: Mapping[str, Any]) -> Room:
    """Somebody came, went, or has another name."""
    membership, people = text(said, "membership"), dict(room.people)
    if membership not in HERE:
        people.pop(who, None)
    elif who in people or len(people) < MOST_PEOPLE:
        people[who] = Person(text(said, "displayname")[:256], membership)
    return _with(room, people=people)


def name_of(room: Room, owner: str) -> str:
    """How a room is called: its name, its address, or who else is in it; empty where nobody is."""
    if room.name or room.alias:
        return room.name or room.alias
    others = sorted(person.name or who for who, person in room.people.items() if who != owner)
    return ", ".join(others[:NAMED])


def title_of(room: Room, owner: str) -> str | Notice:
    """How a room is called, also where the owner is alone in it."""
    return name_of(room, owner) or (NOTES if room.joined == 1 else room.id)


def seen(room: Room, owner: str, labels: Iterable[str] = ()) -> ConversationSeen:
    """A room as it is shown."""
    here = [who for who, person in room.people.items() if person.membership == "join"]
    asked = Invitation(by=Actor(room.inviter) if room.inviter else None, words=room.words)
    return ConversationSeen(
        conversation=room.ref,
        kind="direct" if room.direct else "group",
        title=title_of(room, owner),
        topic=room.topic,
        labels=tuple(labels),
        members=tuple(Actor(who, is_owner=who == owner) for who in here),
        members_complete=len(here) == room.joined,
        moderators=room.moderators,
        encrypted=MEGOLM if room.encrypted else "",
        invitation=asked if room.membership == "invite" else None,
    )


def person(event: Event, owner: str) -> ActorSeen | None:
    """How somebody is called, by an event of a member who is there."""
    if event.type != MEMBER or not event.state_key or text(event.content, "membership") not in HERE:
        return None
    who, avatar = event.state_key, text(event.content, "avatar_url")
    return ActorSeen(
        actor=Actor(who, is_owner=who == owner),
        name=text(event.content, "displayname") or local_part(who),
        handle=who,
        avatar=RemoteFile(id=avatar, media_type="image/*") if avatar.startswith("mxc://") else None,
    )


def local_part(user: str) -> str:
    """`ada` of `@ada:example.org`."""
    return user.partition(":")[0].removeprefix("@") or user


class Rooms:
    """All rooms of an account. What has changed waits in `news` for the batch that it goes with."""

    def __init__(self, owner: str, known: Mapping[str, Room]) -> None:
        self.owner = owner
        self._rooms = dict(known)
        self._told: dict[str, tuple[ConversationSeen, Sequence[bool]]] = {}
        """How each room was shown last, and what the owner could say there."""
        self.news: dict[str, bytes | None] = {}
        self._changed = True

    @classmethod
    async def remembered(cls, ctx: Context) -> Rooms:
        """As they were when the cursor was stored."""
        known = {}
        for name in await ctx.kv.names(KEPT):
            if value := await ctx.kv.get(name):
                room = msgspec.msgpack.decode(value, type=Room)
                known[room.id] = room
        return cls(ctx.owner, known)

    def get(self, room_id: str) -> Room:
        """A room; one of which nothing is known, if it is new."""
        return self._rooms.get(room_id) or Room(room_id)

    def knows(self, room_id: str) -> bool:
        """Whether the owner is in it, or is invited."""
        return room_id in self._rooms

    def all(self) -> list[Room]:
        """All of them."""
        return list(self._rooms.values())

    def is_full(self) -> bool:
        """Whether there are more invitations than somebody answers."""
        return sum(room.membership == "invite" for room in self._rooms.values()) >= MOST_INVITED

    def put(self, room: Room) -> None:
        """Note how a room is now."""
        if self._rooms.get(room.id) != room:
            self._rooms[room.id], self._changed = room, True
            self.news[KEPT + room.id] = msgspec.msgpack.encode(room)

    def succeed(self, old: Room, by: str, words: str) -> None:
        """A room goes on in another one, says who may say so; that is an invitation there, if it is new."""
        if not self.knows(old.moved_to):
            known = {"name": old.name, "topic": old.topic, "encrypted": old.encrypted, "direct": old.direct}
            new = Room(old.moved_to, membership="invite", inviter=by, words=words[:MAX_TITLE])
            self.put(msgspec.structs.replace(new, **known))

    def drop(self, room_id: str) -> None:
        """The owner is no longer in it."""
        self._told.pop(room_id, None)
        self._changed = True
        if self._rooms.pop(room_id, None) is not None:
            self.news[KEPT + room_id] = None

    def direct(self, rooms: frozenset[str]) -> None:
        """These are conversations with one person, says the owner's account; all others are not."""
        for room in self.all():
            if room.membership == "join":
                self.put(msgspec.structs.replace(room, direct=room.id in rooms))

    def show(self, room_id: str) -> ConversationSeen:
        """A room as it is shown, labelled with the spaces in which it is."""
        spaces = (r for r in self._rooms.values() if r.space and room_id in r.children)
        labels = sorted(name_of(space, self.owner) or space.id for space in spaces)
        return seen(self.get(room_id), self.owner, labels)

    def told(self, origin: Origin) -> list[Told]:
        """Rooms that are to be shown otherwise than before."""
        events: list[Told] = []
        if not self._changed:
            return events
        self._changed = False
        for room in self.all():
            if room.space or not room.membership or room.moved_to:
                continue
            shown = self.show(room.id)
            now = shown, [room.may(self.owner, kind) for kind in SAYING]
            if self._told.get(room.id) != now:
                self._told[room.id] = now
                events.append(msgspec.structs.replace(shown, origin=origin))
        return events

    def forget(self) -> None:
        """Tell all again: what was told may not have been stored."""
        self._changed = True
        self._told.clear()


def left(room: Room, reason: str) -> ConversationGone:
    """The owner is no longer in a room."""
    moved = ConversationRef(room.moved_to) if room.moved_to else None
    return ConversationGone(conversation=room.ref, reason=reason, moved_to=moved)
