"""Accounts that contacts say are theirs, and what was seen of it (spec 42, ADR 0032).

`came` takes what a contact opens, `looked` what somebody has seen of it. Who looks, and when, is for
`bridging`. What follows is decided here alone: a proof both ways puts persona and account together in the
address book; one that is gone takes back that reason and nothing else; one that has changed is an alert.
"""

from __future__ import annotations

import hashlib

import sqlalchemy as sa
from sqlalchemy import bindparam

from swarm_protocol.claims import Claim, Look, NoAnswer, NotThere, Shown, State, decode_opened, judge
from swarm_protocol.identity import PersonaId

from ..domain.book import Reason
from ..domain.proofs import ProofView
from ..storage import book_tables as tables
from ..storage.book_shelves import BOOK_ACCOUNTS, BookAccount
from ..storage.proof_shelves import CONTACT_CLAIMS, ContactClaim
from ..storage.shelf import Prepared
from ..storage.shelves import CONTACTS, Contact, Peer
from ..storage.shelves import Conversation as ConversationRow
from . import book, book_changes, receipts, sigchains, trust
from .news import tell
from .node import Node, jitter
from .step import Step

MAX_KEPT = 64
"""Claims of one contact that are kept: those that may stand at once, and as many that lack their links."""
WEEK_S = 7 * 86400
AGAIN_S = 3600
"""After a look that came to nothing; the wait doubles up to a week."""
PAGES = "web"
"""The network of pages, which have no accounts: accounts of `READER` look at them."""
READER = "feeds"
PROOF, WAS_PROVEN, CLAIMED = "proof", "was-proven", "claim"
"""Causes of reasons in the address book."""

_c = tables.contact_claim.c
_DUE = Prepared(
    sa.select(*CONTACT_CLAIMS.columns)
    .where(sa.text("stands"), _c.next_at <= bindparam("now"))
    .order_by(_c.next_at, _c.id)
    .limit(bindparam("count"))
)
_NEXT = Prepared(sa.select(sa.func.min(_c.next_at)).where(sa.text("stands")))
_OF_PERSON = Prepared(
    sa.select(*CONTACT_CLAIMS.columns)
    .join(tables.book_account, tables.book_account.c.contact_id == _c.contact_id)
    .where(tables.book_account.c.person_id == bindparam("person"))
    .order_by(_c.id)
)


def of(row: ContactClaim) -> Claim:
    """The claim of a row."""
    return Claim(row.network, row.handle, row.nonce, row.address)


def text_of(step: Step, row: ContactClaim) -> str:
    """The public text that the account is to show."""
    contact = CONTACTS.get(step.tx, row.contact_id)
    assert contact is not None
    return of(row).text(PersonaId(contact.persona_id))


# What contacts open, and what they sign


def came(step: Step, node: Node, conversation: ConversationRow, peer: Peer, data: bytes) -> None:
    """A contact opens claims. It is told that they were heard.

    Raises:
        RemoteProtocolError: they are none.
    """
    contact = CONTACTS.get(step.tx, peer.contact_id)
    if contact is None:
        return
    chain, lacks = sigchains.read(contact), False
    for claim in decode_opened(data):
        stands = claim.stands_in(chain)
        lacks |= not stands
        _keep(step, contact, claim, stands=stands)
    receipts.heard(step, node, conversation.id)
    if lacks:
        trust.greet(step, node, peer)


def _keep(step: Step, contact: Contact, claim: Claim, *, stands: bool) -> None:
    if CONTACT_CLAIMS.one(step.tx, contact_id=contact.id, hash=claim.hash) is not None:
        return
    if not stands and CONTACT_CLAIMS.count(step.tx, contact_id=contact.id) >= MAX_KEPT:
        return
    row = CONTACT_CLAIMS.make(
        step.tx,
        contact_id=contact.id,
        hash=claim.hash,
        network=claim.network,
        handle=claim.handle,
        address=claim.address,
        nonce=claim.nonce,
        stands=stands,
        why="" if stands else "unsigned",
        next_at=step.wall_s,
        at=step.wall_s,
    )
    if stands:
        _signed(step, row)
    tell(step, "proofs.changed")


