"""A feed as it was read, whatever it was written in."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_ENTRIES = 10_000
"""Of one document, the first ones, which are the newest; fewer than are remembered."""


class Unreadable(Exception):
    """What came is no feed. `reason` is for machines, the text for people; neither quotes what came."""

    def __init__(self, reason: str) -> None:
        super().__init__(REASONS[reason])
        self.reason = reason


REASONS = {
    "empty": "the answer is empty",
    "page": "this is a web page and no feed",
    "kind": "this is neither RSS nor Atom nor JSON Feed",
    "broken": "its XML is broken, beyond mending",
    "entities": "it declares entities, which feeds need not and attacks do",
    "large": "it has more parts than a feed has in earnest",
    "json": "its JSON is broken",
}


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that belongs to an entry."""

    url: str
    media_type: str = ""
    size_bytes: int | None = None
    title: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One item of a feed. Texts are empty where it says nothing; times are Unix seconds, as it claims."""

    id: str
    """What the feed calls it, if it does."""
    link: str
    title: str
    """One line of plain text."""
    markup: str = field(repr=False)
    """HTML."""
    base: str
    """What relative addresses in `markup` start from."""
    author: str = ""
    published: float | None = None
    updated: float | None = None
    files: tuple[Enclosure, ...] = ()


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed, its entries in the order of the document."""

    title: str
    about: str
    home: str
    """The page that it belongs to."""
    author: str
    entries: tuple[Entry, ...]
    deleted: tuple[str, ...] = ()
    """Ids of entries that it says are gone (RFC 6721)."""
    own_url: str = ""
    """Where it says that it lies: the topic for a hub."""
    hubs: tuple[str, ...] = ()
    every_s: float | None = None
    """How often it wants to be asked at most."""
    skip_hours: frozenset[int] = frozenset()
    """Hours of the day, UTC, in which it does not want to be asked."""
    skip_days: frozenset[int] = frozenset()
    """The same for days, Monday is 0."""
    over: bool = False
    """It says that nothing will come any more."""
