"""Logging in: an address, or a list of many.

Feeds that everybody may read are one account, whichever they are. Feeds behind a password are an account for
each user of each server, since it is the account that asks for a new password.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import msgspec

from ...api import AuthExpired, BridgeError, Field, LoginContext, LoginDone, Step
from .charset import decode
from .discover import feeds_of
from .fetch import Answer, ask, origin_of
from .model import Unreadable
from .opml import read_opml
from .reader import basic, parsed
from .words import typed

OPEN = "feeds"
"""The account of feeds that everybody may read."""
MAX_MINUTES = 10_080
MAX_HOSTS = 100
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?")


class _Kept(msgspec.Struct):
    """Between the two steps: what was answered, and the feeds to choose from."""

    answers: dict[str, str]
    feeds: dict[str, str]


class _Wrong(Exception):
    """What was answered does not do; says why."""


class Login:
    """See `swarm_bridges.api.Login`."""

    async def begin(self, ctx: LoginContext) -> Step:
        """Ask for an address."""
        return _form(ctx, {})

    async def submit(self, ctx: LoginContext, step: str, answers: Mapping[str, str]) -> Step | LoginDone:
        """Look whether there is a feed; where a page names several, let the owner choose."""
        given = {name: answer.strip() for name, answer in answers.items()}
        try:
            return await (self._chosen if step == "choose" else self._address)(ctx, given)
        except _Wrong as e:
            return _form(ctx, given, str(e))
        except AuthExpired:
            return _form(ctx, given, "The server does not accept this user with this password.")
        except BridgeError as e:
            return _form(ctx, given, f"This did not work: {e}.")

    async def _chosen(self, ctx: LoginContext, given: dict[str, str]) -> LoginDone:
        kept = msgspec.msgpack.decode(ctx.scratch, type=_Kept)
        url = given.get("feed", "")
        if url == "all":
            return _done(ctx, kept.answers, kept.feeds)
        if url not in kept.feeds:
            raise _Wrong("Choose one of these feeds.")
        return _done(ctx, kept.answers, [await _feed(ctx, url, kept.answers)])

    async def _address(self, ctx: LoginContext, given: dict[str, str]) -> Step | LoginDone:
        _check(given)
        if given.get("opml"):
            try:
                listed = read_opml(given["opml"])
            except Unreadable:
                raise _Wrong("This is no OPML.") from None
            if not listed:
                raise _Wrong("This list names no feed.")
            return _done(ctx, given, listed)
        url = typed(given.get("url", ""))
        if not url:
            raise _Wrong("This is no address of the web, such as https://example.org/feed.")
        answer, named = await _look(ctx, url, given)
        if not named:
            return _done(ctx, given, [answer.moved])
        if len(named) == 1:
            moved = await _feed(ctx, next(iter(named)), given)
            return _done(ctx, given, [moved])
        ctx.keep(msgspec.msgpack.encode(_Kept({k: v for k, v in given.items() if k != "opml"}, named)))
        options = (*((url, title) for url, title in named.items()), ("all", "All of them"))
        return Step(
            id="choose",
            kind="form",
            title="This page has several feeds",
            fields=(Field("feed", "choice", "Feed", options=options),),
        )

    async def tick(self, ctx: LoginContext, step: str) -> Step:
        """Nothing is waited for."""
        return _form(ctx, {})

    async def abort(self, ctx: LoginContext) -> None:
        """Nobody was told of it."""


async def _look(ctx: LoginContext, url: str, given: Mapping[str, str]) -> tuple[Answer, dict[str, str]]:
    """What lies at an address; where it is a page, the feeds that it names."""
    user, password = given.get("user", ""), given.get("password", "")
    login = (origin_of(url), basic(user, password.encode())) if user else ("", "")
    answer = await ask(ctx.http, url, login=login)
    kind = answer.headers.get("content-type", "")
    try:
        await parsed(answer)
    except Unreadable as e:
        named = feeds_of(decode(answer.body, kind), answer.url) if e.reason == "page" else {}
        if named:
            return answer, named
        raise _Wrong(f"There is no feed: {e}.") from None
    return answer, {}


async def _feed(ctx: LoginContext, url: str, given: Mapping[str, str]) -> str:
    """Where a feed lies that a page has named. A password is for the server of the page alone."""
    near = origin_of(url) == origin_of(typed(given.get("url", "")))
    answer, named = await _look(ctx, url, given if near else {})
    if named:
        raise _Wrong("This page names another page as its feed.")
    return answer.moved


def _check(given: Mapping[str, str]) -> None:
    minutes = given.get("minutes", "") or "60"
    if not (minutes.isdecimal() and len(minutes) < 6 and int(minutes) <= MAX_MINUTES):
        raise _Wrong("Minutes are a number, such as 60.")
    if bool(given.get("user")) != bool(given.get("password")) or (given.get("user") and given.get("opml")):
        raise _Wrong("A password needs a user and the address of one feed.")
    if ":" in given.get("user", ""):
        raise _Wrong("A user's name has no colon in it.")


def _done(ctx: LoginContext, given: Mapping[str, str], feeds: Iterable[str]) -> LoginDone:
    feeds = list(feeds)
    user, origin = given.get("user", ""), origin_of(typed(given.get("url", ""))) if given.get("user") else ""
    if user and any(origin_of(feed) != origin for feed in feeds):
        raise _Wrong("The feed lies on another server, which is not to get the password.")
    account = f"{user} at {origin}" if user else OPEN
    if ctx.account and account != ctx.account:
        raise _Wrong("Feeds with another password, or with none, are another account.")
    return LoginDone(
        network_account_id=account,
        display=f"{user} at {urlsplit(origin).hostname}" if user else "Feeds",
        secrets={"password": given["password"].encode()} if user else {},
        settings={
            "feeds": "\n".join(feeds),
            "import": ctx.random(8).hex(),
            "minutes": given.get("minutes") or "60",
            "user": user,
            "origin": origin,
        },
        hosts=_hosts((*feeds, *ctx.settings.get("feeds", "").split("\n"))),
    )


def _hosts(feeds: Iterable[str]) -> tuple[str, ...]:
    """Where feeds lie: these may also be in the owner's own network, if that was said (`--at-home`)."""
    found = (url.split("/", 3)[2] for url in feeds if url)
    return tuple(dict.fromkeys(host for host in found if _HOST.fullmatch(host)))[:MAX_HOSTS]


def _form(ctx: LoginContext, given: Mapping[str, str], error: str = "") -> Step:
    """The form, with what was answered but the password and the list."""
    known = {**ctx.settings, "url": ctx.settings.get("feeds", "").partition("\n")[0], **given}
    text = "A page's feed is found by itself. An address below a password is an account of its own."

    def field(name: str, kind: str, label: str, help_: str = "", default: str = "") -> Field:
        return Field(name, kind, label, help_, default=known.get(name) or default, optional=True)

    return Step(
        id="address",
        kind="form",
        title="Feeds",
        text=text,
        error=error,
        fields=(
            field("url", "url", "Address", "Of a feed, or of a page that has one"),
            Field("opml", "text", "OPML", "A list from another reader, instead of an address", optional=True),
            field("user", "text", "User", "Only for a feed behind a password"),
            Field("password", "secret", "Password", optional=True),
            field("minutes", "text", "Minutes", "Between two looks at a feed", "60"),
        ),
    )
