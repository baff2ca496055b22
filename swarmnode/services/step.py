"""What a piece of the node's logic is given, what comes in, and what it leaves behind (ADR 0014).

A step is one input or one wish of a person inside an open transaction. It waits for nothing. What is to
happen outside (frames, links, timers, news for screens) is an effect, and effects are performed after the
commit, in the order in which they were left. When the commit fails, they are dropped, and so is the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NewType, TypeAlias

from swarm_protocol.content import Endpoint
from swarm_protocol.entropy import Entropy

from ..domain.time import Instant
from ..storage.database import Tx

LinkId = NewType("LinkId", int)
"""A connection that the engine asked for, counted up from 1, or was given, counted down from -1; an engine
does not see a number twice."""


# What comes in


@dataclass(frozen=True, slots=True)
class Started:
    """The engine is new: a process has started, or a commit failed and the engine before is gone."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A link that was asked for is there; frames follow."""

    link: LinkId


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame came."""

    link: LinkId
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Lost:
    """A link is gone, or could not be opened."""

    link: LinkId
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Woke:
    """The tick of a `WakeAt` has come; too early or twice does no harm."""


@dataclass(frozen=True, slots=True)
class NetworkChanged:
    """The machine woke up, or has another network: what failed before may work now."""


@dataclass(frozen=True, slots=True)
class Called:
    """Somebody has called this node, and sent a first frame (spec 52 §2); other frames follow."""

    link: LinkId
    knock: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Noticed:
    """On this network a node is announced, at addresses HOST:PORT, with these texts (spec 52 §1)."""

    addresses: tuple[str, ...] = field(repr=False)
    texts: Mapping[bytes, bytes | None] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Reachable:
    """The doors at which this node listens now: all of them."""

    endpoints: tuple[Endpoint, ...]


@dataclass(frozen=True, slots=True)
class Carried:
    """Bytes came through a conversation of a network: a fragment, or so they claim (spec 53)."""

    room_id: int
    actor: str = field(repr=False)
    """Who sent them, by the network's id."""
    called: str = field(repr=False)
    """The same for people."""
    blob: bytes = field(repr=False)
    size: int
    """Bytes that a message there carries."""
    form: str
    """How it carries them: `binary`, `attachment` or `text`."""
    known: bool
    """Whether the owner talks with them there, or has them in an address book."""


@dataclass(frozen=True, slots=True)
class Passed:
    """What became of a fragment that a bridge was to send."""

    intent: str
    taken: bool
    """Whether the network has it; if not, it never will."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Returned:
    """A fragment that a network had taken did not arrive, it says now."""

    intent: str
    reason: str


FromNetworks: TypeAlias = Carried | Passed | Returned
Input: TypeAlias = (
    Started | Opened | Heard | Lost | Woke | NetworkChanged | Called | Noticed | Reachable | FromNetworks
)


# What is to happen


@dataclass(frozen=True, slots=True)
class Open:
    """Connect to a relay, or a node, whose certificate has this hash; answer with `Opened` or `Lost`."""

    link: LinkId
    address: str = field(repr=False)
    pin: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send a frame; one that cannot be sent is answered with `Lost`."""

    link: LinkId
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Shut:
    """Close a link; nothing more is heard of it."""

    link: LinkId


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Come back with `Woke` at this tick. A later one replaces it."""

    tick: float


@dataclass(frozen=True, slots=True)
class Told:
    """Something that screens may want to know. It gets its number when it is told."""

    id: int
    type: str
    data: dict[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class Announce:
    """Be there for this network under a new name and at a new port, with these texts, in place of before."""

    texts: Mapping[bytes, bytes] = field(repr=False)


Effect: TypeAlias = Open | Transmit | Shut | WakeAt | Told | Announce


@dataclass(slots=True)
class Step:
    """One input or wish: the transaction, the moment, randomness, and what is to happen afterwards."""

    tx: Tx
    now: Instant
    entropy: Entropy
    effects: list[Effect] = field(default_factory=list)
    inputs: list[FromNetworks] = field(default_factory=list)
    """What this step found for the engine, which takes it in the same transaction."""

    @property
    def wall_s(self) -> int:
        """Unix seconds, for what is written and shown."""
        return self.now.wall_s

    def do(self, effect: Effect) -> None:
        """Leave an effect."""
        self.effects.append(effect)
