"""Feed the package mutated input: `make fuzz`, or `python tests/fuzz/run.py [SECONDS] [TARGET...]`.

The time is shared among the targets (`tests/support/fuzz_targets.py`). With atheris the choice of inputs
follows the code that they reach; where it is not installed, a plain loop changes what there is. An input that
shows a fault is written to the corpus of its target, so that the tests fail on it until the fault is mended.
`--keep` puts new inputs that reach new code there as well, `--seed` the valid inputs that MLS begins with;
those of our own protocol are its vectors.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.util
import os
import random
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

LONGEST = 4096
"""Inputs are no longer than this, in bytes, or than the longest that a target begins with."""

LONG = 1 << 16
"""Valid inputs that are longer are left out."""


def keep(target: str, data: bytes) -> Path:
    """Put an input into the corpus, under a name that its content gives."""
    folder: Path = fuzzing().CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / hashlib.sha256(data).hexdigest()[:16]
    path.write_bytes(data)
    return path


def report(target: str, data: bytes) -> None:
    """Tell of a fault that was found, and keep what shows it."""
    traceback.print_exc()
    print(f"{target}: a fault, shown by {keep(target, data)}", file=sys.stderr, flush=True)


def fuzzing() -> Any:
    """What targets share; imported late, for atheris wants to see the package imported."""
    return importlib.import_module("fuzzing")


def targets() -> Any:
    """The module of all targets; imported late as well."""
    return importlib.import_module("fuzz_targets")


def inputs_of(target: str) -> list[bytes]:
    """What a target begins with."""
    made = [data for data in targets().TARGETS[target].seeds() if len(data) <= LONG]
    return [*fuzzing().kept(target).values(), *made]


def plainly(target: str, seconds: float) -> int:
    """Change what there is for so long; 1 if a fault was found."""
    fuzz, rng, inputs = targets(), random.Random(), inputs_of(target)
    longest = max(LONGEST, *map(len, inputs))
    end, runs = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = fuzz.TARGETS[target].mutate(rng.choice(inputs), rng.choice(inputs), rng)[:longest]
        runs += 1
        try:
            fuzz.costs(fuzz.TARGETS[target], data)
        except Exception:  # noqa: BLE001 - whatever it is, it is a finding
            report(target, data)
            return 1
    print(f"{target}: {runs} inputs, no fault", flush=True)
    return 0


def guided(name: str, arguments: list[str]) -> None:
    """Hand over to libFuzzer, which ends the process."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["swarm_protocol", "swarmnode"]):
        fuzz = targets()
    target, inputs = fuzz.TARGETS[name], inputs_of(name)

    def one(data: bytes) -> None:
        try:
            target.accepts(data)
        except Exception:  # noqa: BLE001 - whatever it is, it is a finding
            report(name, data)
            os._exit(77)

    def changed(data: bytes, longest: int, seed: int) -> bytes:
        """By turns what libFuzzer does, and what knows the encoding."""
        rng = random.Random(seed)
        if rng.random() < 0.5:
            return bytes(atheris.Mutate(data, longest))
        return bytes(target.mutate(data, rng.choice(inputs), rng)[:longest])

    for data in inputs:  # what is made once shall not count for an input
        target.accepts(data)
    atheris.Setup([sys.argv[0], *arguments], one, custom_mutator=changed)
    atheris.Fuzz()


def with_atheris(target: str, seconds: float, keep_new: bool) -> int:
    """Run libFuzzer in a process of its own; 1 if a fault was found."""
    with tempfile.TemporaryDirectory() as name:
        found, seeds = Path(name, "found"), Path(name, "seeds")
        found.mkdir()
        seeds.mkdir()
        inputs = inputs_of(target)
        for data in inputs:
            (seeds / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
        options = [f"-max_total_time={max(1, int(seconds))}", f"-max_len={max(LONGEST, *map(len, inputs))}"]
        options += ["-timeout=20", "-rss_limit_mb=1024"]
        options += [f"-artifact_prefix={name}/", "-reduce_inputs=1", str(found), str(seeds)]
        done = subprocess.run(
            [sys.executable, __file__, "--inside", target, *options],
            check=False,
            capture_output=True,
            text=True,
        )
        said = [line for line in done.stderr.splitlines() if line.startswith("#") and " cov: " in line]
        print(f"{target}: {said[-1] if said else 'libFuzzer said nothing'}", flush=True)
        if done.returncode:
            print(done.stderr[-4000:], file=sys.stderr)
            for path in Path(name).glob("*-*"):
                print(f"{target}: kept as {keep(target, path.read_bytes())}", file=sys.stderr)
            return 1
        for path in found.iterdir() if keep_new else ():
            keep(target, path.read_bytes())
    return 0


def main() -> int:
    """The command; gives the exit code, 1 if a fault was found."""
    if sys.argv[1:2] == ["--inside"]:
        guided(sys.argv[2], sys.argv[3:])
    every = targets().TARGETS
    parser = argparse.ArgumentParser(description="Feed the package mutated input.")
    parser.add_argument("seconds", nargs="?", type=float, default=60, help="time for all targets together")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(every)}")
    parser.add_argument("--keep", action="store_true", help="keep inputs that reach new code")
    parser.add_argument("--seed", action="store_true", help="write the valid inputs to the corpus, and stop")
    parser.add_argument("--plain", action="store_true", help="do without atheris")
    given = parser.parse_args()
    chosen = given.targets or list(every)
    if unknown := set(chosen) - set(every):
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    if given.seed:
        for target in chosen:
            for data in every[target].seeds():
                keep(target, data)
        return 0
    has_atheris = importlib.util.find_spec("atheris") is not None and not given.plain
    if not has_atheris:
        print("Without atheris: a plain loop mutates the kept inputs, blind to what they reach.", flush=True)
    share, faults = given.seconds / len(chosen), 0
    for target in chosen:
        if has_atheris:
            faults += with_atheris(target, share, given.keep)
        else:
            faults += plainly(target, share)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
