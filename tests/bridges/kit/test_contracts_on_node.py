"""The kit's checks, driven through the node's own core instead of the small one: they cannot disagree."""

from __future__ import annotations

import random

from bridge_node_core import node_core

from swarm_bridges.testing import Subject, contract, new_world
from swarm_bridges.testing.platinum import rounds

DEMO = "swarm_bridges.networks.demo"


def on_node(package: str) -> type:
    """The checks of a bridge, but for what a node does in another way than the kit shows it."""
    checks = contract(package, node_core)
    if hasattr(checks, "test_receipts"):
        del checks.test_receipts  # others' are shown as states of what the owner said
    return checks


TestDemo = on_node(DEMO)
TestFeeds = on_node("swarm_bridges.networks.feeds")
TestMastodon = on_node("swarm_bridges.networks.mastodon")


async def test_random_faults_lose_nothing_and_double_nothing() -> None:
    async with new_world(Subject.of(DEMO), node_core) as world:
        seed = random.randrange(1 << 32)
        await rounds(world, random.Random(seed), 5, seed)
