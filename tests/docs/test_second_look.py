"""What failed in CI is looked at again, and only what the gate allows comes to pass (ADR 0009)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from running_make import ROOT

LOOK = ROOT / "scripts" / "second_look.py"
AS_OURS = "def pytest_xdist_auto_num_workers():\n    return 2\n"
"""A hook of a plugin: where that is not loaded, pytest ends."""
FAILS_WHILE = """\
from pathlib import Path
import pytest

@pytest.mark.parametrize("which", range({tests}))
def test_it(which):
    runs = Path(f"runs{{which}}")
    runs.write_text(runs.read_text() + "." if runs.exists() else ".")
    assert len(runs.read_text()) not in {failing}
"""


def ended(home: Path, folder: str, *, failing: set[int], tests: int = 1, ci: str = "true") -> tuple[int, str]:
    """What `make test` would end with, of tests that fail in these of their runs; and what was said."""
    file = home / folder / "test_it.py"
    file.parent.mkdir(parents=True)
    file.write_text(FAILS_WHILE.format(failing=failing, tests=tests))
    (home / "pytest.ini").write_text("[pytest]\n")
    (home / "conftest.py").write_text(AS_OURS)
    return run(home, ci)


def run(home: Path, ci: str = "true") -> tuple[int, str]:
    """Test as the Makefile does."""
    as_in_make = f"{sys.executable} -m pytest -q --numprocesses auto . || {sys.executable} {LOOK} $?"
    environment = {**os.environ, "CI": ci}
    shell = ["sh", "-c", as_in_make]
    ended = subprocess.run(shell, cwd=home, env=environment, check=False, capture_output=True, text=True)
    return ended.returncode, ended.stdout


def test_once_between_processes_passes_and_is_named(tmp_path: Path) -> None:
    code, said = ended(tmp_path, "tests/e2e", failing={1})
    assert code == 0
    assert "FAILED BESIDE OTHERS" in said
    assert said.rstrip().endswith("tests/e2e/test_it.py::test_it[0]")
    assert (tmp_path / "runs0").read_text() == "...."


@pytest.mark.parametrize("again", [2, 3, 4])
def test_what_fails_again_even_once_stops_the_change(tmp_path: Path, again: int) -> None:
    code, said = ended(tmp_path, "tests/bridges", failing={1, again})
    assert code == 1
    assert "FAILED BESIDE OTHERS" not in said


@pytest.mark.parametrize(
    ("folder", "tests", "ci"),
    [("tests/protocol", 1, "true"), ("tests/e2e", 3, "true"), ("tests/e2e", 1, "")],
    ids=["in one process", "too many", "not in CI"],
)
def test_all_else_is_not_repeated(tmp_path: Path, folder: str, tests: int, ci: str) -> None:
    code, said = ended(tmp_path, folder, failing={1}, tests=tests, ci=ci)
    assert code == 1
    assert "Again" not in said


def test_what_breaks_off_is_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "tests" / "e2e" / "test_it.py"
    assert ended(tmp_path, "tests/e2e", failing=set())[0] == 0
    file.write_text("import what_is_not_there\n")
    assert run(tmp_path)[0] == 2
