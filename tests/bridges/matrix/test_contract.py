"""The kit against a real Synapse, whose answers lead through a proxy that plays faults.

The short form shows that it works, and what no other test here asks; the long form is all up to gold.
"""

import importlib
import os
from pathlib import Path

import pytest
from bridge_node_core import node_core
from matrix_kit import LACKS, MatrixKit
from matrix_server import Synapse

from swarm_bridges.testing import CHECKS, Check, Subject, Tier, up_to
from swarm_bridges.testing.runner import run_check
from swarmnode.bridging.host.packages import load

SHORT = {
    "crash_in_send",
    "limits",
    "refusals",
    "documents",
    "claims",
    "opaque",
    "votes_and_marks",
    "invitations",
    "reordered",
}
ON_NODE = {"crash_in_send", "invitations", "faults_in_sending", "refusals", "replays", "votes_and_marks"}
WANTED = [one for one in up_to(Tier.GOLD) if one.name not in LACKS]
PACKAGE = "swarm_bridges.networks.matrix"


LONG = bool(os.environ.get("SWARMNODE_SOAK"))
OTHERWISE = {"receipts"}
"""What a node shows in another way than the kit does."""


def subject(synapse: Synapse) -> Subject:
    module = importlib.import_module(PACKAGE)
    folder = Path(str(module.__file__)).parent
    return Subject(PACKAGE, module, load(PACKAGE).manifest, folder, lambda: MatrixKit(synapse))


@pytest.mark.parametrize("one", [c for c in WANTED if LONG or c.name in SHORT], ids=lambda c: c.name)
async def test_contract(one: Check, synapse: Synapse) -> None:
    await run_check(subject(synapse), one)


@pytest.mark.parametrize(
    "one",
    [c for c in WANTED if c.name not in OTHERWISE and (LONG or c.name in ON_NODE)],
    ids=lambda c: c.name,
)
async def test_contract_on_node(one: Check, synapse: Synapse) -> None:
    """Driven through the node's own core instead of the small one: they cannot disagree."""
    await run_check(subject(synapse), one, node_core)


def test_what_matrix_lacks_is_named_rightly() -> None:
    assert set(LACKS) | SHORT <= set(CHECKS)
