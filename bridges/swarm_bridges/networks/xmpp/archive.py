"""Archives of messages (XEP-0313): the account's own, which has direct chats, and one for each room.

How far each was read is the account's cursor: `Marks`, as JSON, the own archive under the empty name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

import msgspec

from ...api import Cursor, Origin, Refused
from .heard import Heard, View, unwrap
from .stanzas import CORRECT, MAM, REACTIONS, RETRACT, RSM, query
from .stream import Stream

PAGE = 100
"""Messages of one page, and so of one batch."""
MOST = 4 * PAGE
"""Messages that are taken for one page: an archive that sends more than it was asked for goes on and on."""
FIRST = 50
"""Messages of an archive of which nothing was read before; the rest is history, for who asks."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of an archive, the oldest first. `first` and `last` are ids; `complete`: nothing lies beyond."""

    messages: tuple[Heard, ...]
    first: str
    last: str
    complete: bool


class Archives:
    """Asks, and collects what comes before each answer."""

    def __init__(self, stream: Stream, view: View, new_id: Callable[[], str]) -> None:
        self._stream, self._view, self._new_id = stream, view, new_id
        self._asked: dict[str, tuple[str, Origin]] = {}
        self._found: dict[str, list[Heard]] = {}

    def take(self, stanza: Element) -> Heard | None:
        """A message for now, out of what came; None for archives' answers, and what is not to be believed."""
        if (found := unwrap(stanza, self._view, self._asked)) is None:
            return None
        heard, asked = found
        if not asked:
            return heard
        if len(self._found[asked]) < MOST:
            self._found[asked].append(heard)
        return None

    async def page(
        self,
        archive: str,
        origin: Origin,
        *,
        after: str | None = None,
        before: str | None = None,
        limit: int = PAGE,
        other: str = "",
    ) -> Page:
        """Ask for a page. `archive` is a room, or the own address; `other` is with whom.

        Raises:
            Gone: the archive no longer has the id that was given, or there is no archive.
            BridgeError: as `Stream.ask`.
        """
        name = self._new_id()
        self._asked[name], self._found[name] = (archive, origin), []
        to = "" if archive == self._view.me else archive
        try:
            answer = await self._stream.ask(query(after, before, limit, other, name), to=to, kind="set")
            found = in_order(self._found[name])
        finally:
            del self._asked[name], self._found[name]
        end = answer.find(f"{{{MAM}}}fin")
        if end is None:
            raise Refused("the archive's answer is none")
        place = f"{{{RSM}}}set/{{{RSM}}}"
        first, last = end.findtext(f"{place}first") or "", end.findtext(f"{place}last") or ""
        return Page(found, first, last, complete=end.get("complete") == "true" or not last)


def in_order(messages: Sequence[Heard]) -> tuple[Heard, ...]:
    """The same, each change behind what it changes: archives go by time, and two may have the same one."""
    names = (
        (n, name) for n, heard in enumerate(messages) for name in (heard.archive_id, heard.stanza.get("id"))
    )
    places = {name: n for n, name in names if name}

    def place(n: int) -> tuple[int, bool]:
        target = max(places.get(changed_by(messages[n].stanza), n), n)
        return target, target > n

    return tuple(messages[n] for n in sorted(range(len(messages)), key=place))


def changed_by(stanza: Element) -> str:
    """What a message changes, by the id that it names; empty if nothing."""
    for space, name in ((CORRECT, "replace"), (RETRACT, "retract"), (REACTIONS, "reactions")):
        if (change := stanza.find(f"{{{space}}}{name}")) is not None:
            return change.get("id", "")
    return ""


@dataclass(slots=True)
class Marks:
    """How far each archive was read, by address; `caught_up` are those whose present is told in order."""

    last: dict[str, str] = field(default_factory=dict)
    caught_up: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, cursor: Cursor | None) -> Marks:
        """As a cursor has them. What cannot be read counts as nothing."""
        try:
            return cls(msgspec.json.decode(cursor or b"{}", type=dict[str, str]))
        except msgspec.DecodeError:
            return cls()

    def cursor(self) -> Cursor:
        """For the batch behind which this is so."""
        return Cursor(msgspec.json.encode(self.last))
