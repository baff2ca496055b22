"""Encryption as the rest of the bridge sees it: one object for an account, with one thing at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from ....api import Context, Refused, Step
from ..client import Client, path
from ..model import ENCRYPTED, Event, events_of, number, table, text, texts
from .account import SIGNED, Own, confirm
from .backup import Backup
from .comparing import Comparing
from .megolm import Megolm, Opened
from .olm import Olm
from .recovery import Recovered
from .sas import VERIFY, Comparison
from .vault import MOST, Vault

HERE = frozenset({"join", "invite"})
LOOKED_FOR = 40
"""Keys of what could not be opened, which are looked for in the backup when a run begins."""


class Machine:
    """`open` makes one.

    `turn` is held from when something is opened until that is stored, and while something is closed: what one
    of them has moved must not be stored by the other.
    """

    def __init__(
        self,
        ctx: Context,
        client: Client,
        vault: Vault,
        own: Own,
        megolm: Megolm,
        turn: asyncio.Lock,
    ) -> None:
        self._client, self.vault, self._own, self._megolm = client, vault, own, megolm
        self._olm, self.turn = Olm(client, vault, own), turn
        self.comparing = Comparing(ctx, client, own, megolm.directory, confirm=self._compared)
        self._published = False
        self._recovered, self._log = Recovered(), ctx.log

    @classmethod
    async def open(cls, ctx: Context, client: Client, turn: asyncio.Lock) -> Machine:
        """As it was when the cursor was stored. `turn` is the account's, whatever run it is in."""
        vault = await Vault.open(ctx.kv)
        own = await Own.open(vault, ctx.owner, ctx.settings.get("device", ""))
        megolm = Megolm(client, vault, own, ctx.clock)
        made = cls(ctx, client, vault, own, megolm, turn)
        await made._recover(ctx)
        return made

    async def _recover(self, ctx: Context) -> None:
        """Take the owner's own keys: those that a login brought, else those that an earlier one did."""
        secret = await ctx.secrets.get("keys")
        known = await self.vault.get("recovered", Recovered) or Recovered()
        given = known if secret is None else msgspec.json.decode(secret.value, type=Recovered)
        self._recovered = given
        if given != known:
            self.vault.put("recovered", given)
        if given.master:
            await self._believe(given.master)
        if given.backup:
            self._megolm.backup = Backup(self._client, self.vault, ctx.log, given.backup)

    async def heard(self, told: Mapping[str, Any]) -> list[tuple[str, str]]:
        """What an answer of `/sync` says about keys. Gives rooms and events that can be opened now."""
        lists = table(told.get("device_lists"))
        await self._megolm.changed((*texts(lists.get("changed")), *texts(lists.get("left"))))
        found: list[tuple[str, str]] = []
        if not self._published and (backup := self._megolm.backup) is not None:
            most = MOST["waiting/"] if await backup.begin() else LOOKED_FOR
            found += await self._megolm.waiting(backup, most)
        for event in events_of(table(told.get("to_device")).get("events")):
            if event.type.startswith(VERIFY):
                await self.comparing.heard(event.sender, event.type, event.content)
            if event.type != ENCRYPTED:
                continue
            letter = await self._olm.opened(event.sender, event.content)
            if letter is not None and letter.kind.startswith(VERIFY):
                await self.comparing.heard(letter.sender, letter.kind, letter.content)
            elif letter is not None:
                room, events = await self._megolm.learn(letter)
                found += [(room, event_id) for event_id in events]
        await self.comparing.flush()
        return found

    async def publish(self, told: Mapping[str, Any]) -> None:
        """See that others can begin to talk to this device. Held: `turn`."""
        counts = told.get("device_one_time_keys_count")
        there = number(table(counts), SIGNED) or 0
        if not self._published:
            await self._own.publish(self._client, self.vault, None)
            if self._recovered.self_signing:
                await self._confirm(self._own.device, self._own.ed)
            await self.comparing.show()
            self._published = True
        elif isinstance(counts, dict):
            await self._own.publish(self._client, self.vault, there)
        if self._megolm.backup is not None:
            await self._megolm.backup.save()

    async def _confirm(self, device: str, ed: str) -> None:
        """Show others that a device is the owner's."""
        try:
            if await confirm(self._client, self._own.user, device, ed, self._recovered.self_signing):
                return
        except Refused:
            pass
        self._log.warning("device_not_confirmed")

    async def _believe(self, master: str) -> None:
        """This key stands for the owner."""
        await self._megolm.directory.pin(self._own.user, master)
        self.comparing.master = master

    async def _compared(self, found: Comparison) -> None:
        """The owner has seen the same on this device and on another one."""
        if found.vouched:
            await self._believe(found.theirs.master)
        if self._recovered.self_signing:
            await self._confirm(found.theirs.device, found.theirs.ed)

    async def settle(self, matter: str, step: str) -> Step | None:
        """See `api.Settles`."""
        async with self.turn:
            shown = await self.comparing.settle(matter, step)
            await self.vault.store()
        return shown

    async def dismiss(self, matter: str) -> None:
        """See `api.Settles`."""
        async with self.turn:
            await self.comparing.dismiss(matter)

    async def opened(self, room: str, event: Event) -> Opened | None:
        """What an encrypted event holds; None where it cannot be opened, which is remembered."""
        found = await self._megolm.opened(room, event)
        if found is None:
            await self._megolm.wait(room, event)
        return found

    async def closed(self, room: str, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """Content for an encrypted room, for all who are there or are invited."""
        async with self.turn:
            told = await self._client.get(path("rooms", room, "members"))
            people = {
                event.state_key
                for event in events_of(told.get("chunk"))
                if event.state_key and text(event.content, "membership") in HERE
            }
            return await self._megolm.closed(room, people, kind, content)
