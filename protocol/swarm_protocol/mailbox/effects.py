"""What goes into a relay and what comes out (spec 30 §4). Effects leave in the order in which they come.

Whoever runs the machine applies each `Store` at once, and lets no `Send` go before all that was applied
before it is durable, by earlier inputs too: the answer to a repeated SEND stores nothing, and yet says that
it is stored. Several inputs may share one `sync`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NewType, TypeAlias

from ..mls.fast_init import fast_init
from .commands import RecipientId
from .store import Change

ConnectionId = NewType("ConnectionId", int)
"""Whoever runs the machine numbers connections; a number is not used again."""


@dataclass(frozen=True, slots=True)
class Started:
    """The machine runs from now on, on what the store holds."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Somebody connected."""

    connection: ConnectionId


@fast_init
@dataclass(frozen=True, slots=True)
class Received:
    """A frame came."""

    connection: ConnectionId
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Closed:
    """A connection is gone."""

    connection: ConnectionId


@dataclass(frozen=True, slots=True)
class TimerFired:
    """The time of a `Wake` has come; too early or twice does no harm."""


@dataclass(frozen=True, slots=True)
class Disk:
    """How full the disk is, in percent."""

    percent: int


@dataclass(frozen=True, slots=True)
class TicketsAdded:
    """The owner hands out tickets with these hashes."""

    hashes: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Damaged:
    """The store cannot give a message of `size_bytes` back."""

    rid: RecipientId = field(repr=False)
    n: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class ForwardAnswered:
    """What another relay answered to a `Forward`; None where there was no answer."""

    connection: ConnectionId
    number: int
    sealed: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class StoreFailed:
    """The store could not apply or make durable; `held` are the effects that did not leave for it.

    What was applied and not durable is undone before the machine goes on.
    """

    held: tuple[Effect, ...]


Input: TypeAlias = (
    Started
    | Opened
    | Received
    | Closed
    | TimerFired
    | Disk
    | TicketsAdded
    | Damaged
    | ForwardAnswered
    | StoreFailed
)


@fast_init
@dataclass(frozen=True, slots=True)
class Store:
    """Apply these changes together."""

    changes: tuple[Change, ...]


@fast_init
@dataclass(frozen=True, slots=True)
class Send:
    """Send a frame. `number` is that of the command it answers, 0 for a notice."""

    connection: ConnectionId
    number: int
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Close:
    """Close a connection; `rule` is the rule that its last frame broke, or empty."""

    connection: ConnectionId
    rule: str


@dataclass(frozen=True, slots=True)
class Forward:
    """Ask another relay, over a connection of the relay's own, and give back a `ForwardAnswered`.

    Whoever runs the machine refuses addresses that are private, or that only look public.
    """

    connection: ConnectionId
    number: int
    address: str = field(repr=False)
    pin: bytes = field(repr=False)
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Wake:
    """Come back with `TimerFired` at this time (Unix seconds). An earlier one stays in force beside it."""

    at: int


Effect: TypeAlias = Store | Send | Close | Forward | Wake
