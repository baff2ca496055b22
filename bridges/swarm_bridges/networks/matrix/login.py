"""Logging in: an address and a password, or the server's own page. A token is kept, and two keys."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

from ...api import (
    AuthExpired,
    BridgeError,
    Field,
    Gone,
    Limited,
    LoginContext,
    LoginDone,
    NotSupported,
    Refused,
    Step,
)
from .client import API, Client
from .model import table, text
from .sealed.beginning import Made, has_keys, publish
from .sealed.recovery import WrongKey, has_storage, recovered

NAME = "swarmnode"
USER = re.compile(r"@[^\s:@/]{1,200}:[^\s@/?#]{1,250}")
SHOWN_HERE = "http://localhost/"
"""Where a browser is sent that has nowhere to go: what it was sent with stands in its address line."""
YES = frozenset({"true", "yes", "1", "on"})
WELL_KNOWN = "https://{}/.well-known/matrix/client"


class Ticket(msgspec.Struct):
    """What is kept between the steps. `begin`: the owner wants keys of the account's own."""

    user: str
    base: str
    password: str = ""
    begin: bool = False

    def __repr__(self) -> str:
        return f"Ticket({self.base!r})"


class Done(msgspec.Struct):
    """What the server has given, kept while the owner looks for the recovery key."""

    user: str
    base: str
    token: str
    device: str
    made: Made | None = None

    def __repr__(self) -> str:
        return f"Done({self.base!r})"

    def login(self, more: Mapping[str, bytes] | None = None) -> LoginDone:
        """As the contract has it, with more secrets."""
        return LoginDone(
            network_account_id=self.user,
            display=self.user,
            secrets={"token": self.token.encode(), **(more or {})},
            settings={"url": self.base, "device": self.device},
            hosts=(urlsplit(self.base).netloc,),
        )


