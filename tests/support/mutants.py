"""Try every mutant of the catalogue: `python tests/mutants/run.py [--only NAME ...]`.

The package is copied to a temporary folder, changed there, and the quick tests run on the copy: first the
file that should notice, then all others. A run of the whole catalogue writes `docs/mutants.md`. A mutant that
survives is a test that is missing.
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

from mutant_catalogue import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "protocol" / "swarm_protocol"
TESTS = ROOT / "tests" / "protocol" / "mls"
QUICK = [
    "test_lifecycle.py",
    "test_archive.py",
    "test_crash.py",
    "test_secret_tree.py",
    "test_codec.py",
    "test_signatures.py",
    "test_rules_messages.py",
    "test_rules_leaves.py",
    "test_rules_trees.py",
    "test_rules_proposals.py",
    "test_rules_commits.py",
    "test_rules_joining.py",
    "test_rules_resumption.py",
    "test_tree_model.py",
    "test_tampering.py",
    "test_vectors.py",
    "test_histories.py",
]
"""What is tried where the first file notices nothing, quick ones first."""

# An example that fails is enough: nobody wants the smallest one.
START = """
import sys, hypothesis, swarm_protocol, pytest
phases = [hypothesis.Phase.explicit, hypothesis.Phase.generate]
hypothesis.settings.register_profile("mutant", phases=phases, deadline=None, max_examples=50)
if not swarm_protocol.__file__.startswith(sys.argv[1]):
    sys.exit(f"not the copy: {swarm_protocol.__file__}")
sys.exit(pytest.main(sys.argv[2:]))
"""


def modules(package: Path) -> list[Path]:
    """Where mutants live: the shipped modules, without the runner of the vectors."""
    return [p for p in sorted((package / "mls").glob("*.py")) if p.name != "vectors.py"]


def places(text: str, package: Path = PACKAGE) -> list[Path]:
    """The module of each occurrence of a text."""
    return [p for p in modules(package) for _ in range(p.read_text().count(text))]


def apply(mutant: Mutant, package: Path) -> None:
    """Change the copy; each text must occur exactly once."""
    for old, new in mutant.edits:
        found = places(old, package)
        if len(found) != 1:
            raise SystemExit(f"{mutant.name}: {old!r} occurs {len(found)} times")
        found[0].write_text(found[0].read_text().replace(old, new))


def run_tests(copy: Path, files: Sequence[str]) -> tuple[int, str]:
    """Run test files on the copy until one fails; give pytest's exit code and output."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    environment |= {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "MLS_HISTORIES": "6"}
    paths = [str(TESTS / test) for test in files]
    quiet = ["-x", "-q", "--tb=line", "-p", "no:cacheprovider", "-p", "no:randomly", "--hypothesis-seed=0"]
    quiet += ["--hypothesis-profile=mutant", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    done = subprocess.run(
        [sys.executable, "-c", START, str(copy), *quiet, *paths],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@dataclass(frozen=True)
class Result:
    """What became of a mutant: the test that noticed, or None."""

    mutant: Mutant
    caught_by: str | None
    seconds: float


def try_mutant(mutant: Mutant, *, thorough: bool = True) -> Result:
    """Apply a mutant to a copy and look whether a test notices.

    Raises:
        SystemExit: the mutant does not apply, or the tests could not run at all.
    """
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(PACKAGE, copy / "swarm_protocol", ignore=shutil.ignore_patterns("__pycache__"))
        apply(mutant, copy / "swarm_protocol")
        batches = [[mutant.by]]
        if thorough:
            batches.append([name for name in QUICK if name != mutant.by])
        for files in batches:
            code, output = run_tests(copy, files)
            if code == 1 or (code == 2 and "during collection" in output):
                return Result(mutant, first_failure(output), time.monotonic() - begun)
            if code != 0:
                raise SystemExit(f"{mutant.name}: the tests did not run ({code})\n{output}")
    return Result(mutant, None, time.monotonic() - begun)


def first_failure(output: str) -> str:
    """The name of the test that failed, without its parameters."""
    found = re.search(r"^(?:FAILED|ERROR) (\S+)", output, re.MULTILINE)
    if found is None:
        raise SystemExit(f"a test failed, but which?\n{output}")
    return found[1].partition("[")[0].rpartition("/")[2]


def report(results: Sequence[Result]) -> str:
    """The list as a document."""
    caught = sum(r.caught_by is not None for r in results)
    lines = [
        "# Mutants",
        "",
        "Small wrong changes of `swarm_protocol.mls`, each applied to a copy by itself, and the first test",
        "that noticed. Written by `python tests/mutants/run.py`; the changes stand in",
        "`tests/support/mutant_catalogue.py`.",
        f"Caught: {caught} of {len(results)}.",
        "",
        "| mutant | what is wrong with it | noticed by |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| {r.mutant.name} | {r.mutant.what} | {f'`{r.caught_by}`' if r.caught_by else '**nobody**'} |"
        for r in results
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Try the mutants of the catalogue.")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these alone; writes no document")
    parser.add_argument("--part", metavar="I/N", help="every Nth from the Ith (from 0); writes no document")
    given = parser.parse_args()
    whole = given.only is None and given.part is None
    if whole:
        code, output = run_tests(PACKAGE.parent, QUICK)
        if code != 0:
            raise SystemExit(f"the tests fail without any mutant\n{output}")
    chosen = [m for m in MUTANTS if given.only is None or m.name in given.only]
    if given.part:
        index, step = map(int, given.part.split("/"))
        chosen = chosen[index::step]
    results = []
    for mutant in chosen:
        results.append(result := try_mutant(mutant))
        told = result.caught_by or "SURVIVED"
        print(f"{mutant.name:40} {result.seconds:6.1f} s  {told}", flush=True)
    if whole:
        (ROOT / "docs" / "mutants.md").write_text(report(results))
    if any(r.caught_by is None for r in results):
        raise SystemExit("some survived")


if __name__ == "__main__":
    main()
