"""What the owner of a mailbox was told, for tests that wait for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bridge_owner import ACCOUNT, Owner

from swarm_bridges.api import Event, MessageSeen
from swarm_bridges.text import to_plain


def told(owner: Owner) -> list[Event]:
    """All events so far."""
    return [event for batch in owner.desk.of(ACCOUNT).batches for event in batch.events]


async def until(owner: Owner, kind: type[Event], wanted: Callable[[Any], bool] = lambda _: True) -> Any:
    """The first event like this."""

    def find() -> Event | None:
        return next((e for e in told(owner) if isinstance(e, kind) and wanted(e)), None)

    await owner.until(lambda _: find() is not None)
    return find()


async def message(owner: Owner, text: str) -> MessageSeen:
    """The message with this text."""
    found: MessageSeen = await until(owner, MessageSeen, lambda e: to_plain(e.body) == text)
    return found


async def bytes_of(owner: Owner, seen: MessageSeen) -> bytes:
    """The first file of a message."""
    return b"".join([c async for c in owner.bridge.fetch(owner.ctx, seen.files[0])])
