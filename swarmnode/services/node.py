"""What a running node keeps in memory; all of it can be made again from the tables (ADR 0014).

Functions of this floor take the step they are in and this. Nothing in here outlives a failed commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from swarm_protocol import mls
from swarm_protocol.content import Author, AuthorLink, Endpoint
from swarm_protocol.entropy import Entropy
from swarm_protocol.identity import NodeKeys, Sigchain
from swarm_protocol.mailbox import Caller, QueueRecord, SKey
from swarm_protocol.mailbox import Send as SendBody
from swarm_protocol.mailbox.forward import Sealer
from swarm_protocol.mls.signatures import SignatureKeyPair
from swarm_protocol.nearby import Direct, Door, Expected, Pair
from swarm_protocol.sync import Allowance, Fetch

from ..errors import NotReady
from ..storage.shelves import QueueIn, QueueOut
from .step import LinkId, Step, WakeAt


@dataclass(frozen=True, slots=True)
class Me:
    """The persona of this node, and the node's own keys."""

    chain: Sigchain = field(repr=False)
    keys: NodeKeys = field(repr=False)
    root: SignatureKeyPair | None = field(repr=False)
    node_seq: int
    name: str

    @property
    def author(self) -> Author:
        """Who signs what this node says."""
        return Author(self.chain.persona_id, self.keys.leaf_sig.public)


class LineState(Enum):
    """How far the connection to a relay is."""

    DOWN = "down"
    OPENING = "opening"
    GREETING = "greeting"
    UP = "up"


@dataclass(slots=True)
class Line:
    """The connection to one relay, or the wish for one."""

    relay_id: int
    state: LineState = LineState.DOWN
    link: LinkId | None = None
    caller: Caller | None = None
    failures: int = 0
    """Tries in a row that failed, or did not last."""
    up_since: float = 0.0
    down_since: float | None = None
    used: float = 0.0
    watched: tuple[int, float] | None = None
    """The number of a command that is not answered yet, and the tick since which that is watched."""
    asked: set[tuple[str, int]] = field(default_factory=set)
    """What was asked and not answered yet, so that it is not asked twice."""
    sending: dict[tuple[bytes, bytes], Sending] = field(default_factory=dict)
    """Envelopes that wait for a receipt, by sid and msg_id."""
    passed: dict[bytes, Passed] = field(default_factory=dict)
    """What this relay passes on to others and has no answer to yet, by how it starts."""

    @property
    def is_up(self) -> bool:
        """Whether commands can be asked."""
        return self.state is LineState.UP


@dataclass(frozen=True, slots=True)
class Sending:
    """An envelope on its way."""

    envelope_id: int
    outbox_id: int
    since: float


@dataclass(frozen=True, slots=True)
class Passed:
    """Something sealed to a relay of somebody else, on its way through one of ours."""

    relay_id: int
    record: QueueRecord = field(repr=False)
    body: SendBody | SKey = field(repr=False)
    sealer: Sealer = field(repr=False)


@dataclass(frozen=True, slots=True)
class Detour:
    """Failures in a row to reach a relay through ours, and the tick of the first."""

    since: float
    failures: int = 0


@dataclass(slots=True)
class Reading:
    """A queue that is read over a line: its row with the cursor of now, and how much was asked for."""

    row: QueueIn
    key: SignatureKeyPair = field(repr=False)
    credit: int = 0
    last: int = 0
    beyond: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True)
class DirectLink:
    """A link to a contact's node with no relay in between, or one on its way (spec 52)."""

    id: LinkId
    peer_id: int
    pair: Pair
    called: bool
    """Whether the other one called."""
    up: bool
    machine: Direct = field(default_factory=Direct)
    sending: dict[bytes, tuple[int, float]] = field(default_factory=dict)
    """Envelopes that wait for an answer, by their ids here: their rows in the outbox, and since when."""
    numbered: int = 0
    busy_until: float = 0.0


@dataclass(slots=True)
class Near:
    """What is known of nodes that can be reached without a relay."""

    links: dict[LinkId, DirectLink] = field(default_factory=dict)
    heard: dict[int, tuple[str, ...]] = field(default_factory=dict)
    """Addresses on this network at which a peer's beacons were seen, the latest first."""
    failures: dict[int, int] = field(default_factory=dict)
    """Calls in a row that came to nothing, by peer."""
    door: Door = field(default_factory=Door)
    names: Expected[int] | None = None
    beacons: Expected[int] | None = None
    doors: tuple[Endpoint, ...] | None = None
    """Where this node listens, once that is known."""


TimerName: TypeAlias = "tuple[str, int]"


@dataclass(frozen=True, slots=True)
class Options:
    """What the owner decided."""

    receipts: bool = True
    """Whether the other side is told that a message was read."""
    direct: bool = False
    """Whether contacts are called at their addresses, and told ours."""
    lan: bool = False
    """Whether contacts on the same network find this node, and are called there."""
    forward: str = "prefer"
    """Whether relays of others are reached through ours, so that they do not see our address: `prefer`,
    `always`, `never`."""
    strangers: bool = False
    """Whether offers of people are shown with whom the owner does not talk (spec 53 §3)."""
    words: Sequence[str] = field(default=(), repr=False)
    """The 2,048 words of spoken codes."""
    suite: int = mls.PRODUCT_SUITES[0]
    """The suite of conversations between two (spec 01)."""


