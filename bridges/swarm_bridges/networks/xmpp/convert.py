"""What an XMPP server tells, as events. Pure: elements in, events out.

`unwrap` takes a message out of what it came in (a carbon copy, an answer of an archive), where that came from
whom it may come; `events` says what it means. Whoever wrote a stanza may have put anything into it, so three
things are believed only from those who can know them: copies of the owner's other clients from the owner's
own server, an archive's ids from that archive, an occupant's id from a room that gives such.

**Ids of messages.** In a direct chat the sender's own id, since reactions, replies and corrections name it;
where it looks like a counter, the archive's. In a room `ARCHIVE_ID MESSAGE_ID`, since reactions and replies
name the first and corrections the second; each is an alias too, the second together with who wrote it, so
that nobody can correct what somebody else has written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from msgspec.structs import replace

from ...api import (
    Actor,
    ConversationRef,
    ConversationSeen,
    Event,
    Fleeting,
    IntentId,
    MessageGone,
    MessageRef,
    MessageSeen,
    OpaqueSeen,
    Origin,
    ReactionsNow,
    ReceiptMoved,
)
from ...document import Document
from ...text import from_plain
from .content import content
from .opaque import carried
from .stanzas import (
    CARBONS,
    CHAT_STATES,
    CLIENT,
    CONFERENCE,
    CORRECT,
    DELAY,
    FORWARD,
    MAM,
    MARKERS,
    MODERATE,
    MUC_USER,
    OCCUPANT,
    OMEMO,
    REACTIONS,
    RECEIPTS,
    REPLY,
    RETRACT,
    SID,
    bare,
    intent_of,
    resource,
    stamp,
)

MAX_ID = 500
"""Characters of an id; a message with a longer one counts as one without."""
MAX_REACTIONS = 20
MAX_REACTION = 32
MAX_TITLE = 2_000


@dataclass(frozen=True, slots=True)
class Seat:
    """The owner's place in a room. `occupant` is empty where the room gives no such ids (XEP-0421)."""

    nick: str
    occupant: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """From where messages are looked at: the owner's bare address, and the rooms that the owner is in."""

    me: str
    rooms: Mapping[str, Seat]


@dataclass(frozen=True, slots=True)
class Heard:
    """A message, out of what it came in.

    `archive_id` is its id in the archive that it belongs to; `from_archive` whether that archive told it.
    `crypto` is how it was locked, if it was and has been opened.
    """

    stanza: Element
    origin: Origin = Origin.LIVE
    time: float | None = None
    archive_id: str = ""
    from_archive: bool = False
    crypto: str = ""


def unwrap(stanza: Element, view: View, asked: Mapping[str, tuple[str, Origin]]) -> tuple[Heard, str] | None:
    """The message, and the id of the query that it answers (empty if none). None: it is not to be believed.

    Args:
        stanza: a message as it came.
        view: from where it is looked at.
        asked: by id of each open query, the archive that was asked and what its answers are.
    """
    sender = stanza.get("from", "")
    if (result := stanza.find(f"{{{MAM}}}result")) is not None:
        query = result.get("queryid", "")
        archive, origin = asked.get(query, (None, Origin.HISTORY))
        inner, time = _forwarded(result)
        if archive is None or inner is None or (bare(sender) or view.me) != archive:
            return None
        own = archive == view.me
        if own == (inner.get("type") == "groupchat") or (not own and bare(inner.get("from", "")) != archive):
            return None
        return Heard(inner, origin, time, _short(result.get("id", "")), from_archive=True), query
    for name in ("sent", "received"):
        if (copy := stanza.find(f"{{{CARBONS}}}{name}")) is not None:
            inner, time = _forwarded(copy)
            if inner is None or sender not in {view.me, ""} or inner.get("type") == "groupchat":
                return None
            writer = bare(inner.get("from", ""))
            if (name == "sent") != (writer == view.me) and bare(inner.get("to", "")) != writer:
                return None
            return Heard(inner, Origin.LIVE, None, _archive_id(inner, view.me)), ""
    archive = bare(sender) if stanza.get("type") == "groupchat" else view.me
    late = stamp(stanza.find(f"{{{DELAY}}}delay"))
    origin = Origin.LIVE if late is None else Origin.CATCH_UP
    return Heard(stanza, origin, late, _archive_id(stanza, archive)), ""


def events(heard: Heard, view: View) -> Iterator[Event | Fleeting]:
    """What a message means, in order. Nothing for what is of no interest."""
    stanza = heard.stanza
    kind = stanza.get("type", "normal")
    if kind not in {"chat", "normal", "groupchat"}:
        return
    found = _place(stanza, view)
    if found is None:
        return
    said = _Said(heard, *found)
    yield from said.events()


