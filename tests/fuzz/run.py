"""Feed the package mutated input: `make fuzz`, or `python tests/fuzz/run.py [SECONDS] [TARGET...]`.

The time is shared among the targets (`tests/support/mls_fuzz.py`). With atheris the choice of inputs follows
the code that they reach; where it is not installed, a plain loop mutates the kept inputs. An input that shows
a fault is written to the corpus of its target, so that the tests fail on it until the fault is mended.
`--keep` puts new inputs that reach new code there as well, `--seed` the valid inputs that are made here.
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
"""Inputs are no longer than this, in bytes: what is long is for test_hostile.py."""


def keep(target: str, data: bytes, fuzz: Any) -> Path:
    """Put an input into the corpus, under a name that its content gives."""
    folder: Path = fuzz.CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / hashlib.sha256(data).hexdigest()[:16]
    path.write_bytes(data)
    return path


def report(target: str, data: bytes, fuzz: Any) -> None:
    """Tell of a fault that was found, and keep what shows it."""
    traceback.print_exc()
    print(f"{target}: a fault, shown by {keep(target, data, fuzz)}", file=sys.stderr, flush=True)


def plainly(target: str, seconds: float, fuzz: Any) -> int:
    """Mutate the kept inputs for so long; 1 if a fault was found."""
    call, rng = fuzz.TARGETS[target], random.Random()
    inputs = [*fuzz.kept(target).values(), *fuzz.seeds()[target]]
    end, runs = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        data = fuzz.mutate(rng.choice(inputs), rng.choice(inputs), rng)[:LONGEST]
        runs += 1
        try:
            call(data)
        except Exception:  # noqa: BLE001 - whatever it is, it is a finding
            report(target, data, fuzz)
            return 1
    print(f"{target}: {runs} inputs, no fault", flush=True)
    return 0


def guided(target: str, arguments: list[str]) -> None:
    """Hand over to libFuzzer, which ends the process."""
    atheris = importlib.import_module("atheris")
    with atheris.instrument_imports(include=["swarm_protocol"]):
        importlib.import_module("swarm_protocol.mls")
    fuzz = importlib.import_module("mls_fuzz")
    call = fuzz.TARGETS[target]

    def one(data: bytes) -> None:
        try:
            call(data)
        except Exception:  # noqa: BLE001 - whatever it is, it is a finding
            report(target, data, fuzz)
            os._exit(77)

    fuzz.members(), fuzz.newcomer(), fuzz.seeds()
    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


def with_atheris(target: str, seconds: float, fuzz: Any, keep_new: bool) -> int:
    """Run libFuzzer in a process of its own; 1 if a fault was found."""
    with tempfile.TemporaryDirectory() as name:
        found, seeds = Path(name, "found"), Path(name, "seeds")
        found.mkdir()
        seeds.mkdir()
        for data in [*fuzz.kept(target).values(), *fuzz.seeds()[target]]:
            (seeds / hashlib.sha256(data).hexdigest()[:16]).write_bytes(data)
        options = [f"-max_total_time={max(1, int(seconds))}", f"-max_len={LONGEST}", "-timeout=20"]
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
                print(f"{target}: kept as {keep(target, path.read_bytes(), fuzz)}", file=sys.stderr)
            return 1
        for path in found.iterdir() if keep_new else ():
            keep(target, path.read_bytes(), fuzz)
    return 0


def main() -> int:
    """The command; gives the exit code, 1 if a fault was found."""
    if sys.argv[1:2] == ["--inside"]:
        guided(sys.argv[2], sys.argv[3:])
    fuzz = importlib.import_module("mls_fuzz")
    parser = argparse.ArgumentParser(description="Feed the package mutated input.")
    parser.add_argument("seconds", nargs="?", type=float, default=60, help="time for all targets together")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(fuzz.TARGETS)}")
    parser.add_argument("--keep", action="store_true", help="keep inputs that reach new code")
    parser.add_argument("--seed", action="store_true", help="write the valid inputs to the corpus, and stop")
    parser.add_argument("--plain", action="store_true", help="do without atheris")
    given = parser.parse_args()
    targets = given.targets or list(fuzz.TARGETS)
    unknown = set(targets) - set(fuzz.TARGETS)
    if unknown:
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    if given.seed:
        for target in targets:
            for data in fuzz.seeds()[target]:
                keep(target, data, fuzz)
        return 0
    has_atheris = importlib.util.find_spec("atheris") is not None and not given.plain
    if not has_atheris:
        print("Without atheris: a plain loop mutates the kept inputs, blind to what they reach.", flush=True)
    share, faults = given.seconds / len(targets), 0
    for target in targets:
        if has_atheris:
            faults += with_atheris(target, share, fuzz, given.keep)
        else:
            faults += plainly(target, share, fuzz)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
