"""Measures whole nodes: two of them and a relay as real processes on this machine, through their API.

    python tests/bench/node.py [--only NAME] [--scale SHARE]

What is printed and written to `docs/benchmarks-node.md` and `.json` are medians and high percentiles beside
figures of the machine: an fsync, a signature made and checked, a loop in Python. The first two are taken
before and after each measure, so that it can be compared with other machines, and with this one at a busier
time. Nothing is asserted: machines differ. What does not end in time is said to, and the next measure goes
on. The store of 100,000 messages is filled by the services without a network (`tests/support/bench_fill.py`).

A start is measured from the command to the line that says where the API is, with compiled modules on the
disk. What trying a passphrase costs (Argon2id) is not in it: that is so on purpose, and stands among the
machine's figures.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from bench_fill import fill
from bench_machine import Figures, beside, percentile, reference, shown, write

from swarmnode.storage.home import MemoryFiles
from swarmnode.storage.keystore import KeyStore
from swarmnode.storage.keystore import Passphrase as Secret

PROGRAM = [sys.executable, "-m", "swarmnode"]
TICKS = os.sysconf("SC_CLK_TCK")
PASSPHRASE = "bench"  # noqa: S105 - of homes that live as long as this program


@dataclass
class Process:
    """A node or relay, its home and a session with its API."""

    home: Path
    name: str
    process: subprocess.Popen[str] = field(init=False)
    session: aiohttp.ClientSession = field(init=False)
    ready_s: float = 0.0

    async def start(self, *roles: str) -> None:
        began = time.perf_counter()
        self.process = await asyncio.to_thread(launch, self.home, roles)
        assert self.process.stdout is not None
        line = await asyncio.to_thread(self.process.stdout.readline)
        assert line, f"{self.name} did not start"
        self.ready_s = time.perf_counter() - began
        connector = aiohttp.UnixConnector(str(self.home / "node.sock"))
        self.session = aiohttp.ClientSession("http://localhost", connector=connector)

    async def stop(self) -> None:
        await self.session.close()
        self.process.send_signal(signal.SIGTERM)
        await asyncio.to_thread(self.process.wait, 30)

    async def get(self, path: str, **query: Any) -> Any:
        async with self.session.get(f"/api/v1{path}", params=query) as answer:
            assert answer.status == 200, await answer.text()
            return await answer.json()

    async def post(self, path: str, body: Any) -> Any:
        async with self.session.post(f"/api/v1{path}", json=body) as answer:
            assert answer.status in {200, 201}, await answer.text()
            return await answer.json()

    async def events(self, after: int | None = None) -> AsyncIterator[tuple[str, dict[str, Any]]]:
        headers = {} if after is None else {"Last-Event-ID": str(after)}
        timeout = aiohttp.ClientTimeout(total=None)
        async with self.session.get("/api/v1/events", headers=headers, timeout=timeout) as stream:
            kind = ""
            async for raw in stream.content:
                line = raw.decode().rstrip()
                if line.startswith("event: "):
                    kind = line[7:]
                elif line.startswith("data: "):
                    yield kind, json.loads(line[6:])

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory_mib(self) -> float:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


def launch(home: Path, roles: tuple[str, ...]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*PROGRAM, "--home", str(home), "--json", "run", "--http", "127.0.0.1:0"]
        + [part for role in roles for part in ("--role", role)]
        + (["--link", "127.0.0.1:0"] if "relay" in roles else []),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment(),
    )


def create(home: Path, name: str) -> None:
    subprocess.run(
        [*PROGRAM, "--home", str(home), "--json", "init", "--name", name],
        check=True,
        stdout=subprocess.DEVNULL,
        env=environment(),
    )


def environment() -> dict[str, str]:
    """Cheap passphrases; and modules compiled once, as on every machine that does not forbid it."""
    here = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**here, "SWARMNODE_TEST_WEAK_KEYS": "1", "SWARMNODE_PASSPHRASE": PASSPHRASE}


@dataclass
class Pair:
    """Two people who have met, and their relay."""

    ada: Process
    ben: Process
    relay: Process
    chats: tuple[str, str] = ("1", "1")

    @property
    def all(self) -> tuple[Process, Process, Process]:
        return self.ada, self.ben, self.relay


class TooSlow(Exception):
    """A measure did not end in the time that it has."""


async def until(
    ask: Callable[[], Awaitable[Any]],
    good: Callable[[Any], bool],
    what: str,
    *,
    pause_s: float = 0.1,
    most_s: float = 300,
) -> Any:
    """Ask again and again until the answer is good.

    Raises:
        TooSlow: it was not in `most_s` seconds.
    """
    end = time.perf_counter() + most_s
    while not good(found := await ask()):
        if time.perf_counter() > end:
            raise TooSlow(f"waited {most_s:.0f} s for {what}")
        await asyncio.sleep(pause_s)
    return found


@asynccontextmanager
async def pair(folder: Path) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        people = []
        for name in ("ada", "ben"):
            home = folder / name
            await asyncio.to_thread(create, home, name)
            people.append(Process(home, name))
        relay = Process(folder / "relay", "relay")
        await relay.start("relay")
        stack.push_async_callback(relay.stop)
        for person in people:
            await person.start()
            stack.push_async_callback(person.stop)
            links = await relay.post("/relays/tickets", {"count": 1})
            await person.post("/relays", {"link": links["links"][0]})
        ada, ben = people
        invite = await ada.post("/invites", {"kind": "one-time"})
        await ben.post("/invites/accept", {"link": invite["link"]})
        for person in people:
            await until(lambda p=person: p.get("/chats"), lambda found: bool(found["items"]), "a chat")  # type: ignore[misc]
        await asyncio.sleep(1)
        yield Pair(ada, ben, relay)


def machine_figures(folder: Path) -> Figures:
    """What this machine takes for things that everybody knows."""
    began = time.perf_counter()
    sum(number for number in range(10_000_000))
    summed = time.perf_counter()
    KeyStore(MemoryFiles(), entropy=os.urandom).create(Secret(PASSPHRASE))
    stretched = time.perf_counter()
    now = reference(folder)
    return beside(now, {**now, "sum_of_10m_s": summed - began, "argon2id_s": stretched - summed}, now)


async def latency(two: Pair, count: int, gap_s: float) -> dict[str, float]:
    """Milliseconds from the call of `send` to stored, decrypted and readable at the other."""
    arrived: dict[str, float] = {}
    heard = asyncio.Event()

    async def listen() -> None:
        async for kind, data in two.ben.events():
            if kind == "message.new":
                arrived[data["message"]] = time.perf_counter()
                heard.set()

    listener = asyncio.ensure_future(listen())  # noqa: TID251 - a program, ended below
    await asyncio.sleep(0.5)
    before, times, said = sum(p.cpu_s() for p in two.all), [], {"id": ""}
    for number in range(count):
        began = time.perf_counter()
        heard.clear()
        text = {"text": f"message {number} " + "x" * 100}
        said = await two.ada.post(f"/chats/{two.chats[0]}/messages", text)
        while said["id"] not in arrived:
            await heard.wait()
            heard.clear()
        times.append((arrived[said["id"]] - began) * 1000)
        if gap_s:
            await asyncio.sleep(max(0.0, gap_s - (time.perf_counter() - began)))
    await two.ben.get(f"/messages/{said['id']}")
    await asyncio.sleep(1)
    cpu = sum(p.cpu_s() for p in two.all) - before
    listener.cancel()
    return {
        "p50_ms": percentile(times, 0.5),
        "p99_ms": percentile(times, 0.99),
        "cpu_ms_per_message": cpu * 1000 / count,
    }


async def sustained(two: Pair, count: int, lanes: int = 16) -> dict[str, float]:
    """Messages a second, from the first send to the last delivery receipt, and CPU over all processes."""
    before, began = [p.cpu_s() for p in two.all], time.perf_counter()
    numbers = iter(range(count))

    async def lane() -> None:
        for number in numbers:
            body = {"text": f"bulk {number} " + "y" * 100}
            await two.ada.post(f"/chats/{two.chats[0]}/messages", body)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(lanes):
            tasks.create_task(lane())
    accepted = time.perf_counter() - began
    await until(
        lambda: two.ada.get("/status"),
        lambda status: not status["waiting"],
        "the last receipt",
        pause_s=0.05,
    )
    elapsed = time.perf_counter() - began
    used = [p.cpu_s() - b for p, b in zip(two.all, before, strict=True)]
    return {
        "accepted_per_s": count / accepted,
        "delivered_per_s": count / elapsed,
        "cpu_ms_per_message": sum(used) * 1000 / count,
        "cpu_ms_sender": used[0] * 1000 / count,
        "cpu_ms_recipient": used[1] * 1000 / count,
        "cpu_ms_relay": used[2] * 1000 / count,
    }


async def reconnect(two: Pair, count: int) -> dict[str, float]:
    """`count` messages are said while the recipient is off; then it comes back and gets them all."""
    had = (await two.ben.get("/status"))["unread"]
    await two.ben.stop()
    numbers = iter(range(count))

    async def lane() -> None:
        for number in numbers:
            await two.ada.post(f"/chats/{two.chats[0]}/messages", {"text": f"queued {number}"})

    async with asyncio.TaskGroup() as tasks:
        for _ in range(16):
            tasks.create_task(lane())
    await until(
        lambda: two.ada.get(f"/chats/{two.chats[0]}/messages", limit=1),
        lambda page: page["items"][0]["state"] not in {"queued", "waiting"},
        "the relay to have the last message",
        pause_s=0.5,
    )
    await two.ben.start()
    before, began, slow, most = two.ben.memory_mib(), time.perf_counter(), 0.0, 0.0

    async def look() -> Any:
        nonlocal slow, most
        asked = time.perf_counter()
        status = await two.ben.get("/status")
        slow = max(slow, time.perf_counter() - asked)
        most = max(most, two.ben.memory_mib())
        return status

    await until(look, lambda status: status["unread"] >= had + count, "all messages to arrive")
    drained = time.perf_counter() - began
    said, read = [await last_ids(p, c, count) for p, c in zip((two.ada, two.ben), two.chats, strict=True)]
    assert said == read, "both see the same messages in the same order"
    return {
        "messages": count,
        "drained_s": drained,
        "memory_growth_mib": most - before,
        "slowest_status_ms": slow * 1000,
    }


async def last_ids(person: Process, chat: str, count: int) -> list[str]:
    """The last messages of a chat, as they stand on the screen."""
    ids: list[str] = []
    cursor: dict[str, str] = {}
    while len(ids) < count:
        page = await person.get(f"/chats/{chat}/messages", limit=200, **cursor)
        ids[:0] = [item["id"] for item in page["items"]]
        cursor = {"before": page["prev"]}
    return ids[-count:]


async def store(two: Pair, count: int, queries: int = 200) -> dict[str, float]:
    """A home with `count` messages of 200 bytes: their room on disk, starts with them, screens, search."""
    await two.ada.stop()
    await two.ben.stop()
    began = time.perf_counter()
    stored = await asyncio.to_thread(fill, two.ada.home, two.ben.home, PASSPHRASE, count)
    filled = time.perf_counter() - began
    size = sum(file.stat().st_size for file in two.ben.home.glob("*.db*")) / 1024
    await two.ben.start()
    await two.relay.stop()
    await two.relay.start("relay")
    starts = [await started(process, *roles) for process, *roles in ((two.ben,), (two.relay, "relay"))]
    await asyncio.sleep(5)
    idle = two.ben.memory_mib(), two.relay.memory_mib()
    searched = [await search_ms(two.ben, number, count, queries) for number in range(queries)]
    turned, page = [], await two.ben.get("/chats/1/messages")
    for _ in range(50):
        began = time.perf_counter()
        page = await two.ben.get("/chats/1/messages", before=page["prev"])
        turned.append((time.perf_counter() - began) * 1000)
    await two.ada.start()
    return {
        "messages": stored,
        "filled_per_s": count / filled,
        "disk_kib_per_message": size / stored,
        "search_p50_ms": percentile(searched, 0.5),
        "search_p95_ms": percentile(searched, 0.95),
        "page_p95_ms": percentile(turned, 0.95),
        "start_s": starts[0],
        "idle_memory_mib": idle[0],
        "relay_start_s": starts[1],
        "relay_memory_mib": idle[1],
    }


async def started(process: Process, *roles: str, times: int = 3) -> float:
    """The median of a few starts."""
    found = []
    for _ in range(times):
        await process.stop()
        await process.start(*roles)
        found.append(process.ready_s)
    return statistics.median(found)


async def search_ms(person: Process, number: int, count: int, queries: int) -> float:
    """One search: for words that stand in each message, for one of a single message, or for both."""
    words = ("message", str(number * count // queries), "zzz")[number % 3 :]
    began = time.perf_counter()
    await person.post("/search", {"text": " ".join(words)})
    return (time.perf_counter() - began) * 1000


MEASURES: dict[str, Callable[[Pair, float], Awaitable[dict[str, float]]]] = {
    "one in flight": lambda two, scale: latency(two, int(300 * scale), 0.0),
    "ten a second": lambda two, scale: latency(two, int(200 * scale), 0.1),
    "sustained": lambda two, scale: sustained(two, int(3000 * scale)),
    "reconnect": lambda two, scale: reconnect(two, int(10_000 * scale)),
    "store": lambda two, scale: store(two, int(100_000 * scale)),
}
"""In this order: after `store` the sender no longer knows what it said."""


ABOUT = """Beside each figure: the CPU that it took at that time to make and check one Ed25519 signature
(us), and the time of an fsync of 4 KiB (ms)."""
TARGETS = {
    ("one in flight", "p50_ms"): 8,
    ("one in flight", "p99_ms"): 40,
    ("ten a second", "p50_ms"): 12,
    ("ten a second", "p99_ms"): 40,
    ("sustained", "cpu_ms_per_message"): 5,
    ("sustained", "delivered_per_s"): 300,
    ("reconnect", "drained_s"): 60,
    ("reconnect", "memory_growth_mib"): 150,
    ("reconnect", "slowest_status_ms"): 200,
    ("store", "disk_kib_per_message"): 1.6,
    ("store", "search_p95_ms"): 100,
    ("store", "start_s"): 1.5,
    ("store", "idle_memory_mib"): 90,
    ("store", "relay_start_s"): 0.8,
    ("store", "relay_memory_mib"): 80,
}
"""At most so much, but for what is counted in a second: at least."""


async def main(only: str, scale: float) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        results = {"machine": machine_figures(folder)}
        print(f"machine: {shown(results['machine'])}", flush=True)
        async with pair(folder) as two:
            for title in [only] if only else MEASURES:
                before = reference(folder)
                try:
                    figures = await MEASURES[title](two, scale)
                    results[title] = beside(before, figures, reference(folder))
                    print(f"{title}: {shown(results[title])}", flush=True)
                except TooSlow as e:
                    print(f"{title}: gave up, {e}", flush=True)
    if not only and scale == 1.0:
        write("benchmarks-node", "Benchmarks of whole nodes", ABOUT, results, TARGETS)


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", default="", choices=["", *MEASURES], help="one measure, by its name")
    arguments.add_argument("--scale", type=float, default=1.0, help="a share of the messages")
    given = arguments.parse_args()
    asyncio.run(main(given.only, given.scale))
