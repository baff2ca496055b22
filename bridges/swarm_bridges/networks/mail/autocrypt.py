"""Autocrypt, level 1: keys that travel in the heads of mails, and when to use them (its specification, 1.1).

A key that came so is as true as its mail: it keeps those out who listen, not those who write mails in the
name of others. So nothing here says that anybody was verified. Pure.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum

import msgspec

from .headers import ADDRESS, Head

MAX_KEY = 12 << 10
"""Bytes; what is larger has pictures in it, or post-quantum keys that no mail server would let pass."""
STALE_S = 35 * 86_400.0
"""After so long without its key in newer mails, an address has perhaps gone to a program without one."""
_KNOWN = frozenset({"addr", "prefer-encrypt", "keydata"})


class Peer(msgspec.Struct, frozen=True, array_like=True):
    """What mails from an address have said so far. Times are Unix seconds by their heads; 0 is never."""

    seen: float = 0.0
    said: float = 0.0
    key: bytes = b""
    mutual: bool = False
    """Whether it wants encryption where the other side does."""
    gossiped: float = 0.0
    gossip: bytes = b""
    """The key that somebody else has told of it."""


@dataclass(frozen=True, slots=True)
class Said:
    """A header."""

    address: str
    key: bytes = field(repr=False)
    mutual: bool = False


class Advice(IntEnum):
    """Whether a mail can be encrypted, and should be."""

    DISABLE = 0
    DISCOURAGE = 1
    AVAILABLE = 2
    ENCRYPT = 3


def parsed(value: str) -> Said | None:
    """A header's value; None for one that makes no sense, or asks for what we do not know (section 2.1)."""
    found: dict[str, str] = {}
    for piece in value.split(";"):
        name, equals, text = piece.partition("=")
        name = name.strip().lower()
        if equals and not name.startswith("_"):
            found.setdefault(name, re.sub(r"\s", "", text))
    if not {"addr", "keydata"} <= found.keys() <= _KNOWN or not ADDRESS.fullmatch(found["addr"]):
        return None
    try:
        key = base64.b64decode(found["keydata"], validate=True)
    except (binascii.Error, ValueError):
        return None
    if not 0 < len(key) <= MAX_KEY:
        return None
    return Said(found["addr"].lower(), key, found.get("prefer-encrypt") == "mutual")


def header(address: str, key: bytes, *, mutual: bool) -> str:
    """A header's value, in pieces that can be folded."""
    text = base64.b64encode(key).decode()
    pieces = [text[n : n + 60] for n in range(0, len(text), 60)]
    prefer = " prefer-encrypt=mutual;" if mutual else ""
    return f"addr={address};{prefer} keydata={' '.join(pieces)}"


def may_say(head: Head) -> bool:
    """Whether a mail may say something about its sender: those of lists and programs do not (section 2.3)."""
    one = len(head.people("From")) == 1
    return one and not head.list_id and not head.is_for_many and not head.is_automatic


def said(head: Head) -> Said | None:
    """What a head says about its sender; of two that do, none is believed."""
    found = [s for value in head.every("Autocrypt") if (s := parsed(value)) is not None]
    mine = [s for s in found if s.address == head.sender.address]
    return mine[0] if len(mine) == 1 else None


def updated(peer: Peer, what: Said | None, when: float) -> Peer:
    """What is known after a mail (section 2.3). Older mails change nothing."""
    if when < peer.said:
        return peer
    seen = max(peer.seen, when)
    if what is None:
        return msgspec.structs.replace(peer, seen=seen)
    return msgspec.structs.replace(peer, seen=seen, said=when, key=what.key, mutual=what.mutual)


def gossiped(peer: Peer, what: Said, when: float) -> Peer:
    """What is known after somebody has told of another's key."""
    return peer if when < peer.gossiped else msgspec.structs.replace(peer, gossiped=when, gossip=what.key)


def key_of(peer: Peer) -> bytes:
    """The key to encrypt to, or nothing."""
    return peer.key or peer.gossip


def advice(peers: Iterable[Peer], *, mutual: bool, answers_encrypted: bool) -> Advice:
    """For a mail to all of these (section 2.4); `mutual` is the owner's own wish."""
    them = list(peers)
    each = min((_alone(peer) for peer in them), default=Advice.DISABLE)
    if each is Advice.DISABLE:
        return each
    if answers_encrypted:
        return Advice.ENCRYPT
    if each is Advice.AVAILABLE and mutual and all(peer.mutual for peer in them):
        return Advice.ENCRYPT
    return each


def _alone(peer: Peer) -> Advice:
    if not key_of(peer):
        return Advice.DISABLE
    if not peer.key or peer.seen - peer.said > STALE_S:
        return Advice.DISCOURAGE
    return Advice.AVAILABLE
