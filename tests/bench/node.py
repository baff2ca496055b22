"""Measures whole nodes: two of them and a relay as real processes on this machine, through their API.

    python tests/bench/node.py [--only NAME]

What is printed and written to `docs/benchmarks-node.md` and `.json` are medians and high percentiles beside
the time of an fsync here. Nothing is asserted: machines differ.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
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

DOCS = Path(__file__).parents[2] / "docs"
PROGRAM = [sys.executable, "-m", "swarmnode"]
TICKS = os.sysconf("SC_CLK_TCK")


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
    return {**os.environ, "SWARMNODE_TEST_WEAK_KEYS": "1", "SWARMNODE_PASSPHRASE": "bench"}


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


async def until(
    ask: Callable[[], Awaitable[Any]],
    good: Callable[[Any], bool],
    *,
    pause_s: float = 0.1,
    most_s: float = 900,
) -> Any:
    """Ask again and again until the answer is good."""
    async with asyncio.timeout(most_s):
        while not good(found := await ask()):  # noqa: ASYNC110 - another process is asked
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
            await until(lambda p=person: p.get("/chats"), lambda found: bool(found["items"]))  # type: ignore[misc]
        await asyncio.sleep(1)
        yield Pair(ada, ben, relay)


def fsync_ms(folder: Path) -> float:
    times = []
    with (folder / "probe").open("wb") as probe:
        for _ in range(50):
            probe.write(b"x" * 4096)
            began = time.perf_counter()
            probe.flush()
            os.fsync(probe.fileno())
            times.append(time.perf_counter() - began)
    return statistics.median(times) * 1000


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


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
    await until(lambda: two.ada.get("/status"), lambda status: not status["waiting"], pause_s=0.05)
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
    """`count` messages wait while the recipient is off; then it comes back."""
    await two.ben.stop()
    numbers = iter(range(count))

    async def lane() -> None:
        for number in numbers:
            await two.ada.post(f"/chats/{two.chats[0]}/messages", {"text": f"queued {number}"})

    async with asyncio.TaskGroup() as tasks:
        for _ in range(16):
            tasks.create_task(lane())
    await until(
        lambda: two.ada.get(f"/chats/{two.chats[0]}/messages", limit=200),
        lambda page: all(item["state"] not in {"queued", "waiting"} for item in page["items"]),
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

    await until(look, lambda status: status["unread"] >= count)
    return {
        "messages": count,
        "drained_s": time.perf_counter() - began,
        "memory_growth_mib": most - before,
        "slowest_status_ms": slow * 1000,
    }


async def store(two: Pair, queries: int = 200) -> dict[str, float]:
    """What the messages so far cost on disk, search over them, and a start with them."""
    count = 0
    for chat in (await two.ben.get("/chats"))["items"]:
        count += chat["unread"]
    words = [f"message {n}" for n in range(0, 1000, 7)] + [f"bulk {n}" for n in range(0, 1000, 11)]
    times = []
    for number in range(queries):
        began = time.perf_counter()
        await two.ben.post("/search", {"text": words[number % len(words)]})
        times.append((time.perf_counter() - began) * 1000)
    await two.ben.stop()
    size = sum(f.stat().st_size for f in two.ben.home.glob("*.db*")) / 1024
    await two.ben.start()
    await asyncio.sleep(5)
    return {
        "messages": count,
        "disk_kib_per_message": size / max(count, 1),
        "search_p95_ms": percentile(times, 0.95),
        "start_s": two.ben.ready_s,
        "idle_memory_mib": two.ben.memory_mib(),
        "relay_start_s": two.relay.ready_s,
        "relay_memory_mib": two.relay.memory_mib(),
    }


async def main(only: str, scale: float) -> None:
    results: dict[str, dict[str, float]] = {}
    measures: dict[str, Callable[[Pair], Any]] = {
        "one in flight": lambda two: latency(two, int(300 * scale), 0.0),
        "ten a second": lambda two: latency(two, int(200 * scale), 0.1),
        "sustained": lambda two: sustained(two, int(3000 * scale)),
        "reconnect": lambda two: reconnect(two, int(10_000 * scale)),
        "store": store,
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
        results["machine"] = {"fsync_ms": fsync_ms(folder)}
        print(f"{machine}; fsync {results['machine']['fsync_ms']:.2f} ms")
        async with pair(folder) as two:
            for title, measure in measures.items():
                if only and only not in title:
                    continue
                results[title] = await measure(two)
                shown = ", ".join(f"{key} {value:.1f}" for key, value in results[title].items())
                print(f"{title}: {shown}", flush=True)
    if not only and scale == 1.0:
        write(machine, results)


def write(machine: str, results: dict[str, dict[str, float]]) -> None:
    (DOCS / "benchmarks-node.json").write_text(json.dumps(results, indent=2) + "\n")
    lines = ["# Benchmarks of whole nodes", "", f"Measured by `make bench` on {machine}.", ""]
    lines += ["| what | figure | value |", "| --- | --- | --- |"]
    for title, figures in results.items():
        lines += [f"| {title} | {key.replace('_', ' ')} | {value:.1f} |" for key, value in figures.items()]
    (DOCS / "benchmarks-node.md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--only", default="")
    arguments.add_argument("--scale", type=float, default=1.0)
    given = arguments.parse_args()
    asyncio.run(main(given.only, given.scale))
