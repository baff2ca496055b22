"""Measure a relay in a process of its own: accepted SENDs a second, and memory with many queues.

`figures()` gives all as a dict; the program prints it. Senders run in this process, on the same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests/support"))

from mailbox_world import sending  # noqa: E402 - they are found only now
from relay_world import Peer, peer  # noqa: E402

from swarm_protocol import mailbox as mbx  # noqa: E402

BATCHES = 40
"""Of 256 tickets each: 10,240."""


@dataclass
class Relay:
    process: subprocess.Popen[str]
    address: str
    pin: bytes
    tickets: tuple[bytes, ...]

    def memory_bytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) * 1024

    def cpu_s(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start(folder: Path, batches: int = 1) -> Relay:
    script = ROOT / "tests/support/relay_main.py"
    process = subprocess.Popen(
        [sys.executable, script, folder, "0", "--uvloop", f"--batches={batches}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    address, pin, seeds = json.loads(process.stdout.readline())
    tickets = tuple(ticket for seed in seeds for ticket in mbx.tickets(bytes.fromhex(seed)))
    return Relay(process, address, bytes.fromhex(pin), tickets)


def stop(relay: Relay) -> None:
    relay.process.terminate()
    relay.process.communicate()


@asynccontextmanager
async def peers(relay: Relay, count: int) -> AsyncIterator[list[Peer]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(peer(f"peer {i}", relay.address, relay.pin)) for i in range(count)
        ]


async def sends(relay: Relay, *, senders: int, each: int, in_flight: int) -> dict[str, float]:
    """Senders with a queue each; frames are made before the clock starts, receipts checked while it runs."""
    latencies: list[float] = []

    async def run(peer: Peer, frames: list[bytes], asked: dict[int, mbx.Send]) -> None:
        free, sent = asyncio.Semaphore(in_flight), dict[int, float]()

        async def write() -> None:
            for number, frame in zip(asked, frames, strict=True):
                await free.acquire()
                sent[number] = time.perf_counter()
                await peer.link.send(frame)

        async with asyncio.TaskGroup() as both:
            both.create_task(write())
            for _ in frames:
                number, said = mbx.read_answer(await peer.link.receive())
                assert isinstance(said, mbx.Receipt), said
                assert said.msg_id == asked[number].msg_id
                latencies.append(time.perf_counter() - sent[number])
                free.release()

    async with peers(relay, senders) as all_of_them:
        work = []
        for i, one in enumerate(all_of_them):
            made = await one.new(relay.tickets[i])
            await one.get(mbx.Done, mbx.SKey(made.sid, one.key.public))
            frames, asked = list[bytes](), dict[int, mbx.Send]()
            for k in range(each):
                body = sending(made.sid, k, bucket=1)
                caller, frame = one.caller.ask(body, one.key)
                one.caller = mbx.Caller(caller.session, caller.hpke, caller.number)
                frames.append(frame)
                asked[caller.number] = body
            work.append((one, frames, asked))
        cpu, begin = relay.cpu_s(), time.perf_counter()
        async with asyncio.TaskGroup() as tasks:
            for item in work:
                tasks.create_task(run(*item))
        took = time.perf_counter() - begin
    latencies.sort()
    return {
        "per_second": senders * each / took,
        "relay_cpu_ms_each": (relay.cpu_s() - cpu) / (senders * each) * 1000,
        "p50_ms": statistics.median(latencies) * 1000,
        "p99_ms": latencies[len(latencies) * 99 // 100] * 1000,
    }


async def flood(address: str, pin: bytes, ticket: bytes) -> None:
    """Send without end, and say so when the first answer came."""
    async with peer("flooder", address, pin) as one:
        made = await one.new(ticket)
        await one.get(mbx.Done, mbx.SKey(made.sid, one.key.public))
        await one.send(made.sid, 0)
        print("flooding", flush=True)

        async def send() -> None:
            for k in count(1):
                caller, frame = one.caller.ask(sending(made.sid, k % 4000, bucket=1), one.key)
                one.caller = mbx.Caller(caller.session, caller.hpke, caller.number)
                await one.link.send(frame)

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(send())
            async for _ in one.link:
                pass


async def beside_a_flood(relay: Relay, *, questions: int) -> dict[str, float]:
    """How long one SEND takes, alone, and while another process sends as much as it is let."""

    async def waits(first: int) -> float:
        times = []
        for k in range(first, first + questions):
            begin = time.perf_counter()
            await one.send(made.sid, k, bucket=1)
            times.append(time.perf_counter() - begin)
        return statistics.median(times) * 1000

    async with peers(relay, 1) as (one,):
        made = await one.new(relay.tickets[0])
        await one.get(mbx.Done, mbx.SKey(made.sid, one.key.public))
        alone = await waits(0)
        command = [sys.executable, __file__, "--flood"]
        with subprocess.Popen(  # noqa: ASYNC220 - nothing else waits
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(json.dumps([relay.address, relay.pin.hex(), relay.tickets[1].hex()]) + "\n")
            process.stdin.flush()
            process.stdout.readline()
            beside = await waits(questions)
            process.kill()
    return {"alone_p50_ms": alone, "beside_p50_ms": beside, "ratio": beside / alone}


async def reads(relay: Relay, tickets: tuple[bytes, ...], *, connections: int) -> dict[str, float]:
    """Queues that wait for messages, read over some connections."""
    idle = relay.memory_bytes()
    share = len(tickets) // connections

    async def listen(one: Peer) -> None:
        """Somebody who reads, and so answers pings."""
        async for _ in one.link:
            raise AssertionError("the queues are idle")

    async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        listening = []
        for i in range(connections):
            one = await stack.enter_async_context(peer(f"peer {i}", relay.address, relay.pin))
            for ticket in tickets[i * share : (i + 1) * share]:
                made = await one.new(ticket)
                await one.subscribe(made.rid)
                await one.get(mbx.Done, mbx.Pull(made.rid, 0, 64))
            listening.append(tasks.create_task(listen(one)))
        found = {"queues": share * connections, "idle_mib": idle / 2**20, "mib": relay.memory_bytes() / 2**20}
        for task in listening:
            task.cancel()
    return found


def figures(*, quick: bool = False) -> dict[str, Any]:
    """Measure all. `quick` takes a tenth of everything."""
    scale = 10 if quick else 1
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=ROOT) as folder:
        begin = time.perf_counter()
        relay = start(Path(folder))
        found["ready_s"] = time.perf_counter() - begin
        for name, senders, each, in_flight in (
            ("one sender, one in flight", 1, 1000, 1),
            ("one sender, 32 in flight", 1, 3000, 32),
            ("eight senders, 8 in flight each", 8, 1000, 8),
        ):
            found[name] = asyncio.run(sends(relay, senders=senders, each=each // scale, in_flight=in_flight))
            stop(relay)
            relay = start(Path(folder))
        found["beside a flood"] = asyncio.run(beside_a_flood(relay, questions=200 // scale))
        stop(relay)
        relay = start(Path(folder), BATCHES)
        found["memory"] = asyncio.run(reads(relay, relay.tickets[: 10_000 // scale], connections=100))
        stop(relay)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--flood", action="store_true", help="what `figures` starts to disturb the relay")
    options = parser.parse_args()
    if options.flood:
        where, pin, ticket = json.loads(sys.stdin.readline())
        asyncio.run(flood(where, bytes.fromhex(pin), bytes.fromhex(ticket)))
    else:
        print(json.dumps(figures(quick=options.quick), indent=2))
