"""A fake network for hands: whoever runs it is Ada there, and talks with the owner of a node.

    python -m pigeon.fake

prints what to log in with. Each line that is typed is said by Ada; what the owner says is printed.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import suppress
from typing import TextIO

from .network import OWNER, FakeNetwork

LOOK_S = 0.2


def by_hand(network: FakeNetwork) -> None:
    """Serve until nothing more is typed."""
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(network, sys.stdin, sys.stdout))


async def _serve(network: FakeNetwork, hands: TextIO, eyes: TextIO) -> None:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    pipe, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, hands)
    try:
        async with network.serving(), asyncio.TaskGroup() as tasks:
            eyes.writelines(f'{name} = "{answer}"\n' for name, answer in network.answers().items())
            eyes.flush()
            showing = tasks.create_task(_show(network, eyes))
            while line := (await reader.readline()).decode(errors="replace").strip():
                network.say(line)
            showing.cancel()
    finally:
        pipe.close()


async def _show(network: FakeNetwork, eyes: TextIO) -> None:
    """Print what the owner says, as soon as it is there."""
    shown = 0
    while True:
        said = [message for message in network.messages.values() if message.author == OWNER]
        eyes.writelines(f"{network.people[OWNER]}: {message.text}\n" for message in said[shown:])
        eyes.flush()
        shown = len(said)
        await asyncio.sleep(LOOK_S)
