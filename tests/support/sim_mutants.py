"""Try each planted fault of the node: `python tests/sim/mutants.py [--only NAME ...]`.

A copy of the package is changed, and directed tests and random lives run on it until one fails: first what
should notice, which may be a file of tests as well, then all else. A run of the whole catalogue writes the
table in `docs/simulator.md`. A mutant that survives is a check that is missing.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sim_mutant_catalogue import (
    AWAY,
    BACK,
    CLOCK,
    DEATH,
    DRIVER,
    FAILING,
    FORGETS,
    FOUND,
    FULL,
    LIVES,
    MUTE,
    NO_RELAY,
    ORDER,
    STEPS,
    STORING,
    TALK,
    THIRD,
    THIRDS,
    TURNS,
    TWICE,
    VOID,
    Mutant,
)
from sim_mutant_catalogue import MUTANTS as OF_NODES
from sim_mutant_private import MUTANTS as OF_PRIVATE

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / "swarmnode", ROOT / "protocol" / "swarm_protocol"
SUPPORT = ROOT / "tests" / "support"
DOCUMENT = ROOT / "docs" / "simulator.md"
QUICK = (
    TALK,
    STORING,
    DEATH,
    AWAY,
    ORDER,
    BACK,
    MUTE,
    FAILING,
    FORGETS,
    TURNS,
    FULL,
    CLOCK,
    VOID,
    FOUND,
    THIRD,
    NO_RELAY,
    TWICE,
    THIRDS,
    STEPS,
)
"""Directed tests, quick ones first."""
SEEDS = 8
"""So many random lives at most are tried on a mutant."""
MUTANTS = [*OF_NODES, *OF_PRIVATE]

START = """
import sys
sys.path[:0] = [sys.argv[1], sys.argv[2], sys.argv[3]]
import swarmnode, swarm_protocol, sim_node
for module in swarmnode, swarm_protocol, sim_node:
    if not module.__file__.startswith(sys.argv[1]):
        sys.exit(f"not the copy: {module.__file__}")
import test_directed
from sim_scenario import run_seed

def lives():
    for seed in range(int(sys.argv[4])):
        if wrong := run_seed(seed, keep=0).wrong:
            raise AssertionError(f"seed {seed}: {wrong}")

DIRECTED = test_directed.DIRECTED | {"lives": lives}
for name, test in [(name, DIRECTED[name]) for name in sys.argv[5:]]:
    try:
        test()
    except Exception as error:
        print("CAUGHT", name, (str(error) or repr(error)).replace(chr(10), " "))
        break
else:
    print("SURVIVED")
"""

START_TESTS = """
import sys
sys.path[:0] = [sys.argv[1]]
import swarmnode, swarm_protocol, pytest
for module in swarmnode, swarm_protocol:
    if not module.__file__.startswith(sys.argv[1]):
        sys.exit(f"not the copy: {module.__file__}")
sys.exit(pytest.main(sys.argv[2:]))
"""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mutant: what noticed, or None, and what it said."""

    mutant: Mutant
    caught_by: str | None
    how: str
    seconds: float


def copy_to(folder: Path) -> None:
    """Copy what mutants change."""
    for package in PACKAGES:
        shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(SUPPORT / DRIVER, folder / DRIVER)


def changed(mutant: Mutant) -> dict[str, str]:
    """What a mutant makes of modules, by their places in a copy; each text must occur exactly once."""
    found: dict[str, str] = {}
    for module, old, new in mutant.edits:
        place = module if module == DRIVER or module.startswith("swarm_protocol/") else f"swarmnode/{module}"
        home = SUPPORT if module == DRIVER else next(p for p in PACKAGES if place.startswith(p.name)).parent
        text = found.get(place) or (home / place).read_text()
        if text.count(old) != 1:
            raise SystemExit(f"{mutant.name}: {old!r} occurs {text.count(old)} times in {module}")
        found[place] = text.replace(old, new)
    return found


