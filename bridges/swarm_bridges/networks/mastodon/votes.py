"""What the owner has voted for, where the server tells only that she has voted.

snac2 does so, and it counts whoever votes again twice.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ...api import Context

KEPT = "votes"
"""Under which is kept what was voted for, by polls."""
MOST = 500
"""Polls; the oldest are forgotten first."""


class Votes:
    """Those of one account."""

    def __init__(self, ctx: Context, known: dict[str, frozenset[str]]) -> None:
        self._ctx, self._known = ctx, known

    @classmethod
    async def read(cls, ctx: Context) -> Votes:
        """As they were kept; what makes no sense is a new beginning."""
        try:
            known = msgspec.json.decode(await ctx.kv.get(KEPT) or b"{}", type=dict[str, frozenset[str]])
        except msgspec.DecodeError:
            known = {}
        return cls(ctx, known)

    @property
    def known(self) -> Mapping[str, frozenset[str]]:
        """Numbers of options by polls, whether the server has heard of it or not."""
        return self._known

    async def note(self, poll: str, options: frozenset[str]) -> None:
        """Keep what is about to be voted for."""
        self._known[poll] = options
        while len(self._known) > MOST:
            del self._known[next(iter(self._known))]
        await self._ctx.kv.put({KEPT: msgspec.json.encode(self._known)})
