"""Logging in to networks: what screens show and answer, step by step, each step in the package's process.

A login may connect to the hosts that the owner types into it, and to what its manifest names. Hosts are kept
with the bridge's own scratch, so that a login goes on after a restart.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar
from urllib.parse import urlsplit

import msgspec

from swarm_bridges import api
from swarm_bridges.api import AccountId, LoginDone
from swarm_bridges.desk import LoginState, LoginTurn

from ...errors import UsageError
from ...services.step import Step
from ...storage.bridge_shelves import Login
from ..core import accounts, logins
from ..core.packed import mapping
from .connect import Reach, plain_host
from .packages import BadPackage, Reason
from .steps import Steps, part
from .supervisor import Supervisor

T = TypeVar("T")

MAX_NAMED = 20
_NAMING = frozenset({"text", "url", "email"})
"""Kinds of fields in which the owner may name a host."""


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """What lies in a login's scratch: hosts that were named, and the bridge's own."""

    named: tuple[str, ...]
    scratch: bytes


class Logins:
    """Over a supervisor that runs. A `Login` is a row: what is shown, and the turn that an answer names."""

    def __init__(self, runs: Steps, supervisor: Supervisor, *, redirect_url: str = "") -> None:
        self._runs, self._supervisor, self._redirect_url = runs, supervisor, redirect_url

    async def begin(
        self,
        package: str,
        why: str = "add",
        *,
        account: str = "",
        language: str = "en",
        at_home: bool = False,
    ) -> Login | AccountId:
        """Begin a login: the first step, or the account where none is needed.

        `at_home`: the owner says that the server is in a private network.

        Raises:
            NotFound, UsageError, BadPackage: see `core.logins.begin` and `Supervisor.logging_in`.
            BridgeError: what the login raised; it is given up then.
        """
        row = await self._do(lambda step: logins.begin(step, package, why, account=account, at_home=at_home))
        try:
            return await self._advance(row, "begin", {}, (), language)
        except Exception:
            await self._do(lambda step: logins.end(step, row.id))
            raise

    async def get(self, login: str) -> Login:
        """What is shown. Raises NotFound."""
        return await self._do(lambda step: logins.get(step, login))

    async def answer(
        self, login: str, turn: str, answers: Mapping[str, str], *, language: str = "en"
    ) -> Login | AccountId:
        """Answer a step: the next one, or the account. To an answer that comes twice, what is there.

        Raises:
            NotFound, UsageError: there is no such login, this step is over, or it asks for more; or the
                server is in a private network, and nobody said so.
            Conflict: the account is there already, or it is another one's login.
            BridgeError: what the login raised; the step stays.
        """
        row = await self.get(login)
        if (account := logins.over(row)) is not None:
            return account
        if await self._do(lambda step: logins.repeated(step, login, turn)):
            return row
        shown = logins.shown(row)
        answers = {} if shown is None else asked_for(shown, answers)
        named = () if shown is None else named_hosts(shown, answers)
        return await self._advance(row, "submit", answers, named, language)

    async def tick(self, login: str, *, language: str = "en") -> Login | AccountId:
        """Look whether what is waited for has happened; see `answer`."""
        row = await self.get(login)
        return logins.over(row) or await self._advance(row, "tick", {}, (), language)

    async def abort(self, login: str) -> None:
        """Give a login up. What its network thinks of that is no matter."""
        row = await self.get(login)
        try:
            if logins.over(row) is None:
                await self._call(row, "abort", {}, (), "en")
        except (api.BridgeError, BadPackage):
            pass
        finally:
            await self._do(lambda step: logins.end(step, login))

    async def _advance(
        self, row: Login, verb: str, answers: Mapping[str, str], named: Iterable[str], language: str
    ) -> Login | AccountId:
        turn, reach = await self._call(row, verb, answers, named, language)
        outcome = turn.outcome
        if isinstance(outcome, LoginDone):
            self._check(row.package, outcome, reach)
            return await self._do(lambda step: logins.done(step, row.id, outcome))
        if outcome is None:
            raise UsageError("the bridge shows nothing")
        kept = msgspec.msgpack.encode(_Kept(tuple(sorted(reach.named)), turn.scratch))
        return await self._do(lambda step: logins.showed(step, row.id, outcome, kept))

    async def _call(
        self, row: Login, verb: str, answers: Mapping[str, str], named: Iterable[str], language: str
    ) -> tuple[LoginTurn, Reach]:
        kept = msgspec.msgpack.decode(row.scratch, type=_Kept) if row.scratch else _Kept((), b"")
        shown = logins.shown(row)
        owner, hosts = "", frozenset[str]()
        if row.account:
            known = await self._do(lambda step: accounts.get(step, row.account))
            owner, hosts = known.owner, frozenset(known.hosts)
        package = self._supervisor.package(row.package)
        typed = frozenset(sorted({*kept.named, *named})[:MAX_NAMED])
        reach = Reach(package.manifest.needs.egress, hosts, typed, row.at_home)
        about = LoginState(
            why=row.why,
            account=owner,
            settings=mapping(row.settings),
            language=language,
            redirect_url=self._redirect_url,
            scratch=kept.scratch,
        )
        flow = AccountId(f"login {row.id}")
        async with self._supervisor.logging_in(row.package, flow, reach) as process:
            step = "" if shown is None else shown.id
            try:
                turn = await process.login(flow, verb, about, step=step, answers=answers)
            finally:
                # What the bridge makes of that would be a riddle: it does not know the owner's network.
                if self._supervisor.kept_out(flow):
                    raise UsageError(
                        "this server is in a private network",
                        hint="If that is your own, begin again and say so: `--at-home`.",
                    )
        return turn, reach

    def _check(self, package: str, done: LoginDone, reach: Reach) -> None:
        """A login may bring what its manifest names, and hosts that somebody has named.

        Raises:
            BadPackage: it brings other secrets.
            UsageError: it brings other hosts.
        """
        if not set(done.secrets) <= set(self._supervisor.package(package).manifest.secrets):
            raise BadPackage(package, Reason.SECRETS)
        for place in done.hosts:
            host, _, port = place.rpartition(":")
            host, port = (host, port) if host and port.isdigit() else (place, "443")
            if not reach.allows(plain_host(host), int(port)):
                raise UsageError("this login leads to a host that nobody has named")

    async def _do(self, wish: Callable[[Step], T]) -> T:
        return await part(self._runs, wish)


def asked_for(shown: api.Step, answers: Mapping[str, str]) -> dict[str, str]:
    """What a step asks for, and nothing else; where nothing was said the default is meant.

    Raises:
        UsageError: something is missing, or is none of the choices.
    """
    found = {}
    for field in shown.fields:
        said = answers.get(field.name, field.default)
        if not said.strip() and not field.optional:
            raise UsageError(f"{field.name} is missing: {field.label}")
        if said and field.options and said not in {value for value, _ in field.options}:
            raise UsageError(f"{field.name} is one of {', '.join(value for value, _ in field.options)}")
        found[field.name] = said
    return found


def named_hosts(shown: api.Step, answers: Mapping[str, str]) -> frozenset[str]:
    """Hosts in what the owner has typed: of web addresses, of `ada@HOST` and `@ada:HOST`, or as they are."""
    found = set()
    for field in shown.fields:
        text = answers.get(field.name, "").strip()
        if field.kind not in _NAMING or not text:
            continue
        if text.startswith("@") and "@" not in text[1:]:
            text = text.partition(":")[2]
        address = text if "://" in text else f"//{text.rpartition('@')[2]}"
        try:
            host = plain_host(urlsplit(address).hostname or "")
        except (ValueError, api.Refused):
            continue
        if "." in host or ":" in host or host == "localhost":
            found.add(host)
    return frozenset(found)
