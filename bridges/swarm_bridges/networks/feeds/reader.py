"""Reads feeds: asks for one, tells what is new in it, notes how that went."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence

from ...api import (
    Actor,
    AuthExpired,
    Batch,
    BridgeError,
    Context,
    ConversationGone,
    ConversationRef,
    Event,
    Gone,
    Interrupted,
    Limited,
    MessageGone,
    MessageRef,
    Origin,
    Temporary,
)
from . import notices, websub
from .convert import described, message
from .fetch import Answer, ask
from .known import Fresh, Item, Known, Step, add, fresh, gone_ids
from .model import Feed, Unreadable
from .parse import parse
from .schedule import after_answer, after_failure
from .subscriptions import Subscription, Subscriptions, cursor_of

CHUNK = 100
"""Entries of one batch. Between two the loop turns, so that a long feed does not stop all others."""
PATIENT = {"line": 8, "limited": 8, "missing": 8}
"""After how many failures in a row the owner is told."""
IMPATIENT = 3


class Reader:
    """Of one account. One feed is taken in at a time, since the cursor is of the account."""

    def __init__(self, ctx: Context, feeds: Subscriptions) -> None:
        self._ctx, self._feeds = ctx, feeds
        self._taking, self._parsing = asyncio.Lock(), asyncio.Lock()

    @property
    def every_s(self) -> float:
        """How often the owner wants a feed asked."""
        minutes = self._ctx.settings.get("minutes", "60")
        return 60.0 * (int(minutes) if minutes.isdecimal() and len(minutes) < 6 else 60)

    async def login(self) -> tuple[str, str]:
        """The origin that gets this account's password, and the header for it."""
        secret = await self._ctx.secrets.get("password")
        if secret is None:
            return "", ""
        return self._ctx.settings.get("origin", ""), basic(self._ctx.settings.get("user", ""), secret.value)

    async def parsed(self, answer: Answer) -> Feed:
        """The feed in an answer. Raises Unreadable.

        In a thread, since the loop has to turn meanwhile; one at a time, since hostile ones take memory.
        """
        async with self._parsing:
            return await parsed(answer)

    async def look(self, one: Subscription, origin: Origin) -> None:
        """Ask for a feed and tell what is new.

        Raises:
            BridgeError: it does not come. Unreadable: it is none. Then nothing has changed.
        """
        conditions = {"If-None-Match": one.etag, "If-Modified-Since": one.modified}
        conditions = {name: value for name, value in conditions.items() if value}
        login = await self.login()
        answer = await ask(self._ctx.http, one.url, conditions=conditions, login=login)
        if answer.status == 410:
            await self._end(one, "gone")
            return
        feed = None
        if answer.status == 200:
            feed = await self.parsed(answer)
        if answer.moved != one.url and await self._move(one, answer.moved):
            return
        await self.came(one, answer, feed, origin)

    async def came(self, one: Subscription, answer: Answer, feed: Feed | None, origin: Origin) -> None:
        """Take in what came, and note when to ask again; None for what is as it was."""
        if feed is not None:
            await self.take(one, feed, origin)
            self._note(one, feed, answer)
        await self._worked(one, answer, feed)
        if feed is not None and feed.over:
            await self._end(one, "over")

    def _note(self, one: Subscription, feed: Feed, answer: Answer) -> None:
        """What is to be known of it the next time; only now, when its entries are stored."""
        one.etag = answer.headers.get("etag", "")[:1000]
        one.modified = answer.headers.get("last-modified", "")[:100]
        one.every_s, one.skip_hours, one.skip_days = feed.every_s, feed.skip_hours, feed.skip_days
        hub, topic = websub.hub_and_topic(feed, answer.headers, one.url)
        if (hub, topic) != (one.hub, one.topic):
            one.hub, one.topic, one.hub_asked, one.lease_until = hub, topic, 0.0, 0.0
            one.hub_secret = self._ctx.random(24).hex() if hub else ""

    async def _worked(self, one: Subscription, answer: Answer, feed: Feed | None) -> None:
        now = self._ctx.clock.now()
        callback = self._ctx.hook_url
        one.asked, one.failures, one.problem, one.noticed = now, 0, "", False
        one.soonest, one.due = after_answer(
            now,
            self.every_s,
            answer.headers,
            feed or one.rhythm(),
            pushed=one.lease_until > now,
            spread=self._ctx.random(1)[0] / 255,
        )
        if ask_hub := bool(callback) and websub.wanted(one, now):
            one.hub_asked = now
        await self._feeds.save(one)
        if ask_hub:
            await websub.subscribe(self._ctx, one, callback)

    async def take(self, one: Subscription, feed: Feed, origin: Origin) -> None:
        """Tell what is new in a feed; its first entries are the past."""
        async with self._taking:
            known = await self._feeds.known(one.key)
            head = self._head(one, feed)
            origin = origin if one.told else Origin.HISTORY
            news = fresh(feed.entries, known, self._ctx.clock.now())
            feed_ref = ConversationRef(one.id)
            gone = tuple(
                MessageGone(target=MessageRef(feed_ref, id_), actor=Actor(one.id))
                for id_ in gone_ids(feed.deleted, known.items)
            )
            if head or gone:
                await self._ctx.ingest(Batch((*head, *gone)))
            for start in range(0, len(news), CHUNK):
                await self._tell(one, feed, known, news[start : start + CHUNK], origin)
            one.told = True
            await self._feeds.save(one, known=known)

    async def _tell(
        self, one: Subscription, feed: Feed, known: Known, news: Sequence[Fresh], origin: Origin
    ) -> None:
        """One batch, and then what it adds to what is known: see `known`."""
        events, items, last, now = list[Event](), dict[bytes, Item](), known.last, self._ctx.clock.now()
        for entry in news:
            seen, item = message(one.id, feed, entry, number=last + 1, now=now, origin=origin)
            items[entry.key] = item
            last = max(last, item.number)
            if entry.before is None or item.revision != entry.before.revision:
                events.append(seen)
        step = Step(one.key, known.step + 1, items, last)
        if events:
            await self._ctx.ingest(Batch(tuple(events), cursor_of(step)))
        add(known, step)
        await self._feeds.save(one, known=known)

    def _head(self, one: Subscription, feed: Feed) -> tuple[Event, ...]:
        """How it is called, if that has changed."""
        before = (one.title, one.about, one.home)
        one.title, one.about, one.home = feed.title or one.title, feed.about, feed.home
        if one.told and before == (one.title, one.about, one.home):
            return ()
        return described(one.id, feed)

    # How it went otherwise

    async def _move(self, one: Subscription, to: str) -> bool:
        """Follow a feed to where it lies now; whether it goes on as another one."""
        other = self._feeds.at(to)
        if other is not None and other is not one and other.active:
            gone = ConversationGone(
                conversation=ConversationRef(one.id), reason="moved", moved_to=ConversationRef(other.id)
            )
            one.left = True
            await self._notice(one, "joined", gone)
            return True
        one.url = to
        await self._notice(one, "moved")
        return False

    async def _end(self, one: Subscription, why: str) -> None:
        one.gone = True
        await self._notice(one, why, ConversationGone(conversation=ConversationRef(one.id), reason=why))

    async def _notice(self, one: Subscription, what: str, *events: Event) -> None:
        told = notices.notice(one, what, self._ctx.clock.now())
        await self._ctx.ingest(Batch((*events, told)))
        await self._feeds.save(one)

    async def failed(self, one: Subscription, error: BridgeError | Unreadable) -> None:
        """Note that a feed did not come, wait longer, and tell the owner if that goes on."""
        now, wait_s = self._ctx.clock.now(), None
        match error:
            case Unreadable(reason=reason):
                one.problem = reason
            case Limited():
                one.problem, wait_s = "limited", error.wait_s
            case AuthExpired():
                one.problem = "login"
            case Temporary() | Interrupted():
                one.problem = "line"
            case Gone():
                one.problem = "missing"
            case _:
                one.problem = "refused"
        one.failures += 1
        if one.failures == 1:
            one.since = now
        one.asked = now
        one.soonest, one.due = after_failure(now, self.every_s, one.failures, wait_s)
        if one.failures >= PATIENT.get(one.problem, IMPATIENT) and not one.noticed:
            one.noticed = True
            await self._notice(one, one.problem)
        else:
            await self._feeds.save(one)


def basic(user: str, password: bytes) -> str:
    """A value for `Authorization` (RFC 7617)."""
    return f"Basic {base64.b64encode(user.encode() + b':' + password).decode()}"


async def parsed(answer: Answer) -> Feed:
    """The feed in an answer. Raises Unreadable."""
    kind = answer.headers.get("content-type", "")
    return await asyncio.to_thread(parse, answer.body, content_type=kind, url=answer.url)
