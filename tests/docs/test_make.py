"""The Makefile, its help, and the README's table name the same targets."""

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def make(*arguments: str) -> subprocess.CompletedProcess[str]:
    # Under `make test` the outer make would hand its own flags on.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    return subprocess.run(
        ["make", *arguments], cwd=ROOT, env=environment, check=False, capture_output=True, text=True
    )


def targets() -> set[str]:
    found = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert found
    return set(found[1].split())


def test_help_lists_every_target() -> None:
    assert set(re.findall(r"^  make (\w+) +\S", make("help").stdout, re.MULTILINE)) == targets()


def test_help_is_what_make_alone_prints() -> None:
    assert make().stdout == make("help").stdout


def test_the_readme_knows_every_target_and_no_other() -> None:
    assert set(re.findall(r"`make ([a-z]+)`", (ROOT / "README.md").read_text())) == targets()


def test_no_document_tells_of_a_target_that_does_not_exist() -> None:
    said = {
        target
        for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")]
        for target in re.findall(r"`make ([a-z]+)", path.read_text())
    }
    assert said <= targets()


@pytest.mark.parametrize("target", ["run", "demo"])
def test_what_does_not_exist_yet_says_so_and_fails(target: str) -> None:
    result = make(target)
    assert result.returncode != 0
    assert "yet" in result.stderr.splitlines()[0]
