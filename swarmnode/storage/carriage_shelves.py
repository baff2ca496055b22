"""The rows of carriage as values. Columns are described in `carriage_tables`."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import carriage_tables as tables
from .shelf import Shelf


@dataclass(frozen=True, slots=True)
class Route:
    """A conversation on another network as a way to a contact's node, or to whom one meets there."""

    id: int
    room_id: int
    peer_id: int | None
    invite_id: int | None
    state: str
    size: int
    form: str
    nonce: bytes | None = field(repr=False)
    theirs: bytes | None = field(repr=False)
    link_seq: int
    hour: int
    used: int
    added_at: int


@dataclass(frozen=True, slots=True)
class Piece:
    """A fragment of something in the outbox."""

    id: int
    outbox_id: int
    route_id: int
    place: int
    blob: bytes = field(repr=False)
    state: str
    intent: str | None


@dataclass(frozen=True, slots=True)
class Came:
    """A fragment of something that is not whole yet."""

    id: int
    room_id: int
    actor: str = field(repr=False)
    name: bytes
    blob: bytes = field(repr=False)
    at: int


ROUTES = Shelf(tables.carriage_route, Route)
PIECES = Shelf(tables.carriage_piece, Piece)
CAME = Shelf(tables.carriage_came, Came)