def _signed(step: Step, row: ContactClaim) -> None:
    """A persona signs for an account: if that is another person in the address book, they may be one."""
    theirs = _persona(step, row.contact_id)
    account = book.account(step, row.network, row.handle)
    if theirs is not None and account is not None and not _one_person(theirs, account):
        book_changes.learned(step, theirs, account, Reason.SIGNED, CLAIMED)


def chain_changed(step: Step, contact_id: int) -> None:
    """A contact's chain may be another one now: claims stand, or stand no longer."""
    rows, contact = CONTACT_CLAIMS.all(step.tx, contact_id=contact_id), CONTACTS.get(step.tx, contact_id)
    standing = set(sigchains.read(contact).state.claims) if rows and contact is not None else set[bytes]()
    for row in rows:
        if row.stands and row.hash not in standing:
            _take_back(step, row, Reason.SAID)
            CONTACT_CLAIMS.drop(step.tx, id=row.id)
        elif not row.stands and row.hash in standing:
            CONTACT_CLAIMS.change(step.tx, row.id, stands=True, why="", next_at=step.wall_s)
            _signed(step, row)
        else:
            continue
        tell(step, "proofs.changed")


# What was seen


def due(step: Step, count: int) -> list[ContactClaim]:
    """Claims that are to be looked at, of contacts who may be; the longest due first."""
    rows = CONTACT_CLAIMS.query(step.tx, _DUE, {"now": step.wall_s, "count": count})
    return [row for row in rows if _may_look(step, row)]


def next_at(step: Step) -> int | None:
    """When the next one is due; None for never."""
    at: int | None = _NEXT.scalar(step.tx)
    return at


def of_person(step: Step, person: int) -> list[ContactClaim]:
    """What the personas of a person claim."""
    return CONTACT_CLAIMS.query(step.tx, _OF_PERSON, {"person": person})


def _may_look(step: Step, row: ContactClaim) -> bool:
    """Nobody is looked at for somebody who is blocked."""
    contact = CONTACTS.get(step.tx, row.contact_id)
    if contact is not None and not contact.blocked:
        return True
    CONTACT_CLAIMS.change(step.tx, row.id, next_at=step.wall_s + WEEK_S)
    return False


def noticed(step: Step, network: str, remote_id: str, shown: Shown, *, whole: bool, vouched: bool) -> None:
    """A network has told what an account claims, without being asked.

    Unless `whole`, others may stand there, so only what is there counts. What nobody vouches for is a proof
    one way at best: the persona has signed, and anybody may have said the rest.
    """
    for row in CONTACT_CLAIMS.all(step.tx, network=network, handle=shown.handle, stands=True):
        is_there = text_of(step, row) in shown.texts
        if vouched and (whole or is_there):
            looked(step, row, shown, remote_id=remote_id)
        elif is_there and row.seen_at is None:
            unanswered(step, row, "unvouched")
            theirs, account = _persona(step, row.contact_id), book.account(step, network, remote_id)
            if theirs is not None and account is not None:
                book_changes.learned(step, theirs, account, Reason.ONE, CLAIMED)


def looked(step: Step, row: ContactClaim, look: Look, *, remote_id: str = "", why: str = "") -> State:
    """Somebody has looked at what a contact claims; `why` nobody could.

    `remote_id` is how the network names the account to us.
    """
    claim, contact = of(row), CONTACTS.get(step.tx, row.contact_id)
    assert contact is not None
    persona = PersonaId(contact.persona_id)
    state = judge(claim, persona, look, proven=row.seen_at is not None)
    nothing = state is State.UNREACHABLE
    changes: dict[str, object] = {"state": state.value, "why": why or _why(claim, look, state)}
    changes |= {"checked_at": step.wall_s, "tries": row.tries + 1 if nothing else 0}
    wait = min(AGAIN_S * 2 ** min(row.tries, 8), WEEK_S) if nothing else WEEK_S
    changes["next_at"] = step.wall_s + int(jitter(step.entropy, wait))
    if state is State.OK:
        changes |= {"seen_at": step.wall_s, "remote_id": remote_id or row.remote_id}
    CONTACT_CLAIMS.change(step.tx, row.id, **changes)
    match state:
        case State.OK:
            _prove(step, row, remote_id or row.remote_id or row.handle)
        case State.GONE:
            _take_back(step, row, Reason.SIGNED)
        case State.CHANGED:
            _take_back(step, row, Reason.SIGNED)
            assert isinstance(look, Shown)
            seen = hashlib.sha256("\n".join(sorted(look.texts)).encode()).digest()
            trust.account_changed(step, contact, row.hash + seen)
        case _:
            pass
    if (state, changes["why"]) != (row.state, row.why):
        tell(step, "proofs.changed")
    return state


