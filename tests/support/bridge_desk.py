"""A desk in memory for tests of what stands on a desk: it stores, in the order of the calls, and connects."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from swarm_bridges.api import (
    AccountId,
    Batch,
    Conflict,
    Cursor,
    Fleeting,
    Gone,
    Health,
    LocalFile,
    Matter,
    Refused,
    Secret,
    Service,
    Temporary,
)
from swarm_bridges.desk import Fact
from swarmnode.bridging.host.resolve import Resolver


@dataclass
class Account:
    batches: list[Batch] = field(default_factory=list)
    cursor: Cursor | None = None
    passing: list[Fleeting] = field(default_factory=list)
    health: list[Health] = field(default_factory=list)
    matters: tuple[Matter, ...] = ()
    values: dict[str, bytes] = field(default_factory=dict)
    secrets: dict[str, bytes] = field(default_factory=dict)
    generation: int = 1
    files: dict[str, bytes] = field(default_factory=dict)
    lines: list[tuple[str, str, Mapping[str, Fact]]] = field(default_factory=list)
    locks: dict[str, asyncio.Lock] = field(default_factory=dict)
    news: asyncio.Event = field(default_factory=asyncio.Event)


class DeskInMemory:
    """`hosts` are those that may be reached, all at 127.0.0.1; other addresses of loopback are themselves."""

    def __init__(self, hosts: frozenset[str] = frozenset({"127.0.0.1", "localhost"})) -> None:
        self.hosts = hosts
        self.accounts: dict[str, Account] = {}
        self.reached: list[tuple[AccountId, str, int]] = []
        self.resolver: Resolver | None = None
        """Without one, the name service knows nothing."""

    def of(self, account: str) -> Account:
        return self.accounts.setdefault(account, Account())

    async def until(self, account: str, events: int) -> list[object]:
        """All events of an account, when there are so many."""
        own = self.of(account)
        async with asyncio.timeout(30):
            while len(found := [event for batch in own.batches for event in batch.events]) < events:
                own.news.clear()
                await own.news.wait()
        return list(found)

    async def ingest(self, account: AccountId, batch: Batch) -> None:
        own = self.of(account)
        own.batches.append(batch)
        own.cursor = batch.cursor_after or own.cursor
        await self.kv_put(account, batch.kv)
        own.news.set()

    async def fleeting(self, account: AccountId, item: Fleeting) -> None:
        self.of(account).passing.append(item)

    async def state(self, account: AccountId, health: Health) -> None:
        self.of(account).health.append(health)

    async def matters(self, account: AccountId, matters: tuple[Matter, ...]) -> None:
        self.of(account).matters = matters
        self.of(account).news.set()

    async def cursor(self, account: AccountId) -> Cursor | None:
        return self.of(account).cursor

    async def kv_get(self, account: AccountId, name: str) -> bytes | None:
        return self.of(account).values.get(name)

    async def kv_put(self, account: AccountId, values: Mapping[str, bytes | None]) -> None:
        for name, value in values.items():
            self.of(account).values.pop(name, None)
            if value is not None:
                self.of(account).values[name] = value

    async def kv_names(self, account: AccountId, prefix: str) -> tuple[str, ...]:
        return tuple(sorted(name for name in self.of(account).values if name.startswith(prefix)))

    async def secret(self, account: AccountId, name: str) -> Secret | None:
        own = self.of(account)
        return Secret(own.secrets[name], own.generation) if name in own.secrets else None

    async def secrets_put(self, account: AccountId, values: Mapping[str, bytes], expect: int) -> int:
        own = self.of(account)
        if own.generation != expect:
            raise Conflict("another was faster")
        own.secrets.update(values)
        own.generation += 1
        return own.generation

    async def secrets_lock(self, account: AccountId, name: str) -> None:
        await self.of(account).locks.setdefault(name, asyncio.Lock()).acquire()

    async def secrets_unlock(self, account: AccountId, name: str) -> None:
        self.of(account).locks[name].release()

    async def read(self, account: AccountId, file: LocalFile) -> bytes:
        if file.id not in self.of(account).files:
            raise Gone("there is no such file")
        return self.of(account).files[file.id]

    async def connect(self, account: AccountId, host: str, port: int) -> socket.socket:
        self.reached.append((account, host, port))
        if host not in self.hosts and not host.startswith("127."):
            raise Refused("this host is not allowed")
        address = host if host.startswith("127.") else "127.0.0.1"
        try:  # at once: on loopback it does not wait, and nothing can be cancelled with an open socket in it
            line = socket.create_connection((address, port), 5)
        except OSError:
            raise Temporary("cannot be reached") from None
        line.setblocking(False)
        return line

    async def srv_records(self, account: AccountId, name: str) -> tuple[Service, ...]:  # noqa: ARG002
        return await self.resolver.services(name) if self.resolver is not None else ()

    async def txt_records(self, account: AccountId, name: str) -> tuple[str, ...]:  # noqa: ARG002
        return await self.resolver.texts(name) if self.resolver is not None else ()

    def log(self, account: AccountId, level: str, event: str, facts: Mapping[str, Fact]) -> None:
        self.of(account).lines.append((level, event, facts))
