"""What of other networks, the address book and what waits goes into a backup, and comes back (ADR 0020).

Accounts with their logins, people, conversations, messages, files and drafts are in it, and of the address
book also what was merged, split and suggested. What was to be said is there and is not said by itself, since
the lost node may have said it: messages that were on their way come back as given up, and what waited for
its time comes back held, for the owner to decide. Deletions go on: twice is once. Other changes that were on
their way, such as edits and reactions, are not in it.

Each table is a head, which names its columns, and its rows; a column that a reader does not know is left out.
Bodies stand in the place of their numbers. Bytes that are too long for a record come in pieces before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from swarm_protocol.cbor import Value

from ...domain.later import RESTORED
from ...services.backup import FLEETING_S
from ...services.carriage import KEPT
from ...services.step import Step
from ...storage import bridge_tables, later_tables
from ...storage.book_shelves import BOOK_ACCOUNTS, CHANGES, MOVES, PERSONS, SUGGESTIONS
from ...storage.bridge_shelves import (
    ACCOUNTS,
    ACTORS,
    ALIASES,
    CONSENTS,
    COVERAGE,
    FILES,
    FORWARDS,
    INTENTS,
    KEY_VALUES,
    PARKED,
    PARTS,
    PLACES,
    POSTS,
    REACTIONS,
    REMOTE_MESSAGES,
    ROOMS,
    SECRETS,
    TOMBSTONES,
)
from ...storage.carriage_shelves import ROUTES
from ...storage.later_shelves import DELETION_ITEMS, DELETIONS, LATER, Later
from ...storage.proof_shelves import CONTACT_CLAIMS, NOTICED, OPENED, OWN_CLAIMS
from ...storage.shelf import Shelf
from ...storage.shelves import DRAFTS
from . import content, intents, later
from .packed import pack

HEAD, ROW, PIECE = 64, 65, 66
"""Numbers of records; those below are the node's own (`services.backup`), those from 96 on `app.backups`'."""
PIECE_SIZE = 256 * 1024
_AT_ONCE = 256
_BODIES = {
    "remote_message": "body_id",
    "remote_conversation": "draft_id",
    "remote_file": "body_id",
    "post": "body_id",
    "draft": "body_id",
    "later": "body_id",
}
_SHELVES: tuple[Shelf[Any], ...] = (
    ACCOUNTS,
    SECRETS,
    KEY_VALUES,
    CONSENTS,
    ACTORS,
    ROOMS,
    ROUTES,
    REMOTE_MESSAGES,
    FILES,
    ALIASES,
    REACTIONS,
    TOMBSTONES,
    PARKED,
    COVERAGE,
    FORWARDS,
    POSTS,
    PLACES,
    PARTS,
    PERSONS,
    BOOK_ACCOUNTS,
    CHANGES,
    MOVES,
    SUGGESTIONS,
    OWN_CLAIMS,
    OPENED,
    CONTACT_CLAIMS,
    NOTICED,
    INTENTS,
    DRAFTS,
    LATER,
    DELETIONS,
    DELETION_ITEMS,
)
_i, _l = bridge_tables.bridge_intent.c, later_tables.later.c
_ONLY = {
    "bridge_intent": sa.and_(_i.kind == "delete", _i.settled_at.is_(None)),
    "later": _l.body_id.is_not(None),
}
_UNSENT = frozenset({"queued", "waiting", "maybe"})


def records(step: Step) -> Iterator[list[Value]]:
    """What goes into a backup, after the node's own."""
    for shelf in _SHELVES:
        columns = [column.name for column in shelf.columns]
        yield [HEAD, shelf.table.name, *columns]
        body = _BODIES.get(shelf.table.name)
        for rows in _rows(step, shelf):
            bodies = _bodies(step, body, rows)
            for row in rows:
                if isinstance(row, Later) and row.body_id not in bodies:
                    continue
                values: list[Value] = [_value(row, column, body, bodies) for column in columns]
                yield from _row(values)


def _rows(step: Step, shelf: Shelf[Any]) -> Iterator[list[Any]]:
    key, last = next(iter(shelf.table.primary_key.columns)), 0
    all_rows = sa.select(*shelf.columns).order_by(key).limit(_AT_ONCE)
    wanted = all_rows.where(_ONLY[shelf.table.name]) if shelf.table.name in _ONLY else all_rows
    while rows := shelf.find(step.tx, wanted.where(key > last)):
        yield rows
        last = getattr(rows[-1], key.name)