class MatrixLogin:
    """See `api.Login`: one form; one more where the server is somewhere else, or has a page of its own."""

    async def begin(self, ctx: LoginContext) -> Step:
        """See `api.Login`."""
        return _form(ctx)

    async def submit(self, ctx: LoginContext, step: str, answers: Mapping[str, str]) -> Step | LoginDone:
        """See `api.Login`."""
        if step == "written" and ctx.scratch:
            return await _begun(ctx, msgspec.json.decode(ctx.scratch, type=Done))
        if step == "recovery" and ctx.scratch:
            return await _recovered(ctx, msgspec.json.decode(ctx.scratch, type=Done), answers)
        if step in {"server", "page"} and ctx.scratch:
            ticket = msgspec.json.decode(ctx.scratch, type=Ticket)
            if step == "server":
                ticket.base = base_of(answers.get("server", ""))
                answers = {"address": ticket.user, "server": ticket.base}
            else:
                return await self._token(ctx, ticket, answers.get("code", ""))
        else:
            user = user_of(answers.get("address", ""), answers.get("server", "") or ctx.account)
            if not USER.fullmatch(user):
                return _form(ctx, answers, "This is not an address such as @ada:example.org.")
            if ctx.account and user != ctx.account:
                return _form(ctx, answers, f"This is another account than {ctx.account}.")
            begin = answers.get("begin", "") in YES
            ticket = Ticket(user, base_of(answers.get("server", "")), answers.get("password", ""), begin)
        try:
            return await self._tried(ctx, ticket)
        except NotSupported:
            return _form(ctx, answers, "There is no such server, or it does not answer as Matrix does.")
        except Limited:
            return _form(ctx, answers, "The server wants you to wait before you try again.")
        except (Refused, AuthExpired):
            return _form(ctx, answers, "The server does not accept this address with this password.")
        except (BridgeError, msgspec.ValidationError):
            return _form(ctx, answers, "There is no such server, or it does not answer as Matrix does.")

    async def _tried(self, ctx: LoginContext, ticket: Ticket) -> Step | LoginDone:
        host = ticket.user.partition(":")[2]
        if not ticket.base:
            ticket.base = await published(ctx, host)
            if not _is_below(ticket.base, host):
                ctx.keep(msgspec.json.encode(ticket))
                return _elsewhere(ticket.base)
        client = Client(ctx.http, ticket.base)
        try:
            await client.get("/_matrix/client/versions")
            told = await client.get("/login")
        except (Refused, AuthExpired):
            raise NotSupported("this is no homeserver") from None
        flows = {text(table(flow), "type") for flow in told.get("flows") or ()}
        if ticket.password and "m.login.password" in flows:
            by = {"type": "m.id.user", "user": ticket.user}
            given = {"type": "m.login.password", "identifier": by, "password": ticket.password}
            return await self._done(ctx, ticket, given)
        if "m.login.sso" in flows or "m.login.token" in flows:
            ctx.keep(msgspec.json.encode(ticket))
            return _page(ctx, ticket)
        raise NotSupported("this server wants a login that is not known here")

    async def _token(self, ctx: LoginContext, ticket: Ticket, pasted: str) -> Step | LoginDone:
        """The token that the server's page has given (1.11, 5.5.4): it is good for once."""
        query = parse_qs(urlsplit(pasted.strip()).query)
        token = query.get("loginToken", [pasted.strip()])[0]
        try:
            return await self._done(ctx, ticket, {"type": "m.login.token", "token": token})
        except BridgeError:
            return _page(ctx, ticket, "This code did not work; it may be too old. Open the page again.")

    async def _done(self, ctx: LoginContext, ticket: Ticket, given: Mapping[str, object]) -> Step | LoginDone:
        """Log in, under the same device as before: the server then still knows what was sent by it."""
        asked = {**given, "initial_device_display_name": NAME}
        if device := ctx.settings.get("device"):
            asked["device_id"] = device
        told = await Client(ctx.http, ticket.base).post("/login", asked)
        user, token, device = (text(told, name) for name in ("user_id", "access_token", "device_id"))
        if not user or not token:
            raise NotSupported("the server gave no token")
        if ctx.account and user != ctx.account:
            await Client(ctx.http, ticket.base, token).post("/logout", {})
            raise Refused("this is another account")
        done = Done(user, ticket.base, token, device)
        client = Client(ctx.http, ticket.base, token)
        if await has_storage(client, user):
            ctx.keep(msgspec.json.encode(done))
            return _recovery()
        if not ticket.begin:
            return done.login()
        if not await has_keys(client, user):
            done.made = Made.new(ctx.random)
        ctx.keep(msgspec.json.encode(done))
        return _written(done.made)

    async def tick(self, ctx: LoginContext, step: str) -> Step:
        """See `api.Login`: nothing is waited for."""
        return await self.begin(ctx)

    async def abort(self, ctx: LoginContext) -> None:
        """See `api.Login`: of what is not done a session may be left, which ends; but for that of before."""
        with suppress(msgspec.ValidationError, msgspec.DecodeError, BridgeError):
            done = msgspec.json.decode(ctx.scratch, type=Done)
            if not ctx.settings.get("device"):
                await Client(ctx.http, done.base, done.token).post("/logout", {}, again=True)


async def _begun(ctx: LoginContext, done: Done) -> Step | LoginDone:
    """Publish the account's first keys: their recovery key is written down."""
    if done.made is None:
        return done.login()
    try:
        found = await publish(Client(ctx.http, done.base, done.token), done.user, done.made, ctx.random)
    except BridgeError:
        return _written(done.made, "The server did not take it. Try again, or end this and log in without.")
    return done.login({"keys": msgspec.json.encode(found)})


async def _recovered(ctx: LoginContext, done: Done, answers: Mapping[str, str]) -> Step | LoginDone:
    """Open the owner's own keys with what the owner has given; with nothing, do without."""
    if not (typed := answers.get("recovery", "").strip()):
        return done.login()
    try:
        found = await recovered(Client(ctx.http, done.base, done.token), done.user, typed)
    except WrongKey as e:
        return _recovery(f"{str(e)[0].upper()}{str(e)[1:]}.")
    except Limited:
        return _recovery("The server wants you to wait before you try again.")
    except BridgeError:
        return _recovery("The server does not give out what this would open.")
    return done.login({"keys": msgspec.json.encode(found)})


async def published(ctx: LoginContext, host: str) -> str:
    """The homeserver that a domain names, or the domain itself (1.11, 2.1). Raises NotSupported."""
    try:
        told = await ctx.http.get(WELL_KNOWN.format(host), max_bytes=100_000, timeout_s=15.0)
    except Gone:
        return f"https://{host}"
    base = base_of(text(table(table(told.json()).get("m.homeserver")), "base_url"))
    if not base.startswith("https://"):
        raise NotSupported("the domain does not say where its server is")
    return base


