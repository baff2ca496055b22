"""What each check stands in: a fresh network, a core, one account; and the table of all checks."""

from __future__ import annotations

import asyncio
import enum
import importlib
import importlib.util
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec

from ..api import AccountId, BridgeError, Capabilities, ConversationRef, IntentId, Level, Manifest
from .core import Core, small_core
from .journal import Shown
from .network import FakeNetwork

PATIENCE_S = 30.0
"""How long a check waits for something that is to happen; a slow machine needs some of it."""

MakeCore = Callable[[ModuleType], AbstractAsyncContextManager[Core]]


class Tier(enum.IntEnum):
    """How good a bridge is; each includes the ones before."""

    BRONZE = 1
    SILVER = 2
    GOLD = 3
    PLATINUM = 4


class CheckFailed(AssertionError):
    """A bridge does not do what a check asks."""


def require(what: object, why: str) -> None:
    """Raise CheckFailed unless something is so."""
    if not what:
        raise CheckFailed(why)


@dataclass(frozen=True, slots=True)
class Subject:
    """A bridge that is looked at: its package, and the network that its author made for it."""

    package: str
    module: ModuleType
    manifest: Manifest
    folder: Path
    network: Callable[[], FakeNetwork]

    @classmethod
    def of(cls, package: str) -> Subject:
        """Find a bridge by the name of its package; `PACKAGE.fake` holds the class `Network`.

        Raises:
            CheckFailed: there is no such package, or a part of it is missing or wrong.
        """
        spec = importlib.util.find_spec(package)
        require(spec and spec.submodule_search_locations, f"there is no package {package}")
        assert spec is not None
        assert spec.submodule_search_locations is not None
        folder = Path(spec.submodule_search_locations[0])
        try:
            table = tomllib.loads((folder / "bridge.toml").read_text("utf-8"))["bridge"]
            manifest = msgspec.convert(table, Manifest)
        except (OSError, KeyError, ValueError) as e:
            raise CheckFailed(f"bridge.toml: {e}") from None
        try:
            module = importlib.import_module(package)
            network = importlib.import_module(f"{package}.fake").Network
        except (ImportError, AttributeError) as e:
            raise CheckFailed(f"{package}: {e}") from None
        return cls(package, module, manifest, folder, network)


@dataclass(slots=True)
class World:
    """A network, a core, and an account that runs."""

    subject: Subject
    network: FakeNetwork
    core: Core
    account: AccountId
    capabilities: Capabilities

    @property
    def room(self) -> ConversationRef:
        """The room of the checks."""
        return self.network.conversation("r1")

    def has(self, feature: str) -> bool:
        """Whether the bridge declares a feature."""
        return self.capabilities.levels.get(feature, Level.REJECTED) > Level.FALLBACK

    async def until(self, what: Callable[[], object], why: str) -> Any:
        """Wait until something is so; gives it. Raises CheckFailed with `why` if it does not happen."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not (found := what()):  # noqa: ASYNC110 - it may be of any kind
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise CheckFailed(f"it did not happen: {why}") from None
        return found

    def timeline(self) -> list[Shown]:
        """The room as a screen shows it."""
        return self.core.journal(self.account).timeline(self.room)

    def shown(self, text: str) -> list[Shown]:
        """Messages of the room that say this."""
        return [shown for shown in self.timeline() if shown.text == text]

    async def arrives(self, text: str) -> Shown:
        """Wait for a message, which is to be shown once."""
        await self.until(lambda: self.shown(text), f"“{text}” is shown")
        require(len(self.shown(text)) == 1, f"“{text}” is shown more than once")
        return self.shown(text)[0]

    async def settled(self) -> None:
        """Wait until the bridge has told all that happened so far."""
        mark = f"mark {len(self.network.log)}"
        self.network.say(mark)
        await self.arrives(mark)

    async def sent(self, text: str) -> Shown:
        """Say something, and wait until it is accepted and shown; it is to be on the network once."""
        id_ = await self.core.say(self.account, self.room, text)
        await self.comes_to(id_, "accepted")
        require(sum(m.text == text for m in self.network.said()) == 1, f"the network has “{text}” not once")
        await self.settled()
        return await self.arrives(text)

    async def comes_to(self, id_: IntentId, *states: str) -> None:
        """Wait until an intent is in one of these states."""
        journal = self.core.journal
        try:
            await self.until(lambda: journal(self.account).intents[id_].state in states, "")
        except CheckFailed:
            intent = self.core.intent(self.account, id_)
            text = f"{intent.out.parts[0].text[:40]!r} is {intent.state} {intent.error}"
            raise CheckFailed(f"{text}, not {' or '.join(states)}") from None

    async def refused(self, verb: str, **arguments: Any) -> BridgeError:
        """Call a verb that is to raise an error of the contract; gives it."""
        try:
            await self.core.call(self.account, verb, **arguments)
        except BridgeError as e:
            return e
        except Exception as e:
            raise CheckFailed(f"{verb} raises {type(e).__name__} instead of an error of the contract") from e
        raise CheckFailed(f"{verb} is not refused")

    def only_typed_errors(self) -> None:
        """`run` has ended with errors of the contract alone."""
        for ended in self.core.ends(self.account):
            require(
                ended is None or isinstance(ended, BridgeError),
                f"run raised {type(ended).__name__}, which no network should make it do: {ended}",
            )


@asynccontextmanager
async def new_world(subject: Subject, make_core: MakeCore = small_core) -> AsyncIterator[World]:
    """A fresh world, in which the account runs and has caught up."""
    network = subject.network()
    async with network.serving(), make_core(subject.module) as core:
        account = await core.log_in(network.answers())
        await core.start(account)
        if subject.manifest.style == "webhook":
            network.hook = core.webhook(account)
        capabilities = await core.capabilities(account, network.conversation("r1"))
        made = World(subject, network, core, account, capabilities)
        await made.settled()
        yield made


Run = Callable[[World], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that a bridge of a tier does."""

    name: str
    tier: Tier
    text: str
    """What it does, for people."""
    needs: tuple[str, ...]
    """Features without which there is nothing to check."""
    run: Run


CHECKS: dict[str, Check] = {}
"""All checks by name."""


def check(tier: Tier, text: str, *needs: str) -> Callable[[Run], Run]:
    """Put a function into the table, under its own name."""

    def register(run: Run) -> Run:
        name = run.__name__
        CHECKS[name] = Check(name, tier, text, needs, run)
        return run

    return register
