"""Logging in through a real process: steps, answers that come twice, hosts that were named, a new start."""

from __future__ import annotations

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from bridge_host_world import Node, a_node
from bridge_packages import pigeons, write

from swarm_bridges import api
from swarm_bridges.api import Field
from swarmnode.bridging.core import accounts
from swarmnode.bridging.core import logins as rows
from swarmnode.bridging.host.house import Net
from swarmnode.bridging.host.logins import Logins, named_hosts
from swarmnode.bridging.host.packages import BadPackage, Packages, load
from swarmnode.bridging.host.supervisor import Supervisor
from swarmnode.errors import Conflict, NotFound, UsageError
from swarmnode.storage.bridge_shelves import Login

CODE = """
    from swarm_bridges.api import *

    class Bridge:
        async def run(self, ctx):
            await ctx.pause(600)
        async def send(self, ctx, out): ...
        async def capabilities(self, ctx, conversation):
            return Capabilities(version="1", levels={})

    ASK = (
        Field("where", "url", "Where"),
        Field("name", "text", "Name"),
        Field("password", "secret", "Password"),
    )

    class Login:
        async def begin(self, ctx):
            ctx.keep(b"kept")
            return Step(id="who", kind="form", title="Who?", fields=ASK)

        async def submit(self, ctx, step, answers):
            if step == "wait":
                raise Refused("nothing is to be answered here")
            assert ctx.scratch == b"kept"
            if answers["name"] == "elsewhere":
                await ctx.http.get("http://elsewhere.example/")
            if answers["password"] != "hunter2":
                return Step(id="who", kind="form", title="Who?", fields=ASK, error="wrong password")
            await ctx.http.get(answers["where"] + "/updates", params={"after": "0"})
            ctx.keep((answers["name"] + " " + answers["where"]).encode())
            return Step(id="wait", kind="show_and_wait", title="Wait", poll_every_s=1)

        async def tick(self, ctx, step):
            name, where = ctx.scratch.decode().split()
            await ctx.http.get(where + "/updates", params={"after": "0"})
            hosts = ("elsewhere.example",) if name == "leads" else (where.removeprefix("http://"),)
            secrets = {"cookie": b""} if name == "greedy" else {"token": b"hunter2"}
            return LoginDone(network_account_id=name, display=name, secrets=secrets, hosts=hosts)

        async def abort(self, ctx):
            raise Temporary("the network is not there")
"""


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    importlib.invalidate_caches()
    write(folder, "pigeon", CODE, more='secrets = ["token"]')
    return folder


@asynccontextmanager
async def logging_in(node: Node, tmp_path: Path) -> AsyncIterator[Logins]:
    supervisor = Supervisor(
        node.runner,
        lambda: Packages({"pigeon": load("pigeon")}, ()),
        tmp_path / "run",
        net=Net(loopback=True),
    )
    async with supervisor.running():
        yield Logins(node.runner, supervisor)


def asked(login: object) -> tuple[Login, api.Step]:
    assert isinstance(login, Login)
    shown = rows.shown(login)
    assert shown is not None
    return login, shown


@pytest.mark.usefixtures("site")
async def test_a_login_goes_on_after_a_restart_and_ends_in_an_account(tmp_path: Path) -> None:
    async with a_node(tmp_path / "home") as node, pigeons() as network:
        network.say("coo")
        answers = {"where": network.url, "name": "ada", "password": "wrong"}
        async with logging_in(node, tmp_path) as logins:
            first, form = asked(await logins.begin("pigeon"))
            assert [field.name for field in form.fields] == ["where", "name", "password"]
            second, again = asked(await logins.answer(first.id, first.turn, answers))
            assert again.error == "wrong password"
            answers |= {"password": "hunter2"}
            third, wait = asked(await logins.answer(first.id, second.turn, answers))
            assert wait.id == "wait"
            assert await logins.answer(first.id, second.turn, answers) == third, "it came twice"
            with pytest.raises(UsageError):
                await logins.answer(first.id, first.turn, answers)
        async with logging_in(node, tmp_path) as logins:
            account = await logins.tick(first.id)
            assert isinstance(account, str)
            known = await node.do(lambda step: accounts.get(step, account))
            assert (known.package, known.owner) == ("pigeon", "ada")
            assert known.hosts == (network.url.removeprefix("http://"),)
            assert await logins.answer(first.id, third.turn, answers) == account, "whoever did not hear it"
            assert await logins.tick(first.id) == account
            assert (await logins.get(first.id)).scratch == b""
            await logins.abort(first.id)
            with pytest.raises(NotFound):
                await logins.get(first.id)
            same, _ = asked(await logins.begin("pigeon"))
            waiting, _ = asked(await logins.answer(same.id, same.turn, answers))
            with pytest.raises(Conflict):
                await logins.tick(waiting.id)
            await logins.abort(waiting.id)
            with pytest.raises(NotFound):
                await logins.get(waiting.id)
            renewed, _ = asked(await logins.begin("pigeon", "reauth", account=account))
            await logins.answer(renewed.id, renewed.turn, answers)
            assert await logins.tick(renewed.id) == account


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize(
    ("name", "error"), [("elsewhere", api.Refused), ("leads", UsageError), ("greedy", BadPackage)]
)
async def test_a_login_reaches_and_brings_what_was_named_alone(
    name: str, error: type[Exception], tmp_path: Path
) -> None:
    async with a_node(tmp_path / "home") as node, pigeons() as network, logging_in(node, tmp_path) as logins:
        network.say("coo")
        first, _ = asked(await logins.begin("pigeon"))
        answers = {"where": network.url, "name": name, "password": "hunter2"}
        with pytest.raises(error):  # noqa: PT012 - it is refused at one of the two
            await logins.answer(first.id, first.turn, answers)
            await logins.tick(first.id)
        assert await node.do(accounts.all_of) == []
        assert (await logins.get(first.id)).id == first.id, "the step stays"


@pytest.mark.usefixtures("site")
async def test_logins_of_what_is_not_there(tmp_path: Path) -> None:
    async with a_node(tmp_path / "home") as node, logging_in(node, tmp_path) as logins:
        with pytest.raises(NotFound):
            await logins.begin("raven")
        with pytest.raises(NotFound):
            await logins.begin("pigeon", "reauth", account="a9")
        with pytest.raises(UsageError):
            await logins.begin("pigeon", "reauth")


@pytest.mark.parametrize(
    ("kind", "answer", "named"),
    [
        ("url", "https://Social.Example:8443/@ada", {"social.example"}),
        ("text", "ada@chat.example", {"chat.example"}),
        ("text", "@ada:matrix.example", {"matrix.example"}),
        ("text", "@ada@social.example", {"social.example"}),
        ("text", "Ada", set()),
        ("url", "http://localhost:8008", {"localhost"}),
        ("url", "http://[2001:db8::1]:8008", {"2001:db8::1"}),
        ("text", "mail.example:993", {"mail.example"}),
        ("email", "ada@mail.example", {"mail.example"}),
        ("secret", "pass@word.example", set()),
        ("text", "", set()),
        ("url", "http://[", set()),
        ("url", "127.0.0.1", {"127.0.0.1"}),
    ],
)
def test_hosts_that_the_owner_names(kind: str, answer: str, named: set[str]) -> None:
    shown = api.Step(id="who", kind="form", title="Who?", fields=(Field("it", kind, "It"),))
    assert named_hosts(shown, {"it": answer}) == named
