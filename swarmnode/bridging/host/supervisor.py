"""Which bridges run: one `Keeper` for each package with an account that is to run, or a login under way.

    supervisor = Supervisor(runner, discover, folder)
    async with supervisor.running():
        ...

It follows the tables: whatever adds, pauses, renews or removes an account tells so, and the supervisor looks
again. `reload` puts a new version of one package in the place of the old; the others do not notice.
"""

from __future__ import annotations

import asyncio
import math
import random
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from swarm_bridges.api import (
    AccountId,
    Batch,
    BridgeError,
    Matter,
    RawAnswer,
    RawRequest,
    Temporary,
)
from swarm_bridges.sentences import Sentences

from ...errors import NodeError, NotFound
from ..core import accounts, calls, health
from ..core.accounts import Account
from . import steps
from .connect import Reach
from .desk import NodeDesk
from .house import House, Net
from .keeper import Keeper
from .packages import Package, Packages, words
from .process import Limits, Process
from .resolve import Resolver
from .steps import Steps
from .waits import rest

CHECK_S = 30.0
"""Without news accounts are looked at so often."""
TIDY_S = 3600.0
PUSHES = 8
"""What strangers push to one account is handed over so much at once."""


@dataclass(frozen=True, slots=True)
class PackageState:
    """How a package is, for screens and `doctor`."""

    id: str
    name: str
    version: str
    runs: bool
    quarantined: bool
    problem: str
    """Why it cannot be used; empty where it can."""
    confined: frozenset[str]
    resident_bytes: int
    restarts: int


