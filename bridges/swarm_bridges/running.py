"""Bridges of one package that run in this process: `desk.Caller` over any desk.

    async with running(package_of(module), desk, clock=Clock(), random=os.urandom) as bridges:
        await bridges.start(account, owner="ada", settings={})
        await bridges.call(account, "send", out=out)

The kit runs bridges so; in the node's sandbox `worker` does, with a desk at the other end of a socket.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from . import api, wire
from .api import AccountId, Bridge, Login, RemoteFile
from .context import Context, LoginContext
from .desk import Desk, LoginState, LoginTurn

current: ContextVar[AccountId] = ContextVar("current")
"""For whom the code that runs works: where libraries connect by themselves, `loop` has to know."""


class WrongShape(Exception):
    """A package is no bridge; says what it lacks."""


@dataclass(frozen=True, slots=True)
class Package:
    """What a package is to have: `Bridge`, and `Login` unless its accounts need none."""

    bridge: Callable[[], Bridge]
    login: Callable[[], Login] | None
    verbs: frozenset[str]
    """What `Bridge` has of the contract."""


def package_of(module: ModuleType) -> Package:
    """Look at an imported package.

    Raises:
        WrongShape: its `Bridge` lacks what each bridge has, or has only half of something.
    """
    own = {name: member for name, member in vars(module).items() if member not in (api.Bridge, api.Login)}
    bridge: Any = own.get("Bridge")
    login: Any = own.get("Login")
    if not isinstance(bridge, type):
        raise WrongShape("it has no class Bridge")
    verbs = set[str]()
    for name, part in wire.PARTS.items():
        members = {member for member in vars(part) if not member.startswith("_")}
        has = {member for member in members if callable(getattr(bridge, member, None))}
        if (has and has != members) or (part is Bridge and not has):
            raise WrongShape(f"its Bridge has not all of {name}: {', '.join(sorted(members - has))}")
        verbs |= has
    if login is not None:
        steps = ("begin", "submit", "tick", "abort")
        if not isinstance(login, type) or not all(callable(getattr(login, step, None)) for step in steps):
            raise WrongShape("its Login has not all of begin, submit, tick, abort")
    return Package(bridge, login, frozenset(verbs))


@contextlib.contextmanager
def _for(account: AccountId) -> Iterator[None]:
    token = current.set(account)
    try:
        yield
    finally:
        current.reset(token)


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """What a bridge raises beside the errors of the contract is a `BridgeError` that says where it was."""
    try:
        yield
    except api.BridgeError:
        raise
    except Exception as e:
        raise api.BridgeError(wire.where(e)) from e


@dataclass(slots=True)
class _Account:
    bridge: Bridge
    context: Context
    task: asyncio.Task[Exception | None]


class Running:
    """See `desk.Caller`."""

    def __init__(
        self,
        package: Package,
        desk: Desk,
        tasks: asyncio.TaskGroup,
        *,
        clock: api.Clock,
        random: Callable[[int], bytes],
    ) -> None:
        self._package, self._desk, self._tasks = package, desk, tasks
        self._clock, self._random = clock, random
        self._accounts: dict[AccountId, _Account] = {}

    async def start(
        self, account: AccountId, owner: str, settings: Mapping[str, str], hook_url: str = ""
    ) -> None:
        """See `desk.Caller`. One that has ended begins anew. Raises Refused for one that runs."""
        if (known := self._accounts.get(account)) is not None:
            if not known.task.done():
                raise api.Refused("this account runs")
            await self.stop(account)
        context = Context(
            self._desk,
            account,
            owner=owner,
            settings=settings,
            clock=self._clock,
            random=self._random,
            hook_url=hook_url,
        )
        bridge = self._package.bridge()
        task = self._tasks.create_task(self._run(bridge, context))
        self._accounts[account] = _Account(bridge, context, task)

    async def _run(self, bridge: Bridge, context: Context) -> Exception | None:
        with _for(context.account):
            try:
                await bridge.run(context)
            except Exception as e:  # noqa: BLE001 - whatever it was, it ended this bridge and nothing else
                return e
        return None

    async def stop(self, account: AccountId) -> None:
        """See `desk.Caller`."""
        if (known := self._accounts.pop(account, None)) is not None:
            known.task.cancel()
            await asyncio.wait([known.task])
            await known.context.close()

    async def migrate(
        self, account: AccountId, values: Mapping[str, bytes], version: int
    ) -> Mapping[str, bytes]:
        """See `desk.Caller`."""
        bridge = self._package.bridge()
        if not isinstance(bridge, api.Migrates):
            raise api.NotSupported("this bridge takes nothing over")
        with _for(account), _told():
            return bridge.migrate(values, version)

    async def wake(self, account: AccountId) -> None:
        """See `desk.Caller`."""
        self._account(account).context.wake()

    async def ended(self, account: AccountId) -> Exception | None:
        """See `desk.Caller`."""
        task = self._account(account).task
        await asyncio.wait([task])
        return None if task.cancelled() else task.result()

    async def call(self, account: AccountId, verb: str, **arguments: Any) -> Any:
        """See `desk.Caller`."""
        known = self._account(account)
        if verb not in wire.BRIDGE or verb not in self._package.verbs:
            raise api.NotSupported(f"this bridge cannot {verb}")
        with _for(account), _told():
            result = await getattr(known.bridge, verb)(known.context, **arguments)
            wire.BRIDGE[verb].pack_result(result)  # what is not of its type is the bridge's fault, here
            return result

    async def fetch(self, account: AccountId, file: RemoteFile) -> AsyncGenerator[bytes, None]:
        """See `desk.Caller`."""
        known = self._account(account)
        if not isinstance(known.bridge, api.Media):
            raise api.NotSupported("this bridge cannot fetch")
        pieces = known.bridge.fetch(known.context, file)
        while True:
            with _for(account), _told():
                piece = await anext(pieces, None)
            if piece is None:
                return
            yield piece

    async def login(
        self,
        flow: AccountId,
        verb: str,
        about: LoginState,
        *,
        step: str = "",
        answers: Mapping[str, str],
    ) -> LoginTurn:
        """See `desk.Caller`."""
        if self._package.login is None:
            raise api.NotSupported("this network has no logins")
        context = LoginContext(self._desk, flow, about, clock=self._clock, random=self._random)
        login = self._package.login()
        try:
            with _for(flow), _told():
                match verb:
                    case "begin":
                        outcome = await login.begin(context)
                    case "submit":
                        outcome = await login.submit(context, step, answers)
                    case "tick":
                        outcome = await login.tick(context, step)
                    case "abort":
                        await login.abort(context)
                        return LoginTurn(None, context.scratch)
                    case _:
                        raise api.NotSupported(f"a login cannot {verb}")
            return LoginTurn(outcome, context.scratch)
        finally:
            await context.close()

    async def close(self) -> None:
        """Stop all accounts."""
        for account in list(self._accounts):
            await self.stop(account)

    def _account(self, account: AccountId) -> _Account:
        if (known := self._accounts.get(account)) is None:
            raise api.Temporary("this account does not run")
        return known


@asynccontextmanager
async def running(
    package: Package, desk: Desk, *, clock: api.Clock, random: Callable[[int], bytes]
) -> AsyncIterator[Running]:
    """Bridges of a package, as long as the block lasts."""
    async with asyncio.TaskGroup() as tasks:
        bridges = Running(package, desk, tasks, clock=clock, random=random)
        try:
            yield bridges
        finally:
            await bridges.close()
