"""Which relays a node uses."""

from __future__ import annotations

from typing import Protocol

from ...domain.views import RelayView


class Relays(Protocol):
    """What is asked of a node about relays."""

    async def relay_tickets(self, count: int) -> tuple[str, ...]:
        """Links with which others may make queues on this relay."""
        ...

    async def relay_use(self, link: str) -> RelayView:
        """Use somebody's relay."""
        ...

    async def relays(self) -> tuple[RelayView, ...]:
        """The relays that this node uses."""
        ...

    async def relay_remove(self, relay: str) -> None:
        """Use a relay no longer; queues move elsewhere."""
        ...
