"""The tables of what is said later, and of deletions: who was asked, and what they answered (ADR 0035)."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text

from .columns import metadata, number, to

later = Table(
    "later",
    metadata,
    number(),
    Column("chat", Text, nullable=False, comment="where it is to be said; empty for a post"),
    Column("body_id", Integer, comment="core.later.Wish; None once it has left, or was taken back"),
    Column("send_at", Integer, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("reason", Text, nullable=False, default="", comment="why it did not leave at its time"),
    Column("became", Text, nullable=False, default="", comment="the message or post that it is now"),
    Index("ix_later_waiting", "send_at", sqlite_where=text("body_id IS NOT NULL")),
    comment="what was said and waits for its time: no network, and no chain, has anything of it",
    # Screens know it by its number, so that of one which has left is not given out again.
    sqlite_autoincrement=True,
)

deletion = Table(
    "deletion",
    metadata,
    number(),
    Column("at", Integer, nullable=False),
    Column("everywhere", Boolean, nullable=False),
    comment="what the owner destroyed, here or everywhere; it holds no text",
    sqlite_autoincrement=True,
)

deletion_item = Table(
    "deletion_item",
    metadata,
    number(),
    to("deletion_id", "deletion"),
    Column("message", Text, nullable=False, index=True, comment="its id on screens"),
    Column("chat", Text, nullable=False),
    Column("was", Text, nullable=False, comment="domain.views.MessageState, before"),
    Column("request", LargeBinary, index=True, comment="the delete_req that names it"),
    Column("cannot", Text, nullable=False, default="", comment="why its network was not asked"),
)

deletion_request = Table(
    "deletion_request",
    metadata,
    Column("name", LargeBinary, primary_key=True),
    to("conversation_id", "conversation"),
    Column("at", Integer, nullable=False),
    Column("again_at", Integer, comment="when silent nodes are asked again; None: no more"),
    Column("tries", Integer, nullable=False, default=0),
    Index("ix_deletion_request_again", "again_at", sqlite_where=text("again_at IS NOT NULL")),
    comment="delete_reqs of ours that wait for answers",
)

deletion_receipt = Table(
    "deletion_receipt",
    metadata,
    number(),
    Column("request", LargeBinary, nullable=False),
    Column("conversation", LargeBinary, nullable=False, comment="the hash that was signed"),
    Column("persona_id", LargeBinary, nullable=False),
    Column("leaf_sig", LargeBinary, nullable=False),
    Column("name", Text, nullable=False, comment="of the contact, when it came"),
    Column("body", LargeBinary, nullable=False, comment="a delete_rcpt's body, with its signature"),
    Column("chain", LargeBinary, nullable=False, comment="the sigchain that names the leaf"),
    Column("at", Integer, nullable=False),
    UniqueConstraint("request", "leaf_sig"),
    comment="what nodes of others signed; kept when the message and the contact are gone",
)
