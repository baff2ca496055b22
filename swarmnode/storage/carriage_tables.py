"""The tables of carriage: conversations of other networks as ways for sealed envelopes (spec 53, ADR 0033).

A route is a conversation together with the contact's node that it leads to, or the meeting that it is for.
What is to leave lies here in fragments, as the bridge is to send them, until the other side has confirmed it;
what came lies here until it is whole.
"""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from .book_tables import metadata

__all__ = ["metadata"]


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _of(name: str, table: str, *, null: bool = False, index: bool = False) -> Column[int]:
    """A reference to a row of `table`; deleted with it."""
    return Column(name, Integer, ForeignKey(f"{table}.id", ondelete="CASCADE"), nullable=null, index=index)


carriage_route = Table(
    "carriage_route",
    metadata,
    _id(),
    _of("room_id", "remote_conversation"),
    _of("peer_id", "peer", null=True, index=True),
    _of("invite_id", "invite", null=True, index=True),
    Column("state", Text, nullable=False, comment="services.carriage.State"),
    Column("size", Integer, nullable=False, comment="bytes that a message there carries; 0: none now"),
    Column("form", Text, nullable=False, comment="api.Capabilities.opaque_form"),
    Column("nonce", LargeBinary, comment="of our probe, until it is answered"),
    Column("theirs", LargeBinary, comment="of their probe, until the owner has said whether it is answered"),
    Column("link_seq", Integer, nullable=False, default=0),
    Column("hour", Integer, nullable=False, default=0, comment="Unix hour that `used` is about"),
    Column("used", Integer, nullable=False, default=0, comment="messages in that hour"),
    Column("added_at", Integer, nullable=False),
    UniqueConstraint("room_id", "peer_id"),
)

carriage_piece = Table(
    "carriage_piece",
    metadata,
    _id(),
    _of("outbox_id", "outbox", index=True),
    _of("route_id", "carriage_route"),
    Column("place", Integer, nullable=False, comment="the order in which the pieces of one thing leave"),
    Column("blob", LargeBinary, nullable=False),
    Column("state", Text, nullable=False, comment="ready, calling (there is an intent), sent"),
    Column("intent", Text, unique=True),
    Index("ix_carriage_piece_route", "route_id", "state", "id"),
    comment="fragments that leave, and have left, until the other side confirms what they make",
)

carriage_came = Table(
    "carriage_came",
    metadata,
    _id(),
    _of("room_id", "remote_conversation"),
    Column("actor", Text, nullable=False, comment="remote id of who sent it"),
    Column("name", LargeBinary, nullable=False),
    Column("blob", LargeBinary, nullable=False),
    Column("at", Integer, nullable=False),
    Index("ix_carriage_came_sender", "room_id", "actor"),
    comment="fragments of what is not whole yet",
)
