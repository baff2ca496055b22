"""Another device of the owner's, which compares as clients do now.

Written from the specification (1.11, 11.12.2), beside the bridge's and without it, over `cryptography`.

    phone = await Phone.open(network)
    await phone.ask()
    await phone.until(lambda: phone.numbers)
    await phone.same()
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from matrix_keys import canonical, data_of, plain
from matrix_network import MatrixNetwork
from matrix_peer import PATIENCE_S, MatrixPeer

VERIFY = "m.key.verification."
METHODS = {
    "key_agreement_protocols": "curve25519-hkdf-sha256",
    "hashes": "sha256",
    "message_authentication_codes": "hkdf-hmac-sha256.v2",
}


class Phone:
    """`heard` is what other devices have told it, by kind; it says yes to all, but to what it shows."""

    def __init__(self, client: MatrixPeer, device: str) -> None:
        self.client, self.device, self.user = client, device, client.user
        self._ed = Ed25519PrivateKey.from_private_bytes(secrets.token_bytes(32))
        self.ed = plain(self._ed.public_key().public_bytes_raw())
        self.master = ""
        """The master key for which it vouches."""
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self._since = ""
        self.begin("")

    def begin(self, id_: str, other: str = "") -> None:
        """Nothing is known but who compares."""
        self.id, self._other = id_, other
        self._key = X25519PrivateKey.from_private_bytes(secrets.token_bytes(32))
        self._own = plain(self._key.public_key().public_bytes_raw())
        self._start: dict[str, Any] = {}
        self._by_us, self._announced, self._shared = False, "", b""
        self.numbers, self.pictures = "", list[int]()
        self.is_believed = False
        """Whether the other device has proven its key."""
        self.over = ""

    @classmethod
    async def open(cls, network: MatrixNetwork) -> Phone:
        """Logged in, and known to all."""
        name = network.names["owner"]
        by = {"type": "m.id.user", "user": name}
        given = {"type": "m.login.password", "identifier": by, "password": f"password of {name}"}
        anybody = network.client("owner")
        told = await anybody.ask("POST", "/login", json={**given, "initial_device_display_name": "Phone"})
        made = cls(MatrixPeer(network.server, name, told["access_token"]), told["device_id"])
        curve = plain(
            X25519PrivateKey.from_private_bytes(secrets.token_bytes(32)).public_key().public_bytes_raw()
        )
        keys = {f"ed25519:{made.device}": made.ed, f"curve25519:{made.device}": curve}
        about = {"user_id": made.user, "device_id": made.device, "algorithms": [], "keys": keys}
        signature = {made.user: {f"ed25519:{made.device}": plain(made._ed.sign(canonical(about)))}}
        await made.client.ask(
            "POST", "/keys/upload", json={"device_keys": {**about, "signatures": signature}}
        )
        return made

    async def tell(self, kind: str, device: str = "*", **content: Any) -> None:
        path = f"/sendToDevice/{VERIFY}{kind}/{secrets.token_hex(8)}"
        said = {"transaction_id": self.id, **content}
        await self.client.ask("PUT", path, json={"messages": {self.user: {device: said}}})

    async def ask(self, *, age_s: float = 0) -> None:
        """Ask the other devices to compare."""
        self.begin(secrets.token_hex(8))
        at = int((time.time() - age_s) * 1000)
        await self.tell("request", from_device=self.device, methods=["m.sas.v1"], timestamp=at)

    async def until(self, wanted: Callable[[], Any]) -> Any:
        """Hear and answer until this is so."""
        async with asyncio.timeout(PATIENCE_S):
            while not (found := wanted()):
                await self._hear()
        return found

    async def _hear(self) -> None:
        params = {"timeout": "200", "since": self._since, "filter": '{"room":{"rooms":[]}}'}
        told = await self.client.ask("GET", "/sync", params={n: v for n, v in params.items() if v})
        self._since = told["next_batch"]
        for event in told.get("to_device", {}).get("events", ()):
            kind, content = event["type"].removeprefix(VERIFY), event["content"]
            self.heard.append((kind, content))
            if kind == "request" and content["from_device"] != self.device:
                self.begin(content["transaction_id"], content["from_device"])
                await self.tell("ready", self._other, from_device=self.device, methods=["m.sas.v1"])
            elif content["transaction_id"] == self.id and kind != "request":
                await self._told(kind, content)

    async def _told(self, kind: str, said: dict[str, Any]) -> None:
        match kind:
            case "ready":
                self._other, self._by_us = said["from_device"], True
                offered = {name: [one] for name, one in METHODS.items()}
                shown = {"short_authentication_string": ["decimal", "emoji"]}
                about = {"transaction_id": self.id, "from_device": self.device, "method": "m.sas.v1"}
                self._start = {**about, **offered, **shown}
                await self.tell("start", self._other, **self._start)
            case "start":
                self._start = said
                chosen = {
                    "key_agreement_protocol": METHODS["key_agreement_protocols"],
                    "hash": METHODS["hashes"],
                    "message_authentication_code": METHODS["message_authentication_codes"],
                }
                shown = {"short_authentication_string": said["short_authentication_string"]}
                await self.tell("accept", self._other, commitment=self._hash(self._own), **chosen, **shown)
            case "accept":
                self._announced = said["commitment"]
                await self.tell("key", self._other, key=self._own)
            case "key":
                assert not self._by_us or self._hash(said["key"]) == self._announced
                if not self._by_us:
                    await self.tell("key", self._other, key=self._own)
                self._show(said["key"])
            case "mac":
                await self._check(said)
            case "cancel":
                self.over = said["code"]

    def _hash(self, key: str) -> str:
        return plain(hashlib.sha256(key.encode() + canonical(self._start)).digest())

    def _derived(self, info: str, size: int) -> bytes:
        return HKDF(hashes.SHA256(), size, None, info.encode()).derive(self._shared)

    def _show(self, key: str) -> None:
        self._shared = self._key.exchange(X25519PublicKey.from_public_bytes(data_of(key)))
        us, them = f"{self.user}|{self.device}|{self._own}", f"{self.user}|{self._other}|{key}"
        both = f"{us}|{them}" if self._by_us else f"{them}|{us}"
        raw = self._derived(f"MATRIX_KEY_VERIFICATION_SAS|{both}|{self.id}", 6)
        bits = f"{int.from_bytes(raw, 'big'):048b}"
        self.pictures = [int(bits[at : at + 6], 2) for at in range(0, 42, 6)]
        self.numbers = " ".join(str(int(bits[at : at + 13], 2) + 1000) for at in range(0, 39, 13))

    def _mac(self, sender: str, receiver: str, name: str, text: str) -> str:
        info = f"MATRIX_KEY_VERIFICATION_MAC{self.user}{sender}{self.user}{receiver}{self.id}{name}"
        return plain(hmac.digest(self._derived(info, 32), text.encode(), "sha256"))

    async def same(self) -> None:
        """Its owner has seen the same on both."""
        keys = {f"ed25519:{self.device}": self.ed}
        if self.master:
            keys[f"ed25519:{self.master}"] = self.master
        macs = {name: self._mac(self.device, self._other, name, key) for name, key in keys.items()}
        names = self._mac(self.device, self._other, "KEY_IDS", ",".join(sorted(macs)))
        await self.tell("mac", self._other, mac=macs, keys=names)

    async def _check(self, said: dict[str, Any]) -> None:
        told = await self.client.ask("POST", "/keys/query", json={"device_keys": {self.user: [self._other]}})
        name = f"ed25519:{self._other}"
        ed = told["device_keys"][self.user][self._other]["keys"][name]
        assert said["mac"][name] == self._mac(self._other, self.device, name, ed)
        assert said["keys"] == self._mac(self._other, self.device, "KEY_IDS", ",".join(sorted(said["mac"])))
        self.is_believed = True
        await self.tell("done", self._other)
