"""Real processes of bridges: what they do, what they cannot do, and how each way to fail is noticed."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
from bridge_desk import DeskInMemory
from bridge_packages import PIGEON, Pigeons, bridge, package, pigeons
from bridge_process import ACCOUNT, running, says
from dns_server import name_server

from swarm_bridges import api
from swarm_bridges.api import Accepted, AccountId, ConversationRef, MessageRef, Outgoing, RemoteFile, Rendered
from swarm_bridges.desk import LoginState
from swarm_bridges.document import Document
from swarmnode.bridging.host.packages import BadPackage, Reason
from swarmnode.bridging.host.process import PASSED_ON, Gone
from swarmnode.bridging.host.resolve import Resolver

OTHER = AccountId("a2")
OUT = Outgoing(
    intent=api.IntentId("i1"),
    key="k1",
    attempt=1,
    conversation=ConversationRef("loft"),
    parts=(Rendered(Document(), "coo"),),
)


async def test_a_bridge_asks_the_name_service_through_the_node(tmp_path: Path) -> None:
    code = bridge(
        "await ctx.pause(60)",
        capabilities="""
            (one,) = await ctx.srv_records("_imaps._tcp.example.test")
            found = [type(one).__name__, one.host, one.port, *await ctx.txt_records("example.test")]
            for name in ("example.test.", "no name"):
                try:
                    await ctx.srv_records(name)
                except Refused:
                    found.append("refused")
            return Capabilities(version=repr(found), levels={})""",
    )
    records = (
        "srv-host=_imaps._tcp.example.test,mail.example.test,993,1,2",
        "txt-record=example.test,w\u00e4",
    )
    desk = DeskInMemory()
    with name_server(*records) as names:
        desk.resolver = Resolver([names.place])
        async with running(package(tmp_path, "asker", code), desk, tmp_path) as (process, _):
            await process.start(ACCOUNT, "ada", {})
            assert await says(process) == repr(["Service", "mail.example.test", 993, "w\u00e4", "refused"])


async def test_a_bridge_reads_and_sends(tmp_path: Path) -> None:
    desk = DeskInMemory()
    async with (
        pigeons() as network,
        running(package(tmp_path, "pigeon", PIGEON), desk, tmp_path) as (process, _),
    ):
        network.say("one")
        await process.start(ACCOUNT, "ada", {"url": network.url})
        assert await process.call(ACCOUNT, "send", out=OUT) == Accepted((MessageRef(OUT.conversation, "s1"),))
        assert network.sent == [{"room": "loft", "text": "coo"}]
        network.say("two")
        events = await desk.until(ACCOUNT, 2)
        assert [event.ref.remote_id for event in events if isinstance(event, api.MessageSeen)] == ["m1", "m2"]
        await process.stop(ACCOUNT)
        assert desk.of(ACCOUNT).cursor == b"2"
        asked = network.asked
        await process.start(ACCOUNT, "ada", {"url": network.url})
        network.say("three")
        assert len(await desk.until(ACCOUNT, 3)) == 3
        assert network.asked <= asked + 3


CAN_DO = bridge(
    run="await ctx.pause(60)",
    capabilities="""
        import ctypes, fcntl, resource, subprocess, sys
        own, node = socket.socket(), os.getppid()
        secret, door = ctx.settings["secret"], ctx.settings["door"]
        at = ("127.0.0.1", int(ctx.settings["port"]))
        socket.socket(fileno=os.dup(int(sys.argv[2]))).sendto(b"hello", door)
        def libc(name, *arguments):
            if ctypes.CDLL(None, use_errno=True)[name](*arguments) < 0:
                raise OSError(ctypes.get_errno(), name)
        def tried(what):
            try:
                what()
            except OSError as e:
                return type(e).__name__
            return "could"
        home = os.path.expanduser("~")
        done = {
            "dial": lambda: socket.create_connection(at, 2),
            "first": lambda: own.sendto(b"x", socket.MSG_FASTOPEN, at),
            "first-message": lambda: own.sendmsg([b"x"], [], socket.MSG_FASTOPEN, at),
            "paths": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262),
            "pair": lambda: socket.socketpair(type=socket.SOCK_DGRAM)[0].sendto(b"hello", door),
            "unix": lambda: socket.socket(socket.AF_UNIX).connect(ctx.settings["unix"]),
            "datagram": lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", 9)),
            "listen": lambda: socket.create_server(("127.0.0.1", 0)),
            "read": lambda: open(secret).read(),
            "rights": lambda: os.chmod(secret, 0o600),
            "times": lambda: os.utime(secret),
            "label": lambda: os.setxattr(secret, b"user.x", b"x"),
            "watch": lambda: libc("inotify_add_watch", 0, secret.encode(), 1),
            "look": lambda: os.listdir("/proc"),
            "write": lambda: open(secret + "2", "w"),
            "own": lambda: open("own", "w").write("x"),
            "program": lambda: subprocess.run(["/bin/true"]),
            "fork": lambda: os.fork(),
            "signal": lambda: os.kill(node, 0),
            "owner": lambda: fcntl.fcntl(own, fcntl.F_SETOWN, node),
            "any-signal": lambda: fcntl.fcntl(own, 10, 9),
            "limit": lambda: resource.prlimit(node, resource.RLIMIT_CORE, (0, 0)),
            "nice": lambda: os.setpriority(os.PRIO_PROCESS, node, os.getpriority(os.PRIO_PROCESS, node)),
            "outlive": lambda: libc("prctl", 1, 0, 0, 0, 0),
            "memory": lambda: os.memfd_create("x"),
            "shared": lambda: libc("shmget", 0, 4096, 0o1600),
        }
        answers = [name + "=" + tried(what) for name, what in done.items()]
        names = ",".join(sorted(os.environ))
        answers += ["names=" + names, "home=" + str(home == os.getcwd())]
        return Capabilities(version=" ".join(answers), levels={})
    """,
)


@pytest.mark.skipif(sys.platform != "linux", reason="namespaces, Landlock and seccomp are Linux's")
async def test_a_process_reaches_nothing_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SWARMNODE_PASSPHRASE", "hunter2")
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    door = await asyncio.start_unix_server(lambda _r, w: w.close(), tmp_path / "door")
    tcp = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
    port = tcp.sockets[0].getsockname()[1]
    async with (
        door,
        tcp,
        AsyncExitStack() as stack,
        running(package(tmp_path / "site", "tries", CAN_DO), DeskInMemory(), tmp_path) as (process, _),
    ):
        datagrams = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        datagrams.bind(str(tmp_path / "journal"))
        datagrams.setblocking(False)
        settings = {"port": str(port), "secret": str(secret), "unix": str(tmp_path / "door")}
        settings["door"] = str(tmp_path / "journal")
        await process.start(ACCOUNT, "ada", settings)
        answer = dict(said.split("=", 1) for said in (await says(process)).split(" "))
        if "calls" in process.confined:
            with pytest.raises(BlockingIOError):
                datagrams.recv(10)
    assert {"limits", "parent", "privileges"} <= process.confined
    if {"network", "files", "calls"} <= process.confined:
        assert answer.pop("own") == "could"
        names = {"HOME", "TMPDIR", "MALLOC_ARENA_MAX", "LC_CTYPE", *PASSED_ON}
        assert set(answer.pop("names").split(",")) <= names
        assert answer.pop("home") == "True"
        assert answer == dict.fromkeys(answer, "PermissionError")


async def test_a_host_that_is_not_allowed_is_refused(tmp_path: Path) -> None:
    code = bridge(
        run="await ctx.pause(60)",
        send="""
            if out.key == "library":
                await asyncio.open_connection("forbidden.example", 443)
            await ctx.http.get("http://forbidden.example/")
        """,
    )
    desk = DeskInMemory()
    async with running(package(tmp_path, "far", code), desk, tmp_path) as (process, _):
        await process.start(ACCOUNT, "ada", {})
        with pytest.raises(api.Refused):
            await process.call(ACCOUNT, "send", out=OUT)
        with pytest.raises(api.BridgeError, match="PermissionError"):
            await process.call(ACCOUNT, "send", out=msgspec.structs.replace(OUT, key="library"))
        assert desk.reached == [(ACCOUNT, "forbidden.example", 80), (ACCOUNT, "forbidden.example", 443)]


async def test_a_process_speaks_for_its_own_accounts_alone(tmp_path: Path) -> None:
    code = bridge(
        run="await ctx.pause(60)",
        send="""
            ctx.account = "a9"
            await ctx._desk.cursor("a9")
        """,
    )
    desk = DeskInMemory()
    desk.of("a9").cursor = api.Cursor(b"hunter2")
    async with running(package(tmp_path, "nosy", code), desk, tmp_path) as (process, _):
        await process.start(ACCOUNT, "ada", {})
        with pytest.raises(api.Refused, match="not here"):
            await process.call(ACCOUNT, "send", out=OUT)


@pytest.mark.parametrize(
    ("run", "reason"),
    [
        ("time.sleep(60)", "blocked"),
        ("os._exit(3)", "ended"),
        ("raise SystemExit", "ended"),
        ("kept = bytearray(b'x') * 90_000_000; await ctx.pause(600)", "memory"),
    ],
)
async def test_each_way_to_fail_is_noticed_and_others_do_not_notice(
    run: str, reason: str, tmp_path: Path
) -> None:
    more = "needs = { memory_mb = 80 }"
    desk = DeskInMemory()
    kind, bad = package(tmp_path, "pigeon", PIGEON), package(tmp_path, "ill", bridge(run), more=more)
    (tmp_path / "apart").mkdir()
    async with pigeons() as network, running(kind, desk, tmp_path) as (well, life):
        await well.start(ACCOUNT, "ada", {"url": network.url})
        async with running(bad, desk, tmp_path / "apart") as (ill, end):
            try:
                await ill.start(OTHER, "ben", {})
            except api.Interrupted:
                assert reason == "ended"
            async with asyncio.timeout(45):
                how = await ill.ended(OTHER)
                gone = await end
            network.say("still here")
            assert await desk.until(ACCOUNT, 1)
        assert isinstance(how, api.Interrupted | api.BridgeError)
        assert gone == Gone(reason)
        with pytest.raises(api.Interrupted):
            await ill.call(OTHER, "send", out=OUT)
        assert not life.done()


async def test_a_bridge_that_raises_ends_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    code = bridge(
        run="""
            if ctx.owner == "ben":
                raise AuthExpired("log in again")
            if ctx.owner == "eve":
                raise ValueError("hunter2")
            if ctx.owner == "ogre":
                bytearray(b"x") * 2_000_000_000
            await ctx.pause(60)
        """,
        capabilities="return Capabilities(version='well', levels={})",
    )
    caplog.set_level(logging.DEBUG)
    async with running(package(tmp_path, "ends", code), DeskInMemory(), tmp_path) as (process, _):
        await process.start(ACCOUNT, "ada", {})
        await process.start(OTHER, "ben", {})
        await process.start(AccountId("a3"), "eve", {})
        ended = await process.ended(OTHER)
        assert isinstance(ended, api.AuthExpired)
        assert str(ended) == "log in again"
        bug = await process.ended(AccountId("a3"))
        assert type(bug) is api.BridgeError
        assert "ValueError < ends:" in str(bug)
        await process.start(AccountId("a4"), "ogre", {})
        assert "MemoryError < ends:" in str(await process.ended(AccountId("a4")))
        assert await says(process) == "well"
        assert "hunter2" not in str(bug) + caplog.text


@pytest.mark.parametrize(
    ("code", "more", "reason"),
    [
        ("import nothing_like_this", "", Reason.IMPORT),
        ("raise SystemExit(1)", "", Reason.IMPORT),
        ("raise ValueError('hunter2')", "", Reason.IMPORT),
        ("class Bridge: pass", "", Reason.SHAPE),
        (bridge(), 'secrets = ["token"]', Reason.SECRETS),
    ],
)
async def test_a_package_that_cannot_be_used(code: str, more: str, reason: Reason, tmp_path: Path) -> None:
    with pytest.raises(BadPackage) as raised:
        async with running(package(tmp_path, "wrong", code, more=more), DeskInMemory(), tmp_path):
            pass
    assert raised.value.reason is reason
    assert "hunter2" not in str(raised.value)


LOGIN = """
    from swarm_bridges.api import AuthExpired, Capabilities, LoginDone, Step

    class Bridge:
        async def run(self, ctx):
            secret = await ctx.secrets.get("token")
            await ctx.secrets.put({"token": secret.value + b"!"}, expect=secret.generation)
        async def send(self, ctx, out): ...
        async def capabilities(self, ctx, conversation):
            await ctx._desk.secrets_lock(ctx.account, "token")
            return Capabilities(version="locked", levels={})
        async def fetch(self, ctx, file):
            for piece in range(int(file.id)):
                yield b"x" * 300_000

    class Login:
        async def begin(self, ctx):
            ctx.keep(b"scratch")
            return Step(id="token", kind="form", title="Token")
        async def submit(self, ctx, step, answers):
            assert ctx.scratch == b"scratch"
            if answers["token"] != "hunter2":
                return Step(id="token", kind="form", title="Token", error="wrong")
            return LoginDone(network_account_id="ada", display="Ada", secrets={"token": b"hunter2"})
        async def tick(self, ctx, step): ...
        async def abort(self, ctx): ...
