"""The kit's checks through the node's own core. The long form is all of them that have a say there."""

import importlib
import os
from pathlib import Path

import pytest
from bridge_node_core import node_core
from mail_kit import LACKS, MailKit
from mail_server import MailServer

from swarm_bridges.networks.mail import account
from swarm_bridges.testing import Check, Subject, Tier, up_to
from swarm_bridges.testing.runner import run_check
from swarmnode.bridging.host.packages import load

PACKAGE = "swarm_bridges.networks.mail"
SHORT = {"replies"}
WANTED = [one for one in up_to(Tier.GOLD) if one.name not in LACKS]


@pytest.mark.parametrize(
    "one", [c for c in WANTED if os.environ.get("SWARMNODE_SOAK") or c.name in SHORT], ids=lambda c: c.name
)
async def test_on_node(one: Check, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "LOOK_S", 3.0)  # this server delivers at once
    module = importlib.import_module(PACKAGE)
    folder = Path(str(module.__file__)).parent
    subject = Subject(PACKAGE, module, load(PACKAGE).manifest, folder, lambda: MailKit(mail_server))
    await run_check(subject, one, node_core)
