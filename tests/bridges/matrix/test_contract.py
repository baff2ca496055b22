"""The kit against a real Synapse, whose answers lead through a proxy that plays faults.

The short form shows that it works, and what no other test here asks; the long form is all up to gold.
"""

import importlib
import os
from pathlib import Path

import pytest
from matrix_kit import LACKS, MatrixKit
from matrix_server import Synapse

from swarm_bridges.testing import CHECKS, Check, Subject, Tier, up_to
from swarm_bridges.testing.runner import run_check
from swarmnode.bridging.host.packages import load

SHORT = {"crash_in_send", "limits", "refusals", "documents"}
WANTED = [one for one in up_to(Tier.GOLD) if one.name not in LACKS]
PACKAGE = "swarm_bridges.networks.matrix"


@pytest.mark.parametrize(
    "one", [c for c in WANTED if os.environ.get("SWARMNODE_SOAK") or c.name in SHORT], ids=lambda c: c.name
)
async def test_contract(one: Check, synapse: Synapse) -> None:
    module = importlib.import_module(PACKAGE)
    folder = Path(str(module.__file__)).parent
    subject = Subject(PACKAGE, module, load(PACKAGE).manifest, folder, lambda: MatrixKit(synapse))
    await run_check(subject, one)


def test_what_matrix_lacks_is_named_rightly() -> None:
    assert set(LACKS) | SHORT <= set(CHECKS)
