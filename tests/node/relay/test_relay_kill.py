"""A relay in a process of its own that is killed while it works: what it gave receipts for is there after."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from mailbox_world import msg_id, sending
from relay_world import Peer, peer

from swarm_protocol import mailbox as mbx
from swarmnode.errors import Unreachable

SCRIPT = Path(__file__).parents[2] / "support/relay_main.py"


class Process:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = "0"

    async def start(self) -> None:
        """Start it, on the port that it had."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, SCRIPT, self._folder, self.port, stdout=asyncio.subprocess.PIPE
        )
        assert self._process.stdout is not None
        address, pin, (seed,) = json.loads(await self._process.stdout.readline())
        self.address, self.pin, self.tickets = address, bytes.fromhex(pin), mbx.tickets(bytes.fromhex(seed))
        self.port = address.rpartition(":")[2]

    async def end(self, number: signal.Signals) -> int:
        os.kill(self._process.pid, number)
        return await self._process.wait()


def body_of(made: mbx.Made, id_: mbx.MessageId) -> mbx.Send:
    number = int.from_bytes(id_, "big")
    return sending(made.sid, number, bucket=number % 3)


async def send_until_it_dies(
    ben: Peer, made: mbx.Made, numbers: range, begun: asyncio.Event
) -> dict[mbx.MessageId, mbx.Receipt]:
    """Send with many under way; give the receipts that came. `begun` is set at the first."""
    receipts: dict[mbx.MessageId, mbx.Receipt] = {}

    async def ask() -> None:
        with suppress(Unreachable):
            for number in numbers:
                await ben.post(body_of(made, msg_id(number)))

    async with asyncio.TaskGroup() as both:
        both.create_task(ask())
        with suppress(Unreachable):
            while True:
                _, said = await ben.hear()
                assert isinstance(said, mbx.Receipt)
                receipts[said.msg_id] = said
                begun.set()
    return receipts


@pytest.mark.parametrize("seed", range(2))
async def test_every_receipt_outlasts_a_kill(tmp_path: Path, seed: int) -> None:
    dice, relay = random.Random(seed), Process(tmp_path)
    await relay.start()
    async with peer("ada", relay.address, relay.pin) as ada:
        made = await ada.new(relay.tickets[0])
    receipts: dict[mbx.MessageId, mbx.Receipt] = {}
    for life in range(2):
        async with peer("ben", relay.address, relay.pin) as ben:
            await ben.get(mbx.Done, mbx.SKey(made.sid, ben.key.public))
            async with asyncio.TaskGroup() as tasks:
                numbers, begun = range(1000 * life, 1000 * life + 1000), asyncio.Event()
                sending_task = tasks.create_task(send_until_it_dies(ben, made, numbers, begun))
                await begun.wait()
                await asyncio.sleep(dice.uniform(0.0, 0.3))
                await relay.end(signal.SIGKILL)
            receipts |= sending_task.result()
        await relay.start()
    assert receipts
    async with peer("ada", relay.address, relay.pin) as ada, peer("ben", relay.address, relay.pin) as ben:
        info = await ada.subscribe(made.rid)
        found = list[mbx.Delivery]()
        while len(found) < info.messages:
            after = found[-1].n if found else 0
            await ada.get(mbx.Done, mbx.Pull(made.rid, after, 64))
            found += [await ada.notice(mbx.Delivery) for _ in range(min(64, info.messages - len(found)))]
        held = {delivery.msg_id: delivery for delivery in found}
        assert len(held) == len(found), "nothing is doubled"
        assert info.next_n == len(found) + 1
        for id_, receipt in receipts.items():
            assert (held[id_].n, held[id_].blob) == (receipt.n, body_of(made, id_).blob)
        for id_ in dice.sample(sorted(receipts), min(20, len(receipts))):
            assert await ben.get(mbx.Receipt, body_of(made, id_)) == receipts[id_]
        assert msg_id(999_999) not in held
    assert await relay.end(signal.SIGTERM) == 0
