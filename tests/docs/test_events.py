"""Each event that the code tells of is in the one list of them, with its data, and the other way round."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import swarmnode
from swarmnode.domain.events import EVENTS

ROOT = Path(swarmnode.__file__).parent
SOURCES = sorted(
    source for floor in ("services", "bridging", "app") for source in (ROOT / floor).rglob("*.py")
)
PASSED_ON = {"message.new", "message.changed"}
"""What `bridging.core.writing` is asked to tell, by an argument."""


def names(node: ast.expr) -> Iterator[str]:
    """The names that an argument may be; whoever computes another one is not understood, and fails here."""
    match node:
        case ast.Constant(str(name)):
            yield name
        case ast.IfExp(_, one, other):
            yield from names(one)
            yield from names(other)
        case ast.Name("kind"):
            pass
        case _:
            raise AssertionError(f"line {node.lineno}: say the name of the event here")


def told() -> Iterator[tuple[str, frozenset[str]]]:
    """Each call of `tell`, by the event and the names of its data."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tell":
                data = frozenset(keyword.arg for keyword in node.keywords if keyword.arg is not None)
                for name in names(node.args[1]):
                    yield name, data


def test_the_list_holds_every_event_that_is_told_and_no_other() -> None:
    assert {name for name, _ in told()} | PASSED_ON == set(EVENTS)


def test_their_data_is_what_the_list_says() -> None:
    said = defaultdict(set)
    for name, data in told():
        said[name].add(data)
    for name, event in EVENTS.items():
        every = frozenset(event.data)
        for data in said[name]:
            assert every <= data <= every | set(event.sometimes), (name, sorted(data))
        assert frozenset().union(*said[name]) == every | set(event.sometimes), name