def try_mutant(mutant: Mutant, *, thorough: bool = True) -> Result:
    """Apply a mutant to a copy and look whether something notices: first what should, then all else.

    Raises:
        SystemExit: the mutant does not apply, or the copy could not run at all.
    """
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        copy_to(folder)
        for place, text in changed(mutant).items():
            (folder / place).write_text(text)
        names = list(dict.fromkeys([mutant.by, *((*QUICK, LIVES) if thorough else ())]))
        caught = tests_on(folder, names.pop(0)) if mutant.by.endswith(".py") else None
        if caught is None and names:
            caught = lives_on(folder, names)
    by, how = caught or (None, "")
    return Result(mutant, by, how, time.monotonic() - begun)


def lives_on(copy: Path, names: Sequence[str]) -> tuple[str, str] | None:
    """Run directed tests and lives on a copy until one notices; its name, and what it said."""
    paths = [str(copy), str(SUPPORT), str(ROOT / "tests" / "sim")]
    done = _python(copy, [START, *paths, str(SEEDS), *names])
    said = (done.stdout.strip().splitlines() or [""])[-1]
    if caught := re.match(r"CAUGHT (\S+) (.*)", said):
        return caught[1], caught[2]
    if said != "SURVIVED":
        raise SystemExit(f"nothing was tried\n{done.stdout}{done.stderr}")
    return None


def tests_on(copy: Path, file: str) -> tuple[str, str] | None:
    """Run a file of tests on a copy until one fails; the file, and the test."""
    quiet = ["-x", "-q", "-n0", "--tb=line", "-p", "no:cacheprovider", "-p", "no:randomly"]
    done = _python(copy, [START_TESTS, str(copy), *quiet, str(ROOT / file)])
    if done.returncode == 0:
        return None
    failed = re.search(r"^(?:FAILED|ERROR) \S+::(\w+)", done.stdout, re.MULTILINE)
    if done.returncode != 1 or failed is None:
        raise SystemExit(f"the tests did not run ({done.returncode})\n{done.stdout}{done.stderr}")
    return file, failed[1]


def check_without() -> None:
    """Look that nothing fails without a mutant. Raises SystemExit."""
    with tempfile.TemporaryDirectory() as temporary:
        copy_to(Path(temporary))
        failed = lives_on(Path(temporary), (*QUICK, LIVES))
        for file in sorted({mutant.by for mutant in MUTANTS if mutant.by.endswith(".py")}):
            failed = failed or tests_on(Path(temporary), file)
    if failed:
        raise SystemExit(f"without any mutant: {failed[0]}: {failed[1]}")


def _python(copy: Path, arguments: Sequence[str]) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    environment |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(copy)}
    return subprocess.run(
        [sys.executable, "-c", *arguments],
        cwd=copy,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def table(results: Sequence[Result]) -> str:
    """What became of each, as a table."""
    caught = sum(r.caught_by is not None for r in results)
    lines = [f"Caught: {caught} of {len(results)}.", "", "| mutant | what is wrong with it | noticed by |"]
    lines.append("| --- | --- | --- |")
    for r in results:
        by = "**nobody**" if r.caught_by is None else f"`{r.caught_by}`"
        seed = re.match(r"seed \d+", r.how)
        lines.append(f"| {r.mutant.name} | {r.mutant.what} | {f'{by}, {seed[0]}' if seed else by} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description="Try the mutants of the node in the simulator.")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these alone; writes no document")
    given = parser.parse_args()
    if given.only is None:
        check_without()
    results = []
    for mutant in MUTANTS:
        if given.only is None or mutant.name in given.only:
            results.append(result := try_mutant(mutant))
            told = "SURVIVED" if result.caught_by is None else f"{result.caught_by}: {result.how[:100]}"
            print(f"{mutant.name:32} {result.seconds:6.1f} s  {told}", flush=True)
    if given.only is None:
        head, _, _ = DOCUMENT.read_text().partition("\nCaught: ")
        DOCUMENT.write_text(f"{head}\n{table(results)}")
    return int(any(r.caught_by is None for r in results))
