"""A process that is a relay alone: what it answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from swarm_protocol.meeting import RelayLink
from swarmnode.api.node import Node
from swarmnode.app.relay import RelayAlone
from swarmnode.config import Config
from swarmnode.delivery.relay_role import RelayOptions, RelayRole
from swarmnode.domain.views import NodeState
from swarmnode.errors import NotReady
from swarmnode.storage.home import Home


@asynccontextmanager
async def relay(folder: Path) -> AsyncIterator[tuple[Node, RelayRole]]:
    role = RelayRole.open(folder / "relay", RelayOptions("127.0.0.1", 0))
    try:
        with Home(folder) as place:
            yield cast("Node", RelayAlone(Config(home=folder, roles=("relay",)), place, role)), role
    finally:
        role.close()


async def test_it_says_how_the_relay_is(tmp_path: Path) -> None:
    async with relay(tmp_path) as (node, role):
        status = await node.status()
        assert (status.state, status.roles) == (NodeState.EMPTY, ("relay",))
        checks = {check.name: check for check in await node.doctor()}
        assert set(checks) == {"home", "disk", "relay"}
        assert role.address in checks["relay"].detail


async def test_it_has_nothing_of_a_node(tmp_path: Path) -> None:
    async with relay(tmp_path) as (node, _):
        for wish in ("chats", "create", "unlock", "events"):
            with pytest.raises(NotReady, match="relay alone"):
                getattr(node, wish)
        assert not hasattr(node, "tickets")


async def test_it_lends_itself(tmp_path: Path) -> None:
    async with relay(tmp_path) as (node, role), asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(role.run())
        (link,) = await node.relay_tickets(1)
        assert RelayLink.parse(link).at.address == role.address
        serving.cancel()
