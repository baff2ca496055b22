"""The tables of carriage: conversations of other networks as ways for sealed envelopes (spec 53, ADR 0033).

A route is a conversation together with the contact's node that it leads to, or the meeting that it is for.
What is to leave lies here in fragments, as the bridge is to send them, until the other side has confirmed it;
what came lies here until it is whole.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from .columns import metadata, number, to

carriage_route = Table(
    "carriage_route",
    metadata,
    number(),
    to("room_id", "remote_conversation", index=False),
    to("peer_id", "peer", null=True),
    to("invite_id", "invite", null=True),
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
    number(),
    to("outbox_id", "outbox"),
    to("route_id", "carriage_route", index=False),
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
    number(),
    to("room_id", "remote_conversation", index=False),
    Column("actor", Text, nullable=False, comment="remote id of who sent it"),
    Column("name", LargeBinary, nullable=False),
    Column("blob", LargeBinary, nullable=False),
    Column("at", Integer, nullable=False),
    Index("ix_carriage_came_sender", "room_id", "actor"),
    comment="fragments of what is not whole yet",
)
