"""What the Matrix bridge has told a desk, looked for by tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge_owner import ACCOUNT, Owner

from swarm_bridges.api import (
    ConversationSeen,
    Event,
)


def told(owner: Owner) -> list[Event]:
    return [event for batch in owner.desk.of(ACCOUNT).batches for event in batch.events]


async def until(owner: Owner, wanted: Callable[[Event], bool]) -> Any:
    """The last event like this, when there is one."""
    found: list[Event] = []

    def look(_: object) -> bool:
        found[:] = [event for event in told(owner) if wanted(event)]
        return bool(found)

    await owner.until(look)
    return found[-1]


def is_about(room: str, event: Event) -> bool:
    """Whether it shows a room."""
    return isinstance(event, ConversationSeen) and event.conversation.remote_id == room
