"""Logging in: the server's own page, and the code that it gives (OAuth 2.0, RFC 6749), or a token."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

from ... import api
from ...api import BridgeError, Field, Gone, LoginContext, LoginDone, Refused, Step
from .client import Client
from .session import owner_of

SHOWN_HERE = "urn:ietf:wg:oauth:2.0:oob"
"""A redirect that leads nowhere: the server shows the code."""
SCOPES = "read write follow"
NAME = "swarmnode"
HOST = re.compile(r"[^\s/?#@\\]{1,253}")


class Ticket(msgspec.Struct):
    """What is kept between the steps."""

    base: str
    client_id: str
    client_secret: str
    redirect: str
    state: str


class MastodonLogin:
    """See `api.Login`: the server, then the code."""

    async def begin(self, ctx: LoginContext) -> Step:
        """See `api.Login`."""
        return _form(ctx.settings.get("url", ""))

    async def submit(self, ctx: LoginContext, step: str, answers: Mapping[str, str]) -> Step | LoginDone:
        """See `api.Login`."""
        if step == "code" and ctx.scratch:
            ticket = msgspec.json.decode(ctx.scratch, type=Ticket)
            try:
                return await self._code(ctx, ticket, answers.get("code", ""))
            except (BridgeError, msgspec.ValidationError):
                return _code_step(ticket, "This code did not work; it may be too old. Open the page again.")
        named = answers.get("server", "").strip()
        base = base_of(named)
        if not base:
            return _form(named, "This is not a server such as mastodon.social.")
        token = answers.get("token", "").strip()
        try:
            if token:
                return await self._done(ctx, base, token)
            return await self._register(ctx, base)
        except api.AuthExpired:
            return _form(named, "The server does not accept this token.")
        except (BridgeError, msgspec.ValidationError):
            return _form(named, "There is no such server, or it does not answer as Mastodon does.")

    async def _register(self, ctx: LoginContext, base: str) -> Step:
        """Make this program known to the server, and lead to its page."""
        redirect = ctx.redirect_url or SHOWN_HERE
        asked = {"client_name": NAME, "redirect_uris": redirect, "scopes": SCOPES}
        reply = await Client(ctx.http, ctx.clock, base).act("POST", "/api/v1/apps", form=asked)
        app = msgspec.convert(reply.json(), dict[str, object])
        ticket = Ticket(
            base, str(app.get("client_id")), str(app.get("client_secret")), redirect, ctx.random(16).hex()
        )
        ctx.keep(msgspec.json.encode(ticket))
        return _code_step(ticket)

    async def _code(self, ctx: LoginContext, ticket: Ticket, pasted: str) -> LoginDone:
        asked = {
            "grant_type": "authorization_code",
            "code": code_of(pasted, ticket.state),
            "redirect_uri": ticket.redirect,
            "client_id": ticket.client_id,
            "client_secret": ticket.client_secret,
            "scope": SCOPES,
        }
        reply = await Client(ctx.http, ctx.clock, ticket.base).act("POST", "/oauth/token", form=asked)
        told = msgspec.convert(reply.json(), dict[str, object])
        return await self._done(ctx, ticket.base, str(told.get("access_token", "")))

    async def _done(self, ctx: LoginContext, base: str, token: str) -> LoginDone:
        """Try the token before it is kept."""
        client = Client(ctx.http, ctx.clock, base, token)
        server = await client.look()
        me = await owner_of(client)
        place = urlsplit(base).netloc
        owner = f"{me.id}@{place}"
        if ctx.account and owner != ctx.account:
            raise Refused("this is another account")
        hosts = [place]
        if server.streams and (line := urlsplit(server.streaming).netloc).endswith(f".{place}"):
            hosts.append(line)
        name = me.acct if "@" in me.acct else f"{me.acct}@{place}"
        return LoginDone(
            network_account_id=owner,
            display=name,
            secrets={"token": token.encode()},
            settings={"url": base},
            hosts=tuple(hosts),
        )

    async def tick(self, ctx: LoginContext, step: str) -> Step:
        """See `api.Login`: nothing is waited for."""
        return await self.begin(ctx)

    async def abort(self, ctx: LoginContext) -> None:
        """See `api.Login`: an application that nobody uses is left at the server, which has no way back."""


def base_of(named: str) -> str:
    """The server's URL, from what people type: a host, a URL, or somebody's address there; or nothing."""
    text = named.strip()
    scheme, mark, rest = text.partition("://")
    if not mark:
        scheme, rest = "https", text.rpartition("@")[2]
    host = rest.partition("/")[0].lower()
    if scheme not in {"http", "https"} or not HOST.fullmatch(host):
        return ""
    try:
        urlsplit(f"{scheme}://{host}").port  # noqa: B018 - it looks whether there is a number
    except ValueError:
        return ""
    return f"{scheme}://{host}"


def code_of(pasted: str, state: str) -> str:
    """The code in what was pasted: it alone, with `&state=` behind it, or the URL of the page behind.

    Raises:
        Gone: that page belongs to another login.
    """
    text = pasted.strip()
    if "code=" in text:
        query = parse_qs(urlsplit(text).query or text)
        if query.get("state", [state]) != [state]:
            raise Gone("this belongs to another login")
        return query.get("code", [""])[0]
    code, _, rest = text.partition("&")
    if rest.startswith("state=") and rest != f"state={state}":
        raise Gone("this belongs to another login")
    return code


def _form(server: str, error: str = "") -> Step:
    return Step(
        id="server",
        kind="form",
        title="Your account's server",
        error=error,
        fields=(
            Field("server", "text", "Server", "Such as mastodon.social", default=server),
            Field("token", "secret", "Access token", "If you have made one there yourself", optional=True),
        ),
    )


def _code_step(ticket: Ticket, error: str = "") -> Step:
    asked = {
        "client_id": ticket.client_id,
        "redirect_uri": ticket.redirect,
        "response_type": "code",
        "scope": SCOPES,
        "state": ticket.state,
    }
    return Step(
        id="code",
        kind="open_url",
        title="Allow it at your server",
        text="Open this page, allow access, and give here the code that it shows.",
        show={"url": f"{ticket.base}/oauth/authorize?{urlencode(asked)}"},
        fields=(Field("code", "code", "Code", "Or the whole address of the page that you were led to"),),
        error=error,
    )