class Supervisor:
    """Runs bridges on a node that runs."""

    def __init__(
        self,
        runs: Steps,
        discover: Callable[[], Packages],
        folder: Path,
        *,
        net: Net | None = None,
        limits: Limits | None = None,
        dice: Callable[[], float] = random.random,
    ) -> None:
        """`folder` is for what processes write, and is emptied; `dice` gives 0 to 1."""
        net = net or Net()
        self._runs, self._discover = runs, discover
        self._accounts: dict[AccountId, Account] = {}
        self._flows: dict[AccountId, Reach] = {}
        self._packages = Packages({}, ())
        self._keepers: dict[str, Keeper] = {}
        self._look = asyncio.Event()
        self._moved = asyncio.Event()
        self._pushing = Counter[AccountId]()
        watch = health.Watch()
        desk = NodeDesk(
            runs,
            watch,
            self._reach,
            loopback=net.loopback,
            resolver=Resolver(net.servers),
            says=self._said_by,
        )
        self._house = House(runs, desk, folder, watch, net, limits or Limits(), dice)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Bridges run as long as the block lasts."""
        await asyncio.to_thread(_emptied, self._house.folder)
        await steps.do(self._runs, calls.started)
        self._packages = await asyncio.to_thread(self._discover)
        async with asyncio.TaskGroup() as self._tasks:
            work = [self._tasks.create_task(part()) for part in (self._follow, self._listen, self._check)]
            try:
                yield
            finally:
                for task in work:
                    task.cancel()
                for keeper in self._keepers.values():
                    keeper.cancel()
        self._house.desk.close()

    # What is to run

    async def _follow(self) -> None:
        while True:
            self._look.clear()
            known = await self._known()
            self._accounts = {account.account: account for account in known}
            for package in {account.package for account in known if account.wanted} - set(self._keepers):
                if package in self._packages.found:
                    self._keep(package)
            for package, keeper in self._keepers.items():
                keeper.wants([a for a in known if a.package == package and a.wanted])
            await rest(CHECK_S, self._look)

    async def _known(self) -> list[Account]:
        """All accounts; none while another copy of this node runs, since that has them too."""
        try:
            return await self._runs.look(lambda step, node: [] if node.quarantine else accounts.all_of(step))
        except NodeError:
            return list(self._accounts.values())  # as before, until the store can be read again

    def _keep(self, package: str) -> Keeper:
        keeper = self._keepers[package] = Keeper(self._packages.found[package], self._house)
        keeper.begin(self._tasks)
        return keeper

    async def _listen(self) -> None:
        async with self._runs.news() as news:
            while True:
                told = await news.get()
                if told.type.startswith(("bridge.", "node.quarantine")):
                    self._look.set()
                    self._moved.set()
                for keeper in self._keepers.values():
                    keeper.told(told)

    async def _check(self) -> None:
        """Tell of accounts that are down for long when that is so; each hour forget what nobody asks for."""
        watch, tick = self._house.watch, self._house.tick
        tidied = tick()
        while True:
            self._moved.clear()
            down_long = health.next_tick(watch) or math.inf
            await rest(max(0.0, min(down_long, tidied + TIDY_S) - tick()), self._moved)
            try:
                if tick() >= down_long:
                    await steps.do(self._runs, lambda step: health.check(step, watch))
                if tick() >= tidied + TIDY_S:
                    await steps.do(self._runs, calls.tidy)
                    tidied = tick()
            except BridgeError:
                await asyncio.sleep(CHECK_S)  # the store cannot be used for a while

    def _reach(self, account: AccountId) -> Reach:
        """Where an account, or a login under way, may connect to."""
        if (flow := self._flows.get(account)) is not None:
            return flow
        known = self._accounts.get(account)
        if known is None or known.package not in self._packages.found:
            return Reach(())
        egress = self._packages.found[known.package].manifest.needs.egress
        return Reach(egress, frozenset(known.hosts), at_home=known.at_home)

    # What people ask for

    def packages(self) -> Packages:
        """What was found when it was last looked."""
        return self._packages

    def package(self, package: str) -> Package:
        """One package.

        Raises:
            NotFound: there is no such package. BadPackage: it cannot be used.
        """
        if package in self._packages.found:
            return self._packages.found[package]
        raise next((bad for bad in self._packages.bad if bad.name == package), None) or _unknown(package)

    def says(self, package: str, language: str) -> Sentences:
        """What a package says to people, in a language."""
        return words(self._packages.found.get(package), language)

    def _said_by(self, account: AccountId, language: str) -> Sentences:
        known = self._accounts.get(account)
        return words(self._packages.found.get(known.package) if known else None, language)

    def states(self) -> list[PackageState]:
        """How all packages are."""
        known = [self._state(package) for package in self._packages.found]
        bad = [
            PackageState(bad.name, bad.name, "", False, False, str(bad), frozenset(), 0, 0)
            for bad in self._packages.bad
        ]
        return known + bad

    def _state(self, package: str) -> PackageState:
        manifest, keeper = self._packages.found[package].manifest, self._keepers.get(package)
        process = None if keeper is None else keeper.process
        return PackageState(
            package,
            manifest.name,
            manifest.version,
            runs=process is not None,
            quarantined=keeper is not None and keeper.quarantined,
            problem="" if keeper is None or keeper.problem is None else str(keeper.problem),
            confined=frozenset() if process is None else process.confined,
            resident_bytes=0 if process is None else process.resident_bytes,
            restarts=0 if keeper is None else keeper.restarts,
        )

    async def refresh(self) -> None:
        """Look for packages again: what was installed meanwhile can be used; what runs goes on."""
        self._packages = await asyncio.to_thread(self._discover)
        self._look.set()

    async def reload(self, package: str) -> PackageState:
        """Look for packages again, and start this one anew: calls end first, and a quarantine is over.

        Raises:
            NotFound: there is no such package.
            BadPackage: it cannot be used any more; it does not run then.
        """
        await self.refresh()
        if (keeper := self._keepers.get(package)) is not None:
            await keeper.end()  # before another begins: an account runs once
            self._keepers.pop(package, None)
        self.package(package)
        self._look.set()
        return self._state(package)

    def release(self, account: AccountId) -> None:
        """The owner has looked at what crashed: try again."""
        known = self._accounts.get(account)
        if known is not None and (keeper := self._keepers.get(known.package)) is not None:
            keeper.release(account)

    async def wake(self, account: AccountId) -> None:
        """The owner looks at an account, or its network has pushed: no pause of its bridge lasts longer."""
        for keeper in list(self._keepers.values()):
            await keeper.wake(account)

    def caller(self, account: AccountId) -> Process:
        """Where an account runs, for what somebody waits for: people, rooms, files.

        Raises:
            Temporary: it does not run now.
        """
        known = self._accounts.get(account)
        keeper = None if known is None else self._keepers.get(known.package)
        if keeper is None or keeper.process is None or not keeper.attends(account):
            raise Temporary("this account does not run now")
        return keeper.process

    def matters(self, account: AccountId) -> tuple[Matter, ...]:
        """What an account that runs has to settle with the owner."""
        return self._house.desk.to_settle.get(account, ())

    async def webhook(self, account: AccountId, request: RawRequest) -> RawAnswer:
        """Hand over what a network has sent to the door for webhooks; what it told is stored first.

        Raises:
            BridgeError: what the bridge raised; nothing is to be acknowledged.
        """
        process = self.caller(account)
        if self._pushing[account] >= PUSHES:
            raise Temporary("too much is pushed at once")
        self._pushing[account] += 1
        try:
            answer: RawAnswer = await process.call(account, "webhook", request=request)
            if answer.batch is not None:
                await self._house.desk.ingest(account, answer.batch)
            return answer
        finally:
            self._pushing[account] -= 1

    async def tell(self, account: AccountId, batch: Batch) -> None:
        """Take in what a call told besides its answer: a conversation that was opened.

        Raises:
            Gone: there is no such account. Temporary: the store cannot be written.
        """
        await self._house.desk.ingest(account, batch)

    def kept_out(self, flow: AccountId) -> bool:
        """Whether a login went to a private network, of which nobody has said that it is the owner's."""
        return flow in self._house.desk.kept_out

    @asynccontextmanager
    async def logging_in(self, package: str, flow: AccountId, reach: Reach) -> AsyncIterator[Process]:
        """The process of a package, for a login, with leave to connect to what `reach` allows.

        Raises:
            NotFound: there is no such package. BadPackage: it cannot be used.
            Temporary: its process ends while it starts.
        """
        self.package(package)
        keeper = self._keepers.get(package) or self._keep(package)
        self._flows[flow] = reach
        try:
            async with keeper.visited() as process:
                yield process
        finally:
            del self._flows[flow]
            self._house.desk.kept_out.discard(flow)


def _unknown(package: str) -> NotFound:
    return NotFound(f"there is no bridge {package}", hint="`swarmnode bridge list` shows them.")


def _emptied(folder: Path) -> None:
    """Processes of a node that was killed have left their folders."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
