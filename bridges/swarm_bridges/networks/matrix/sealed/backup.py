"""Keys of rooms that lie at the server for the owner's later devices, closed (1.11, 11.12.3.2).

Everybody can close something for the backup who knows its public key, the server first of all. So what was
opened with a key from there is not shown as protected: who said it is what the server says.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import msgspec
from vodozemac import (
    Curve25519PublicKey,
    Curve25519SecretKey,
    ExportedSessionKey,
    InboundGroupSession,
    Message,
    PkDecryption,
    PkEncryption,
)

from ....api import Gone, Limited, Log, Refused, Temporary
from ..client import Client, path
from ..model import table, text
from .signing import MEGOLM, unpadded, written
from .vault import KEY, Vault

ALGORITHM = "m.megolm_backup.v1.curve25519-aes-sha2"
AT_ONCE = 100
MOST_ASKED = 1_000


def public_of(key: bytes) -> str:
    """What a backup shows of its key."""
    return Curve25519SecretKey.from_bytes(key).public_key().to_base64()


class Inbound(msgspec.Struct, frozen=True):
    """A session of somebody's device, and by which keys that is known."""

    pickle: str
    sender: str
    curve: str
    ed: str
    sure: bool = True
    """Its device is the sender's, who has signed it, if they sign any."""
    told: bool = True
    """Its key came from that device, and not from the backup."""


class Due(msgspec.Struct, frozen=True):
    """A session that is to be put there."""

    room: str
    session_id: str


class Backup:
    """The owner's backup. `begin` looks whether it is there."""

    def __init__(self, client: Client, vault: Vault, log: Log, key: bytes) -> None:
        self._client, self._vault, self._log = client, vault, log
        self._opens = PkDecryption.from_key(Curve25519SecretKey.from_bytes(key))
        self._public = public_of(key)
        self._version = ""
        self._asked: dict[tuple[str, str], Inbound | None] = {}

    async def begin(self) -> bool:
        """Look which backup the server has; whether it is new here. A new one gets all known keys."""
        try:
            told = await self._client.get("/room_keys/version")
        except Refused:
            told = {}
        public = text(table(told.get("auth_data")), "public_key").rstrip("=")
        ours = told.get("algorithm") == ALGORITHM and public == self._public
        self._version = text(told, "version") if ours else ""
        self._asked.clear()
        if not self._version or await self._vault.get("backup", str) == self._version:
            return False
        self._vault.put("backup", self._version)
        for name in self._vault.names("in/"):
            room, _, session_id = name.removeprefix("in/").partition("/")
            self.due(room, session_id)
        return True

    # --- what is there

    async def fetched(self, room: str, session_id: str) -> Inbound | None:
        """A session with nobody as its sender, asked for once in a run; None if it is not there."""
        place = room, session_id
        if not self._version or not session_id:
            return None
        if place not in self._asked:
            if len(self._asked) >= MOST_ASKED:
                self._asked.clear()
            try:
                where = path("room_keys", "keys", room, session_id)
                told = await self._client.get(where, version=self._version)
            except Refused:
                told = {}
            self._asked[place] = self._opened(session_id, table(told.get("session_data")))
        return self._asked[place]

    def _opened(self, session_id: str, box: Any) -> Inbound | None:
        try:
            parts = (unpadded(text(box, name)) for name in ("ciphertext", "mac", "ephemeral"))
            said = table(json.loads(self._opens.decrypt(Message(*parts))))
            session = InboundGroupSession.import_session(ExportedSessionKey(text(said, "session_key")))
        except (ValueError, RecursionError):
            return None
        if session.session_id != session_id or said.get("algorithm") != MEGOLM:
            return None
        ed = text(table(said.get("sender_claimed_keys")), "ed25519")
        return Inbound(session.pickle(KEY), "", text(said, "sender_key"), ed, sure=False, told=False)

    # --- what is to be there

    def due(self, room: str, session_id: str) -> None:
        """A session is to be put there, when there is time."""
        if self._version:
            self._vault.put(f"unsaved/{room}/{session_id}", Due(room, session_id))

    async def save(self) -> None:
        """Put there what is due. What the server does not take now stays due."""
        names = self._vault.names("unsaved/")[:AT_ONCE]
        if not names or not self._version:
            return
        rooms: dict[str, dict[str, Any]] = {}
        for name in names:
            due = await self._vault.get(name, Due)
            known = None if due is None else await self._vault.get(f"in/{due.room}/{due.session_id}", Inbound)
            if due is not None and known is not None:
                rooms.setdefault(due.room, {"sessions": {}})["sessions"][due.session_id] = self._closed(known)
        try:
            where = f"/room_keys/keys?version={quote(self._version, safe='')}"
            await self._client.put(where, {"rooms": rooms})
        except (Gone, Refused):
            self._log.warning("backup_refused")
            await self.begin()  # the owner may have another one by now
            return
        except (Temporary, Limited):
            return
        for name in names:
            self._vault.put(name, None)
        await self._vault.store()

    def _closed(self, known: Inbound) -> dict[str, Any]:
        session = InboundGroupSession.from_pickle(known.pickle, KEY)
        index = session.first_known_index
        exported = session.export_at(index)
        said = {
            "algorithm": MEGOLM,
            "sender_key": known.curve,
            "sender_claimed_keys": {"ed25519": known.ed},
            "forwarding_curve25519_key_chain": [],
            "session_key": "" if exported is None else exported.to_base64(),
        }
        closes = PkEncryption.from_key(Curve25519PublicKey.from_base64(self._public))
        message = closes.encrypt(json.dumps(said).encode())
        box = {
            "ciphertext": written(message.ciphertext),
            "mac": written(message.mac),
            "ephemeral": written(message.ephemeral_key),
        }
        about = {"first_message_index": index, "forwarded_count": 0, "is_verified": known.sure}
        return {**about, "session_data": box}
