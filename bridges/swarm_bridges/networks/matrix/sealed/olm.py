"""Between two devices: what carries the keys of rooms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from vodozemac import AnyOlmMessage, Curve25519PublicKey, PreKeyMessage, Session

from ..client import Client
from ..model import table, text
from .account import SIGNED, Own
from .devices import WAIT_MS, Device
from .signing import OLM, is_signed, unpadded, written
from .vault import KEY, Vault

MOST = 4
"""Sessions with one device; both sides may have begun one at once."""


class Sessions(msgspec.Struct, frozen=True):
    """Those with one device, the one that is used first."""

    pickles: tuple[str, ...] = ()


class Letter(msgspec.Struct, frozen=True):
    """What one device has told another, and by which keys it is known."""

    sender: str
    kind: str
    content: dict[str, Any]
    curve: str
    ed: str


class Olm:
    """Talks to other devices. Raises ValueError of vodozemac for what it cannot open."""

    def __init__(self, client: Client, vault: Vault, own: Own) -> None:
        self._client, self._vault, self._own = client, vault, own

    async def _sessions(self, curve: str) -> list[Session]:
        known = await self._vault.get(f"olm/{curve}", Sessions) or Sessions()
        return [Session.from_pickle(pickle, KEY) for pickle in known.pickles]

    def _keep(self, curve: str, first: Session, others: list[Session]) -> None:
        sessions = [first, *(s for s in others if s.session_id != first.session_id)]
        self._vault.put(f"olm/{curve}", Sessions(tuple(s.pickle(KEY) for s in sessions[:MOST])))

    # --- opening

    async def opened(self, sender: str, content: Mapping[str, Any]) -> Letter | None:
        """What a device has told this one; None is nothing that can be believed."""
        curve = text(content, "sender_key")
        message = table(table(content.get("ciphertext")).get(self._own.curve))
        if content.get("algorithm") != OLM or not curve or not message:
            return None
        try:
            said = json.loads(await self._decrypted(curve, message.get("type"), text(message, "body")))
        except (ValueError, RecursionError):
            return None
        ours = text(table(said.get("recipient_keys")), "ed25519") if isinstance(said, dict) else ""
        if not ours or (ours, said.get("recipient"), said.get("sender")) != (
            self._own.ed,
            self._own.user,
            sender,
        ):
            return None  # it was meant for somebody else, or comes from somebody else
        ed = text(table(said.get("keys")), "ed25519")
        return Letter(sender, text(said, "type"), dict(table(said.get("content"))), curve, ed)

    async def _decrypted(self, curve: str, kind: object, body: str) -> bytes:
        sessions = await self._sessions(curve)
        if kind == 0:
            begins = PreKeyMessage.from_base64(body)
            for session in sessions:
                if session.session_matches(begins):
                    opened = session.decrypt(begins.to_any())
                    self._keep(curve, session, sessions)
                    return opened
            key = Curve25519PublicKey.from_base64(curve)
            session, opened = self._own.account.create_inbound_session(key, begins)
            self._own.keep(self._vault)  # whose one-time key is used up
            self._keep(curve, session, sessions)
            return opened
        if kind != 1:
            raise ValueError("a message of an unknown kind")
        message = AnyOlmMessage.from_parts(1, unpadded(body))
        for session in sessions:
            try:
                opened = session.decrypt(message)
            except ValueError:
                continue
            self._keep(curve, session, sessions)
            return opened
        raise ValueError("no session opens it")

    # --- closing

    async def reached(self, devices: Mapping[tuple[str, str], Device]) -> set[tuple[str, str]]:
        """Those of some devices with which there is a session; it is begun where there is none."""
        there = {place for place, device in devices.items() if await self._sessions(device.curve)}
        asked: dict[str, dict[str, str]] = {}
        for who, name in devices.keys() - there:
            asked.setdefault(who, {})[name] = SIGNED
        if not asked:
            return there
        told = await self._client.post("/keys/claim", {"one_time_keys": asked, "timeout": WAIT_MS})
        for who, about in table(told.get("one_time_keys")).items():
            for name, keys in table(about).items():
                if (device := devices.get((who, name))) is None:
                    continue
                key = next((table(k) for n, k in table(keys).items() if n.startswith(SIGNED)), {})
                if is_signed(key, who, name, device.ed) and self._begun(device, text(key, "key")):
                    there.add((who, name))
        return there

    def _begun(self, device: Device, one_time_key: str) -> bool:
        try:
            identity = Curve25519PublicKey.from_base64(device.curve)
            key = Curve25519PublicKey.from_base64(one_time_key)
            session = self._own.account.create_outbound_session(identity, key)
        except ValueError:
            return False
        self._keep(device.curve, session, [])
        return True

    async def closed(self, who: str, device: Device, kind: str, content: Mapping[str, Any]) -> dict[str, Any]:
        """What only this device opens. There is a session with it."""
        sessions = await self._sessions(device.curve)
        said = {
            "type": kind,
            "content": content,
            "sender": self._own.user,
            "sender_device": self._own.device,
            "keys": {"ed25519": self._own.ed},
            "recipient": who,
            "recipient_keys": {"ed25519": device.ed},
        }
        number, data = sessions[0].encrypt(json.dumps(said).encode()).to_parts()
        self._keep(device.curve, sessions[0], sessions)
        ciphertext = {device.curve: {"type": number, "body": written(data)}}
        return {"algorithm": OLM, "sender_key": self._own.curve, "ciphertext": ciphertext}
