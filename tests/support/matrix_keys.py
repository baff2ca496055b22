"""Somebody's own keys, as an ordinary client makes them: cross-signing, secret storage, backup.

Written from the specification, beside the bridge's and without it, over `cryptography`.

    keys = OwnKeys(client)            # client: MatrixPeer
    await keys.publish(password)
    await keys.store(keys.written)    # or with a passphrase
    await keys.begin_backup()
"""

from __future__ import annotations

import base64
import json
import os
from urllib.parse import quote

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from matrix_peer import MatrixPeer, Raw
from vodozemac import (
    Curve25519PublicKey,
    Curve25519SecretKey,
    ExportedSessionKey,
    InboundGroupSession,
    Message,
    PkDecryption,
    PkEncryption,
)

DIGITS = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
MEGOLM = "m.megolm.v1.aes-sha2"


def plain(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def data_of(text: str) -> bytes:
    return base64.b64decode(text + "===")


def canonical(thing: Raw) -> bytes:
    kept = {n: v for n, v in thing.items() if n not in {"signatures", "unsigned"}}
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def written_key(key: bytes) -> str:
    """A recovery key as people write it down."""
    raw = b"\x8b\x01" + key
    parity = 0
    for byte in raw:
        parity ^= byte
    value, digits = int.from_bytes(raw + bytes([parity]), "big"), ""
    while value:
        value, digit = divmod(value, 58)
        digits = DIGITS[digit] + digits
    return " ".join(digits[at : at + 4] for at in range(0, len(digits), 4))


class OwnKeys:
    """The keys of one account."""

    def __init__(self, client: MatrixPeer) -> None:
        self._client = client
        self.user = client.user
        seeds = (os.urandom(32) for _ in range(3))
        self.master, self.signing, self._users = map(Ed25519PrivateKey.from_private_bytes, seeds)
        self.recovery = os.urandom(32)
        self.written = written_key(self.recovery)
        self.backup = Curve25519SecretKey()
        self.version = ""

    @staticmethod
    def public(key: Ed25519PrivateKey) -> str:
        return plain(key.public_key().public_bytes_raw())

    def _signed(self, thing: Raw, by: Ed25519PrivateKey) -> Raw:
        signature = plain(by.sign(canonical(thing)))
        return {**thing, "signatures": {self.user: {f"ed25519:{self.public(by)}": signature}}}

    def _told(self, key: Ed25519PrivateKey, usage: str) -> Raw:
        public = self.public(key)
        return {"user_id": self.user, "usage": [usage], "keys": {f"ed25519:{public}": public}}

    async def publish(self, password: str) -> None:
        """Let everybody know them. A second time, with others, the server wants the password."""
        said = {
            "master_key": self._told(self.master, "master"),
            "self_signing_key": self._signed(self._told(self.signing, "self_signing"), self.master),
            "user_signing_key": self._signed(self._told(self._users, "user_signing"), self.master),
        }
        path = "/_matrix/client/v3/keys/device_signing/upload"
        async with self._client._web.post(path, json=said) as answer:
            told = await answer.json()
            if answer.status == 200:
                return
        by = {"type": "m.id.user", "user": self.user}
        auth = {"type": "m.login.password", "identifier": by, "password": password}
        said["auth"] = {**auth, "session": told["session"]}
        await self._client.ask("POST", "/keys/device_signing/upload", json=said)

    async def devices(self, user: str) -> dict[str, Raw]:
        told = await self._client.ask("POST", "/keys/query", json={"device_keys": {user: []}})
        found: dict[str, Raw] = told["device_keys"].get(user, {})
        return found

    async def sign(self, device: str) -> None:
        """Confirm a device of the account."""
        about = (await self.devices(self.user))[device]
        signed = self._signed({n: v for n, v in about.items() if n != "unsigned"}, self.signing)
        told = await self._client.ask("POST", "/keys/signatures/upload", json={self.user: {device: signed}})
        assert not told.get("failures"), told

    async def has_signed(self, device: str) -> bool:
        """Whether others see a device as confirmed. Raises InvalidSignature for a wrong one."""
        about = (await self.devices(self.user))[device]
        signatures = about["signatures"][self.user]
        public = self.public(self.signing)
        if (signature := signatures.get(f"ed25519:{public}")) is None:
            return False
        Ed25519PublicKey.from_public_bytes(data_of(public)).verify(data_of(signature), canonical(about))
        return True

    # --- secret storage

    def _box(self, key: bytes, name: str, secret: bytes) -> Raw:
        both = HKDF(hashes.SHA256(), 64, bytes(32), name.encode()).derive(key)
        iv = bytearray(os.urandom(16))
        iv[8] &= 0x7F
        cipher = Cipher(algorithms.AES(both[:32]), modes.CTR(bytes(iv))).encryptor()
        closed = cipher.update(secret) + cipher.finalize()
        tag = hmac.HMAC(both[32:], hashes.SHA256())
        tag.update(closed)
        return {"iv": plain(bytes(iv)), "ciphertext": plain(closed), "mac": plain(tag.finalize())}

    async def store(self, passphrase: str = "") -> None:
        """Put them into secret storage, under the recovery key or a passphrase."""
        about: Raw = {"algorithm": "m.secret_storage.v1.aes-hmac-sha2"}
        if passphrase:
            salt = os.urandom(16).hex()
            about["passphrase"] = {"algorithm": "m.pbkdf2", "salt": salt, "iterations": 1000}
            self.recovery = PBKDF2HMAC(hashes.SHA512(), 32, salt.encode(), 1000).derive(passphrase.encode())
        check = self._box(self.recovery, "", bytes(32))
        about |= {"iv": check["iv"], "mac": check["mac"]}
        secrets = {
            "m.cross_signing.master": self.master.private_bytes_raw(),
            "m.cross_signing.self_signing": self.signing.private_bytes_raw(),
            "m.cross_signing.user_signing": self._users.private_bytes_raw(),
            "m.megolm_backup.v1": self.backup.to_bytes(),
        }
        for name, secret in secrets.items():
            box = self._box(self.recovery, name, plain(secret).encode())
            await self._put(name, {"encrypted": {"k1": box}})
        await self._put("m.secret_storage.key.k1", about)
        await self._put("m.secret_storage.default_key", {"key": "k1"})

    async def _put(self, name: str, said: Raw) -> None:
        await self._client.ask("PUT", f"/user/{self.user}/account_data/{name}", json=said)

    # --- backup

    async def begin_backup(self) -> None:
        about = {"public_key": self.backup.public_key().to_base64()}
        said = {
            "algorithm": "m.megolm_backup.v1.curve25519-aes-sha2",
            "auth_data": self._signed(about, self.master),
        }
        self.version = (await self._client.ask("POST", "/room_keys/version", json=said))["version"]

    def _place(self, room: str, session: str) -> str:
        return f"/room_keys/keys/{quote(room)}/{quote(session, safe='')}?version={self.version}"

    async def save(self, room: str, session: InboundGroupSession, curve: str, ed: str) -> None:
        """Put a room's key into the backup."""
        exported = session.export_at(session.first_known_index)
        assert exported is not None
        said = {"algorithm": MEGOLM, "sender_key": curve, "sender_claimed_keys": {"ed25519": ed}}
        said |= {"forwarding_curve25519_key_chain": [], "session_key": exported.to_base64()}
        public = Curve25519PublicKey.from_base64(self.backup.public_key().to_base64())
        closed = PkEncryption.from_key(public).encrypt(json.dumps(said).encode())
        parts = {"ciphertext": closed.ciphertext, "mac": closed.mac, "ephemeral": closed.ephemeral_key}
        box = {name: plain(part) for name, part in parts.items()}
        about = {"first_message_index": session.first_known_index, "forwarded_count": 0, "is_verified": True}
        path = self._place(room, session.session_id)
        await self._client.ask("PUT", path, json={**about, "session_data": box})

    async def saved(self, room: str, session: str) -> InboundGroupSession | None:
        """What lies in the backup."""
        path = f"/_matrix/client/v3{self._place(room, session)}"
        async with self._client._web.get(path) as answer:
            if answer.status == 404:
                return None
            box = (await answer.json())["session_data"]
        message = Message(*(data_of(box[name]) for name in ("ciphertext", "mac", "ephemeral")))
        said = json.loads(PkDecryption.from_key(self.backup).decrypt(message))
        return InboundGroupSession.import_session(ExportedSessionKey(said["session_key"]))
