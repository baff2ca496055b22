"""People as screens see them: their accounts, and the ways to reach them. Reading only (ADR 0030)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam

from swarm_bridges import api

from ...domain.book import LinkView, PersonView, Reason, SuggestionView, WayView
from ...domain.ids import is_number, number_of
from ...domain.ways import OF_NETWORK, Ask, Nowhere, Take, Way, choose
from ...errors import NotFound, UsageError
from ...services import book, book_suggestions, challenges, proofs
from ...services.step import Step
from ...storage import book_tables as tables
from ...storage.book_shelves import BOOK_ACCOUNTS, PERSONS, SUGGESTIONS, BookAccount, PersonRow
from ...storage.bridge_tables import bridge_account, remote_actor
from ...storage.shelf import Prepared
from ...storage.tables import contact as contact_table
from . import abilities, carriage, holds, talks
from .talks import Talk

MAX_PAGE = 200
CARRIED_BYTES, CARRIED_FILES = 256 * 1024, 4
"""What a message of the node's own carries of files."""
_p = tables.book_person.c
_LIST = Prepared(
    sa.select(*PERSONS.columns)
    .where(
        sa.text("merged_into IS NULL"),
        sa.tuple_(_p.sort, _p.id) > sa.tuple_(bindparam("sort"), bindparam("after")),
    )
    .order_by(_p.sort, _p.id)
    .limit(bindparam("n"))
)
_NAMES = Prepared(sa.select(_p.id, _p.name).where(sa.text("merged_into IS NULL")).order_by(_p.sort, _p.id))
_a, _b, _r, _t = tables.book_account, bridge_account, remote_actor, contact_table
_OF_PEOPLE = _a.c.person_id.in_(sa.text("SELECT value FROM json_each(:people)"))
_n, _nb = tables.noticed_claim, bridge_account.alias()
_NODE = (
    sa.exists()
    .where(_n.c.account_id == _nb.c.id, _nb.c.package == _a.c.network, _n.c.remote_id == _a.c.remote_id)
    .correlate(_a)
)
_LINKS = Prepared(
    sa.select(*BOOK_ACCOUNTS.columns, _t.c.name, _r.c.name, _r.c.handle, _NODE)
    .select_from(
        _a.outerjoin(_t, _t.c.id == _a.c.contact_id)
        .outerjoin(_b, _b.c.package == _a.c.network)
        .outerjoin(_r, sa.and_(_r.c.account_id == _b.c.id, _r.c.remote_id == _a.c.remote_id))
    )
    .where(_OF_PEOPLE)
    .order_by(_a.c.id)
)


def names(step: Step) -> list[tuple[str, str]]:
    """All people by name: ids and names."""
    return [(book.person_id(number), name) for number, name in _NAMES.rows(step.tx)]


def listed(step: Step, *, after: str = "", limit: int = 50) -> tuple[list[PersonView], str]:
    """People by name, from the first one or behind another; and where it goes on.

    Raises:
        UsageError: that person is no longer there.
    """
    limit = max(1, min(limit, MAX_PAGE))
    last = PERSONS.get(step.tx, number_of(after[1:])) if after[:1] == "p" else None
    if after and last is None:
        raise UsageError(f"{after!r} is no cursor")
    bound = {"sort": "" if last is None else last.sort, "after": 0 if last is None else last.id, "n": limit}
    rows = PERSONS.query(step.tx, _LIST, bound)
    views = _views(step, rows)
    return [views[row.id] for row in rows], book.person_id(rows[-1].id) if len(rows) == limit else ""


def everybody(step: Step) -> Iterator[PersonView]:
    """All people by name, without the ways to reach them."""
    after = ""
    while True:
        some, after = listed(step, after=after, limit=MAX_PAGE)
        yield from some
        if not after:
            return


def _views(step: Step, rows: Iterable[PersonRow]) -> Mapping[int, PersonView]:
    """People without their ways, by number; some statements for all of them."""
    known = {row.id: row for row in rows}
    people = json.dumps(list(known))
    links, seen = defaultdict[int, list[LinkView]](list), set[int]()
    for *columns, contact, name, handle, has_node in _LINKS.rows(step.tx, {"people": people}):
        account = _account(columns)
        if account.id not in seen:  # several accounts of the owner may know it
            seen.add(account.id)
            link = _link(account, contact or name or "", handle or "")
            links[account.person_id].append(replace(link, node=bool(has_node)))
    unread, last_at = defaultdict[int, int](int), defaultdict[int, int](int)
    for person, count, at in talks.sums(step, people):
        unread[person] += count
        last_at[person] = max(last_at[person], at)
    return {
        id_: PersonView(
            book.person_id(id_),
            row.name,
            row.named,
            tuple(links[id_]),
            unread[id_],
            last_at[id_],
            _preferred(row, links[id_]),
        )
        for id_, row in known.items()
    }


def _account(columns: Sequence[Any]) -> BookAccount:
    return BOOK_ACCOUNTS.value(**dict(zip((c.name for c in BOOK_ACCOUNTS.columns), columns, strict=True)))


