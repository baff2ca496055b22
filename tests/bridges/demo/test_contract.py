from __future__ import annotations

from swarm_bridges.testing import contract

test_contract = contract("swarm_bridges.networks.demo")
