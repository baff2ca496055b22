"""Who can read what the owner writes with OMEMO in a conversation, and what is said there when that changes.

Devices are trusted without a question, those that were there when something was first written and those that
come later. But of later ones the owner is told, at once and where it matters: a server that adds a device of
its own cannot do it in silence. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, TypeAlias

import msgspec

from ...api import Actor, ActorSeen, ConversationRef, Event, MessageRef, MessageSeen, Notice
from ...notices import english

SPEAKER = Actor("omemo:keys")
NOTICE = "omemo-notice-"
"""Ids of notices begin so; nobody else knows them."""
SHOWN = 5
"""Devices that one notice names."""

Known: TypeAlias = dict[str, list[int]]
"""By address, the devices that were written to. None of somebody: they could not read it."""

SAYS = {
    "new": "{who} has a new device, which can read what is written here from now on: {devices}. If they have "
    "added none, somebody else reads along. Ask them in another way, and compare this fingerprint.",
    "own": "Your account has a new device, which can read what is written here from now on: {devices}. If "
    "you have added none, somebody else reads along: change your password, and remove that device.",
    "unconfirmed": "{who} has a new device that you have not confirmed: {devices}. Nothing is written to it "
    "until you do.",
    "joined": "{who} can read what is written here from now on.",
    "left": "{who} is no longer in this room, and cannot read what is written from now on.",
    "none": "{who} has no device with OMEMO, and cannot read what is written here.",
}


class Change(NamedTuple):
    """Something that the owner is to know; `kind` is a key of what it says."""

    kind: str
    who: str
    devices: tuple[int, ...] = ()


def load(data: bytes | None) -> Known | None:
    """As it was stored; None where nothing was written yet."""
    return None if data is None else msgspec.json.decode(data, type=Known)


def store(known: Known) -> bytes:
    """As it is stored."""
    return msgspec.json.encode(known)


def writing(before: Known | None, now: Mapping[str, Iterable[int]], me: str) -> tuple[Known, list[Change]]:
    """Who is known after something was written, and what is new.

    Args:
        before: who was known; None before anything was written.
        now: by address, the devices that it was written to, of the owner the others.
        me: the owner's address.
    """
    known, changes = Known(), list[Change]()
    for who, devices in sorted(now.items()):
        have = set(devices)
        had = set((before or {}).get(who, ()))
        known[who] = sorted(have | had if have else ())
        fresh = tuple(sorted(have - had))
        if who == me:
            if before is not None and fresh:
                changes.append(Change("own", who, fresh))
        elif not have:
            if had or before is None or who not in before:
                changes.append(Change("none", who))
        elif before is not None and not had:
            changes.append(Change("joined", who))
        elif before is not None and fresh:
            changes.append(Change("new", who, fresh))
    changes += [Change("left", who) for who in sorted((before or {}).keys() - now.keys())]
    return known, changes


def reading(before: Known | None, who: str, device: int, me: str) -> tuple[Known, list[Change]]:
    """The same after a message from a device of somebody to whom something was written before."""
    known = dict(before or {})
    devices = known.get(who, [])
    if not devices or device in devices:
        return known, []
    known[who] = sorted([*devices, device])
    return known, [Change("own" if who == me else "new", who, (device,))]


def unconfirmed(changes: Iterable[Change]) -> list[Change]:
    """The same where what is new is not written to."""
    return [change._replace(kind="unconfirmed") for change in changes]


def left_out(before: Known | None, known: Known, who: str, new: Iterable[int]) -> list[Change]:
    """What is new of somebody's devices that were not written to; they are `known` then."""
    fresh = tuple(sorted(set(new) - set((before or {}).get(who, ()))))
    known[who] = sorted({*known.get(who, ()), *fresh})
    return [Change("unconfirmed", who, fresh)] if fresh else []


def notice(
    where: ConversationRef, change: Change, fingerprints: Iterable[str], name: str, now: float
) -> list[Event]:
    """What is said in a conversation. `name` makes its id, `now` is in Unix seconds."""
    shown = "; ".join(fingerprints)
    said = Notice(SAYS[change.kind], {"who": change.who, "devices": shown})
    return [
        ActorSeen(actor=SPEAKER, name="OMEMO", bot=True),
        MessageSeen(
            ref=MessageRef(where, NOTICE + name),
            actor=SPEAKER,
            body=english(said),
            notice=said,
            remote_time=now,
        ),
    ]
