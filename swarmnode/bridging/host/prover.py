"""Has accounts of the owner's say what they are to say, and looks at those that contacts claim (ADR 0032).

A look tells the network who asks about whom. So each account of the owner's has a budget of looks, however
many claims contacts open: `BURST` at once, and as many in an hour.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from swarm_bridges import api
from swarm_bridges.api import AccountId, ActorSeen, BridgeError, ClaimsSeen
from swarm_bridges.desk import Caller

from ...errors import NodeError
from ...services.step import Told
from ..core import proofs
from . import steps
from .desk import marked
from .steps import Steps
from .supervisor import Supervisor
from .waits import rest

BURST = 20
"""Looks through one account: at once, and in an hour."""
HOUR_S, DAY_S = 3600.0, 86_400.0
LOOK_S = 300.0
"""Without news it is looked so often for what is due."""
SOON_S = 1.0
"""News come in bursts."""
CALL_S = 60.0
MOST_ASKED = 1_000
SEEN_S = 6 * 3600
"""When a person is shown, what was looked at within this time is not looked at again."""

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Budget:
    """Looks that are left, by ticks."""

    left: float = BURST
    at: float = 0.0

    def take(self, tick: float) -> bool:
        """Take one, if there is one."""
        self.left = min(BURST, self.left + (tick - self.at) * BURST / HOUR_S)
        self.at = tick
        if self.left < 1:
            return False
        self.left -= 1
        return True


class Prover:
    """Of a node that runs. `wall` gives Unix seconds, `tick` monotonic ones."""

    def __init__(
        self, runs: Steps, supervisor: Supervisor, *, wall: Callable[[], float], tick: Callable[[], float]
    ) -> None:
        self._runs, self._supervisor, self._wall, self._tick = runs, supervisor, wall, tick
        self._look = asyncio.Event()
        self._shown = set[str]()
        self._budgets: dict[AccountId, Budget] = {}
        self._asked: dict[tuple[AccountId, str], float] = {}
        """When was asked whether somebody has a node, by ticks."""
        self._turn = asyncio.Lock()

    def told(self, told: Told) -> None:
        """Something happened in the node."""
        if told.type.startswith(("proofs.", "bridge.changed", "contact.")):
            self._look.set()

    def shown(self, person: str) -> None:
        """The owner looks at a person."""
        self._shown.add(person)
        self._look.set()

    async def run(self) -> None:
        """Go on until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen())
            while True:
                self._look.clear()
                try:
                    await self.once()
                    due = await steps.look(self._runs, proofs.next_at)
                except (BridgeError, NodeError) as e:  # the store cannot be used for a while
                    logger.info("proofs.waits", extra={"error": type(e).__name__})
                    due = None
                await asyncio.sleep(SOON_S)
                wait_s = LOOK_S if due is None else min(LOOK_S, max(SOON_S, due - self._wall()))
                await rest(wait_s, self._look)

    async def _listen(self) -> None:
        async with self._runs.news() as news:
            while True:
                self.told(await news.get())

    async def once(self, *shown: str) -> None:
        """Do what is due, and what is for people whom the owner looks at."""
        await self.publish()
        some, self._shown = self._shown | {*shown}, set()
        for person in some:
            with suppress(api.Gone):
                if await steps.look(self._runs, lambda step, one=person: proofs.stale(step, one, SEEN_S)):  # type: ignore[misc]
                    await self.check(person)
                await self._notice(person)
        await self.check()

    # Ours

    async def publish(self, account: str = "") -> None:
        """Have accounts say what is due; or one of them what it is to say."""
        async with self._turn:
            wanted = await self._runs.do(lambda step, node: proofs.to_publish(step, node, account))
            for what in wanted:
                why = await self._publish(what)
                await steps.do(
                    self._runs,
                    lambda step, what=what, why=why: proofs.published(step, what, why),  # type: ignore[misc]
                )

            for page in await self._runs.do(proofs.own_pages):
                said, why = await self._page(page)
                await self._runs.do(
                    lambda step, node, page=page, said=said, why=why: proofs.page_seen(  # type: ignore[misc]
                        step, node, page, said, why
                    )
                )

    async def _page(self, page: proofs.OwnPage) -> tuple[tuple[str, ...], str]:
        """What a page of the owner's says; or why that could not be seen."""
        why = "no-account"
        for account in page.accounts:
            try:
                process = self._supervisor.caller(account)
                if not self._budget(account).take(self._tick()):
                    return (), "limited"
                async with asyncio.timeout(CALL_S):
                    found: ClaimsSeen = await process.call(account, "read_claims", who=api.Actor(page.url))
            except api.Gone:
                return (), ""
            except (BridgeError, TimeoutError) as e:
                self._log("proofs.page-not-looked", account, e)
                why = why_of(e)
            else:
                return found.claims, ""
        return (), why

    async def _publish(self, what: proofs.Publishing) -> str:
        """Say it; why that could not be."""
        try:
            async with asyncio.timeout(CALL_S):
                process = self._supervisor.caller(what.account)
                await process.call(what.account, "publish_claims", claims=what.texts)
        except (BridgeError, TimeoutError) as e:
            self._log("proofs.not-published", what.account, e)
            return why_of(e)
        return ""

    # Others'

    async def check(self, person: str = "") -> bool:
        """Look at what is due, or at what a person claims; whether the budget was enough."""
        async with self._turn:
            wanted = await steps.do(self._runs, lambda step: proofs.to_look_at(step, person))
            enough = True
            for looking in wanted:
                enough &= await self._check(looking)
            return enough

    async def _check(self, looking: proofs.Looking) -> bool:
        error: BridgeError | TimeoutError | None = None
        for account in looking.accounts:
            try:
                process = self._supervisor.caller(account)
            except BridgeError as e:
                error = e
                continue
            if not self._budget(account).take(self._tick()):
                await steps.do(self._runs, lambda step: proofs.not_found(step, looking, "limited"))
                return False
            try:
                async with asyncio.timeout(CALL_S):
                    found = await self._ask(process, account, looking)
            except (BridgeError, TimeoutError) as e:
                self._log("proofs.not-looked", account, e)
                error = e
                continue
            await steps.do(self._runs, lambda step, found=found: proofs.found(step, looking, found))  # type: ignore[misc]
            return True
        why = why_of(error or TimeoutError())
        await steps.do(self._runs, lambda step: proofs.not_found(step, looking, why))
        return True

    async def _notice(self, person: str) -> None:
        """See whether somebody with whom the owner talks has a node, once a day at most."""
        for account, who in await steps.look(self._runs, lambda step: proofs.to_notice(step, person)):
            asked = self._asked.get((account, who))
            if asked is not None and self._tick() - asked < DAY_S:
                continue
            with suppress(BridgeError, TimeoutError):
                process = self._supervisor.caller(account)
                if self._budget(account).take(self._tick()):
                    if len(self._asked) >= MOST_ASKED:
                        self._asked.clear()
                    self._asked[account, who] = self._tick()
                    async with asyncio.timeout(CALL_S):
                        seen: ClaimsSeen = await process.call(account, "read_claims", who=api.Actor(who))
                    await self._supervisor.tell(account, api.Batch((seen,)))

    def _budget(self, account: AccountId) -> Budget:
        return self._budgets.setdefault(account, Budget(at=self._tick()))

    async def _ask(self, process: Caller, account: AccountId, looking: proofs.Looking) -> ClaimsSeen | None:
        """What stands at an account; None where there is none."""
        try:
            who = api.Actor(looking.remote_id)
            if not looking.remote_id:
                person: ActorSeen | None = await process.call(account, "resolve", handle=looking.address)
                if person is None:
                    return None
                await self._supervisor.tell(account, api.Batch((person,)))
                who = person.actor
            found: ClaimsSeen = await process.call(account, "read_claims", who=who)
        except api.Gone:
            return None
        return found

    def _log(self, event: str, account: AccountId, error: Exception) -> None:
        logger.info(event, extra={"account": marked(account), "error": type(error).__name__})


def why_of(error: BridgeError | TimeoutError) -> str:
    """Why something could not be done, as a code."""
    match error:
        case api.AuthExpired():
            return "needs-owner"
        case api.Limited():
            return "limited"
        case api.Refused():
            return "refused"
        case _:
            return "offline"
