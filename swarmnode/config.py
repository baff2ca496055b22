"""Settings: defaults, `config.toml` in the home, `SWARMNODE_SECTION__KEY`, flags; the last one wins.

All of it becomes one frozen value. A name that nobody knows is an error that says where it stands, since a
setting that is silently ignored is one that somebody believes in. Nothing in here is a secret.

`SWARMNODE_HOME`, `SWARMNODE_PASSPHRASE` and `SWARMNODE_LANG` are no settings.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta

from .errors import ConfigError

FILE = "config.toml"
PREFIX = "SWARMNODE_"

Port = Annotated[int, Meta(ge=0, le=65535)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings that belong together."""


class Http(Section, frozen=True, kw_only=True):
    """Where screens reach the node."""

    host: Annotated[str, Meta(description="address to listen on for screens")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="port for screens; 0 takes a free one")] = 8470
    allowed_hosts: Annotated[
        tuple[str, ...], Meta(description="names, beside localhost, by which browsers may call this node")
    ] = ()
    public: Annotated[
        str, Meta(description="URL by which networks that push reach this node, if they do")
    ] = ""


class Link(Section, frozen=True, kw_only=True):
    """Where other nodes reach it."""

    host: Annotated[str, Meta(description="address to listen on for nodes and relays; empty: all")] = ""
    port: Annotated[
        Port | None, Meta(description="port for nodes and relays; not set: 8471 for a relay, else a free one")
    ] = None
    public: Annotated[str, Meta(description="HOST:PORT as others reach it, where that differs")] = ""


class Relay(Section, frozen=True, kw_only=True):
    """What a relay lends."""

    quota_mib: Annotated[int, Meta(ge=1, description="MiB on disk for all queues together")] = 4096
    spare_mib: Annotated[int, Meta(ge=0, description="MiB of the disk that are left free")] = 512
    connections: Annotated[int, Meta(ge=1, description="connections at a time")] = 10_000
    connections_per_source: Annotated[int, Meta(ge=1, description="connections of one address")] = 200
    forward: Annotated[bool, Meta(description="pass messages on to other relays")] = True


class Privacy(Section, frozen=True, kw_only=True):
    """What others may learn."""

    forward: Annotated[
        Literal["prefer", "always", "never"],
        Meta(description="send through a relay of your own, so that theirs does not see your address"),
    ] = "prefer"
    lan: Annotated[bool, Meta(description="let contacts on the same network find this node")] = False
    direct: Annotated[
        bool, Meta(description="connect to contacts without a relay, which tells them your address")
    ] = False
    receipts: Annotated[bool, Meta(description="tell contacts what you have read")] = True
    strangers: Annotated[
        bool, Meta(description="show offers to talk privately of people with whom you have not talked")
    ] = False
    notice: Annotated[
        bool, Meta(description="notice which people of your address book have a node, on other networks")
    ] = True


class Dns(Section, frozen=True, kw_only=True):
    """Who is asked for names."""

    servers: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[0-9a-fA-F.:\[\]]+$")], ...],
        Meta(
            description="name servers (ADDRESS or ADDRESS:PORT) that are asked where networks' servers are; "
            "empty: the system's"
        ),
    ] = ()


class Storage(Section, frozen=True, kw_only=True):
    """How the store is opened."""

    keyring: Annotated[bool, Meta(description="keep the key in the key ring of the system too")] = False


