"""OMEMO over python-omemo: `keys.Keys` for an account that wants it. Imported only for such accounts.

The library is given a store whose changes are kept back until they are stored together with what they belong
to, and what it wants to tell the server meanwhile (new keys, empty messages) leaves after that. It trusts
each device that somebody's server names, at once and for good: so this keeps out whoever reads along, and not
a server that adds a device of its own.
"""

from __future__ import annotations

import asyncio
import copy
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any
from xml.etree.ElementTree import Element

import omemo
from oldmemo import Oldmemo
from oldmemo.oldmemo import NAMESPACE, BundleImpl

from ...api import BridgeError, Context, Gone, Interrupted, KeyValues, Refused
from .convert import Heard
from .omemo_stanzas import (
    bundle,
    bundle_in,
    bundle_node,
    carrying,
    devices,
    devices_in,
    is_for,
    message_in,
    sender_device,
)
from .stanzas import CLIENT, OMEMO_DEVICES, OOB, PUBSUB, bare, element, intent_of, items, message, publish
from .stream import Stream

for _name in ("omemo", "oldmemo", "doubleratchet", "x3dh"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)  # they write texts and keys into their logs

OPTIONS = {"pubsub#persist_items": "true", "pubsub#access_model": "open"}
"""Everybody may read the keys: they are for strangers too."""
ROTATION_S = 7 * 86_400
SKIPPED = 1_000
"""Messages of one device that may be missing, at most."""
STORED = "omemo"
ANSWERED = "omemo-with {}"


class _Store(omemo.Storage):
    """The library's store over that of the bridge. What it changes waits in `changes`."""

    def __init__(self, kv: KeyValues) -> None:
        super().__init__(disable_cache=True)
        self._kv = kv
        self.changes: dict[str, bytes | None] = {}

    async def _load(self, key: str) -> omemo.Maybe[Any]:
        name = STORED + key
        found = self.changes[name] if name in self.changes else await self._kv.get(name)
        return omemo.Nothing() if found is None else omemo.Just(json.loads(found))

    async def _store(self, key: str, value: Any) -> None:
        self.changes[STORED + key] = json.dumps(value).encode()

    async def _delete(self, key: str) -> None:
        self.changes[STORED + key] = None


class OmemoKeys:
    """`keys.Keys`, and its own turn: of one account, over its stream."""

    on = True

    def __init__(self, ctx: Context, stream: Stream) -> None:
        self._ctx, self._stream, self._me = ctx, stream, ctx.owner
        self._store = _Store(ctx.kv)
        self._lock = asyncio.Lock()
        self._manager: omemo.SessionManager | None = None
        self._backend = Oldmemo(self._store, SKIPPED)
        self._device = 0
        self._live = False
        self._looked: set[str] = set()
        """Whose devices were asked for in this session."""
        self._later: list[Callable[[], Awaitable[object]]] = []

    @property
    def changes(self) -> Mapping[str, bytes | None]:
        """See `keys.Turn`."""
        return dict(self._store.changes)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[OmemoKeys]:
        """See `keys.Keys`."""
        async with self._lock:
            try:
                yield self
            finally:
                if self._store.changes:  # nobody has stored them
                    self._store.changes.clear()
                    self._later.clear()
                    self._manager = None

    async def stored(self) -> None:
        """See `keys.Turn`."""
        self._store.changes.clear()
        later, self._later = self._later, []
        for tell in later:
            try:
                await tell()
            except BridgeError:  # `begin` looks whether the server has what it is to have
                self._ctx.log.warning("keys_not_told")

    async def _keep(self) -> None:
        if self._store.changes:
            await self._ctx.kv.put(self._store.changes)
        await self.stored()

    async def _now(self) -> omemo.SessionManager:
        """The library, begun anew where its last turn was given up."""
        if self._manager is None:
            self._backend = Oldmemo(self._store, SKIPPED)
            kind = _manager_of(self._me, self._stream, self._later.append)
            manager = await kind.create([self._backend], self._store, self._me, None, "blind")
            await manager.shutdown()  # ends its own clock alone: `begin` is ours
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
            await (await self._now()).after_history_sync()
            self._live = True
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

    async def wanted(self, who: str) -> bool:
        """Whether the last that was said with somebody, elsewhere than here, was locked."""
        return await self._ctx.kv.get(ANSWERED.format(who)) is not None

    # --- see `keys.Turn`

    async def opened(self, heard: Heard) -> Heard:
        """The message with its text in the place of what was locked."""
        stanza = heard.stanza
        if stanza.get("type") not in {"chat", "normal", None}:
            return heard
        sender, told = bare(stanza.get("from", "")) or self._me, stanza.find(f"{{{NAMESPACE}}}encrypted")
        own = sender == self._me
        other = bare(stanza.get("to", "")) if own else sender
        if told is None:
            if own and not intent_of(stanza.get("id", "")) and stanza.find(f"{{{CLIENT}}}body") is not None:
                await self._note(other, None)
            return heard
        try:
            text = await self._text(told, sender)
        except Interrupted:
            raise
        except Exception as e:  # noqa: BLE001 - others made it, and many libraries look at it
            self._ctx.log.warning("not_opened", kind=self._ctx.log.hashed(type(e).__name__))
            return heard
        if text is None:
            return heard
        await self._note(other, b"1")
        return replace(heard, stanza=_with(stanza, text), crypto="omemo")

    async def _text(self, told: Element, sender: str) -> str | None:
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
            raise ValueError("nobody knows the device")
        sign = bool(device.identity_key[31] & 0x80)
        plain, _, _ = await manager.decrypt(message_in(told, sender, self._me, sign=sign))
        return None if plain is None else plain.decode("utf-8", "replace")

    async def _note(self, other: str, value: bytes | None) -> None:
        name = ANSWERED.format(other)
        if await self._ctx.kv.get(name) != value:
            self._store.changes[name] = value

    async def locked(self, to: str, text: str) -> list[Element]:
        """A text for all devices of somebody, and for the owner's others."""
        manager = await self._now()
        if to not in self._looked:  # servers tell of new devices, but not everybody's
            with suppress(omemo.DeviceListDownloadFailed):
                await manager.refresh_device_list(NAMESPACE, to)
            self._looked.add(to)
        try:
            made, _ = await manager.encrypt(frozenset({to}), {NAMESPACE: text.encode()})
        except omemo.OMEMOException as e:
            raise Refused(f"it cannot be locked for them ({type(e).__name__})") from None
        (one,) = made
        return carrying(one)


