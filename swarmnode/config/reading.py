"""Settings are read: `chosen.toml` and `config.toml` in the home, `SWARMNODE_SECTION__KEY`, flags.

The last one that says something counts. A name that nobody knows is an error that says where it stands, since
a setting that is silently ignored is one that somebody believes in.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from ..errors import ConfigError
from .table import PREFIX, SETTINGS, Config, Setting

FILE = "config.toml"
"""What whoever keeps the machine says."""
CHOSEN = "chosen.toml"
"""What the owner said on a screen; the node writes it."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and for each that is not at its default where it comes from."""

    config: Config
    sources: Mapping[str, str]


def load(home: Path, environment: Mapping[str, str], flags: Mapping[str, object] | None = None) -> Loaded:
    """Read the settings of a home; `flags` by setting's name, those that are None were not given.

    Raises:
        ConfigError: a setting is unknown or has no such value; the text names the place.
    """
    kept: dict[str, tuple[object, str]] = {}
    kept.update(from_file(home / FILE))
    kept.update(_from_environment(environment))
    kept.update({name: (value, "flag") for name, value in (flags or {}).items() if value is not None})
    fixed = {name: source for name, (_, source) in kept.items()}
    tree: dict[str, Any] = {"home": home, "fixed": fixed}
    given = {**chosen(home), **kept}
    for name, (value, source) in given.items():
        section, _, key = name.rpartition(".")
        checked = check(SETTINGS[name], value, source, is_text=source.startswith(PREFIX))
        (tree.setdefault(section, {}) if section else tree)[key] = checked
    config = msgspec.convert(tree, Config)
    return Loaded(config, {name: source for name, (_, source) in given.items()})


def chosen(home: Path) -> Mapping[str, tuple[object, str]]:
    """What the owner chose, by the settings' names, each with its place.

    Raises:
        ConfigError: there is something in it that the owner cannot choose.
    """
    found = dict(from_file(home / CHOSEN))
    for name, (_, place) in found.items():
        if not SETTINGS[name].is_owners:
            raise ConfigError(f"{place}: {name} is nothing to be chosen", hint=f"Write it into {FILE}.")
    return found


def check(setting: Setting, value: object, source: str, *, is_text: bool) -> Any:
    """The value in its type. Texts may be numbers, truths or lists.

    Raises:
        ConfigError: it has no such value.
    """
    if isinstance(value, str) and setting.kind == "list":
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        return msgspec.convert(value, setting.type, strict=not is_text)
    except msgspec.ValidationError as e:
        place = f"{source}: " if source else ""
        raise ConfigError(
            f"{place}{setting.name} cannot be {value!r}", hint=f"It may be: {setting.values}. {e}."
        ) from None


def from_file(path: Path) -> Iterator[tuple[str, tuple[object, str]]]:
    """What a file says: names with values, as they stand there, and places.

    Raises:
        ConfigError: it cannot be read, is not TOML, or names a setting that there is not.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError(f"{path} cannot be read", hint=str(e)) from None
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(f"{path} is not TOML", hint=f"{e}.") from None
    for top, value in tree.items():
        inside = (
            [(f"{top}.{key}", v) for key, v in value.items()] if isinstance(value, dict) else [(top, value)]
        )
        for name, found in inside:
            where = f"{path}, line {_line(text, name)}"
            known(name, where, SETTINGS)
            yield name, (found, where)


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, tuple[object, str]]]:
    names = {setting.variable: setting.name for setting in SETTINGS.values()}
    for variable, text in environment.items():
        if variable in names or (variable.startswith(PREFIX) and "__" in variable):
            known(variable, "environment", names)
            yield names[variable], (text, variable)


def known(name: str, where: str, names: Mapping[str, object]) -> None:
    """Raise ConfigError for a name that is none of these, with the one that is nearest."""
    if name not in names:
        import difflib  # noqa: PLC0415 - for mistakes alone

        near = difflib.get_close_matches(name, list(names), n=1)
        hint = f"Did you mean {near[0]}?" if near else "`swarmnode config show` lists all settings."
        raise ConfigError(f"{where}: there is no setting {name}", hint=hint)


def _line(text: str, name: str) -> int:
    """The line of a setting in the file, as well as can be told without a parser that keeps places."""
    section, _, key = name.rpartition(".")
    inside = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([^\]]+?)\s*\]", line):
            inside = header[1]
        stated = re.match(r"\s*[\"']?([\w.-]+)[\"']?\s*=", line)
        if stated and (f"{inside}.{stated[1]}" if inside else stated[1]) in {name, section}:
            return number
        if not key and inside == name:
            return number
    return 1


def parse_address(text: str, name: str) -> tuple[str, int]:
    """Read `HOST:PORT` or `[v6]:PORT`.

    Raises:
        ConfigError: it is neither.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535 or (":" in host and not host.startswith("[")):
        raise ConfigError(
            f"{name}: {text!r} is no HOST:PORT", hint="For example 127.0.0.1:8470 or [::1]:8470."
        )
    return host.removeprefix("[").removesuffix("]"), int(port)
