"""Which lists of people the owner reads, each as a timeline of its own.

A list's posts stand in the home timeline too, unless the list is an exclusive one. So exclusive ones are read
unless they were left, and others when they were entered.
"""

from __future__ import annotations

import msgspec

from ...api import Context, Gone, Refused
from .client import Client
from .model import PeopleList, convert

KEPT = "lists"
"""Under which is kept which ones were entered (true) and left (false), by id."""
MOST = 50
"""Lists that are read. Mastodon lets nobody have more."""


class Lists:
    """Those of one account."""

    def __init__(self, ctx: Context, client: Client) -> None:
        self._ctx, self._client = ctx, client

    async def wanted(self) -> tuple[PeopleList, ...]:
        """Those that are to be read, in the server's order; none where it has no such thing."""
        try:
            there = await self._there()
        except Refused:
            return ()
        chosen = await self._chosen()
        return tuple(one for one in there if chosen.get(one.id, one.exclusive))[:MOST]

    async def enter(self, name: str) -> PeopleList:
        """Read a list from now on, by its title or its id. Raises Gone where there is none."""
        there = await self._there()
        found = [one for one in there if name == one.id or name.casefold() == one.title.casefold()]
        if not found:
            raise Gone("there is no such list")
        await self._choose(found[0].id, wanted=True)
        return found[0]

    async def leave(self, id_: str) -> None:
        """Read a list no longer."""
        await self._choose(id_, wanted=False)

    async def _there(self) -> list[PeopleList]:
        told = await self._client.get("/api/v1/lists")
        made = []
        for raw in told if isinstance(told, list) else []:
            try:
                made.append(convert(raw, PeopleList))
            except msgspec.ValidationError:
                self._ctx.log.warning("entry_without_sense")
        return made

    async def _chosen(self) -> dict[str, bool]:
        try:
            return msgspec.json.decode(await self._ctx.kv.get(KEPT) or b"{}", type=dict[str, bool])
        except msgspec.DecodeError:
            return {}

    async def _choose(self, id_: str, *, wanted: bool) -> None:
        await self._ctx.kv.put({KEPT: msgspec.json.encode({**await self._chosen(), id_: wanted})})