def _link(row: BookAccount, name: str, handle: str) -> LinkView:
    return LinkView(
        id=str(row.id),
        network=row.network,
        remote_id=row.remote_id,
        name=name,
        handle=handle or row.address or "",
        reason=Reason(row.reason),
        cause=row.cause,
        at=row.at,
        contact=str(row.contact_id or ""),
        imported=bool(row.carded),
    )


def _preferred(row: PersonRow, links: Iterable[LinkView]) -> str:
    wanted = str(row.preferred or "")
    return wanted if any(link.id == wanted for link in links) else ""


def person(step: Step, person: str) -> PersonView:
    """One person, with the ways to reach them; the one that is taken by itself comes first.

    Raises:
        NotFound: there is none.
    """
    row = book.find(step, person)
    view = _views(step, [row])[row.id]
    every = talks.of(step, row.id)
    ways = [_way_view(step, view, talk, every) for talk in every if not talk.read_only]
    order = {way.chat: place for place, way in enumerate(_in_order([way_of(shown) for shown in ways]))}
    ways.sort(key=lambda shown: order[shown.chat])
    claimed = (*proofs.views(step, row.id), *challenges.views(step, row.id))
    return replace(
        view, ways=tuple(ways), proofs=claimed, last_at=max((way.last_at for way in ways), default=0)
    )


def _in_order(ways: list[Way]) -> list[Way]:
    """Ways in the order in which the rule would take them, if those before were not there."""
    left, order = list(ways), list[Way]()
    while left:
        match choose(left):
            case Take(way) | Ask(way, _):
                order.append(way)
                left.remove(way)
            case Nowhere():
                return [*order, *sorted(left, key=lambda way: (-way.last_at, way.chat))]
    return order


def way_of(shown: WayView, *, able: bool = True, wanted: str = "") -> Way:
    """A way as the rule looks at it. `able`: it takes what is to be said; `wanted`: prefer this chat now."""
    return Way(
        chat=shown.chat,
        privacy=OF_NETWORK.get(shown.privacy, OF_NETWORK[""]),
        able=shown.usable and able,
        healthy=shown.healthy,
        last_at=shown.last_at,
        preferred=shown.chat == wanted if wanted else shown.preferred,
    )


def _way_view(step: Step, view: PersonView, talk: Talk, every: Sequence[Talk]) -> WayView:
    link = str(talk.account.id)
    same = [other for other in every if other.read_only and other.account == talk.account]
    shown = WayView(
        chat=talk.chat,
        link=link,
        network="",
        account="",
        privacy="e2e",
        usable=True,
        last_at=max(talks.last_at(step, read) for read in (talk, *same)),
        unread=sum(talks.unread(step, read) for read in (talk, *same)),
        preferred=view.preferred == link,
    )
    if talk.room is None or talk.owner is None:
        why = talks.closed(step, talk)
        privacy = "carried" if carriage.only_way(step, talk.account.contact_id) else "e2e"
        return replace(shown, usable=not why, why=why, privacy=privacy)
    can = abilities.of(step, talk.owner, talk.room)
    why = "gone" if talk.room.gone else "paused" if talk.owner.paused else ""
    why = why or ("needs-owner" if holds.owner_acts(step, talk.owner.id) else "")
    why = why or ("" if abilities.has(can, "text") else "read-only")
    return replace(
        shown,
        network=talk.owner.package,
        account=talk.owner.account,
        privacy=can.transport_privacy if can.version else "",
        usable=not why,
        why=why,
        healthy=talk.owner.state == api.State.CONNECTED.value,
        carries=carriage.state_of(step, talk.room, can),
    )


def takes(step: Step, talk: Talk, files: Sequence[tuple[str, int]]) -> bool:
    """Whether files of these media types and sizes (bytes) can be said there."""
    if not files:
        return True
    if talk.room is None or talk.owner is None:
        return len(files) <= CARRIED_FILES and sum(size for _, size in files) <= CARRIED_BYTES
    said = [api.LocalFile(id="", name="", media_type=kind, size_bytes=size) for kind, size in files]
    can = abilities.of(step, talk.owner, talk.room)
    try:
        abilities.check_said(can, "send", files=said, poll=None, visibility="", protect="")
    except UsageError:
        return False
    return True


# Suggestions


def suggestions(step: Step, *, after: str = "", limit: int = 50) -> tuple[list[SuggestionView], str]:
    """What waits for the owner's word, in the order in which it came up; and where it goes on.

    Raises:
        UsageError: no cursor.
    """
    if after and not is_number(after):
        raise UsageError(f"{after!r} is no cursor")
    limit = max(1, min(limit, MAX_PAGE))
    rows = SUGGESTIONS.query(step.tx, book_suggestions.OPEN, {"after": int(after or 0), "n": limit})
    pairs = [(row, *book_suggestions.pair(step, row)) for row in rows]
    wanted = {account.person_id for _, *both in pairs for account in both}
    views = _views(step, [_there(step, number) for number in sorted(wanted)])
    shown = [
        SuggestionView(
            str(row.id),
            views[one.person_id],
            views[other.person_id],
            Reason(row.reason),
            row.cause,
            row.at,
        )
        for row, one, other in pairs
    ]
    return shown, str(rows[-1].id) if len(rows) == limit else ""


def _there(step: Step, number: int) -> PersonRow:
    row = PERSONS.get(step.tx, number)
    if row is None:
        raise NotFound("there is no such person")
    return row
