"""The contract between a node and a bridge to another network.

A bridge logs in to a network through its open interface and translates: what happened there becomes events,
what the owner wants becomes calls. The node owns everything that must last: the journal, the outbox, echoes,
duplicates, order, retries, limits. From this follow the rules of the whole file:

- **Commit, then acknowledge.** `Context.ingest` stores a batch of events and the cursor behind it in one
  transaction. Only when it has returned may a bridge acknowledge them to the network. A crash anywhere makes
  the network say it again, and hearing it again is harmless.
- **Intent before action.** What is to be sent has an id before the bridge sees it: `Outgoing.intent`. It is
  the same at every attempt.
- **Three outcomes.** `Accepted`, refused (an exception with a type), or `Unknown`: the bytes left and nobody
  knows. Only the node decides what follows; a bridge never tries again by itself.
- **Ids decide**, never clocks or names.
- **A bridge never sleeps, loops over failures or logs in again by itself.** It raises; the node supervises.
- **All waiting, randomness, time, network, files and secrets come from the context.**

Everything here is plain data that crosses the border of a process as msgpack. Times are Unix seconds in UTC.
Fields that a later version adds have defaults; unknown fields are ignored.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from enum import Enum, IntEnum
from socket import socket
from typing import Any, NewType, Protocol, TypeAlias, runtime_checkable

import msgspec

from .document import Document

API_VERSION = (1, 0)

# --- identifiers -----------------------------------------------------------------------------------

AccountId = NewType("AccountId", str)
"""An account of the owner; made by the node, survives a new login."""
IntentId = NewType("IntentId", str)
"""One thing that the owner wants done; made by the node."""
Cursor = NewType("Cursor", bytes)
"""How far a bridge has read; made by the bridge, opaque to the node."""


class ConversationRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """A conversation by the network's id. `private` ones belong to one account even where ids are equal."""

    remote_id: str
    private: bool = False


