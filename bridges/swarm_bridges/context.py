"""`api.Context` and `api.LoginContext` over a `desk.Desk`: all that a bridge touches.

    context = Context(desk, AccountId("a1"), owner="ada", settings={}, clock=Clock(), random=os.urandom)

The same in the process of a bridge and in the kit, which gives another desk, clock and randomness.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from socket import socket

from . import api
from .api import AccountId, Batch, Cursor, Fleeting, Health, LocalFile, Matter, Secret, Service
from .desk import Desk, Fact, LoginState
from .http import Client

ROTATION_S = 30.0
"""A secret that was renewed is not renewed again before: who asks was still using the one of before."""


class Clock:
    """The machine's clocks."""

    def now(self) -> float:
        """See `api.Clock`."""
        return time.time()

    def monotonic(self) -> float:
        """See `api.Clock`."""
        return time.monotonic()


class Log:
    """See `api.Log`."""

    def __init__(self, desk: Desk, account: AccountId, key: bytes) -> None:
        self._desk, self._account, self._key = desk, account, key

    def info(self, event: str, **facts: float | bool | Enum) -> None:
        """See `api.Log`. Raises TypeError for texts and bytes."""
        self._write("info", event, facts)

    def warning(self, event: str, **facts: float | bool | Enum) -> None:
        """See `api.Log`. Raises TypeError for texts and bytes."""
        self._write("warning", event, facts)

    def hashed(self, remote_id: str) -> int:
        """See `api.Log`: 48 bits."""
        return int.from_bytes(
            hashlib.blake2b(remote_id.encode(), key=self._key, digest_size=6).digest(), "big"
        )

    def _write(self, level: str, event: str, facts: Mapping[str, float | bool | Enum]) -> None:
        self._desk.log(self._account, level, event, {name: _fact(fact) for name, fact in facts.items()})


def _fact(fact: object) -> Fact:
    if isinstance(fact, Enum):
        return fact.name.lower()
    if isinstance(fact, bool | int | float):
        return fact
    raise TypeError(f"a {type(fact).__name__} is not logged")


class KeyValues:
    """See `api.KeyValues`."""

    def __init__(self, desk: Desk, account: AccountId) -> None:
        self._desk, self._account = desk, account

    async def get(self, name: str) -> bytes | None:
        """See `api.KeyValues`."""
        return await self._desk.kv_get(self._account, name)

    async def put(self, values: Mapping[str, bytes | None]) -> None:
        """See `api.KeyValues`."""
        await self._desk.kv_put(self._account, values)

    async def names(self, prefix: str = "") -> tuple[str, ...]:
        """See `api.KeyValues`."""
        return await self._desk.kv_names(self._account, prefix)


class Secrets:
    """See `api.Secrets`."""

    def __init__(self, desk: Desk, account: AccountId, clock: api.Clock) -> None:
        self._desk, self._account, self._clock = desk, account, clock
        self._seen: dict[str, int] = {}
        self._renewed: dict[str, float] = {}
        self._local = asyncio.Lock()

    async def get(self, name: str) -> Secret | None:
        """See `api.Secrets`."""
        secret = await self._desk.secret(self._account, name)
        if secret is not None:
            self._seen[name] = secret.generation
        return secret

    async def put(self, values: Mapping[str, bytes], *, expect: int) -> int:
        """See `api.Secrets`."""
        return await self._desk.secrets_put(self._account, values, expect)

    async def rotate(self, name: str, call: Callable[[Secret], Awaitable[Mapping[str, bytes]]]) -> Secret:
        """See `api.Secrets`.

        Nothing is called where the secret is newer than the one that was last got here, or where it was
        renewed here within ROTATION_S. Raises AuthExpired where there is no such secret.
        """
        seen = self._seen.get(name)
        async with self._local:  # so that one account asks for one lock at a time
            await self._desk.secrets_lock(self._account, name)
            try:
                present = await self._wanted(name)
                fresh = self._clock.monotonic() - self._renewed.get(name, -ROTATION_S) < ROTATION_S
                if fresh or (seen is not None and present.generation > seen):
                    return present
                await self.put(await call(present), expect=present.generation)
                self._renewed[name] = self._clock.monotonic()
                return await self._wanted(name)
            finally:
                await self._desk.secrets_unlock(self._account, name)

    async def _wanted(self, name: str) -> Secret:
        if (secret := await self.get(name)) is None:
            raise api.AuthExpired(f"there is no {name}")
        return secret


