"""Networks beside a village: servers and ordinary clients, in a thread with an event loop of its own.

    with Elsewhere() as elsewhere:
        network = elsewhere.demo()
        network.do(lambda n: n.say("hello"))

Accounts are added through the command line, with answers from a file.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from e2e_world import Home, eventually

from swarm_bridges.testing.demo_network import DemoNetwork
from swarmnode.domain.bridge_views import AccountView
from swarmnode.domain.views import ChatView, Items
from swarmnode.errors import NodeError

T = TypeVar("T")
QUIET_S = 2.0


class Elsewhere:
    """The thread. What was started in it ends with the block, the last thing first."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._stack = AsyncExitStack()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(20)
        self._loop.close()

    async def _end(self) -> None:
        await self._stack.aclose()
        if left := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(left, timeout=5)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something there, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)

    def do(self, work: Callable[[], T]) -> T:
        """As `run`, for what does not wait."""

        async def there() -> T:
            return work()

        return self.run(there())

    def enter(self, block: AbstractAsyncContextManager[T]) -> T:
        """Enter a block there; it ends with this one."""
        return self.run(self._stack.enter_async_context(block))

    def at_end(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do this there when the block ends."""
        self._stack.push_async_callback(work)

    def demo(self) -> Demo:
        """The demo network, with somebody else's room in it."""
        network = DemoNetwork()
        self.enter(network.serving())
        return Demo(self, network)


class Demo:
    """The demo network, whose verbs are called in its thread."""

    def __init__(self, elsewhere: Elsewhere, network: DemoNetwork) -> None:
        self._elsewhere, self._network = elsewhere, network
        self.answers: Mapping[str, str] = network.answers()

    def do(self, verb: Callable[[DemoNetwork], T]) -> T:
        return self._elsewhere.do(lambda: verb(self._network))

    def run(self, verb: Callable[[DemoNetwork], Coroutine[Any, Any, T]]) -> T:
        """One that waits."""
        return self._elsewhere.run(verb(self._network))

    def texts(self, room: str = "r1") -> list[str]:
        """What is true there."""
        return self.do(lambda n: [message.text for message in n.said(room)])


def answers_file(path: Path, answers: Mapping[str, str]) -> str:
    """Write answers; gives the path."""
    lines = (f"{name} = '''\n{value}'''\n" for name, value in answers.items())
    path.write_text("".join(lines))
    path.chmod(0o600)
    return str(path)


def log_in_at_terminal(home: Home, network: str, account: str, secret: str) -> None:
    """Log an account in again step by step: all stays as it is but the secret, which is wrong at first."""
    secrets = iter(["wrong at first", secret])

    def answer(shown: str) -> str:
        return next(secrets) if shown.rpartition("\n")[2].startswith("Password") else ""

    shown = home.at_terminal("bridge", "login", network, answer=answer)
    assert "\n! " in shown, "what was wrong stands over the question"
    assert next(secrets, "") == ""
    assert secret not in shown
    connected(home, account)


def idle(home: Home, account: str) -> None:
    """Wait for seconds in which the node and all its bridges do next to nothing."""
    connected(home, account)
    assert home.process is not None
    node = home.process.pid

    def quiet() -> bool:
        everybody = [node, *children(node)]
        with suppress(FileNotFoundError, ProcessLookupError):  # one that ends is not quiet
            before = sum(map(_cpu_s, everybody))
            time.sleep(QUIET_S)
            return sum(map(_cpu_s, everybody)) - before < QUIET_S / 20
        return False

    eventually(quiet, within_s=90)


def children(pid: int) -> list[int]:
    """The processes that one has begun."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def add(home: Home, network: str, answers: Mapping[str, str], *flags: str) -> str:
    """Add an account; its id, once it is connected."""
    path = home.path.with_name(f"{home.path.name}.answers")
    done = home.json("bridge", "add", network, "--answers", answers_file(path, answers), *flags)
    path.unlink()
    connected(home, done["id"])
    return str(done["id"])


def new_device(network: Demo, home: Home, name: str) -> dict[str, str]:
    """Somebody logs in to the owner's account there: account and matter, once the node has it."""
    network.do(lambda n: n.new_device(name))

    def look() -> dict[str, str]:
        told = [
            {"account": account.id, "matter": matter.id}
            for account in home.client.get("/accounts", Items[AccountView]).items
            for matter in account.matters
            if name in matter.title
        ]
        return told[0] if told else {}

    return eventually(look)


@contextmanager
def listening(home: Home) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """What a screen is told from now on: events and their data. The thread ends with the node."""
    told: list[tuple[str, dict[str, Any]]] = []
    events = home.client.stream("/events")

    def listen() -> None:
        with suppress(NodeError, OSError):
            for event in events:
                told.append(event)  # noqa: PERF402 - one by one, as they come

    threading.Thread(target=listen, daemon=True).start()
    yield told


def connected(home: Home, account: str) -> None:
    """Wait until an account is."""
    eventually(lambda: state(home, account).state == "connected", within_s=60)


def state(home: Home, account: str) -> AccountView:
    """How an account is."""
    return home.client.get(f"/accounts/{account}", AccountView)


def chats(home: Home) -> tuple[ChatView, ...]:
    """All conversations."""
    return home.client.get("/chats", Items[ChatView]).items


def chat(home: Home, title: str, network: str = "") -> str:
    """The id of the conversation with this title, when it is there."""

    def look() -> str:
        found = [c.id for c in chats(home) if c.title == title and c.network == network]
        return found[0] if found else ""

    return eventually(look)
