"""What services answer with: plain values that the API encodes and the CLI prints.

Ids are opaque texts, times Unix seconds (UTC), sizes bytes. Nothing in here is a secret except where a
docstring says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class NodeState(StrEnum):
    """What the node can do at the moment."""

    EMPTY = "empty"
    """No persona yet: create or restore one."""
    LOCKED = "locked"
    """The key is wrapped: unlock."""
    READY = "ready"
    QUARANTINE = "quarantine"
    """A copy of this node runs, or the store was rolled back: reading only."""


class MessageState(StrEnum):
    """How far a message is."""

    SCHEDULED = "scheduled"
    """It leaves at `send_at`; until then it can be changed and taken back, and nobody hears of it."""
    QUEUED = "queued"
    WAITING = "waiting"
    """No route, no room at the relay, or keys are being renewed; `reason` says which."""
    SENT = "sent"
    """A relay has it and gave a receipt, or it left directly."""
    DELIVERED = "delivered"
    """The other side's node has stored it."""
    READ = "read"
    EXPIRED = "expired"
    """Given up; may be sent again."""
    REFUSED = "refused"
    """Another network will not take it, or it could not leave at its time; `reason` says why, for the latter
    `blocked`, `key-alert`, `no-chat`, `not-taken` or `restored`. May be sent again."""
    MAYBE = "maybe"
    """Another network may have it. `reason` is `looking`, or `asked`: the owner is to say if it is there."""
    RECEIVED = "received"
    """It is somebody else's."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to look at: a code for programs, a hint for people that says what to do."""

    code: str
    hint: str


@dataclass(frozen=True, slots=True)
class RelayView:
    """A relay that this node's queues lie on."""

    id: str
    address: str
    state: str
    """`up`, `down`, `new` (not reached yet) or `dead` (given up; its queues are being replaced)."""
    queues: int
    tickets: int


@dataclass(frozen=True, slots=True)
class NearView:
    """A contact whose node is reached without a relay at the moment."""

    contact: str
    name: str
    way: str
    """`lan` (on this network) or `direct`."""


@dataclass(frozen=True, slots=True)
class StatusView:
    """How the node is."""

    state: NodeState
    version: str = ""
    roles: tuple[str, ...] = ()
    """What this process is: `node`, `relay` or both. Of a relay alone all that follows is empty."""
    name: str = ""
    persona: str = ""
    """The persona id in hex, for its owner and contacts only."""
    relays: tuple[RelayView, ...] = ()
    contacts: int = 0
    unread: int = 0
    waiting: int = 0
    """Messages that have not reached the other side yet."""
    near: tuple[NearView, ...] = ()
    """Contacts to whom messages go without a relay now; to all others they go through relays."""
    restoring: str = ""
    """How far a restore is: `rotated` (waits for a relay of ours), `rejoining` (waits for contacts to let the
    new node in), `backfilling` (fetches what was said meanwhile); empty when none is going on."""
    missing: tuple[str, ...] = ()
    """Names of contacts with whom a restore is not through yet."""
    problems: tuple[Problem, ...] = ()
    backup_at: int = 0
    """When the last backup of this home was made, in Unix seconds; 0 if there is none."""


@dataclass(frozen=True, slots=True)
class InviteView:
    """An invite. `link` is a secret until it is used: whoever has it can answer."""

    id: str
    kind: str
    """`one-time`, `address` (may be public), `code` (`code` is spoken, `link` empty) or `conversation` (an
    offer in one on another network)."""
    state: str
    """`created`, `fetched`, `requested`, `accepted`, `confirmed`, `declined`, `expired`, `suspect`; of what
    was accepted also `waiting`, `read`, `agreed`, `asked`, `taken`, `withdrawn`, `no-relay`, `wrong-code`."""
    role: str
    """`inviter` or `joiner`."""
    expires_at: int
    link: str = ""
    code: str = ""
    contact: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class ContactView:
    """A person whose node we know."""

    id: str
    name: str
    standing: str
    """`pending`, `request` (a stranger asks), `confirmed`, `verified`, `key-alert`, `blocked`."""
    persona: str
    chat: str
    nodes: int = 1
    alerts: tuple[str, ...] = ()
    note: str = ""
    """What a stranger wrote with the request."""
    single_relay: bool = False
    """Only one relay lies between: if it dies, messages wait until there is another."""


@dataclass(frozen=True, slots=True)
class SafetyView:
    """What two people compare to exclude somebody in between."""

    words: tuple[str, ...]
    """8 words."""
    digits: tuple[str, ...]
    """6 groups of 5 digits, which say the same."""
    qr: str
    """Text for a QR code."""
    verified: bool
    seen: str = ""
    """Names what was compared: with other keys, or a new doubt about them, it is another."""


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """A file inside a message."""

    name: str
    media_type: str
    size_bytes: int
    description: str = ""
    """What a picture shows, for those who cannot see it."""


@dataclass(frozen=True, slots=True)
class ChoiceView:
    """An answer of a poll. `votes` is None while its network hides them."""

    id: str
    text: str
    votes: int | None = None
    mine: bool = False
    """The owner has voted for it."""


