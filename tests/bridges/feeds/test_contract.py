from __future__ import annotations

from swarm_bridges.testing import contract

TestContract = contract("swarm_bridges.networks.feeds")