"""


async def test_logins_secrets_and_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    desk, flow = DeskInMemory(), AccountId("l1")
    kind = package(tmp_path, "login", LOGIN, more='secrets = ["token"]')
    async with running(kind, desk, tmp_path) as (process, _):
        step = await process.login(flow, "begin", LoginState(why="add"), answers={})
        about = LoginState(why="add", scratch=step.scratch)
        wrong = await process.login(flow, "submit", about, step="token", answers={"token": "x"})
        assert isinstance(wrong.outcome, api.Step)
        assert wrong.outcome.error == "wrong"
        done = await process.login(flow, "submit", about, step="token", answers={"token": "hunter2"})
        assert isinstance(done.outcome, api.LoginDone)
        assert done.outcome.secrets == {"token": b"hunter2"}
        desk.of(ACCOUNT).secrets["token"] = b"hunter2"
        await process.start(ACCOUNT, "ada", {})
        assert await process.ended(ACCOUNT) is None
        assert desk.of(ACCOUNT).secrets == {"token": b"hunter2!"}
        pieces = [piece async for piece in process.fetch(ACCOUNT, RemoteFile(id="3"))]
        assert b"".join(pieces) == b"x" * 900_000
        assert max(map(len, pieces)) <= 256 * 1024
        of_process = Path(f"/proc/{process.pid}")
        seen = "".join(of_process.joinpath(name).read_text() for name in ("cmdline", "environ"))
        shown = seen + caplog.text + repr(done) + repr(about) + repr(process)
        assert "hunter2" not in shown
        assert await says(process) == "locked"
        assert desk.of(ACCOUNT).locks["token"].locked()
    assert not desk.of(ACCOUNT).locks["token"].locked()


ORPHANS = """
import asyncio, sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
from bridge_desk import DeskInMemory
from swarm_bridges.api import AccountId
from swarmnode.bridging.host.packages import load
from swarmnode.bridging.host.process import Process

