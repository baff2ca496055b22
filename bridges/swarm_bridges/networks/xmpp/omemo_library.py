"""What python-omemo asks of a client: a store, and a server.

Neither changes while the library works. What it stores waits in `Store.changes`, what it wants to tell the
server waits with its caller, until the changes are stored together with what they belong to.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any
from xml.etree.ElementTree import Element

import omemo
from oldmemo.oldmemo import BundleImpl

from ...api import BridgeError, Gone, Interrupted, KeyValues, Refused
from .fingerprints import BLIND, REFUSED
from .omemo_stanzas import bundle, bundle_in, bundle_node, carrying, devices, devices_in
from .stanzas import OMEMO_DEVICES, PUBSUB, items, message, publish
from .stream import Stream

for _name in ("omemo", "oldmemo", "doubleratchet", "x3dh"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)  # they write texts and keys into their logs

OPTIONS = {"pubsub#persist_items": "true", "pubsub#access_model": "open"}
"""Everybody may read the keys: they are for strangers too."""
STORED = "omemo"


class Store(omemo.Storage):
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


class Trusting(omemo.SessionManager):
    """Whom the library trusts. `strict` are people of whom the owner has confirmed a device."""

    strict: frozenset[str] = frozenset()
    writes = False
    """Whether something is being locked: what comes is opened all the same."""

    async def _evaluate_custom_trust_level(self, device: omemo.DeviceInformation) -> omemo.TrustLevel:
        new = device.trust_level_name == BLIND and device.bare_jid in self.strict
        if device.trust_level_name == REFUSED or (new and self.writes):
            return omemo.TrustLevel.DISTRUSTED
        return omemo.TrustLevel.TRUSTED

    async def _make_trust_decision(
        self, undecided: frozenset[omemo.DeviceInformation], identifier: str | None
    ) -> None:
        """Nothing is undecided."""


def manager_of(
    me: str, stream: Stream, later: Callable[[Callable[[], Awaitable[object]]], None]
) -> type[Trusting]:
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

    class Manager(Trusting):  # of one namespace, which is told to each method all the same
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

        @staticmethod
        async def _send_message(message_: omemo.Message, bare_jid: str) -> None:
            async def tell() -> None:
                stream.put(message(bare_jid, "chat", stream.new_id(), carrying(message_)))

            later(tell)

    return Manager
