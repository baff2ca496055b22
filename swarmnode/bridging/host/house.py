"""What all packages and accounts that run stand on."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from swarm_bridges.api import AccountId, BridgeError, State

from ..core import health
from . import steps
from .desk import NodeDesk
from .process import Limits
from .steps import Steps


@dataclass(frozen=True, slots=True)
class Net:
    """Where the network is, seen from this machine."""

    public: str = ""
    """The URL under which networks that push reach the node; empty where none does."""
    servers: tuple[str, ...] = ()
    """Name servers in the place of the system's, see `Resolver`."""
    loopback: bool = False
    """Whether all bridges may connect to this machine itself: there are the servers of tests."""


@dataclass(frozen=True, slots=True)
class House:
    """What the supervisor, its keepers and their attendants share."""

    runs: Steps
    desk: NodeDesk
    folder: Path
    """For what processes write."""
    watch: health.Watch
    net: Net
    limits: Limits
    dice: Callable[[], float]
    """From 0 to 1."""
    tick: Callable[[], float] = time.monotonic
    wall: Callable[[], float] = time.time
    """Unix seconds."""

    def hook_url(self, account: AccountId) -> str:
        """Where a network reaches an account's bridge; empty where none does."""
        public = self.net.public
        return f"{public.rstrip('/')}/hooks/{account}" if public else ""

    async def put(self, account: AccountId, state: State, code: str = "") -> None:
        """Note how an account is, if it is still there and the store can be written."""
        with suppress(BridgeError):
            await steps.do(self.runs, lambda step: health.put(step, self.watch, account, state, code))

    async def forget(self, account: AccountId) -> None:
        """Whose bridge does not run has nothing to settle."""
        with suppress(BridgeError):
            await self.desk.matters(account, ())
