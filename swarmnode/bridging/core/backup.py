"""What of other networks, and of the address book, goes into a backup, and comes back from it (ADR 0020).

Accounts with their logins, people, conversations, messages and files are in it, and of the address book also
what was merged, split and suggested. What was on its way is not: the lost node may have sent it, so its
messages come back as given up, for their owner to look at.

Each table is a head, which names its columns, and its rows; a column that a reader does not know is left out.
Bodies stand in the place of their numbers. Bytes that are too long for a record come in pieces before it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from swarm_protocol.cbor import Value

from ...services.carriage import KEPT
from ...services.step import Step
from ...storage.book_shelves import BOOK_ACCOUNTS, CHANGES, MOVES, PERSONS, SUGGESTIONS
from ...storage.bridge_shelves import (
    ACCOUNTS,
    ACTORS,
    ALIASES,
    CONSENTS,
    COVERAGE,
    FILES,
    FORWARDS,
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
from ...storage.proof_shelves import CONTACT_CLAIMS, NOTICED, OPENED, OWN_CLAIMS
from ...storage.shelf import Shelf
from . import content

HEAD, ROW, PIECE = 64, 65, 66
"""Numbers of records; those below are the node's own (`services.backup`)."""
PIECE_SIZE = 256 * 1024
_AT_ONCE = 256
_BODIES = {
    "remote_message": "body_id",
    "remote_conversation": "draft_id",
    "remote_file": "body_id",
    "post": "body_id",
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
)
_UNSENT = frozenset({"queued", "waiting", "maybe"})


def records(step: Step) -> Iterator[list[Value]]:
    """What goes into a backup, after the node's own."""
    for shelf in _SHELVES:
        columns = [column.name for column in shelf.columns]
        yield [HEAD, shelf.table.name, *columns]
        body = _BODIES.get(shelf.table.name)
        for rows in _rows(step, shelf):
            bodies = {} if body is None else step.tx.bodies.get_many(getattr(row, body) or 0 for row in rows)
            for row in rows:
                values: list[Value] = [_value(row, column, body, bodies) for column in columns]
                yield from _row(values)


def _rows(step: Step, shelf: Shelf[Any]) -> Iterator[list[Any]]:
    key, last = shelf.table.c.id, 0
    while rows := shelf.find(
        step.tx, sa.select(*shelf.columns).where(key > last).order_by(key).limit(_AT_ONCE)
    ):
        yield rows
        last = rows[-1].id


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
        taken, self._pieces = self._pieces[: int(count)], self._pieces[int(count) :]
        return b"".join(taken)

    def _put(self, shelf: Shelf[Any], values: dict[str, Value]) -> None:
        step, name = self.step, shelf.table.name
        known = {column.name for column in shelf.columns}
        row: dict[str, object] = {column: value for column, value in values.items() if column in known}
        column = _BODIES.get(name)
        body = None if column is None else row[column]
        if column is not None:
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
            case _:
                pass
        shelf.add(step.tx, **row)


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value
