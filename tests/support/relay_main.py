"""A relay in a process of its own, for tests that kill it: `python relay_main.py FOLDER PORT`.

It prints one line of JSON when it listens: its address, its pin, and the seed of tickets, in hex.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path

from swarmnode.delivery.relay_role import RelayRole


async def main(folder: str, port: str) -> None:
    role = RelayRole.open(Path(folder), host="127.0.0.1", port=int(port))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(role.run())
        link = await role.tickets_link()
        print(json.dumps([role.address, role.pin.hex(), link.seed.hex()]), flush=True)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)


if __name__ == "__main__":
    if "--uvloop" in sys.argv:
        import uvloop

        uvloop.run(main(*sys.argv[1:3]))
    else:
        asyncio.run(main(*sys.argv[1:3]))
