"""Every `swarmnode …` that a document tells people to type is a command, with options that it has."""

from __future__ import annotations

import re

import click
import pytest
from running_make import ROOT

from swarmnode.cli.main import cli

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TYPED = re.compile(
    r"`(swarmnode [^`|…]+)`"  # in a sentence
    r"|^ {4}(?:podman exec \S+ )?(swarmnode (?:.(?! {2}))+.)",  # in an example, up to its explanation
    re.MULTILINE,
)


def typed() -> list[tuple[str, str]]:
    return [
        (path.name, inline or block)
        for path in DOCUMENTS
        for inline, block in TYPED.findall(path.read_text())
    ]


@pytest.mark.parametrize("line", sorted({line for _, line in typed()}))
def test_what_people_are_told_to_type_exists(line: str) -> None:
    command: click.Command = cli()
    context, words = click.Context(command), line.split()[1:]
    while isinstance(command, click.Group) and words and not words[0].startswith("--"):
        inside = command.get_command(context, words.pop(0))
        assert inside is not None, "there is no such command"
        command = inside
    options = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} - {"--help"} <= options


def test_there_is_something_to_type() -> None:
    assert {"README.md", "self-hosting.md", "configuration.md"} <= {name for name, _ in typed()}
