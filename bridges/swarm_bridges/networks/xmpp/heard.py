"""Messages out of what they came in: a carbon copy, an answer of an archive, a room. Pure.

Whoever wrote a stanza may have put anything into it, so these are believed only from those who can know them:
copies of the owner's other clients from the owner's own server, an archive's ids from that archive, an
occupant's id from a room that gives such, and whose an occupant's real address is from the room alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

from ...api import Actor, Origin
from .stanzas import CARBONS, CLIENT, DELAY, FORWARD, MAM, MUC_USER, OCCUPANT, SID, bare, resource, stamp

MAX_ID = 500
"""Characters of an id; a message with a longer one counts as one without."""


@dataclass(frozen=True, slots=True)
class Seat:
    """The owner's place in a room. `occupant` is empty where the room gives no such ids (XEP-0421)."""

    nick: str
    occupant: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """From where messages are looked at: the owner's bare address, and the rooms that the owner is in.

    `people` has by room the bare address of each nick, where the room shows it.
    """

    me: str
    rooms: Mapping[str, Seat]
    people: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heard:
    """A message, out of what it came in.

    `archive_id` is its id in the archive that it belongs to; `from_archive` whether that archive told it.
    `crypto` is how it was locked, if it was and has been opened. `writer` is the bare address of who wrote
    it, empty where a room does not show it; `own` whether that is the owner.
    """

    stanza: Element
    origin: Origin = Origin.LIVE
    time: float | None = None
    archive_id: str = ""
    from_archive: bool = False
    crypto: str = ""
    writer: str = ""
    own: bool = False


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
        archive_id, writer, mine = short(result.get("id", "")), *_writer(inner, view, archived=True)
        return Heard(inner, origin, time, archive_id, from_archive=True, writer=writer, own=mine), query
    for name in ("sent", "received"):
        if (copy := stanza.find(f"{{{CARBONS}}}{name}")) is not None:
            inner, time = _forwarded(copy)
            if inner is None or sender not in {view.me, ""} or inner.get("type") == "groupchat":
                return None
            writer = bare(inner.get("from", ""))
            if (name == "sent") != (writer == view.me) and bare(inner.get("to", "")) != writer:
                return None
            archive_id, mine = _archive_id(inner, view.me), writer == view.me
            return Heard(inner, Origin.LIVE, None, archive_id, writer=writer, own=mine), ""
    archive = bare(sender) if stanza.get("type") == "groupchat" else view.me
    late = stamp(stanza.find(f"{{{DELAY}}}delay"))
    origin = Origin.LIVE if late is None else Origin.CATCH_UP
    writer, mine = _writer(stanza, view)
    return Heard(stanza, origin, late, _archive_id(stanza, archive), writer=writer, own=mine), ""


def _writer(stanza: Element, view: View, *, archived: bool = False) -> tuple[str, bool]:
    """See `Heard.writer` and `Heard.own`. Of the past a room's archive says it, where the room shows it."""
    sender = stanza.get("from", "") or view.me
    room, nick = bare(sender), resource(sender)
    if stanza.get("type") != "groupchat":
        return room, room == view.me
    if room not in view.rooms:
        return "", False
    mine = occupant(stanza, room, view.rooms[room]).is_owner
    if not archived:
        writer = view.people.get(room, {}).get(nick, "")
    else:  # what somebody else has put there beside it makes it doubtful
        told = stanza.findall(f"{{{MUC_USER}}}x/{{{MUC_USER}}}item[@jid]")
        writer = bare(told[0].get("jid", "")) if len(told) == 1 else ""
    return writer, mine and writer in {"", view.me}


def occupant(stanza: Element, room: str, seat: Seat) -> Actor:
    """Who in a room has sent a stanza. The room itself has no nick."""
    nick = resource(stanza.get("from", ""))
    if not nick:
        return Actor(room)
    given = stanza.find(f"{{{OCCUPANT}}}occupant-id")
    occupant_id = short(given.get("id", "")) if given is not None else ""
    # Who is in a room that gives no such ids can put any into their stanzas.
    if seat.occupant and occupant_id:
        return Actor(f"{room}#{occupant_id}", is_owner=occupant_id == seat.occupant)
    return Actor(f"{room}/{nick}", is_owner=nick == seat.nick)


def own_actor(room: str, seat: Seat) -> Actor:
    """The owner in a room."""
    return Actor(f"{room}#{seat.occupant}" if seat.occupant else f"{room}/{seat.nick}", is_owner=True)


def _forwarded(around: Element) -> tuple[Element | None, float | None]:
    forwarded = around.find(f"{{{FORWARD}}}forwarded")
    if forwarded is None:
        return None, None
    return forwarded.find(f"{{{CLIENT}}}message"), stamp(forwarded.find(f"{{{DELAY}}}delay"))


def _archive_id(stanza: Element, archive: str) -> str:
    """The id that the archive gave; ids in others' names are for nobody (XEP-0359, 6)."""
    for given in stanza.iterfind(f"{{{SID}}}stanza-id"):
        if bare(given.get("by", "")) == archive:
            return short(given.get("id", "")).replace(" ", "")
    return ""


def short(text: str) -> str:
    """An id, or an empty text for one that is too long."""
    return text if len(text) <= MAX_ID else ""
