"""One conversation with a person, whichever networks it runs over (ADR 0030).

Each conversation keeps its own order, whatever the clocks in it say; between two of them time decides. Time
means: what a message says, or less if one behind it in its conversation says less. So the order is one and
the same from both ends; only a clock that was wrong for more than `AHEAD` messages changes it for a page that
begins there. A cursor names the place in each conversation: nothing is lost or doubled between two pages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from ...domain.book import PersonView, WayView
from ...domain.views import MessageView, Page
from ...domain.ways import Ask, Nowhere, Take, Way, choose
from ...errors import ChooseWay, NotFound, NotReady, UsageError, WayChoice
from ...services import book, messages, views
from ...services.node import Node
from ...services.step import Step
from ...storage.bridge_shelves import ACCOUNTS, RemoteMessage
from ...storage.shelves import MessageRow
from . import inbox, outbox, persons, rooms, screens, talks
from .talks import START, Row, Talk

MAX_PAGE = 200
NODE = "node"
"""What `via` calls the node's own conversations: they have no network."""
AHEAD = 50
"""Messages behind a page that are looked at for the order in it."""


@dataclass(frozen=True, slots=True)
class _Item:
    time: int
    talk: int
    index: int
    row: Row

    @property
    def key(self) -> tuple[int, int, int]:
        return self.time, self.talk, self.index


def page(step: Step, node: Node, person: str, *, before: str = "", after: str = "", limit: int = 50) -> Page:
    """Messages with a person: the last ones, or those at a cursor.

    Raises:
        NotFound, UsageError: there is no such person; no cursor of ours.
    """
    limit = max(1, min(limit, MAX_PAGE))
    found = sorted(talks.of(step, book.find(step, person).id), key=lambda talk: talk.chat)
    if after:
        return _later(step, node, found, _places(after), after, limit)
    return _earlier(step, node, found, _places(before) if before else None, before, limit)


def _earlier(
    step: Step, node: Node, found: Sequence[Talk], at: Mapping[str, str] | None, cursor: str, limit: int
) -> Page:
    rows = {
        # A conversation that a cursor does not know has begun since: what is in it comes behind the cursor.
        talk.chat: talks.up_to(step, talk, None if at is None else at.get(talk.chat, START), limit + 1)
        for talk in found
    }
    items = list[_Item]()
    for number, talk in enumerate(found):
        times = accumulate((row.wall_s for row in rows[talk.chat]), min)
        items += [
            _Item(time, number, -back, row)
            for back, (time, row) in enumerate(zip(times, rows[talk.chat], strict=True))
        ]
    items = sorted(items, key=lambda item: item.key)[-limit:]
    taken = _count(items)
    start = {
        talk.chat: talks.behind(rows[talk.chat][taken.get(number, 0)])
        if len(rows[talk.chat]) > taken.get(number, 0)
        else START
        for number, talk in enumerate(found)
    }
    end = at or {talk.chat: talks.behind(rows[talk.chat][0]) if rows[talk.chat] else START for talk in found}
    if not items:
        return Page((), cursor, cursor or _cursor(end))
    return Page(tuple(_views(step, node, items)), _cursor(start), cursor or _cursor(end))


def _later(
    step: Step, node: Node, found: Sequence[Talk], at: Mapping[str, str], cursor: str, limit: int
) -> Page:
    items = list[_Item]()
    for number, talk in enumerate(found):
        rows = talks.after(step, talk, at.get(talk.chat, START), limit + AHEAD)
        times = [*accumulate((row.wall_s for row in reversed(rows)), min)][::-1]
        items += [
            _Item(time, number, index, row) for index, (time, row) in enumerate(zip(times, rows, strict=True))
        ]
    items = sorted(items, key=lambda item: item.key)[:limit]
    if not items:
        return Page((), cursor, cursor)
    end = {talk.chat: at.get(talk.chat, START) for talk in found}
    end |= {found[item.talk].chat: talks.behind(item.row) for item in items}
    return Page(tuple(_views(step, node, items)), cursor, _cursor(end))


def _count(items: Iterable[_Item]) -> dict[int, int]:
    counts = dict[int, int]()
    for item in items:
        counts[item.talk] = counts.get(item.talk, 0) + 1
    return counts


def _views(step: Step, node: Node, items: Sequence[_Item]) -> list[MessageView]:
    own = [item.row for item in items if isinstance(item.row, MessageRow)]
    theirs = [item.row for item in items if isinstance(item.row, RemoteMessage)]
    made = {view.id: view for view in (*views.shown(step, node, own), *screens.shown(step, theirs))}
    return [made[talks.id_of(item.row)] for item in items]