def base_of(named: str) -> str:
    """A server's URL, from what people type; or nothing, also for one elsewhere without TLS."""
    scheme, mark, rest = named.strip().partition("://")
    if not mark:
        scheme, rest = "https", scheme
    place = rest.rstrip("/")
    try:
        parts = urlsplit(f"{scheme}://{place}")
        parts.port  # noqa: B018 - it looks whether there is a number
    except ValueError:
        return ""
    good = parts.hostname and "@" not in place
    good = good and (scheme == "https" or (scheme == "http" and _is_near(parts.hostname or "")))
    return f"{scheme}://{place}" if good and not (parts.query or parts.fragment) else ""


def _is_near(host: str) -> bool:
    """Whether a host is this machine, or in the owner's own network: there one may speak in the clear."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return host == "localhost"


def user_of(address: str, server: str) -> str:
    """`@ada:example.org`, also of `ada` at a server that is named beside it."""
    user = address.strip()
    if user and ":" not in user:
        place = server.partition(":")[2] if server.startswith("@") else urlsplit(base_of(server)).netloc
        user = f"{user}:{place}"
    return user if user.startswith("@") else f"@{user}"


def _is_below(base: str, host: str) -> bool:
    """Whether a server is at a host that the owner has named, or below it."""
    named, found = urlsplit(f"//{host}").hostname or "", urlsplit(base).hostname or ""
    return found == named or found.endswith(f".{named}")


def _form(ctx: LoginContext, answers: Mapping[str, str] | None = None, error: str = "") -> Step:
    """The form, with what was answered but the password."""
    known = {"address": ctx.account, "server": ctx.settings.get("url", ""), **(answers or {})}
    return Step(
        id="account",
        kind="form",
        title="Log in to your Matrix account",
        error=error,
        fields=(
            Field("address", "text", "Address", "Such as @ada:example.org", default=known["address"]),
            Field("password", "secret", "Password", "Empty to log in at your server's page", optional=True),
            Field(
                "server",
                "url",
                "Server",
                "If the part behind the colon does not lead there",
                default=known["server"],
                optional=True,
            ),
            Field(
                "begin", "bool", "Make a recovery key", "For encrypted rooms, if you have none", optional=True
            ),
        ),
    )


def _elsewhere(base: str) -> Step:
    return Step(
        id="server",
        kind="form",
        title="Your server is somewhere else",
        text="Your address's domain names this server. Your password goes there: is it right?",
        fields=(Field("server", "url", "Server", default=base),),
    )


def _recovery(error: str = "") -> Step:
    return Step(
        id="recovery",
        kind="form",
        title="Your recovery key",
        text=(
            "With it others see that this device is yours, and old messages in encrypted rooms can be read. "
            "Two of the keys that it opens are kept, and it is not. Leave it empty to do without, or to stay "
            "with what is known from before."
        ),
        fields=(
            Field(
                "recovery",
                "secret",
                "Recovery key",
                "`EsTc LW2K …`, or your passphrase for it",
                optional=True,
            ),
        ),
        error=error,
    )


def _written(made: Made | None, error: str = "") -> Step:
    if made is None:
        return Step(
            id="written",
            kind="confirm",
            title="Your account has keys already",
            text="Another client has made them and kept them to itself. Make a recovery key for them there.",
        )
    return Step(
        id="written",
        kind="confirm",
        title="Write this down",
        text="This is your recovery key. Whoever has it can read your encrypted rooms; it is not kept here.",
        show={"code": made.shown},
        error=error,
    )


def _page(ctx: LoginContext, ticket: Ticket, error: str = "") -> Step:
    asked = urlencode({"redirectUrl": ctx.redirect_url or SHOWN_HERE})
    return Step(
        id="page",
        kind="open_url",
        title="Log in at your server",
        text="Open this page and log in. Then give here the address that your browser was led to.",
        show={"url": f"{ticket.base}{API}/login/sso/redirect?{asked}"},
        fields=(Field("code", "code", "Address", "It holds `loginToken=`"),),
        error=error,
    )
