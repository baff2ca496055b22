"""A write that comes again under the same `Idempotency-Key` is answered, not done, again.

Only successes are remembered: a call that raised has changed nothing, and may be tried again. Answers that
hold a secret are not remembered at all (`Route.once`). Keys are those of one device, kept for a day.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from ..errors import Conflict
from .ports import Answered, AnswerStore
from .problems import BadRequest

KEEP_S = 24 * 3600
MAX_KEY = 128

Reply = tuple[int, bytes]
"""Status and body."""


class Once:
    """Does each write once."""

    def __init__(self, answers: AnswerStore) -> None:
        self._answers = answers
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def do(
        self, device: str, key: str, asked: bytes, now: int, work: Callable[[], Awaitable[Reply]]
    ) -> Reply:
        """Do the work, or answer as before. `asked` is the whole request, `now` Unix seconds.

        Two of the same key at the same time take turns.

        Raises:
            Conflict: the key was used for another request.
        """
        own = f"{device}:{key}"
        turn = self._turns.setdefault(own, asyncio.Lock())
        async with turn:
            digest = hashlib.sha256(asked).digest()
            before = await self._answers.find(own)
            if before is not None and before.at > now - KEEP_S:
                if before.request_hash != digest:
                    raise Conflict(
                        "This Idempotency-Key was used for something else.",
                        hint="Take a new key for a new write.",
                    )
                return before.status, before.body
            status, body = await work()
            if status < 300:
                await self._answers.put(own, Answered(digest, status, body, now), forget_before=now - KEEP_S)
            return status, body


def check_key(key: str) -> str:
    """Give the key back if it can be one: up to 128 visible ASCII characters, or nothing."""
    if len(key) > MAX_KEY or not all("!" <= c <= "~" for c in key):
        raise BadRequest(f"Up to {MAX_KEY} visible ASCII characters.", where="Idempotency-Key")
    return key
