"""A node as the API asks for it (`api.node.Node`).

What it is itself, its files and its news stand here; what it has of `people`, `talk` and `bridges` in modules
so named.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from swarm_protocol.identity import create_persona

from ..api.node import File, NodeView, Retried
from ..config import Config
from ..delivery.news import ENDED
from ..delivery.trace import LAST_LINE
from ..domain.views import CarryView, Check, Event, NodeState, StatusView
from ..errors import Conflict, NotFound, NotReady, UsageError
from ..services import identity
from ..services.node import Node
from ..services.step import Step
from ..storage.home import Home
from ..storage.shelves import PERSONAS
from ..texts import Texts
from . import backups, files, home, status, words
from .people import People
from .private import Private
from .proofs import Proofs
from .settings import Settings
from .stores import Stores
from .waiting import Waiting

if TYPE_CHECKING:
    from ..delivery.relay_role import RelayRole


class LocalNode(People, Proofs, Private, Settings, Waiting):
    """The node of one home, in whatever state it is."""

    def __init__(self, config: Config, place: Home, stores: Stores, *, role: RelayRole | None) -> None:
        super().__init__(config, place, stores, role=role)
        self._words: tuple[str, ...] = ()

    # How it is, and whose

    async def status(self, language: str = "en") -> StatusView:
        """See `api.node.Node`."""
        release = version("social-swarm-node")
        if self._runner is None:
            state = NodeState.LOCKED if self._keys.exists() else NodeState.EMPTY
            return StatusView(state, release, roles=self.config.roles)
        runner, t = self._runner, Texts(language)
        store = status.Store(runner.database.rolled_back, runner.problem)
        view = await runner.look(lambda step, node: status.of(step, node, store, t))
        return replace(view, version=release, roles=self.config.roles)

    async def doctor(self, language: str = "en") -> tuple[Check, ...]:
        """See `api.node.Node`."""
        from . import doctor  # noqa: PLC0415 - no start needs it

        exists, t = self._keys.exists(), Texts(language)
        return await doctor.examine(
            self.place, self._runner, self.role, exists=exists, t=t, hosted=self._hosted
        )

    async def retry(self) -> Retried:
        """See `api.node.Node`."""
        from . import doctor  # noqa: PLC0415

        return await doctor.retry(self.runner)

    async def nodes(self) -> tuple[NodeView, ...]:
        """See `api.node.Node`."""

        def look(_: Step, node: Node) -> tuple[NodeView, ...]:
            me = node.me
            return tuple(
                NodeView(
                    id=known.leaf_sig.hex()[:16],
                    label=f"node {known.added}",
                    this=known.leaf_sig == me.keys.leaf_sig.public,
                    priority=known.priority,
                    active=known.active,
                )
                for known in me.chain.state.nodes
            )

        return await self._look(look)

    async def trace(self, peer: str) -> AsyncIterator[str]:
        """See `api.node.Node`."""
        async with self.runner.traced() as lines:
            while True:
                line = await lines.get()
                if line is LAST_LINE:
                    break
                if peer in line.about or not peer:
                    yield line.text
        _ = self.runner  # as for events

    async def create(
        self, name: str, passphrase: str | None, key_file: Path | None, words: Sequence[str] | None
    ) -> tuple[str, ...]:
        """See `api.node.Node`."""
        if "node" not in self.config.roles:
            raise NotReady(
                "this process is a relay alone", hint="Start a node with `swarmnode run --role node`."
            )
        async with self._turn:
            if self._keys.exists():
                raise Conflict("there is a persona already", hint="Another one needs another home.")
            await self._start_with_new_key(passphrase, key_file)
            said = await self.runner.do_with_engine(
                lambda step, engine: home.make_persona(step, engine, name, words)
            )
            self._words = said
            return said

    async def _start_with_new_key(self, passphrase: str | None, key_file: Path | None = None) -> None:
        keyring = self.config.storage.keyring
        root = await asyncio.to_thread(
            lambda: home.new_key(self._keys, passphrase=passphrase, key_file=key_file, keyring=keyring)
        )
        await self._start(root)

    async def check_words(self, told: Mapping[int, str]) -> bool:
        """See `api.node.Node`."""
        if set(told) == set(range(1, words.COUNT + 1)):
            kit = words.kit_of([told[place] for place in sorted(told)])
            persona = create_persona(kit).persona_id
            right = await self._look(lambda _, node: node.me.chain.persona_id == persona)
        elif not self._words:
            raise NotReady("some words can be compared right after they were made", hint="Give all 24.")
        else:
            right = words.are(self._words, told)
        if right:
            self._words = ()

            def note(step: Step, _: Node) -> None:
                for row in PERSONAS.all(step.tx):
                    PERSONAS.change(step.tx, row.id, words_seen=True)

            await self._do(note)
        return right

    async def take_backup(self, pieces: AsyncIterator[bytes]) -> int:
        """See `api.node.Node`."""
        if self._keys.exists():
            raise Conflict("there is a persona here already", hint="Restore into another home.")
        return await backups.take(self.place.path / backups.UPLOADED, pieces)

    async def restore(
        self, said: Sequence[str], backup: Path | None, passphrase: str | None, *, uploaded: bool = False
    ) -> StatusView:
        """See `api.node.Node`."""
        kit = words.kit_of(said)
        sent = self.place.path / backups.UPLOADED
        if uploaded and not sent.exists():
            raise NotFound("no backup was sent", hint="Send it first.")
        backup = sent if uploaded else backup
        async with self._turn:
            if self._keys.exists():
                raise Conflict("there is a persona here already", hint="Restore into another home.")
            await self._start_with_new_key(passphrase)
            try:
                self.config = await backups.restore(self.runner, kit, backup, self.choose_again)
                await self.runner.use(self._options(self.config))
            except BaseException:
                await self._stop()
                self._keys.destroy()
                self.place.database.unlink(missing_ok=True)
                raise
            sent.unlink(missing_ok=True)
            if await self.accounts():
                self.hosted.wake()
        return await self.status()

    async def unlock(self, passphrase: str) -> None:
        """See `api.node.Node`."""
        async with self._turn:
            if self._runner is not None:
                return
            if not self._keys.exists():
                raise NotReady("there is nothing to unlock yet")
            root = await asyncio.to_thread(
                lambda: home.unlock(self._keys, passphrase=passphrase, keyring=False)
            )
            if root is None:
                raise NotReady(
                    "this home has no passphrase", hint="It opens by its key file or the key ring."
                )
            await self._start(root)

    async def lock(self) -> None:
        """See `api.node.Node`."""
        await self.stop()

    async def rename_self(self, name: str) -> None:
        """See `api.node.Node`."""
        await self._do(lambda step, node: identity.rename(step, node, name))

    # Files

    async def carry_out(self, path: Path, contact: str) -> CarryView:
        """See `api.node.Node`."""
        return await files.carry_out(self.runner, path, contact)

    async def carry_in(self, path: Path) -> CarryView:
        """See `api.node.Node`."""
        return await files.carry_in(self.runner, path)

    async def backup(self, path: Path) -> int:
        """See `api.node.Node`."""
        return await backups.write(self.runner, self.config.home, path)

    async def backup_file(self) -> File:
        """See `api.node.Node`."""
        return await backups.as_file(self.runner, self.config.home)

    async def export_file(self) -> File:
        """See `api.node.Node`."""
        return await files.export_file(self.runner)

    async def export(self, path: Path) -> int:
        """See `api.node.Node`."""
        return await files.export(self.runner, path)

    async def wipe(self, confirm: str) -> None:
        """See `api.node.Node`."""
        status = await self.status()
        if confirm != status.name:
            raise UsageError("the name does not match", hint="Give the persona's name to confirm.")
        self._keys.destroy()
        await self.stop()
        self.stores.forget()
        files.remove_all(self.place)

    # What happens

    async def events(self, after: int | None) -> AsyncIterator[Event]:
        """See `api.node.Node`."""
        async with self.runner.news() as news:
            last = 0
            if after is not None:
                old = self.runner.told_after(after)
                if old is None:
                    yield Event(after, "resync")
                for told in old or ():
                    last = told.id
                    yield Event(told.id, told.type, told.data)
            while True:
                told = await news.get()
                if told is ENDED:
                    break
                if told.id > last:
                    yield Event(told.id, told.type, told.data)
        _ = self.runner  # why; where it was opened anew meanwhile, who listens comes back
