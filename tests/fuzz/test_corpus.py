"""The kept inputs of the fuzzer, and mutations of them that are the same each time."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
from pathlib import Path

import pytest
from mls_fuzz import CORPUS, TARGETS, kept, mutate, seeds

MUTATIONS = {"message": 60, "struct": 30, "tree": 30, "archive": 60}
"""How many mutations of each kept input are tried; of those that take longer, fewer."""

targets = pytest.mark.parametrize("target", TARGETS)


@targets
def test_kept_inputs_are_accepted_or_refused_as_they_should_be(target: str) -> None:
    accepted = [name for name, data in kept(target).items() if TARGETS[target](data)]
    assert accepted, "none of them says anything to the code of today: run tests/fuzz/run.py --seed"


@targets
def test_mutations_are_accepted_or_refused_as_they_should_be(target: str) -> None:
    inputs = kept(target)
    everything = [*inputs.values()]
    for name, data in inputs.items():
        rng = random.Random(name)
        for _ in range(MUTATIONS.get(target, 15)):
            mutated = mutate(data, rng.choice(everything), rng)
            try:
                TARGETS[target](mutated)
            except Exception as e:
                e.add_note(f"the input was {mutated.hex()}")
                raise


@targets
def test_valid_inputs_as_they_are_made_today_are_accepted_or_refused(target: str) -> None:
    accepted = [TARGETS[target](data) for data in seeds()[target]]
    assert sum(accepted) > len(accepted) // 3


def test_the_corpus_is_small_and_holds_nothing_twice() -> None:
    assert {path.name for path in CORPUS.iterdir()} == TARGETS.keys()
    paths = [path for path in CORPUS.rglob("*") if path.is_file()]
    assert [p for p in paths if p.name != hashlib.sha256(p.read_bytes()).hexdigest()[:16]] == []
    assert sum(path.stat().st_size for path in paths) < 2 * 2**20


def test_the_fuzzer_runs_and_finds_a_fault_that_is_there(tmp_path: Path) -> None:
    """In a process of its own, on a target that fails for every second input."""
    program = tmp_path / "planted.py"
    program.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import run, mls_fuzz, pathlib\n"
        "def faulty(data):\n"
        "    if len(data) % 2:\n"
        "        raise KeyError('planted')\n"
        "    return True\n"
        "mls_fuzz.TARGETS['message'] = faulty if sys.argv.pop(1) == 'faulty' else mls_fuzz.message\n"
        "mls_fuzz.CORPUS = pathlib.Path(sys.argv.pop(1))\n"
        "sys.exit(run.main())\n"
    )
    for kind, code in (("faulty", 1), ("sound", 0)):
        folder = tmp_path / kind
        done = subprocess.run(
            [sys.executable, program, kind, folder, "--plain", "0.5", "message"],
            check=False,
            capture_output=True,
            text=True,
        )
        assert done.returncode == code, done.stderr
        assert "Without atheris" in done.stdout
        assert len(list(folder.rglob("????????????????"))) == code, "the input that shows the fault is kept"
        assert ("KeyError: 'planted'" in done.stderr) == bool(code)
