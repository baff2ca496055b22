"""Proofs as accounts on networks have them: what ours are to say, what others' say, who is to be looked at.

What follows from it `services.proofs` decides. A bridge tells of claims in passing, too: of people in the
address book that is kept, so that the owner sees who has a node; of strangers it is not.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import bindparam

from swarm_bridges import api
from swarm_protocol.claims import Look, NotThere, Shown

from ...services import book, own_claims, proofs
from ...services.news import tell
from ...services.node import Node, jitter
from ...services.step import Step
from ...storage import book_tables as tables
from ...storage.bridge_shelves import ACCOUNTS, ROOMS, AccountRow
from ...storage.bridge_tables import bridge_account
from ...storage.proof_shelves import CONTACT_CLAIMS, NOTICED, OWN_CLAIMS, Noticed, OwnClaim
from ...storage.shelf import Prepared
from ...storage.shelves import SETTINGS
from . import abilities, accounts
from .packed import pack, texts

WEEK_S = proofs.WEEK_S
AGAIN_S = 300
"""After a try to publish that came to nothing; the wait doubles up to a day."""
LONGEST_S = 86_400
AT_ONCE = 20
"""Claims that are looked at before others have a turn."""
_NOT_NOTICED = "claims are not noticed"
"""The setting that is there when the owner does not want to know who has a node."""

_n, _b = tables.noticed_claim.c, bridge_account.c
_NOTICED = Prepared(
    sa.select(*NOTICED.columns)
    .join(bridge_account, _b.id == _n.account_id)
    .where(_b.package == bindparam("network"), _n.handle == bindparam("handle"))
    .order_by(_n.id)
)
_o = tables.own_claim.c
_PENDING = sa.or_(_o.stands, _o.shown != sa.literal_column(f"'{own_claims.WITHDRAWN}'"))
_DUE = Prepared(
    sa.select(*OWN_CLAIMS.columns).where(_PENDING, _o.next_at <= bindparam("now")).order_by(_o.next_at, _o.id)
)
_NEXT = Prepared(sa.select(sa.func.min(_o.next_at)).where(_PENDING))


# What bridges tell in passing


def notices(step: Step) -> bool:
    """Whether the owner wants to know who has a node."""
    return SETTINGS.get(step.tx, _NOT_NOTICED) is None


def set_noticing(step: Step, *, on: bool) -> None:
    """The owner wants to know who has a node, or not; then what is known of it is forgotten."""
    if on:
        SETTINGS.drop(step.tx, name=_NOT_NOTICED)
    else:
        SETTINGS.put(step.tx, name=_NOT_NOTICED, value=b"")
        NOTICED.drop(step.tx)


def seen(step: Step, account: AccountRow, event: api.ClaimsSeen) -> None:
    """A bridge tells what an account claims. Of who is not in the address book that says nothing here."""
    remote_id = event.actor.remote_id
    if event.actor.is_owner:
        return
    handle = event.handle or remote_id
    shown = Shown(handle, frozenset(event.claims))
    proofs.noticed(step, account.package, remote_id, shown, whole=event.whole, vouched=event.authentic)
    in_book = book.account(step, account.package, remote_id)
    if in_book is None or not notices(step):
        return
    known = NOTICED.one(step.tx, account_id=account.id, remote_id=remote_id)
    if not event.claims and (known is None or not event.whole):
        return
    if not event.claims:
        NOTICED.drop(step.tx, account_id=account.id, remote_id=remote_id)
    else:
        found = {"handle": handle, "texts": pack(event.claims), "vouched": event.authentic, "at": step.wall_s}
        NOTICED.drop(step.tx, account_id=account.id, remote_id=remote_id)
        NOTICED.add(step.tx, account_id=account.id, remote_id=remote_id, **found)
    if (known is None) != (not event.claims) or known is None:
        book.changed(step, in_book.person_id)


def remember(step: Step) -> None:
    """What was noticed before a contact opened the claim that it is about: no need to ask for it again."""
    for row in CONTACT_CLAIMS.all(step.tx, stands=True, state="unchecked"):
        bound = {"network": row.network, "handle": row.handle}
        for found in sorted(NOTICED.query(step.tx, _NOTICED, bound), key=lambda one: not one.vouched):
            fresh = found.at >= step.wall_s - WEEK_S
            if fresh and proofs.text_of(step, row) in texts(found.texts):
                shown = _shown(found)
                proofs.noticed(step, row.network, found.remote_id, shown, whole=False, vouched=found.vouched)
                break


def _shown(found: Noticed) -> Shown:
    return Shown(found.handle, frozenset(texts(found.texts)))


# What ours are to say


@dataclass(frozen=True, slots=True)
class Publishing:
    """What an account of the owner's is to claim from now on: these texts, and no others of that form."""

    account: api.AccountId
    texts: tuple[str, ...] = field(repr=False)
    rows: tuple[int, ...]


