"""What has not left yet, and what became of deletions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ...domain.deletions import DeletionView, Receipts
from ...domain.later import OutboxView
from ...domain.views import MessageView


class Waiting(Protocol):
    """What is asked of a node about its outbox, and about deletions."""

    async def outbox(self, language: str = "en") -> tuple[OutboxView, ...]:
        """All that is not gone yet, on all networks: first what waits for its time, the next first."""
        ...

    async def move(self, message: str, send_at: int) -> MessageView:
        """Let something that waits for its time leave at another one; 0 is now. Conflict if it has left."""
        ...

    async def delete(
        self, messages: Sequence[str], *, everywhere: bool, language: str = "en"
    ) -> DeletionView:
        """Destroy messages here, and ask the others to if they are ours."""
        ...

    async def deletions(
        self, language: str = "en", *, before: str = "", limit: int = 50
    ) -> tuple[tuple[DeletionView, ...], str]:
        """The last deletions, or those before a cursor, the latest first; and a cursor for more."""
        ...

    async def deletion(self, deletion: str, language: str = "en") -> DeletionView:
        """A deletion, and how it stands at each place."""
        ...

    async def deletion_receipts(self, deletion: str) -> Receipts:
        """What nodes of others have signed about it."""
        ...
