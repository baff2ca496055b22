"""A process that is found on a network and finds others: `lan_main.py HOST SECRET OWN OTHER FOLDER PIN`.

All but HOST and FOLDER are hex. It announces itself for the pair of leaves OWN and OTHER with SECRET, and
says on its output, a line each:

    announced NAME PORT PIN
    stranger            somebody is there whose beacons say nothing to us
    other ADDRESS       the other is there; where PIN is given, it is called
    answered            who was called has let us in
    called              the other has called
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from swarm_protocol import nearby
from swarm_protocol.carry.tags import RotatingTag
from swarm_protocol.errors import CannotOpen
from swarmnode.delivery import direct
from swarmnode.delivery.lan import Lan
from swarmnode.delivery.link import Link, connect
from swarmnode.services.step import Announce, Noticed


def tell(*words: object) -> None:
    sys.stdout.write(" ".join(map(str, words)) + "\n")
    sys.stdout.flush()


class Main:
    """The pair, and what has been noticed."""

    def __init__(self, host: str, pair: nearby.Pair, folder: Path, pin: bytes) -> None:
        folder.mkdir(exist_ok=True)
        context, self.own_pin = direct.certificate(folder)
        self.pair, self.pin = pair, pin
        self.found: asyncio.Queue[Noticed] = asyncio.Queue()
        self.lan = Lan(context, self.called, self.found.put_nowait, host=host)

    def expected(self, kind: RotatingTag) -> nearby.Expected[str]:
        return nearby.Expected.of(kind, {"other": self.pair}, int(time.time()))

    async def called(self, link: Link, knock: bytes) -> None:
        try:
            nearby.Door().open(knock, self.expected(nearby.DOOR_NAME))
        except CannotOpen:
            return
        tell("called")
        await link.send(b"come in")
        await asyncio.sleep(5)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.lan.run())
            beacons = nearby.announce([self.pair], now=int(time.time()), entropy=os.urandom)
            self.lan.announce(Announce(nearby.encode_txt(beacons)))
            while not self.lan.name:  # noqa: ASYNC110 - it is asked once, at the start
                await asyncio.sleep(0.01)
            tell("announced", self.lan.name, self.lan.port, self.own_pin.hex())
            while True:
                await self.look(await self.found.get())

    async def look(self, noticed: Noticed) -> None:
        beacons = nearby.decode_txt(noticed.texts)
        if not nearby.heard(self.expected(nearby.BEACON), beacons):
            tell("stranger")
            return
        tell("other", noticed.addresses[0])
        if self.pin:
            async with connect(noticed.addresses[0], self.pin) as link:
                await link.send(nearby.knock(self.pair, now=int(time.time()), entropy=os.urandom))
                if await link.receive() == b"come in":
                    tell("answered")


if __name__ == "__main__":
    _, host_, secret, own, other, folder_, pin_ = sys.argv
    pair_ = nearby.Pair(bytes.fromhex(secret), bytes.fromhex(own), bytes.fromhex(other))
    asyncio.run(Main(host_, pair_, Path(folder_), bytes.fromhex(pin_)).run())
