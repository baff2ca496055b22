"""The settings: each with its kind, its default, what it is about, and who changes it.

All of it becomes one frozen value. Nothing in here is a secret. `SWARMNODE_HOME`, `SWARMNODE_PASSPHRASE` and
`SWARMNODE_LANG` are no settings.

Who uses a node is not always who keeps the machine that it runs on. What is between the owner and other
people is the owner's, and changed on any screen. What opens the machine to others, spends what it has, or
decides who can open the store is its keeper's: a page that somebody left open is no place to change that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_type_hints

import msgspec
from msgspec import Meta

PREFIX = "SWARMNODE_"


class Change(Enum):
    """Who changes a setting: its owner, and when that counts; else the machine's keeper, and why."""

    AT_ONCE = "at-once"
    AT_START = "at-start"
    """The owner's too; it counts when the node is started anew."""
    DOOR = "door"
    """It opens the machine to others, or says how they reach it."""
    KEY = "key"
    """It decides who can open the store."""
    MACHINE = "machine"
    """It spends what the machine has, or is about what is written there."""


AT_ONCE, AT_START = {"change": Change.AT_ONCE}, {"change": Change.AT_START}
DOOR, KEY, MACHINE = {"change": Change.DOOR}, {"change": Change.KEY}, {"change": Change.MACHINE}

