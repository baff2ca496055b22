"""The devices of others: which there are, and by which keys they are known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ..client import Client
from ..model import MAX_ID, table, text
from .signing import is_signed
from .vault import Vault

MOST = 100
"""Devices of one person."""
WAIT_MS = 10_000
"""How long the own server is to wait for others."""


class Device(msgspec.Struct, frozen=True, array_like=True):
    """A device by its keys: with `curve` one encrypts for it, `ed` signs for it."""

    curve: str
    ed: str


class Devices(msgspec.Struct, frozen=True):
    """Somebody's devices. `fresh`: nothing has changed since they were asked for."""

    fresh: bool = False
    known: dict[str, Device] = {}


class Directory:
    """Devices of people."""

    def __init__(self, client: Client, vault: Vault) -> None:
        self._client, self._vault = client, vault

    async def changed(self, people: Iterable[str]) -> None:
        """The server says that somebody's devices are no longer what they were."""
        for who in people:
            known = await self._vault.get(f"devices/{who}", Devices)
            if known is not None and known.fresh:
                self._vault.put(f"devices/{who}", msgspec.structs.replace(known, fresh=False))

    async def of(self, people: Iterable[str]) -> dict[str, dict[str, Device]]:
        """Devices by person, asked for where that may be needed."""
        found, asked = dict[str, Devices](), list[str]()
        for who in people:
            found[who] = await self._vault.get(f"devices/{who}", Devices) or Devices()
            if not found[who].fresh:
                asked.append(who)
        if asked:
            query = {"device_keys": dict.fromkeys(asked, ()), "timeout": WAIT_MS}
            told = table((await self._client.post("/keys/query", query, again=True)).get("device_keys"))
            for who in asked:
                if who in told:  # not there: their server did not answer, so it is asked again
                    devices = checked(who, table(told[who]), found[who].known)
                    found[who] = Devices(fresh=True, known=devices)
                    self._vault.put(f"devices/{who}", found[who])
        return {who: devices.known for who, devices in found.items()}

    async def owns(self, who: str, curve: str, ed: str) -> bool:
        """Whether somebody has a device with these keys."""
        devices = (await self.of([who]))[who]
        return Device(curve, ed) in devices.values()


def checked(who: str, told: Mapping[str, Any], known: Mapping[str, Device]) -> dict[str, Device]:
    """Devices that have signed what they say of themselves. One that was known keeps its keys."""
    found: dict[str, Device] = {}
    for name, raw in list(told.items())[:MOST]:
        about = table(raw)
        keys = table(about.get("keys"))
        device = Device(text(keys, f"curve25519:{name}"), text(keys, f"ed25519:{name}"))
        same = (text(about, "user_id"), text(about, "device_id")) == (who, name)
        if not same or not 0 < len(device.curve) <= MAX_ID or len(name) > MAX_ID:
            continue
        if not is_signed(about, who, name, device.ed):
            continue
        if name not in known or known[name].ed == device.ed:
            found[name] = device
    return found
