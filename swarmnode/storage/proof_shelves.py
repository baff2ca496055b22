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
NOTICED = Shelf(tables.noticed_claim, Noticed)
