"""XML that the bridge sends, and the names of what it reads. Elements alone: no stream, no clock, no dice.

A message of ours has as its id, and as its origin id (XEP-0359), the intent and the number of its part with a
tilde between them, so that whoever sees it come back knows what it was, even after a restart.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement

CLIENT = "jabber:client"
PRESENCE = f"{{{CLIENT}}}presence"
ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas"

AVATAR = "urn:xmpp:avatar:metadata"  # XEP-0084
AVATAR_DATA = "urn:xmpp:avatar:data"
BOOKMARKS = "urn:xmpp:bookmarks:1"  # XEP-0402
CARBONS = "urn:xmpp:carbons:2"  # XEP-0280
CHAT_STATES = "http://jabber.org/protocol/chatstates"  # XEP-0085
CLAIMS = "urn:swarmnode:claims:1"  # our own
CONFERENCE = "jabber:x:conference"  # XEP-0249
CORRECT = "urn:xmpp:message-correct:0"  # XEP-0308
DELAY = "urn:xmpp:delay"  # XEP-0203
DISCO = "http://jabber.org/protocol/disco#info"  # XEP-0030
DISCO_ITEMS = "http://jabber.org/protocol/disco#items"
FALLBACK = "urn:xmpp:fallback:0"  # XEP-0428
FORM = "jabber:x:data"  # XEP-0004
FORWARD = "urn:xmpp:forward:0"  # XEP-0297
HINTS = "urn:xmpp:hints"  # XEP-0334
LIMITS = "urn:xmpp:stream-limits:0"  # XEP-0478
MARKERS = "urn:xmpp:chat-markers:0"  # XEP-0333
MAM = "urn:xmpp:mam:2"  # XEP-0313
MODERATE = "urn:xmpp:message-moderate:1"  # XEP-0425
MUC = "http://jabber.org/protocol/muc"  # XEP-0045
MUC_ADMIN = "http://jabber.org/protocol/muc#admin"
MUC_USER = "http://jabber.org/protocol/muc#user"
OCCUPANT = "urn:xmpp:occupant-id:0"  # XEP-0421
OMEMO = ("eu.siacs.conversations.axolotl", "urn:xmpp:omemo:2")  # XEP-0384
OMEMO_DEVICES = f"{OMEMO[0]}.devicelist"
OPAQUE = "urn:swarmnode:opaque:1"  # our own
OOB = "jabber:x:oob"  # XEP-0066
PUBSUB = "http://jabber.org/protocol/pubsub"  # XEP-0060
PUBSUB_EVENT = "http://jabber.org/protocol/pubsub#event"
PUBSUB_OPTIONS = "http://jabber.org/protocol/pubsub#publish-options"
PUBSUB_OWNER = "http://jabber.org/protocol/pubsub#owner"
REACTIONS = "urn:xmpp:reactions:0"  # XEP-0444
RECEIPTS = "urn:xmpp:receipts"  # XEP-0184
REPLY = "urn:xmpp:reply:0"  # XEP-0461
RETRACT = "urn:xmpp:message-retract:1"  # XEP-0424
ROSTER = "jabber:iq:roster"  # RFC 6121, 2
RSM = "http://jabber.org/protocol/rsm"  # XEP-0059
SID = "urn:xmpp:sid:0"  # XEP-0359
UPLOAD = "urn:xmpp:http:upload:0"  # XEP-0363
PING = "urn:xmpp:ping"  # XEP-0199

MAX_STANZA = 262_144
"""Bytes, where a server does not say: the usual bound of Prosody and ejabberd."""
AROUND = 4_000
"""Bytes of a message around what it says; every server takes stanzas of 10,000 (RFC 6120, 13.12)."""
WIDEST = 6
"""Bytes of one in XML: a quotation mark is `&quot;`."""


def text_within(stanza: int) -> int:
    """Bytes of a text that fit into a stanza, whatever it says."""
    return max(stanza - AROUND, 1) // WIDEST or 1


def bare(jid: str) -> str:
    """An address without the resource. Servers have prepared it (RFC 7622), so texts can be compared."""
    return jid.partition("/")[0].lower()


def resource(jid: str) -> str:
    """What follows the slash."""
    return jid.partition("/")[2]


def stamp(element_: Element | None) -> float | None:
    """The time in an element's `stamp` (XEP-0082), in Unix seconds; None where there is none."""
    try:
        time = datetime.fromisoformat(element_.get("stamp", "") if element_ is not None else "")
        return time.replace(tzinfo=time.tzinfo or UTC).timestamp()
    except (ValueError, OverflowError):
        return None


def own_id(intent: str, part: int) -> str:
    """The id of a message of ours."""
    return f"{intent}~{part}"


def intent_of(message_id: str) -> str:
    """The intent whose message has this id, or an empty text where we did not make it."""
    intent, tilde, part = message_id.rpartition("~")
    return intent if tilde and part.isdecimal() else ""


