"""An account's first keys of its own, for an owner who has none: signed, stored and backed up (1.11, 11.12).

They are made, the owner writes the recovery key down, and only then are they published: keys whose recovery
key nobody has would be in the way of the next ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from ..client import Client, path
from ..model import table
from .backup import ALGORITHM, public_of
from .recovery import AES_HMAC, ALPHABET, BACKUP, DEFAULT, HEAD, MASTER, SELF_SIGNING, Recovered, closed
from .signing import signable, written

USER_SIGNING = "m.cross_signing.user_signing"


class Made(msgspec.Struct, frozen=True):
    """All of them: seeds of 32 bytes, and the key of the storage in which they lie."""

    recovery: bytes
    master: bytes
    self_signing: bytes
    user_signing: bytes
    backup: bytes

    def __repr__(self) -> str:
        return "Made(...)"

    @classmethod
    def new(cls, random: Callable[[int], bytes]) -> Made:
        """New ones."""
        return cls(*(random(32) for _ in range(5)))

    @property
    def shown(self) -> str:
        """The recovery key as people write it down."""
        raw = HEAD + self.recovery
        parity = 0
        for byte in raw:
            parity ^= byte
        value, digits = int.from_bytes(raw + bytes([parity]), "big"), ""
        while value:
            value, digit = divmod(value, 58)
            digits = ALPHABET[digit] + digits
        return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


async def has_keys(client: Client, user: str) -> bool:
    """Whether somebody's account has keys of its own."""
    told = await client.post("/keys/query", {"device_keys": {user: []}}, again=True)
    return bool(table(table(told.get("master_keys")).get(user)))


async def publish(client: Client, user: str, made: Made, random: Callable[[int], bytes]) -> Recovered:
    """Publish them, store them under the recovery key, begin a backup. Again, the same are stored again.

    Raises:
        AuthExpired: the account has others already, which the server lets nobody replace like this.
    """
    from . import ciphers  # noqa: PLC0415 - for those who make such keys

    def told(seed: bytes, usage: str) -> dict[str, Any]:
        public = written(ciphers.public_of(seed))
        return {"user_id": user, "usage": [usage], "keys": {f"ed25519:{public}": public}}

    def signed(thing: dict[str, Any]) -> dict[str, Any]:
        name = f"ed25519:{written(ciphers.public_of(made.master))}"
        signature = written(ciphers.signed_by(made.master, signable(thing)))
        return {**thing, "signatures": {user: {name: signature}}}

    asked = {
        "master_key": told(made.master, "master"),
        "self_signing_key": signed(told(made.self_signing, "self_signing")),
        "user_signing_key": signed(told(made.user_signing, "user_signing")),
    }
    await client.post("/keys/device_signing/upload", asked, again=True)
    id_ = random(16).hex()
    secrets = {
        MASTER: made.master,
        SELF_SIGNING: made.self_signing,
        USER_SIGNING: made.user_signing,
        BACKUP: made.backup,
    }
    boxes = {
        name: {"encrypted": {id_: closed(made.recovery, name, written(seed).encode(), _iv(random))}}
        for name, seed in secrets.items()
    }
    check = closed(made.recovery, "", bytes(32), _iv(random))
    about = {"algorithm": AES_HMAC, "iv": check["iv"], "mac": check["mac"]}
    for name, said in (*boxes.items(), (f"m.secret_storage.key.{id_}", about), (DEFAULT, {"key": id_})):
        await client.put(path("user", user, "account_data", name), said)
    backup = signed({"public_key": public_of(made.backup)})
    await client.post("/room_keys/version", {"algorithm": ALGORITHM, "auth_data": backup}, again=True)
    return Recovered(made.self_signing, made.backup, written(ciphers.public_of(made.master)))


def _iv(random: Callable[[int], bytes]) -> bytes:
    """16 bytes, one bit of which is 0, for clients that count in 64 bits."""
    iv = bytearray(random(16))
    iv[8] &= 0x7F
    return bytes(iv)