Port = Annotated[int, Meta(ge=0, le=65535)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Settings that belong together."""


class Http(Section, frozen=True, kw_only=True):
    """Where screens reach the node."""

    host: Annotated[str, Meta(description="address to listen on for screens", extra=DOOR)] = "127.0.0.1"
    port: Annotated[Port, Meta(description="port for screens; 0 takes a free one", extra=DOOR)] = 8470
    allowed_hosts: Annotated[
        tuple[str, ...],
        Meta(description="names, beside localhost, by which browsers may call this node", extra=DOOR),
    ] = ()
    public: Annotated[
        str, Meta(description="URL by which networks that push reach this node, if they do", extra=DOOR)
    ] = ""


class Link(Section, frozen=True, kw_only=True):
    """Where other nodes reach it."""

    host: Annotated[
        str, Meta(description="address to listen on for nodes and relays; empty: all", extra=DOOR)
    ] = ""
    port: Annotated[
        Port | None,
        Meta(description="port for nodes and relays; not set: 8471 for a relay, else a free one", extra=DOOR),
    ] = None
    public: Annotated[
        str, Meta(description="HOST:PORT as others reach it, where that differs", extra=DOOR)
    ] = ""


class Relay(Section, frozen=True, kw_only=True):
    """What a relay lends."""

    quota_mib: Annotated[
        int, Meta(ge=1, description="MiB on disk for all queues together", extra=MACHINE)
    ] = 4096
    spare_mib: Annotated[int, Meta(ge=0, description="MiB of the disk that are left free", extra=MACHINE)] = (
        512
    )
    connections: Annotated[int, Meta(ge=1, description="connections at a time", extra=MACHINE)] = 10_000
    connections_per_source: Annotated[
        int, Meta(ge=1, description="connections of one address", extra=MACHINE)
    ] = 200
    forward: Annotated[bool, Meta(description="pass messages on to other relays", extra=MACHINE)] = True


class Privacy(Section, frozen=True, kw_only=True):
    """What others may learn."""

    forward: Annotated[
        Literal["prefer", "always", "never"],
        Meta(
            description="send through a relay of your own, so that theirs does not see your address",
            extra=AT_ONCE,
        ),
    ] = "prefer"
    lan: Annotated[bool, Meta(description="let contacts on the same network find this node", extra=DOOR)] = (
        False
    )
    direct: Annotated[
        bool,
        Meta(description="connect to contacts without a relay, which tells them your address", extra=DOOR),
    ] = False
    receipts: Annotated[bool, Meta(description="tell contacts what you have read", extra=AT_ONCE)] = True
    strangers: Annotated[
        bool,
        Meta(
            description="show offers to talk privately of people with whom you have not talked", extra=AT_ONCE
        ),
    ] = False
    notice: Annotated[
        bool,
        Meta(
            description="notice which people of your address book have a node, on other networks",
            extra=AT_ONCE,
        ),
    ] = True


class Dns(Section, frozen=True, kw_only=True):
    """Who is asked for names."""

    servers: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[0-9a-fA-F.:\[\]]+$")], ...],
        Meta(
            description="name servers (ADDRESS or ADDRESS:PORT) that are asked where networks' servers are; "
            "empty: the system's",
            extra=AT_START,
        ),
    ] = ()


class Storage(Section, frozen=True, kw_only=True):
    """How the store is opened."""

    keyring: Annotated[
        bool, Meta(description="keep the key in the key ring of the system too", extra=KEY)
    ] = False


class Log(Section, frozen=True, kw_only=True):
    """What is written about the node's work; never what people say, nor to whom."""

    level: Annotated[
        Literal["debug", "info", "warning", "error"],
        Meta(description="the least that is written", extra=MACHINE),
    ] = "info"
    format: Annotated[
        Literal["text", "json"], Meta(description="for people or for programs", extra=MACHINE)
    ] = "text"


class Config(Section, frozen=True, kw_only=True):
    """All settings of a node. `home` comes from `--home` or `SWARMNODE_HOME` alone."""

    home: Path
    fixed: Mapping[str, str] = {}
    """What the machine's keeper said: names of settings, each with its place. No owner changes these."""

    roles: Annotated[
        tuple[Literal["node", "relay"], ...],
        Meta(min_length=1, description="a person's node, a relay for others, or both", extra=DOOR),
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
class Setting:
    """One setting as it is documented and shown. `name` is `section.key`, or `key` at the top."""

    name: str
    type: Any
    default: Any
    description: str
    change: Change
    limits: tuple[float | None, float | None] = (None, None)
    """The least and the greatest number."""

    @property
    def is_owners(self) -> bool:
        """Whether it is changed on a screen."""
        return self.change in {Change.AT_ONCE, Change.AT_START}

    @property
    def kind(self) -> str:
        """`truth`, `number`, `text`, `choice` or `list`."""
        known = {"true or false": "truth", "number": "number", "text": "text"}
        return known.get(self.values, "list" if self.values.startswith("list") else "choice")

    @property
    def choices(self) -> tuple[str, ...]:
        """The values that it may have, where these are few."""
        return tuple(self.values.removeprefix("list of ").split(", ")) if ", " in self.values else ()

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
        elif prefix + item.name not in NO_SETTINGS:
            yield _setting(prefix + item.name, hint, item.default)


def _setting(name: str, hint: Any, default: Any) -> Setting:
    about = [meta for meta in hint.__metadata__ if meta.description][-1]
    numbers = [meta for meta in _metas(hint) if meta.ge is not None or meta.le is not None]
    limits = (numbers[0].ge, numbers[0].le) if numbers else (None, None)
    return Setting(name, hint, default, about.description, about.extra["change"], limits)


def _metas(hint: Any) -> Iterator[Meta]:
    yield from getattr(hint, "__metadata__", ())
    for inside in get_args(hint):
        if hasattr(inside, "__metadata__"):
            yield from _metas(inside)


NO_SETTINGS = {"home", "fixed"}
SETTINGS: Mapping[str, Setting] = {setting.name: setting for setting in _fields(Config)}


def value_of(config: Config, name: str) -> object:
    """The value of a setting by its name."""
    found: object = config
    for part in name.split("."):
        found = getattr(found, part)
    return found


def show(values: Sequence[object] | object) -> str:
    """A value as `config show` prints it; nothing for what is not set."""
    if isinstance(values, tuple | list):
        return ", ".join(map(str, values))
    if values is None:
        return ""
    return str(values).lower() if isinstance(values, bool) else str(values)
