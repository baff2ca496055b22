"""A relay in a process of its own, for tests that kill it and for benchmarks.

It prints one line of JSON when it serves: its address, its pin, and seeds of tickets, in hex.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from pathlib import Path

from swarmnode.delivery.relay_role import RelayOptions, RelayRole


async def main(folder: Path, port: int, batches: int) -> None:
    role = RelayRole.open(folder, RelayOptions("127.0.0.1", port))
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(role.run())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
        seeds = [(await role.tickets_link()).seed.hex() for _ in range(batches)]
        print(json.dumps([role.address, role.pin.hex(), seeds]), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("port", type=int)
    parser.add_argument("--batches", type=int, default=1, help="of 256 tickets each")
    parser.add_argument("--uvloop", action="store_true")
    options = parser.parse_args()
    if options.uvloop:
        import uvloop

        uvloop.run(main(options.folder, options.port, options.batches))
    else:
        asyncio.run(main(options.folder, options.port, options.batches))