def _bodies(step: Step, column: str | None, rows: Sequence[Any]) -> Mapping[int, bytes]:
    """What stands in the place of numbers of bodies."""
    if column is None:
        return {}
    if isinstance(rows[0], Later):
        kept = {row.body_id: later.keep(step, row, at_least_s=FLEETING_S) for row in rows}
        return {number: data for number, data in kept.items() if data is not None}
    return step.tx.bodies.get_many(getattr(row, column) or 0 for row in rows)


def _value(row: Any, column: str, body: str | None, bodies: Mapping[int, bytes]) -> Value:
    value = getattr(row, column)
    found: Value = bodies.get(value or 0) if column == body else value
    return found


def _row(values: list[Value]) -> Iterator[list[Value]]:
    for place, value in enumerate(values):
        if isinstance(value, bytes) and len(value) > PIECE_SIZE:
            pieces = [value[at : at + PIECE_SIZE] for at in range(0, len(value), PIECE_SIZE)]
            for piece in pieces:
                yield [PIECE, piece]
            values[place] = [len(pieces)]
    yield [ROW, *values]


@dataclass(slots=True)
class Restored:
    """Takes records in, in the order in which they were written."""

    step: Step
    _shelf: Shelf[Any] | None = None
    _columns: tuple[str, ...] = ()
    _pieces: list[bytes] = field(default_factory=list, repr=False)

    def take(self, number: int, values: list[Value]) -> None:
        """One record; those of a newer program are left out."""
        match number:
            case 64:
                name, *columns = (str(value) for value in values)
                self._shelf = next((shelf for shelf in _SHELVES if shelf.table.name == name), None)
                self._columns = tuple(columns)
            case 65 if self._shelf is not None:
                self._put(self._shelf, dict(zip(self._columns, map(self._whole, values), strict=False)))
            case 66:
                self._pieces += [value for value in values if isinstance(value, bytes)]
            case _:
                self._pieces.clear()

    def _whole(self, value: Value) -> Value:
        if not isinstance(value, list):
            return value
        (count,) = value
        taken, self._pieces = self._pieces[: _number(count)], self._pieces[_number(count) :]
        if len(taken) != count:
            raise ValueError("pieces are missing")
        return b"".join(taken)

    def _put(self, shelf: Shelf[Any], values: dict[str, Value]) -> None:
        step, name = self.step, shelf.table.name
        known = {column.name for column in shelf.columns}
        row: dict[str, object] = {column: value for column, value in values.items() if column in known}
        column = _BODIES.get(name)
        body = None if column is None else row[column]
        if column is not None and shelf is not LATER:
            row[column] = step.tx.bodies.put(body) if isinstance(body, bytes) else None
        match name:
            case "bridge_account":
                row |= {"state": "stopped", "code": "", "notice": "", "since": step.wall_s}
            case "remote_message":
                row |= {"intent_id": None, "copy_hash": None}
                if row["state"] in _UNSENT:
                    row |= {"state": "expired", "reason": ""}
                if isinstance(body, bytes) and (words := content.decode(body).words):
                    step.tx.search.add(_number(row["search_id"]), words)
            case "remote_file" if row["body_id"] is None:
                return
            case "carriage_route":
                if row["peer_id"] is None or row["state"] not in KEPT:
                    return
                row |= {"invite_id": None}
            case "bridge_intent":
                message = REMOTE_MESSAGES.get(step.tx, row["message_id"])
                if row["kind"] != "delete" or message is None or message.remote_id is None:
                    return
                row |= {"state": intents.State.READY.value, "attempts": 0, "due_at": 0, "settled_at": None}
                row |= {
                    "body_id": step.tx.bodies.put(pack(intents.Payload())),
                    "expires_at": step.wall_s + intents.EXPIRES_S,
                }
            case "later":
                row |= {"body_id": later.unkeep(step, _bytes(body)), "reason": RESTORED, "became": ""}
            case "draft" if row["body_id"] is None:
                return
            case _:
                pass
        shelf.take(step.tx, row)


def _number(value: object) -> int:
    if not isinstance(value, int) or value < 0:
        raise ValueError("no number")
    return value


def _bytes(value: object) -> bytes:
    if not isinstance(value, bytes):
        raise TypeError("no bytes")
    return value
