"""The rows of the node as values, and the shelves that they lie on. Columns are described in `tables`."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import tables
from .shelf import Shelf


@dataclass(frozen=True, slots=True)
class Setting:
    """A single value."""

    name: str
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Persona:
    """The owner."""

    id: int
    chain: bytes
    root: bytes | None = field(repr=False)
    node_secret: bytes = field(repr=False)
    node_seq: int
    name: str
    words_seen: bool
    created_at: int


@dataclass(frozen=True, slots=True)
class Relay:
    """A relay that we know."""

    id: int
    address: str = field(repr=False)
    pin: bytes = field(repr=False)
    key: bytes | None = field(repr=False)
    hpke: bytes | None = field(repr=False)
    own: bool
    state: str
    failed_since: int | None
    failures: int


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket of a relay."""

    id: int
    relay_id: int
    ticket: bytes = field(repr=False)
    used: bool


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody whom we know."""

    id: int
    persona_id: bytes
    name: str
    standing: str
    chain: bytes = field(repr=False)
    forks: bytes | None = field(repr=False)
    confirmed: bytes | None = field(repr=False)
    note: str = field(repr=False)
    blocked: bool
    strict: bool
    created_at: int
    verified_at: int | None


@dataclass(frozen=True, slots=True)
class Alert:
    """Something about a contact's keys."""

    id: int
    contact_id: int
    kind: str
    data: bytes
    at: int
    settled: bool


@dataclass(frozen=True, slots=True)
class Peer:
    """A node of a contact."""

    id: int
    contact_id: int
    leaf_sig: bytes
    node_seq: int
    active: bool
    pair_secret: bytes | None = field(repr=False)
    safety: bytes | None = field(repr=False)
    transcript: bytes | None = field(repr=False)
    boot: int
    instance: bytes | None
    address_record: bytes | None = field(repr=False)
    heard_at: int | None
    have_sent_at: int | None


@dataclass(frozen=True, slots=True)
class QueueIn:
    """A queue that we read."""

    id: int
    relay_id: int
    peer_id: int | None
    invite_id: int | None
    kind: int
    ticket_id: int | None
    secret: bytes = field(repr=False)
    queue_key: bytes = field(repr=False)
    rid: bytes | None = field(repr=False)
    sid: bytes | None = field(repr=False)
    state: str
    until: int | None
    upto: int
    beyond: bytes | None
    told: bool
    made_at: int
    drained_at: int | None


@dataclass(frozen=True, slots=True)
class QueueOut:
    """A queue that we send to."""

    id: int
    peer_id: int | None
    invite_id: int | None
    relay_id: int
    stranger: bool
    record: bytes = field(repr=False)
    sid: bytes = field(repr=False)
    secret: bytes = field(repr=False)
    keyed: bool
    state: str
    link_seq: int


@dataclass(frozen=True, slots=True)
class Invite:
    """An invite, on either side."""

    id: int
    inv_id: bytes
    kind: str
    role: str
    state: str
    link: str = field(repr=False)
    code: str = field(repr=False)
    secret: bytes | None = field(repr=False)
    bundle: bytes | None = field(repr=False)
    request: bytes | None = field(repr=False)
    request_hash: bytes | None
    answer: bytes | None = field(repr=False)
    key_package: bytes | None = field(repr=False)
    psk: bytes | None = field(repr=False)
    contact_id: int | None
    note: str = field(repr=False)
    label: str = field(repr=False)
    progress: bytes | None = field(repr=False)
    created_at: int
    expires_at: int
    changed_at: int
    attempts: int


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation."""

    id: int
    conv_id: bytes = field(repr=False)
    contact_id: int | None
    lamport: int
    tips: bytes | None
    timer_s: int
    timer_rank: bytes | None
    created_at: int
    last_at: int


@dataclass(frozen=True, slots=True)
class Draft:
    """What is being written."""

    conversation_id: int
    body_id: int
    at: int


@dataclass(frozen=True, slots=True)
class MlsGroup:
    """An MLS group of a conversation."""

    id: int
    conversation_id: int
    group_id: bytes
    epoch: int
    epoch_part: bytes = field(repr=False)
    current: bool
    updated_at: int
    confirmed_epoch: int
    retired_at: int | None


@dataclass(frozen=True, slots=True)
class Ratchets:
    """What changes in an MLS group with each message."""

    group_id: int
    messages_part: bytes = field(repr=False)
    sent: int


@dataclass(frozen=True, slots=True)
class GroupHead:
    """An MLS group without its state, which takes kilobytes."""

    id: int
    conversation_id: int
    group_id: bytes
    epoch: int
    current: bool
    updated_at: int
    confirmed_epoch: int
    retired_at: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """An MLS message that needs a later epoch."""

    id: int
    group_id: bytes
    epoch: int
    peer_id: int | None
    wire: bytes = field(repr=False)
    at: int


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part of a frame."""

    id: int
    scope: str
    name: bytes
    payload: bytes = field(repr=False)
    at: int


