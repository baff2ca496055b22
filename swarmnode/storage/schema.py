"""The catalogue with all tables of a node's file: new files are made from it, old ones compared with it."""

from __future__ import annotations

from . import book_tables, bridge_tables, carriage_tables, later_tables, tables
from .columns import metadata

__all__ = ["book_tables", "bridge_tables", "carriage_tables", "later_tables", "metadata", "tables"]
