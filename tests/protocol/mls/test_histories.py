"""Random histories of groups, among our own members.

A failure prints its seed and the command that repeats and tells it. `MLS_HISTORIES=500 pytest
tests/protocol/mls/test_histories.py -n auto` plays 500 seeds of the fast suite and a tenth as many of each
real one; without it some twenty are played. Sizes: see `mls_history.plan_of`; seeds with remainder 7 by 16
have 64 people.
"""

from __future__ import annotations

import os

import pytest
from mls_history import History

SEEDS = int(os.environ.get("MLS_HISTORIES", "16"))
REAL = max(2, SEEDS // 10)
EVERYTHING = {
    "asks to join",
    "branches",
    "commits",
    "commits from outside",
    "follows",
    "is out",
    "joins",
    "lost",
    "lost commits",
    "merges its own",
    "opens the successor",
    "proposes add",
    "proposes extensions",
    "proposes leave",
    "proposes psk",
    "proposes remove",
    "proposes update",
    "reads",
    "receives a proposal",
    "reference missing",
    "refuses",
    "repeats",
    "restarts",
    "says",
    "takes its proposal back",
    "too early",
}


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_history_in_the_fast_suite(seed: int) -> None:
    assert History("fast", seed).run().steps > 100


@pytest.mark.parametrize("seed", range(REAL))
@pytest.mark.parametrize("suite", ["x25519", "hybrid"])
def test_a_history_in_a_real_suite(suite: str, seed: int) -> None:
    assert History(suite, seed).run().steps > 50


def test_a_history_repeats_and_has_everything_in_it() -> None:
    once, again = (History("fast", 17).run() for _ in range(2))
    assert once.counts == again.counts
    assert {k for k in once.counts if not k.startswith("epoch")} >= EVERYTHING
    messages = [[e.data for g in h.groups.values() for e in g.log] for h in (once, again)]
    assert messages[0] == messages[1]
