"""Random histories: our members in this process, more of ours in another, and ts-mls, all in one group.

The seeds are given by `INTEROP_SEEDS`, a list or a range, and the length of each history by `INTEROP_STEPS`.
A failure prints the line that shows it again. By default there are two in each suite, of 300 steps.
"""

from __future__ import annotations

import os

import pytest

from .histories import History
from .rpc import SUITES, Peer

pytestmark = pytest.mark.interop


def seeds(given: str) -> list[int]:
    """`7`, `1,4,9` or `1-5`."""
    first, dash, last = given.partition("-")
    return list(range(int(first), int(last) + 1)) if dash else [int(seed) for seed in given.split(",")]


SEEDS = seeds(os.environ.get("INTEROP_SEEDS", "1-2"))
STEPS = int(os.environ.get("INTEROP_STEPS", "300"))


@pytest.mark.timeout(120 + STEPS)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("suite", SUITES, ids="{:#06x}".format)
def test_random_history(ours: Peer, ours_apart: Peer, theirs: Peer, suite: int, seed: int) -> None:
    replay = (
        f"INTEROP_SEEDS={seed} INTEROP_STEPS={STEPS} pytest tests/interop -k 'histories and {suite:#06x}'"
    )
    History(suite, seed, [ours, theirs, ours_apart, theirs], replay=replay).run(STEPS)


def test_a_larger_group(ours: Peer, ours_apart: Peer, theirs: Peer) -> None:
    replay = "pytest tests/interop -k test_a_larger_group"
    History(0x0001, 7, [ours, theirs, ours_apart], largest=32, replay=replay).run(25)