def element(namespace: str, name: str, text: str = "", **attributes: str) -> Element:
    """An element with a text."""
    made = Element(f"{{{namespace}}}{name}", attributes)
    made.text = xml_text(text) or None
    return made


def xml_text(text: str) -> str:
    """Text without the characters that no XML may hold (XML 1.0, 2.2): a server ends a stream over one."""
    return "".join(
        c for c in text if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c > "\uffff"
    )


def message(to: str, kind: str, message_id: str, children: Iterable[Element]) -> Element:
    """A message; `kind` is `chat` or `groupchat`."""
    made = Element(f"{{{CLIENT}}}message", {"to": to, "type": kind, "id": message_id})
    made.append(element(SID, "origin-id", id=message_id))
    made.extend(children)
    return made


def said(text: str, urls: Iterable[str] = ()) -> list[Element]:
    """What a message says: a text, and addresses of files, which stand in the text too for simple clients."""
    urls = list(urls)
    made = [element(CLIENT, "body", "\n".join([*([text] if text else []), *urls]))]
    for url in urls:
        file = element(OOB, "x")
        SubElement(file, f"{{{OOB}}}url").text = url
        made.append(file)
    return made


def asking_receipts() -> list[Element]:
    """Asks to be told when it has come, and when it was read. For direct chats."""
    return [element(RECEIPTS, "request"), element(MARKERS, "markable")]


def answering(message_id: str) -> Element:
    """Marks a reply."""
    return element(REPLY, "reply", id=message_id)


def correcting(message_id: str) -> Element:
    """Marks a message that replaces another."""
    return element(CORRECT, "replace", id=message_id)


def taking_back(message_id: str) -> list[Element]:
    """Takes a message back, and says so to clients that do not know what this is."""
    return [
        element(RETRACT, "retract", id=message_id),
        element(FALLBACK, "fallback", **{"for": RETRACT}),
        element(CLIENT, "body", "This person took a message back, which your client does not support."),
        element(HINTS, "store"),
    ]


def reacting(message_id: str, values: Iterable[str]) -> list[Element]:
    """Sets all reactions to a message."""
    made = element(REACTIONS, "reactions", id=message_id)
    for value in sorted(values):
        SubElement(made, f"{{{REACTIONS}}}reaction").text = xml_text(value)
    return [made, element(HINTS, "store")]


def query(after: str | None, before: str | None, limit: int, other: str = "", query_id: str = "") -> Element:
    """Asks an archive for a page: after an id, or before one; an empty `before` is the end of the archive."""
    made = element(MAM, "query", queryid=query_id)
    if other:
        made.append(form({"FORM_TYPE": MAM, "with": other}))
    page = SubElement(made, f"{{{RSM}}}set")
    SubElement(page, f"{{{RSM}}}max").text = str(limit)
    if after is not None:
        SubElement(page, f"{{{RSM}}}after").text = after
    if before is not None:
        SubElement(page, f"{{{RSM}}}before").text = before
    return made


def form(fields: dict[str, str]) -> Element:
    """A form that is filled in."""
    made = element(FORM, "x", type="submit")
    for name, value in fields.items():
        field = SubElement(made, f"{{{FORM}}}field", {"var": name})
        if name == "FORM_TYPE":
            field.set("type", "hidden")
        SubElement(field, f"{{{FORM}}}value").text = value
    return made


def entering(nick_address: str, password: str = "") -> Element:
    """Goes into a room, without the room's own way of telling what was before: the archive knows better."""
    made = Element(PRESENCE, {"to": nick_address})
    about = SubElement(made, f"{{{MUC}}}x")
    SubElement(about, f"{{{MUC}}}history", {"maxstanzas": "0"})
    if password:
        SubElement(about, f"{{{MUC}}}password").text = password
    return made


def presence(to: str, kind: str) -> Element:
    """A presence of one kind."""
    return Element(PRESENCE, {"to": to, "type": kind})


def publish(node: str, item: str, payload: Element, options: dict[str, str]) -> Element:
    """Publishes at one's own account (XEP-0163)."""
    made = element(PUBSUB, "pubsub")
    SubElement(
        SubElement(made, f"{{{PUBSUB}}}publish", {"node": node}), f"{{{PUBSUB}}}item", {"id": item}
    ).append(payload)
    if options:
        filled = form({"FORM_TYPE": PUBSUB_OPTIONS, **options})
        SubElement(made, f"{{{PUBSUB}}}publish-options").append(filled)
    return made


def retract_item(node: str, item: str) -> Element:
    """Takes back what was published."""
    made = element(PUBSUB, "pubsub")
    retracted = SubElement(made, f"{{{PUBSUB}}}retract", {"node": node, "notify": "true"})
    SubElement(retracted, f"{{{PUBSUB}}}item", {"id": item})
    return made


def items(node: str, item: str = "") -> Element:
    """Asks for what was published."""
    made = element(PUBSUB, "pubsub")
    wanted = SubElement(made, f"{{{PUBSUB}}}items", {"node": node})
    if item:
        SubElement(wanted, f"{{{PUBSUB}}}item", {"id": item})
    return made
