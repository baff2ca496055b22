"""What is about messages that have not come yet: kept for a while, and tombstones for ever."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import sqlalchemy as sa
from sqlalchemy import bindparam

from swarm_bridges import api

from ...services.step import Step
from ...storage import bridge_tables as tables
from ...storage.bridge_shelves import (
    ALIASES,
    PARKED,
    TOMBSTONES,
    RemoteActor,
    RemoteConversation,
    RemoteMessage,
)
from ...storage.shelf import Prepared
from . import bounds, people, rooms
from .packed import pack
from .writing import Writing

KEPT_S = 7 * 24 * 3600
"""How long something waits for the message that it is about."""
About = api.ReactionsNow | api.MarksNow | api.ReceiptMoved | api.DeliveryFailed
_DECODER = msgspec.msgpack.Decoder(About)

_OLDEST = {
    table.name: Prepared(
        sa.delete(table).where(
            table.c.id.in_(
                sa.select(table.c.id)
                .where(table.c.conversation_id == bindparam("room"))
                .order_by(table.c.id.desc())
                .limit(-1)
                .offset(bindparam("kept"))
            )
        )
    )
    for table in (tables.remote_parked, tables.remote_tombstone)
}
_p = tables.remote_parked.c
_STALE = Prepared(
    sa.delete(tables.remote_parked).where(sa.or_(_p.at < bindparam("oldest"), _p.at > bindparam("now")))
)


def park(step: Step, room: RemoteConversation, target: api.MessageRef, event: About) -> None:
    """Keep an event until its message comes."""
    PARKED.add(
        step.tx,
        conversation_id=room.id,
        remote_id=target.remote_id,
        part=target.part,
        event=pack(event),
        at=step.wall_s,
    )
    _OLDEST["remote_parked"].run(step.tx, {"room": room.id, "kept": bounds.MAX_PARKED})


def unpark(step: Step, row: RemoteMessage) -> list[About]:
    """What waited for a message, in the order in which it came."""
    found = [
        parked
        for remote_id in _names(step, row)
        for parked in PARKED.all(
            step.tx, conversation_id=row.conversation_id, remote_id=remote_id, part=row.part
        )
    ]
    for parked in found:
        PARKED.drop(step.tx, id=parked.id)
    return [_DECODER.decode(parked.event) for parked in sorted(found, key=lambda parked: parked.id)]


def forget_stale(step: Step) -> None:
    """Give up what waited for too long; also what a clock that was set back would keep for ever."""
    now = step.wall_s
    _STALE.run(step.tx, {"oldest": now - KEPT_S, "now": now + KEPT_S})


# Tombstones


def bury(step: Step, room: RemoteConversation, event: api.MessageGone) -> None:
    """A message was taken back that has not come: it is not to be shown when it does."""
    TOMBSTONES.add_new(
        step.tx,
        conversation_id=room.id,
        remote_id=event.target.remote_id,
        part=event.target.part,
        actor="" if event.actor is None else event.actor.remote_id,
        at=step.wall_s,
    )
    _OLDEST["remote_tombstone"].run(step.tx, {"room": room.id, "kept": bounds.MAX_PARKED})


def is_buried(
    now: Writing, room: RemoteConversation, names: Iterable[str], part: str, author: RemoteActor
) -> bool:
    """Whether a message of these ids was taken back by who may: its author, a moderator, the network."""
    step = now.step
    stones = [
        stone
        for name in names
        for stone in TOMBSTONES.all(step.tx, conversation_id=room.id, remote_id=name, part=part)
    ]
    return any(
        not stone.actor
        or rooms.moderates(room, stone.actor)
        or people.root(people.of(step, now.account.id, api.Actor(stone.actor))) == people.root(author)
        for stone in stones
    )


def _names(step: Step, row: RemoteMessage) -> list[str]:
    aliases = [alias.alias for alias in ALIASES.all(step.tx, message_id=row.id)]
    return ([] if row.remote_id is None else [row.remote_id]) + aliases
