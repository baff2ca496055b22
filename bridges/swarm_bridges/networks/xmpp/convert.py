"""What messages mean, as events: pure. `heard` has taken them out of what they came in.

**Ids of messages.** In a direct chat the sender's own id, since reactions, replies and corrections name it;
where it looks like a counter, the archive's. In a room `ARCHIVE_ID MESSAGE_ID`, since reactions and replies
name the first and corrections the second; each is an alias too, the second together with who wrote it, so
that nobody can correct what somebody else has written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from msgspec.structs import replace

from ...api import (
    Actor,
    ConversationRef,
    ConversationSeen,
    DeliveryFailed,
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
from .heard import Heard, View, occupant, short
from .invitations import invited
from .opaque import carried
from .stanzas import (
    CHAT_STATES,
    CLIENT,
    CORRECT,
    MARKERS,
    MODERATE,
    OMEMO,
    REACTIONS,
    RECEIPTS,
    REPLY,
    RETRACT,
    SID,
    bare,
    intent_of,
    resource,
)

MAX_REACTIONS = 20
MAX_REACTION = 32
MAX_TITLE = 2_000


def events(heard: Heard, view: View) -> Iterator[Event | Fleeting]:
    """What a message means, in order. Nothing for what is of no interest."""
    stanza = heard.stanza
    kind = stanza.get("type", "normal")
    if kind not in {"chat", "normal", "groupchat"}:
        return
    found = _place(stanza, view)
    if found is None:
        return
    where, actor, in_room = found
    if not in_room and (asked := invited(stanza, actor, heard.origin)) is not None:
        # What the past has of them says nothing of now.
        if heard.origin is not Origin.HISTORY and asked.conversation.remote_id not in view.rooms:
            yield asked
        return
    said = _Said(heard, where, actor, in_room)
    yield from said.events()


def returned(stanza: Element, rooms: Collection[str], reason: str) -> DeliveryFailed | None:
    """What an error means that comes when a message of ours has left: another server does not take it.

    It counts from exactly whom the message went to: one of their clients speaks for itself alone.
    """
    sender, message_id = stanza.get("from", ""), short(stanza.get("id", ""))
    in_room, intent = bare(sender) in rooms, intent_of(message_id)
    if not intent or bool(resource(sender)) != in_room:
        return None
    where = ConversationRef(sender if in_room else bare(sender), private=True)
    return DeliveryFailed(target=MessageRef(where, message_id), reason=reason, intent=IntentId(intent))


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
            if target := short(reactions.get("id", "")):
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
            if mark is not None and (target := short(mark.get("id", ""))):
                yield ReceiptMoved(
                    up_to=self._ref(target), actor=self.actor, read=read, origin=self.heard.origin
                )

    def _gone(self, retract: Element) -> Iterator[Event]:
        target = short(retract.get("id", ""))
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
        text, files = content(stanza, opened=bool(heard.crypto))
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
        if corrected is None or not (target := short(corrected.get("id", ""))):
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
        target = short(reply.get("id", "")) if reply is not None else ""
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


def room_reference(remote_id: str) -> str:
    """What reactions, replies and retractions in a room name: the archive's id."""
    return remote_id.partition(" ")[0]


def sender_id(remote_id: str) -> str:
    """What corrections name: the id that the sender gave."""
    return remote_id.rpartition(" ")[2]


def _message_id(stanza: Element) -> str:
    origin = stanza.find(f"{{{SID}}}origin-id")
    return short(stanza.get("id", "") or (origin.get("id", "") if origin is not None else "")).replace(
        " ", ""
    )
