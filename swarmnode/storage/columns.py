"""What all tables are made of: the catalogue that they stand in, and the columns that many of them have.

Each module of tables adds its own to `metadata`; `schema` is the catalogue with all of them.
"""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Column, ForeignKey, Index, Integer, MetaData, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def number() -> Column[int]:
    """The number of a row, its key. SQLite gives it out."""
    return Column("id", Integer, primary_key=True)


def to(
    name: str,
    table: str,
    *,
    null: bool = False,
    gone: Literal["CASCADE", "SET NULL"] | None = "CASCADE",
    index: bool = True,
    unique: bool | None = None,
) -> Column[int]:
    """A reference to a row of `table`. `gone` is what happens here when that row goes; None: it may not go.

    `index` is False where another index begins with it, or `where_set` has it, or nobody asks by it.
    """
    target = ForeignKey(f"{table}.id", ondelete=gone)
    return Column(name, Integer, target, nullable=null, index=index, unique=unique)


def where_set(name: str) -> Index:
    """An index of the rows that have it: the others, on the way of each message, do not touch it."""
    return Index(None, name, sqlite_where=text(f"{name} IS NOT NULL"))
