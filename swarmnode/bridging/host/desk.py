"""The node's side of `desk.Desk`: what bridges ask for, each as one step of the core."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from socket import socket

from swarm_bridges.api import (
    AccountId,
    Batch,
    Cursor,
    Fleeting,
    Health,
    LocalFile,
    Matter,
    Refused,
    Secret,
    Service,
    State,
)
from swarm_bridges.desk import Fact
from swarm_bridges.sentences import ENGLISH, Sentences

from ...services.news import tell
from ..core import accounts, files, journal, screens, vault
from ..core.health import Watch, said
from . import connect, steps
from .resolve import Resolver, Turnstile, plain_name
from .steps import Steps
from .translating import translated

AGAIN_S = 2.0
"""That somebody still types is told so often."""
MOST_TYPING = 1_000
MOST_ASKING = 1_000
NAMES = 32
"""So many names are looked up at once."""
MOST_MATTERS, MAX_TITLE = 50, 500
MAX_NAME = 256
"""Characters of a remembered value's name."""
_SAID_BY_BRIDGES = frozenset({State.CONNECTING, State.CATCHING_UP, State.CONNECTED, State.DEGRADED})
_PLAIN = re.compile(r"[a-z0-9_.-]{1,40}")
"""What a bridge may put into the node's log beside numbers: names that a program has, not words."""

logger = logging.getLogger(__name__)


def marked(account: AccountId) -> str:
    """An account as it stands in the log."""
    return hashlib.blake2b(account.encode(), digest_size=4).hexdigest()


