"""What is about messages: reactions, marks, receipts; at once, or when their message is there."""

from __future__ import annotations

from swarm_bridges import api

from ...storage.bridge_shelves import INTENTS, REMOTE_MESSAGES, ROOMS, RemoteMessage
from . import bounds, entries, parked, people, places, rooms
from .packed import ordered, pack
from .writing import Writing


def catch_up(now: Writing, row: RemoteMessage) -> bool:
    """Do what waited for a message; whether anything did."""
    events = parked.unpark(now.step, row)
    for event in events:
        apply(now, entries.get(now.step, row.id), event)
    return bool(events)


def apply(now: Writing, row: RemoteMessage, event: parked.About) -> None:
    """Do it."""
    step = now.step
    match event:
        case api.ReceiptMoved(actor=actor, read=read):
            if not actor.is_owner:
                _got(now, row, "read" if read else "delivered")
            elif read:
                _read_elsewhere(now, row)
        case _ if row.gone_at is not None:
            pass
        case api.DeliveryFailed(reason=reason, recipient=recipient):
            if row.mine:  # what some have got was sent, and stands so
                state = "refused" if recipient is None else row.state
                REMOTE_MESSAGES.change(step.tx, row.id, state=state, reason=bounds.name(reason))
                now.changed(row)
        case api.ReactionsNow(actor=actor, values=values):
            entries.react(now, row, people.of(step, now.account.id, actor), values)
            if actor.is_owner:
                shown(now, row, "react")
        case api.MarksNow(mine=mine, counts=counts):
            few = {bounds.name(key): count for key, count in sorted(counts.items())[: bounds.MAX_SYMBOLS]}
            REMOTE_MESSAGES.change(step.tx, row.id, marks=pack([ordered(mine), few]))
            shown(now, row, "mark")
            now.changed(row)


def shown(now: Writing, row: RemoteMessage, kind: str) -> None:
    """The network has shown what a call that is under way has done, or what came after that: it counts."""
    for intent in INTENTS.all(now.step.tx, message_id=row.id, kind=kind, state="calling"):
        INTENTS.change(now.step.tx, intent.id, shown=True)


def _got(now: Writing, row: RemoteMessage, state: str) -> None:
    """Others have got, or read, what the owner said up to a message."""
    bound = {"room": row.conversation_id, "place": row.place, "rank": row.rank, "state": state}
    for ours in REMOTE_MESSAGES.query(now.step.tx, places.OURS_UP_TO, bound):
        REMOTE_MESSAGES.change(now.step.tx, ours.id, state=state)
        now.changed(ours)


def _read_elsewhere(now: Writing, row: RemoteMessage) -> None:
    """The owner has read up to a message on another client."""
    room = rooms.get(now.step, row.conversation_id)
    before = None if room.read_id is None else REMOTE_MESSAGES.get(now.step.tx, room.read_id)
    if before is None or places.not_after(before, row):
        ROOMS.change(now.step.tx, room.id, read_id=row.id)
    bound = {"room": room.id, "place": row.place, "rank": row.rank}
    for unread in REMOTE_MESSAGES.query(now.step.tx, places.UP_TO, bound):
        REMOTE_MESSAGES.change(now.step.tx, unread.id, unread=False)
        now.chats.add(room.id)
