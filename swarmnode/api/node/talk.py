"""Conversations, and what is said in them."""

from __future__ import annotations

from typing import Protocol

from ...domain.views import ChatView, Found, MessageView, Page
from ...domain.words import File, Words


class Talk(Protocol):
    """What is asked of a node about conversations."""

    async def chats(self) -> tuple[ChatView, ...]:
        """All conversations, the latest first."""
        ...

    async def chat(self, chat: str) -> ChatView:
        """One conversation."""
        ...

    async def messages(
        self, chat: str, *, before: str = "", after: str = "", around: str = "", limit: int = 50
    ) -> Page:
        """Messages in the order of the screen: the last ones, or those next to a cursor or a message."""
        ...

    async def message(self, message: str) -> MessageView:
        """One message."""
        ...

    async def messages_like(self, prefix: str) -> tuple[str, ...]:
        """Ids that start so, at most 3: enough to know whether there is one."""
        ...

    async def send(self, chat: str, what: Words, *, send_at: int = 0, key: str) -> MessageView:
        """Say something; it is stored when this returns, and leaves at `send_at` if that is not 0.

        The same key again gives the same message; an empty one is none.
        """
        ...

    async def edit(self, message: str, text: str) -> MessageView:
        """Say it differently."""
        ...

    async def react(self, message: str, symbol: str) -> MessageView:
        """React; an empty symbol takes the reaction back."""
        ...

    async def resend(self, message: str) -> MessageView:
        """Try an expired message again, under its old name."""
        ...

    async def cancel(self, message: str) -> MessageView:
        """Take a message back that has not left yet; the answer has its text. Conflict if it has."""
        ...

    async def wait_delivered(self, message: str, timeout_s: float) -> MessageView:
        """Wait until the other side has stored it; after `timeout_s` seconds give it as it is then."""
        ...

    async def attachment(self, message: str, index: int) -> File:
        """A file of a message."""
        ...

    async def mark_read(self, chat: str, up_to: str) -> ChatView:
        """Mark all up to this message as read."""
        ...

    async def set_timer(self, chat: str, seconds: int) -> ChatView:
        """Let later messages disappear after so long; 0 lets them stay."""
        ...

    async def draft(self, chat: str) -> str:
        """The draft, or an empty text."""
        ...

    async def set_draft(self, chat: str, text: str, *, instead: str | None = None) -> None:
        """Keep a draft; an empty text destroys it.

        Raises:
            Conflict: there is another one by now than `instead`.
        """
        ...

    async def search(self, text: str, *, chat: str = "", limit: int = 20, cursor: str = "") -> Found:
        """Find messages; any text is allowed."""
        ...
