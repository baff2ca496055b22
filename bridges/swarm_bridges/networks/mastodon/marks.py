"""How far timelines were read: what stood at the top of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ...api import Cursor


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """A place in a timeline: its own id, the post there, and that one's conversation."""

    id: str
    post: str = ""
    conversation: str = ""


class Marks(msgspec.Struct, omit_defaults=True):
    """How far we are: the top of each timeline as it was, and the latest direct post. This is the cursor."""

    home: tuple[Entry, ...] = ()
    notifications: tuple[Entry, ...] = ()
    direct: str = ""
    lists: dict[str, tuple[Entry, ...]] = {}
    """Of each list that is read, by its id."""

    def cursor(self) -> Cursor:
        """As bytes."""
        return Cursor(msgspec.json.encode(self))

    def with_list(self, id_: str, entries: tuple[Entry, ...] | None) -> Marks:
        """The same with another top of a list; None: it is no longer read."""
        others = {known: top for known, top in self.lists.items() if known != id_}
        lists = others if entries is None else {**others, id_: entries}
        return msgspec.structs.replace(self, lists=lists)

    @classmethod
    def read(cls, cursor: Cursor | None) -> Marks:
        """From bytes; what makes no sense is a new beginning."""
        try:
            return msgspec.json.decode(cursor or b"{}", type=cls)
        except msgspec.DecodeError:
            return cls()


def missing(known: Sequence[Entry], page: Sequence[str], *, whole: bool) -> list[Entry]:
    """Entries that should stand in a page and do not. `whole`: there is nothing below it."""
    here = set(page)
    lowest = max((n for n, entry in enumerate(known) if entry.id in here), default=-1)
    return [e for n, e in enumerate(known) if e.id not in here and (whole or n < lowest)]


@dataclass(slots=True)
class Top:
    """What stands at the top of a timeline, newest first."""

    items: list[Any] = field(default_factory=list)
    page: list[str] = field(default_factory=list)
    """Ids of the first page."""
    whole: bool = False
    """Whether that was all there is."""
    hole: bool = False
    """Whether something between here and what was known could not be had."""