def _place(stanza: Element, view: View) -> tuple[ConversationRef, Actor, bool] | None:
    """Where it was said, who said it, and whether that is a room."""
    sender, to = stanza.get("from", "") or view.me, stanza.get("to", "")
    if stanza.get("type") == "groupchat":
        room = bare(sender)
        if room not in view.rooms:
            return None
        return ConversationRef(room), occupant(stanza, room, view.rooms[room]), True
    own = bare(sender) == view.me
    other = to if own else sender
    if not other:
        return None
    # What occupants of a room say to each other in private is between their places in it (XEP-0045, 7.5).
    peer = other if bare(other) in view.rooms and resource(other) else bare(other)
    return ConversationRef(peer, private=True), Actor(view.me if own else peer, is_owner=own), False


def occupant(stanza: Element, room: str, seat: Seat) -> Actor:
    """Who in a room has sent a stanza. The room itself has no nick."""
    nick = resource(stanza.get("from", ""))
    if not nick:
        return Actor(room)
    given = stanza.find(f"{{{OCCUPANT}}}occupant-id")
    occupant_id = _short(given.get("id", "")) if given is not None else ""
    # Who is in a room that gives no such ids can put any into their stanzas.
    if seat.occupant and occupant_id:
        return Actor(f"{room}#{occupant_id}", is_owner=occupant_id == seat.occupant)
    return Actor(f"{room}/{nick}", is_owner=nick == seat.nick)


def own_actor(room: str, seat: Seat) -> Actor:
    """The owner in a room."""
    return Actor(f"{room}#{seat.occupant}" if seat.occupant else f"{room}/{seat.nick}", is_owner=True)


def room_id(archive_id: str, actor: str, message_id: str) -> str:
    """The id of a message in a room, see above."""
    place = archive_id or actor.replace(" ", "_")
    return f"{place} {message_id}" if message_id else place