class Log(Section, frozen=True, kw_only=True):
    """What is written about the node's work; never what people say, nor to whom."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"], Meta(description="the least that is written")
    ] = "info"
    format: Annotated[Literal["text", "json"], Meta(description="for people or for programs")] = "text"


class Config(Section, frozen=True, kw_only=True):
    """All settings of a node. `home` comes from `--home` or `SWARMNODE_HOME` alone."""

    home: Path
    roles: Annotated[
        tuple[Literal["node", "relay"], ...],
        Meta(min_length=1, description="a person's node, a relay for others, or both"),
    ] = ("node",)
    http: Http = Http()
    link: Link = Link()
    relay: Relay = Relay()
    privacy: Privacy = Privacy()
    dns: Dns = Dns()
    storage: Storage = Storage()
    log: Log = Log()

    @property
    def link_port(self) -> int:
        """The port for nodes and relays; 0 takes a free one."""
        if self.link.port is not None:
            return self.link.port
        return 8471 if "relay" in self.roles else 0


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and for each that is not at its default where it comes from."""

    config: Config
    sources: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it is documented and shown. `name` is `section.key`, or `key` at the top."""

    name: str
    type: Any
    default: Any
    description: str

    @property
    def variable(self) -> str:
        """The environment's name for it."""
        return PREFIX + self.name.replace(".", "__").upper()

    @property
    def values(self) -> str:
        """What it may be, for people."""
        return _shape(self.type)


def _shape(hint: Any) -> str:
    args = get_args(hint)
    if isinstance(hint, type) and not args:
        return {bool: "true or false", int: "number", str: "text"}[hint]
    if getattr(hint, "__metadata__", None):
        return _shape(args[0])
    if args and args[-1] is Ellipsis:
        return f"list of {_shape(args[0])}"
    if args and args[-1] is NoneType:
        return _shape(args[0])
    return ", ".join(map(str, args))


def _fields(struct: type[Section], prefix: str = "") -> Iterator[Setting]:
    hints = get_type_hints(struct, include_extras=True)
    for item in msgspec.structs.fields(struct):
        hint = hints[item.name]
        if isinstance(hint, type) and issubclass(hint, Section):
            yield from _fields(hint, item.name + ".")
        elif item.name != "home":
            about = [meta.description for meta in getattr(hint, "__metadata__", ()) if meta.description]
            yield Setting(prefix + item.name, hint, item.default, about[-1])


SETTINGS: Mapping[str, Setting] = {setting.name: setting for setting in _fields(Config)}


def value_of(config: Config, name: str) -> object:
    """The value of a setting by its name."""
    found: object = config
    for part in name.split("."):
        found = getattr(found, part)
    return found


def load(home: Path, environment: Mapping[str, str], flags: Mapping[str, object] | None = None) -> Loaded:
    """Read the settings of a home; `flags` by setting's name, those that are None were not given.

    Raises:
        ConfigError: a setting is unknown or has no such value; the text names the place.
    """
    given: dict[str, tuple[object, str]] = {}
    given.update(_from_file(home / FILE))
    given.update(_from_environment(environment))
    given.update({name: (value, "flag") for name, value in (flags or {}).items() if value is not None})
    tree: dict[str, Any] = {"home": home}
    for name, (value, source) in given.items():
        section, _, key = name.rpartition(".")
        checked = _check(SETTINGS[name], value, source)
        (tree.setdefault(section, {}) if section else tree)[key] = checked
    config = msgspec.convert(tree, Config)
    return Loaded(config, {name: source for name, (_, source) in given.items()})


def _check(setting: Setting, value: object, source: str) -> object:
    """The value in its type. Texts of the environment may be numbers, truths or lists."""
    is_list = setting.values.startswith("list")
    if isinstance(value, str) and is_list:
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        return msgspec.convert(value, setting.type, strict=not source.startswith(PREFIX))
    except msgspec.ValidationError as e:
        raise ConfigError(
            f"{source}: {setting.name} cannot be {value!r}", hint=f"It may be: {setting.values}. {e}."
        ) from None


def _from_file(path: Path) -> Iterator[tuple[str, tuple[object, str]]]:
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
            _known(name, where, SETTINGS)
            yield name, (found, where)


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, tuple[object, str]]]:
    names = {setting.variable: setting.name for setting in SETTINGS.values()}
    for variable, text in environment.items():
        if variable in names or (variable.startswith(PREFIX) and "__" in variable):
            _known(variable, "environment", names)
            yield names[variable], (text, variable)


def _known(name: str, where: str, names: Mapping[str, object]) -> None:
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


def show(values: Sequence[object] | object) -> str:
    """A value as `config show` prints it."""
    if isinstance(values, tuple):
        return ", ".join(map(str, values))
    return str(values).lower() if isinstance(values, bool) else str(values)
