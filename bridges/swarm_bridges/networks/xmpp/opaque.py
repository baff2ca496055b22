"""Bytes between nodes, in messages of direct chats: pure.

    <opaque xmlns="urn:swarmnode:opaque:1">BASE64</opaque>

A client that knows nothing of it shows the body, one sentence, which is marked as standing there for such
clients alone (XEP-0428). A hint (XEP-0334) has archives and offline storage keep the message.
"""

from __future__ import annotations

import base64
import binascii
from xml.etree.ElementTree import Element, SubElement

from .stanzas import AROUND, CLIENT, FALLBACK, HINTS, OPAQUE, element

MAX_OPAQUE = 65_536
"""Bytes that one message brings. Servers slow clients down that send much at once, some to 10,000 bytes a
second, and a page of an archive has a hundred messages."""
MAX_SENTENCE = 500
MAX_READ = 262_144
"""Bytes that are taken from others, whose limit may be another."""


def within(stanza: int) -> int:
    """How many bytes fit, where the server takes so large a stanza."""
    return min(max(stanza - AROUND, 0) // 4 * 3, MAX_OPAQUE)


def carrying(blob: bytes, sentence: str) -> list[Element]:
    """What a message with these bytes says."""
    mark = element(FALLBACK, "fallback", **{"for": OPAQUE})
    SubElement(mark, f"{{{FALLBACK}}}body")
    return [
        element(OPAQUE, "opaque", base64.b64encode(blob).decode()),
        element(CLIENT, "body", sentence[:MAX_SENTENCE]),
        mark,
        element(HINTS, "store"),
    ]


def carried(stanza: Element) -> bytes | None:
    """The bytes in a message; None where there are none, or what is there cannot be read."""
    text = "".join((stanza.findtext(f"{{{OPAQUE}}}opaque") or "").split())  # a server may break long lines
    if not text or len(text) > MAX_READ * 4 // 3 + 4:
        return None
    try:
        return base64.b64decode(text, validate=True) or None
    except (binascii.Error, ValueError):
        return None
