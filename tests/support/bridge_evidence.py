"""What a bridge did before something was waited for in vain: it stands below the error that ends the test."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bridge_desk import Account

from swarm_bridges.api import MessageSeen
from swarm_bridges.text import to_plain

if TYPE_CHECKING:
    from bridge_owner import Owner

LAST = 30
"""Of each kind, lines or events."""
LAST_BYTES = 6_000
"""Of each file in which the server writes."""


@contextmanager
def kept(owner: Owner, account: Account) -> Iterator[None]:
    """Whoever ends what is done in here hears more than that it took too long."""
    try:
        yield
    except (TimeoutError, asyncio.CancelledError) as e:
        e.add_note(_told(owner, account))
        raise


def _told(owner: Owner, account: Account) -> str:
    events = [_shown(event) for batch in account.batches for event in batch.events]
    parts = {
        f"what the bridge told, in {owner.runs} runs": events,
        "its state": [f"{health}" for health in account.health],
        "its log": [f"{level} {event} {dict(facts)}" for level, event, facts in account.lines],
        **_server(getattr(getattr(owner.network, "server", None), "folder", None)),
    }
    return "\n".join(f"--- {name}\n" + "\n".join(lines[-LAST:]) for name, lines in parts.items())


def _shown(event: object) -> str:
    if not isinstance(event, MessageSeen):
        return f"{type(event).__name__} {event}"[:200]
    text = to_plain(event.body) or f"(unreadable: {event.unreadable})"
    return f"MessageSeen {event.ref.remote_id} of {event.actor.remote_id}, {event.origin.name}: {text!r}"[
        :300
    ]


def _server(folder: Path | None) -> dict[str, list[str]]:
    if folder is None:
        return {}
    files = [file for name in ("log", "output") if (file := folder / name).is_file()]
    return {
        f"its server, {f.name}": f.read_bytes()[-LAST_BYTES:].decode(errors="replace").splitlines()
        for f in files
    }