class MessageRef(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message by the network's id. An album or a split post has several parts of one message."""

    conversation: ConversationRef
    remote_id: str
    part: str = ""


class Actor(msgspec.Struct, frozen=True, omit_defaults=True):
    """Somebody, by the network's immutable id, never by a name that can change."""

    remote_id: str
    is_owner: bool = False
    """The account's owner, also when writing from another client."""


# --- what is inside of messages --------------------------------------------------------------------


class RemoteFile(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A file that lies on the network. Nothing is fetched until somebody wants it (`Media.fetch`)."""

    id: str
    """How the bridge finds it again; may hold a URL or a key, so it is stored like a body."""
    name: str = ""
    media_type: str = "application/octet-stream"
    size_bytes: int | None = None
    description: str = ""


class LocalFile(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A file that the owner sends; its bytes come from `Context.read`."""

    id: str
    name: str
    media_type: str
    size_bytes: int
    description: str = ""


class PollOption(msgspec.Struct, frozen=True, omit_defaults=True):
    """One answer of a poll. `votes` is None while the network hides them."""

    id: str
    text: str
    votes: int | None = None


class Poll(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A question with answers."""

    options: tuple[PollOption, ...]
    multiple: bool = False
    closes_at: float | None = None
    closed: bool = False
    mine: frozenset[str] = frozenset()


# --- what happened: events -------------------------------------------------------------------------


class Origin(Enum):
    """Whether an event is news."""

    LIVE = "live"
    CATCH_UP = "catch_up"
    """Came while the account was not connected: may notify, grouped."""
    HISTORY = "history"
    """From paging back: never notifies."""


class Inbound(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="event"):
    """Root of all events."""

    origin: Origin = Origin.LIVE
    remote_time: float | None = None
    """When it happened, says the network: shown, clamped by the node, never compared."""


class Notice(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a bridge says itself, as message or title: an English sentence, `{name}` for what is filled in.

    Readers see it in their language where `texts.XX.toml` beside the manifest has the sentence. What is
    filled in is looked up, too, so a fact may be a sentence.
    """

    says: str
    facts: Mapping[str, str] = {}
    others: Mapping[str, str] = {}
    """By language, filled in. The node writes it, and nobody else."""


class MessageSeen(Inbound, frozen=True, kw_only=True, tag="message"):
    """A message is there. Told again with the same `revision` it is a duplicate, with another an edit."""

    ref: MessageRef
    actor: Actor
    body: Document
    notice: Notice | None = None
    """What the bridge says itself, where it does; then `body` begins with that in English, as a paragraph."""
    revision: str = "0"
    """Of two decimal numbers the lower one is older, whenever it comes; of others the later one counts."""
    order: str | None = None
    """The network's own sort key within the conversation, compared as text."""
    echo_of: IntentId | None = None
    """When the network hands back the key that we sent with it."""
    aliases: tuple[str, ...] = ()
    """Other ids of the same message: earlier ones, or those that other clients use."""
    reply_to: MessageRef | None = None
    thread_root: MessageRef | None = None
    title: str = ""
    """A subject or a content warning."""
    sensitive: bool = False
    visibility: str = ""
    """`public`, `unlisted`, `followers` or `direct` where the network has such a thing."""
    shared_by: Actor | None = None
    """Who brought it here, if not its author: a boost."""
    files: tuple[RemoteFile, ...] = ()
    poll: Poll | None = None
    url: str = ""
    """Where it can be looked at on the web."""
    foreign_crypto: str = ""
    """`omemo`, `openpgp`, `megolm`: how it was protected on its way to the bridge."""
    unreadable: str = ""
    """Why its content is not here: then `body` is empty, and a later revision may bring it."""


class MessageGone(Inbound, frozen=True, kw_only=True, tag="message_gone"):
    """A message was taken back. May come before the message itself, which then never shows."""

    target: MessageRef
    actor: Actor | None = None
    """Who took it back; None when the network says only that it is gone, and is to be believed."""
    for_owner_only: bool = False


class ReactionsNow(Inbound, frozen=True, kw_only=True, tag="reactions"):
    """All that this actor has put under a message, an empty set included; so repeats are harmless."""

    target: MessageRef
    actor: Actor
    values: frozenset[str]


class MarksNow(Inbound, frozen=True, kw_only=True, tag="marks"):
    """What the owner has done to a post (`favourite`, `boost`, `bookmark`), and how many others did."""

    target: MessageRef
    mine: frozenset[str]
    counts: Mapping[str, int] = {}


class ReceiptMoved(Inbound, frozen=True, kw_only=True, tag="receipt"):
    """Somebody got, or read, everything up to a message. From the owner: read on another client."""

    up_to: MessageRef
    actor: Actor
    read: bool


class DeliveryFailed(Inbound, frozen=True, kw_only=True, tag="delivery_failed"):
    """Something that the owner said, and the network had taken, did not arrive."""

    target: MessageRef
    reason: str
    """In words for the owner, without anybody's message."""
    recipient: Actor | None = None
    """Who did not get it, where others may have; None is everybody."""
    intent: IntentId | None = None
    """What of the owner's it was, where that can be told: bytes of a node are found by it alone."""


class Invitation(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Somebody asks the owner into a conversation."""

    by: Actor | None = None
    """Who asks, where the network says so."""
    vouched: bool = True
    """False: who asks is the word of the conversation alone, whose keeper may say anything."""
    words: str = ""
    """What they wrote with it."""
    ticket: str = ""
    """What a bridge needs to answer it: it is given back. May be a secret; no screen shows it."""


class ConversationSeen(Inbound, frozen=True, kw_only=True, tag="conversation"):
    """A conversation is there. None leaves what was known before, but for `invitation`."""

    conversation: ConversationRef
    kind: str
    """`direct`, `group`, `channel`, `timeline`, `notifications`, `list` or `feed`."""
    title: str | Notice | None = None
    """As the network calls it. A notice where it has no name for it: then the bridge gives one."""
    topic: str | None = None
    labels: tuple[str, ...] = ()
    members: tuple[Actor, ...] | None = None
    members_complete: bool = False
    moderators: frozenset[str] = frozenset()
    """Remote ids of those who may take back others' messages."""
    encrypted: str = ""
    """As `MessageSeen.foreign_crypto`, when the whole conversation is."""
    archived: bool = False
    invitation: Invitation | None = None
    """The owner is asked to come in, and has not answered (`Invited`); None: the owner is in it."""


class ConversationGone(Inbound, frozen=True, kw_only=True, tag="conversation_gone"):
    """The owner is no longer in it, or no longer invited; what was said stays readable here."""

    conversation: ConversationRef
    reason: str = ""
    moved_to: ConversationRef | None = None


class ActorSeen(Inbound, frozen=True, kw_only=True, tag="actor"):
    """How somebody is called and looks. For display alone."""

    actor: Actor
    name: str = ""
    handle: str = ""
    """The address that people type: `ada@example.org`, `@ada:example.org`."""
    avatar: RemoteFile | None = None
    url: str = ""
    bot: bool = False


class IdentityMoved(Inbound, frozen=True, kw_only=True, tag="identity_moved"):
    """Somebody has another id, or another handle under the same one."""

    old: str
    new: str
    proof: str
    """`same_id`, `mutual` (both say so), or `claimed` (one does, so the owner is asked)."""


class Coverage(Inbound, frozen=True, kw_only=True, tag="coverage"):
    """Everything of a conversation between these order keys has been told; None is its end."""

    conversation: ConversationRef
    since: str | None = None
    until: str | None = None
    hole: bool = False
    """The network cannot give this range any more."""


class OpaqueSeen(Inbound, frozen=True, kw_only=True, tag="opaque"):
    """Bytes that another node sent through this conversation (`CarriesOpaque`)."""

    ref: MessageRef
    actor: Actor
    blob: bytes


class ClaimsSeen(Inbound, frozen=True, kw_only=True, tag="claims"):
    """What an account says about which persona it belongs to. Only nodes can tell whether it is true."""

    actor: Actor
    claims: tuple[str, ...]
    """`claims.texts_in`: texts of the form `swarm:1:…`, 16 at most, each once."""
    where: str
    """`profile`, `item`, `header` or `page`."""
    handle: str = ""
    """How the network calls this account for everybody and for ever, where `actor.remote_id` is known to the
    owner's server alone; empty where that is it. It is what a claim is about."""
    whole: bool = True
    """These are all that stand there now. False: noticed in passing, others may stand."""
    authentic: bool = True
    """False: the network does not vouch that this account said it; a mail without DKIM, for example."""


Event: TypeAlias = (
    MessageSeen
    | MessageGone
    | ReactionsNow
    | MarksNow
    | ReceiptMoved
    | DeliveryFailed
    | ConversationSeen
    | ConversationGone
    | ActorSeen
    | IdentityMoved
    | Coverage
    | OpaqueSeen
    | ClaimsSeen
)


class Batch(msgspec.Struct, frozen=True, omit_defaults=True):
    """Events in the network's order, and the cursor behind them; None leaves the cursor."""

    events: tuple[Event, ...]
    cursor_after: Cursor | None = None
    kv: Mapping[str, bytes | None] = {}
    """As `KeyValues.put`, in the same transaction: keys that open what comes but once, for example."""


class Fleeting(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Something that is not stored and may get lost: `typing` or `presence`."""

    kind: str
    actor: Actor
    value: str
    """Of `typing` `on` or `off`."""
    conversation: ConversationRef | None = None
    expires_in_s: float = 30.0


# --- what is to happen: outgoing -------------------------------------------------------------------


class Rendered(msgspec.Struct, frozen=True, omit_defaults=True):
    """One part of a message, fitted to the limits by the node."""

    body: Document
    text: str
    """The same as plain text, within `Capabilities.max_text`."""
    files: tuple[LocalFile, ...] = ()


class Outgoing(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Something that the owner says."""

    intent: IntentId
    key: str
    """What makes a second attempt the same thing for the network; equal at every attempt."""
    attempt: int
    conversation: ConversationRef
    parts: tuple[Rendered, ...]
    done_parts: tuple[MessageRef, ...] = ()
    """What earlier attempts brought: the first parts, which are not to be sent again."""
    reply_to: MessageRef | None = None
    thread_root: MessageRef | None = None
    title: str = ""
    sensitive: bool = False
    visibility: str = ""
    poll: Poll | None = None
    protect: str = ""
    """As `MessageSeen.foreign_crypto`: refuse rather than send it otherwise."""
    language: str = ""


class Accepted(msgspec.Struct, frozen=True, omit_defaults=True, tag="accepted"):
    """The network has it, a ref for each part."""

    refs: tuple[MessageRef, ...]
    revision: str = "0"
    aliases: tuple[str, ...] = ()
    """Other ids under which the first part may come back."""


class Unknown(msgspec.Struct, frozen=True, omit_defaults=True, tag="unknown"):
    """The bytes have left, and no answer came."""

    hint: str = ""
    refs_so_far: tuple[MessageRef, ...] = ()


class Absent(msgspec.Struct, frozen=True, omit_defaults=True, tag="absent"):
    """The network does not have it, for certain: it may be sent again."""


class CantTell(msgspec.Struct, frozen=True, omit_defaults=True, tag="cant_tell"):
    """The network does not say."""


Outcome: TypeAlias = Accepted | Unknown
Found: TypeAlias = Accepted | Absent | CantTell

# --- errors: sorted by what the node does next -----------------------------------------------------
#
#   BridgeError            unknown in `send`, a crash in `run`
#     AuthExpired          asks the owner to log in again; what waits is held
#       AuthRevoked        the same, and nothing is tried before
#     Limited              waits as long as the network says, or backs off
#     Temporary            nothing was accepted: backs off, tries again
#     Interrupted          bytes left and no answer came: unknown in `send`, as Temporary in `run`
#     Refused              never again for this intent; the reason is shown
#       Gone               the other side is no longer there
#       NotSupported       the network has no such thing
#     Conflict             somebody else is logged in as us: held, the owner is asked


class BridgeError(Exception):
    """What went wrong, in words without secrets and without anybody's message."""


class AuthExpired(BridgeError):
    """The login is no longer good."""


class AuthRevoked(AuthExpired):
    """The login was taken away, or the account is gone: the owner must act."""


class Limited(BridgeError):
    """Too much, too fast. `wait_s` is what the network asked for; `scope` is `account` or `conversation`."""

    def __init__(self, text: str = "", *, wait_s: float | None = None, scope: str = "account") -> None:
        super().__init__(text)
        self.wait_s = wait_s
        self.scope = scope


class Temporary(BridgeError):
    """It did not work now, and for certain nothing was accepted."""


class Interrupted(BridgeError):
    """The line broke after bytes had left."""


class Refused(BridgeError):
    """The network will not do this."""


class Gone(Refused):
    """What this is about is no longer there."""


class NotSupported(Refused):
    """The network, or this bridge, has no such thing."""


class Conflict(BridgeError):
    """Another session has taken the place of this one."""


# --- what a network can do -------------------------------------------------------------------------


class Level(IntEnum):
    """How well a network does one thing."""

    REJECTED = -2
    """Refused, with a reason, before anything is sent."""
    DROPPED = -1
    """The network loses it in silence: the owner is warned."""
    FALLBACK = 0
    """Sent as text."""
    PARTIAL = 1
    FULL = 2


class Repeat(Enum):
    """What a network promises about a second send of the same thing."""

    KEYED = "keyed"
    """It knows `Outgoing.key` again, for `Capabilities.repeat_window_s`."""
    LOOKUP = "lookup"
    """`Reconciles.find_sent` can answer."""
    NONE = "none"


class Capabilities(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What can be done in one conversation, or in the account as a whole."""

    version: str
    """Changes when anything below does; under one version the node asks only once."""
    levels: Mapping[str, Level]
    """By feature: `text`, `edit`, `delete`, `reaction`, `reply`, `thread`, `file`, `read`, `typing`,
    `poll`, `post`, `favourite`, `boost`, `bookmark`, `opaque`, and, of the account, `claim`: FULL where
    others' can be asked for, PARTIAL where they come in passing alone; `invite`: FULL where the network says
    that an invitation no longer stands, PARTIAL where that shows when it is accepted; `page`: FULL where
    `read_claims` is for any page of the web, by its address. A missing one is REJECTED."""
    max_text: int | None = None
    text_unit: str = "grapheme"
    """What `max_text` counts: `byte`, `utf16`, `codepoint` or `grapheme`."""
    link_cost: int | None = None
    """What each link counts, where the network shortens them."""
    edit_within_s: float | None = None
    delete_within_s: float | None = None
    reactions: frozenset[str] | None = None
    """Which ones; None is any."""
    reactions_each: int | None = None
    media: Mapping[str, int] = {}
    """By media type, `image/*` included: bytes at most."""
    max_files: int | None = None
    visibilities: tuple[str, ...] = ()
    """For posts, the default one first."""
    repeat: Repeat = Repeat.NONE
    repeat_window_s: float | None = None
    echo: str = "id"
    """How our own messages come back: `key` (with `echo_of`), `id`, `copy` (no id of ours), `none`."""
    rewrites_text: bool = True
    opaque_bytes: int = 0
    opaque_form: str = "none"
    """`binary`, `attachment` or `text`."""
    transport_privacy: str = "operator_reads"
    """`e2e`, `operator_reads` or `public`."""
    protect: tuple[str, ...] = ()
    """What `Outgoing.protect` may ask for here."""


# --- how an account is -----------------------------------------------------------------------------


class State(Enum):
    """An account's state. A bridge says the first four; the node all others."""

    CONNECTING = "connecting"
    CATCHING_UP = "catching_up"
    CONNECTED = "connected"
    DEGRADED = "degraded"
    STARTING = "starting"
    HELD = "held"
    NEEDS_OWNER = "needs_owner"
    STOPPED = "stopped"
    CRASHED = "crashed"


class Health(msgspec.Struct, frozen=True, omit_defaults=True):
    """How it goes. `code` is for machines (`offline`, `no_history`); the node has sentences for codes."""

    state: State
    code: str = ""


class Matter(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something to settle with the owner while an account runs: see `Settles`."""

    id: str
    """Of `a` to `z`, digits, `.`, `-` and `_`; 40 characters at most."""
    title: str
    """A sentence."""
    pressing: bool = False
    """Somebody waits for it, or something may be wrong: the owner is to see it at once."""


# --- what a bridge has -----------------------------------------------------------------------------


class Reply(Protocol):
    """An answer of a web server, read whole."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    url: str
    """Where it came from in the end."""

    def json(self) -> Any:
        """The body as JSON. Raises Temporary if it is none."""


class Stream(Protocol):
    """An answer that goes on."""

    status: int
    headers: Mapping[str, str]

    def chunks(self) -> AsyncIterator[bytes]:
        """Bytes as they come. Raises Interrupted when the line breaks."""


class Socket(Protocol):
    """A WebSocket."""

    async def send(self, text: str) -> None:
        """Send a text frame."""

    def messages(self) -> AsyncIterator[str | bytes]:
        """What comes. Ends when the other side closes; raises Interrupted when the line breaks."""


class Http(Protocol):
    """A web client over `Context.connect`, with the node's limits, waits and size bounds.

    Statuses become errors: 401 AuthExpired, 403 Refused, 404 and 410 Gone, 429 Limited with the wait that
    the server names, other 4xx Refused, 503 Temporary; other 5xx and a broken line are Interrupted unless
    the method only reads or `idempotency` is given: then Temporary. `allow` names statuses that are answers;
    redirects are followed unless one is among them.
    """

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, str] | Sequence[tuple[str, str]] | None = None,
        body: bytes | None = None,
        files: Sequence[tuple[str, LocalFile]] = (),
        idempotency: str = "",
        allow: frozenset[int] = frozenset(),
        timeout_s: float = 60.0,
        max_bytes: int = 10_000_000,
    ) -> Reply:
        """Ask, and read the whole answer. `files` become a multipart form, by field name."""

    async def get(self, url: str, **options: Any) -> Reply:
        """As `request`."""

    async def post(self, url: str, **options: Any) -> Reply:
        """As `request`."""

    def stream(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, timeout_s: float = 90.0
    ) -> AbstractAsyncContextManager[Stream]:
        """Open an answer that goes on; `timeout_s` is the longest silence."""

    def websocket(
        self, url: str, *, headers: Mapping[str, str] | None = None, timeout_s: float = 90.0
    ) -> AbstractAsyncContextManager[Socket]:
        """Open a WebSocket; it is pinged when it is silent."""


class KeyValues(Protocol):
    """Small things that a bridge must remember, encrypted on disk, 16 MiB for each account."""

    async def get(self, name: str) -> bytes | None:
        """What was put, or None."""

    async def put(self, values: Mapping[str, bytes | None]) -> None:
        """Store all of these together; None removes. Returns after the commit."""

    async def names(self, prefix: str = "") -> tuple[str, ...]:
        """Names that start so, sorted."""


class Secret(msgspec.Struct, frozen=True, omit_defaults=True):
    """A secret and its generation, which grows at each change."""

    value: bytes
    generation: int

    def __repr__(self) -> str:
        return f"Secret(generation={self.generation})"


class Secrets(Protocol):
    """The account's own secrets, as the manifest names them."""

    async def get(self, name: str) -> Secret | None:
        """One secret. Waits while the node is locked."""

    async def put(self, values: Mapping[str, bytes], *, expect: int) -> int:
        """Replace secrets of one generation, all or none. Raises Conflict if another was faster."""

    async def rotate(self, name: str, call: Callable[[Secret], Awaitable[Mapping[str, bytes]]]) -> Secret:
        """Renew a secret once, whoever asks: reads again under a lock, calls, stores, then gives it."""


class Clock(Protocol):
    """Time."""

    def now(self) -> float:
        """Unix seconds."""

    def monotonic(self) -> float:
        """Seconds that never go back."""


class Log(Protocol):
    """A log without words of people. Facts are numbers, states and hashed ids; texts are refused."""

    def info(self, event: str, **facts: float | bool | Enum) -> None:
        """Something worth knowing."""

    def warning(self, event: str, **facts: float | bool | Enum) -> None:
        """Something that somebody should look at."""

    def hashed(self, remote_id: str) -> int:
        """An id as a number that cannot be turned back, equal for equal ids within one run."""


class Service(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a service is, says its domain (RFC 2782); no host: it says that it has no such service."""

    host: str
    port: int
    priority: int = 0
    """Lower ones first."""
    weight: int = 0
    """How often, among those of one priority."""


class Context(Protocol):
    """All that a bridge may touch."""

    account: AccountId
    owner: str
    """`LoginDone.network_account_id`."""
    settings: Mapping[str, str]
    """`LoginDone.settings`, with what the owner changed since."""
    hook_url: str
    """Where networks reach `Webhooks.webhook`, with any path behind it; empty where they do not."""
    http: Http
    kv: KeyValues
    secrets: Secrets
    clock: Clock
    log: Log

    async def ingest(self, batch: Batch) -> None:
        """Store a batch; returns after the commit."""

    async def fleeting(self, item: Fleeting) -> None:
        """Show something that passes."""

    async def state(self, health: Health) -> None:
        """Say how it goes."""

    async def matters(self, matters: tuple[Matter, ...]) -> None:
        """Say what there is to settle now, all of it, 50 at most; with the end of `run` it is forgotten."""

    async def cursor(self) -> Cursor | None:
        """The last one that was committed."""

    async def pause(self, seconds: float) -> None:
        """Wait; returns early when the owner looks, or the network pushed."""

    async def connect(self, host: str, port: int) -> socket:
        """A connected socket without TLS. Raises Refused for hosts that the manifest does not name."""

    async def srv_records(self, name: str) -> tuple[Service, ...]:
        """What the name service says of a name such as `_imaps._tcp.example.org`: 20 at most, none included.

        Nobody signs it: what is found there has to prove itself, by a certificate of the domain for example.
        Raises Refused for names that are none or lie where this account may not go, Limited after 60 in a
        minute, and Temporary where nobody knows it now.
        """

    async def txt_records(self, name: str) -> tuple[str, ...]:
        """Texts of a name: 20 of 4,000 characters at most. Raises as `srv_records`."""

    async def read(self, file: LocalFile) -> bytes:
        """The bytes of a file that is to be sent."""

    def random(self, size: int) -> bytes:
        """Random bytes."""


# --- what a bridge is ------------------------------------------------------------------------------


@runtime_checkable
class Bridge(Protocol):
    """One account on one network. Made without arguments."""

    async def run(self, ctx: Context) -> None:
        """Connect and tell what happens, until cancelled; return or raise when the line is lost."""

    async def send(self, ctx: Context, out: Outgoing) -> Outcome:
        """Say something in a conversation."""

    async def capabilities(self, ctx: Context, conversation: ConversationRef | None) -> Capabilities:
        """What can be done there; None asks for the account."""


@runtime_checkable
class Edits(Protocol):
    """Can change what was sent."""

    async def edit(self, ctx: Context, target: MessageRef, out: Outgoing) -> Outcome:
        """Replace a message of the owner."""


@runtime_checkable
class Deletes(Protocol):
    """Can take back what was sent."""

    async def delete(self, ctx: Context, target: MessageRef, key: str) -> Outcome:
        """Take a message back; one that is gone already is Accepted."""


@runtime_checkable
class Reacts(Protocol):
    """Can put reactions under messages."""

    async def react(self, ctx: Context, target: MessageRef, values: frozenset[str], key: str) -> Outcome:
        """Make the owner's reactions be these, whatever they were."""


@runtime_checkable
class Marks(Protocol):
    """Can favourite, boost or bookmark posts."""

    async def mark(self, ctx: Context, target: MessageRef, name: str, *, on: bool, key: str) -> Outcome:
        """Make one mark of the owner be set or not."""


@runtime_checkable
class Votes(Protocol):
    """Can vote."""

    async def vote(self, ctx: Context, target: MessageRef, options: frozenset[str], key: str) -> Outcome:
        """Vote for these options."""


@runtime_checkable
class Reconciles(Protocol):
    """Can look for something whose outcome is unknown."""

    async def find_sent(self, ctx: Context, out: Outgoing) -> Found:
        """Look whether it is there."""


class Page(msgspec.Struct, frozen=True, omit_defaults=True):
    """Some of the past. `next` asks for more; None: this was the beginning. `retry_in_s`: not yet."""

    batch: Batch
    next: Cursor | None
    retry_in_s: float | None = None


@runtime_checkable
class Pages(Protocol):
    """Can tell the past. One call fills history and gaps."""

    async def page(
        self, ctx: Context, conversation: ConversationRef, *, at: Cursor | None, limit: int
    ) -> Page:
        """Older messages, the newest of them first asked for; None starts at the present."""


@runtime_checkable
class Posts(Protocol):
    """Can say something to nobody in particular."""

    async def post(self, ctx: Context, out: Outgoing) -> Outcome:
        """Publish; `out.visibility` says to whom."""


@runtime_checkable
class Receipts(Protocol):
    """Can tell others, and the owner's other clients, what was read."""

    async def mark_read(self, ctx: Context, up_to: MessageRef) -> None:
        """Everything up to this was read."""


@runtime_checkable
class Typing(Protocol):
    """Can tell that the owner types."""

    async def typing(self, ctx: Context, conversation: ConversationRef, *, on: bool) -> None:
        """Say that the owner types, or stopped."""


@runtime_checkable
class People(Protocol):
    """Knows people."""

    async def resolve(self, ctx: Context, handle: str) -> ActorSeen | None:
        """Find somebody by what people type."""

    async def contacts(self, ctx: Context) -> tuple[ActorSeen, ...]:
        """The network's own address book."""

    async def open_direct(self, ctx: Context, who: Actor) -> ConversationSeen:
        """The conversation with somebody; nothing is sent yet."""


@runtime_checkable
class Rooms(Protocol):
    """Has rooms that one goes into and out of."""

    async def join(self, ctx: Context, address: str) -> ConversationSeen:
        """Go into a room, by its address."""

    async def leave(self, ctx: Context, conversation: ConversationRef) -> None:
        """Go out of a room."""


@runtime_checkable
class Invited(Protocol):
    """Is told of invitations, and answers them. Answered twice, the second time changes nothing."""

    async def accept(
        self, ctx: Context, conversation: ConversationRef, invitation: Invitation
    ) -> ConversationSeen:
        """Go into a conversation. Raises Gone if it, or the invitation, is no longer there."""

    async def decline(self, ctx: Context, conversation: ConversationRef, invitation: Invitation) -> None:
        """Say no, where the network has a word for that. One that no longer stands is declined."""


@runtime_checkable
class Media(Protocol):
    """Has files."""

    def fetch(self, ctx: Context, file: RemoteFile) -> AsyncIterator[bytes]:
        """The bytes of a file. Raises Gone if it is no longer there."""


class RawRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A request that a network made to the node's door for webhooks. Header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes


class RawAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is answered, and what it told. The answer leaves after the batch is committed."""

    status: int = 200
    body: bytes = b""
    batch: Batch | None = None


@runtime_checkable
class Webhooks(Protocol):
    """Is called by its network."""

    async def webhook(self, ctx: Context, request: RawRequest) -> RawAnswer:
        """Check who calls first, then say what it told."""


@runtime_checkable
class Moves(Protocol):
    """Has changed how it writes ids, or its network has."""

    async def aliases(self, ctx: Context, remote_id: str) -> tuple[str, ...]:
        """Other forms of an id that an older version wrote."""


@runtime_checkable
class Migrates(Protocol):
    """Has changed what it remembers, so its manifest has a higher `data_version`."""

    def migrate(self, values: Mapping[str, bytes], version: int) -> Mapping[str, bytes]:
        """What an older version put into `kv`, as this one wants it. If it raises, nothing has changed."""


@runtime_checkable
class CarriesOpaque(Protocol):
    """Can carry bytes that only another node understands."""

    async def send_opaque(self, ctx: Context, out: Outgoing, blob: bytes) -> Outcome:
        """Send bytes, with `out.parts` as what ordinary clients are to show."""


@runtime_checkable
class Proves(Protocol):
    """Has a public place for each account in which it can say to which persona it belongs."""

    async def publish_claims(self, ctx: Context, claims: tuple[str, ...]) -> None:
        """Let the owner's account say exactly these texts of this form from now on; none is to withdraw.

        Whatever else stands there stays as it was. Told again, nothing changes.
        """

    async def read_claims(self, ctx: Context, who: Actor) -> ClaimsSeen:
        """Ask the network now what an account claims.

        Raises Gone if there is no such account, NotSupported where one cannot ask (`ClaimsSeen` come then).
        """


# --- login: a state machine of data ----------------------------------------------------------------


class Field(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something that the owner fills in."""

    name: str
    kind: str
    """`text`, `secret`, `url`, `email`, `code`, `choice` or `bool`."""
    label: str
    help: str = ""
    pattern: str = ""
    options: tuple[tuple[str, str], ...] = ()
    """Value and label of each choice."""
    default: str = ""
    optional: bool = False


class Step(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag="step"):
    """What is to be shown. Web, command line and API show the same."""

    id: str
    """Its name, for tests, answers files and help."""
    kind: str
    """`form`, `open_url`, `show_and_wait` or `confirm`."""
    title: str
    text: str = ""
    fields: tuple[Field, ...] = ()
    show: Mapping[str, str] = {}
    """`url` to open, `qr`, `code` or `emoji` to compare."""
    poll_every_s: float | None = None
    error: str = ""
    """What was wrong with the last answer."""


class LoginDone(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag="done"):
    """The login works."""

    network_account_id: str
    """Immutable; decides whether a new login is the same account."""
    display: str
    secrets: Mapping[str, bytes]
    settings: Mapping[str, str] = {}
    hosts: tuple[str, ...] = ()
    """The account's own `HOST` or `HOST:PORT`, for `needs.egress = ["account_host"]`."""

    def __repr__(self) -> str:
        return f"LoginDone({self.network_account_id!r})"


class LoginContext(Protocol):
    """What a login may touch. Between two calls the process may have been replaced."""

    why: str
    """`add`, `reauth` or `reconfigure`."""
    account: str
    """`network_account_id` of the account that is logged in again, or an empty text."""
    settings: Mapping[str, str]
    language: str
    redirect_url: str
    """Where the network may send the browser back to; empty if there is no such place."""
    scratch: bytes
    """What the last call left with `keep`."""
    http: Http
    clock: Clock
    log: Log

    def keep(self, scratch: bytes) -> None:
        """Leave this for the next call. It is stored sealed, until the login ends."""

    async def connect(self, host: str, port: int) -> socket:
        """As `Context.connect`, for hosts which the owner has named in this login."""

    async def srv_records(self, name: str) -> tuple[Service, ...]:
        """As `Context.srv_records`."""

    async def txt_records(self, name: str) -> tuple[str, ...]:
        """As `Context.txt_records`."""

    def random(self, size: int) -> bytes:
        """Random bytes."""


class Login(Protocol):
    """Logging in, again and differently. Made without arguments for each call."""

    async def begin(self, ctx: LoginContext) -> Step | LoginDone:
        """The first step."""

    async def submit(self, ctx: LoginContext, step: str, answers: Mapping[str, str]) -> Step | LoginDone:
        """What follows from answers; the same step with `error` if they are wrong."""

    async def tick(self, ctx: LoginContext, step: str) -> Step | LoginDone:
        """What follows from waiting, for `show_and_wait`."""

    async def abort(self, ctx: LoginContext) -> None:
        """Clean up at the network."""


@runtime_checkable
class Settles(Protocol):
    """Has something to settle with the owner while it runs (`Context.matters`), in steps as of a login."""

    async def settle(self, ctx: Context, matter: str, step: str, answers: Mapping[str, str]) -> Step | None:
        """What follows from answers to a step, or from waiting; None: it is settled.

        An empty `step` asks what is to be shown first. Raises Gone if there is no such matter any more.
        """

    async def dismiss(self, ctx: Context, matter: str) -> None:
        """The owner says no. What is over already is dismissed."""


# --- manifest: `bridge.toml` in the package's folder, read without importing the package ------------


class Needs(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What a bridge may use."""

    egress: tuple[str, ...] = ("account_host",)
    """`HOST`, `*.HOST`, `account_host`, or `any` for readers of arbitrary public addresses."""
    webhook: bool = False
    memory_mb: int = 256


class Manifest(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, forbid_unknown_fields=True):
    """Table `[bridge]` of `bridge.toml`."""

    id: str
    name: str
    version: str
    api: str
    """Versions of this contract that it works with: `1` for 1.0 and all that follow below 2."""
    style: str
    """`stream`, `poll` or `webhook`."""
    summary: str = ""
    data_version: int = 1
    """Of what lies in `kv`. When it grows, `Migrates.migrate` is asked."""
    id_format: int = 1
    """When it grows, `Moves.aliases` is asked."""
    tier: str = "none"
    """What the kit last showed: `bronze`, `silver`, `gold`, `platinum`."""
    needs: Needs = Needs()
    secrets: tuple[str, ...] = ()
    reads_strangers: bool = False
    """It brings words of people who did not write to the owner: the ledger of consent applies."""
    maintainers: tuple[str, ...] = ()
