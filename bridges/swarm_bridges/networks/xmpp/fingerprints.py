"""Whose keys are whose: what the owner is shown of devices with OMEMO, and what is answered. Pure.

Of somebody of whom the owner has confirmed a device, others are written to when they are confirmed, too.
Of all other people each device is believed, as it comes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ...api import Field, Matter, Step

ALL = "omemo"
"""The matter in which the owner looks at anybody's keys."""
BLIND, CONFIRMED, REFUSED = "blind", "confirmed", "refused"
CHOICES = ((BLIND, "not compared"), (CONFIRMED, "it is theirs"), (REFUSED, "it is not theirs"))
MOST_PEOPLE, MOST_DEVICES = 500, 40


class Shown(NamedTuple):
    """A device as it is shown: its number, its fingerprint, and what the owner has said of it."""

    device: int
    fingerprint: str
    trust: str


def matter_id(who: str) -> str:
    """The matter of somebody's new devices."""
    return f"{ALL}.{hashlib.blake2b(who.encode(), digest_size=8).hexdigest()}"


def matters(unconfirmed: Iterable[str]) -> tuple[Matter, ...]:
    """What there is to settle: people with devices that are not written to, and everybody's keys."""
    new = (
        Matter(matter_id(who), f"{who} has a device that you have not confirmed."[:500], pressing=True)
        for who in sorted(unconfirmed)
    )
    return (*tuple(new)[:20], Matter(ALL, "Compare the keys of people who use OMEMO"))


def asking_who(people: Iterable[str], own: str) -> Step:
    """Whose keys are to be looked at? `own` is the fingerprint here."""
    known = sorted(people)[:MOST_PEOPLE]
    options, first = tuple((who, who) for who in known), known[0] if known else ""
    field = Field("who", "choice", "Whose keys?", options=options, default=first)
    return Step(
        id="who",
        kind="form",
        title="Compare keys",
        text="This is the key of this device. Others see it where they compare.",
        show={"code": own},
        fields=(field,) if known else (),
    )


def asking(who: str, devices: Iterable[Shown]) -> Step:
    """What is to be said of each of somebody's devices."""
    fields = (
        Field(_name(one), "choice", one.fingerprint, options=CHOICES, default=one.trust)
        for one in sorted(devices)
    )
    return Step(
        id="devices",
        kind="form",
        title=f"Keys of {who}",
        text="Ask them which keys their programs show, in another way than this one. When you have confirmed "
        "one, nothing is written to others of theirs before you have confirmed them, too.",
        fields=tuple(fields)[:MOST_DEVICES],
    )


def answered(devices: Iterable[Shown], answers: Mapping[str, str]) -> dict[int, str]:
    """What has changed of these devices; what was said of others is left alone."""
    known = {trust for trust, _ in CHOICES}
    said = {one.device: answers.get(_name(one), one.trust) for one in devices}
    before = {one.device: one.trust for one in devices}
    return {device: trust for device, trust in said.items() if trust in known and trust != before[device]}


def _name(one: Shown) -> str:
    """Of a field: the key is in it, so an answer about another key counts for nothing."""
    return f"d{one.device}-{one.fingerprint.replace(' ', '')[:32]}"
