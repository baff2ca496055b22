"""A desk in memory, on which bridges run in authors' tests.

Each call is one transaction. A test may have the power fail at a point: from then on nothing that the bridge
awaits returns, until the test ends it, and what was not committed is not there.
"""

from __future__ import annotations

import asyncio
import socket
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from ..api import (
    AccountId,
    Batch,
    Conflict,
    Cursor,
    Fleeting,
    Health,
    LocalFile,
    Matter,
    Refused,
    Secret,
    Service,
)
from ..desk import Fact
from .journal import Journal

QUOTA = 16 * 1024 * 1024
POINTS = ("ingest.before", "ingest.after", "kv.before", "kv.after", "secrets.before", "secrets.after")
"""Where the power may fail: before a commit, or between it and the answer."""


@dataclass(slots=True)
class Account:
    """One account's part of the desk."""

    owner: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    journal: Journal = field(default_factory=Journal)
    kv: dict[str, bytes] = field(default_factory=dict)
    secrets: dict[str, bytes] = field(default_factory=dict, repr=False)
    generation: int = 0
    health: list[Health] = field(default_factory=list)
    matters: tuple[Matter, ...] = ()
    fleeting: list[Fleeting] = field(default_factory=list)
    dead: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the power failed."""


class MemoryDesk:
    """See `swarm_bridges.desk.Desk`."""

    def __init__(self) -> None:
        self.accounts: dict[AccountId, Account] = defaultdict(Account)
        self.logged: list[tuple[str, str, Mapping[str, Fact]]] = []
        self.files: dict[str, bytes] = {}
        """What `read` gives, by id."""
        self.routes: dict[tuple[str, int], tuple[str, int]] = {}
        """Where connections lead in place of where they are meant to: to a proxy that breaks them."""
        self.services: dict[str, tuple[Service, ...]] = {}
        self.texts: dict[str, tuple[str, ...]] = {}
        """What the name service says, by name."""
        self.connections = 0
        self._fail: dict[str, int] = {}
        self._locks: dict[tuple[AccountId, str], asyncio.Lock] = defaultdict(asyncio.Lock)

    def fail_at(self, point: str, *, after: int = 0) -> None:
        """Have the power fail at a point, when it was passed so many times."""
        assert point in POINTS
        self._fail[point] = after

    async def _point(self, account: AccountId, point: str) -> None:
        left = self._fail.get(point)
        if left == 0:
            del self._fail[point]
            self.accounts[account].dead.set()
        elif left is not None:
            self._fail[point] = left - 1
        if self.accounts[account].dead.is_set():
            await asyncio.Future()

    async def ingest(self, account: AccountId, batch: Batch) -> None:
        """See `Desk`."""
        await self._point(account, "ingest.before")
        known = self.accounts[account]
        kv = _remembered(known.kv, batch.kv)
        known.journal, known.kv = known.journal.applied(batch), kv
        await self._point(account, "ingest.after")

    async def fleeting(self, account: AccountId, item: Fleeting) -> None:
        """See `Desk`."""
        self.accounts[account].fleeting.append(item)

    async def state(self, account: AccountId, health: Health) -> None:
        """See `Desk`."""
        self.accounts[account].health.append(health)

    async def matters(self, account: AccountId, matters: tuple[Matter, ...]) -> None:
        """See `Desk`."""
        self.accounts[account].matters = matters

    async def cursor(self, account: AccountId) -> Cursor | None:
        """See `Desk`."""
        return self.accounts[account].journal.cursor

    async def kv_get(self, account: AccountId, name: str) -> bytes | None:
        """See `Desk`."""
        return self.accounts[account].kv.get(name)

    async def kv_put(self, account: AccountId, values: Mapping[str, bytes | None]) -> None:
        """See `Desk`."""
        await self._point(account, "kv.before")
        known = self.accounts[account]
        known.kv = _remembered(known.kv, values)
        await self._point(account, "kv.after")

    async def kv_names(self, account: AccountId, prefix: str) -> tuple[str, ...]:
        """See `Desk`."""
        return tuple(sorted(name for name in self.accounts[account].kv if name.startswith(prefix)))

    async def secret(self, account: AccountId, name: str) -> Secret | None:
        """See `Desk`."""
        known = self.accounts[account]
        return Secret(known.secrets[name], known.generation) if name in known.secrets else None

    async def secrets_put(self, account: AccountId, values: Mapping[str, bytes], expect: int) -> int:
        """See `Desk`."""
        await self._point(account, "secrets.before")
        known = self.accounts[account]
        if known.generation != expect:
            raise Conflict("these secrets were replaced")
        known.secrets = {**known.secrets, **values}
        known.generation += 1
        await self._point(account, "secrets.after")
        return known.generation

    async def secrets_lock(self, account: AccountId, name: str) -> None:
        """See `Desk`."""
        await self._locks[account, name].acquire()

    async def secrets_unlock(self, account: AccountId, name: str) -> None:
        """See `Desk`."""
        if self._locks[account, name].locked():
            self._locks[account, name].release()

    async def read(self, account: AccountId, file: LocalFile) -> bytes:  # noqa: ARG002 - one owner
        """See `Desk`."""
        return self.files[file.id]

    async def connect(self, account: AccountId, host: str, port: int) -> socket.socket:  # noqa: ARG002
        """See `Desk`. Loopback only: nothing of a test leaves the machine."""
        self.connections += 1
        host, port = self.routes.get((host, port), (host, port))
        host = "127.0.0.1" if host == "localhost" else host
        if not host.startswith("127."):
            raise Refused("the kit connects to this machine only")
        line = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        line.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(line, (host, port))
        except BaseException:
            line.close()
            raise
        return line

    async def srv_records(self, account: AccountId, name: str) -> tuple[Service, ...]:  # noqa: ARG002
        """See `Desk`."""
        return self.services.get(name, ())

    async def txt_records(self, account: AccountId, name: str) -> tuple[str, ...]:  # noqa: ARG002
        """See `Desk`."""
        return self.texts.get(name, ())

    def log(self, account: AccountId, level: str, event: str, facts: Mapping[str, Fact]) -> None:  # noqa: ARG002
        """See `Desk`."""
        self.logged.append((level, event, facts))


def _remembered(known: Mapping[str, bytes], values: Mapping[str, bytes | None]) -> dict[str, bytes]:
    """What is remembered after a change. Raises Refused over the quota."""
    new = {name: value for name, value in {**known, **values}.items() if value is not None}
    if sum(len(name) + len(value) for name, value in new.items()) > QUOTA:
        raise Refused("more than an account may remember")
    return new
