"""Run the simulator: `python tests/sim/run.py --seed N [--trace]` or `--seeds 1000 --jobs 2`.

Many are the soak. It prints how far it is, each seed that failed with what replays it, and in the end how
many hours, messages and faults there were; it exits 1 if a seed failed.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from sim_scenario import Outcome, run_seed


def replay(seed: int) -> str:
    """What runs one seed again."""
    return f"python tests/sim/run.py --seed {seed} --trace"


def one(seed: int, *, trace: bool) -> int:
    outcome = run_seed(seed, keep=None if trace else 60)
    if trace or outcome.wrong:
        print(outcome.trace)
    print(summary([outcome], 0.0))
    print(f"digest {outcome.digest}")
    if outcome.wrong:
        print(f"\nseed {seed}: {outcome.wrong}\n{replay(seed)}", file=sys.stderr)
    return bool(outcome.wrong)


def many(seeds: range, jobs: int) -> int:
    outcomes, failed, begun, told = list[Outcome](), 0, time.monotonic(), time.monotonic()
    with ProcessPoolExecutor(jobs) as pool:
        for outcome in pool.map(run_seed, seeds):
            outcomes.append(outcome)
            if outcome.wrong:
                failed += 1
                print(f"seed {outcome.seed}: {outcome.wrong}\n    {replay(outcome.seed)}", flush=True)
            if time.monotonic() - told > 10:
                told = time.monotonic()
                print(f"{len(outcomes)} of {len(seeds)}, {failed} failed", flush=True)
    print(summary(outcomes, time.monotonic() - begun))
    return bool(failed)


def summary(outcomes: list[Outcome], seconds: float) -> str:
    hours = sum(outcome.hours for outcome in outcomes)
    messages, faults = (sum(getattr(o, name) for o in outcomes) for name in ("messages", "faults"))
    failed = sum(bool(outcome.wrong) for outcome in outcomes)
    speed = f", {len(outcomes) / seconds:.2f} seeds a second" if seconds else ""
    return (
        f"{len(outcomes)} seeds, {failed} failed: {hours:.0f} simulated hours, "
        f"{messages} messages, {faults} faults{speed}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="Run the simulator.")
    parser.add_argument("--seed", type=int, help="this one alone")
    parser.add_argument("--trace", action="store_true", help="print all that happens in it")
    parser.add_argument("--seeds", type=int, default=100, help="how many, the soak")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first of them")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    given = parser.parse_args()
    if given.seed is not None:
        return one(given.seed, trace=given.trace)
    return many(range(given.first, given.first + given.seeds), given.jobs)


if __name__ == "__main__":
    sys.exit(main())
