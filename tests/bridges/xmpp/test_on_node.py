"""The kit's checks through the node's own core. The long form is all of them that have a say there."""

import importlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from bridge_node_core import node_core
from xmpp_kit import XmppKit
from xmpp_proxy import Unencrypted
from xmpp_server import Server, started

from swarm_bridges.testing import Check, Subject, Tier, up_to
from swarm_bridges.testing.runner import run_check
from swarmnode.bridging.host.packages import load

PACKAGE = "swarm_bridges.networks.xmpp"
SHORT = {"edits"}
ELSEWHERE = {"receipts", "claims"}
"""What a node does in another way than the kit shows it."""
WANTED = [one for one in up_to(Tier.GOLD) if one.name not in ELSEWHERE]


@pytest.fixture(scope="module")
def unencrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = started(Unencrypted, tmp_path_factory.mktemp("unencrypted"))
    yield server
    server.stop()


@pytest.mark.parametrize(
    "one", [c for c in WANTED if os.environ.get("SWARMNODE_SOAK") or c.name in SHORT], ids=lambda c: c.name
)
async def test_on_node(one: Check, unencrypted: Server) -> None:
    module = importlib.import_module(PACKAGE)
    folder = Path(str(module.__file__)).parent
    subject = Subject(PACKAGE, module, load(PACKAGE).manifest, folder, lambda: XmppKit(unencrypted))
    await run_check(subject, one, node_core)
