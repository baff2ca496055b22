"""What the owner chooses on a screen: it is checked, and written down as `chosen.toml` in the home."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from ..errors import AccessDenied, ConfigError, Conflict, NotFound
from .reading import FILE, check, chosen
from .table import SETTINGS, Config, Setting, show

HEAD = f"""\
# Written by the node: what its owner chose on a screen, or by `swarmnode config set`.
# What {FILE} says counts more.
"""


def find(name: str) -> Setting:
    """A setting by its name.

    Raises:
        NotFound: there is none.
    """
    setting = SETTINGS.get(name)
    if setting is None:
        raise NotFound("there is no such setting", hint="`swarmnode config show` lists all settings.")
    return setting


def choose(config: Config, name: str, text: str | None) -> tuple[bytes, Any]:
    """Let a setting be what a text says, or (None) its default again.

    Gives what the file `CHOSEN` is to hold, and the value.

    Raises:
        NotFound: there is no such setting.
        AccessDenied: it is the keeper's.
        Conflict: the keeper has said what it is.
        ConfigError: it has no such value, or what was chosen before cannot be read.
    """
    setting = find(name)
    if not setting.is_owners:
        raise AccessDenied(
            "this setting is changed on the machine alone",
            hint="Write it into config.toml, and start the node anew.",
        )
    if name in config.fixed:
        raise Conflict(
            "whoever runs this node has said what this setting is", hint="`swarmnode config show` says where."
        )
    values = {known: value for known, (value, _) in chosen(config.home).items() if known != name}
    value = setting.default if text is None else check(setting, text, "", is_text=True)
    if text is not None:
        values[name] = value
    return _written(values), value


def kept(home: Path) -> dict[str, str]:
    """What the owner chose, as texts by the settings' names: for a backup.

    Raises:
        ConfigError: it cannot be read.
    """
    return {name: show(value) for name, (value, _) in chosen(home).items()}


def choose_again(config: Config, texts: Mapping[str, str]) -> tuple[bytes, dict[str, Any]]:
    """Let settings be what the owner chose on a home before this one.

    Gives what the file `CHOSEN` is to hold, and the values that are new. What was chosen here already stays:
    it is the later word. What is not the owner's, and what this program does not know or take, is left out.

    Raises:
        ConfigError: what was chosen here cannot be read.
    """
    here = {name: value for name, (value, _) in chosen(config.home).items()}
    again: dict[str, Any] = {}
    for name, text in texts.items():
        setting = SETTINGS.get(name)
        if setting is None or not setting.is_owners or name in here:
            continue
        with suppress(ConfigError):
            again[name] = check(setting, text, "", is_text=True)
    return _written({**here, **again}), again


def with_value(config: Config, name: str, value: Any) -> Config:
    """The same settings, but for one."""
    section, _, key = name.rpartition(".")
    if not section:
        return msgspec.structs.replace(config, **{key: value})
    changed = msgspec.structs.replace(getattr(config, section), **{key: value})
    return msgspec.structs.replace(config, **{section: changed})


def _written(values: Mapping[str, Any]) -> bytes:
    """As TOML, in which JSON's texts, truths, numbers and lists stand as they are."""
    lines = (f"{name} = {json.dumps(value, ensure_ascii=False)}\n" for name, value in sorted(values.items()))
    return (HEAD + "".join(lines)).encode()
