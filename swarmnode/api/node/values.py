"""Values that go into a node and come out of it, beside those of `domain`."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...domain.post_views import Picture


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """A post for accounts on other networks; see `domain.fitting.Wish`."""

    accounts: tuple[str, ...]
    text: str = field(repr=False)
    title: str = field(default="", repr=False)
    sensitive: bool = False
    visibility: str = ""
    language: str = ""
    more: str = field(default="", repr=False)
    leave_out: bool = False
    files: tuple[Picture, ...] = field(default=(), repr=False)
    data: tuple[bytes, ...] = field(default=(), repr=False)
    """The bytes of the files; none for a preview."""
    send_at: int = 0
    """When it leaves; 0: now."""


@dataclass(frozen=True, slots=True)
class LinkView:
    """What a link or a spoken code is, found out without using it up."""

    kind: str
    """`one-time`, `address`, `code`, `relay` or `safety`."""
    relays: tuple[str, ...] = ()
    """Addresses that using it would contact."""
    expires_at: int = 0
    """Unix seconds; 0 if it does not expire."""
    expired: bool = False


@dataclass(frozen=True, slots=True)
class NodeView:
    """One of the persona's nodes."""

    id: str
    label: str
    this: bool
    priority: int
    active: bool


@dataclass(frozen=True, slots=True)
class SettingView:
    """A setting of the node's. Values are texts, as `swarmnode config` takes and shows them."""

    name: str
    """`section.key`, or `key` at the top."""
    value: str
    """What it is, or will be at the next start."""
    default: str
    values: str
    """What it may be, for people."""
    kind: str
    """`truth`, `number`, `text`, `choice` or `list` (with commas)."""
    change: str
    """`at-once` or `at-start`: the owner changes it, and it counts then. Else whoever keeps the machine does,
    in `config.toml`, since it opens a `door` of it, is about the `key`, or about what the `machine` has."""
    by: str
    """Who said what it is: `owner`, `keeper` or `nobody`. What the keeper said, the owner cannot change."""
    place: str = ""
    """Where the keeper said it."""
    choices: tuple[str, ...] = ()
    """The values that it may have, or that a list may hold, where they are few."""
    least: float | None = None
    most: float | None = None
    waits: bool = False
    """Whether the node has to be started anew before the value counts."""


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of what was kept aside."""

    taken: int
    left: int
    """Led to an error again, and is kept further."""
