"""docs/trials.md is the table of `trials.py`, and each test that it names is there and does what it says."""

from __future__ import annotations

import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from types import ModuleType

import pytest
from trials import DOCUMENT, NETWORKS, ROOT, TRIALS, Lacks, Test, document

from swarm_bridges.testing import CHECKS

LONG = bool(os.environ.get("SWARMNODE_SOAK"))


@cache
def module(file: str) -> ModuleType:
    """A test module, as pytest would have it but for its fixtures."""
    name = "trial_" + re.sub(r"\W", "_", file)
    spec = importlib.util.spec_from_file_location(name, ROOT / "tests" / file)
    assert spec is not None
    assert spec.loader is not None
    made = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def named(network: str) -> Iterator[Test]:
    """The tests that the table names for a network."""
    for cell in NETWORKS[network][2].values():
        if not isinstance(cell, Lacks):
            yield from cell
        elif cell.instead is not None:
            yield cell.instead


def ids(test: object) -> set[str]:
    """Of a test of the kit, the checks that run in this form."""
    marks = getattr(test, "pytestmark", [])
    (values,) = [mark.args[1] for mark in marks if mark.name == "parametrize"]
    return {"-".join(one) if isinstance(one, tuple) else one.name for one in values}


def test_the_document_is_the_table() -> None:
    assert DOCUMENT.read_text() == document()


@pytest.mark.parametrize("network", NETWORKS)
def test_each_network_has_each_line_and_each_test_is_there(network: str) -> None:
    assert set(NETWORKS[network][2]) == set(TRIALS)
    for one in named(network):
        path, _, check = one.name.rstrip("]").partition("[")
        found: object = module(one.file)
        for part in path.split("::"):
            found = getattr(found, part, None)
        assert callable(found), one
        if check:
            assert check.rpartition("-")[2] in CHECKS, one
            assert check in ids(found) or (one.long and not LONG), one


def test_what_a_network_lacks_is_said_with_the_reason() -> None:
    cells = [cell for _, _, table in NETWORKS.values() for cell in table.values()]
    assert all(cell if isinstance(cell, tuple) else cell.why for cell in cells)