def to_publish(step: Step, node: Node, account: str = "") -> list[Publishing]:
    """What is due; or what an account is to say, due or not."""
    if node.persona is None or node.quarantine:
        return []
    due = OWN_CLAIMS.all(step.tx) if account else OWN_CLAIMS.query(step.tx, _DUE, {"now": step.wall_s})
    persona, wanted = own_claims.persona(node), dict[str, Publishing]()
    for row in due:
        if row.network == proofs.PAGES:
            continue
        owner = ACCOUNTS.one(step.tx, package=row.network, remote_id=row.remote_id)
        if owner is None or (account and owner.account != account):
            if not account:
                _wait(step, row, "no-account")
            continue
        every = OWN_CLAIMS.all(step.tx, network=row.network, remote_id=row.remote_id)
        said = tuple(own_claims.of(one).text(persona) for one in every if one.stands)
        rows = tuple(one.id for one in every)
        wanted[owner.account] = Publishing(api.AccountId(owner.account), said, rows)
    return list(wanted.values())


def published(step: Step, what: Publishing, why: str = "") -> None:
    """An account says it now; or `why` not."""
    for row in (OWN_CLAIMS.get(step.tx, number) for number in what.rows):
        if row is None:
            continue
        if why:
            _wait(step, row, why)
            continue
        shown = own_claims.THERE if row.stands else own_claims.WITHDRAWN
        next_at = step.wall_s + int(jitter(step.entropy, WEEK_S))
        OWN_CLAIMS.change(step.tx, row.id, shown=shown, why="", next_at=next_at, tries=0)
        if (row.shown, row.why) != (shown, ""):
            tell(step, "proofs.changed")


def _wait(step: Step, row: OwnClaim, why: str) -> None:
    wait = LONGEST_S if why in {"refused", "no-account"} else min(AGAIN_S * 2 ** min(row.tries, 9), LONGEST_S)
    changes: dict[str, object] = {"why": why, "tries": row.tries + 1}
    changes["next_at"] = step.wall_s + int(jitter(step.entropy, wait))
    if why == "refused":
        changes["shown"] = own_claims.REFUSED
    OWN_CLAIMS.change(step.tx, row.id, **changes)
    if row.why != why:
        tell(step, "proofs.changed")


# Pages of the owner's, which the owner writes


@dataclass(frozen=True, slots=True)
class OwnPage:
    """A page that is to say something: whether it does is looked at through these accounts."""

    row: int
    accounts: tuple[api.AccountId, ...]
    url: str = field(repr=False)


def own_pages(step: Step, node: Node) -> list[OwnPage]:
    """Those that are due."""
    if node.persona is None or node.quarantine:
        return []
    due = OWN_CLAIMS.query(step.tx, _DUE, {"now": step.wall_s})
    rows = [row for row in due if row.network == proofs.PAGES]
    return [OwnPage(row.id, _asking(step, row.network)[0], row.handle) for row in rows]


def page_seen(step: Step, node: Node, page: OwnPage, said: Iterable[str], why: str = "") -> None:
    """What it says; or `why` that could not be seen."""
    row = OWN_CLAIMS.get(step.tx, page.row)
    if row is None:
        return
    there = own_claims.of(row).text(own_claims.persona(node)) in said
    if not why and not there:
        OWN_CLAIMS.change(step.tx, row.id, shown=own_claims.WAITING)
    published(step, Publishing(api.AccountId(""), (), (row.id,)), why or ("" if there else "not-yet"))