@dataclass(frozen=True, slots=True)
class _Said:
    """A message with the facts around it."""

    heard: Heard
    conversation: ConversationRef
    actor: Actor
    room: bool

    def events(self) -> Iterator[Event | Fleeting]:
        """What it means."""
        stanza = self.heard.stanza
        yield from self._state()
        yield from self._receipts()
        if not self.room and (blob := carried(stanza)) is not None:
            yield OpaqueSeen(
                ref=self._own_ref(),
                actor=self.actor,
                blob=blob,
                origin=self.heard.origin,
                remote_time=self.heard.time,
            )
        elif (retract := stanza.find(f"{{{RETRACT}}}retract")) is not None:
            yield from self._gone(retract)
        elif (reactions := stanza.find(f"{{{REACTIONS}}}reactions")) is not None:
            if target := _short(reactions.get("id", "")):
                values = [(r.text or "").strip() for r in reactions[:MAX_REACTIONS]]
                yield ReactionsNow(
                    target=self._ref(target),
                    actor=self.actor,
                    values=frozenset(v for v in values if 0 < len(v) <= MAX_REACTION),
                    origin=self.heard.origin,
                    remote_time=self.heard.time,
                )
        elif (tombstone := stanza.find(f"{{{RETRACT}}}retracted")) is not None and self.heard.from_archive:
            # The archive keeps the place of what was taken back: it was checked when it happened.
            moderated = tombstone.find(f"{{{MODERATE}}}moderated") is not None
            yield self._gone_event(self._own_ref(), None if moderated else self.actor)
        elif self._is_empty() or self._is_own():
            return
        elif self._omemo() or stanza.find(f"{{{CLIENT}}}body") is not None:
            yield self._seen()
        elif self.room and (subject := stanza.find(f"{{{CLIENT}}}subject")) is not None:
            topic = (subject.text or "")[:MAX_TITLE]
            yield ConversationSeen(
                conversation=self.conversation, kind="group", topic=topic, origin=self.heard.origin
            )
        else:
            yield from self._invitation()

    def _state(self) -> Iterator[Fleeting]:
        if self.heard.origin is Origin.LIVE and not self.actor.is_owner:
            for name, value in (("composing", "on"), ("paused", "off"), ("active", "off"), ("gone", "off")):
                if self.heard.stanza.find(f"{{{CHAT_STATES}}}{name}") is not None:
                    yield Fleeting(
                        kind="typing", actor=self.actor, value=value, conversation=self.conversation
                    )
                    return

    def _receipts(self) -> Iterator[Event]:
        for space, name, read in (
            (RECEIPTS, "received", False),
            (MARKERS, "received", False),
            (MARKERS, "displayed", True),
        ):
            mark = self.heard.stanza.find(f"{{{space}}}{name}")
            if mark is not None and (target := _short(mark.get("id", ""))):
                yield ReceiptMoved(
                    up_to=self._ref(target), actor=self.actor, read=read, origin=self.heard.origin
                )

    def _gone(self, retract: Element) -> Iterator[Event]:
        target = _short(retract.get("id", ""))
        moderated = retract.find(f"{{{MODERATE}}}moderated") is not None
        # Only the room itself takes back in the name of its moderators, and it has no nick (XEP-0425).
        by_room = self.room and not resource(self.heard.stanza.get("from", ""))
        if target and moderated == by_room:
            yield self._gone_event(self._ref(target), actor=None if by_room else self.actor)

    def _gone_event(self, target: MessageRef, actor: Actor | None) -> MessageGone:
        return MessageGone(target=target, actor=actor, origin=self.heard.origin, remote_time=self.heard.time)

    def _seen(self) -> MessageSeen:
        stanza, heard = self.heard.stanza, self.heard
        own = self._own_ref()
        text, files = content(stanza)
        crypto = self._omemo()
        message_id = _message_id(stanza)
        seen = MessageSeen(
            ref=own,
            actor=self.actor,
            body=Document() if crypto else from_plain(text),
            aliases=self._aliases(message_id, own),
            reply_to=self._reply_to(),
            title=(stanza.findtext(f"{{{CLIENT}}}subject") or "")[:MAX_TITLE],
            files=() if crypto else files,
            foreign_crypto=crypto or heard.crypto,
            unreadable="no_keys" if crypto else "",
            echo_of=IntentId(intent_of(message_id)) or None if self.actor.is_owner else None,
            origin=heard.origin,
            remote_time=heard.time,
        )
        corrected = stanza.find(f"{{{CORRECT}}}replace")
        if corrected is None or not (target := _short(corrected.get("id", ""))):
            return seen
        target = f"{self.actor.remote_id} {target.replace(' ', '')}" if self.room else target
        edit = self._ref(target)
        return replace(seen, ref=edit, revision=message_id or heard.archive_id or "1", aliases=())

    def _aliases(self, message_id: str, own: MessageRef) -> tuple[str, ...]:
        if not self.room:
            return ()
        both = self.heard.archive_id, f"{self.actor.remote_id} {message_id}" if message_id else ""
        return tuple(alias for alias in both if alias and alias != own.remote_id)

    def _own_ref(self) -> MessageRef:
        message_id, archive_id = _message_id(self.heard.stanza), self.heard.archive_id
        if self.room:
            return self._ref(room_id(archive_id, self.actor.remote_id, message_id))
        ours = self.actor.is_owner and intent_of(message_id)
        weak = not ours and (len(message_id) < 8 or message_id.isdecimal())
        return self._ref((archive_id if weak else "") or message_id or archive_id)

    def _ref(self, remote_id: str) -> MessageRef:
        return MessageRef(self.conversation, remote_id)

    def _reply_to(self) -> MessageRef | None:
        reply = self.heard.stanza.find(f"{{{REPLY}}}reply")
        target = _short(reply.get("id", "")) if reply is not None else ""
        return self._ref(target) if target else None

    def _omemo(self) -> str:
        known = any(self.heard.stanza.find(f"{{{space}}}encrypted") is not None for space in OMEMO)
        return "omemo" if known else ""

    def _is_own(self) -> bool:
        """Whether we have locked it ourselves, and so cannot open it; its text is known."""
        ours = self.actor.is_owner and bool(intent_of(_message_id(self.heard.stanza)))
        return ours and bool(self._omemo()) and self.heard.origin is not Origin.HISTORY

    def _is_empty(self) -> bool:
        """Whether it brings keys alone: clients send such things to each other unseen."""
        around = self.heard.stanza.find(f"{{{OMEMO[0]}}}encrypted")
        return around is not None and around.find(f"{{{OMEMO[0]}}}payload") is None

    def _invitation(self) -> Iterator[Event]:
        stanza = self.heard.stanza
        mediated = stanza.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}invite")
        direct = stanza.find(f"{{{CONFERENCE}}}x")
        room = bare(stanza.get("from", "")) if mediated is not None else ""
        if not room and direct is not None and not self.actor.is_owner:
            room = bare(direct.get("jid", ""))
        if room and len(room) <= MAX_ID:
            yield ConversationSeen(
                conversation=ConversationRef(room),
                kind="group",
                labels=("invitation",),
                origin=self.heard.origin,
            )


def room_reference(remote_id: str) -> str:
    """What reactions, replies and retractions in a room name: the archive's id."""
    return remote_id.partition(" ")[0]


def sender_id(remote_id: str) -> str:
    """What corrections name: the id that the sender gave."""
    return remote_id.rpartition(" ")[2]


def _forwarded(around: Element) -> tuple[Element | None, float | None]:
    forwarded = around.find(f"{{{FORWARD}}}forwarded")
    if forwarded is None:
        return None, None
    return forwarded.find(f"{{{CLIENT}}}message"), stamp(forwarded.find(f"{{{DELAY}}}delay"))


def _archive_id(stanza: Element, archive: str) -> str:
    """The id that the archive gave; ids in others' names are for nobody (XEP-0359, 6)."""
    for given in stanza.iterfind(f"{{{SID}}}stanza-id"):
        if bare(given.get("by", "")) == archive:
            return _short(given.get("id", "")).replace(" ", "")
    return ""


def _message_id(stanza: Element) -> str:
    origin = stanza.find(f"{{{SID}}}origin-id")
    return _short(stanza.get("id", "") or (origin.get("id", "") if origin is not None else "")).replace(
        " ", ""
    )


def _short(text: str) -> str:
    return text if len(text) <= MAX_ID else ""
