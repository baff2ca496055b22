"""What XMPP calls an error, and what the node does about it. Words of the server are not passed on."""

from __future__ import annotations

import math
from xml.etree.ElementTree import Element

from ...api import (
    AuthExpired,
    AuthRevoked,
    BridgeError,
    Conflict,
    Gone,
    Interrupted,
    Limited,
    NotSupported,
    Refused,
    Temporary,
)
from .stanzas import CLIENT, ERRORS, UPLOAD, stamp

STREAMS = "urn:ietf:params:xml:ns:xmpp-streams"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
MAX_WAIT_S = 86_400


class NotThere(Refused):
    """A room does not know the owner (XEP-0045, 7.4): it was begun anew, and forgot who was in it."""


class NoSuchThing(Gone):
    """What was named is not there. For a room: nobody is in it since it was begun anew."""


class WantsPassword(Refused):
    """A room wants a password, or another one than was given."""


class NoSession(Temporary):
    """There is no session at the server now."""


class NoAnswer(Interrupted):
    """Whoever was asked has not answered in time. The line may be as it was."""


def of_stanza(stanza: Element, now: float) -> BridgeError:
    """The error in a stanza of type `error` (RFC 6120, 8.3). `now` is in Unix seconds."""
    error = stanza.find(f"{{{CLIENT}}}error")
    condition = _condition(error, ERRORS)
    match condition:
        case "item-not-found":
            return NoSuchThing(condition)
        case "gone" | "recipient-unavailable" | "remote-server-not-found":
            return Gone(condition)
        case "service-unavailable":
            return Gone("nobody is there, or does not take messages")
        case "resource-constraint" | "policy-violation":
            return Limited(condition, wait_s=_wait(error, now))
        case "internal-server-error" | "remote-server-timeout":
            return Temporary(condition)
        case "feature-not-implemented":
            return NotSupported(condition)
        case "not-acceptable":
            return NotThere(condition)
        case _:
            return Refused(condition)


def of_stream(error: Element) -> BridgeError:
    """The error with which a server ends a stream (RFC 6120, 4.9.3)."""
    condition = _condition(error, STREAMS)
    match condition:
        case "conflict":
            return Conflict("another session uses this account's place")
        case "not-authorized":
            # Before login this is a SASL failure, so here somebody has taken the account away.
            return AuthRevoked("the server has ended the login")
        case "resource-constraint" | "policy-violation":
            return Limited(condition)
        case _:
            return Interrupted(condition)


def of_login(failure: Element) -> BridgeError:
    """Why a login failed (RFC 6120, 6.5)."""
    condition = _condition(failure, SASL)
    match condition:
        case "account-disabled":
            return AuthRevoked(condition)
        case "temporary-auth-failure":
            return Temporary(condition)
        case _:
            return AuthExpired(condition)


def _wait(error: Element | None, now: float) -> float | None:
    """Whole seconds to wait, where an error names a time. Uploads alone have a word for it (XEP-0363, 5)."""
    retry = error.find(f"{{{UPLOAD}}}retry") if error is not None else None
    until = stamp(retry)
    return None if until is None else float(min(max(math.ceil(until - now), 1), MAX_WAIT_S))


def _condition(around: Element | None, namespace: str) -> str:
    start = f"{{{namespace}}}"
    for child in around if around is not None else ():
        name = child.tag.removeprefix(start)
        if name not in {child.tag, "text"}:
            return name[:40]
    return "undefined-condition"
