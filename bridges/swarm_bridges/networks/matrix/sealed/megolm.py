"""In rooms: each member's device has a session of its own, and lets the others' devices have its key."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import msgspec
from vodozemac import GroupSession, InboundGroupSession, MegolmMessage, SessionKey

from ....api import Clock, Refused
from ..client import Client, path
from ..model import MAX_ID, Event, table, text
from .account import Own
from .backup import Backup, Inbound
from .devices import Device, Directory
from .olm import Letter, Olm
from .signing import MEGOLM
from .vault import KEY, Vault

MOST_MESSAGES = 100
MOST_S = 7 * 24 * 3600.0
"""After either a session is replaced (1.11, 11.12.4.2)."""
MOST_SEEN = 5_000
NAMED = 5
NEW_KEYS = (
    "{} has new identity keys, as after a new start with Matrix. Somebody else may have made them: ask in "
    "another way whether it is so. Then send it again."
)
Place = tuple[str, str]
"""Somebody and a device of theirs."""


class Outbound(msgspec.Struct, frozen=True):
    """Our session in a room, and who has its key."""

    pickle: str
    made_at: float
    messages: int = 0
    shared: tuple[Place, ...] = ()
    withheld: tuple[Place, ...] = ()
    """Devices that were told why they do not get it."""


class Waiting(msgspec.Struct, frozen=True):
    """Events that nobody could open yet."""

    events: tuple[str, ...] = ()


class Opened(msgspec.Struct, frozen=True):
    """An event as it is, or what it holds. `sure`: it was encrypted, by a device that is its sender's."""

    event: Event
    sure: bool = False