def _why(claim: Claim, look: Look, state: State) -> str:
    if state is not State.GONE:
        return ""
    if isinstance(look, NotThere) or (isinstance(look, Shown) and look.handle != claim.handle):
        return "not-there"
    return "says-other" if isinstance(look, Shown) and look.texts else "says-nothing"


def can_look(step: Step, network: str) -> None:
    """A network can be asked now: what nobody could look at is looked at."""
    for asked in (network, PAGES) if network == READER else (network,):
        for why in ("no-account", "offline", "needs-owner"):
            for row in CONTACT_CLAIMS.all(step.tx, network=asked, why=why, stands=True):
                CONTACT_CLAIMS.change(step.tx, row.id, next_at=step.wall_s, tries=0)


def unanswered(step: Step, row: ContactClaim, why: str) -> State:
    """Nobody could look, and why."""
    return looked(step, row, NoAnswer(), why=why)


def only_as_they_write(step: Step, row: ContactClaim) -> None:
    """This network cannot be asked; what it tells when they write is `noticed`."""
    changes = {"why": "as-they-write"} if row.state == State.UNCHECKED.value else {}
    CONTACT_CLAIMS.change(step.tx, row.id, next_at=step.wall_s + WEEK_S, **changes)


# The mark in the address book


def _persona(step: Step, contact_id: int) -> BookAccount | None:
    return BOOK_ACCOUNTS.one(step.tx, contact_id=contact_id)


def _prove(step: Step, row: ContactClaim, remote_id: str) -> None:
    """Persona and account name each other: they are one person, and that is why."""
    theirs = _persona(step, row.contact_id)
    if theirs is None:
        return
    account = book.account(step, row.network, remote_id)
    if account is None:
        name = row.address or row.handle
        account = book.enter(step, row.network, remote_id, name, handle=row.address)
    before = {
        one.id: f"{one.reason}:{one.cause}" for one in (theirs, account) if _one_person(theirs, account)
    }
    book_changes.learned(step, theirs, account, Reason.BOTH, PROOF)
    marked = next((one for one in (account, theirs) if _is_marked(step, one.id)), None)
    if marked is not None and row.account_id != marked.id:
        CONTACT_CLAIMS.change(step.tx, row.id, account_id=marked.id, before=before.get(marked.id))


def _one_person(one: BookAccount, other: BookAccount) -> bool:
    return one.person_id == other.person_id


def _is_marked(step: Step, account_id: int | None) -> bool:
    row = BOOK_ACCOUNTS.get(step.tx, account_id)
    return row is not None and (row.reason, row.cause) == (Reason.BOTH.value, PROOF)


def _take_back(step: Step, row: ContactClaim, left: Reason) -> None:
    """Take back the reason, unless another proof gives it too. Who is one person stays so."""
    others = CONTACT_CLAIMS.all(step.tx, account_id=row.account_id, state=State.OK.value)
    if row.account_id is None or any(other.id != row.id for other in others):
        return
    CONTACT_CLAIMS.change(step.tx, row.id, account_id=None, before=None)
    if _is_marked(step, row.account_id):
        reason, _, cause = (row.before or f"{left.value}:{WAS_PROVEN}").partition(":")
        BOOK_ACCOUNTS.change(step.tx, row.account_id, reason=reason, cause=cause)
        account = BOOK_ACCOUNTS.get(step.tx, row.account_id)
        assert account is not None
        book.changed(step, account.person_id)


# As screens see it


def views(step: Step, person: int) -> tuple[ProofView, ...]:
    """What the personas of a person claim, and what was seen of it."""
    return tuple(_view(step, row, person) for row in of_person(step, person))


def _view(step: Step, row: ContactClaim, person: int) -> ProofView:
    account = book.account(step, row.network, row.remote_id or row.handle)
    return ProofView(
        id=str(row.id),
        network=row.network,
        address=row.address or row.handle,
        handle=row.handle,
        state=row.state,
        why=row.why,
        seen_at=row.seen_at or 0,
        checked_at=row.checked_at or 0,
        link=str(account.id) if account is not None and account.person_id == person else "",
    )
