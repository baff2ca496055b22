"""Bridges that run in this process, and an event loop whose connecting the desk does."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from types import ModuleType

import aiohttp
import pytest
from aiohttp import web
from bridge_desk import DeskInMemory

from swarm_bridges import api
from swarm_bridges.api import (
    Accepted,
    AccountId,
    Batch,
    Capabilities,
    ConversationRef,
    Cursor,
    LoginContext,
    LoginDone,
    MessageRef,
    Outcome,
    Outgoing,
    RemoteFile,
    Step,
)
from swarm_bridges.context import Clock
from swarm_bridges.desk import LoginState
from swarm_bridges.loop import NodeLoop
from swarm_bridges.running import Package, WrongShape, current, package_of, running

ACCOUNT = AccountId("a1")
ROOM = ConversationRef("room")
OUT = Outgoing(intent=api.IntentId("i1"), key="k", attempt=1, conversation=ROOM, parts=())
ADD = LoginState(why="add")


class Bridge:
    """Ends as its settings say."""

    async def run(self, ctx: api.Context) -> None:
        await ctx.ingest(Batch((), Cursor(current.get().encode())))
        match ctx.settings.get("end"):
            case "error":
                raise api.AuthRevoked("gone")
            case "bug":
                raise KeyError("hunter2")
            case "return":
                return
        await ctx.pause(60)

    async def send(self, ctx: api.Context, out: Outgoing) -> Outcome:
        return Accepted((MessageRef(out.conversation, f"{ctx.owner} {current.get()}"),))

    async def capabilities(self, ctx: api.Context, conversation: ConversationRef | None) -> Capabilities:
        if conversation is None:
            raise NotImplementedError(ctx.owner)
        return None  # type: ignore[return-value]  # a mistake, on purpose

    async def fetch(self, _ctx: api.Context, file: RemoteFile) -> AsyncIterator[bytes]:
        for piece in range(int(file.id)):
            yield b"%d" % piece
            await asyncio.sleep(0)


class Login:
    async def begin(self, ctx: LoginContext) -> Step | LoginDone:
        ctx.keep(b"asked")
        return Step(id="who", kind="form", title="Who?")

    async def submit(self, ctx: LoginContext, step: str, answers: Mapping[str, str]) -> Step | LoginDone:
        who = f"{answers['name']} {step} {ctx.scratch.decode()}"
        return LoginDone(network_account_id=who, display="", secrets={})

    async def tick(self, ctx: LoginContext, step: str) -> Step | LoginDone:
        raise api.Temporary(f"{ctx.why} {step} not yet")

    async def abort(self, ctx: LoginContext) -> None:
        await ctx.http.get("http://forbidden.example/")


def package(**members: object) -> Package:
    module = ModuleType("tiny")
    vars(module).update({"Bridge": Bridge, "Login": Login, **members})
    return package_of(module)


async def test_an_account_runs_is_called_and_stops() -> None:
    desk = DeskInMemory()
    async with running(package(), desk, clock=Clock(), random=bytes) as bridges:
        await bridges.start(ACCOUNT, "ada", {})
        sent = await bridges.call(ACCOUNT, "send", out=OUT)
        assert sent == Accepted((MessageRef(ROOM, "ada a1"),))
        with pytest.raises(api.Refused):
            await bridges.start(ACCOUNT, "ada", {})
        with pytest.raises(api.NotSupported):
            await bridges.call(ACCOUNT, "edit", target=MessageRef(ROOM, "m"), out=OUT)
        with pytest.raises(api.NotSupported):
            await bridges.call(ACCOUNT, "__init__")
        with pytest.raises(api.BridgeError, match="NotImplementedError < ") as bug:
            await bridges.call(ACCOUNT, "capabilities", conversation=None)
        assert isinstance(bug.value.__cause__, NotImplementedError)
        with pytest.raises(api.BridgeError, match="TypeError < "):
            await bridges.call(ACCOUNT, "capabilities", conversation=ROOM)
        await bridges.wake(ACCOUNT)
        assert await bridges.ended(ACCOUNT) is None
        assert desk.of(ACCOUNT).cursor == b"a1"
        await bridges.start(ACCOUNT, "ada", {})
        await bridges.stop(ACCOUNT)
        with pytest.raises(api.Temporary):
            await bridges.call(ACCOUNT, "send", out=OUT)


@pytest.mark.parametrize(("end", "error"), [("error", api.AuthRevoked), ("bug", KeyError), ("return", None)])
async def test_how_a_bridge_ended_is_told_and_others_run_on(end: str, error: type[Exception] | None) -> None:
    async with running(package(), DeskInMemory(), clock=Clock(), random=bytes) as bridges:
        await bridges.start(ACCOUNT, "ada", {"end": end})
        await bridges.start(AccountId("a2"), "ben", {})
        how = await bridges.ended(ACCOUNT)
        assert how is None if error is None else isinstance(how, error)
        assert await bridges.call(AccountId("a2"), "send", out=OUT)


async def test_files_come_in_pieces() -> None:
    async with running(package(), DeskInMemory(), clock=Clock(), random=bytes) as bridges:
        await bridges.start(ACCOUNT, "ada", {})
        assert [piece async for piece in bridges.fetch(ACCOUNT, RemoteFile(id="3"))] == [b"0", b"1", b"2"]


async def test_a_login_is_made_anew_for_each_call_and_keeps_its_scratch() -> None:
    flow = AccountId("l1")
    async with running(package(), DeskInMemory(), clock=Clock(), random=bytes) as bridges:
        first = await bridges.login(flow, "begin", ADD, answers={})
        assert isinstance(first.outcome, Step)
        assert first.scratch == b"asked"
        then = LoginState(why="add", scratch=first.scratch)
        last = await bridges.login(flow, "submit", then, step="who", answers={"name": "ada"})
        assert isinstance(last.outcome, LoginDone)
        assert last.outcome.network_account_id == "ada who asked"
        with pytest.raises(api.Temporary):
            await bridges.login(flow, "tick", ADD, step="who", answers={})
        with pytest.raises(api.Refused):
            await bridges.login(flow, "abort", ADD, answers={})
    async with running(package(Login=None), DeskInMemory(), clock=Clock(), random=bytes) as bridges:
        with pytest.raises(api.NotSupported):
            await bridges.login(flow, "begin", ADD, answers={})


def test_what_a_package_must_have() -> None:
    assert package().verbs == {"run", "send", "capabilities", "fetch"}

    class Half(Bridge):
        async def resolve(self, ctx: api.Context, handle: str) -> None:
            pass

    with pytest.raises(WrongShape, match="People: contacts, open_direct"):
        package(Bridge=Half)
    for lacking in (None, Login, Bridge()):
        with pytest.raises(WrongShape):
            package(Bridge=lacking)
    with pytest.raises(WrongShape, match="Login"):
        package(Login=Bridge)


# The loop


def _in_node_loop(work: object) -> None:
    with asyncio.Runner(loop_factory=NodeLoop) as runner:
        runner.run(work)  # type: ignore[arg-type]


async def _server() -> tuple[web.AppRunner, int]:
    async def hello(request: web.Request) -> web.Response:
        return web.Response(text=f"hello {request.host}")

    app = web.Application()
    app.router.add_get("/", hello)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    door = socket.socket()
    door.bind(("127.0.0.1", 0))
    await web.SockSite(runner, door).start()
    return runner, door.getsockname()[1]


def test_libraries_that_connect_by_themselves_reach_what_the_desk_connects() -> None:
    desk = DeskInMemory(hosts=frozenset({"chat.example", "192.0.2.7"}))

    async def work() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, NodeLoop)
        loop.connect = lambda host, port: desk.connect(current.get(), host, port)
        current.set(ACCOUNT)
        server, port = await _server()
        resolver = aiohttp.ThreadedResolver()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=resolver)) as session:
            async with session.get(f"http://chat.example:{port}/") as reply:
                assert await reply.text() == f"hello chat.example:{port}"
            with pytest.raises(aiohttp.ClientConnectorError):
                await session.get(f"http://forbidden.example:{port}/")
        for host in ("chat.example", "192.0.2.7"):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(b"GET / HTTP/1.0\r\n\r\n")
            assert (await reader.readline()).startswith(b"HTTP/1.0 200")
            writer.close()
        with pytest.raises(PermissionError):
            await asyncio.open_connection("forbidden.example", port)
        await server.cleanup()
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("chat.example", port)
        assert {(account, host) for account, host, _ in desk.reached} == {
            (ACCOUNT, host) for host in ("chat.example", "192.0.2.7", "forbidden.example")
        }

    _in_node_loop(work())


def test_the_loop_connects_streams_alone_and_does_not_listen() -> None:
    async def work() -> None:
        loop = asyncio.get_running_loop()
        with pytest.raises(socket.gaierror):
            await loop.create_datagram_endpoint(asyncio.DatagramProtocol, remote_addr=("chat.example", 53))
        with pytest.raises(socket.gaierror):
            await loop.getaddrinfo("chat.example", 1, family=socket.AF_INET6)
        with pytest.raises(socket.gaierror):
            await loop.getaddrinfo("chat.example", "https")
        with pytest.raises(socket.gaierror):
            await loop.getaddrinfo(None, 1)
        with socket.socket(type=socket.SOCK_DGRAM) as other, pytest.raises(PermissionError):
            await loop.sock_connect(other, ("240.0.0.1", 53))
        names = [f"h{n % 300}.example" for n in range(600)]
        numbers = [(await loop.getaddrinfo(name, 80))[0][4][0] for name in names]
        assert numbers[:300] == numbers[300:]
        assert len(set(numbers)) == 300

    _in_node_loop(work())