class Megolm:
    """Opens what comes into rooms and closes what goes there."""

    def __init__(self, client: Client, vault: Vault, own: Own, clock: Clock) -> None:
        self._client, self._vault, self._own, self._clock = client, vault, own, clock
        self.directory, self._olm = Directory(client, vault), Olm(client, vault, own)
        self._seen: OrderedDict[tuple[str, int], str] = OrderedDict()
        """Which event had an index of a session, so that none is told a second time as another."""
        self._silent: set[Place] = set()
        """Devices that nobody could begin with, in this run."""
        self.backup: Backup | None = None

    # --- opening

    async def learn(self, letter: Letter) -> tuple[str, list[str]]:
        """Take the key of a session. Gives its room, and events of it that could not be opened before."""
        said = letter.content
        room, session_id = text(said, "room_id"), text(said, "session_id")
        if letter.kind != "m.room_key" or said.get("algorithm") != MEGOLM or not room:
            return "", []
        if not await self.directory.owns(letter.sender, letter.curve, letter.ed):
            return "", []
        sure = await self.directory.believes(letter.sender, letter.curve, letter.ed)
        try:
            session = InboundGroupSession(SessionKey(text(said, "session_key")))
        except ValueError:
            return "", []
        name = f"in/{room}/{session_id}"
        known = await self._vault.get(name, Inbound)
        if session.session_id != session_id:
            return "", []
        if known is not None and known.told and known.curve != letter.curve:
            return "", []
        pickle = session.pickle(KEY)
        if known is not None:
            before = InboundGroupSession.from_pickle(known.pickle, KEY)
            if before.first_known_index <= session.first_known_index:
                if known.sure or not sure:
                    return "", []
                pickle = known.pickle  # it opens more; now it is known whose it is
        self._put(room, session_id, Inbound(pickle, letter.sender, letter.curve, letter.ed, sure))
        return room, await self._waited(room, session_id)

    def _put(self, room: str, session_id: str, session: Inbound) -> None:
        self._vault.put(f"in/{room}/{session_id}", session)
        if self.backup is not None:
            self.backup.due(room, session_id)

    async def _waited(self, room: str, session_id: str) -> list[str]:
        """Events that have waited for a session, which wait no more."""
        waits = f"waiting/{room}/{session_id}"
        waiting = await self._vault.get(waits, Waiting) or Waiting()
        self._vault.put(waits, None)
        return list(waiting.events)

    async def opened(self, room: str, event: Event) -> Opened | None:
        """What an encrypted event holds; None is what cannot be opened, or not be believed."""
        session_id = text(event.content, "session_id")
        known = await self._vault.get(f"in/{room}/{session_id}", Inbound)
        new = known is None
        if known is None and self.backup is not None:
            found = await self.backup.fetched(room, session_id)
            known = None if found is None else msgspec.structs.replace(found, sender=event.sender)
        if known is None or known.sender != event.sender or event.content.get("algorithm") != MEGOLM:
            return None
        if (said := self._said(room, event, known)) is None:
            return None
        if new:
            self._vault.put(f"in/{room}/{session_id}", known)
        sure = known.sure or (
            known.told and await self.directory.believes(known.sender, known.curve, known.ed)
        )
        content = {**table(said.get("content"))}
        if event.relation:
            content["m.relates_to"] = dict(event.relation)
        return Opened(msgspec.structs.replace(event, type=text(said, "type"), content=content), sure)

    def _said(self, room: str, event: Event, session: Inbound) -> dict[str, Any] | None:
        try:
            message = MegolmMessage.from_base64(text(event.content, "ciphertext"))
            found = InboundGroupSession.from_pickle(session.pickle, KEY).decrypt(message)
            said = json.loads(found.plaintext)
        except (ValueError, RecursionError):
            return None
        index = text(event.content, "session_id"), found.message_index
        if self._seen.setdefault(index, event.event_id) != event.event_id:
            return None  # the same again under another name: somebody repeats what was said once
        if len(self._seen) > MOST_SEEN:
            self._seen.popitem(last=False)
        right = isinstance(said, dict) and said.get("room_id") == room and bool(text(said, "type"))
        return said if right else None

    async def waiting(self, backup: Backup, most: int) -> list[tuple[str, str]]:
        """Rooms and events whose keys were not there, but are in the backup; it looks for `most` keys."""
        found: list[tuple[str, str]] = []
        for name in self._vault.names("waiting/")[:most]:
            room, _, session_id = name.removeprefix("waiting/").partition("/")
            if await backup.fetched(room, session_id):
                found += [(room, event_id) for event_id in await self._waited(room, session_id)]
        return found

    async def wait(self, room: str, event: Event) -> None:
        """The key of an event may come later."""
        session_id = text(event.content, "session_id")
        if not 0 < len(session_id) <= MAX_ID:
            return
        name = f"waiting/{room}/{session_id}"
        waiting = await self._vault.get(name, Waiting) or Waiting()
        if event.event_id not in waiting.events:
            self._vault.put(name, Waiting((*waiting.events, event.event_id)[-50:]))

    # --- closing

    async def closed(
        self, room: str, people: set[str], kind: str, content: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What all devices of these people can open. What has moved is stored when this returns.

        Raises:
            Refused: somebody's keys are others than before, which the owner is told so, once.
        """
        targets, unsigned = await self._targets(people)
        out = await self._session(room, targets)
        missing = {place: device for place, device in targets.items() if place not in out.shared}
        session = GroupSession.from_pickle(out.pickle, KEY)
        if missing:
            reached = await self._share(room, session, missing)
            out = msgspec.structs.replace(out, shared=tuple(sorted({*out.shared, *reached})))
        if untold := unsigned - set(out.withheld):
            await self._withhold(room, session.session_id, untold)
            out = msgspec.structs.replace(out, withheld=tuple(sorted({*out.withheld, *untold})))
        inside = {n: v for n, v in content.items() if n != "m.relates_to"}
        said = json.dumps({"room_id": room, "type": kind, "content": inside})
        ciphertext = session.encrypt(said.encode()).to_base64()
        out = msgspec.structs.replace(out, pickle=session.pickle(KEY), messages=out.messages + 1)
        self._vault.put(f"out/{room}", out)
        await self._vault.store()  # no index is used for two texts
        told = {
            "algorithm": MEGOLM,
            "sender_key": self._own.curve,
            "device_id": self._own.device,
            "session_id": session.session_id,
            "ciphertext": ciphertext,
        }
        if about := content.get("m.relates_to"):
            told["m.relates_to"] = about
        return told

    async def _targets(self, people: set[str]) -> tuple[dict[Place, Device], set[Place]]:
        """Devices that get keys, and those that do not because their owners have not signed them."""
        own = (self._own.user, self._own.device)
        found = await self.directory.of(sorted(people))
        if replaced := await self.directory.replaced(found):
            raise Refused(NEW_KEYS.format(", ".join(replaced[:NAMED])))
        known = {(who, n) for who, devices in found.items() for n in devices.known}
        places = {(who, n): d for who, devices in found.items() for n, d in devices.believed.items()}
        targets = {place: device for place, device in places.items() if place != own}
        return targets, known - places.keys() - {own}

    async def _session(self, room: str, targets: Mapping[Place, Device]) -> Outbound:
        """Our session there; a new one where the old one is old, or somebody has its key who is gone."""
        known = await self._vault.get(f"out/{room}", Outbound)
        now = self._clock.now()
        if (
            known is not None
            and known.messages < MOST_MESSAGES
            and 0 <= now - known.made_at < MOST_S
            and targets.keys() >= set(known.shared)
        ):
            return known
        made = GroupSession()
        inbound = InboundGroupSession(made.session_key)
        mine = Inbound(inbound.pickle(KEY), self._own.user, self._own.curve, self._own.ed)
        self._put(room, made.session_id, mine)
        return Outbound(made.pickle(KEY), now)

    async def _share(self, room: str, session: GroupSession, missing: Mapping[Place, Device]) -> set[Place]:
        """Let devices have the key from here on. Gives those that got it."""
        asked = {place: device for place, device in missing.items() if place not in self._silent}
        reached = await self._olm.reached(asked)
        self._silent |= asked.keys() - reached
        key = {
            "algorithm": MEGOLM,
            "room_id": room,
            "session_id": session.session_id,
            "session_key": session.session_key.to_base64(),
        }
        letters: dict[str, dict[str, Any]] = {}
        for who, name in reached:
            letter = await self._olm.closed(who, missing[who, name], "m.room_key", key)
            letters.setdefault(who, {})[name] = letter
        if letters:
            await self._vault.store()  # before they leave
            name = f"{session.session_id[:16].replace('/', '_')}.{session.message_index}.{len(reached)}"
            name += f".{int(self._clock.now() * 1000)}"
            await self._client.put(path("sendToDevice", "m.room.encrypted", name), {"messages": letters})
        return reached

    async def _withhold(self, room: str, session_id: str, places: set[Place]) -> None:
        """Let devices show why they cannot read what is said (1.11, 11.12.4.4)."""
        why = {
            "algorithm": MEGOLM,
            "room_id": room,
            "session_id": session_id,
            "sender_key": self._own.curve,
            "code": "m.unverified",
            "reason": "This device has not been confirmed by its owner.",
        }
        letters: dict[str, dict[str, Any]] = {}
        for who, name in places:
            letters.setdefault(who, {})[name] = why
        name = f"withheld.{session_id[:16].replace('/', '_')}.{int(self._clock.now() * 1000)}"
        await self._client.put(path("sendToDevice", "m.room_key.withheld", name), {"messages": letters})

    async def changed(self, people: tuple[str, ...]) -> None:
        """Devices of these people are no longer what they were."""
        await self.directory.changed(people)
        self._silent = {place for place in self._silent if place[0] not in people}
