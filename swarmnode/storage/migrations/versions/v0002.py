"""Titles that bridges give to conversations are kept in all languages."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column; the bridges tell what it holds when they run next."""
    op.add_column("remote_conversation", sa.Column("titles", sa.LargeBinary))
