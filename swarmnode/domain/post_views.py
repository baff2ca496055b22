"""What screens see of posts: one text on several networks, and the truth about each (ADR 0034)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .views import AttachmentView, MessageView

POST = "post"
"""Ids of posts begin so."""


def is_post(text: str) -> bool:
    """Whether a text has the form of a post's id."""
    number = text.removeprefix(POST)
    return text != number and number.isascii() and number.isdecimal() and len(number) < 19


@dataclass(frozen=True, slots=True)
class Picture:
    """A file of a post, without its bytes."""

    name: str
    media_type: str
    size_bytes: int
    description: str = ""
    """What it shows, for those who cannot see it."""


@dataclass(frozen=True, slots=True)
class NoteView:
    """Something that the owner should know before posting. Codes are those of `domain.fitting.Note`."""

    code: str
    about: str = ""
    """A number, or the name of a file."""
    says: str = ""


@dataclass(frozen=True, slots=True)
class PieceView:
    """One post of a thread, and its length in the unit of its network, the content warning included."""

    text: str
    length: int


@dataclass(frozen=True, slots=True)
class FitView:
    """What would stand on one network, or why nothing would."""

    account: str
    network: str
    display: str
    limit: int | None = None
    """How long one post may be; None: any length."""
    unit: str = "grapheme"
    """What that counts: `byte`, `utf16`, `codepoint` or `grapheme`."""
    link_cost: int | None = None
    """What each link counts; None: as any text."""
    visibility: str = ""
    """Who will see it; empty where the network knows no such thing."""
    visibilities: tuple[str, ...] = ()
    """What can be chosen there, the usual one first."""
    pieces: tuple[PieceView, ...] = ()
    files: tuple[int, ...] = ()
    """Which files go along, by number from 0."""
    notes: tuple[NoteView, ...] = ()
    refused: str = ""
    """A code of `domain.fitting.Fitted`; empty where it can go."""
    about: str = ""
    """What is refused: the name of a file."""
    says: str = ""
    """Why it is refused, as a sentence."""


@dataclass(frozen=True, slots=True)
class PlaceView:
    """A post on one network."""

    account: str
    network: str
    display: str
    state: str
    """`scheduled`, `queued`, `waiting`, `maybe`, `sent`, `delivered`, `read`, `refused`, `expired` or
    `deleted`."""
    reason: str = ""
    """Why, a code or the network's own words."""
    says: str = ""
    """State and reason as a sentence."""
    messages: tuple[str, ...] = ()
    """Ids of the messages that it is there, in order; none where it was refused before anything was sent."""
    there: int = 0
    """How many of them the network has."""
    url: str = ""
    """Where it can be looked at on the web."""
    change: str = ""
    """What its owner wanted last: `edit` or `delete`; empty for nothing."""
    change_state: str = ""
    """`doing`, `done` or `refused`."""
    change_reason: str = ""


@dataclass(frozen=True, slots=True)
class PostView:
    """A post, and how it stands on each network."""

    id: str
    text: str
    """Empty once it is taken back."""
    wall_s: int
    state: str
    """Of all places together: see `together`; `scheduled` while it waits for its time."""
    places: tuple[PlaceView, ...]
    title: str = ""
    sensitive: bool = False
    visibility: str = ""
    language: str = ""
    edited: bool = False
    deleted: bool = False
    attachments: tuple[AttachmentView, ...] = ()
    answer_count: int = 0
    answers: tuple[MessageView, ...] = field(default=(), repr=False)
    """What people of all networks answered, by time, the last 200; in lists of posts none."""
    send_at: int = 0
    """When it leaves, where `state` is `scheduled`: its id is then one of the outbox, `w` and a number."""


FAILED = frozenset({"refused", "expired"})
THERE = frozenset({"sent", "delivered", "read"})
_STEPS = ("queued", "waiting", "maybe", "refused", "expired", "sent", "delivered", "read")
"""What a place is called when its messages are in several states: the first of these."""


def place_state(refused: str, states: Sequence[str]) -> str:
    """The state of a place; `states` are those of its messages, `deleted` for one that is gone."""
    if not states:
        return "refused" if refused else "deleted"
    standing = [state for state in states if state != "deleted"]
    return min(standing, key=_STEPS.index, default="deleted")


def together(states: Iterable[str]) -> str:
    """The state of a post.

    `maybe`: somewhere its owner is to look. `waiting`: somewhere it has not left. `sent`: it is on all
    networks; `partly` on some; `refused` on none. `deleted`: it is nowhere any more.
    """
    standing = {state for state in states if state != "deleted"}
    if not standing:
        return "deleted"
    if "maybe" in standing:
        return "maybe"
    if standing & {"queued", "waiting"}:
        return "waiting"
    if standing <= THERE:
        return "sent"
    return "partly" if standing & THERE else "refused"