async def main():
    async with asyncio.TaskGroup() as tasks:
        for name in ("waits", "spins"):
            process = Process(load(name), DeskInMemory(), Path(sys.argv[3]))
            tasks.create_task(process.run())
            await process.ready()
            try:
                async with asyncio.timeout(1):
                    await process.start(AccountId(name), "ada", {})
            except TimeoutError:
                pass
            print(process.pid, flush=True)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere one that is busy outlives the node")
def test_when_the_node_is_killed_its_processes_end(tmp_path: Path) -> None:
    package(tmp_path, "waits", bridge("await ctx.pause(600)"))
    package(tmp_path, "spins", bridge("while True: pass"))
    (tmp_path / "run").mkdir()
    support = Path(__file__).parents[3] / "support"
    with subprocess.Popen(
        [sys.executable, "-c", ORPHANS, str(tmp_path), str(support), str(tmp_path / "run")],
        stdout=subprocess.PIPE,
        text=True,
    ) as node:
        assert node.stdout is not None
        pids = [int(node.stdout.readline()) for _ in range(2)]
        assert all(map(_lives, pids))
        node.send_signal(signal.SIGKILL)
        node.wait()
    for _ in range(200):
        if not any(map(_lives, pids)):
            return
        os.sched_yield()
        subprocess.run(["sleep", "0.1"], check=True)
    pytest.fail("a process has outlived its node")


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_the_network_of_these_tests_numbers_what_is_said() -> None:
    network = Pigeons()
    network.say("coo")
    assert network.items == [{"room": "loft", "from": "ada", "id": "m1", "text": "coo"}]
