"""A real relay on loopback, and nodes that talk to it over real links with the real `Caller`."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from mailbox_world import sending, signature_key

from swarm_protocol import mailbox as mbx
from swarm_protocol.mailbox.client import Heard
from swarm_protocol.mailbox.commands import CommandBody
from swarm_protocol.mls.signatures import SignatureKeyPair
from swarmnode.delivery.link import Link, connect
from swarmnode.delivery.relay_door import DoorLimits
from swarmnode.delivery.relay_role import RelayOptions, RelayRole

T = TypeVar("T")


@asynccontextmanager
async def served(
    folder: Path,
    *,
    disk: Callable[[], int] = lambda: 0,
    door: DoorLimits | None = None,
    allow_private: bool = False,
) -> AsyncIterator[RelayRole]:
    """A relay that runs as long as the block."""
    options = RelayOptions("127.0.0.1", 0, door=door, allow_private=allow_private)
    role = RelayRole.open(folder, options, disk=disk)
    try:
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(role.run())
            yield role
            running.cancel()
    finally:
        role.close()  # for one that was cancelled before it ran


async def until(condition: Callable[[], object]) -> None:
    """Wait for something that happens in the relay."""
    async with asyncio.timeout(45):
        while not condition():  # noqa: ASYNC110 - it has no event for tests
            await asyncio.sleep(0.005)


@dataclass
class Peer:
    """Somebody with keys and a link. One task at a time asks."""

    name: str
    link: Link
    caller: mbx.Caller
    notices: deque[Heard] = field(default_factory=deque)

    @property
    def key(self) -> SignatureKeyPair:
        return signature_key(self.name)

    async def post(self, body: CommandBody) -> int:
        """Ask, and do not wait for the answer; give its number."""
        self.caller, data = self.caller.ask(body, self.key)
        await self.link.send(data)
        return self.caller.number

    async def hear(self) -> tuple[CommandBody | None, Heard]:
        data = await self.link.receive()  # meanwhile somebody may ask
        self.caller, asked, said = self.caller.hear(data)
        return asked, said

    async def ask(self, body: CommandBody) -> Heard:
        await self.post(body)
        while True:
            asked, said = await self.hear()
            if asked is not None:
                return said
            self.notices.append(said)

    async def get(self, kind: type[T], body: CommandBody) -> T:
        said = await self.ask(body)
        assert isinstance(said, kind), said
        return said

    async def notice(self, kind: type[T]) -> T:
        """The next notice, which is of this kind."""
        if not self.notices:
            asked, said = await self.hear()
            assert asked is None, "an answer that nobody waits for"
            self.notices.append(said)
        said = self.notices.popleft()
        assert isinstance(said, kind), said
        return said

    async def new(self, ticket: bytes, kind: mbx.Kind = mbx.Kind.PAIR) -> mbx.Made:
        return await self.get(mbx.Made, mbx.New(kind, self.key.public, ticket))

    async def subscribe(self, rid: mbx.RecipientId, boot: int = 1) -> mbx.Info:
        return await self.get(mbx.Info, mbx.Sub(rid, boot, b"i" * 16))

    async def send(self, sid: mbx.SenderId, number: int, bucket: int = 0) -> mbx.Receipt:
        return await self.get(mbx.Receipt, sending(sid, number, bucket=bucket))


@asynccontextmanager
async def peer(name: str, address: str, pin: bytes) -> AsyncIterator[Peer]:
    """Somebody who is connected."""
    async with connect(address, pin) as link:
        yield Peer(name, link, mbx.Caller.greeted(await link.receive()))


@asynccontextmanager
async def pair(role: RelayRole) -> AsyncIterator[tuple[Peer, Peer, mbx.Made]]:
    """Ada reads a new queue, ben may send to it."""
    tickets = (await role.tickets_link()).tickets()
    async with peer("ada", role.address, role.pin) as ada, peer("ben", role.address, role.pin) as ben:
        made = await ada.new(tickets[0])
        await ada.subscribe(made.rid)
        await ben.get(mbx.Done, mbx.SKey(made.sid, ben.key.public))
        yield ada, ben, made
