"""Random lives of some days, each from its seed; and the same seed is the same life, in any process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from sim_scenario import run_seed

RUN = Path(__file__).with_name("run.py")
SEEDS = range(1000, 1020)
"""More of them: `python tests/sim/run.py --seeds 1000 --jobs 2`."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_life_ends_well(seed: int) -> None:
    outcome = run_seed(seed, keep=60)
    assert not outcome.wrong, (
        f"{outcome.trace}\n\n{outcome.wrong}\n\npython tests/sim/run.py --seed {seed} --trace"
    )
    assert outcome.messages > 0


def test_the_same_seed_is_the_same_life_in_another_process() -> None:
    def run(hash_seed: str, seed: int) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run(
            [sys.executable, str(RUN), "--seed", str(seed)],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.splitlines()[-1]

    first = run("1", 4)
    assert first.startswith("digest ")
    assert run("2", 4) == first
    assert run("1", 10) != first
