"""What must outlive a crash, in step with the cursor.

A ratchet that has moved cannot go back. So what opening something has changed is stored in the transaction of
the batch that tells it, and what closing something has changed before that leaves. In between it waits in
`news`. Everything lies in the account's `kv`, which the node encrypts; vodozemac's own encryption of what it
writes adds nothing to that, and has a key that is no secret.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec

from ....api import KeyValues

T = TypeVar("T")
PREFIX = "crypto/"
KEY = bytes(32)


class Vault:
    """Values by name, each a struct."""

    def __init__(self, kv: KeyValues) -> None:
        self._kv = kv
        self.news: dict[str, bytes | None] = {}

    async def get(self, name: str, kind: type[T]) -> T | None:
        """What was put, or None."""
        whole = PREFIX + name
        value = self.news[whole] if whole in self.news else await self._kv.get(whole)
        return None if value is None else msgspec.msgpack.decode(value, type=kind)

    def put(self, name: str, value: object | None) -> None:
        """Remember; None forgets."""
        self.news[PREFIX + name] = None if value is None else msgspec.msgpack.encode(value)

    async def names(self, prefix: str) -> list[str]:
        """Names that start so."""
        return [name.removeprefix(PREFIX) for name in await self._kv.names(PREFIX + prefix)]

    async def store(self) -> None:
        """Store all that waits, now."""
        if self.news:
            waiting, self.news = self.news, {}
            await self._kv.put(waiting)