@dataclass(frozen=True, slots=True)
class PollView:
    """A question with answers, on a network that has such a thing."""

    choices: tuple[ChoiceView, ...]
    multiple: bool = False
    closed: bool = False
    closes_at: int | None = None
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message as it stands now, edits and reactions included."""

    id: str
    chat: str
    author: str
    """A contact's id, or `me`; on another network `a` and a number."""
    author_name: str
    mine: bool
    kind: str
    """`text`, `deleted`, `unknown` (needs a newer version), `unreadable` (`reason` says why), `timer` or
    `line` (something happened)."""
    text: str
    wall_s: int
    """What the author's clock said."""
    state: MessageState
    reason: str = ""
    reply_to: str = ""
    thread: str = ""
    """On networks that have threads: the message with which its thread began."""
    edited: bool = False
    reactions: tuple[tuple[str, str], ...] = ()
    """Pairs of author (a contact's id or `me`) and symbol."""
    attachments: tuple[AttachmentView, ...] = ()
    expires_in_s: int | None = None
    unread: bool = False
    author_handle: str = ""
    """On another network, the address that people type."""
    title: str = ""
    """A subject or a content warning."""
    sensitive: bool = False
    url: str = ""
    """Where it can be looked at on the web."""
    protection: str = ""
    """How it came to a bridge: `omemo`, `openpgp`, `megolm`, or as all on that network."""
    marks: tuple[str, ...] = ()
    """`favourite`, `boost`, `bookmark`: what the owner has done to it on its network."""
    poll: PollView | None = None
    doing: tuple[str, ...] = ()
    """`edit`, `delete` and others that another network was asked for and has not done yet."""
    network: str = ""
    """As `ChatView.network`."""
    shared_by: str = ""
    """Who brought a post here, if not its author: a boost."""
    visibility: str = ""
    """Who may see a post, in the words of its network: `public`, `followers` and others."""
    send_at: int = 0
    """When it leaves; 0 for what has left, or leaves as soon as it can."""
    translations: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The text by language, beside English, where a bridge says it itself and nobody on its network."""


@dataclass(frozen=True, slots=True)
class InvitationView:
    """Somebody on another network asks the owner into a conversation. All of it is their own word."""

    by_name: str
    """Empty where the network does not say who."""
    by_handle: str
    """The address that people type."""
    vouched: bool
    """False: who asks is what the conversation says; its keeper may say anything."""
    words: str = ""
    """What they wrote with it."""


@dataclass(frozen=True, slots=True)
class ChatView:
    """A conversation."""

    id: str
    title: str
    contact: str
    unread: int
    standing: str
    """As `ContactView.standing`; on another network `invited` (see `invitation`) or `gone`: not in it now."""
    last_text: str = ""
    last_at: int = 0
    draft: str = ""
    timer_s: int = 0
    network: str = ""
    """Id of the bridge; empty for conversations of this node's own."""
    account: str = ""
    """The owner's account on that network."""
    privacy: str = "e2e"
    """Who can read along: `e2e` nobody, `operator_reads`, `public`; empty: a network has not said yet."""
    kind: str = "direct"
    """`direct`, `group`, `channel`, `timeline`, `notifications`, `list` or `feed`."""
    last_kind: str = ""
    """As `MessageView.kind`; empty where nothing was said yet."""
    person: str = ""
    """Of a conversation one to one: with whom, in the address book."""
    invitation: InvitationView | None = None
    """What the owner has not answered yet. Nothing can be said there before."""
    labels: tuple[str, ...] = ()
    """Under what its network files it: spaces, folders."""
    last_translations: Mapping[str, str] = field(default_factory=dict, repr=False)
    """As `MessageView.translations`."""
    title_translations: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The title by language, beside English, where a bridge gives it: a timeline has no name of its own."""


@dataclass(frozen=True, slots=True)
class Page:
    """A stretch of messages in the order of the screen, and cursors for what lies before and after."""

    items: tuple[MessageView, ...]
    prev: str = ""
    next: str = ""


@dataclass(frozen=True, slots=True)
class Items(Generic[T]):
    """A list, with cursors where it goes on."""

    items: tuple[T, ...]
    next: str = ""
    prev: str = ""


@dataclass(frozen=True, slots=True)
class DraftView:
    """What is being written."""

    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that a search found; `snippet` marks the words with U+0002 and U+0003 around them."""

    message: MessageView
    snippet: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found. `scope` says in words what was searched, `gaps` what it could not look at."""

    items: tuple[Hit, ...]
    next: str = ""
    scope: str = ""
    gaps: tuple[GapView, ...] = ()


@dataclass(frozen=True, slots=True)
class GapView:
    """What a search could not look at."""

    code: str
    """`newest`: the index cannot be written now; `past`: older messages of an account are still to come."""
    account: str = ""
    network: str = ""


@dataclass(frozen=True, slots=True)
class CarryView:
    """What went into or came out of a bundle file."""

    records: int
    size_bytes: int
    new: int = 0
    foreign: int = 0
    """Records that are for somebody else."""
    skipped: int = 0
    """Records for us that are known already, or cannot be read."""
    damage: str = ""
    """Where the file is cut or damaged, if it is; what stands before that was taken."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check of `doctor`; a failed one has a hint that leads out, another one may have advice."""

    name: str
    ok: bool
    detail: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that screens may want to know. `id` rises; `data` holds ids only, no text."""

    id: int
    type: str
    data: dict[str, str | int | bool] = field(default_factory=dict)
