"""One process: a home, a node or a relay or both in it, and the API over them."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Protocol

from ..api.server import Api, serve
from ..config import Config
from ..delivery.relay_door import DoorLimits
from ..delivery.relay_role import RelayRole
from ..delivery.runner import clock
from ..storage.home import Home
from .node import LocalNode
from .stores import Stores

MIB = 1024 * 1024

logger = logging.getLogger(__name__)

ALLOW_PRIVATE = "SWARMNODE_TEST_FORWARD_TO_PRIVATE"
"""Set in tests and the demo alone: a relay forwards to other relays on this machine."""


class Ready(Protocol):
    """What is told once, when the node can be reached."""

    def __call__(self, *, url: str, code: str, state: str) -> None:
        """The address of its page, a pairing code for it, and the node's state."""
        ...


async def run(config: Config, *, passphrase: str | None, ready: Ready) -> None:
    """Run until SIGTERM or SIGINT, then return with everything stored.

    Raises:
        InUse: another process has this home.
        ConfigError, StorageError: an address is taken, or the store cannot be used.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        place = stack.enter_context(Home(config.home))
        role = None
        if "relay" in config.roles:
            role = RelayRole.open(
                config.home / "relay",
                host=config.link.host,
                port=config.link_port,
                public_address=config.link.public,
                quota_bytes=config.relay.quota_mib * MIB,
                spare_bytes=config.relay.spare_mib * MIB,
                door=DoorLimits(config.relay.connections, config.relay.connections_per_source),
                forwards=config.relay.forward,
                allow_private=os.environ.get(ALLOW_PRIVATE) == "1",
            )
            await stack.enter_async_context(_relaying(role))
        stores = Stores()
        node = LocalNode(config, place, stores, role=role)
        stack.push_async_callback(node.stop)
        if "node" in config.roles:
            await node.start(passphrase)
        api = Api(
            node,
            tokens=stores.tokens,
            answers=stores.answers,
            clock=clock,
            entropy=os.urandom,
            allowed_hosts=config.http.allowed_hosts,
        )
        served = await stack.enter_async_context(
            serve(api, home=config.home, host=config.http.host, port=config.http.port)
        )
        code, _ = served.gate.pair("admin")
        status = await node.status()
        logger.info("node.ready", extra={"state": status.state.value})
        ready(url=served.url, code=code, state="relay" if config.roles == ("relay",) else status.state.value)
        await stop.wait()
        logger.info("node.stopping")


@asynccontextmanager
async def _relaying(role: RelayRole) -> AsyncIterator[None]:
    """A relay serves as long as the block lasts."""
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(role.run())
        try:
            yield
        finally:
            serving.cancel()
