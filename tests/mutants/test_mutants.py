"""The catalogue of mutants fits today's source, and a sample of it is really caught.

The whole of it takes half an hour: `python tests/mutants/run.py`; what became of each stands in
`docs/mutants.md`.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from mutant_catalogue import MUTANTS
from mutants import ROOT, TESTS, places, try_mutant

BY_NAME = {m.name: m for m in MUTANTS}
SAMPLE = (
    "used-key-kept",
    "parent-secret-kept",
    "merge-anywhere",
    "leaf-not-signed-anew",
    "removals-forgotten",
    "archive-without-skipped-keys",
)
"""Quick ones, from different rooms of the package."""


def test_every_mutant_still_applies() -> None:
    assert len(BY_NAME) == len(MUTANTS) >= 40
    astray = [
        (m.name, old, [p.name for p in found])
        for m in MUTANTS
        for old, new in m.edits
        if len(found := places(old)) != 1 or old == new
    ]
    assert astray == []


def test_every_mutant_names_a_test_file() -> None:
    assert [m.name for m in MUTANTS if not (TESTS / m.by.partition("::")[0]).is_file()] == []


@pytest.mark.parametrize("name", SAMPLE)
def test_a_mutant_is_caught(name: str) -> None:
    assert try_mutant(BY_NAME[name], thorough=False).caught_by is not None


def test_a_change_that_is_none_survives() -> None:
    """The runner does not take any outcome for a catch."""
    source = BY_NAME["used-key-kept"]
    same = replace(source, edits=tuple((old, f"({old})"[1:-1] + " ") for old, _ in source.edits))
    assert try_mutant(same, thorough=False).caught_by is None


def test_the_document_lists_every_mutant_and_all_were_caught() -> None:
    text = (ROOT / "docs" / "mutants.md").read_text()
    listed = re.findall(r"^\| ([a-z0-9-]+) \| .* \| `(test_\S+)` \|$", text, re.MULTILINE)
    assert [name for name, _ in listed] == [m.name for m in MUTANTS]
