"""Somebody who means no good, as a process of its own: sends as much as it is let, until it is ended.

    python e2e_flood.py address LINK              requests that are none, to a contact address
    python e2e_flood.py connection HOST:PORT PIN  messages to queues that are not there
    python e2e_flood.py contact HOME CHAT         messages of a contact, as fast as its node takes them

It prints a line when it has begun. It leaves the processors to others, since it has a machine of its own.
"""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import count
from pathlib import Path

from swarm_protocol import mailbox as mbx
from swarm_protocol import meeting as met
from swarm_protocol.envelope import Bucket, Frame, Kind, QueueKey, seal_envelope
from swarm_protocol.mls.signatures import Ed25519, SignatureKeyPair
from swarmnode.cli.client import Client
from swarmnode.delivery.link import Link, connect
from swarmnode.domain.views import MessageView
from swarmnode.errors import NodeError

KEY = Ed25519().generate(os.urandom)


class Stranger:
    """A connection to a relay that nobody asked for."""

    def __init__(self, link: Link, hello: bytes, key: SignatureKeyPair = KEY) -> None:
        self.link, self.key, self.caller = link, key, mbx.Caller.greeted(hello)

    async def ask(self, body: mbx.Send | mbx.Fetch) -> None:
        """Ask, and remember nothing of it."""
        caller, data = self.caller.ask(body, self.key)
        self.caller = mbx.Caller(caller.session, caller.hpke, caller.number)
        await self.link.send(data)


async def address(text: str) -> None:
    """Fetch the bundle of an address as anybody does, then flood its queue with what only looks right."""
    invite = met.InviteLink.parse(text)
    at = invite.fetch[0]
    async with connect(at.address, at.pin) as link:
        caller = mbx.Caller.greeted(await link.receive())
        caller, data = caller.ask(mbx.Fetch(invite.slot(at), KEY.public), KEY)
        await link.send(data)
        caller, _, said = caller.hear(await link.receive())
        assert isinstance(said, mbx.Bundle), said
        queue = met.Invitation.open(invite, said.bundle).bundle.replies[0]

    def request(number: int) -> mbx.Send:
        frame = Frame(Kind.CONN_REQ, os.urandom(1500), number)
        blob = seal_envelope(QueueKey(queue.queue_key), frame, entropy=os.urandom)
        bucket = [*Bucket].index(Bucket(len(blob)))
        return mbx.Send(queue.sid, mbx.MessageId(os.urandom(16)), bucket, blob, KEY.public)

    await flood(queue.address, queue.pin, request)


async def connection(at: str, pin: str) -> None:
    """Flood a relay."""

    def lost(_: int) -> mbx.Send:
        return mbx.Send(
            mbx.SenderId(os.urandom(24)), mbx.MessageId(os.urandom(16)), 1, os.urandom(Bucket.MEDIUM)
        )

    await flood(at, bytes.fromhex(pin), lost)


async def flood(at: str, pin: bytes, make: object) -> None:
    """Send what `make` makes, over connection after connection."""
    assert callable(make)
    for number in count():
        try:
            async with connect(at, pin) as link, asyncio.TaskGroup() as tasks:
                stranger = Stranger(link, await link.receive())
                reading = tasks.create_task(_read(link))
                for k in count(1):
                    await stranger.ask(make(k))
                    if (number, k) == (0, 1):
                        print("flooding", flush=True)
                    if reading.done():
                        break
        except (NodeError, ExceptionGroup):
            await asyncio.sleep(0.01)


async def _read(link: Link) -> None:
    async for _ in link:
        pass


def contact(home: str, chat: str) -> None:
    """Talk without a pause."""
    client = Client(Path(home))
    for number in count():
        client.call("POST", f"/chats/{chat}/messages", {"text": f"listen {number}"}, MessageView)
        if number == 0:
            print("flooding", flush=True)


if __name__ == "__main__":
    os.nice(19)
    match sys.argv[1:]:
        case ["address", text]:
            asyncio.run(address(text))
        case ["connection", at, pin]:
            asyncio.run(connection(at, pin))
        case ["contact", home, chat]:
            contact(home, chat)
