"""What python-omemo asks of a client: a store, and a server.

Neither changes while the library works. What it stores waits in `Store.changes`, what it wants to tell the
server waits with its caller, until the changes are stored together with what they belong to.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from enum import Enum, auto
from typing import Any, Self
from xml.etree.ElementTree import Element

import omemo
from oldmemo.oldmemo import BundleImpl

from ...api import BridgeError, Clock, Gone, Interrupted, KeyValues, Refused, Temporary
from .errors import NoAnswer, NoSession, NoSuchThing
from .fingerprints import BLIND, REFUSED
from .omemo_stanzas import bringing_keys, bundle, bundle_in, bundle_node, devices, devices_in
from .stanzas import OMEMO_DEVICES, PUBSUB, items, message, publish
from .stream import LOST, Stream

for _name in ("omemo", "oldmemo", "doubleratchet", "x3dh"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)  # they write texts and keys into their logs

OPTIONS = {"pubsub#persist_items": "true", "pubsub#access_model": "open"}
"""Everybody may read the keys: they are for strangers too."""
STORED = "omemo"
WAITING_S, EACH_S = 20.0, 120.0
"""So long a domain may keep us waiting in each such time: all else that came waits behind it."""


class Why(Enum):
    """Why something was not opened, for the log: the library's errors, by their names."""

    SenderNotFound = auto()
    SenderDistrusted = auto()
    PublicDataInconsistency = auto()
    NoSession = auto()
    KeyExchangeFailed = auto()
    DecryptionFailed = auto()
    Other = auto()

    @classmethod
    def of(cls, error: Exception) -> Self:
        """What an error is here."""
        return cls[name] if (name := type(error).__name__) in cls.__members__ else cls["Other"]


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


class Published:
    """What people have published of their keys, at their servers."""

    def __init__(self, me: str, stream: Stream, clock: Clock) -> None:
        self._me, self._stream, self._clock = me, stream, clock
        self._waited: dict[str, tuple[float, float]] = {}
        """By domain, since when it is counted how long we waited, and how long we did."""

    async def read(self, node: str, who: str) -> Element | None:
        """What stands there; None if nothing.

        Raises:
            Interrupted: the line is lost, or our own server does not answer: it is not their fault.
            BridgeError: their server does not tell it.
        """
        try:
            answer = await (self._stream.ask(items(node)) if who == self._me else self._ask(node, who))
        except Gone as e:
            if who != self._me and not isinstance(e, NoSuchThing):
                raise  # their server is not reached: they may have keys all the same
            return None
        except NoSession:
            raise Interrupted(LOST) from None
        return answer.find(f"{{{PUBSUB}}}pubsub/{{{PUBSUB}}}items/{{{PUBSUB}}}item")

    async def _ask(self, node: str, who: str) -> Element:
        """Somebody else, whose server may be slow, and may be so on purpose."""
        domain, now = who.partition("@")[2], self._clock.monotonic()
        self._waited = {name: since for name, since in self._waited.items() if now - since[0] < EACH_S}
        since, waited = self._waited.get(domain, (now, 0.0))
        if waited >= WAITING_S:
            raise Temporary("their server is too slow")
        try:
            return await self._stream.ask(items(node), to=who, within_s=WAITING_S - waited)
        except NoAnswer:
            await self._stream.reached()
            raise Temporary("their server does not answer") from None
        finally:
            self._waited[domain] = since, waited + self._clock.monotonic() - now


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


async def stop_clock(manager: omemo.SessionManager) -> None:
    """End the library's own clock, and that alone.

    The library takes any cancelling at that moment for its clock's end, also that of who waits here: they
    would go on for good.
    """
    here = asyncio.current_task()
    assert here is not None
    before = here.cancelling()
    await manager.shutdown()
    if here.cancelling() > before:
        raise asyncio.CancelledError


def manager_of(
    stream: Stream, published: Published, later: Callable[[Callable[[], Awaitable[object]]], None]
) -> type[Trusting]:
    """What the library asks of a client. What it tells the server goes to `later`."""

    def publishing(node: str, payload: Element) -> None:
        async def tell() -> None:
            try:
                await stream.ask(publish(node, "current", payload, OPTIONS), kind="set")
            except Refused:  # the place is there with other options, or the server knows none
                await stream.ask(publish(node, "current", payload, {}), kind="set")

        later(tell)

    class Manager(Trusting):  # of one namespace, which is told to each method all the same
        @staticmethod
        async def _upload_bundle(bundle_: omemo.Bundle) -> None:
            assert isinstance(bundle_, BundleImpl)
            publishing(bundle_node(bundle_.device_id), bundle(bundle_))

        @staticmethod
        async def _download_bundle(namespace: str, bare_jid: str, device_id: int) -> omemo.Bundle:  # noqa: ARG004
            try:
                item = await published.read(bundle_node(device_id), bare_jid)
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
                item = await published.read(OMEMO_DEVICES, bare_jid)
            except Interrupted:
                raise
            except BridgeError as e:
                raise omemo.DeviceListDownloadFailed(type(e).__name__) from e
            return {} if item is None else dict.fromkeys(devices_in(item))

        @staticmethod
        async def _send_message(message_: omemo.Message, bare_jid: str) -> None:
            async def tell() -> None:
                stream.put(message(bare_jid, "chat", stream.new_id(), bringing_keys(message_)))

            later(tell)

    return Manager
