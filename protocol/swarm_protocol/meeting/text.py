"""Links as people pass them on: `swarm:1i#` and base64url (spec 40 §1).

Everything behind the `#` is a fragment, which a browser sends to nobody. The checksum stands in front, so
that a link that lost its end is told from one with a typo.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from enum import Enum

from .. import cbor, labels
from ..cbor import Record, Value
from ..errors import DecodeError, LimitError
from . import rules

_FORM = re.compile(r"swarm:([0-9]{1,3})([a-z])#([A-Za-z0-9_-]*)", re.IGNORECASE | re.ASCII)
_VERSION = "1"


class LinkKind(Enum):
    """What a link is for."""

    INVITE = "i"
    """To meet one person, once."""
    ADDRESS = "a"
    """To be asked by anybody."""
    RELAY = "r"
    """To use a relay."""
    SAFETY = "v"
    """To compare who is who, on two screens."""


_KINDS = {kind.value: kind for kind in LinkKind}


def format_link(kind: LinkKind, fields: Mapping[int, Value]) -> str:
    """Write a link. Same fields, same text.

    Raises:
        LimitError: it would be longer than a link may be.
    """
    body = cbor.encode(fields)
    text = f"swarm:{_VERSION}{kind.value}#{_base64url(_check(kind, body) + body)}"
    if len(text) > rules.MAX_TEXT:
        raise LimitError(f"a link of {len(text)} characters; {rules.MAX_TEXT} are allowed")
    return text


def parse_link(text: str, *wanted: LinkKind) -> tuple[LinkKind, Record]:
    """Read a link of one of these kinds, white space and broken lines aside.

    Raises:
        DecodeError: no link (`text-form`), one that lost its end (`text-complete`), or a typo (`text-check`).
        UnsupportedVersion: a newer program may read it (`text-version`).
        UnexpectedMessage: a link for something else (`text-kind`).
    """
    match = _FORM.fullmatch("".join(text[: 2 * rules.MAX_TEXT].split()))
    if match is None or len(match[0]) > rules.MAX_TEXT:
        raise rules.TEXT_FORM.undecodable()
    kind = _KINDS.get(match[2].lower())
    if match[1] != _VERSION or kind is None:
        raise rules.TEXT_VERSION.unsupported(f"{match[1]}{match[2]}")
    if kind not in wanted:
        raise rules.TEXT_KIND.unexpected(f"this one is for {kind.name.lower()}")
    encoded = match[3]
    if len(encoded) % 4 == 1:
        raise rules.TEXT_COMPLETE.undecodable()
    data = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    body = data[rules.CHECK_SIZE :]
    if data[: rules.CHECK_SIZE] != _check(kind, body):
        raise _without_check(body)
    if _base64url(data) != encoded:
        raise rules.TEXT_FORM.undecodable("another end")
    return kind, Record.decode(body, "a link")


def _without_check(body: bytes) -> DecodeError:
    """Why a checksum is wrong: a body that ends early was cut off."""
    try:
        cbor.decode(body)
    except DecodeError as e:
        if e.rule == cbor.COMPLETE.id:
            return rules.TEXT_COMPLETE.undecodable()
    return rules.TEXT_CHECK.undecodable()


def _check(kind: LinkKind, body: bytes) -> bytes:
    return labels.LINK_CHECK.hash(kind.value.encode() + body)[: rules.CHECK_SIZE]


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
