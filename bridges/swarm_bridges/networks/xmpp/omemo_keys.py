"""OMEMO over python-omemo: `keys.Keys` for an account that wants it. Imported only for such accounts.

It trusts each device that somebody's server names, until the owner has confirmed one of theirs: this keeps
out whoever reads along, and of a device that the server has added the owner is told (`omemo_readers`).
"""

from __future__ import annotations

import asyncio
import copy
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Container, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from xml.etree.ElementTree import Element, tostring

import omemo
from oldmemo import Oldmemo
from oldmemo.oldmemo import NAMESPACE

from ...api import (
    BridgeError,
    Context,
    ConversationRef,
    ConversationSeen,
    Event,
    Interrupted,
    Matter,
    Refused,
    Step,
    Temporary,
)
from . import fingerprints
from . import omemo_readers as readers_of
from .fingerprints import BLIND, REFUSED
from .heard import Heard
from .omemo_library import STORED, Published, Store, Trusting, Why, manager_of, stop_clock
from .omemo_stanzas import carrying, devices_in, is_for, message_in, sender_device
from .omemo_trust import Trust
from .stanzas import AROUND, CLIENT, OOB, bare, element, intent_of
from .stream import Stream

ROTATION_S = 7 * 86_400
SKIPPED = 1_000
"""Messages of one device that may be missing, at most."""
LOOK_AGAIN_S = 900.0
"""Servers tell of new devices, but not everybody's: after so long they are asked for."""
ANSWERED = "omemo-with {}"
STRICT = "omemo-strict"
DEVICES = f"{STORED}/devices/", "/list"
"""What stands around somebody's address where the library remembers their devices."""
READERS = "omemo-readers {}"