@dataclass(frozen=True, slots=True)
class PartDone:
    """The name of a frame whose parts came together."""

    id: int
    scope: str
    name: bytes
    at: int


@dataclass(frozen=True, slots=True)
class AuthorRow:
    """How far the chain of one author goes."""

    id: int
    conversation_id: int
    persona_id: bytes
    leaf_sig: bytes
    start: int
    next_seq: int
    head: bytes | None
    fork: bytes | None
    asked_at: int | None


@dataclass(frozen=True, slots=True)
class MessageRow:
    """What is known of a message without its body."""

    id: int
    conversation_id: int
    author_id: int
    seq: int
    name: bytes
    prev: bytes | None
    parents: bytes | None
    lamport: int
    height: int
    signature: bytes = field(repr=False)
    wall_s: int
    type: int
    target: bytes | None
    mine: bool
    shown: bool
    body_id: int | None
    state: str
    reason: str
    stored_at: int
    unread: bool
    expire_s: int
    left_s: int | None
    shredded_at: int | None


@dataclass(frozen=True, slots=True)
class SearchDue:
    """A message whose words are not in the search index yet."""

    message_id: int


@dataclass(frozen=True, slots=True)
class WantedDeletion:
    """A message to be shredded when it comes."""

    name: bytes
    conversation_id: int
    request: bytes
    persona_id: bytes
    at: int


@dataclass(frozen=True, slots=True)
class ReceiptIntent:
    """What the other side is to be told."""

    id: int
    conversation_id: int
    status: int
    leaf_sig: bytes
    seq: int
    due_at: int


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Something that is to reach one node."""

    id: int
    peer_id: int | None
    invite_id: int | None
    conversation_id: int | None
    message_id: int | None
    kind: int
    plain: bytes | None = field(repr=False)
    wire: bytes | None = field(repr=False)
    epoch: int | None
    important: bool
    repeat: bool
    state: str
    attempts: int
    created_at: int


@dataclass(frozen=True, slots=True)
class EnvelopeRow:
    """A sealed envelope on its way to one queue."""

    id: int
    outbox_id: int
    queue_out_id: int
    msg_id: bytes
    blob: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Evidence:
    """Proof that somebody signed what contradicts itself."""

    id: int
    kind: str
    data: bytes = field(repr=False)
    at: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is known to be lost."""

    id: int
    peer_id: int | None
    kind: str
    data: bytes
    at: int
    repaired: bool


@dataclass(frozen=True, slots=True)
class Device:
    """A screen or program that may use the API."""

    id: str
    label: str
    token_hash: bytes = field(repr=False)
    scopes: str
    kind: str
    created_at: int
    used_at: int


@dataclass(frozen=True, slots=True)
class Idempotency:
    """What a write was answered with."""

    key: str
    request_hash: bytes
    status: int
    response: bytes = field(repr=False)
    at: int


SETTINGS = Shelf(tables.setting, Setting)
PERSONAS = Shelf(tables.persona, Persona)
RELAYS = Shelf(tables.relay, Relay)
TICKETS = Shelf(tables.ticket, Ticket)
CONTACTS = Shelf(tables.contact, Contact)
ALERTS = Shelf(tables.alert, Alert)
PEERS = Shelf(tables.peer, Peer)
QUEUES_IN = Shelf(tables.queue_in, QueueIn)
QUEUES_OUT = Shelf(tables.queue_out, QueueOut)
INVITES = Shelf(tables.invite, Invite)
CONVERSATIONS = Shelf(tables.conversation, Conversation)
DRAFTS = Shelf(tables.draft, Draft)
GROUPS = Shelf(tables.mls_group, MlsGroup)
GROUP_HEADS = Shelf(tables.mls_group, GroupHead)
RATCHETS = Shelf(tables.mls_ratchets, Ratchets)
HELD = Shelf(tables.held, Held)
PARTS = Shelf(tables.part, PartRow)
PARTS_DONE = Shelf(tables.part_done, PartDone)
AUTHORS = Shelf(tables.author, AuthorRow)
MESSAGES = Shelf(tables.message, MessageRow)
SEARCH_DUE = Shelf(tables.search_due, SearchDue)
WANTED_DELETIONS = Shelf(tables.wanted_deletion, WantedDeletion)
RECEIPT_INTENTS = Shelf(tables.receipt_intent, ReceiptIntent)
OUTBOX = Shelf(tables.outbox, Outgoing)
ENVELOPES = Shelf(tables.envelope, EnvelopeRow)
EVIDENCE = Shelf(tables.evidence, Evidence)
GAPS = Shelf(tables.gap, Gap)
DEVICES = Shelf(tables.device, Device)
IDEMPOTENCY = Shelf(tables.idempotency, Idempotency)
