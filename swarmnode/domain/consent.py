"""Whether somebody's words may go elsewhere, decided from what they said about it (ADR 0034). Pure.

Who said nothing has not allowed it. A no covers more than it names and outlasts a yes; only a later yes that
they said themselves, knowing of it, is more than a no.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Scope(StrEnum):
    """Where words may go."""

    FORWARD = "forward"
    """Into a conversation."""
    PUBLISH = "publish"
    """To a timeline, where everybody may read them. Who allows that allows to forward them, too."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that somebody said. A higher `number` is later."""

    number: int
    allowed: bool
    scope: Scope
    place: str = ""
    """The conversation whose words it is about; empty: all."""
    own_word: bool = False
    """Of a yes: they know of an earlier no, and take it back."""


def allows(entries: Iterable[Entry], scope: Scope, place: str) -> bool:
    """Whether words said at a place may go elsewhere in this way."""
    about = [entry for entry in entries if entry.place in {"", place} and _covers(entry, scope)]
    refusals = [entry for entry in about if not entry.allowed]
    return any(
        entry.allowed and all(entry.own_word and entry.number > refusal.number for refusal in refusals)
        for entry in about
    )


def refuses(entries: Iterable[Entry], scope: Scope, place: str) -> bool:
    """Whether somebody said no, and that still stands; to say nothing is not to say no."""
    entries = list(entries)
    said_no = any(not e.allowed and e.place in {"", place} and _covers(e, scope) for e in entries)
    return said_no and not allows(entries, scope, place)


def _covers(entry: Entry, scope: Scope) -> bool:
    """A yes to publishing covers forwarding; a no to forwarding covers publishing."""
    wide = Scope.PUBLISH if entry.allowed else Scope.FORWARD
    return entry.scope in {scope, wide}


@dataclass(frozen=True, slots=True)
class ConsentView:
    """What somebody said about their words going elsewhere."""

    id: str
    name: str
    network: str
    """Id of the bridge; empty for a persona."""
    remote_id: str
    scope: str
    """`forward` or `publish`."""
    allowed: bool
    own_word: bool
    at: int
    person: str = ""
    """In the address book, if they are there."""
    chat: str = ""
    """The conversation whose words it is about; empty: all."""
    chat_title: str = ""
    chat_title_translations: Mapping[str, str] = field(default_factory=dict, repr=False)
    """As `ChatView.title_translations`."""