@dataclass(slots=True)
class Node:
    """The memory of a running node."""

    crypto: mls.CryptoProvider = mls.CRYPTO
    options: Options = Options()
    boot: int = 0
    instance: bytes = b""
    persona: Me | None = None
    quarantine: str = ""
    """Why nothing may be sealed any more; empty in all good times."""
    lines: dict[int, Line] = field(default_factory=dict)
    links: dict[LinkId, Line] = field(default_factory=dict)
    last_link: int = 0
    near: Near = field(default_factory=Near)
    detours: dict[int, Detour] = field(default_factory=dict)
    """Relays of others that ours could not reach, by their rows."""
    reading: dict[bytes, Reading] = field(default_factory=dict)
    groups: dict[int, mls.GroupState] = field(default_factory=dict)
    heads: dict[int, AuthorLink] = field(default_factory=dict)
    """The last links of authors' chains, by the row of the author."""
    routes: dict[tuple[int | None, int | None], list[QueueOut]] = field(default_factory=dict)
    """Queues that lead to a peer or to an invite's other side; empty after any of them has changed."""
    chains: dict[bytes, Sigchain] = field(default_factory=dict)
    """Verified chains of contacts, by persona."""
    unindexed: dict[int, str] = field(default_factory=dict, repr=False)
    """What messages say that search does not find yet, by their rows: reading it again takes longer."""
    delivering: tuple[bytes, int] | None = None
    """What of which queue, by rid and number, is being taken; after an error it is what led to that."""
    poison: frozenset[tuple[bytes, int]] = frozenset()
    """What led to errors again and again: it is put away unread."""
    fetching: dict[int, Fetch] = field(default_factory=dict)
    """What is being fetched from a peer that has more."""
    answered: dict[int, Allowance] = field(default_factory=dict)
    """How much of what a peer asked for was answered in this hour."""
    sent: dict[int, float] = field(default_factory=dict)
    """When something left that the other side has not confirmed, by its row in the outbox, in order."""
    probing: dict[int, int] = field(default_factory=dict)
    """Queues of others, by their rows, that took nothing when one was sent to last, and how often in a row:
    one envelope is tried now and then."""
    doubts: dict[int, tuple[int, float]] = field(default_factory=dict)
    """Queues of others, by their rows, that a relay called gone after it had taken our key: how often, and
    the tick of the last time."""
    full: set[int] = field(default_factory=set)
    """Those of them that said that they are full."""
    carrying: dict[int, float] = field(default_factory=dict)
    """When something was given to another network, by its row in the outbox."""
    carried: dict[bytes, float] = field(default_factory=dict)
    """Envelopes that came through conversations, by name: until which tick they are known to come twice."""
    turns: dict[int, int] = field(default_factory=dict)
    """How often a step of a rotation was said, by the row of the queue that we read."""
    backlog: bool = False
    """Whether more waits in the outbox than was let go so far."""
    started: float = 0.0
    ticked: float = 0.0
    off_s: int = 0
    """Seconds that the node was off, by a wall clock that is not believed yet."""
    timers: dict[TimerName, float] = field(default_factory=dict)
    woken_for: float | None = None

    @property
    def me(self) -> Me:
        """The owner.

        Raises:
            NotReady: there is none yet.
        """
        if self.persona is None:
            raise NotReady("this node has no persona yet", hint="Create one, or restore one.")
        return self.persona

    def require_writable(self) -> None:
        """Refuse what would seal or sign.

        Raises:
            NotReady: a copy of this node runs, or its store was rolled back.
        """
        if self.quarantine:
            raise NotReady(self.quarantine, hint="This home can be read, not used: see `swarmnode doctor`.")

    def line(self, relay_id: int) -> Line:
        """The line to a relay, down at first."""
        line = self.lines.get(relay_id)
        if line is None:
            line = self.lines[relay_id] = Line(relay_id)
        return line

    def next_link(self) -> LinkId:
        """A number for a new link."""
        self.last_link += 1
        return LinkId(self.last_link)

    def remind(self, step: Step, name: TimerName, in_s: float, *, sooner: bool = True) -> None:
        """Set a timer; an earlier one of that name stays in force unless `sooner` is False."""
        at = step.now.tick + in_s
        if sooner and self.timers.get(name, at) < at:
            return
        self.timers[name] = at

    def due(self, step: Step) -> list[TimerName]:
        """Take the timers whose time has come, earliest first."""
        names = sorted((at, name) for name, at in self.timers.items() if at <= step.now.tick)
        for _, name in names:
            del self.timers[name]
        return [name for _, name in names]

    def ask_to_wake(self, step: Step) -> None:
        """Leave an effect for the earliest timer, unless one for it is out already."""
        earliest = min(self.timers.values(), default=None)
        if earliest is not None and (self.woken_for is None or earliest != self.woken_for):
            self.woken_for = earliest
            step.do(WakeAt(earliest))


def jitter(entropy: Entropy, value: float, share: float = 0.3) -> float:
    """The value, up to `share` of it more or less: machines that failed together do not retry together."""
    return value * (1 + share * (int.from_bytes(entropy(4), "big") / 0x7FFFFFFF - 1))
