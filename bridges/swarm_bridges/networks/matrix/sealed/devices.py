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


class Devices(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody's devices, and the keys with which they sign them (1.11, 11.12.5), if they do."""

    fresh: bool = False
    """Nothing has changed since they were asked for."""
    known: dict[str, Device] = {}
    master: str = ""
    """The key that stands for the person. It is remembered: a server cannot take it away again."""
    signing: str = ""
    """The key that signs their devices, itself signed by `master`."""
    signed: frozenset[str] = frozenset()
    """Those of `known` that it has signed."""
    changed: bool = False
    """There was another `master` before, and the owner has not been told."""

    @property
    def believed(self) -> dict[str, Device]:
        """Those that may be given keys: of who signs devices the signed ones, of others all."""
        return {name: d for name, d in self.known.items() if not self.master or name in self.signed}


NOBODY = Devices()


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

    async def of(self, people: Iterable[str]) -> dict[str, Devices]:
        """Devices by person, asked for where that may be needed."""
        found, asked = dict[str, Devices](), list[str]()
        for who in people:
            found[who] = await self._vault.get(f"devices/{who}", Devices) or NOBODY
            if not found[who].fresh:
                asked.append(who)
        if asked:
            query = {"device_keys": dict.fromkeys(asked, ()), "timeout": WAIT_MS}
            told = await self._client.post("/keys/query", query, again=True)
            for who in asked:
                if who in table(told.get("device_keys")):  # else their server did not answer: asked again
                    found[who] = updated(who, told, found[who])
                    self._vault.put(f"devices/{who}", found[who])
        return found

    async def owns(self, who: str, curve: str, ed: str) -> Devices | None:
        """Somebody's devices, if one of them has these keys."""
        devices = (await self.of([who]))[who]
        return devices if Device(curve, ed) in devices.known.values() else None

    async def believes(self, who: str, curve: str, ed: str) -> bool:
        """Whether somebody has such a device and has signed it, or signs none."""
        devices = await self.owns(who, curve, ed)
        return devices is not None and Device(curve, ed) in devices.believed.values()

    async def pin(self, who: str, master: str) -> None:
        """This key stands for somebody: the owner knows it from elsewhere."""
        known = await self._vault.get(f"devices/{who}", Devices) or NOBODY
        if known.master != master:
            pinned = Devices(known=known.known, master=master)
            self._vault.put(f"devices/{who}", pinned)

    async def replaced(self, found: Mapping[str, Devices]) -> tuple[str, ...]:
        """People who have other keys than before, each named once, which is stored when this returns."""
        people = tuple(who for who, devices in found.items() if devices.changed)
        for who in people:
            self._vault.put(f"devices/{who}", msgspec.structs.replace(found[who], changed=False))
        if people:
            await self._vault.store()
        return people


def updated(who: str, told: Mapping[str, Any], before: Devices) -> Devices:
    """Somebody's devices as a server tells them now."""
    raw = table(table(told.get("device_keys")).get(who))
    known = checked(who, raw, before.known)
    master, signing = signers(who, told, before)
    signed = (name for name in known if signing and is_signed(table(raw[name]), who, signing, signing))
    changed = before.changed or bool(before.master and master != before.master)
    return Devices(True, known, master, signing, frozenset(signed), changed)


def signers(who: str, told: Mapping[str, Any], before: Devices) -> tuple[str, str]:
    """The keys with which somebody signs: what is there now, or was before where the server is silent."""
    master = _named(table(table(told.get("master_keys")).get(who)), who)
    if not master:
        return before.master, before.signing
    about = table(table(told.get("self_signing_keys")).get(who))
    signing = _named(about, who)
    if signing and is_signed(about, who, master, master):
        return master, signing
    return master, before.signing if master == before.master else ""


def _named(about: Mapping[str, Any], who: str) -> str:
    """The one key that an object of somebody's tells; nothing where it does not."""
    (name, key), *more = list(table(about.get("keys")).items())[:2] or [("", "")]
    good = text(about, "user_id") == who and name == f"ed25519:{key}" and not more and len(name) <= MAX_ID
    return key if good else ""


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