class Context:
    """See `api.Context`. `async with`, or `close`, ends its web client's connections."""

    def __init__(
        self,
        desk: Desk,
        account: AccountId,
        *,
        owner: str,
        settings: Mapping[str, str],
        clock: api.Clock,
        random: Callable[[int], bytes],
        hook_url: str = "",
    ) -> None:
        self.account, self.owner, self.settings, self.clock = account, owner, settings, clock
        self.hook_url = hook_url
        self._desk, self._random = desk, random
        self._awake = asyncio.Event()
        self.http: api.Http = Client(self.connect, read=self.read, clock=clock)
        self.kv: api.KeyValues = KeyValues(desk, account)
        self.secrets: api.Secrets = Secrets(desk, account, clock)
        self.log: api.Log = Log(desk, account, random(16))

    async def ingest(self, batch: Batch) -> None:
        """See `api.Context`."""
        await self._desk.ingest(self.account, batch)

    async def fleeting(self, item: Fleeting) -> None:
        """See `api.Context`."""
        await self._desk.fleeting(self.account, item)

    async def state(self, health: Health) -> None:
        """See `api.Context`."""
        await self._desk.state(self.account, health)

    async def matters(self, matters: tuple[Matter, ...]) -> None:
        """See `api.Context`."""
        await self._desk.matters(self.account, matters)

    async def cursor(self) -> Cursor | None:
        """See `api.Context`."""
        return await self._desk.cursor(self.account)

    async def pause(self, seconds: float) -> None:
        """See `api.Context`. A `wake` since the last pause counts."""
        try:
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        except TimeoutError:
            pass
        self._awake.clear()

    def wake(self) -> None:
        """End the pause that is, or the next one."""
        self._awake.set()

    async def connect(self, host: str, port: int) -> socket:
        """See `api.Context`."""
        return await self._desk.connect(self.account, host, port)

    async def srv_records(self, name: str) -> tuple[Service, ...]:
        """See `api.Context`."""
        return await self._desk.srv_records(self.account, name)

    async def txt_records(self, name: str) -> tuple[str, ...]:
        """See `api.Context`."""
        return await self._desk.txt_records(self.account, name)

    async def read(self, file: LocalFile) -> bytes:
        """See `api.Context`."""
        return await self._desk.read(self.account, file)

    def random(self, size: int) -> bytes:
        """See `api.Context`."""
        return self._random(size)

    async def close(self) -> None:
        """Close the web client's connections."""
        assert isinstance(self.http, Client)
        await self.http.close()


class LoginContext:
    """See `api.LoginContext`. `flow` stands for the account in what is asked of the desk."""

    def __init__(
        self,
        desk: Desk,
        flow: AccountId,
        about: LoginState,
        *,
        clock: api.Clock,
        random: Callable[[int], bytes],
    ) -> None:
        self.why, self.account, self.settings = about.why, about.account, about.settings
        self.language, self.redirect_url, self.scratch = about.language, about.redirect_url, about.scratch
        self.clock, self._random, self._desk, self._flow = clock, random, desk, flow
        self.http: api.Http = Client(self.connect, read=self._no_files, clock=clock)
        self.log: api.Log = Log(desk, flow, random(16))

    def keep(self, scratch: bytes) -> None:
        """See `api.LoginContext`."""
        self.scratch = scratch

    async def connect(self, host: str, port: int) -> socket:
        """See `api.LoginContext`."""
        return await self._desk.connect(self._flow, host, port)

    async def srv_records(self, name: str) -> tuple[Service, ...]:
        """See `api.LoginContext`."""
        return await self._desk.srv_records(self._flow, name)

    async def txt_records(self, name: str) -> tuple[str, ...]:
        """See `api.LoginContext`."""
        return await self._desk.txt_records(self._flow, name)

    def random(self, size: int) -> bytes:
        """See `api.LoginContext`."""
        return self._random(size)

    async def _no_files(self, file: LocalFile) -> bytes:
        raise api.NotSupported(f"a login has no files such as {file.id}")

    async def close(self) -> None:
        """Close the web client's connections."""
        assert isinstance(self.http, Client)
        await self.http.close()
