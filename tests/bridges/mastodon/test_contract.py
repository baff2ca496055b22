"""The kit against a real snac2 behind a proxy that plays faults, and against a Mastodon that does not exist.

The short form is what plays faults, and what no other test here asks of a real server; the long form is all
up to gold in each world. `LACKS` names what no snac2 can show: that `fake.py` shows alone, which all checks
run against as well, since it has the stream, the keys and the lists of conversations.
"""

import importlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from bridge_node_core import node_core
from mastodon_kit import LACKS, OLD_LACKS, PUBLIC_LACKS, MastodonKit
from mastodon_server import Snac

from swarm_bridges.testing import CHECKS, Subject, Tier, contract, small_core, up_to
from swarm_bridges.testing.runner import run_check
from swarmnode.bridging.host.packages import load

PACKAGE = "swarm_bridges.networks.mastodon"
LONG = bool(os.environ.get("SWARMNODE_SOAK"))

TestContract = contract(PACKAGE)


@dataclass(frozen=True)
class Place:
    """In which room of which server; what the short form runs there, and what the long one leaves out."""

    short: frozenset[str]
    lacks: Mapping[str, str]
    server: str = "new_snac"
    public: bool = False
    on_node: bool = False

    def checks(self) -> list[str]:
        """By name."""
        return [
            one.name
            for one in up_to(Tier.GOLD)
            if one.name not in self.lacks and (LONG or one.name in self.short)
        ]


PLACES = {
    "direct": Place(
        frozenset(
            {
                *("crash_in_send", "faults_in_reading", "faults_in_sending", "refusals", "limits"),
                *("replays", "reauth", "duplicates", "quiet", "hostile_texts", "deletions", "files"),
                *("changing_limits", "names", "documents"),
            }
        ),
        LACKS,
    ),
    "timeline": Place(frozenset({"votes_and_marks", "crash_in_send", "edits"}), PUBLIC_LACKS, public=True),
    "old": Place(frozenset({"faults_in_sending"}), OLD_LACKS, server="old_snac"),
    "node": Place(
        frozenset({"crash_in_send", "long_texts"}),
        {**LACKS, "receipts": "a node shows them in another way than the kit"},
        on_node=True,
    ),
}


@pytest.mark.parametrize(
    ("where", "name"), [(w, name) for w, place in PLACES.items() for name in place.checks()]
)
async def test_contract(where: str, name: str, far_snac: Snac, request: pytest.FixtureRequest) -> None:
    place = PLACES[where]
    here: Snac = request.getfixturevalue(place.server)
    module = importlib.import_module(PACKAGE)
    folder = Path(str(module.__file__)).parent
    subject = Subject(
        PACKAGE,
        module,
        load(PACKAGE).manifest,
        folder,
        lambda: MastodonKit(here, far_snac, public=place.public),
    )
    result = await run_check(subject, CHECKS[name], node_core if place.on_node else small_core)
    assert not result.missing or LONG, "nothing was looked at"


def test_what_is_lacking_is_named_rightly() -> None:
    named = set[str]().union(*(place.short | set(place.lacks) for place in PLACES.values()))
    assert named <= set(CHECKS)
