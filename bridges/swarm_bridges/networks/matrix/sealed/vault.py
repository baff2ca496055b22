"""What must outlive a crash, in step with the cursor.

A ratchet that has moved cannot go back. So what opening something has changed is stored in the transaction of
the batch that tells it, and what closing something has changed before that leaves. In between it waits in
`news`. Everything lies in the account's `kv`, which the node encrypts; vodozemac's own encryption of what it
writes adds nothing to that, and has a key that is no secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from ....api import KeyValues

T = TypeVar("T")
PREFIX = "crypto/"
KEY = bytes(32)
MOST = {"in/": 4_000, "waiting/": 500, "olm/": 2_000, "devices/": 4_000, "unsaved/": 4_000}
"""How many values there may be whose names begin so: all that an account remembers has to fit into 16 MiB."""


class Vault:
    """Values by name, each a struct. `open` makes one. Of some kinds the first are forgotten (`MOST`)."""

    def __init__(self, kv: KeyValues, names: Mapping[str, list[str]]) -> None:
        self._kv = kv
        self.news: dict[str, bytes | None] = {}
        self._names = {kind: dict.fromkeys(names.get(kind, ())) for kind in MOST}

    @classmethod
    async def open(cls, kv: KeyValues) -> Vault:
        """As it was stored."""
        return cls(kv, {kind: [*await kv.names(PREFIX + kind)] for kind in MOST})

    async def get(self, name: str, kind: type[T]) -> T | None:
        """What was put, or None."""
        whole = PREFIX + name
        value = self.news[whole] if whole in self.news else await self._kv.get(whole)
        return None if value is None else msgspec.msgpack.decode(value, type=kind)

    def put(self, name: str, value: object | None) -> None:
        """Remember; None forgets."""
        whole = PREFIX + name
        self.news[whole] = None if value is None else msgspec.msgpack.encode(value)
        for kind, names in self._names.items():
            if not name.startswith(kind):
                continue
            names.pop(whole, None)
            if value is not None:
                names[whole] = None
            if len(names) > MOST[kind]:
                first = next(iter(names))
                del names[first]
                self.news[first] = None

    def names(self, kind: str) -> list[str]:
        """Those of a kind of `MOST` that are there, the first ones first."""
        return [name.removeprefix(PREFIX) for name in self._names.get(kind, ())]

    async def store(self) -> None:
        """Store all that waits, now."""
        if self.news:
            waiting, self.news = self.news, {}
            await self._kv.put(waiting)
