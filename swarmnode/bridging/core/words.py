"""The words of messages: bodies under their content keys, and the search index, which must forget with them.

The index is slow where ids go up and down, and fast where they rise; so what one writing changes is collected
and goes in at its end, sorted (`Index.close`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ...services.step import Step
from ...storage.bridge_shelves import REMOTE_MESSAGES, RemoteMessage
from . import content
from .content import Content


@dataclass(slots=True)
class Index:
    """What of the search index changes in one writing: by id, the text that is there and the one to be."""

    step: Step
    changes: dict[int, tuple[str, str]] = field(default_factory=dict, repr=False)

    def change(self, search_id: int, old: str, new: str) -> None:
        """Let a message be found by `new` instead of `old`; an empty text is none."""
        before, _ = self.changes.get(search_id, (old, ""))
        self.changes[search_id] = before, new

    def close(self) -> None:
        """Write it down."""
        for search_id, (old, new) in sorted(self.changes.items()):
            if old == new:
                continue
            if old:
                self.step.tx.search.remove(search_id, old)
            if new:
                self.step.tx.search.add(search_id, new)
        self.changes.clear()


def of(step: Step, row: RemoteMessage) -> Content | None:
    """The content of a message; None where it was destroyed."""
    data = None if row.body_id is None else step.tx.bodies.get(row.body_id)
    return None if data is None else content.decode(data)


def add(step: Step, index: Index, row: RemoteMessage, new: Content) -> None:
    """Give a message its first content."""
    search_id = content.search_id(row.id, row.wall_s)
    index.change(search_id, "", new.words)
    body_id = step.tx.bodies.put(new.encode())
    REMOTE_MESSAGES.change(step.tx, row.id, body_id=body_id, search_id=search_id)


def put(step: Step, index: Index, row: RemoteMessage, new: Content | None) -> RemoteMessage:
    """Give a message another content, and destroy the one before; None destroys alone."""
    old = of(step, row)
    search_id = row.search_id or content.search_id(row.id, row.wall_s)
    index.change(search_id, "" if old is None else old.words, "" if new is None else new.words)
    if row.body_id is not None:
        step.tx.bodies.shred([row.body_id])
    body_id = None if new is None else step.tx.bodies.put(new.encode())
    REMOTE_MESSAGES.change(step.tx, row.id, body_id=body_id, search_id=search_id)
    return replace(row, body_id=body_id, search_id=search_id)


def forget(step: Step, row: RemoteMessage) -> None:
    """Take a message out of the index, whose body is to be destroyed."""
    old = of(step, row)
    if old is not None and old.words and row.search_id is not None:
        step.tx.search.remove(row.search_id, old.words)
