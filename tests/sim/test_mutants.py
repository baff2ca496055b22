"""The planted faults fit today's source, and some of them are really noticed.

All of them take a quarter of an hour: `python tests/sim/mutants.py`.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sim_mutant_catalogue import TALK
from sim_mutants import DOCUMENT, MUTANTS, changed, try_mutant

BY_NAME = {m.name: m for m in MUTANTS}
SAMPLE = ("effects-before-commit", "sent-key-not-stored", "no-receipts", "edits-outlive-deletion")
"""Quick ones, from different rooms of the node."""


@pytest.mark.parametrize("name", BY_NAME)
def test_a_mutant_still_applies(name: str) -> None:
    assert changed(BY_NAME[name])
    assert all(old != new for _, old, new in BY_NAME[name].edits)


@pytest.mark.parametrize("name", SAMPLE)
def test_a_mutant_is_noticed(name: str) -> None:
    assert try_mutant(BY_NAME[name], thorough=False).caught_by == BY_NAME[name].by


def test_a_change_that_is_none_survives() -> None:
    """The runner does not take any outcome for a catch."""
    source = BY_NAME["no-receipts"]
    same = replace(
        source, by=TALK, edits=tuple((m, old, old + "    # the same\n") for m, old, _ in source.edits)
    )
    assert try_mutant(same, thorough=False).caught_by is None


def test_the_document_names_every_mutant_and_what_notices_it() -> None:
    rows = re.findall(
        r"^\| (\S+) \| (.+) \| `([^`]+)`(?:, seed \d+)? \|$", DOCUMENT.read_text(), re.MULTILINE
    )
    assert rows == [(mutant.name, mutant.what, mutant.by) for mutant in MUTANTS]
