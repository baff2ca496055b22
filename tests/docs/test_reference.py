"""What the documents say of routes, settings, flags and errors is what there is."""

import re
from collections.abc import Iterator

import pytest
from reference import DOCUMENTS, ROOT, made

from swarmnode.api import problems
from swarmnode.bridging.host import packages
from swarmnode.errors import NodeError


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_the_made_parts_are_up_to_date(document) -> None:  # type: ignore[no-untyped-def]
    text = document.read_text()
    assert "<!-- made: " in text
    assert text == made(text), "run `python tests/support/reference.py`"


def kinds(kind: type[NodeError]) -> Iterator[type[NodeError]]:
    yield kind
    for below in kind.__subclasses__():
        if below.__module__ in {NodeError.__module__, problems.__name__, packages.__name__}:
            yield from kinds(below)


def test_every_error_is_described_with_its_status() -> None:
    table = (ROOT / "docs" / "http-api.md").read_text().partition("## Errors")[2].partition("## Events")[0]
    said = {
        (code, int(status))
        for codes, status in re.findall(r"^\| (`.+?`) \| (\d+) \|", table, re.MULTILINE)
        for code in re.findall(r"`([\w-]+)`", codes)
    }
    assert said == {(kind.code, kind.status) for kind in kinds(NodeError)}
