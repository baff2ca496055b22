"""Keeps one package running: its process, and in it the accounts that are to run.

    start -> ready -> accounts run -> the process ends -> rest -> start ...

A process that ends by itself is a crash; five in ten minutes, and the package rests until somebody has
looked. What happens in it to one account is the business of `attendant`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

from swarm_bridges.api import AccountId, BridgeError, State, Temporary

from ...services.step import Told
from ..core.accounts import Account
from .attendant import Attendant
from .house import House
from .packages import BadPackage, Package
from .process import Gone, Process
from .waits import Waits, rest

IDLE_S = 60.0
"""A process without accounts is kept for so long: somebody may be logging in."""

logger = logging.getLogger(__name__)


class Keeper:
    """Of one package, from `begin` to `end`."""

    def __init__(self, package: Package, house: House) -> None:
        self.package = package
        self.process: Process | None = None
        """The one that runs, once it is ready."""
        self.problem: BadPackage | None = None
        """Why it cannot run."""
        self.quarantined = False
        self.restarts = 0
        self._house = house
        self._wanted: dict[AccountId, Account] = {}
        self._attendants: dict[AccountId, Attendant] = {}
        self._visitors = 0
        self._needed_at = house.tick()
        self._changed = asyncio.Event()
        self._news = asyncio.Condition()
        self._released = asyncio.Event()
        self._waits = Waits(house.dice)
        self._account_waits: dict[AccountId, Waits] = {}
        self._task: asyncio.Task[None] | None = None

    def begin(self, tasks: asyncio.TaskGroup) -> None:
        """Keep it running from now on."""
        self._task = tasks.create_task(self._keep())

    def cancel(self) -> None:
        """Begin to end: calls get a while."""
        if self._task is not None:
            self._task.cancel()

    async def end(self) -> None:
        """End, and wait until all has ended."""
        self.cancel()
        if self._task is not None:
            await asyncio.wait([self._task])

    def wants(self, accounts: Iterable[Account]) -> None:
        """These accounts are to run, and no others."""
        self._wanted = {account.account: account for account in accounts}
        self._changed.set()

    def attends(self, account: AccountId) -> bool:
        """Whether an account is in the process."""
        return account in self._attendants

    def told(self, told: Told) -> None:
        """Something happened in the node."""
        for attendant in self._attendants.values():
            attendant.told(told)

    async def wake(self, account: AccountId) -> None:
        """End the pause of an account's bridge."""
        if account in self._attendants and self.process is not None:
            with suppress(BridgeError):
                await self.process.wake(account)

    def release(self, account: AccountId) -> None:
        """Somebody has looked: try again, the package too."""
        self._released.set()
        if (attendant := self._attendants.get(account)) is not None:
            attendant.released.set()

    @asynccontextmanager
    async def visited(self) -> AsyncIterator[Process]:
        """The process, started if need be, and kept meanwhile.

        Raises:
            BadPackage: it cannot be used.
            Temporary: it rests after crashes.
        """
        if self.quarantined:
            raise Temporary("the bridge has crashed too often")
        self._visitors += 1
        self._changed.set()
        try:
            await self._started()
            if self.problem is not None:
                raise self.problem
            if self.process is None:
                raise Temporary("the bridge has just ended")
            yield self.process
        finally:
            self._visitors -= 1
            self._needed_at = self._house.tick()

    async def _started(self) -> None:
        try:
            async with self._news, asyncio.timeout(self._house.limits.start_s):
                await self._news.wait_for(lambda: self.process is not None or self.problem is not None)
        except TimeoutError:
            raise Temporary("the bridge does not start") from None

    # The life of a package

    async def _keep(self) -> None:
        house = self._house
        while self.problem is None:
            if not self._needed():
                self._changed.clear()
                await self._changed.wait()
                continue
            began = house.tick()
            gone = await self._live()
            if gone is not None:
                await self._after(gone, house.tick() - began)
        for account in self._wanted:
            await house.put(account, State.HELD, "package")
        await self._tell()
        await asyncio.get_running_loop().create_future()

    async def _after(self, gone: Gone, ran_s: float) -> None:
        """After a crash: wait, or rest for good."""
        self.restarts += 1
        self.quarantined = self._waits.crashed(self._house.tick())
        facts = {"bridge": self.package.manifest.id, "why": gone.reason, "last": self.quarantined}
        logger.warning("bridge.ended", extra=facts)
        state, code = (State.CRASHED, "quarantine") if self.quarantined else (State.STARTING, "crashed")
        for account in list(self._wanted):
            await self._house.put(account, state, code)
        self._released.clear()
        await rest(None if self.quarantined else self._waits.next_s(ran_s), self._released)
        if self._released.is_set():
            self._waits.forget()
        self.quarantined = False

    def _needed(self) -> bool:
        if self._wanted or self._visitors:
            self._needed_at = self._house.tick()
        return self._house.tick() - self._needed_at < IDLE_S and (
            bool(self._wanted or self._visitors) or self.process is not None
        )

    async def _live(self) -> Gone | None:
        """One process, until it is gone (why?), or is not needed any more (None)."""
        house = self._house
        process = Process(self.package, house.desk, house.folder, limits=house.limits)
        async with asyncio.TaskGroup() as tasks:
            life = tasks.create_task(process.run())
            try:
                await process.ready()
                self.process = process
                await self._tell()
                await self._serve(process, life, tasks)
            except BadPackage as e:
                self.problem = e
            except Temporary:
                await asyncio.wait([life])
            finally:
                self.process = None
                for attendant in self._attendants.values():
                    attendant.cancel()
                if self._attendants:
                    await asyncio.wait([attendant.task for attendant in self._attendants.values()])
                self._attendants.clear()
                ended = life.done() and not life.cancelled()
                life.cancel()
        return life.result() if ended and self.problem is None else None

    async def _serve(self, process: Process, life: asyncio.Task[Gone], tasks: asyncio.TaskGroup) -> None:
        """Let those accounts run that are to, as long as the process lives and is needed."""
        life.add_done_callback(lambda _: self._changed.set())
        while not life.done() and self._needed():
            self._changed.clear()
            for account in [a for a, attendant in self._attendants.items() if attendant.task.done()]:
                del self._attendants[account]
            for account, attendant in self._attendants.items():
                if (wanted := self._wanted.get(account)) is None or attendant.is_outdated(wanted):
                    attendant.cancel()  # when it has ended, it begins anew if it is wanted
            for account, wanted in self._wanted.items():
                if account not in self._attendants:
                    waits = self._account_waits.setdefault(account, Waits(self._house.dice))
                    attendant = Attendant(wanted, process, self._house, waits)
                    attendant.begin(tasks, lambda _: self._changed.set())
                    self._attendants[account] = attendant
            await rest(IDLE_S, self._changed)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()
