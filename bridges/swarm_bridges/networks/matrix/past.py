"""What was before: pages of a room, newest first."""

from __future__ import annotations

from ...api import (
    Absent,
    Accepted,
    Batch,
    CantTell,
    ConversationRef,
    Coverage,
    Cursor,
    Found,
    MessageRef,
    Origin,
    Outgoing,
    Page,
)
from ...api import Event as Told
from .client import path
from .convert import intent_of
from .model import Event, events_of, text
from .reactions import Touched
from .session import Session

PAGE = 100
LOOK_BACK = 20
"""Pages in which something sent is looked for."""


async def page(session: Session, conversation: ConversationRef, at: Cursor | None, limit: int) -> Page:
    """See `api.Pages`. Its cursor is the server's token, and the second up to which all was told."""
    room = conversation.remote_id
    before, _, until = (at or b"").decode().rpartition(" ")
    told = await session.client.get(
        path("rooms", room, "messages"), dir="b", from_=before, limit=min(limit, PAGE), filter=LAZY
    )
    origin, events, touched = Origin.HISTORY, list[Told](), Touched(set)
    for event in events_of(told.get("state")):
        if (shown := session.named(event)) is not None:
            events.append(shown)
    found = list(events_of(told.get("chunk")))
    for event in reversed(found):
        events += await session.past(room, event, touched)
    events += await session.reactions.told(touched, origin)
    after = text(told, "end")
    if not after or after == before:
        covered = Coverage(conversation=conversation, until=until or None, origin=origin)
        return Page(Batch((*events, covered), kv=dict(session.reactions.news)), None)
    since = _second(found) or until
    if since:
        events.append(Coverage(conversation=conversation, since=since, until=until or None, origin=origin))
    return Page(Batch(tuple(events), kv=dict(session.reactions.news)), Cursor(f"{after} {since}".encode()))


LAZY = '{"lazy_load_members":true}'


def _second(found: list[Event]) -> str:
    """The second behind the oldest event: of what was said in the same one some may lie on the next page."""
    return f"{int(found[-1].time) + 1:012}" if found else ""


async def find_sent(session: Session, out: Outgoing) -> Found:
    """See `api.Reconciles`: the server hands our keys back, to the session that used them."""
    room, before = out.conversation.remote_id, ""
    found: dict[int, MessageRef] = dict(enumerate(out.done_parts))
    for _ in range(LOOK_BACK):
        told = await session.client.get(path("rooms", room, "messages"), dir="b", from_=before, limit=PAGE)
        for event in events_of(told.get("chunk")):
            own = intent_of(event.transaction) if event.sender == session.owner else None
            if own is not None and own[0] == out.intent:
                found[own[1]] = MessageRef(out.conversation, event.event_id)
        if len(found) == len(out.parts):
            return Accepted(tuple(ref for _, ref in sorted(found.items())))
        before, was = text(told, "end"), before
        if not before or before == was:
            return Absent() if len(found) == len(out.done_parts) else CantTell()
    return CantTell()
