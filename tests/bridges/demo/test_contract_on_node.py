"""The kit's checks of the demo bridge, driven through the node's own core instead of the kit's small one."""

from __future__ import annotations

import random

from bridge_node_core import node_core

from swarm_bridges.testing import Subject, contract, new_world
from swarm_bridges.testing.platinum import rounds

DEMO = "swarm_bridges.networks.demo"
TestContractOnNode = contract(DEMO, node_core)
del TestContractOnNode.test_opaque  # type: ignore[attr-defined]  # nothing in a node speaks through other networks
del TestContractOnNode.test_receipts  # type: ignore[attr-defined]  # shown as states of what the owner said


async def test_random_faults_lose_nothing_and_double_nothing() -> None:
    async with new_world(Subject.of(DEMO), node_core) as world:
        seed = random.randrange(1 << 32)
        await rounds(world, random.Random(seed), 5, seed)