class NodeDesk:
    """See `desk.Desk`.

    `reach` says where an account may connect to; `on_fleeting` is told what passes.
    """

    def __init__(
        self,
        runs: Steps,
        watch: Watch,
        reach: Callable[[AccountId], connect.Reach],
        *,
        loopback: bool = False,
        resolver: Resolver | None = None,
        on_fleeting: Callable[[AccountId, Fleeting], None] = lambda _account, _item: None,
        says: Callable[[AccountId, str], Sentences] = lambda _account, _language: ENGLISH,
    ) -> None:
        self._runs, self._watch, self._reach, self._loopback = runs, watch, reach, loopback
        self._says = says
        self._on_fleeting = on_fleeting
        self._resolver = resolver or Resolver()
        self._names = ThreadPoolExecutor(NAMES, "names")
        self._turnstiles: dict[AccountId, Turnstile] = {}
        self.kept_out = set[AccountId]()
        """Accounts and logins whose server is in a private network, of which nobody has said so."""
        self.to_settle: dict[AccountId, tuple[Matter, ...]] = {}
        """What bridges want to settle with the owner."""
        self._locks: dict[tuple[AccountId, str], asyncio.Lock] = {}
        self._typing: dict[tuple[object, ...], tuple[str, float]] = {}

    def close(self) -> None:
        """Nothing is asked any more."""
        self._names.shutdown(wait=False, cancel_futures=True)

    async def ingest(self, account: AccountId, batch: Batch) -> None:
        """See `desk.Desk`."""
        said = translated(batch, partial(self._says, account))
        await steps.do(self._runs, lambda step: journal.ingest(step, account, said))

    async def fleeting(self, account: AccountId, item: Fleeting) -> None:
        """See `desk.Desk`. What is told again within moments is not told to screens."""
        self._on_fleeting(account, item)
        if item.kind == "typing" and self._is_news(account, item):
            await steps.do(self._runs, lambda step: screens.typing(step, account, item))

    def _is_news(self, account: AccountId, item: Fleeting) -> bool:
        who, now = (account, item.conversation, item.actor), asyncio.get_running_loop().time()
        value, at = self._typing.get(who, ("", 0.0))
        if value == item.value and now - at < AGAIN_S:
            return False
        if len(self._typing) >= MOST_TYPING:
            self._typing.clear()
        self._typing[who] = item.value, now
        return True

    async def state(self, account: AccountId, health: Health) -> None:
        """See `desk.Desk`. Raises Refused for a state that only the node knows."""
        if health.state not in _SAID_BY_BRIDGES:
            raise Refused("a bridge does not say this of itself")
        if health.code and not _PLAIN.fullmatch(health.code):
            raise Refused("codes are for machines")
        await steps.do(self._runs, lambda step: said(step, self._watch, account, health))

    async def matters(self, account: AccountId, matters: tuple[Matter, ...]) -> None:
        """See `desk.Desk`. Stored nowhere: it is what a bridge that runs says. Raises Refused."""
        plain = all(_PLAIN.fullmatch(matter.id) and len(matter.title) <= MAX_TITLE for matter in matters)
        if len(matters) > MOST_MATTERS or not plain:
            raise Refused("this is not how matters are told")
        if matters == self.to_settle.get(account, ()):
            return
        self.to_settle[account] = matters
        if not matters:
            del self.to_settle[account]
        await steps.do(self._runs, lambda step: tell(step, "bridge.changed", account=account))

    async def cursor(self, account: AccountId) -> Cursor | None:
        """See `desk.Desk`."""
        return await steps.look(self._runs, lambda step: accounts.cursor(step, account))

    async def kv_get(self, account: AccountId, name: str) -> bytes | None:
        """See `desk.Desk`."""
        return await steps.look(self._runs, lambda step: vault.kv_get(step, account, name))

    async def kv_put(self, account: AccountId, values: Mapping[str, bytes | None]) -> None:
        """See `desk.Desk`."""
        if any(not 0 < len(name) <= MAX_NAME for name in values):
            raise Refused("names of values have 1 to 256 characters")
        await steps.do(self._runs, lambda step: vault.kv_put(step, account, values))

    async def kv_names(self, account: AccountId, prefix: str) -> tuple[str, ...]:
        """See `desk.Desk`."""
        return await steps.look(self._runs, lambda step: vault.kv_names(step, account, prefix))

    async def secret(self, account: AccountId, name: str) -> Secret | None:
        """See `desk.Desk`. While the node is locked no bridge runs."""
        return await steps.look(self._runs, lambda step: vault.secret(step, account, name))

    async def secrets_put(self, account: AccountId, values: Mapping[str, bytes], expect: int) -> int:
        """See `desk.Desk`."""
        return await steps.do(self._runs, lambda step: vault.put(step, account, values, expect))

    async def secrets_lock(self, account: AccountId, name: str) -> None:
        """See `desk.Desk`. Who dies with a lock gives it back through its `Process`."""
        await self._locks.setdefault((account, name), asyncio.Lock()).acquire()

    async def secrets_unlock(self, account: AccountId, name: str) -> None:
        """See `desk.Desk`. Raises Refused for a lock that nobody has."""
        lock = self._locks.get((account, name))
        if lock is None or not lock.locked():
            raise Refused("this is not locked")
        lock.release()

    async def read(self, account: AccountId, file: LocalFile) -> bytes:
        """See `desk.Desk`."""
        return await steps.look(self._runs, lambda step: files.to_send(step, account, file))

    async def connect(self, account: AccountId, host: str, port: int) -> socket:
        """See `desk.Desk`."""
        try:
            return await connect.connect(
                self._reach(account), host, port, loopback=self._loopback, names=self._names
            )
        except connect.Private as e:
            self.kept_out.add(account)
            raise Refused(str(e)) from None

    async def srv_records(self, account: AccountId, name: str) -> tuple[Service, ...]:
        """See `desk.Desk`."""
        return await self._resolver.services(self._may_ask(account, name))

    async def txt_records(self, account: AccountId, name: str) -> tuple[str, ...]:
        """See `desk.Desk`."""
        return await self._resolver.texts(self._may_ask(account, name))

    def _may_ask(self, account: AccountId, name: str) -> str:
        plain = plain_name(name)
        if not self._reach(account).may_ask(plain):
            raise Refused("this bridge may not ask for that")
        if len(self._turnstiles) >= MOST_ASKING:  # of logins, above all
            self._turnstiles.clear()
        own = self._turnstiles.setdefault(account, Turnstile(asyncio.get_running_loop().time))
        own.go()
        return plain

    def log(self, account: AccountId, level: str, event: str, facts: Mapping[str, Fact]) -> None:
        """See `desk.Desk`. Texts that could be words are left out."""
        plain = {
            f"fact_{name}": fact
            for name, fact in list(facts.items())[:20]
            if _PLAIN.fullmatch(name) and (not isinstance(fact, str) or _PLAIN.fullmatch(fact))
        }
        known = event if _PLAIN.fullmatch(event) else "bridge.said"
        number = logging.WARNING if level == "warning" else logging.INFO
        logger.log(number, "bridge.log", extra={"account": marked(account), "event": known, **plain})
