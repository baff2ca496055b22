"""The table of MLS rules, made of the code; run as a program it writes `protocol/spec/02-mls-rules.md`."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from swarm_protocol.mls import RULES

HOME = Path(__file__).parents[2]
PACKAGE = HOME / "protocol/swarm_protocol/mls"
TESTS = HOME / "tests/protocol/mls"
DOCUMENT = HOME / "protocol/spec/02-mls-rules.md"
BEGIN, END = "<!-- made by tests/support/mls_rules_table.py -->\n", "<!-- end -->\n"
_HEADING = re.compile(r"# (\w[\w ]*)$", re.MULTILINE)


@dataclass(frozen=True)
class Declared:
    """A rule as rules.py declares it."""

    constant: str
    id: str
    heading: str


@cache
def declared() -> tuple[Declared, ...]:
    """Every declaration in rules.py, in order, repeated ids included."""
    source = (PACKAGE / "rules.py").read_text()
    headings = [(source.count("\n", 0, m.start()) + 1, m[1]) for m in _HEADING.finditer(source)]
    found = []
    for node in ast.parse(source).body:
        match node:
            case ast.Assign([ast.Name(constant)], ast.Call(ast.Name("_rule"), [ast.Constant(str(id_)), *_])):
                heading = [name for line, name in headings if line < node.lineno][-1]
                found.append(Declared(constant, id_, heading))
    return tuple(found)


@cache
def uses() -> dict[str, list[str]]:
    """Modules of the package that name a rule's constant, by constant."""
    found = defaultdict(list)
    for path in sorted(PACKAGE.glob("*.py")):
        named = {
            node.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "rules"
        }
        for constant in named:
            found[constant].append(path.stem)
    return found


@dataclass(frozen=True)
class Site:
    """One place where a rule is checked: a call of `require`, `violation` or `unexpected`."""

    constant: str
    call: str
    path: str
    function: str
    first: int
    last: int

    def __str__(self) -> str:
        return f"{Path(self.path).stem}.{self.function}-{self.constant.lower()}"


@cache
def sites() -> tuple[Site, ...]:
    """Every check in the package."""
    found = []
    for path in sorted(PACKAGE.glob("*.py")):
        functions = [n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.FunctionDef)]
        for function in functions:
            for node in ast.walk(function):
                match node:
                    case ast.Call(ast.Attribute(ast.Name("rules"), call), args):
                        named = [a.attr for a in args if isinstance(a, ast.Attribute) and a.attr.isupper()]
                        last = node.end_lineno or node.lineno
                        found += [Site(c, call, str(path), function.name, node.lineno, last) for c in named]
    return tuple(found)


def required() -> frozenset[str]:
    """Constants that some `rules.require(…, rules.X)` checks; the others are only raised."""
    return frozenset(s.constant for s in sites() if s.call == "require")


@cache
def tests() -> dict[str, list[tuple[str, str]]]:
    """File and name of the tests of each rule, by id; what names no rule is under its own name."""
    found = defaultdict(list)
    known = {rule_id.replace("-", "_"): rule_id for rule_id in RULES}
    for path in sorted(TESTS.glob("test_rules_*.py")):
        for node in ast.parse(path.read_text()).body:
            m = re.match(r"test_(\w+?)_(holds$|refused)", getattr(node, "name", ""))
            if m and path.stem != "test_rules_table":
                found[known.get(m[1], m[1])].append((path.name, m.string))
    return found


def table() -> str:
    """The table in Markdown, a part for each heading of rules.py."""
    lines, heading = [], ""
    for rule in declared():
        if rule.heading != heading:
            heading = rule.heading
            lines += ["", f"## {heading}", ""]
            lines += [
                "| rule | RFC 9420 | what must hold | checked in | refused in |",
                "| --- | --- | --- | --- | --- |",
            ]
        said = RULES[rule.id]
        modules = ", ".join(f"`{m}`" for m in uses()[rule.constant])
        names = [name for _, name in tests()[rule.id] if not name.endswith("_holds")]
        file = tests()[rule.id][0][0].removeprefix("test_rules_").removesuffix(".py")
        lines.append(f"| `{rule.id}` | §{said.section} | {said.text} | {modules} | {file}: {len(names)} |")
    return "\n".join(lines).lstrip("\n") + "\n"


def written() -> str:
    """The document as it should be."""
    text = DOCUMENT.read_text()
    head, tail = text[: text.index(BEGIN)], text[text.index(END) :]
    return f"{head}{BEGIN}\n{table()}\n{tail}"


if __name__ == "__main__":
    DOCUMENT.write_text(written())