def _with(stanza: Element, text: str) -> Element:
    """The same stanza with this text, and without what stood beside it in the clear."""
    made = copy.copy(stanza)
    for child in list(made):
        if child.tag in {f"{{{NAMESPACE}}}encrypted", f"{{{CLIENT}}}body", f"{{{OOB}}}x"}:
            made.remove(child)
    made.append(element(CLIENT, "body", text))
    return made


def _manager_of(
    me: str, stream: Stream, later: Callable[[Callable[[], Awaitable[object]]], None]
) -> type[omemo.SessionManager]:
    """What the library asks of a client. What it tells the server goes to `later`."""

    def publishing(node: str, payload: Element) -> None:
        async def tell() -> None:
            try:
                await stream.ask(publish(node, "current", payload, OPTIONS), kind="set")
            except Refused:  # the place is there with other options, or the server knows none
                await stream.ask(publish(node, "current", payload, {}), kind="set")

        later(tell)

    async def read(node: str, who: str) -> Element | None:
        to = "" if who == me else who
        try:
            answer = await stream.ask(items(node), to=to)
        except Gone:
            return None
        return answer.find(f"{{{PUBSUB}}}pubsub/{{{PUBSUB}}}items/{{{PUBSUB}}}item")

    class Manager(omemo.SessionManager):  # of one namespace, which is told to each method all the same
        @staticmethod
        async def _upload_bundle(bundle_: omemo.Bundle) -> None:
            assert isinstance(bundle_, BundleImpl)
            publishing(bundle_node(bundle_.device_id), bundle(bundle_))

        @staticmethod
        async def _download_bundle(namespace: str, bare_jid: str, device_id: int) -> omemo.Bundle:  # noqa: ARG004
            try:
                item = await read(bundle_node(device_id), bare_jid)
                if item is None or not len(item):
                    raise omemo.BundleNotFound("there is none")
                return bundle_in(item[0], bare_jid, device_id)
            except Interrupted:
                raise
            except (BridgeError, ValueError) as e:
                raise omemo.BundleDownloadFailed(type(e).__name__) from None

        @staticmethod
        async def _delete_bundle(namespace: str, device_id: int) -> None:
            """Nothing is taken away: there is one way to lock, and it stays."""

        @staticmethod
        async def _upload_device_list(namespace: str, device_list: omemo.DeviceList) -> None:  # noqa: ARG004
            publishing(OMEMO_DEVICES, devices(device_list))

        @staticmethod
        async def _download_device_list(namespace: str, bare_jid: str) -> omemo.DeviceList:  # noqa: ARG004
            try:
                item = await read(OMEMO_DEVICES, bare_jid)
            except Interrupted:
                raise
            except BridgeError as e:
                raise omemo.DeviceListDownloadFailed(type(e).__name__) from None
            return {} if item is None else dict.fromkeys(devices_in(item))

        async def _evaluate_custom_trust_level(self, device: omemo.DeviceInformation) -> omemo.TrustLevel:
            return omemo.TrustLevel.TRUSTED

        async def _make_trust_decision(
            self, undecided: frozenset[omemo.DeviceInformation], identifier: str | None
        ) -> None:
            """Nothing is undecided."""

        @staticmethod
        async def _send_message(message_: omemo.Message, bare_jid: str) -> None:
            async def tell() -> None:
                stream.put(message(bare_jid, "chat", stream.new_id(), carrying(message_)))

            later(tell)

    return Manager
