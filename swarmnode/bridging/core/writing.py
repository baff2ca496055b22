"""One writing into the journal: the step, the account, and what is done once at its end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ...services.news import tell
from ...services.step import Step
from ...storage.bridge_shelves import ACCOUNTS, ROOMS, AccountRow, RemoteMessage
from . import posted, rooms
from .words import Index

MESSAGE = "m"
"""Ids of bridged messages on screens begin so; those of the node's own are hexadecimal."""


@dataclass(slots=True)
class Writing:
    """What functions of the journal are given.

    `chats` are conversations that screens should look at again, `last_at` says when something was said there.
    """

    step: Step
    account: AccountRow
    index: Index
    chats: set[int] = field(default_factory=set)
    last_at: dict[int, int] = field(default_factory=dict)
    _posts: bool | None = None
    """Whether there are posts; None: not looked yet."""

    def changed(self, row: RemoteMessage, *, kind: str = "message.changed") -> None:
        """Tell screens of one message."""
        chat, message = rooms.chat_id(row.conversation_id), message_id(row)
        if kind == "message.new":
            tell(self.step, kind, chat=chat, message=message, mine=row.mine)
        else:
            tell(self.step, kind, chat=chat, message=message)
        if row.mine or row.answers is not None:
            if self._posts is None:
                self._posts = posted.any_there(self.step)
            if self._posts:
                posted.tell_of(self.step, row)


@contextmanager
def writing(step: Step, account: AccountRow | int) -> Iterator[Writing]:
    """Write something; the index is brought up to date at the end."""
    row = ACCOUNTS.get(step.tx, account) if isinstance(account, int) else account
    assert row is not None
    now = Writing(step, row, Index(step))
    yield now
    now.index.close()
    for room_id, last_at in now.last_at.items():
        ROOMS.change(step.tx, room_id, last_at=last_at)
    for room_id in sorted(now.chats):
        tell(step, "chat.changed", chat=rooms.chat_id(room_id))


def message_id(row: RemoteMessage) -> str:
    """A message's id on screens."""
    return f"{MESSAGE}{row.id}"
