"""Backups: what of a home is worth keeping elsewhere, sealed for its owner's words (ADR 0020).

In a backup are: the persona's chain and name, contacts with their chains and nodes, queues of theirs with our
sender keys, our relays and unused tickets, conversations, messages with their authors' signatures, requests
to delete, and receipts for them. So a new node can say who it is, write to all contacts, show what was said,
and go on asking for what is to be destroyed. In records of their own follow what bridges brought and what
waits for its time (`bridging.core.backup`), and what the owner chose (`app.backups`).

Not in it are: the root and the node's own keys, since a restored node has new ones; MLS states and keys of
our own queues, of which no copy may ever go on; what is on its way, which is asked for again; and bodies of
messages that disappear within a day.

Rows keep their numbers, so what refers to what needs no translation. A restore reads them into empty tables.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import chain
from typing import Any

import sqlalchemy as sa

from swarm_protocol.cbor import Value
from swarm_protocol.content import Message
from swarm_protocol.errors import RemoteProtocolError

from ..errors import NotReady, UsageError
from ..storage import tables
from ..storage.later_shelves import DELETION_RECEIPTS, DELETION_REQUESTS
from ..storage.shelf import Shelf
from ..storage.shelves import (
    ALERTS,
    AUTHORS,
    CONTACTS,
    CONVERSATIONS,
    EVIDENCE,
    MESSAGES,
    PEERS,
    PERSONAS,
    QUEUES_OUT,
    RELAYS,
    SETTINGS,
    TICKETS,
    WANTED_DELETIONS,
    MessageRow,
)
from . import countdown, identity, indexing, packs
from .node import Node
from .step import Step

GENERATION = "backup generation"
"""The setting that counts backups."""
MADE_AT = "backup made at"
"""The setting that says when the last one was written."""
FLEETING_S = 86400
"""What disappears within a day is not carried beyond it by a backup."""
_AT_ONCE = 256
_OWNER, _MESSAGE = 0, 1


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of a table that go into backups as they are: a number that stays, and the columns in order.

    Columns are only ever added at the end: an older backup has fewer, and the others take their defaults.
    """

    number: int
    shelf: Shelf[Any]
    columns: tuple[str, ...]
    only: sa.ColumnElement[bool] | None = None
    at: str = ""
    """A column that says when the row came here, set by the restore."""


_PARTS = (
    _Part(2, RELAYS, ("id", "address", "pin", "key", "hpke", "own"), at="added_at"),
    _Part(3, TICKETS, ("id", "relay_id", "ticket"), tables.ticket.c.used.is_(False)),
    _Part(
        4,
        CONTACTS,
        (
            "id",
            "persona_id",
            "name",
            "standing",
            "chain",
            "forks",
            "confirmed",
            "note",
            "blocked",
            "strict",
            "created_at",
            "verified_at",
        ),
    ),
    _Part(5, ALERTS, ("id", "contact_id", "kind", "data", "at", "settled")),
    _Part(
        6,
        PEERS,
        (
            "id",
            "contact_id",
            "leaf_sig",
            "node_seq",
            "active",
            "pair_secret",
            "safety",
            "transcript",
            "boot",
            "instance",
            "address_record",
        ),
    ),
    _Part(
        7,
        QUEUES_OUT,
        ("id", "peer_id", "relay_id", "record", "sid", "secret", "keyed", "state", "link_seq"),
        sa.and_(tables.queue_out.c.peer_id.is_not(None), tables.queue_out.c.state != "gone"),
        at="added_at",
    ),
    _Part(
        8,
        CONVERSATIONS,
        ("id", "conv_id", "contact_id", "lamport", "tips", "timer_s", "timer_rank", "created_at", "last_at"),
    ),
    _Part(
        9, AUTHORS, ("id", "conversation_id", "persona_id", "leaf_sig", "start", "next_seq", "head", "fork")
    ),
    _Part(10, WANTED_DELETIONS, ("name", "conversation_id", "request", "persona_id", "at")),
    _Part(11, EVIDENCE, ("id", "kind", "data", "at")),
    _Part(12, DELETION_REQUESTS, ("name", "conversation_id", "at", "again_at", "tries")),
    _Part(
        13,
        DELETION_RECEIPTS,
        ("id", "request", "conversation", "persona_id", "leaf_sig", "name", "body", "chain", "at"),
    ),
)
_BY_NUMBER = {part.number: part for part in _PARTS}
_MESSAGE_COLUMNS = (
    "id",
    "conversation_id",
    "author_id",
    "seq",
    "name",
    "prev",
    "parents",
    "lamport",
    "height",
    "signature",
    "wall_s",
    "type",
    "target",
    "mine",
    "shown",
    "state",
    "reason",
    "stored_at",
    "unread",
    "expire_s",
    "left_s",
    "shredded_at",
)


@dataclass(frozen=True, slots=True)
class Owner:
    """What a backup says of whose it is: the first record."""

    chain: bytes
    name: str
    words_seen: bool
    created_at: int
    made_at: int
    generation: int


# Writing


def next_generation(step: Step) -> int:
    """Count a backup that is about to be made; its number, from 1 on."""
    row = SETTINGS.get(step.tx, GENERATION)
    number = 1 + (0 if row is None else int.from_bytes(row.value, "big"))
    SETTINGS.put(step.tx, name=GENERATION, value=number.to_bytes(8, "big"))
    return number