# Who is to be looked at


@dataclass(frozen=True, slots=True)
class Looking:
    """An account to look at, and through which accounts of the owner's that can be done."""

    row: int
    accounts: tuple[api.AccountId, ...]
    remote_id: str = field(repr=False)
    """How the network names it to us; empty where it has to be found by its address."""
    address: str = field(repr=False)


def to_look_at(step: Step, person: str = "") -> list[Looking]:
    """Claims that are due; or those of a person, due or not. What cannot be looked at is settled here."""
    remember(step)
    if person:
        rows = [row for row in proofs.of_person(step, book.find(step, person).id) if row.stands]
    else:
        rows = proofs.due(step, AT_ONCE)
    wanted = list[Looking]()
    for row in rows:
        if not person and row.next_at > step.wall_s:
            continue  # it was noticed a moment ago
        asking, partly = _asking(step, row.network)
        if asking:
            known = row.handle if row.network == proofs.PAGES else row.remote_id or ""
            wanted.append(Looking(row.id, asking, known, row.address or row.handle))
        elif partly:
            proofs.only_as_they_write(step, row)
        else:
            proofs.unanswered(step, row, "no-account")
    return wanted


def _asking(step: Step, network: str) -> tuple[tuple[api.AccountId, ...], bool]:
    """The owner's accounts that can ask a network; and whether one hears of claims in passing."""
    package, feature = (proofs.READER, "page") if network == proofs.PAGES else (network, "claim")
    owners = ACCOUNTS.all(step.tx, package=package, paused=False)
    levels = {one.account: _level(step, one, feature) for one in owners}
    full = tuple(api.AccountId(name) for name, level in levels.items() if level is api.Level.FULL)
    return full, api.Level.PARTIAL in levels.values()


def _level(step: Step, account: AccountRow, feature: str = "claim") -> api.Level:
    can = accounts.capabilities(step, account, None) or abilities.UNKNOWN
    return can.levels.get(feature, api.Level.REJECTED)


def found(step: Step, looking: Looking, event: api.ClaimsSeen | None) -> None:
    """What the network says; None: there is no such account."""
    row = CONTACT_CLAIMS.get(step.tx, looking.row)
    if row is None or not row.stands:
        return
    look: Look = NotThere()
    if event is not None:
        remote_id = event.actor.remote_id
        look = Shown(event.handle or remote_id, frozenset(event.claims))
        if not event.authentic:
            proofs.unanswered(step, row, "unvouched")
            return
        proofs.looked(step, row, look, remote_id=remote_id)
    else:
        proofs.looked(step, row, look)


def not_found(step: Step, looking: Looking, why: str) -> None:
    """Nobody could look."""
    row = CONTACT_CLAIMS.get(step.tx, looking.row)
    if row is not None and row.stands:
        proofs.unanswered(step, row, why)


def to_notice(step: Step, person: str) -> list[tuple[api.AccountId, str]]:
    """Accounts of somebody with whom the owner talks, and who is no contact: do they have a node?

    Each with the account of the owner's that can ask.
    """
    theirs = book.accounts_of(step, book.find(step, person).id)
    if not notices(step) or any(one.contact_id is not None for one in theirs):
        return []
    wanted = list[tuple[api.AccountId, str]]()
    for one in theirs:
        for owner in ACCOUNTS.all(step.tx, package=one.network, paused=False):
            talks = ROOMS.one(step.tx, account_id=owner.id, partner=one.remote_id) is not None
            if talks and _level(step, owner) is api.Level.FULL:
                wanted.append((api.AccountId(owner.account), one.remote_id))
    return wanted


def stale(step: Step, person: str, older_than_s: int) -> bool:
    """Whether something that a person claims was not looked at for so long."""
    rows: Iterable[int] = (
        row.checked_at or 0 for row in proofs.of_person(step, book.find(step, person).id) if row.stands
    )
    return any(step.wall_s - at >= older_than_s for at in rows)


def next_at(step: Step) -> int | None:
    """When something is due, Unix seconds; None for never."""
    times = [at for at in (_NEXT.scalar(step.tx), proofs.next_at(step)) if at is not None]
    return min(times, default=None)
