"""Invitations into rooms: by the room in somebody's name (XEP-0045, 7.8.2), or by them directly (XEP-0249).

Nobody says that one no longer stands. So before one is accepted the room is asked whether it is there: to
enter one that is not would make it anew, with the owner as its keeper.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement

from ...api import Actor, ConversationRef, ConversationSeen, Gone, Invitation, Origin, Refused
from . import errors
from .rooms import MAX_PASSWORD
from .stanzas import CLIENT, CONFERENCE, DISCO, MUC_USER, bare, element, message, resource
from .stream import Stream

MAX_ADDRESS = 500
MAX_WORDS = 1_000


def invited(stanza: Element, sender: Actor, origin: Origin) -> ConversationSeen | None:
    """The room into which a message invites; None where it does not, or is the owner's own."""
    if sender.is_owner:
        return None
    found = _by_room(stanza) or _directly(stanza, sender)
    if found is None or not 0 < len(found[0]) <= MAX_ADDRESS:
        return None
    room, invitation = found
    return ConversationSeen(
        conversation=ConversationRef(room), kind="group", invitation=invitation, origin=origin
    )


def _by_room(stanza: Element) -> tuple[str, Invitation] | None:
    """Who asks is what the room says; somebody in the room, who has a nick, cannot speak for it."""
    sender = stanza.get("from", "")
    invite = stanza.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}invite")
    if invite is None or resource(sender):
        return None
    by = invite.get("from", "")[:MAX_ADDRESS]
    words = (invite.findtext(f"{{{MUC_USER}}}reason") or "").strip()[:MAX_WORDS]
    room = bare(sender)
    who = f"{room}/{resource(by)}" if bare(by) == room else bare(by)  # where people are known by nicks alone
    word = stanza.findtext(f"{{{MUC_USER}}}x/{{{MUC_USER}}}password") or ""
    return room, Invitation(
        by=Actor(who) if who else None, vouched=False, words=words, ticket=_ticket(by, word)
    )


def _directly(stanza: Element, sender: Actor) -> tuple[str, Invitation] | None:
    """What else stands in such a message is for clients that know none: the words, if there are no others."""
    asked = stanza.find(f"{{{CONFERENCE}}}x")
    if asked is None:
        return None
    words = asked.get("reason") or stanza.findtext(f"{{{CLIENT}}}body") or ""
    ticket = _ticket("", asked.get("password", ""))
    return bare(asked.get("jid", "")), Invitation(by=sender, words=words.strip()[:MAX_WORDS], ticket=ticket)


def _ticket(by: str, password: str) -> str:
    """Who is to be told when the owner does not come, and the room's password, if it was sent along."""
    return f"{by}\n{password[:MAX_PASSWORD]}" if password else by


def inviter_of(ticket: str) -> str:
    """The first; nothing where nobody is told."""
    return ticket.partition("\n")[0]


def password_of(ticket: str) -> str:
    """The second."""
    return ticket.partition("\n")[2]


def declining(room: str, message_id: str, ticket: str) -> Element:
    """Tells who invited, through the room, that the owner does not come."""
    made = element(MUC_USER, "x")
    SubElement(made, f"{{{MUC_USER}}}decline", {"to": ticket})
    return message(room, "normal", message_id, [made])


async def is_there(stream: Stream, room: str) -> None:
    """Ask whether a room is there.

    Raises:
        Gone: it is not.
        BridgeError: as `Stream.ask`.
    """
    try:
        await stream.ask(element(DISCO, "query"), to=room)
    except (errors.NoSuchThing, Gone):
        raise Gone("this invitation no longer stands") from None
    except Refused:
        return  # it is there, and tells strangers nothing
