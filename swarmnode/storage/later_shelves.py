"""What is said later, and deletions, as values. Columns are described in `later_tables`."""

from __future__ import annotations

from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import bindparam

from . import later_tables as tables
from .shelf import Prepared, Shelf


@dataclass(frozen=True, slots=True)
class Later:
    """Something that waits for its time, or did."""

    id: int
    chat: str
    body_id: int | None
    send_at: int
    created_at: int
    reason: str
    became: str


@dataclass(frozen=True, slots=True)
class Deletion:
    """What the owner destroyed at one time."""

    id: int
    at: int
    everywhere: bool


@dataclass(frozen=True, slots=True)
class DeletionItem:
    """One message of a deletion."""

    id: int
    deletion_id: int
    message: str
    chat: str
    was: str
    request: bytes | None
    cannot: str


@dataclass(frozen=True, slots=True)
class DeletionRequest:
    """A request that waits for the answers of nodes."""

    name: bytes
    conversation_id: int
    at: int
    again_at: int | None
    tries: int


@dataclass(frozen=True, slots=True)
class DeletionReceipt:
    """What a node of somebody else signed about a request."""

    id: int
    request: bytes
    conversation: bytes
    persona_id: bytes
    leaf_sig: bytes
    name: str
    body: bytes = field(repr=False)
    chain: bytes = field(repr=False)
    at: int


LATER = Shelf(tables.later, Later)
DELETIONS = Shelf(tables.deletion, Deletion)
DELETION_ITEMS = Shelf(tables.deletion_item, DeletionItem)
DELETION_REQUESTS = Shelf(tables.deletion_request, DeletionRequest)
DELETION_RECEIPTS = Shelf(tables.deletion_receipt, DeletionReceipt)

_l, _d, _r = tables.later.c, tables.deletion.c, tables.deletion_request.c

WAITING = Prepared(sa.select(*LATER.columns).where(_l.body_id.is_not(None)).order_by(_l.send_at, _l.id))
LAST_DELETIONS = Prepared(
    sa.select(*DELETIONS.columns)
    .where(_d.id < bindparam("before"))
    .order_by(_d.id.desc())
    .limit(bindparam("count"))
)
OPEN_REQUESTS = Prepared(
    sa.select(*DELETION_REQUESTS.columns).where(_r.again_at.is_not(None)).order_by(_r.again_at)
)
