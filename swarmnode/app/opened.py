"""The store of a home, open or closed, and what runs over it; what `LocalNode` stands on."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, TypeVar

from ..bridging.core import proofs
from ..config import Config
from ..delivery.runner import Runner
from ..errors import Locked, NotReady
from ..services.node import Node, Options
from ..services.step import Step
from ..storage import integrity
from ..storage.home import Home
from ..storage.keystore import KeyStore
from ..storage.sealing import RootKey
from . import clockwork, home, upkeep, words
from .hosted import Hosted
from .stores import Stores

if TYPE_CHECKING:
    from ..delivery.relay_role import RelayRole

T = TypeVar("T")


class Opened:
    """One home, in whatever state it is."""

    def __init__(self, config: Config, place: Home, stores: Stores, *, role: RelayRole | None) -> None:
        self.config, self.place, self.stores, self.role = config, place, stores, role
        self._keys = KeyStore(place.files, entropy=os.urandom)
        stores.exists = self._keys.exists
        self._runner: Runner | None = None
        self._hosted: Hosted | None = None
        self._open = AsyncExitStack()
        self._turn = asyncio.Lock()

    @property
    def runner(self) -> Runner:
        """What runs the open store.

        Raises:
            Locked, NotReady: it is not open, or holds no persona.
        """
        if self._runner is None:
            if self._keys.exists():
                raise Locked("this node is locked", hint="Unlock it: `swarmnode unlock`.")
            if "node" not in self.config.roles:
                raise NotReady(
                    "this process is a relay alone",
                    hint="`swarmnode relay ticket` lends it. A node of yours has another home: `--home DIR`.",
                )
            raise NotReady("there is no persona yet", hint="Make one: `swarmnode init`.")
        return self._runner

    @property
    def hosted(self) -> Hosted:
        """The host of bridges; raises as `runner`, and NotReady where the store was rolled back."""
        _ = self.runner
        if self._hosted is None:
            raise NotReady("an older copy of the store lies here", hint="See `swarmnode doctor`.")
        return self._hosted

    async def start(self, passphrase: str | None) -> None:
        """Open the store if what is at hand opens it."""
        if not self._keys.exists():
            return
        root = await asyncio.to_thread(
            home.unlock, self._keys, passphrase=passphrase, keyring=self.config.storage.keyring
        )
        if root is not None:
            async with self._turn:
                await self._start(root)

    async def stop(self) -> None:
        """Close the store, with everything in it."""
        async with self._turn:
            await self._stop()

    async def _start(self, root: RootKey) -> None:
        keyring, privacy, link = self.config.storage.keyring, self.config.privacy, self.config.link
        database = await asyncio.to_thread(home.open_database, self.place, root, keyring=keyring)
        self._open.callback(database.close)
        runner = Runner(
            database,
            entropy=os.urandom,
            options=self._options(self.config),
            on_disk_full=lambda: integrity.release_ballast(self.place),
        )
        await self._open.enter_async_context(runner.running())
        self._runner = runner
        if database.rolled_back:
            return
        await self._open.enter_async_context(upkeep.going_on(self.place, database))
        await self.stores.opened(runner)
        if await runner.look(lambda step, _: proofs.notices(step)) != privacy.notice:
            await runner.do(lambda step, _: proofs.set_noticing(step, on=privacy.notice))
        self._hosted = Hosted(
            runner, self.place.path / "bridges", self.config.http.public, self.config.dns.servers
        )
        await self._open.enter_async_context(self._hosted.going_on())
        await self._open.enter_async_context(clockwork.going_on(runner))
        if privacy.direct or privacy.lan:
            from ..delivery import doors  # noqa: PLC0415 - both are off for most, and take time to load

            beside = self.role is not None  # a relay in this process has the port
            await self._open.enter_async_context(
                doors.opened(
                    runner,
                    self.place.path,
                    direct=privacy.direct,
                    lan=privacy.lan,
                    host=link.host,
                    port=0 if beside else self.config.link_port,
                    public="" if beside else link.public,
                )
            )

    def _options(self, config: Config) -> Options:
        """The settings that the logic wants to know."""
        privacy = config.privacy
        return Options(
            receipts=privacy.receipts,
            forward=privacy.forward,
            direct=privacy.direct,
            lan=privacy.lan,
            strangers=privacy.strangers,
            words=words.Wordlist(),
        )

    async def _stop(self) -> None:
        self._runner = self._hosted = None
        self.stores.closed()
        await self._open.aclose()

    async def _do(self, wish: Callable[[Step, Node], T]) -> T:
        return await self.runner.do(wish)

    async def _look(self, reading: Callable[[Step, Node], T]) -> T:
        return await self.runner.look(reading)
