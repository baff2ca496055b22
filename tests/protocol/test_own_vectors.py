"""The vectors of our own protocol hold, each rule has one that breaks it, and the specification names it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from own_vectors import ROOM, RUNNERS, Vector, own_vectors

from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.rules import RULES
from vectors.generate import make, write

VECTORS = own_vectors()
SPEC = ROOM.parent / "spec"
PACKAGE = ROOM.parent / "swarm_protocol"


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)
def test_vector(vector: Vector) -> None:
    broken = "-"
    try:
        outcome = RUNNERS[vector.kind](vector.data)
    except RemoteProtocolError as e:
        outcome, broken = e.code, e.rule or "-"
    assert (outcome, broken) == (vector.expect, vector.rule), vector.comment


def test_the_generator_makes_these_vectors_and_no_others(tmp_path: Path) -> None:
    assert write(tmp_path) == len(VECTORS)
    for vector in VECTORS:
        assert (tmp_path / vector.name).read_bytes() == (ROOM / vector.name).read_bytes()
    assert make() == make()


def test_each_rule_has_a_vector_that_breaks_it() -> None:
    broken = {vector.rule for vector in VECTORS} - {"-"}
    assert sorted(RULES.keys() - broken) == []
    assert sorted(broken - RULES.keys()) == []


def test_each_folder_has_vectors_that_hold_or_come_to_something() -> None:
    assert {vector.kind for vector in VECTORS if vector.rule == "-"} == RUNNERS.keys()


@pytest.mark.parametrize("number", sorted({rule.document for rule in RULES.values()}))
def test_the_specification_lists_each_rule_in_its_section(number: str) -> None:
    (document,) = SPEC.glob(f"{number}-*.md")
    listed, section = [], ""
    for line in document.read_text().splitlines():
        if heading := re.match(r"## (\d+)\. ", line):
            section = heading[1]
        elif row := re.match(r"\| `([a-z-]+)` \| ([^|]+) \|$", line):
            listed.append((row[1], section, row[2]))
    declared = [(r.id, r.section, r.text) for r in RULES.values() if r.document == number]
    assert listed == declared


def test_each_rule_is_checked_somewhere() -> None:
    code = "\n".join(path.read_text() for path in PACKAGE.rglob("*.py"))
    names = {
        name: rule_id
        for name, rule_id in re.findall(r"^([A-Z_]+) = _?[Rr]ule\(\s*\"([a-z-]+)\"", code, re.MULTILINE)
        if rule_id in RULES
    }
    assert set(names.values()) == RULES.keys()
    unchecked = [
        rule_id
        for name, rule_id in names.items()
        if not re.search(rf"\b{name}\.(require|broken|undecodable|unsupported|unexpected)\(", code)
    ]
    assert unchecked == []
