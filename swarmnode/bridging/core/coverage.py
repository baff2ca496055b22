"""What of a conversation is known to be whole: stretches between order keys, and the holes between them."""

from __future__ import annotations

from dataclasses import dataclass

from swarm_bridges import api

from ...services.step import Step
from ...storage.bridge_shelves import COVERAGE, RemoteConversation

MAX_STRETCHES = 1_000
"""Of one conversation; beyond that the shortest knowledge, the oldest row, is forgotten."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Between these keys something may be missing; None is the beginning, or the present."""

    since: str | None
    until: str | None


def add(step: Step, room: RemoteConversation, event: api.Coverage) -> None:
    """A stretch was told; it becomes one with those of its kind that it touches.

    What the network can no longer give (`hole`) counts as known: nobody needs to ask for it again.
    """
    since, until = event.since, event.until
    if since is not None and until is not None and since > until:
        return
    for row in COVERAGE.all(step.tx, conversation_id=room.id, hole=event.hole):
        if _starts(row.since) <= _ends(until) and _starts(since) <= _ends(row.until):
            since = None if since is None or row.since is None else min(since, row.since)
            until = None if until is None or row.until is None else max(until, row.until)
            COVERAGE.drop(step.tx, id=row.id)
    COVERAGE.add(step.tx, conversation_id=room.id, since=since, until=until, hole=event.hole)
    rows = COVERAGE.all(step.tx, conversation_id=room.id)
    for row in rows[:-MAX_STRETCHES]:
        COVERAGE.drop(step.tx, id=row.id)


def holes(step: Step, room: RemoteConversation) -> list[Hole]:
    """What is not known to be whole, the latest first."""
    rows = sorted(COVERAGE.all(step.tx, conversation_id=room.id), key=lambda row: _starts(row.since))
    found, upto = list[Hole](), (0, "")  # behind the last stretch so far; (0, "") is the beginning
    for row in rows:
        if _starts(row.since) > upto:
            found.append(Hole(upto[1] if upto[0] else None, row.since))
        upto = max(upto, _ends(row.until))
    if upto < _ends(None):
        found.append(Hole(upto[1] if upto[0] else None, None))
    return found[::-1]


def _starts(since: str | None) -> tuple[int, str]:
    return (0, "") if since is None else (1, since)


def _ends(until: str | None) -> tuple[int, str]:
    return (2, "") if until is None else (1, until)
