"""What happens at a node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

from ...domain.views import Event


class Events(Protocol):
    """What is asked of a node as it happens."""

    def events(self, after: int | None) -> AsyncIterator[Event]:
        """What happened after an event, and what happens from now on; None: only that.

        The first is of type `resync` when the log does not go back so far: then look at everything anew.
        """
        ...
