"""This device: its keys, and the one-time keys with which others begin to talk to it."""

from __future__ import annotations

from typing import Any

import msgspec
from vodozemac import Account

from ..client import Client
from ..model import number, table, text
from .signing import MEGOLM, OLM, is_signed, signable, written
from .vault import KEY, Vault

NAME = "account"
ENOUGH = 50
"""One-time keys that are to lie at the server."""


class Pickled(msgspec.Struct):
    """The account as vodozemac writes it."""

    pickle: str


class Own:
    """The keys of this device. `open` makes one."""

    def __init__(self, account: Account, user: str, device: str) -> None:
        self.account, self.user, self.device = account, user, device
        self.curve, self.ed = account.curve25519_key.to_base64(), account.ed25519_key.to_base64()

    @classmethod
    async def open(cls, vault: Vault, user: str, device: str) -> Own:
        """The device as it was stored, or a new one."""
        known = await vault.get(NAME, Pickled)
        account = Account() if known is None else Account.from_pickle(known.pickle, KEY)
        made = cls(account, user, device)
        if known is None:
            made.keep(vault)
        return made

    def keep(self, vault: Vault) -> None:
        """It has changed."""
        vault.put(NAME, Pickled(self.account.pickle(KEY)))

    def signed(self, thing: dict[str, Any]) -> dict[str, Any]:
        """A value with this device's signature."""
        signature = self.account.sign(signable(thing)).to_base64()
        return {**thing, "signatures": {self.user: {f"ed25519:{self.device}": signature}}}

    def about(self) -> dict[str, Any]:
        """What this device says of itself."""
        keys = {f"curve25519:{self.device}": self.curve, f"ed25519:{self.device}": self.ed}
        about = {"user_id": self.user, "device_id": self.device}
        return {**about, "algorithms": [OLM, MEGOLM], "keys": keys}

    async def publish(self, client: Client, vault: Vault, there: int | None) -> None:
        """Let others know the device (`there` is None), and how to begin with it, where few keys are left."""
        told: dict[str, Any] = {}
        if there is None:
            told["device_keys"] = self.signed(self.about())
            there = (
                number(table((await client.post("/keys/upload", told)).get("one_time_key_counts")), SIGNED)
                or 0
            )
        if there >= ENOUGH // 2:
            return
        unpublished = len(self.account.one_time_keys)
        self.account.generate_one_time_keys(max(0, ENOUGH - there - unpublished))
        self.keep(vault)
        await vault.store()  # before anybody can use one
        keys_by_name = {
            f"{SIGNED}:{name}": self.signed({"key": key.to_base64()})
            for name, key in self.account.one_time_keys.items()
        }
        await client.post("/keys/upload", {"one_time_keys": keys_by_name}, again=True)
        self.account.mark_keys_as_published()
        self.keep(vault)
        await vault.store()


async def confirm(client: Client, user: str, device: str, ed: str, seed: bytes) -> bool:
    """Sign a device of somebody with their key, if it is not yet; whether it is then.

    `ed` is the device's own key, as it is known from elsewhere.
    """
    from . import ciphers  # noqa: PLC0415 - for those who have such a key

    told = await client.post("/keys/query", {"device_keys": {user: [device]}}, again=True)
    shown = table(table(table(told.get("device_keys")).get(user)).get(device))
    public = written(ciphers.public_of(seed))
    if is_signed(shown, user, public, public):
        return True
    if not is_signed(shown, user, device, ed) or text(shown, "device_id") != device:
        return False
    about = {name: value for name, value in shown.items() if name not in {"signatures", "unsigned"}}
    signature = written(ciphers.signed_by(seed, signable(about)))
    about["signatures"] = {user: {f"ed25519:{public}": signature}}
    asked = {user: {device: about}}
    return not (await client.post("/keys/signatures/upload", asked, again=True)).get("failures")


SIGNED = "signed_curve25519"
