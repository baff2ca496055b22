"""The rules, their checks, their tests and their table are complete; and the tests notice a missing check."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from types import ModuleType
from unittest import mock

import mls_rules_table as made
import pytest

from swarm_protocol import mls
from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.mls import rules

CONSTANTS = {d.id: d.constant for d in made.declared()}


def test_each_rule_is_declared_once_under_its_own_name() -> None:
    ids = [d.id for d in made.declared()]
    assert ids == list(mls.RULES)
    assert len(ids) == len(set(ids))
    for rule in made.declared():
        assert rule.constant == rule.id.upper().replace("-", "_")
        assert getattr(rules, rule.constant) is mls.RULES[rule.id]


def test_each_rule_is_checked_somewhere() -> None:
    assert [d.id for d in made.declared() if not made.uses()[d.constant]] == []


def test_each_rule_has_tests_that_hold_and_that_are_refused() -> None:
    assert set(made.tests()) == set(mls.RULES)
    for rule_id, found in made.tests().items():
        name = rule_id.replace("-", "_")
        names = [test for _, test in found]
        assert f"test_{name}_holds" in names
        assert f"test_{name}_refused" in names
        assert len(names) == len(set(names))
        assert len({file for file, _ in found}) == 1


def test_the_table_is_that_of_the_code() -> None:
    assert made.DOCUMENT.read_text() == made.written(), "run: python tests/support/mls_rules_table.py"
    for rule in mls.RULES.values():
        assert f"| `{rule.id}` | §{rule.section} | {rule.text} |" in made.DOCUMENT.read_text()


@cache
def module(file: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"rules_of_{file}", made.TESTS / file)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def of_rule(rule_id: str, *, holds: bool) -> Iterator[tuple[str, Callable[[], None]]]:
    for file, name in made.tests()[rule_id]:
        if name.endswith("_holds") is holds:
            yield name, getattr(module(file), name)


@contextmanager
def mutant(rule_id: str, *, always_broken: bool) -> Iterator[None]:
    """The rule is never broken, or always; where it is raised without `require`, the error names another."""
    changed = replace(mls.RULES[rule_id], id="mutant")
    require = rules.require

    def require_mutant(holds: bool, rule: rules.Rule) -> None:
        if rule is not changed:
            require(holds, rule)
        elif always_broken:
            raise rules.violation(rule)

    with (
        mock.patch.object(rules, CONSTANTS[rule_id], changed),
        mock.patch.object(rules, "require", require_mutant),
    ):
        yield


def passes(test: Callable[[], None]) -> bool:
    try:
        test()
    except (Exception, pytest.fail.Exception):  # noqa: BLE001  a test may fail in any way
        return False
    return True


@pytest.mark.parametrize("rule_id", mls.RULES)
def test_a_rule_that_is_off_is_missed(rule_id: str) -> None:
    for name, test in of_rule(rule_id, holds=False):
        assert passes(test), name
        with mutant(rule_id, always_broken=False):
            assert not passes(test), f"{name} does not notice that {rule_id} is not checked"


@pytest.mark.parametrize("rule_id", [i for i in mls.RULES if CONSTANTS[i] in made.required()])
def test_a_rule_that_never_holds_is_noticed(rule_id: str) -> None:
    for name, test in of_rule(rule_id, holds=True):
        assert passes(test), name
        with mutant(rule_id, always_broken=True):
            assert not passes(test), f"{name} does not come to the check of {rule_id}"


@contextmanager
def without(site: made.Site) -> Iterator[None]:
    """This one check is gone; where it only raises, the error names no rule of ours."""
    plain = {name: getattr(rules, name) for name in ("require", "violation", "unexpected")}
    mutant = rules.Rule("mutant", "", "")

    def is_here() -> bool:
        caller = sys._getframe(2)
        return caller.f_code.co_filename == site.path and site.first <= caller.f_lineno <= site.last

    def require(holds: bool, rule: rules.Rule) -> None:
        if not is_here():
            plain["require"](holds, rule)

    def violation(rule: rules.Rule, reason: str = "") -> RemoteProtocolError:
        return plain["violation"](mutant if is_here() else rule, reason)  # type: ignore[no-any-return]

    def unexpected(rule: rules.Rule, reason: str = "") -> RemoteProtocolError:
        return plain["unexpected"](mutant if is_here() else rule, reason)  # type: ignore[no-any-return]

    with mock.patch.multiple(rules, require=require, violation=violation, unexpected=unexpected):
        yield


@pytest.mark.parametrize("site", made.sites(), ids=str)
def test_a_check_that_is_gone_is_missed(site: made.Site) -> None:
    rule_id = next(d.id for d in made.declared() if d.constant == site.constant)
    with without(site):
        missed = [name for name, test in of_rule(rule_id, holds=False) if not passes(test)]
    assert missed, f"no test of {rule_id} comes to {site}, line {site.first}"