def _cursor(places: Mapping[str, str]) -> str:
    return ",".join(f"{chat}:{place}" for chat, place in sorted(places.items())) or "-"


def _places(cursor: str) -> dict[str, str]:
    places = dict[str, str]()
    for part in cursor.split(",") if cursor != "-" else []:
        chat, colon, place = part.partition(":")
        if not colon:
            raise UsageError("this is no cursor")
        places[chat] = place
    return places


def mark_read(step: Step, node: Node, person: str, up_to: str = "") -> int:
    """Mark messages with a person as read, up to a cursor or all; how many it were (`inbox.mark_read`)."""
    places = _places(up_to) if up_to else None
    count = 0
    for talk in talks.of(step, book.find(step, person).id):
        place = None if places is None else places.get(talk.chat, START)
        if place != START and talks.unread(step, talk):
            last = "" if place is None else talks.message_at(talk, place)
            count += inbox.mark_read(step, node, talk.chat, last)
    return count


# Which way


def choose_chat(
    step: Step,
    person: str,
    *,
    via: str = "",
    reply_to: str = "",
    files: Sequence[tuple[str, int]] = (),
) -> str:
    """The conversation in which something is said to a person: `via`, or as the rule says (`domain.ways`).

    `via` is a conversation, one of their accounts, or a network; `files` are media types and bytes. A reply
    goes where the message is that it answers, unless that is less private than the last word.

    Raises:
        ChooseWay: what the rule would take is less private than where the two last talked. It names the ways.
        NotFound: there is no such person, or no such way to them.
        NotReady: there is no way to them at the moment.
    """
    row = book.find(step, person)
    view = persons.person(step, person)
    if not view.ways:
        raise NotReady(
            "there is no way to this person yet",
            hint="Invite them: `swarmnode invite`; or add an account where they are: `swarmnode bridge add`.",
        )
    if via:
        return _via(view.ways, via)
    by_chat = {talk.chat: talk for talk in talks.of(step, row.id)}
    answered = _answered(step, reply_to, by_chat) if reply_to else ""
    choice = choose(
        [
            persons.way_of(way, able=persons.takes(step, by_chat[way.chat], files), wanted=answered)
            for way in view.ways
        ]
    )
    match choice:
        case Take(way) | Ask(way, _) if answered and way.chat != answered:
            raise NotReady("an answer goes where the message is, and nothing can be said there now")
        case Take(way):
            return way.chat
        case Ask(would, was):
            raise ChooseWay([_choice(view, way, would, was) for way in view.ways if way.usable])
        case Nowhere():
            raise NotReady(
                "no way to this person can take this at the moment",
                hint="`swarmnode people show` says why.",
            )


def to_open(step: Step, person: str, via: str = "") -> tuple[str, str] | None:
    """An account of the owner's, and whom to look for there, where no conversation is there to be chosen."""
    view = persons.person(step, person)
    if any(not via or via in {way.chat, way.network or NODE, way.account} for way in view.ways):
        return None
    for link in sorted(view.links, key=lambda link: link.id != view.preferred):
        if link.network and via in {"", link.network}:
            for account in ACCOUNTS.all(step.tx, package=link.network, paused=False):
                return account.account, link.handle or link.remote_id
    return None


def _via(ways: Sequence[WayView], via: str) -> str:
    """The conversation that is meant; of several on one network the best one."""
    network = "" if via == NODE else via
    fitting = (
        [way for way in ways if way.chat == via],
        [way for way in ways if way.network == network and way.usable],
        [way for way in ways if way.network == network],
        [way for way in ways if way.account == via],
    )
    found = next(filter(None, fitting), None)
    if found is None:
        raise NotFound("there is no such way to this person", hint="`swarmnode people show` lists the ways.")
    return found[0].chat


def _answered(step: Step, message: str, by_chat: Mapping[str, Talk]) -> str:
    """The conversation of a message that is to be answered."""
    row = outbox.find(step, message) if inbox.is_ours(message) else messages.message_row(step, message)
    chat = rooms.chat_id(row.conversation_id) if inbox.is_ours(message) else str(row.conversation_id)
    if chat not in by_chat:
        raise NotFound("this message is not from a conversation with this person")
    return chat


def _choice(view: PersonView, way: WayView, would: Way, was: Way) -> WayChoice:
    link = next(link for link in view.links if link.id == way.link)
    return WayChoice(
        via=way.chat,
        network=way.network or NODE,
        address=link.handle or link.name,
        privacy=way.privacy,
        would=way.chat == would.chat,
        was=way.chat == was.chat,
    )
