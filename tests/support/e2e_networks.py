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
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(45)

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

    def texts(self, room: str = "r1") -> list[str]:
        """What is true there."""
        return self.do(lambda n: [message.text for message in n.said(room)])


def answers_file(path: Path, answers: Mapping[str, str]) -> str:
    """Write answers; gives the path."""
    lines = (f"{name} = '''\n{value}'''\n" for name, value in answers.items())
    path.write_text("".join(lines))
    path.chmod(0o600)
    return str(path)


def add(home: Home, network: str, answers: Mapping[str, str], *flags: str) -> str:
    """Add an account; its id, once it is connected."""
    path = home.path.with_name(f"{home.path.name}.answers")
    done = home.json("bridge", "add", network, "--answers", answers_file(path, answers), *flags)
    path.unlink()
    connected(home, done["id"])
    return str(done["id"])


@contextmanager
def listening(home: Home) -> Iterator[list[tuple[str, dict[str, Any]]]]:
    """What a screen is told from now on: events and their data. The thread ends with the node."""
    told: list[tuple[str, dict[str, Any]]] = []

    def listen() -> None:
        with suppress(NodeError, OSError):
            for event in home.client.stream("/events"):
                told.append(event)  # noqa: PERF402 - one by one, as they come

    threading.Thread(target=listen, daemon=True).start()
    time.sleep(0.5)
    yield told


def connected(home: Home, account: str) -> None:
    """Wait until an account is."""
    eventually(lambda: state(home, account).state == "connected", within_s=60)


def state(home: Home, account: str) -> AccountView:
    """How an account is."""
    return home.client.get(f"/accounts/{account}", AccountView)


def chat(home: Home, title: str, network: str = "") -> str:
    """The id of the conversation with this title, when it is there."""

    def look() -> str:
        chats = home.client.get("/chats", Items[ChatView]).items
        found = [c.id for c in chats if c.title == title and c.network == network]
        return found[0] if found else ""

    return eventually(look)
