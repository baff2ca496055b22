"""The Makefile, its help, and the README's table name the same targets."""

import re

from running_make import ROOT, make


def targets() -> set[str]:
    found = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert found
    return set(found[1].split())


def test_help_lists_every_target() -> None:
    assert set(re.findall(r"^  make ([a-z-]+) +\S", make("help").stdout, re.MULTILINE)) == targets()


def test_help_is_what_make_alone_prints() -> None:
    assert make().stdout == make("help").stdout


def test_the_readme_knows_every_target_and_no_other() -> None:
    assert set(re.findall(r"`make ([a-z-]+)`", (ROOT / "README.md").read_text())) == targets()


def test_no_document_tells_of_a_target_that_does_not_exist() -> None:
    said = {
        target
        for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")]
        for target in re.findall(r"`make ([a-z-]+)", path.read_text())
    }
    assert said <= targets()
