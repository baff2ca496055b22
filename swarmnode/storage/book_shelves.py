"""The rows of the address book as values, and the shelves that they lie on; `book_tables` has the columns."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import book_tables as tables
from .shelf import Shelf


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person."""

    id: int
    name: str = field(repr=False)
    sort: str = field(repr=False)
    named: bool
    preferred: int | None
    merged_into: int | None
    created_at: int


@dataclass(frozen=True, slots=True)
class BookAccount:
    """An account of a person's: a persona, or somebody on a network."""

    id: int
    person_id: int
    network: str
    remote_id: str = field(repr=False)
    contact_id: int | None
    address: str | None = field(repr=False)
    carded: bool
    reason: str
    cause: str
    at: int


@dataclass(frozen=True, slots=True)
class Change:
    """A merge or a split."""

    id: int
    kind: str
    cause: str
    at: int
    undone_at: int | None


@dataclass(frozen=True, slots=True)
class Move:
    """What a change did to one account."""

    id: int
    change_id: int
    account_id: int
    from_person: int
    to_person: int
    from_reason: str
    from_cause: str
    to_reason: str
    to_cause: str


@dataclass(frozen=True, slots=True)
class SuggestionRow:
    """Two accounts that may be one person's."""

    id: int
    one_id: int
    other_id: int
    reason: str
    cause: str
    refused: bool
    change_id: int | None
    at: int


PERSONS = Shelf(tables.book_person, PersonRow)
BOOK_ACCOUNTS = Shelf(tables.book_account, BookAccount)
CHANGES = Shelf(tables.book_change, Change)
MOVES = Shelf(tables.book_move, Move)
SUGGESTIONS = Shelf(tables.book_suggestion, SuggestionRow)
