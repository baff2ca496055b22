"""One account in its package's process: its bridge runs, ends, rests and runs again; its outbox is emptied.

What `run` raised says what comes next (`api.BridgeError`): as long as the network says, when the owner has
acted, or after ever longer waits. What no contract knows is a crash of this account alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from swarm_bridges import api
from swarm_bridges.api import BridgeError, State

from ...services.step import Told
from ..core import accounts, health, holds
from ..core.accounts import Account
from . import steps
from .desk import marked
from .dispatcher import Dispatcher
from .house import House
from .process import Process
from .upgrade import WrongData, upgraded
from .waits import Waits, rest

STOP_S = 10.0
"""For a bridge to stop; one that takes longer is ended with its process."""
LINE_S = 30.0
"""After so long a bridge is asked that says nothing of its line."""
HAS_LINE = frozenset({State.CONNECTED, State.CATCHING_UP, State.DEGRADED})
LIMIT_S = 60.0
"""When a network asks to wait and does not say for how long."""
STORE_S = 10.0
REFUSED_S = 3600.0
"""What a network will not do is tried again so rarely."""
LOOK_S = 30.0
"""While the owner is to act, it is looked so often whether that has happened, besides at news."""
EXPECTED = (api.Temporary, api.Interrupted, api.AuthExpired, api.Limited, api.Refused, api.Conflict)

logger = logging.getLogger(__name__)


class Attendant:
    """Of one account in one process, from `begin` until its task is done."""

    task: asyncio.Task[None]

    def __init__(self, account: Account, process: Process, house: House, waits: Waits) -> None:
        self.released = asyncio.Event()
        """Set when somebody has looked at what went wrong."""
        self._account, self._process, self._house, self._waits = account, process, house, waits
        self._news = asyncio.Event()
        self._dispatcher = Dispatcher(house.runs, account.account, process, wall=house.wall)

    def begin(self, tasks: asyncio.TaskGroup, done: Callable[[asyncio.Task[None]], None]) -> None:
        """Run from now on."""
        self.task = tasks.create_task(self._attend())
        self.task.add_done_callback(done)

    def cancel(self) -> None:
        """Begin to end: calls that run get a while."""
        if not self.task.cancelling():
            self.task.cancel()

    def is_outdated(self, wanted: Account) -> bool:
        """Whether its bridge was started with something else than is to be now."""
        before = self._account
        return (before.owner, before.settings, before.hosts) != (wanted.owner, wanted.settings, wanted.hosts)

    def told(self, told: Told) -> None:
        """Something happened in the node."""
        self._dispatcher.told(told)
        if told.type.startswith("bridge."):
            self._news.set()

    async def _attend(self) -> None:
        going = True
        try:
            while going:
                try:
                    going = await self._once()
                except api.Gone:
                    return  # there is no such account any more
                except BridgeError:
                    await rest(STORE_S, self._news)  # the store cannot be used for a while
        finally:
            await self._stop()

    async def _once(self) -> bool:
        """Run the bridge until it ends, then rest; whether it is to run again in this process."""
        account, house = self._account.account, self._house
        await house.put(account, State.STARTING)
        began, now = house.tick(), await steps.look(house.runs, lambda step: accounts.get(step, account))
        error: BaseException | None = await self._run()
        await house.forget(account)
        self.released.clear()
        if self._process.gone:
            return False
        if error is not None and not isinstance(error, EXPECTED):
            facts = {"account": marked(account), "error": type(error).__name__, "where": str(error)[:200]}
            logger.warning("bridge.crashed", extra=facts)
            if self._waits.crashed(house.tick()):
                await house.put(account, State.CRASHED, "quarantine")
                await rest(None, self.released)
                self._waits.forget()
                return True
        counts = await steps.do(
            house.runs,
            lambda step: health.ended(step, house.watch, account, error, generation=now.generation),
        )
        match counts:
            case api.AuthExpired() | api.Conflict():
                await self._until(lambda now: now.wanted)  # then it is stopped, or goes on
            case api.Limited(wait_s=wait_s):
                await rest(min(wait_s or LIMIT_S, holds.MAX_WAIT_S), self.released)
            case WrongData():
                await house.put(account, State.HELD, "data")
                await rest(None, self.released)
            case api.Refused():
                await rest(REFUSED_S, self.released)
            case _:
                await rest(self._waits.next_s(house.tick() - began), self.released)
        return True

    async def _run(self) -> Exception | None:
        """Until `run` has ended: how."""
        account = self._account
        try:
            await upgraded(self._house.runs, account.account, self._process)
            hook_url = self._house.hook_url(account.account)
            await self._process.start(account.account, account.owner, account.settings, hook_url)
            async with asyncio.TaskGroup() as tasks:
                calls = tasks.create_task(self._dispatch())
                error = await self._process.ended(account.account)
                calls.cancel()
        except BridgeError as e:
            return e
        except ExceptionGroup as e:
            logger.exception("bridge.dispatcher-failed")
            return e
        return error

    async def _dispatch(self) -> None:
        """Empty the outbox. A bridge with a line is not asked before it says that it has one.

        Otherwise each start would begin with failures, and with the waits that follow them.
        """
        if self._process.package.manifest.style == "stream":
            with suppress(TimeoutError):
                async with asyncio.timeout(LINE_S):
                    await self._until(lambda now: now.state in HAS_LINE)
        await self._dispatcher.run()

    async def _until(self, holds: Callable[[Account], bool]) -> None:
        """Until this can be said of the account."""
        while True:
            self._news.clear()
            now = await steps.look(self._house.runs, lambda step: accounts.get(step, self._account.account))
            if holds(now):
                return
            await rest(LOOK_S, self._news)

    async def _stop(self) -> None:
        await self._house.forget(self._account.account)
        if self._process.gone:
            return
        try:
            async with asyncio.timeout(STOP_S):
                await self._process.stop(self._account.account)
        except TimeoutError:
            logger.warning("bridge.does-not-stop", extra={"account": marked(self._account.account)})
            self._process.give_up()
        except BridgeError:
            pass  # it has ended
        try:
            now = await steps.look(self._house.runs, lambda step: accounts.get(step, self._account.account))
        except BridgeError:
            return
        if now.paused:
            await self._house.put(now.account, State.STOPPED)
