"""Help and catalogues: each command and option is explained, in both languages, with the same facts."""

from __future__ import annotations

import ast
import string
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from cli_world import Shell

import swarmnode
from swarmnode.cli.group import Group
from swarmnode.cli.main import cli
from swarmnode.texts import Texts, catalogue, language_of, language_of_header
from swarmnode.texts.de_errors import SAID


def commands(group: Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    ctx = click.Context(group)
    for name in group.list_commands(ctx):
        found = group.get_command(ctx, name)
        assert found is not None
        yield (*path, name), found
        if isinstance(found, Group):
            yield from commands(found, (*path, name))


ALL = dict(commands(cli()))


def test_without_a_command_the_help_is_shown_as_it_is(no_node: Shell) -> None:
    result = no_node()
    assert (result.exit_code, result.stderr) == (2, "")
    assert result.stdout == no_node("--help").stdout


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_each_command_explains_itself(no_node: Shell, path: tuple[str, ...], language: str) -> None:
    result = no_node("--lang", language, *path, "--help")
    assert result.exit_code == 0, result.output
    assert Texts(language)(f"help.{'.'.join(path)}").split(",")[0].split()[0] in result.stdout
    for option in ALL[path].params:
        if isinstance(option, click.Option):
            assert max(option.opts, key=len) in result.stdout


def test_the_catalogues_say_the_same_things() -> None:
    def facts(text: str) -> set[str]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    en, de = catalogue("en"), catalogue("de")
    assert list(en) == list(de)
    assert [id_ for id_ in en if facts(en[id_]) != facts(de[id_])] == []
    assert [id_ for id_ in en if en[id_].count("|") != de[id_].count("|")] == []


def test_no_help_is_left_over() -> None:
    said = {id_.removeprefix("help.") for id_ in catalogue("en") if id_.startswith("help.")} - {"commands"}
    assert said == {".".join(path) for path in ALL}


@pytest.mark.parametrize(
    ("flag", "environment", "language"),
    [
        (None, {}, "en"),
        (None, {"LANG": "de_AT.UTF-8"}, "de"),
        (None, {"LANG": "de_DE", "LC_ALL": "C"}, "en"),
        (None, {"LANG": "de_DE", "LC_ALL": "C", "SWARMNODE_LANG": "de"}, "de"),
        ("en", {"SWARMNODE_LANG": "de"}, "en"),
        (None, {"LANG": "fr_FR"}, "en"),
    ],
)
def test_which_language_is_spoken(flag: str | None, environment: dict[str, str], language: str) -> None:
    assert language_of(flag, environment) == language


@pytest.mark.parametrize(
    ("header", "language"),
    [("", "en"), ("de", "de"), ("fr, de-CH;q=0.9, en;q=0.8", "de"), ("en-GB,de", "en")],
)
def test_which_language_a_browser_gets(header: str, language: str) -> None:
    assert language_of_header(header) == language


def test_numbers_have_their_sentence() -> None:
    t = Texts("de")
    assert t.count("deleted", 1) == "1 Nachricht ist hier vernichtet."
    assert t.count("deleted", 2) == "2 Nachrichten sind hier vernichtet."


def constants() -> set[str]:
    """Every text in the source of the node."""
    folder = Path(swarmnode.__file__).parent
    trees = (ast.parse(source.read_text()) for source in folder.rglob("*.py") if "texts" not in source.parts)
    return {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_what_is_said_in_german_of_errors_is_said_in_english_somewhere() -> None:
    assert set(SAID) - constants() == set()
    assert all(SAID.values())


def test_an_error_and_its_hint_are_german_where_they_are_known(no_node: Shell) -> None:
    result = no_node("carry", "--lang", "de")
    assert result.stderr.splitlines() == [
        "Fehler: Aus dem Knoten, oder in ihn?",
        "Tipp: `swarmnode carry out FILE` oder `swarmnode carry in FILE`",
    ]
    assert no_node("carry", "--lang", "en").stderr.startswith("error: Out of the node, or into it?\n")
    other = no_node("send", "--lang", "de").stderr
    assert other.startswith("Fehler: So ergibt das keinen Sinn. (Missing argument 'WHO'.)")
