"""The host of bridges in an open store: imported and started when there is an account, or somebody asks.

A node without accounts on other networks pays nothing for it. What goes wrong in it is its own business: it
is started again, and the node goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..delivery.runner import Runner
from ..errors import NotReady
from ..storage.bridge_shelves import ACCOUNTS

if TYPE_CHECKING:
    from ..bridging.host.logins import Logins
    from ..bridging.host.prover import Prover
    from ..bridging.host.supervisor import Supervisor

START_S = 30.0
AGAIN_S = 30.0
"""After a failure of the host itself."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Host:
    """What runs."""

    supervisor: Supervisor
    logins: Logins
    prover: Prover


class Hosted:
    """The host over one runner.

    `folder` is for what processes write; `public` is that of `config.Http`, `servers` those of `config.Dns`.
    """

    def __init__(self, runner: Runner, folder: Path, public: str = "", servers: tuple[str, ...] = ()) -> None:
        self._runner, self._folder, self._public, self._servers = runner, folder, public, servers
        self._wanted, self._up = asyncio.Event(), asyncio.Event()
        self._host: Host | None = None

    @property
    def running(self) -> Host | None:
        """The host if it runs, without starting it."""
        return self._host

    async def get(self) -> Host:
        """The host, started if need be.

        Raises:
            NotReady: it does not start.
        """
        self._wanted.set()
        try:
            async with asyncio.timeout(START_S):
                await self._up.wait()
        except TimeoutError:
            pass
        if self._host is None:
            raise NotReady("bridges cannot be started now", hint="The node's log says why.")
        return self._host

    def wake(self) -> None:
        """There is an account now."""
        self._wanted.set()

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Ready to be started as long as the block lasts."""
        async with asyncio.TaskGroup() as tasks:
            life = tasks.create_task(self._live())
            try:
                yield
            finally:
                life.cancel()

    async def _live(self) -> None:
        if not await self._runner.look(lambda step, _: ACCOUNTS.count(step.tx)):
            await self._wanted.wait()
        while True:
            try:
                await self._run()
            except Exception:  # an error of ours in it: the node goes on, and so do bridges after a while
                logger.exception("bridges.failed")
            await asyncio.sleep(AGAIN_S)

    async def _run(self) -> None:
        # A tenth of a second, and some MiB, which are only for those who have accounts.
        from ..bridging.host import house, logins, packages, prover, supervisor  # noqa: PLC0415

        net = house.Net(self._public, self._servers)
        made = supervisor.Supervisor(self._runner, packages.discover, self._folder, net=net)
        proving = prover.Prover(self._runner, made, wall=time.time, tick=time.monotonic)
        async with made.running():
            self._host = Host(made, logins.Logins(self._runner, made), proving)
            self._up.set()
            try:
                await proving.run()
            finally:
                self._host = None
                self._up.clear()