class OmemoKeys:
    """`keys.Keys`, and its own turn: of one account, over its stream."""

    on = True

    def __init__(
        self,
        ctx: Context,
        stream: Stream,
        closed: Container[str],
        *,
        first: bool,
        show: Callable[[], Awaitable[None]],
    ) -> None:
        """`show` is called when `matters` are others."""
        self._ctx, self._stream, self._me, self._closed = ctx, stream, ctx.owner, closed
        self.first = first
        self._store = Store(ctx.kv)
        self._published = Published(ctx.owner, stream, ctx.clock)
        self._lock = asyncio.Lock()
        self._manager: Trusting | None = None
        self._backend = Oldmemo(self._store, SKIPPED)
        self._device = 0
        self._live = False
        self._looked: dict[str, float] = {}
        """When somebody's devices were asked for in this session."""
        self._silent = set[str]()
        """Those of them whose server did not answer."""
        self._later: list[Callable[[], Awaitable[object]]] = []
        """What is to be told when the changes are stored. It stays this list: the library adds to it."""
        self._news: list[Event] = []
        self._trust = Trust(show)

    @property
    def changes(self) -> Mapping[str, bytes | None]:
        """See `keys.Turn`."""
        return dict(self._store.changes)

    @property
    def news(self) -> list[Event]:
        """See `keys.Turn`."""
        return list(self._news)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[OmemoKeys]:
        """See `keys.Keys`."""
        async with self._lock:
            try:
                yield self
            finally:
                self._news.clear()
                if self._store.changes:  # nobody has stored them
                    self._store.changes.clear()
                    self._later.clear()
                    self._manager = None

    async def stored(self) -> None:
        """See `keys.Turn`."""
        self._store.changes.clear()
        self._news.clear()
        later = list(self._later)
        self._later.clear()
        for tell in later:
            try:
                await tell()
            except BridgeError:  # `begin` looks whether the server has what it is to have
                self._ctx.log.warning("keys_not_told")

    async def _keep(self) -> None:
        if self._store.changes:
            await self._ctx.kv.put(self._store.changes)
        await self.stored()

    async def _now(self) -> Trusting:
        """The library, begun anew where its last turn was given up."""
        if self._manager is None:
            self._backend = Oldmemo(self._store, SKIPPED)
            kind = manager_of(self._stream, self._published, self._later.append)
            manager = await kind.create([self._backend], self._store, self._me, None, BLIND)
            manager.strict = frozenset(json.loads(await self._stored(STRICT) or b"[]"))
            await stop_clock(manager)  # `begin` is ours
            self._device = (await manager.get_own_device_information())[0].device_id
            if self._live:
                await manager.after_history_sync()
            self._manager = manager
        return self._manager

    # --- see `keys.Keys`

    async def begin(self) -> None:
        """Tell others how to write to us; what differs at the server is mended, and old keys are renewed."""
        self._live = False
        self._looked.clear()
        self._silent.clear()
        async with self.turn():
            self._manager = None
            manager = await self._now()
            await self._keep()
            if await self._backend.signed_pre_key_age() > ROTATION_S:
                await self._backend.rotate_signed_pre_key()
            await manager.ensure_data_consistency()
            await self._keep()

    async def caught_up(self) -> None:
        """Answer those who have begun to write to us, and let go of keys that were kept for latecomers."""
        async with self.turn():
            manager = await self._now()
            await manager.after_history_sync()
            self._live = True
            for who in manager.strict:
                await self._look_through(manager, who)
            await self._keep()

    async def devices(self, who: str, told: Element) -> None:
        """Note the devices that somebody has."""
        found = told.find(f".//{{{NAMESPACE}}}list")
        if found is not None:
            async with self.turn():
                known: omemo.DeviceList = dict.fromkeys(devices_in(found))
                await (await self._now()).update_device_list(NAMESPACE, who, known)
                await self._keep()

    def is_for_us(self, stanza: Element) -> bool:
        """Whether there is a key for this device in it, or may be, as long as nobody knows which that is."""
        told = stanza.find(f"{{{NAMESPACE}}}encrypted")
        return told is not None and (not self._device or is_for(told, self._device))

    async def wanted(self, where: ConversationRef) -> bool:
        """See `keys.Keys`. Here nothing can be said in the clear after that, only elsewhere."""
        return await self._ctx.kv.get(ANSWERED.format(where.remote_id)) is not None

    async def reaches(self, readers: Collection[str]) -> bool:
        """See `keys.Keys`."""
        async with self.turn():
            manager, found = await self._now(), False
            for who in readers:
                if who != self._me and not found:
                    if who in self._silent:
                        del self._looked[who]
                    await self._look(manager, who)
                    found = any(one.trust_level_name != REFUSED for one in await self._active(manager, who))
            await self._keep()
        if not found and not self._silent.isdisjoint(readers):
            raise Temporary("nobody knows yet whether they could read it encrypted")
        return found

    # --- see `keys.Turn`

    async def opened(self, heard: Heard) -> Heard:
        """The message with its text in the place of what was locked."""
        stanza, where = heard.stanza, self._place(heard)
        if where is None:
            return heard
        if (told := stanza.find(f"{{{NAMESPACE}}}encrypted")) is None:
            said = stanza.find(f"{{{CLIENT}}}body") is not None
            if said and heard.own and not intent_of(stanza.get("id", "")):
                await self._note(where, None)
            return heard
        try:
            found = await self._text(told, heard.writer) if heard.writer else None
        except Interrupted:
            raise
        except Exception as e:  # noqa: BLE001 - others made it, and many libraries look at it
            self._ctx.log.warning("not_opened", why=Why.of(e))
            return heard
        if found is None:
            return heard
        text, device = found
        await self._note(where, b"1")
        before = await self._readers(where)
        known, changes = readers_of.reading(before, heard.writer, device, self._me)
        new = device in await self._look_through(await self._now(), heard.writer)
        await self._tell(where, before, known, readers_of.unconfirmed(changes) if new else changes)
        return replace(heard, stanza=_with(stanza, text), crypto="" if new else "omemo")

    def _place(self, heard: Heard) -> ConversationRef | None:
        """Where something was said; None for what nobody says."""
        sender = bare(heard.stanza.get("from", "")) or self._me
        match heard.stanza.get("type"):
            case "groupchat":
                return ConversationRef(sender)
            case "chat" | "normal" | None:
                other = bare(heard.stanza.get("to", "")) if heard.own else sender
                return ConversationRef(other, private=True)
        return None

    async def _text(self, told: Element, sender: str) -> tuple[str, int] | None:
        """What was locked, and the device that did it; None if it was not for us, or brings keys alone."""
        manager = await self._now()
        if not is_for(told, self._device):
            return None
        for known in (True, False):
            if not known:
                await manager.refresh_device_list(NAMESPACE, sender)
            found = {d.device_id: d for d in await manager.get_device_information(sender)}
            if (device := found.get(sender_device(told))) is not None:
                break
        else:
            raise omemo.SenderNotFound("nobody knows the device")
        sign = bool(device.identity_key[31] & 0x80)
        plain, _, _ = await manager.decrypt(message_in(told, sender, self._me, sign=sign))
        return None if plain is None else (plain.decode("utf-8", "replace"), device.device_id)

    async def _note(self, where: ConversationRef, value: bytes | None) -> None:
        """Remember how is to be answered there. In a room that is not closed nobody can be."""
        name = ANSWERED.format(where.remote_id)
        closed = where.private or where.remote_id in self._closed
        if (value is None or closed) and await self._stored(name) != value:
            self._store.changes[name] = value
            kind = "direct" if where.private else "group"
            self._news.append(ConversationSeen(conversation=where, kind=kind))  # what can be done is another

    async def _stored(self, name: str) -> bytes | None:
        changes = self._store.changes
        return changes[name] if name in changes else await self._ctx.kv.get(name)

    async def _readers(self, where: ConversationRef) -> readers_of.Known | None:
        return readers_of.load(await self._stored(READERS.format(where.remote_id)))

    async def _tell(
        self,
        where: ConversationRef,
        before: readers_of.Known | None,
        known: readers_of.Known,
        changes: Iterable[readers_of.Change],
    ) -> None:
        """Remember who can read, and say what is new of it."""
        if known != (before or {}):
            self._store.changes[READERS.format(where.remote_id)] = readers_of.store(known)
        for change in changes:
            shown = [await self._fingerprint(change.who, d) for d in change.devices[: readers_of.SHOWN]]
            name = self._ctx.random(12).hex()
            self._news += readers_of.notice(where, change, shown, name, self._ctx.clock.now())

    async def _fingerprint(self, who: str, device: int) -> str:
        manager = await self._now()
        found = {d.device_id: d.identity_key for d in await manager.get_device_information(who)}
        return " ".join(manager.format_identity_key(found[device])) if device in found else str(device)

    async def locked(self, where: ConversationRef, readers: Collection[str], text: str) -> list[Element]:
        """A text for all devices of these, and for the owner's others."""
        manager = await self._now()
        for who in readers:
            await self._look(manager, who)
        manager.writes = True
        try:
            made = await self._made(manager, frozenset(readers) - {self._me}, text)
        finally:
            manager.writes = False
        now = {who: set[int]() for who in {*readers, self._me}}
        for material, _ in made.keys:
            now[material.bare_jid].add(material.device_id)
        before = await self._readers(where)
        known, changes = readers_of.writing(before, now, self._me)
        for who in now.keys() & manager.strict:
            new = await self._look_through(manager, who)
            changes += readers_of.left_out(before, known, who, new)
        await self._tell(where, before, known, changes)
        await self._note(where, b"1")
        stanza = carrying(made)
        if sum(len(tostring(child)) for child in stanza) > self._stream.max_stanza - AROUND:
            raise Refused("it has to be locked for more devices than the server lets through at once")
        return stanza

    async def _made(self, manager: Trusting, able: frozenset[str], text: str) -> omemo.Message:
        """A text for those of these who have a device."""
        while able:
            try:
                (made,), _ = await manager.encrypt(able, {NAMESPACE: text.encode()})
            except omemo.NoEligibleDevices as e:
                able -= e.bare_jids
            except omemo.OMEMOException as e:
                raise Refused(f"it cannot be locked for them ({type(e).__name__})") from None
            else:
                return made
        raise Refused("nobody else has a device here that could read it")

    async def _look(self, manager: Trusting, who: str) -> None:
        now = self._ctx.clock.monotonic()
        if now - self._looked.get(who, -LOOK_AGAIN_S) >= LOOK_AGAIN_S:
            self._silent.discard(who)
            try:
                await manager.refresh_device_list(NAMESPACE, who)
            except omemo.DeviceListDownloadFailed as e:
                if isinstance(e.__cause__, Temporary):
                    self._silent.add(who)
            self._looked[who] = now

    async def _active(self, manager: Trusting, who: str) -> list[omemo.DeviceInformation]:
        """Somebody's devices, without this one."""
        found = await manager.get_device_information(who)
        here = (self._me, self._device)
        return [d for d in found if dict(d.active).get(NAMESPACE) and (d.bare_jid, d.device_id) != here]

    # --- whose keys are whose

    @property
    def matters(self) -> tuple[Matter, ...]:
        """See `keys.Keys`."""
        return self._trust.matters

    async def settle(self, matter: str, step: str, answers: Mapping[str, str]) -> Step | None:
        """See `keys.Keys`: of whom, then what of each device."""
        async with self.turn():
            manager = await self._now()
            if matter == fingerprints.ALL and step != "devices":
                people = await self._people()
                if step == "who" and not people:
                    return None
                if step != "who" or answers.get("who") not in people:
                    return fingerprints.asking_who(people, await self._fingerprint(self._me, self._device))
                self._trust.looking = answers["who"]
            who = self._trust.whose(matter)
            await self._look(manager, who)
            devices = await self._active(manager, who)
            shown = [
                fingerprints.Shown(d.device_id, await self._fingerprint(who, d.device_id), d.trust_level_name)
                for d in devices
            ]
            if step == "devices":
                said = fingerprints.answered(shown, answers)
                changed = {d.identity_key: said[d.device_id] for d in devices if d.device_id in said}
                self._store.changes[STRICT] = await self._trust.decide(manager, who, changed)
                await self._look_through(manager, who)
            await self._keep()
        return None if step == "devices" else fingerprints.asking(who, shown)

    async def _look_through(self, manager: Trusting, who: str) -> frozenset[int]:
        """Devices of somebody that are not written to until the owner has looked at them."""
        return await self._trust.look_through(manager, who, await self._active(manager, who))

    async def dismiss(self, matter: str) -> None:
        """See `keys.Keys`: until there are newer ones."""
        await self._trust.dismiss(matter)

    async def _people(self) -> set[str]:
        """Those of whom devices are known."""
        start, end = DEVICES
        names = [name for name in await self._ctx.kv.names(start) if name.endswith(end)]
        return {name.removeprefix(start).removesuffix(end) for name in names} - {""}


def _with(stanza: Element, text: str) -> Element:
    """The same stanza with this text, and without what stood beside it in the clear."""
    made = copy.copy(stanza)
    for child in list(made):
        if child.tag in {f"{{{NAMESPACE}}}encrypted", f"{{{CLIENT}}}body", f"{{{OOB}}}x"}:
            made.remove(child)
    made.append(element(CLIENT, "body", text))
    return made
