"""One process: a home, a node or a relay or both in it, and the API over them."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Protocol, cast

from ..api.node import Node
from ..api.ports import MemoryAnswers, MemoryTokens
from ..api.server import Api, serve
from ..config import Config
from ..delivery.clock import clock
from ..storage.home import Home

if TYPE_CHECKING:
    from ..delivery.relay_role import RelayRole

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
        role = await stack.enter_async_context(_relaying(config)) if "relay" in config.roles else None
        api = await _api(config, place, role, passphrase, stack)
        served = await stack.enter_async_context(
            serve(api, home=config.home, host=config.http.host, port=config.http.port)
        )
        code, _ = served.gate.pair("admin")
        status = await api.node.status()
        logger.info("node.ready", extra={"state": status.state.value})
        ready(url=served.url, code=code, state="relay" if config.roles == ("relay",) else status.state.value)
        gc.collect()
        gc.freeze()  # what a start made stays: each look at it would cost 50 ms
        await stop.wait()
        logger.info("node.stopping")


async def _api(
    config: Config, place: Home, role: RelayRole | None, passphrase: str | None, stack: AsyncExitStack
) -> Api:
    """The API over what this process is. A relay alone loads nothing of a node, which is more than half."""
    make = partial(Api, clock=clock, entropy=os.urandom, allowed_hosts=config.http.allowed_hosts)
    if "node" in config.roles:
        from .node import LocalNode  # noqa: PLC0415
        from .stores import Stores  # noqa: PLC0415

        stores = Stores()
        node = LocalNode(config, place, stores, role=role)
        stack.push_async_callback(node.stop)
        await node.start(passphrase)
        return make(node, tokens=stores.tokens, answers=stores.answers)
    from .relay import RelayAlone  # noqa: PLC0415

    assert role is not None, "a process has a role"
    alone = cast("Node", RelayAlone(config, place, role))
    return make(alone, tokens=MemoryTokens(), answers=MemoryAnswers())


@asynccontextmanager
async def _relaying(config: Config) -> AsyncIterator[RelayRole]:
    """A relay serves as long as the block lasts."""
    from ..delivery.relay_door import DoorLimits  # noqa: PLC0415 - a node alone loads nothing of a relay
    from ..delivery.relay_role import RelayOptions, RelayRole  # noqa: PLC0415

    options = RelayOptions(
        host=config.link.host,
        port=config.link_port,
        public_address=config.link.public,
        quota_bytes=config.relay.quota_mib * MIB,
        spare_bytes=config.relay.spare_mib * MIB,
        door=DoorLimits(config.relay.connections, config.relay.connections_per_source),
        forwards=config.relay.forward,
        allow_private=os.environ.get(ALLOW_PRIVATE) == "1",
    )
    role = RelayRole.open(config.home / "relay", options)
    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(role.run())
        try:
            yield role
        finally:
            serving.cancel()
