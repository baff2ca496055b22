"""Logging in: an address and a password, tried before they are kept."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

from ...api import AuthExpired, BridgeError, Field, LoginContext, LoginDone, Step, Temporary
from ...tls import trusting
from .places import DIRECT_TLS_PORT, PORT, address_of, ways
from .stanzas import bare
from .stream import Stream

PROBE = "swarmnode-login"
"""Another name than the account's own session, which goes on during a new login."""
SETTINGS = ("host", "port", "certificate", "omemo")
ADDRESS = re.compile(r"[^\s@/\"&'<>:]{1,200}@[^\s@/\"&'<>:]{1,200}")


class XmppLogin:
    """See `api.Login`: one form."""

    async def begin(self, ctx: LoginContext) -> Step:
        """See `api.Login`."""
        return _form(ctx)

    async def submit(self, ctx: LoginContext, step: str, answers: Mapping[str, str]) -> Step | LoginDone:
        """See `api.Login`."""
        jid = bare(answers.get("address", "").strip().removeprefix("xmpp:"))
        password = answers.get("password", "")
        settings = {name: said for name in SETTINGS if (said := answers.get(name, "").strip())}
        if not ADDRESS.fullmatch(jid):
            return _form(ctx, answers, "This is not an address such as ada@example.org.")
        if ctx.account and jid != ctx.account:
            return _form(ctx, answers, f"This is another account than {ctx.account}.")
        port = settings.get("port", str(PORT))
        if not (port.isdecimal() and 0 < int(port[:6]) < 65536):
            return _form(ctx, answers, "This is no port: it is a number, usually 5222.")
        try:
            settings = await self._tried(ctx, jid, password, settings)
        except AuthExpired:
            return _form(ctx, answers, "The server does not accept this address with this password.")
        except BridgeError as e:
            return _form(ctx, answers, f"This did not work: {e}.")
        host, number, _ = address_of(jid, settings)
        return LoginDone(
            network_account_id=jid,
            display=jid,
            secrets={"password": password.encode()},
            settings=settings,
            hosts=(f"{host}:{number}",),
        )

    async def _tried(
        self, ctx: LoginContext, jid: str, password: str, settings: Mapping[str, str]
    ) -> dict[str, str]:
        """The settings that work. Raises what the first way raised, if none does."""
        first: Temporary | None = None
        for way in await ways(ctx, jid, settings):
            try:
                await self._probe(ctx, jid, password, way)
            except Temporary as e:
                first = first or e
            else:
                return way
        assert first is not None
        raise first

    async def _probe(self, ctx: LoginContext, jid: str, password: str, settings: Mapping[str, str]) -> None:
        """Log in and out."""
        tls = trusting(settings.get("certificate", ""))
        stream = Stream(jid, password, random=ctx.random, now=ctx.clock.now, tls=tls, name=PROBE)
        host, port, direct_tls = address_of(jid, settings)
        line = await ctx.connect(host, port)
        error: BridgeError | None = None
        async with asyncio.TaskGroup() as tasks:
            sending = tasks.create_task(stream.run_filters())
            try:
                await stream.open(line, direct_tls=direct_tls)
            except BridgeError as e:
                error = e
            finally:
                await stream.close()
                sending.cancel()
        if error is not None:
            raise error

    async def tick(self, ctx: LoginContext, step: str) -> Step | LoginDone:
        """See `api.Login`: nothing is waited for."""
        return _form(ctx)

    async def abort(self, ctx: LoginContext) -> None:
        """See `api.Login`: nothing is left at the server."""


def _form(ctx: LoginContext, answers: Mapping[str, str] | None = None, error: str = "") -> Step:
    """The form, with what was answered but the password."""
    found = ctx.settings.get("found", "")  # what the domain said is not what the owner typed
    before = {n: said for n, said in ctx.settings.items() if not found or n not in {"host", "port"}}
    known = {"address": ctx.account, **before, **(answers or {})}
    return Step(
        id="account",
        kind="form",
        title="Log in to your XMPP account",
        error=error,
        fields=(
            Field("address", "text", "Address", "Such as ada@example.org", default=known.get("address", "")),
            Field("password", "secret", "Password"),
            Field(
                "host",
                "text",
                "Server",
                "If it is not the part behind the @",
                default=known.get("host", ""),
                optional=True,
            ),
            Field(
                "port",
                "text",
                "Port",
                f"If it is neither {PORT} nor {DIRECT_TLS_PORT}",
                default=known.get("port", ""),
                optional=True,
            ),
            Field(
                "certificate",
                "text",
                "Certificate",
                "PEM, for a server that signs its own",
                default=known.get("certificate", ""),
                optional=True,
            ),
            Field(
                "omemo",
                "choice",
                "Read and answer what is encrypted with OMEMO",
                options=(
                    ("no", "no"),
                    ("yes", "yes"),
                    ("first", "yes, and write so first where it can be read"),
                ),
                default=known.get("omemo", "no"),
                optional=True,
            ),
        ),
    )
