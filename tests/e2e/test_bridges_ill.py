"""Three bridges crash at once, one blocks its event loop, one eats memory: the others do not notice.

All of it is real: a node, a process for each bridge, and the machine's clock. What is measured is how long a
healthy account's message takes to a screen meanwhile, and how long the API does to answer.
"""

from __future__ import annotations

import statistics
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from bridge_packages import write
from e2e_networks import Demo, Elsewhere, add, chat
from e2e_world import Home, Village, eventually

from swarmnode.domain.bridge_views import AccountView, LoginView, NetworkView
from swarmnode.domain.views import Items, StatusView
from swarmnode.errors import NodeError

ILL = {
    "dies": "os._exit(1)",
    "falls": "raise SystemExit",
    "faults": "ctypes.string_at(0)",
    "blocks": "time.sleep(600)",
    "eats": "kept = bytearray(b'x') * 90_000_000; await ctx.pause(600)",
}
BRIDGE = """
    import ctypes, os, time
    from swarm_bridges.api import Capabilities, Field, LoginDone, Refused, Step

    WHEN = Step(id="when", kind="form", title="When", fields=(Field("at", "text", "At"),))


    class Login:
        async def begin(self, ctx):
            return WHEN

        async def submit(self, ctx, step, answers):
            return LoginDone(network_account_id="me", display="me", secrets={{}}, settings=answers)

        async def tick(self, ctx, step):
            return WHEN

        async def abort(self, ctx):
            pass


    class Bridge:
        async def run(self, ctx):
            await ctx.pause(max(0.0, float(ctx.settings["at"]) - ctx.clock.monotonic()))
            {run}

        async def send(self, ctx, out):
            raise Refused("this one is ill")

        async def capabilities(self, ctx, conversation):
            return Capabilities(version="1", levels={{}})
"""
IN_S = 6.0
"""When they fall ill, all at the same moment."""
HELD_UP_S = 15.0
"""Whoever waits for the one that blocks waits longer."""


def test_bridges_that_are_ill_at_once_are_not_noticed_by_another_nor_by_the_node(tmp_path: Path) -> None:
    for name, run in ILL.items():
        code = textwrap.dedent(BRIDGE).format(run=run)
        write(tmp_path / "site", name, code, more="needs = { memory_mb = 80 }")
    with Village(tmp_path) as village, Elsewhere() as elsewhere:
        network = elsewhere.demo()
        home = village.home("olga", PYTHONPATH=str(tmp_path / "site"))
        home.json("init", "--name", "olga")
        home.start()
        account = add(home, "demo", network.answers, "--at-home")
        room = chat(home, "Ada and Olga", "demo")
        with heard(home) as news:
            quiet, _ = watched(home, network, news, lambda said: said < 10)
            ill = falls_ill(home, time.monotonic() + IN_S)
            late, answered = watched(home, network, news, lambda _: min(restarts(home, *ILL)) < 1)
        about = f"quiet {quiet}, late {late}, answered {answered}"
        assert statistics.median(late) < 3 * statistics.median(quiet) + 1, about
        assert statistics.median(answered) < 2, about
        assert max(*late, *answered) < HELD_UP_S, about
        assert restarts(home, "demo") == [0]
        assert home.client.get(f"/accounts/{account}", AccountView).state == "connected"
        eventually(lambda: {state(home, name) for name in ill} <= {"starting", "crashed"})
        assert home.json("send", room, "we are well", "--wait")["state"] == "sent"
        assert home.process is not None
        assert home.process.poll() is None
        assert "engine.failed" not in home.log.read_text()
        assert "bridges.failed" not in home.log.read_text()


def falls_ill(home: Home, at: float) -> list[str]:
    """Accounts of all of them, whose bridges fall ill at this moment of the monotonic clock."""

    def login(network: str) -> str:
        begun = home.client.call("POST", "/logins", {"network": network}, LoginView)
        body = {"turn": begun.turn, "answers": {"at": str(at)}}
        return home.client.call("POST", f"/logins/{begun.id}", body, LoginView).account

    with ThreadPoolExecutor() as pool:
        return list(pool.map(login, ILL))


@contextmanager
def heard(home: Home) -> Iterator[dict[str, float]]:
    """When a screen was told of which message."""
    at: dict[str, float] = {}
    events = home.client.stream("/events")

    def listen() -> None:
        with suppress(NodeError, OSError):
            for kind, data in events:
                if kind == "message.new":
                    at[data["message"]] = time.monotonic()

    threading.Thread(target=listen, daemon=True).start()
    yield at


def watched(
    home: Home, network: Demo, news: dict[str, float], goes_on: Callable[[int], bool]
) -> tuple[list[float], list[float]]:
    """How long messages of the healthy account took to a screen, and the API to answer; both in seconds."""
    late, answered = list[float](), list[float]()
    while goes_on(len(late)):
        news.clear()
        began = time.monotonic()
        network.do(lambda n: n.say("coo"))
        (told,) = eventually(lambda: list(news.values()))
        late.append(told - began)
        began = time.monotonic()
        home.client.get("/status", StatusView)
        answered.append(time.monotonic() - began)
        time.sleep(0.2)
    return late, answered


def restarts(home: Home, *names: str) -> list[int]:
    """How often processes of these bridges were started again."""
    known = {n.id: n.restarts for n in home.client.get("/bridges", Items[NetworkView]).items}
    return [known[name] for name in names]


def state(home: Home, account: str) -> str:
    return home.client.get(f"/accounts/{account}", AccountView).state
