"""The rows of claims as values, and the shelves that they lie on; `book_tables` has the columns."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import book_tables as tables
from .shelf import Shelf


@dataclass(frozen=True, slots=True)
class OwnClaim:
    """An account that the owner's persona claims, or has claimed."""

    id: int
    network: str
    remote_id: str = field(repr=False)
    handle: str = field(repr=False)
    address: str = field(repr=False)
    nonce: bytes = field(repr=False)
    place: str
    stands: bool
    shown: str
    why: str
    next_at: int
    tries: int
    at: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A claim of ours that a contact knows."""

    id: int
    claim_id: int
    contact_id: int
    at: int


@dataclass(frozen=True, slots=True)
class ContactClaim:
    """An account that a contact says is theirs."""

    id: int
    contact_id: int
    hash: bytes = field(repr=False)
    network: str
    handle: str = field(repr=False)
    address: str = field(repr=False)
    nonce: bytes = field(repr=False)
    stands: bool
    state: str
    why: str
    remote_id: str | None = field(repr=False)
    account_id: int | None
    before: str | None
    seen_at: int | None
    checked_at: int | None
    next_at: int
    tries: int
    at: int


@dataclass(frozen=True, slots=True)
class Challenged:
    """A private challenge, ours or a contact's."""

    id: int
    contact_id: int
    name: bytes
    network: str
    mine: str = field(repr=False)
    theirs: str = field(repr=False)
    address: str = field(repr=False)
    account_id: int | None
    room_id: int | None
    remote_id: str | None = field(repr=False)
    ours: bool
    nonce: bytes = field(repr=False)
    second: bytes = field(repr=False)
    ends_at: int
    stage: str
    answer: bytes | None = field(repr=False)
    said: str
    intent: str | None
    at: int
    seen_at: int | None


@dataclass(frozen=True, slots=True)
class Noticed:
    """An account that says that it has a node."""

    id: int
    account_id: int
    remote_id: str = field(repr=False)
    handle: str = field(repr=False)
    texts: bytes = field(repr=False)
    vouched: bool
    at: int


OWN_CLAIMS = Shelf(tables.own_claim, OwnClaim)
OPENED = Shelf(tables.own_claim_opened, Opened)
CONTACT_CLAIMS = Shelf(tables.contact_claim, ContactClaim)
CHALLENGES = Shelf(tables.challenge, Challenged)
NOTICED = Shelf(tables.noticed_claim, Noticed)
