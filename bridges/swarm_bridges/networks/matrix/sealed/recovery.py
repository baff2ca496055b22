"""The owner's own keys, which lie at the server closed by one that the owner wrote down (1.11, 11.12.7).

What is asked for is a recovery key (`EsTc LW2K …`) or a passphrase. Of what it opens two keys are kept: that
with which the owner's devices are signed, and that of the backup of rooms' keys.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from functools import reduce
from operator import xor
from typing import Any

import msgspec

from ....api import Gone
from ..client import Client, path
from ..model import number, table, text
from .devices import NOBODY, signers
from .signing import unpadded, written

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
HEAD = b"\x8b\x01"
AES_HMAC = "m.secret_storage.v1.aes-hmac-sha2"
MOST_ROUNDS = 2_000_000
MAX_TYPED = 1_000
MASTER, SELF_SIGNING = "m.cross_signing.master", "m.cross_signing.self_signing"
BACKUP = "m.megolm_backup.v1"
DEFAULT = "m.secret_storage.default_key"


class WrongKey(ValueError):
    """It opens nothing there, or nothing that is still in use. The text is for the owner."""


class Recovered(msgspec.Struct, frozen=True):
    """What was opened: seeds of 32 bytes, or nothing, and the public key that stands for the owner."""

    self_signing: bytes = b""
    backup: bytes = b""
    master: str = ""

    def __repr__(self) -> str:
        return "Recovered(...)"


def decoded(typed: str) -> bytes | None:
    """The 32 bytes of a recovery key, as people type it; None is none."""
    value = 0
    for character in "".join(typed[:MAX_TYPED].split()):
        if (digit := ALPHABET.find(character)) < 0:
            return None
        value = value * 58 + digit
    if value >= 1 << (8 * 35):
        return None
    raw = value.to_bytes(35, "big")
    return raw[2:34] if raw.startswith(HEAD) and not reduce(xor, raw) else None


def stretched(passphrase: str, about: Mapping[str, Any]) -> bytes | None:
    """The key that a passphrase stands for; None where it does not stand for one."""
    rounds, bits = number(about, "iterations"), about.get("bits", 256)
    if about.get("algorithm") != "m.pbkdf2" or not rounds or rounds > MOST_ROUNDS or bits != 256:
        return None
    salt = text(about, "salt").encode()
    typed = passphrase.encode(errors="replace")
    return hashlib.pbkdf2_hmac("sha512", typed, salt, rounds, 32)


def closed(key: bytes, name: str, plain: bytes, iv: bytes) -> dict[str, str]:
    """A secret as it lies at the server. `name` is what it is for."""
    from . import ciphers  # noqa: PLC0415 - for those who have such a key

    cipher, mac = _expanded(key, name)
    sealed = ciphers.counter(cipher, iv)(plain)
    tag = hmac.digest(mac, sealed, "sha256")
    return {"iv": written(iv), "ciphertext": written(sealed), "mac": written(tag)}


def opened(key: bytes, name: str, box: Mapping[str, Any]) -> bytes:
    """The reverse. Raises WrongKey."""
    from . import ciphers  # noqa: PLC0415 - as above

    cipher, mac = _expanded(key, name)
    try:
        iv, sealed, tag = (unpadded(text(box, part)) for part in ("iv", "ciphertext", "mac"))
    except ValueError:
        raise WrongKey("what lies at the server is damaged") from None
    if len(iv) != 16 or not hmac.compare_digest(hmac.digest(mac, sealed, "sha256"), tag):
        raise WrongKey("this is not the recovery key")
    return ciphers.counter(cipher, iv)(sealed)


def _expanded(key: bytes, name: str) -> tuple[bytes, bytes]:
    """HKDF with SHA-256 (RFC 5869), no salt: two keys of 32 bytes."""
    secret = hmac.digest(bytes(32), key, "sha256")
    first = hmac.digest(secret, name.encode() + b"\x01", "sha256")
    return first, hmac.digest(secret, first + name.encode() + b"\x02", "sha256")


async def has_storage(client: Client, user: str) -> bool:
    """Whether the owner has keys of this kind at the server."""
    try:
        return bool(text(await _data(client, user, DEFAULT), "key"))
    except Gone:
        return False


async def recovered(client: Client, user: str, typed: str) -> Recovered:
    """The owner's keys, checked against what the server shows to everybody.

    Raises:
        WrongKey: it opens nothing.
        Gone: there is nothing to be opened.
    """
    id_ = text(await _data(client, user, DEFAULT), "key")
    about = await _data(client, user, f"m.secret_storage.key.{id_}")
    key = _key(typed, about)
    seeds: dict[str, bytes] = {}
    for name in (MASTER, SELF_SIGNING, BACKUP):
        try:
            box = table(table((await _data(client, user, name)).get("encrypted")).get(id_))
        except Gone:
            continue
        if box:
            seeds[name] = _seed(opened(key, name, box))
    master, signing = _public(seeds.get(MASTER, b"")), _public(seeds.get(SELF_SIGNING, b""))
    if signing:
        shown = await client.post("/keys/query", {"device_keys": {user: []}}, again=True)
        if not master or signers(user, shown, NOBODY) != (master, signing):
            raise WrongKey("this key is an old one: your account has other keys by now")
    return Recovered(seeds.get(SELF_SIGNING, b""), seeds.get(BACKUP, b""), master if signing else "")


def _key(typed: str, about: Mapping[str, Any]) -> bytes:
    """The key of the storage. Raises WrongKey."""
    if about.get("algorithm") != AES_HMAC:
        raise WrongKey("your keys are closed in a way that is not known here")
    key = decoded(typed)
    if key is None or not _fits(key, about):
        key = stretched(typed, table(about.get("passphrase")))
    if key is None or not _fits(key, about):
        raise WrongKey("this is not the recovery key")
    return key


def _fits(key: bytes, about: Mapping[str, Any]) -> bool:
    """Whether a key closes nothing as the storage's does. Where that is not said, the secrets will tell."""
    try:
        iv, tag = unpadded(text(about, "iv")), unpadded(text(about, "mac"))
    except ValueError:
        return False
    if not tag:
        return True
    ours = unpadded(closed(key, "", bytes(32), iv)["mac"]) if len(iv) == 16 else b""
    return hmac.compare_digest(ours, tag)


def _seed(plain: bytes) -> bytes:
    try:
        seed = unpadded(plain.decode("ascii"))
    except ValueError:
        seed = b""
    if len(seed) != 32:
        raise WrongKey("what lies at the server is damaged")
    return seed


def _public(seed: bytes) -> str:
    from . import ciphers  # noqa: PLC0415 - as above

    return written(ciphers.public_of(seed)) if seed else ""


async def _data(client: Client, user: str, name: str) -> dict[str, Any]:
    return await client.get(path("user", user, "account_data", name))
