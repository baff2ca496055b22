"""What screens see of bridges: networks, accounts, and logins as steps of data (ADR 0023).

A page that shows these knows no network by name. Ids are opaque texts, times Unix seconds (UTC). Nothing in
here is a secret but what a login shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

PEOPLE = frozenset({"direct", "group", "channel"})
"""Kinds of conversations in which people talk; the others are read."""


def is_remote(chat: str) -> bool:
    """Whether a conversation's id is one of a network: `b` and a number; the node's own are numbers."""
    return chat[:1] == "b" and chat[1:].isascii() and chat[1:].isdecimal() and len(chat) < 20


@dataclass(frozen=True, slots=True)
class NetworkView:
    """A bridge to a network: a package that is installed."""

    id: str
    name: str
    version: str = ""
    summary: str = ""
    tier: str = ""
    """What the kit last showed: `none`, `bronze`, `silver`, `gold`, `platinum`."""
    runs: bool = False
    problem: str = ""
    """Why it cannot be used; empty where it can."""
    hint: str = ""
    quarantined: bool = False
    """It crashed too often, and rests until an account of it is resumed, or it is reloaded."""
    restarts: int = 0
    confined: tuple[str, ...] = ()
    """What keeps its process in, while it runs."""
    resident_bytes: int = 0


@dataclass(frozen=True, slots=True)
class MatterView:
    """Something that an account has to settle with its owner, in steps as those of a login."""

    id: str
    title: str
    pressing: bool = False
    """Somebody waits for it, or something may be wrong."""


@dataclass(frozen=True, slots=True)
class AccountView:
    """An account of the owner on a network."""

    id: str
    network: str
    network_name: str
    display: str
    state: str
    """`starting`, `connecting`, `catching_up`, `connected`, `degraded`, `held`, `needs_owner`, `stopped`,
    `crashed`."""
    code: str
    """Why, for programs: `offline`, `limit`, `refused` and others."""
    since: int
    notice: str
    """What the owner is asked to look at: `auth`, `conflict`, `crashed`, `degraded`, `offline`, or none."""
    way_out: str
    """What to do about it: `log-in`, `resume`, `look`, `wait`."""
    says: str
    """State or notice as a sentence, with the way out."""
    paused: bool = False
    at_home: bool = False
    """The owner has said that its server is in their own network."""
    waiting: int = 0
    """Things that the owner wants there and that are not done yet."""
    asked: int = 0
    """Messages that may have been sent: the owner is to say whether they are there."""
    matters: tuple[MatterView, ...] = ()
    """What there is to settle, while it runs."""


@dataclass(frozen=True, slots=True)
class FieldView:
    """Something to fill in. `kind`: `text`, `secret`, `url`, `email`, `code`, `choice` or `bool`."""

    name: str
    kind: str
    label: str
    help: str = ""
    pattern: str = ""
    options: tuple[tuple[str, str], ...] = ()
    """Value and label of each choice."""
    default: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class StepView:
    """What a login shows. `kind`: `form`, `open_url`, `show_and_wait` or `confirm`."""

    id: str
    kind: str
    title: str
    text: str = ""
    fields: tuple[FieldView, ...] = ()
    show: Mapping[str, str] = field(default_factory=dict, repr=False)
    """`url` to open, `qr`, `code` or `emoji` to compare. May be a secret."""
    poll_every_s: float | None = None
    """While this is shown, ask for news so often."""
    error: str = ""
    """What was wrong with the last answer."""


@dataclass(frozen=True, slots=True)
class LoginView:
    """A login. Without a step it is done, and `account` is the account that it added or renewed."""

    id: str
    network: str
    turn: str = ""
    """What an answer has to name, so that one that comes twice is taken once."""
    step: StepView | None = None
    account: str = ""


@dataclass(frozen=True, slots=True)
class SettlingView:
    """What a matter shows. Without a step it is settled."""

    step: StepView | None = None


@dataclass(frozen=True, slots=True)
class Pushed:
    """A request of a network's server. Header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PushAnswer:
    """What a bridge answers to that."""

    status: int
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class AbilitiesView:
    """What can be done in a conversation of a network. Sizes in characters as `text_unit` says, and bytes."""

    levels: Mapping[str, str]
    """By feature: `full`, `partial`, `fallback`, `dropped` or `rejected`; a missing one is rejected."""
    max_text: int | None = None
    text_unit: str = "grapheme"
    edit_within_s: float | None = None
    delete_within_s: float | None = None
    reactions: tuple[str, ...] | None = None
    """Which ones; None: any."""
    reactions_each: int | None = None
    media: Mapping[str, int] = field(default_factory=dict)
    """Bytes at most, by media type."""
    max_files: int | None = None
    visibilities: tuple[str, ...] = ()
    privacy: str = ""
    """As `ChatView.privacy`."""
    protect: tuple[str, ...] = ()