def made(step: Step) -> None:
    """A backup is written, and lies where its owner wanted it."""
    SETTINGS.put(step.tx, name=MADE_AT, value=step.wall_s.to_bytes(8, "big"))


def made_at(step: Step) -> int | None:
    """When the last backup of this home was made, in Unix seconds; None where there is none."""
    row = SETTINGS.get(step.tx, MADE_AT)
    return None if row is None else int.from_bytes(row.value, "big")


def write(
    step: Step, node: Node, generation: int | None = None, *, more: Iterable[list[Value]] = ()
) -> Iterator[bytes]:
    """The pieces of a backup, to be taken within the step; `more` are records of who stands above.

    With a number from `next_generation` it only reads, so a snapshot will do and nobody waits for it.

    Raises:
        NotReady: there is no persona, or one from before there were backups.
    """
    del node
    key, persona = SETTINGS.get(step.tx, identity.BACKUP_KEY), next(iter(PERSONAS.all(step.tx)), None)
    if key is None or persona is None:
        raise NotReady("there is nothing to back up yet", hint="Create a persona first.")
    generation = next_generation(step) if generation is None else generation
    owner = Owner(
        persona.chain, persona.name, persona.words_seen, persona.created_at, step.wall_s, generation
    )
    return packs.write(key.value, chain(_records(step, owner), more), entropy=step.entropy)


def _records(step: Step, owner: Owner) -> Iterator[list[Value]]:
    yield [_OWNER, *(getattr(owner, field.name) for field in fields(Owner))]
    for part in _PARTS:
        for row in part.shelf.where(step.tx, *([] if part.only is None else [part.only])):
            yield [part.number, *(getattr(row, column) for column in part.columns)]
    last = 0
    while rows := MESSAGES.find(step.tx, _after(last)):
        kept = [row.body_id for row in rows if row.body_id is not None and not _is_fleeting(row)]
        bodies = step.tx.bodies.get_many(kept)
        for row in rows:
            body = bodies.get(row.body_id or 0)
            yield [_MESSAGE, body, *(getattr(row, column) for column in _MESSAGE_COLUMNS)]
        last = rows[-1].id


def _after(last: int) -> sa.Select[Any]:
    c = tables.message.c
    return sa.select(*MESSAGES.columns).where(c.id > last).order_by(c.id).limit(_AT_ONCE)


def _is_fleeting(row: MessageRow) -> bool:
    return 0 < row.expire_s < FLEETING_S


# Reading


def read(
    step: Step,
    key: bytes,
    pieces: Iterable[bytes],
    *,
    more: Callable[[int, list[Value]], None] = lambda _number, _values: None,
) -> Owner:
    """Read a backup into empty tables; whose it is. `more` takes records that are not of this module.

    Raises:
        UsageError, AccessDenied: it is no backup, damaged, or another's (`packs.read`), or holds rows that
            cannot be. The step must not be committed then: rows before that are there.
    """
    records = packs.read(key, pieces)
    owner = _owner(next(records, []))
    for place, record in enumerate(records, 2):
        try:
            _take(step, record, more)
        except (LookupError, TypeError, ValueError, RemoteProtocolError) as e:
            raise UsageError(
                f"this backup holds what cannot be, in its record {place:,}",
                hint="Use another backup, or the words alone.",
            ) from e
    SETTINGS.put(step.tx, name=GENERATION, value=owner.generation.to_bytes(8, "big"))
    # The time of messages that disappear went on while they lay in the backup.
    SETTINGS.put(step.tx, name=countdown.SEEN, value=owner.made_at.to_bytes(8, "big"))
    return owner


def _take(step: Step, record: list[Value], more: Callable[[int, list[Value]], None]) -> None:
    number, *values = record
    if number == _MESSAGE:
        _put_message(step, values)
    elif (part := _BY_NUMBER.get(number if isinstance(number, int) else -1)) is not None:
        came: dict[str, object] = dict(zip(part.columns, values, strict=False))
        if part.at:
            came[part.at] = step.wall_s
        part.shelf.take(step.tx, came)
    elif isinstance(number, int):
        more(number, values)


def verify(key: bytes, pieces: Iterable[bytes]) -> Owner:
    """Read a backup for nothing but to see that it is whole; raises like `read`."""
    records = packs.read(key, pieces)
    owner = _owner(next(records, []))
    for _ in records:
        pass
    return owner


def _owner(record: list[Value]) -> Owner:
    match record:
        case [0, bytes(chain), str(name), bool(seen), int(created_at), int(made_at), int(generation), *_] if (
            min(created_at, made_at, generation) >= 0
        ):
            return Owner(chain, name, seen, created_at, made_at, generation)
        case _:
            raise UsageError("this backup does not say whose it is")


def _put_message(step: Step, values: list[Value]) -> None:
    """A message comes back: its row, its body under a new key, its words for the search."""
    body, *rest = values
    came: dict[str, Any] = dict(zip(_MESSAGE_COLUMNS, rest, strict=False))
    if came["mine"] and came["state"] in {"queued", "waiting"}:
        came["state"] = "sent"  # what contacts lack they ask for
    said = Message.decode(body).body if isinstance(body, bytes) else None
    if isinstance(body, bytes):
        came["body_id"] = step.tx.bodies.put(body)
    elif came["shredded_at"] is None:
        came |= {"shredded_at": step.wall_s, "unread": False, "left_s": None}
    MESSAGES.take(step.tx, came)
    if isinstance(said, indexing.SEARCHED):
        step.tx.search.add(came["id"], said.text)
