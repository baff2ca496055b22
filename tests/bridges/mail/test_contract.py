"""The kit against real servers, whose lines lead through a proxy that breaks commands and answers.

The short form is what breaks lines, and what no other test here asks; the long form is all up to gold.
"""

import importlib
import os
from pathlib import Path

import pytest
from mail_kit import LACKS, MailKit
from mail_server import MailServer

from swarm_bridges.networks.mail import account
from swarm_bridges.testing import CHECKS, Check, Subject, Tier, up_to
from swarm_bridges.testing.runner import run_check
from swarmnode.bridging.host.packages import load

SHORT = {"faults_in_reading", "faults_in_sending", "crash_in_send", "refusals", "files", "names", "documents"}
WANTED = [one for one in up_to(Tier.GOLD) if one.name not in LACKS]
PACKAGE = "swarm_bridges.networks.mail"


@pytest.mark.parametrize(
    "one", [c for c in WANTED if os.environ.get("SWARMNODE_SOAK") or c.name in SHORT], ids=lambda c: c.name
)
async def test_contract(one: Check, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "LOOK_S", 3.0)  # this server delivers at once
    module = importlib.import_module(PACKAGE)
    folder = Path(str(module.__file__)).parent
    subject = Subject(PACKAGE, module, load(PACKAGE).manifest, folder, lambda: MailKit(mail_server))
    await run_check(subject, one)


def test_what_mail_lacks_is_named_rightly() -> None:
    assert set(LACKS) | SHORT <= set(CHECKS)
