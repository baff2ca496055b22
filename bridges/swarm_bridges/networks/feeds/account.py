"""The bridge: the feeds of one account, asked again and again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable

from ...api import (
    Actor,
    AuthExpired,
    Batch,
    BridgeError,
    Capabilities,
    ClaimsSeen,
    Context,
    ConversationGone,
    ConversationRef,
    ConversationSeen,
    Health,
    Level,
    NotSupported,
    Origin,
    Outcome,
    Outgoing,
    RawAnswer,
    RawRequest,
    Refused,
    RemoteFile,
    State,
    Temporary,
)
from . import notices, pages, websub
from .charset import decode
from .convert import described
from .discover import feeds_of
from .fetch import MAX_BYTES, Answer, ask, origin_of
from .model import Unreadable
from .opml import write_opml
from .reader import Reader
from .subscriptions import MAX_FEEDS, Subscription, Subscriptions
from .words import typed

AT_ONCE = 4
"""Feeds that are asked at the same time."""
LONGEST_PAUSE_S = 60.0
MAX_FILE = 4 * 1024 * 1024 * 1024
_LINE = "line"
SEVERAL = "this page names several feeds: give it to a new login of this account, which lets you choose"


class Bridge:
    """See `swarm_bridges.api.Bridge`. It can read and nothing else: nobody can say something in a feed."""

    def __init__(self) -> None:
        self._loading = asyncio.Lock()
        self._made: tuple[Subscriptions, Reader] | None = None

    async def _account(self, ctx: Context) -> tuple[Subscriptions, Reader]:
        """Feeds and their reader; a verb may be called before `run` has come to them."""
        async with self._loading:
            if self._made is None:
                feeds = await Subscriptions.load(ctx)
                await feeds.take(ctx.settings.get("feeds", "").split("\n"), ctx.settings.get("import", ""))
                self._made = feeds, Reader(ctx, feeds)
            return self._made

    async def run(self, ctx: Context) -> None:
        """Ask for feeds when it is time, and for more of them when the owner looks.

        Raises:
            Temporary: no feed can be reached; that is the line and not the feeds.
            AuthExpired: the account's password is not taken any more.
        """
        await ctx.state(Health(State.CONNECTING))
        feeds, reader = await self._account(ctx)
        await ctx.ingest(Batch(notices.room()))
        await self._probe(ctx, feeds, reader)
        await ctx.state(Health(State.CATCHING_UP))
        origin, looked = Origin.CATCH_UP, False
        while True:
            now = ctx.clock.now()
            due = [one for one in feeds.active() if min(one.due, one.soonest if looked else one.due) <= now]
            await self._ask_all(ctx, reader, due, origin)
            if due and (active := feeds.active()) and all(one.problem == _LINE for one in active):
                raise Temporary("no feed can be reached")
            if origin is Origin.CATCH_UP:
                origin = Origin.LIVE
                await ctx.state(Health(State.CONNECTED))
            looked = await self._rest(ctx, feeds)

    async def _probe(self, ctx: Context, feeds: Subscriptions, reader: Reader) -> None:
        """Where no feed could be reached, try one; if it comes, all others are asked too."""
        lost = [one for one in feeds.active() if one.problem == _LINE]
        if not lost or len(lost) < len(feeds.active()):
            return
        first = min(lost, key=lambda one: one.asked)
        await self._ask(ctx, reader, first, Origin.CATCH_UP)
        if first.problem == _LINE:
            raise Temporary("no feed can be reached")
        for one in lost:
            if one is not first:
                one.due = 0.0

    async def _rest(self, ctx: Context, feeds: Subscriptions) -> bool:
        """Wait until a feed is due; whether the owner looked meanwhile."""
        until = min((one.due for one in feeds.active()), default=float("inf")) - ctx.clock.now()
        wait_s = min(max(until, 1.0), LONGEST_PAUSE_S)
        before = ctx.clock.monotonic()
        await ctx.pause(wait_s)
        return ctx.clock.monotonic() - before < wait_s * 0.9

    async def _ask_all(
        self, ctx: Context, reader: Reader, due: Iterable[Subscription], origin: Origin
    ) -> None:
        """Ask for some, few at a time, the one that waited longest first."""
        waiting = sorted(due, key=lambda one: one.due, reverse=True)

        async def work() -> None:
            while waiting:
                await self._ask(ctx, reader, waiting.pop(), origin)

        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(min(AT_ONCE, len(waiting))):
                    tasks.create_task(work())
        except* BridgeError as group:
            raise group.exceptions[0] from None

    async def _ask(self, ctx: Context, reader: Reader, one: Subscription, origin: Origin) -> None:
        try:
            await reader.look(one, origin)
        except AuthExpired as e:
            if ctx.settings.get("origin") == origin_of(one.url):  # it was this account's password
                raise
            await reader.failed(one, e)
        except (BridgeError, Unreadable) as e:
            await reader.failed(one, e)

    # What the owner wants

    async def join(self, ctx: Context, address: str) -> ConversationSeen:
        """Add a feed, by its address or that of a page that names one.

        Raises:
            BridgeError: it does not come. Refused where it is no feed and names none, or several.
        """
        feeds, reader = await self._account(ctx)
        url = typed(address)
        if not url:
            raise Refused("this is no address of the web")
        if len(feeds.active()) >= MAX_FEEDS:
            raise Refused(f"there are {MAX_FEEDS} feeds already")
        for _ in range(2):
            answer = await ask(ctx.http, url, login=await reader.login())
            kind = answer.headers.get("content-type", "")
            try:
                feed = await reader.parsed(answer)
                break
            except Unreadable as e:
                named = list(feeds_of(decode(answer.body, kind), answer.url)) if e.reason == "page" else []
                if len(named) != 1:
                    raise Refused(SEVERAL if named else str(e)) from None
                url = named[0]
        else:
            raise Refused("this page names another page as its feed")
        one = feeds.add(answer.moved)
        await reader.came(one, answer, feed, Origin.HISTORY)
        return described(one.id, feed)[0]

    async def leave(self, ctx: Context, conversation: ConversationRef) -> None:
        """Ask for a feed no more. What it said stays."""
        feeds, _ = await self._account(ctx)
        one = next((one for one in feeds.all.values() if one.id == conversation.remote_id), None)
        if one is None:
            raise Refused("this is none of the feeds")
        one.left = True
        await ctx.ingest(Batch((ConversationGone(conversation=conversation, reason="left"),)))
        await feeds.save(one)

    async def fetch(self, ctx: Context, file: RemoteFile) -> AsyncIterator[bytes]:
        """A file of an entry, or the list of all feeds."""
        feeds, reader = await self._account(ctx)
        if file.id == notices.OPML.id:
            listed = sorted(feeds.active(), key=lambda one: (one.title.casefold(), one.id))
            yield write_opml((one.url, one.title, one.home) for one in listed)
            return
        origin, login = await reader.login()
        headers = {"Authorization": login} if origin and origin == origin_of(file.id) else {}
        size = 0
        async with ctx.http.stream("GET", file.id, headers=headers) as stream:
            async for piece in stream.chunks():
                size += len(piece)
                if size > MAX_FILE:
                    raise Refused("the file is too large")
                yield piece

    async def webhook(self, ctx: Context, request: RawRequest) -> RawAnswer:
        """What a hub asks or brings; the last part of the path is the feed's key."""
        feeds, reader = await self._account(ctx)
        one = feeds.all.get(request.path.rstrip("/").rpartition("/")[2])
        if one is None or not one.hub:
            return RawAnswer(status=404)
        if request.method == "GET":
            answer = websub.confirmed(one, request, ctx.clock.now())
            await feeds.save(one)
            return answer
        if not one.active or request.method != "POST":
            return RawAnswer(status=410)
        if not websub.signed(one, request) or len(request.body) > MAX_BYTES:
            return RawAnswer(status=202)  # whoever tries secrets learns nothing (section 8)
        try:
            kind = request.headers.get("content-type", "")
            brought = await reader.parsed(Answer(200, request.body, {"content-type": kind}, one.url, one.url))
            await reader.take(one, brought, Origin.LIVE)
        except Unreadable:
            one.due = 0.0  # something is new, so it is asked itself
        return RawAnswer()

    async def read_claims(self, ctx: Context, who: Actor) -> ClaimsSeen:
        """What a page of the web claims, by its address. Raises as `pages.read`."""
        return await pages.read(ctx.http, who)

    async def publish_claims(self, ctx: Context, claims: tuple[str, ...]) -> None:
        """Not possible."""
        raise NotSupported("whose page it is, writes it")

    # What nobody can do in a feed

    async def send(self, ctx: Context, out: Outgoing) -> Outcome:
        """Not possible."""
        raise NotSupported("nobody can say something in a feed")

    async def capabilities(self, ctx: Context, conversation: ConversationRef | None) -> Capabilities:
        """Feeds are read, and pages of the web, for claims."""
        return Capabilities(version="2", levels={"page": Level.FULL}, echo="none", transport_privacy="public")
