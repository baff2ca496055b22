"""Logging in: server, user and password, then a code."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from swarm_bridges.api import Field, Gone, LoginContext, LoginDone, Refused, Step, Temporary

ACCOUNT = Step(
    id="account",
    kind="form",
    title="Your account",
    fields=(
        Field("url", "url", "Server"),
        Field("user", "text", "User name"),
        Field("password", "secret", "Password"),
    ),
)
CODE = Step(
    id="code",
    kind="form",
    title="A second factor",
    text="The code that the network has sent to you.",
    fields=(Field("code", "code", "Code", pattern="[0-9]{6}"),),
)


def _with_error(step: Step, error: str) -> Step:
    return Step(id=step.id, kind=step.kind, title=step.title, text=step.text, fields=step.fields, error=error)


class Login:
    """See `swarm_bridges.api.Login`. Between the steps it keeps the server and the ticket for the code."""

    async def begin(self, ctx: LoginContext) -> Step:
        """Ask for the account; who logs in again need not type the server."""
        url, *others = ACCOUNT.fields
        known = Field(url.name, url.kind, url.label, default=ctx.settings.get("url", ""))
        return Step(id=ACCOUNT.id, kind=ACCOUNT.kind, title=ACCOUNT.title, fields=(known, *others))

    async def submit(self, ctx: LoginContext, step: str, answers: Mapping[str, str]) -> Step | LoginDone:
        """Check what was typed with the server."""
        try:
            return await (self._account if step == "account" else self._code)(ctx, answers)
        except Gone:
            return _with_error(ACCOUNT, "This is no server of the demo network.")
        except Refused:
            wrong = ACCOUNT if step == "account" else CODE
            return _with_error(wrong, "The server does not know this user, or the answer is wrong.")
        except Temporary:
            return _with_error(ACCOUNT, "The server does not answer.")

    async def _account(self, ctx: LoginContext, answers: Mapping[str, str]) -> Step:
        url = answers["url"].rstrip("/")
        asked = {"user": answers["user"], "password": answers["password"]}
        reply = await ctx.http.post(f"{url}/login", json=asked)
        ctx.keep(f"{url}\n{reply.json()['ticket']}".encode())
        return CODE

    async def _code(self, ctx: LoginContext, answers: Mapping[str, str]) -> LoginDone:
        url, ticket = ctx.scratch.decode().split("\n")
        reply = await ctx.http.post(f"{url}/code", json={"ticket": ticket, "code": answers["code"]})
        secrets = {name: reply.json()[name].encode() for name in ("token", "refresh")}
        headers = {"Authorization": f"Bearer {secrets['token'].decode()}"}
        me = (await ctx.http.get(f"{url}/me", headers=headers)).json()
        return LoginDone(
            network_account_id=me["id"],
            display=me["name"],
            secrets=secrets,
            settings={"url": url},
            hosts=(urlsplit(url).netloc,),
        )

    async def tick(self, ctx: LoginContext, step: str) -> Step:
        """Nothing is waited for."""
        return await self.begin(ctx)

    async def abort(self, ctx: LoginContext) -> None:
        """Nothing is left at the server."""
