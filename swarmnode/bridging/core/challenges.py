"""Challenges at the bridges' side: which accounts are meant, and what ours are to say (spec 42 §5).

An answer is one fragment, and an intent like those of `carriage`.
"""

from __future__ import annotations

from dataclasses import dataclass

from swarm_bridges import api
from swarm_bridges.text import from_plain
from swarm_protocol.carriage import Thing, count_of, fragments_of
from swarm_protocol.claims import Stage

from ...domain.book import PersonView
from ...errors import NotReady
from ...services.challenges import CALLING, READY, REFUSED, Meant
from ...services.step import Step
from ...storage.bridge_shelves import ACCOUNTS, ACTORS, INTENTS, ROOMS, AccountRow, RemoteConversation
from ...storage.proof_shelves import CHALLENGES, Challenged
from . import abilities, accounts, carriage, intents
from .intents import Payload
from .packed import pack


@dataclass(frozen=True, slots=True)
class Place:
    """A conversation of two accounts; `asks` says whether their network tells everybody's handles."""

    account: api.AccountId
    contact: int
    meant: Meant
    asks: bool


def to_open(step: Step, view: PersonView, via: str) -> tuple[str, str] | None:
    """An account of the owner's, and whom to open a conversation with there to answer a contact."""
    row = _wanted(step, view, via)
    account = None if row is None else ACCOUNTS.one(step.tx, package=row.network, remote_id=row.mine)
    if row is None or account is None or _room(step, account, row.theirs) is not None:
        return None
    return account.account, row.theirs


def place(step: Step, view: PersonView, via: str) -> Place:
    """Where a person is to be asked; or is to be answered, where they have asked.

    Raises:
        NotReady: they are no contact, or no network that carries bytes is shared.
        NotFound: there is no such way.
    """
    contact = next((link.contact for link in view.links if link.contact), "")
    if not contact:
        raise NotReady(
            "this person is no contact yet", hint="`swarmnode people private` asks them to be one."
        )
    wanted = _wanted(step, view, via)
    account = None if wanted is None else ACCOUNTS.one(step.tx, package=wanted.network, remote_id=wanted.mine)
    room = None if wanted is None or account is None else _room(step, account, wanted.theirs)
    if room is None or account is None:
        room, _ = carriage.find(step, view, via)
        account = ACCOUNTS.get(step.tx, room.account_id)
        wanted = None
    assert account is not None
    theirs = room.partner or ""
    actor = ACTORS.one(step.tx, account_id=account.id, remote_id=theirs)
    address = (actor.handle if actor is not None else "") or theirs
    meant = Meant(account.package, account.remote_id, theirs, address, account.id, room.id, theirs)
    can = accounts.capabilities(step, account, None) or abilities.UNKNOWN
    told = wanted is None and can.levels.get("claim") is api.Level.FULL
    contact_id = int(contact) if wanted is None else wanted.contact_id
    return Place(api.AccountId(account.account), contact_id, meant, told)


def _wanted(step: Step, view: PersonView, via: str) -> Challenged | None:
    """What this person asks, of accounts that their network calls alike for everybody."""
    contacts = [int(link.contact) for link in view.links if link.contact]
    rows = [
        row for id_ in contacts for row in CHALLENGES.all(step.tx, contact_id=id_, stage=Stage.WANTED.value)
    ]
    open_ = [row for row in rows if step.wall_s < row.ends_at and via in {"", row.network}]
    return next(iter(open_), None)


def _room(step: Step, account: AccountRow, partner: str) -> RemoteConversation | None:
    """The conversation of an account with another one, the last one of several."""
    found = ROOMS.all(step.tx, account_id=account.id, partner=partner)
    return max(
        (room for room in found if carriage.is_between_two(room)), key=lambda r: r.last_at, default=None
    )


def waits(step: Step, account: AccountRow) -> bool:
    """Whether an account is to say something that is no intent yet."""
    return CHALLENGES.count(step.tx, account_id=account.id, said=READY) > 0


def take_due(step: Step, account: AccountRow) -> None:
    """Make intents of what an account is to say."""
    for row in CHALLENGES.all(step.tx, account_id=account.id, said=READY):
        room = None if row.room_id is None else ROOMS.get(step.tx, row.room_id)
        size = 0 if room is None else abilities.of(step, account, room).opaque_bytes
        if row.answer is None or room is None or not count_of(len(row.answer), size):
            CHALLENGES.change(step.tx, row.id, said=REFUSED)
            continue
        (fragment,) = fragments_of(Thing.PROOF, row.answer, size)
        said = api.Rendered(from_plain(carriage.SENTENCE), carriage.SENTENCE)
        intent = INTENTS.make(
            step.tx,
            intent=step.entropy(16).hex(),
            account_id=account.id,
            conversation_id=room.id,
            kind=carriage.KIND,
            body_id=step.tx.bodies.put(pack(Payload(parts=(said,), blob=fragment.encode()))),
            state=intents.State.READY.value,
            created_at=step.wall_s,
            expires_at=min(row.ends_at, step.wall_s + intents.EXPIRES_S),
        )
        CHALLENGES.change(step.tx, row.id, said=CALLING, intent=intent.intent)


def is_wanted(step: Step, intent: str) -> bool:
    """Whether this is an answer that is still to be given."""
    return CHALLENGES.count(step.tx, intent=intent) > 0
