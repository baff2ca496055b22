"""The rows of bridges as values, and the shelves that they lie on; `bridge_tables` describes the columns."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import bridge_tables as tables
from .shelf import Shelf


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account of the owner on a network."""

    id: int
    account: str
    package: str
    remote_id: str
    display: str
    settings: bytes = field(repr=False)
    hosts: bytes = field(repr=False)
    cursor: bytes | None = field(repr=False)
    generation: int
    data_version: int
    abilities: bytes | None = field(repr=False)
    at_home: bool
    paused: bool
    state: str
    code: str
    since: int
    notice: str
    added_at: int


@dataclass(frozen=True, slots=True)
class SecretRow:
    """A secret of an account."""

    id: int
    account_id: int
    name: str
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyValue:
    """Something that a bridge remembers."""

    id: int
    account_id: int
    name: str
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Login:
    """A login that is under way."""

    id: str
    package: str
    account: str
    why: str
    at_home: bool
    settings: bytes = field(repr=False)
    scratch: bytes = field(repr=False)
    turn: str
    answered: str
    shown: bytes | None = field(repr=False)
    created_at: int


@dataclass(frozen=True, slots=True)
class Hold:
    """Why nothing is called for a while."""

    id: int
    scope: str
    reason: str
    until: int | None
    failures: int
    probe: str


@dataclass(frozen=True, slots=True)
class Shelved:
    """An event that could not be taken in."""

    id: int
    account_id: int
    event: bytes = field(repr=False)
    why: str
    at: int


@dataclass(frozen=True, slots=True)
class Consent:
    """What somebody said about their words going elsewhere."""

    id: int
    package: str
    remote_id: str
    place: str
    scope: str
    allowed: bool
    own_word: bool
    at: int


@dataclass(frozen=True, slots=True)
class RemoteActor:
    """Somebody on a network."""

    id: int
    account_id: int
    remote_id: str
    same_as: int | None
    owner: bool
    name: str
    handle: str
    url: str
    avatar: bytes | None = field(repr=False)
    bot: bool


@dataclass(frozen=True, slots=True)
class RemoteConversation:
    """A conversation on a network."""

    id: int
    account_id: int
    remote_id: str
    private: bool
    kind: str
    title: str
    topic: str
    labels: bytes | None = field(repr=False)
    members: bytes | None = field(repr=False)
    moderators: bytes | None = field(repr=False)
    partner: str | None
    encrypted: str
    archived: bool
    gone: bool
    invitation: bytes | None = field(repr=False)
    moved_to: int | None
    abilities: bytes | None = field(repr=False)
    ask: bool
    history: str
    history_at: bytes | None = field(repr=False)
    history_due: int
    history_failures: int
    read_id: int | None
    draft_id: int | None
    last_at: int
    titles: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class RemoteMessage:
    """A message on a network, or one of ours on its way there."""

    id: int
    conversation_id: int
    remote_id: str | None
    part: str
    actor_id: int | None
    mine: bool
    revision: str
    revisions: bytes | None = field(repr=False)
    place: str
    rank: int
    wall_s: int
    stored_at: int
    state: str
    reason: str
    unread: bool
    edited: bool
    marks: bytes | None = field(repr=False)
    body_id: int | None
    search_id: int | None
    copy_hash: bytes | None = field(repr=False)
    intent_id: int | None
    number: int
    gone_at: int | None
    answers: str | None
    answers_in: int | None


@dataclass(frozen=True, slots=True)
class Alias:
    """Another id of a message."""

    id: int
    conversation_id: int
    alias: str
    part: str
    message_id: int


@dataclass(frozen=True, slots=True)
class RemoteReaction:
    """All that one person has put under a message."""

    id: int
    message_id: int
    actor_id: int
    symbols: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class FileRow:
    """The bytes of a file of a message."""

    id: int
    message_id: int
    remote_id: str = field(repr=False)
    body_id: int


@dataclass(frozen=True, slots=True)
class Tombstone:
    """A message that was taken back before it came."""

    id: int
    conversation_id: int
    remote_id: str
    part: str
    actor: str
    at: int


@dataclass(frozen=True, slots=True)
class Parked:
    """Something about a message that has not come yet."""

    id: int
    conversation_id: int
    remote_id: str
    part: str
    event: bytes = field(repr=False)
    at: int


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """A stretch of a conversation that is known to be whole."""

    id: int
    conversation_id: int
    since: str | None
    until: str | None
    hole: bool


@dataclass(frozen=True, slots=True)
class Intent:
    """Something that the owner wants done."""

    id: int
    intent: str
    account_id: int
    conversation_id: int
    message_id: int | None
    outbox_id: int | None
    kind: str
    body_id: int | None
    provenance: bytes | None = field(repr=False)
    state: str
    maybe: bool
    shown: bool = field(repr=False)
    attempts: int
    first_at: int | None
    due_at: int
    created_at: int
    expires_at: int
    reason: str
    settled_at: int | None


@dataclass(frozen=True, slots=True)
class Forward:
    """A message of the owner that holds words of somebody else."""

    id: int
    message: str
    provenance: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class PostRow:
    """One text for several networks."""

    id: int
    body_id: int | None
    edited: bool
    created_at: int
    gone_at: int | None


@dataclass(frozen=True, slots=True)
class PlaceRow:
    """A post on one network."""

    id: int
    post_id: int
    account_id: int
    refused: str
    change: str
    cannot: str


@dataclass(frozen=True, slots=True)
class PartRow:
    """A message that a post is on one network, or a part of it."""

    id: int
    place_id: int
    message_id: int


ACCOUNTS = Shelf(tables.bridge_account, AccountRow)
SECRETS = Shelf(tables.bridge_secret, SecretRow)
KEY_VALUES = Shelf(tables.bridge_kv, KeyValue)
LOGINS = Shelf(tables.bridge_login, Login)
HOLDS = Shelf(tables.bridge_hold, Hold)
SHELVED = Shelf(tables.bridge_shelf, Shelved)
CONSENTS = Shelf(tables.bridge_consent, Consent)
ACTORS = Shelf(tables.remote_actor, RemoteActor)
ROOMS = Shelf(tables.remote_conversation, RemoteConversation)
REMOTE_MESSAGES = Shelf(tables.remote_message, RemoteMessage)
ALIASES = Shelf(tables.remote_alias, Alias)
REACTIONS = Shelf(tables.remote_reaction, RemoteReaction)
FILES = Shelf(tables.remote_file, FileRow)
TOMBSTONES = Shelf(tables.remote_tombstone, Tombstone)
PARKED = Shelf(tables.remote_parked, Parked)
COVERAGE = Shelf(tables.remote_coverage, CoverageRow)
INTENTS = Shelf(tables.bridge_intent, Intent)
FORWARDS = Shelf(tables.bridge_forward, Forward)
POSTS = Shelf(tables.post, PostRow)
PLACES = Shelf(tables.post_place, PlaceRow)
PARTS = Shelf(tables.post_part, PartRow)
