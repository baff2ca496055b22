"""The feeds of an account in `Context.kv`: `feed/KEY` is a subscription, `seen/KEY` what is known of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from ...api import Context, Cursor
from .known import Known, Step, add
from .model import Feed

MAX_FEEDS = 2_000


class Subscription(msgspec.Struct, omit_defaults=True):
    """One feed. Times are Unix seconds."""

    id: str
    """Its first address: the name of its conversation."""
    url: str
    """Where it lies now."""
    title: str = ""
    about: str = ""
    home: str = ""
    told: bool = False
    """Whether its first entries were told: what comes later is news."""
    etag: str = ""
    modified: str = ""
    every_s: float | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()
    asked: float = 0.0
    soonest: float = 0.0
    due: float = 0.0
    failures: int = 0
    since: float = 0.0
    """When the first of them was."""
    problem: str = ""
    noticed: bool = False
    """Whether the owner was told of it."""
    gone: bool = False
    left: bool = False
    hub: str = ""
    topic: str = ""
    hub_secret: str = ""
    hub_asked: float = 0.0
    lease_until: float = 0.0

    def __repr__(self) -> str:
        """Without addresses, which may have keys in them, and the hub's secret."""
        return f"Subscription({self.key})"

    @property
    def key(self) -> str:
        """What it is stored under."""
        return hashlib.blake2b(self.id.encode(), digest_size=10).hexdigest()

    @property
    def active(self) -> bool:
        """Whether it is asked at all."""
        return not (self.gone or self.left)

    def rhythm(self) -> Feed:
        """What it said of when to ask, for an answer without a feed."""
        hours, days = self.skip_hours, self.skip_days
        return Feed("", "", "", "", (), every_s=self.every_s, skip_hours=hours, skip_days=days)


class Subscriptions:
    """All of them, by key."""

    def __init__(self, ctx: Context, found: dict[str, Subscription]) -> None:
        self._ctx, self.all = ctx, found

    @classmethod
    async def load(cls, ctx: Context) -> Subscriptions:
        """Read them, and add what the last batch told if a crash came before that was noted."""
        found = {}
        for name in await ctx.kv.names("feed/"):
            if (data := await ctx.kv.get(name)) is not None:
                found[name.removeprefix("feed/")] = msgspec.msgpack.decode(data, type=Subscription)
        made = cls(ctx, found)
        if (cursor := await ctx.cursor()) is not None:
            step = msgspec.msgpack.decode(cursor, type=Step)
            known = await made.known(step.feed)
            if add(known, step):
                await ctx.kv.put({f"seen/{step.feed}": msgspec.msgpack.encode(known)})
        return made

    def active(self) -> list[Subscription]:
        """Those that are asked."""
        return [one for one in self.all.values() if one.active]

    def at(self, url: str) -> Subscription | None:
        """The one that lies at an address, or did when it was added."""
        return next((one for one in self.all.values() if url in {one.url, one.id}), None)

    def add(self, url: str) -> Subscription:
        """The subscription of an address, begun anew if it was left or gone."""
        one = self.at(url)
        if one is None:
            one = Subscription(url, url)
            self.all[one.key] = one
        if not one.active:
            one.left, one.gone, one.url = False, False, url
            one.due = one.soonest = 0.0
            one.etag = one.modified = ""
        return one

    async def known(self, key: str) -> Known:
        """What is known of a feed's entries."""
        data = await self._ctx.kv.get(f"seen/{key}")
        return msgspec.msgpack.decode(data, type=Known) if data is not None else Known()

    async def save(self, *ones: Subscription, known: Known | None = None) -> None:
        """Store some; `known` is of the first."""
        values: dict[str, bytes | None] = {f"feed/{one.key}": msgspec.msgpack.encode(one) for one in ones}
        if known is not None:
            values[f"seen/{ones[0].key}"] = msgspec.msgpack.encode(known)
        await self._ctx.kv.put(values)

    async def take(self, addresses: Iterable[str], token: str) -> None:
        """Add what a login brought, once for each login: what is left later does not come back."""
        done = (await self._ctx.kv.get("import") or b"").decode()
        if done == token:
            return
        room = max(MAX_FEEDS - len(self.active()), 0)
        new = [self.add(url) for url in list(addresses)[:room] if url]
        values: dict[str, bytes | None] = {f"feed/{one.key}": msgspec.msgpack.encode(one) for one in new}
        await self._ctx.kv.put({**values, "import": token.encode()})


def cursor_of(step: Step) -> Cursor:
    """A step as a cursor."""
    return Cursor(msgspec.msgpack.encode(step))
