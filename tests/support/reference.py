"""The made parts of docs/http-api.md and docs/configuration.md.

`python tests/support/reference.py` writes them anew; a test compares.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import NoneType
from typing import Any

import click

from swarmnode.api.node import File
from swarmnode.api.route import Route, Stream
from swarmnode.api.table import ROUTES
from swarmnode.cli.group import Group
from swarmnode.cli.main import cli
from swarmnode.config import SETTINGS, Change, show
from swarmnode.domain.events import EVENTS
from swarmnode.texts import Texts

ROOT = Path(__file__).parents[2]
MARK = re.compile(r"<!-- made: (\w+) -->\n.*?<!-- end -->", re.DOTALL)


def _name(kind: Any) -> str:
    if kind is None or kind is NoneType:
        return ""
    if kind == Stream:
        return "stream"
    if kind is File:
        return "bytes"
    return f"`{getattr(kind, '__name__', kind)}`".replace("swarmnode.domain.views.", "")


def _takes(route: Route) -> str:
    return ", ".join(filter(None, (_name(route.body), _name(route.query))))


def _answer(route: Route) -> str:
    inside = getattr(route.answer, "__args__", ())
    if inside and route.answer != Stream:
        return f"`{route.answer.__origin__.__name__}` of {_name(inside[0])}"
    return _name(route.answer)


def routes() -> Iterator[str]:
    yield "| | | scope | takes | answers | |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for r in ROUTES:
        cells = r.method, f"`{r.path}`", r.scope.name.lower(), _takes(r), _answer(r), r.summary
        yield f"| {' | '.join(cells)} |"


def events() -> Iterator[str]:
    yield "| event | data | says |"
    yield "| --- | --- | --- |"
    for name, event in EVENTS.items():
        data = [f"`{key}`" for key in event.data] + [f"perhaps `{key}`" for key in event.sometimes]
        yield f"| `{name}` | {', '.join(data)} | {event.says} |"


WHOSE = {
    Change.AT_ONCE: "yours",
    Change.AT_START: "yours, at the next start",
    Change.DOOR: "the keeper's",
    Change.KEY: "the keeper's",
    Change.MACHINE: "the keeper's",
}


def settings() -> Iterator[str]:
    yield "| setting | variable | values | default | whose | |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for s in SETTINGS.values():
        default = "" if s.default in {None, "", ()} else f"`{show(s.default)}`"
        whose = WHOSE[s.change]
        yield f"| `{s.name}` | `{s.variable}` | {s.values} | {default} | {whose} | {s.description} |"


def _all(group: Group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name in group.list_commands(click.Context(group)):
        found = group.get_command(click.Context(group), name)
        assert found is not None
        yield (*path, name), found
        if isinstance(found, Group):
            yield from _all(found, (*path, name))


def commands() -> Iterator[str]:
    """Each command with what it takes; `--home`, `--json` and `--lang` are everywhere."""
    t = Texts("en")
    yield "| command | options | |"
    yield "| --- | --- | --- |"
    for path, command in _all(cli()):
        arguments = [
            (p.make_metavar(click.Context(command)) if isinstance(p, click.Argument) else "")
            for p in command.params
        ]
        options = [
            f"`{'`, `'.join(p.opts[:1])}`"
            for p in command.params
            if isinstance(p, click.Option) and p.name not in {"home", "as_json", "language"}
        ]
        call = " ".join(["swarmnode", *path, *filter(None, arguments)])
        yield f"| `{call}` | {', '.join(options)} | {t(f'help.{chr(46).join(path)}')} |"


PARTS: Mapping[str, Any] = {"routes": routes, "events": events, "settings": settings, "commands": commands}
DOCUMENTS = (ROOT / "docs" / "http-api.md", ROOT / "docs" / "configuration.md")


def made(text: str) -> str:
    """A document with its made parts as they should be."""
    return MARK.sub(
        lambda m: f"<!-- made: {m[1]} -->\n\n" + "\n".join(PARTS[m[1]]()) + "\n\n<!-- end -->", text
    )


if __name__ == "__main__":
    for document in DOCUMENTS:
        document.write_text(made(document.read_text()))
