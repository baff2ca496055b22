"""One way to read and write rows: a shelf binds a table to the frozen value that a row becomes.

    RELAYS = Shelf(tables.relay, Relay)
    relay = RELAYS.get(tx, 3)
    RELAYS.change(tx, relay.id, state="up")

A shelf writes its statements itself, once for each set of columns. What else is asked is a `Prepared`, which
SQLAlchemy compiles once; then it is run as text too, which takes a tenth of the time. A message is some fifty
statements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.sql import ClauseElement
from sqlcipher3 import dbapi2  # type: ignore[import-untyped]

from swarm_protocol.mls.fast_init import fast_init

from .database import Tx

T = TypeVar("T")

_DIALECT = SQLiteDialect_pysqlite(paramstyle="named")
_quoted = _DIALECT.identifier_preparer.quote
_TOP = 1 << 63


class Prepared:
    """A statement that is compiled when it is first wanted, and run often; its values are bound by name.

    To compile takes a millisecond and 9 KiB, and a start wants few of them.
    """

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._compiled: tuple[str, Mapping[str, object]] | None = None

    def run(self, tx: Tx, values: Mapping[str, object]) -> Any:
        """Run it; a cursor of the driver."""
        text, fixed = self._compiled or self._compile()
        return tx.driver.execute(text, {**fixed, **values} if fixed else values)

    def _compile(self) -> tuple[str, Mapping[str, object]]:
        compiled = self._statement.compile(dialect=_DIALECT)
        fixed = {name: value for name, value in compiled.params.items() if value is not None}
        self._compiled = str(compiled), fixed
        return self._compiled

    def scalar(self, tx: Tx, values: Mapping[str, object] | None = None) -> Any:
        """The first value of the first row, or None."""
        row = self.run(tx, values or {}).fetchone()
        return None if row is None else row[0]

    def rows(self, tx: Tx, values: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
        """All rows."""
        found: list[tuple[Any, ...]] = self.run(tx, values or {}).fetchall()
        return found


class Shelf(Generic[T]):
    """The rows of one table as values of one dataclass, whose fields are columns of the same name."""

    def __init__(self, table: sa.Table, kind: type[T]) -> None:
        self.table, self._kind = table, fast_init(kind)
        self._columns = [table.c[field.name] for field in fields(kind)]  # type: ignore[arg-type]
        self._names = [c.name for c in self._columns]
        self._booleans = [i for i, c in enumerate(self._columns) if isinstance(c.type, sa.Boolean)]
        self._defaults = {c.name: _default(c) for c in table.columns if c.default is not None}
        self._prepared: dict[tuple[str, ...], str] = {}
        self._key = next(iter(table.primary_key.columns))
        self._from = _quoted(table.name)

    def get(self, tx: Tx, key: object, /) -> T | None:
        """The row with this primary key."""
        return self.one(tx, **{self._key.name: key})

    def one(self, tx: Tx, **equal: object) -> T | None:
        """The row whose columns have these values; the first by key if there are several."""
        row = tx.driver.execute(self._select(equal), equal).fetchone()
        return None if row is None else self._value(row)

    def all(self, tx: Tx, **equal: object) -> list[T]:
        """All rows whose columns have these values, by key."""
        return [self._value(row) for row in tx.driver.execute(self._select(equal), equal).fetchall()]

    def where(self, tx: Tx, *conditions: sa.ColumnElement[bool]) -> list[T]:
        """Rows that meet conditions, by key. The statement is built anew: not for what happens often."""
        statement = sa.select(*self._columns).where(*conditions).order_by(self._key)
        return [self._kind(*row) for row in tx.db.execute(statement)]

    def find(self, tx: Tx, statement: sa.Select[Any]) -> list[T]:
        """Rows of a statement that is built for once, and selects `columns`."""
        return [self._kind(*row) for row in tx.db.execute(statement)]

    def query(self, tx: Tx, prepared: Prepared, values: Mapping[str, object] | None = None) -> list[T]:
        """Rows of a prepared statement, which selects `columns`."""
        return [self._value(row) for row in prepared.rows(tx, values)]

    @property
    def columns(self) -> Sequence[sa.Column[Any]]:
        """The columns that make a value, in order."""
        return self._columns

    def count(self, tx: Tx, **equal: object) -> int:
        """How many rows have these values."""

        def build() -> str:
            return f"SELECT count(*) FROM {self._from}{self._where(equal)}"  # noqa: S608 - here and below: our names

        return int(tx.driver.execute(self._kept(("count", *_shape(equal)), build), equal).fetchone()[0])

    def take(self, tx: Tx, values: Mapping[str, object]) -> None:
        """Add a row whose values come from elsewhere. SQLite by itself stores any type in any column.

        Raises:
            ValueError: a value is of another type, stands twice, or refers to nothing.
        """
        for name, value in values.items():
            column = self.table.c[name]
            if not (column.nullable if value is None else _fits(column, value)):
                raise ValueError(f"{self.table.name}.{name} cannot be of type {type(value).__name__}")
        try:
            self.add(tx, **values)
        except dbapi2.IntegrityError as e:
            raise ValueError(f"a row of {self.table.name} cannot stand beside the others") from e

    def add(self, tx: Tx, **values: object) -> int:
        """Add a row; its number. Columns that are not named have their defaults."""
        return int(tx.driver.execute(self._insert("", values), values).lastrowid)

    def make(self, tx: Tx, **values: object) -> T:
        """Add a row; its value, without reading it back."""
        return self.value(**{self._key.name: self.add(tx, **values)}, **values)

    def value(self, **values: object) -> T:
        """The value of a row that has these columns and defaults; nothing is stored."""
        made = {**self._defaults, **values}
        return self._kind(*[made.get(name) for name in self._names])

    def put(self, tx: Tx, **values: object) -> None:
        """Add a row, or replace the one with the same key."""
        tx.driver.execute(self._insert(" OR REPLACE", values), values)

    def add_new(self, tx: Tx, **values: object) -> bool:
        """Add a row unless a unique column has the value already; whether it was added."""
        return bool(tx.driver.execute(self._insert(" OR IGNORE", values), values).rowcount)

    def change(self, tx: Tx, key: object, /, **values: object) -> None:
        """Change columns of the row with this primary key."""

        def build() -> str:
            new = ", ".join(f"{self._name(name)} = :{name}" for name in values)
            return f"UPDATE {self._from} SET {new} WHERE {_quoted(self._key.name)} = :key_"  # noqa: S608

        tx.driver.execute(self._kept(("change", *values), build), {**values, "key_": key})

    def drop(self, tx: Tx, **equal: object) -> int:
        """Delete the rows with these values; how many."""

        def build() -> str:
            return f"DELETE FROM {self._from}{self._where(equal)}"  # noqa: S608

        return int(tx.driver.execute(self._kept(("drop", *_shape(equal)), build), equal).rowcount)

    def _insert(self, conflict: str, values: Mapping[str, object]) -> str:
        def build() -> str:
            new = {name: f":{name}" for name in values}
            for name, default in self._defaults.items():
                new.setdefault(name, _literal(default))
            names = ", ".join(map(self._name, new))
            return f"INSERT{conflict} INTO {self._from} ({names}) VALUES ({', '.join(new.values())})"

        return self._kept(("insert", conflict, *values), build)

    def _select(self, equal: Mapping[str, object]) -> str:
        def build() -> str:
            names, key = ", ".join(map(_quoted, self._names)), _quoted(self._key.name)
            return f"SELECT {names} FROM {self._from}{self._where(equal)} ORDER BY {key}"  # noqa: S608

        return self._kept(("select", *_shape(equal)), build)

    def _where(self, equal: Mapping[str, object]) -> str:
        # Not `IS` for both: that may find NULL, so SQLite takes no index of the rows that have a value.
        parts = (
            f"{self._name(name)} IS NULL" if value is None else f"{self._name(name)} = :{name}"
            for name, value in equal.items()
        )
        return " WHERE " + " AND ".join(parts) if equal else ""

    def _name(self, name: str) -> str:
        """A column as SQL; KeyError if there is none of this name."""
        return _quoted(self.table.c[name].name)

    def _kept(self, key: tuple[str, ...], build: Callable[[], str]) -> str:
        text = self._prepared.get(key)
        if text is None:
            text = self._prepared[key] = build()
        return text

    def _value(self, row: tuple[Any, ...]) -> T:
        if not self._booleans:
            return self._kind(*row)
        values = list(row)
        for i in self._booleans:
            values[i] = bool(values[i])
        return self._kind(*values)


def _shape(equal: Mapping[str, object]) -> list[str]:
    """What a statement for these values depends on: the names, and which of them have none."""
    return [f"{name} null" if value is None else name for name, value in equal.items()]


def one_of(column: sa.ColumnElement[Any], values: Iterable[str]) -> sa.ColumnElement[bool]:
    """That a column has one of some fixed values, as a prepared statement can say it."""
    return sa.or_(*(column == sa.literal_column(_literal(value)) for value in values))


def _fits(column: sa.Column[Any], value: object) -> bool:
    kind = column.type.python_type
    if kind is int:
        return type(value) is int and -_TOP <= value < _TOP
    return isinstance(value, kind)


def _default(column: sa.Column[Any]) -> object:
    default: Any = column.default
    return default.arg


def _literal(value: object) -> str:
    """A default of a column as SQL: numbers, booleans and plain text."""
    if isinstance(value, str):
        assert "'" not in value, "defaults are plain"
        return f"'{value}'"
    assert isinstance(value, int), "defaults are numbers, booleans or texts"
    return str(int(value))
