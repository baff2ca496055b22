"""What the owner has said of others' devices with OMEMO, and which are to be looked at."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping

import omemo

from ...api import Gone, Matter
from . import fingerprints
from .fingerprints import BLIND, CONFIRMED
from .omemo_library import Trusting


class Trust:
    """Of one account. `show` is called when `matters` are others."""

    def __init__(self, show: Callable[[], Awaitable[None]]) -> None:
        self._show = show
        self._unconfirmed: dict[str, frozenset[int]] = {}
        """Devices that are not written to, by person, until the owner has looked."""
        self._dismissed: dict[str, frozenset[int]] = {}
        self.looking = ""
        """Whose keys the owner looks at."""

    @property
    def matters(self) -> tuple[Matter, ...]:
        """What there is to settle."""
        seen = self._dismissed
        return fingerprints.matters(
            who for who, new in self._unconfirmed.items() if new - seen.get(who, frozenset())
        )

    def whose(self, matter: str) -> str:
        """Whose keys a matter is about. Raises Gone."""
        found = (
            who for who, new in self._unconfirmed.items() if new and fingerprints.matter_id(who) == matter
        )
        who = self.looking if matter == fingerprints.ALL else next(found, "")
        if not who:
            raise Gone("this is settled")
        return who

    async def look_through(
        self, manager: Trusting, who: str, devices: Iterable[omemo.DeviceInformation]
    ) -> frozenset[int]:
        """Those of somebody's devices that are not confirmed, where one of theirs is."""
        new = frozenset[int]()
        if who in manager.strict:
            new = frozenset(device.device_id for device in devices if device.trust_level_name == BLIND)
        before = self.matters
        self._unconfirmed = {**self._unconfirmed, who: new}
        if self.matters != before:
            await self._show()
        return new

    async def decide(self, manager: Trusting, who: str, changed: Mapping[bytes, str]) -> bytes:
        """Note what was said of somebody's keys; gives what is to be remembered of whom one is confirmed."""
        for key, trust in changed.items():
            await manager.set_trust(who, key, trust)
        found = await manager.get_device_information(who)
        confirmed = any(device.trust_level_name == CONFIRMED for device in found)
        manager.strict = manager.strict | {who} if confirmed else manager.strict - {who}
        return json.dumps(sorted(manager.strict)).encode()

    async def dismiss(self, matter: str) -> None:
        """The owner does not want to look now."""
        for who, new in self._unconfirmed.items():
            if fingerprints.matter_id(who) == matter:
                self._dismissed[who] = new
        await self._show()
