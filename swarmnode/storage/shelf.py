"""One way to read and write rows: a shelf binds a table to the frozen value that a row becomes.

    RELAYS = Shelf(tables.relay, Relay)
    relay = RELAYS.get(tx, 3)
    RELAYS.change(tx, relay.id, state="up")

Statements are built once for each set of columns and kept, so that SQLAlchemy compiles them once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from .database import Tx

T = TypeVar("T")


class Shelf(Generic[T]):
    """The rows of one table as values of one dataclass, whose fields are columns of the same name."""

    def __init__(self, table: sa.Table, kind: type[T]) -> None:
        self.table, self._kind = table, kind
        self._columns = [table.c[field.name] for field in fields(kind)]  # type: ignore[arg-type]
        self._statements: dict[tuple[str, ...], Any] = {}
        self._key = next(iter(table.primary_key.columns))

    def get(self, tx: Tx, key: object, /) -> T | None:
        """The row with this primary key."""
        return self.one(tx, **{self._key.name: key})

    def one(self, tx: Tx, **equal: object) -> T | None:
        """The row whose columns have these values; the first by key if there are several."""
        return next(self._select(tx, equal, 1), None)

    def all(self, tx: Tx, **equal: object) -> list[T]:
        """All rows whose columns have these values, by key."""
        return list(self._select(tx, equal, 0))

    def where(self, tx: Tx, *conditions: sa.ColumnElement[bool], limit: int = 0) -> list[T]:
        """Rows that meet conditions, by key. The statement is built anew: not for what happens often."""
        statement = sa.select(*self._columns).where(*conditions).order_by(self._key)
        if limit:
            statement = statement.limit(limit)
        return [self._kind(*row) for row in tx.db.execute(statement)]

    def query(self, tx: Tx, statement: sa.Select[Any], values: dict[str, object] | None = None) -> list[T]:
        """Rows of a prepared statement, which selects `columns` of this shelf."""
        return [self._kind(*row) for row in tx.db.execute(statement, values or {})]

    @property
    def columns(self) -> Sequence[sa.Column[Any]]:
        """The columns that make a value, in order."""
        return self._columns

    def count(self, tx: Tx, **equal: object) -> int:
        """How many rows have these values."""
        statement = self._kept(
            ("count", *sorted(equal)),
            lambda: sa.select(sa.func.count()).select_from(self.table).where(*self._equal(equal)),
        )
        return int(tx.db.execute(statement, _bound(equal)).scalar_one())

    def add(self, tx: Tx, **values: object) -> int:
        """Add a row; its primary key (0 for a table whose key is not a number)."""
        statement = self._kept(("add", *sorted(values)), lambda: sa.insert(self.table))
        key = tx.db.execute(statement, values).inserted_primary_key
        return key[0] if key is not None and isinstance(key[0], int) else 0

    def put(self, tx: Tx, **values: object) -> None:
        """Add a row, or replace the one with the same key."""
        statement = self._kept(
            ("put", *sorted(values)), lambda: sa.insert(self.table).prefix_with("OR REPLACE")
        )
        tx.db.execute(statement, values)

    def add_new(self, tx: Tx, **values: object) -> bool:
        """Add a row unless a unique column has the value already; whether it was added."""
        statement = self._kept(
            ("add new", *sorted(values)), lambda: sa.insert(self.table).prefix_with("OR IGNORE")
        )
        return bool(tx.db.execute(statement, values).rowcount)

    def change(self, tx: Tx, key: object, /, **values: object) -> None:
        """Change columns of the row with this primary key."""
        statement = self._kept(
            ("change", *sorted(values)),
            lambda: sa.update(self.table).where(self._key == sa.bindparam("key_")),
        )
        tx.db.execute(statement, {**values, "key_": key})

    def drop(self, tx: Tx, **equal: object) -> int:
        """Delete the rows with these values; how many."""
        statement = self._kept(
            ("drop", *sorted(equal)), lambda: sa.delete(self.table).where(*self._equal(equal))
        )
        return int(tx.db.execute(statement, _bound(equal)).rowcount)

    def _select(self, tx: Tx, equal: dict[str, object], limit: int) -> Iterator[T]:
        def build() -> sa.Select[Any]:
            statement = sa.select(*self._columns).where(*self._equal(equal)).order_by(self._key)
            return statement.limit(limit) if limit else statement

        statement = self._kept(("select", str(limit), *sorted(equal)), build)
        return (self._kind(*row) for row in tx.db.execute(statement, _bound(equal)).fetchall())

    def _equal(self, equal: dict[str, object]) -> list[sa.ColumnElement[bool]]:
        return [self.table.c[name].is_not_distinct_from(sa.bindparam(f"{name}_")) for name in sorted(equal)]

    def _kept(self, key: tuple[str, ...], build: Any) -> Any:
        statement = self._statements.get(key)
        if statement is None:
            statement = self._statements[key] = build()
        return statement


def _bound(equal: dict[str, object]) -> dict[str, object]:
    return {f"{name}_": value for name, value in equal.items()}
