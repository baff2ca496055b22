"""The kit against a real Prosody, whose lines lead through a proxy that breaks stanzas.

The short form shows that it works, and what no other test here asks; the long form is all up to gold.
"""

import importlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from xmpp_kit import XmppKit
from xmpp_proxy import Unencrypted
from xmpp_server import Server, started

from swarm_bridges.testing import CHECKS, Check, Subject, Tier, up_to
from swarm_bridges.testing.runner import run_check
from swarmnode.bridging.host.packages import load

SHORT = {"refusals", "documents", "limits", "reordered", "changing_limits", "invitations"}
WANTED = up_to(Tier.GOLD)
PACKAGE = "swarm_bridges.networks.xmpp"


@pytest.fixture(scope="module")
def unencrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = started(Unencrypted, tmp_path_factory.mktemp("unencrypted"))
    yield server
    server.stop()


@pytest.mark.parametrize(
    "one", [c for c in WANTED if os.environ.get("SWARMNODE_SOAK") or c.name in SHORT], ids=lambda c: c.name
)
async def test_contract(one: Check, unencrypted: Server) -> None:
    module = importlib.import_module(PACKAGE)
    manifest = load(PACKAGE).manifest
    folder = Path(str(module.__file__)).parent
    subject = Subject(PACKAGE, module, manifest, folder, lambda: XmppKit(unencrypted))
    await run_check(subject, one)


def test_the_short_form_is_named_rightly() -> None:
    assert set(CHECKS) >= SHORT
