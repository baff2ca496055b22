"""The tables of a node, as SQLAlchemy Core. Rows never leave this floor: repositories turn them into values.

Times are Unix seconds. Bytes are what `swarm_protocol` encodes. A message's row holds what stays when its
body is destroyed; bodies lie in `body`, each under a content key of its own (`bodies.py`).
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from .columns import metadata, number, to, where_set

setting = Table(
    "setting",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    comment="single values: schema's generation, boot counter, the owner's settings",
)

# Who we are

persona = Table(
    "persona",
    metadata,
    number(),
    Column("chain", LargeBinary, nullable=False, comment="the sigchain's links"),
    Column("root", LargeBinary, comment="present root's seed, on the node that signs links"),
    Column("node_secret", LargeBinary, nullable=False, comment="NodeKeys.secret()"),
    Column("node_seq", Integer, nullable=False, comment="seq of the node_add"),
    Column("name", Text, nullable=False),
    Column("words_seen", Boolean, nullable=False, default=False),
    Column("created_at", Integer, nullable=False),
)

# Relays that our queues lie on, and what makes queues there

relay = Table(
    "relay",
    metadata,
    number(),
    Column("address", Text, nullable=False),
    Column("pin", LargeBinary, nullable=False, unique=True),
    Column("key", LargeBinary, comment="signature key, known from its first greeting"),
    Column("hpke", LargeBinary),
    Column("own", Boolean, nullable=False, default=False, comment="our queues may lie here"),
    Column("state", Text, nullable=False, default="new"),
    Column("failed_since", Integer, comment="first of the failures in a row"),
    Column("failures", Integer, nullable=False, default=0),
    Column("added_at", Integer, nullable=False),
)

ticket = Table(
    "ticket",
    metadata,
    number(),
    to("relay_id", "relay"),
    Column("ticket", LargeBinary, nullable=False, unique=True),
    Column("used", Boolean, nullable=False, default=False),
)

# Whom we know

contact = Table(
    "contact",
    metadata,
    number(),
    Column("persona_id", LargeBinary, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Column("chain", LargeBinary, nullable=False),
    Column("forks", LargeBinary, comment="open evidence, as an array"),
    Column("confirmed", LargeBinary, comment="ids of evidence that was looked at"),
    Column("note", Text, nullable=False, default=""),
    Column("blocked", Boolean, nullable=False, default=False),
    Column("strict", Boolean, nullable=False, default=False),
    Column("created_at", Integer, nullable=False),
    Column("verified_at", Integer),
)

alert = Table(
    "alert",
    metadata,
    number(),
    to("contact_id", "contact"),
    Column("kind", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("at", Integer, nullable=False),
    Column("settled", Boolean, nullable=False, default=False),
    UniqueConstraint("contact_id", "kind", "data"),
)

peer = Table(
    "peer",
    metadata,
    number(),
    to("contact_id", "contact"),
    Column("leaf_sig", LargeBinary, nullable=False, unique=True),
    Column("node_seq", Integer, nullable=False),
    Column("active", Boolean, nullable=False, default=True),
    Column("pair_secret", LargeBinary, comment="exporter of the meeting's epoch: tags, beacons, rendezvous"),
    Column("safety", LargeBinary, comment="exporter of the meeting's epoch: what two people compare"),
    Column("transcript", LargeBinary),
    Column("boot", Integer, nullable=False, default=0),
    Column("instance", LargeBinary),
    Column("address_record", LargeBinary, comment="the newest that came"),
    Column("heard_at", Integer, comment="last authenticated message"),
    Column("have_sent_at", Integer),
    comment="nodes of contacts",
)

# Queues, in both directions

queue_in = Table(
    "queue_in",
    metadata,
    number(),
    to("relay_id", "relay"),
    to("peer_id", "peer", null=True),
    to("invite_id", "invite", null=True),
    Column("kind", Integer, nullable=False, comment="mailbox.Kind"),
    to("ticket_id", "ticket", null=True, gone=None),
    Column("secret", LargeBinary, nullable=False, comment="seed of the recipient's key"),
    Column("queue_key", LargeBinary, nullable=False),
    Column("rid", LargeBinary, unique=True),
    Column("sid", LargeBinary, unique=True),
    Column(
        "state", Text, nullable=False, comment="`making` until the relay has made it, then rotation.Recipient"
    ),
    Column("until", Integer, comment="end of the lease"),
    Column("upto", Integer, nullable=False, default=0),
    Column("beyond", LargeBinary, comment="Cursor.beyond"),
    Column("told", Boolean, nullable=False, default=False, comment="the sender knows of it"),
    Column("made_at", Integer, nullable=False),
    Column("drained_at", Integer),
    comment="queues that we read",
)

queue_out = Table(
    "queue_out",
    metadata,
    number(),
    to("peer_id", "peer", null=True),
    to("invite_id", "invite", null=True),
    to("relay_id", "relay"),
    Column("stranger", Boolean, nullable=False, default=False, comment="an address: any key may send"),
    Column("record", LargeBinary, nullable=False),
    Column("sid", LargeBinary, nullable=False, unique=True),
    Column("secret", LargeBinary, nullable=False, comment="seed of the sender's key"),
    Column("keyed", Boolean, nullable=False, default=False, comment="SKEY was answered"),
    Column("state", Text, nullable=False, comment="rotation.Sender, or SOUGHT or BROKEN of services.queues"),
    Column("link_seq", Integer, nullable=False, default=0),
    Column("added_at", Integer, nullable=False),
    comment="queues that we send to",
)

# Meeting

invite = Table(
    "invite",
    metadata,
    number(),
    Column("inv_id", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("link", Text, nullable=False, default=""),
    Column("code", Text, nullable=False, default=""),
    Column("secret", LargeBinary, comment="the inviter's ephemeral key, or the joiner's key for FETCH"),
    Column("bundle", LargeBinary),
    Column("request", LargeBinary, comment="as it was sent, or came"),
    Column("request_hash", LargeBinary),
    Column("answer", LargeBinary),
    Column("key_package", LargeBinary, comment="the joiner's own, archived"),
    Column("psk", LargeBinary),
    to("contact_id", "contact", null=True),
    Column("note", Text, nullable=False, default=""),
    Column("label", Text, nullable=False, default=""),
    Column("progress", LargeBinary, comment="state of a short code's exchange"),
    Column("created_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Column("changed_at", Integer, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    UniqueConstraint("inv_id", "role", "request_hash"),
)

# Conversations

conversation = Table(
    "conversation",
    metadata,
    number(),
    Column("conv_id", LargeBinary, nullable=False, unique=True),
    to("contact_id", "contact", null=True),
    Column("lamport", Integer, nullable=False, default=0, comment="highest seen"),
    Column("tips", LargeBinary, comment="parents of the next message, joined"),
    Column("timer_s", Integer, nullable=False, default=0),
    Column("timer_rank", LargeBinary, comment="lamport and id of the message that set it"),
    Column("created_at", Integer, nullable=False),
    Column("last_at", Integer, nullable=False, default=0),
)

draft = Table(
    "draft",
    metadata,
    Column("conversation_id", Integer, ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True),
    to("body_id", "body", gone=None),
    Column("at", Integer, nullable=False),
)

mls_group = Table(
    "mls_group",
    metadata,
    number(),
    to("conversation_id", "conversation"),
    Column("group_id", LargeBinary, nullable=False, unique=True),
    Column("epoch", Integer, nullable=False),
    Column("epoch_part", LargeBinary, nullable=False, comment="kilobytes that change with the epoch"),
    Column("current", Boolean, nullable=False, default=True, comment="we send on this one"),
    Column("updated_at", Integer, nullable=False),
    Column("confirmed_epoch", Integer, nullable=False, default=0, comment="the other side was seen in it"),
    Column("retired_at", Integer),
)

mls_ratchets = Table(
    "mls_ratchets",
    metadata,
    Column("group_id", Integer, ForeignKey("mls_group.id", ondelete="CASCADE"), primary_key=True),
    Column("messages_part", LargeBinary, nullable=False),
    Column("sent", Integer, nullable=False, default=0, comment="own messages since the last key update"),
    comment="of a group what changes with each message: a row is written whole",
)

held = Table(
    "held",
    metadata,
    number(),
    Column("group_id", LargeBinary, nullable=False, index=True),
    Column("epoch", Integer, nullable=False),
    to("peer_id", "peer", null=True),
    Column("wire", LargeBinary, nullable=False),
    Column("at", Integer, nullable=False),
    comment="MLS messages that need a later epoch",
)

part = Table(
    "part",
    metadata,
    number(),
    Column("scope", Text, nullable=False, comment="one sender: a peer, or an invite's queue"),
    Column("name", LargeBinary, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("at", Integer, nullable=False),
    Index("ix_part_scope", "scope", "name"),
    comment="parts of frames that are not whole yet",
)

part_done = Table(
    "part_done",
    metadata,
    number(),
    Column("scope", Text, nullable=False),
    Column("name", LargeBinary, nullable=False),
    Column("at", Integer, nullable=False),
    UniqueConstraint("scope", "name"),
)

body = Table(
    "body",
    metadata,
    number(),
    Column("sealed", LargeBinary, nullable=False),
    comment="bodies under their content keys; a shredded one has no row",
)

key_block = Table(
    "key_block",
    metadata,
    number(),
    Column("key_id", Integer, nullable=False, comment="which block key of the keyring opens it"),
    Column("used", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    comment="64 content keys each",
)

author = Table(
    "author",
    metadata,
    number(),
    to("conversation_id", "conversation", index=False),
    Column("persona_id", LargeBinary, nullable=False),
    Column("leaf_sig", LargeBinary, nullable=False),
    Column("start", Integer, nullable=False, default=0),
    Column("next_seq", Integer, nullable=False, default=0),
    Column("head", LargeBinary, comment="the last link without a gap before it"),
    Column("fork", LargeBinary),
    Column("asked_at", Integer, comment="when a repair was asked for"),
    UniqueConstraint("conversation_id", "leaf_sig"),
    comment="author chains; links behind a gap are messages with seq > next_seq",
)

message = Table(
    "message",
    metadata,
    number(),
    to("conversation_id", "conversation", index=False),
    to("author_id", "author", gone=None, index=False),
    Column("seq", Integer, nullable=False),
    Column("name", LargeBinary, nullable=False, unique=True, comment="the commitment"),
    Column("prev", LargeBinary),
    Column("parents", LargeBinary, comment="joined, 32 bytes each"),
    Column("lamport", Integer, nullable=False),
    Column("height", Integer, nullable=False, comment="place on the screen: lamport, or more (spec 21 §6)"),
    Column("signature", LargeBinary, nullable=False, comment="of the author's link, which stays"),
    Column("wall_s", Integer, nullable=False),
    Column("type", Integer, nullable=False),
    Column("target", LargeBinary, comment="for replies, edits, reactions"),
    Column("mine", Boolean, nullable=False),
    Column("shown", Boolean, nullable=False, comment="stands in the list of messages by itself"),
    Column("body_id", Integer, comment="None once it is shredded"),
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("stored_at", Integer, nullable=False),
    Column("unread", Boolean, nullable=False, default=False),
    Column("expire_s", Integer, nullable=False, default=0),
    Column("left_s", Integer, comment="what remains of the timer once it runs"),
    Column("shredded_at", Integer),
    UniqueConstraint("author_id", "seq"),
    Index("ix_message_order", "conversation_id", "height", "name"),
    Index("ix_message_unread", "conversation_id", "unread", sqlite_where=text("unread")),
    where_set("target"),
    Index("ix_message_given_up", "id", sqlite_where=text("state = 'expired'")),
    Index("ix_message_timer", "left_s", sqlite_where=text("left_s IS NOT NULL")),
)

search_due = Table(
    "search_due",
    metadata,
    Column("message_id", Integer, ForeignKey("message.id", ondelete="CASCADE"), primary_key=True),
    comment="a message whose words are not in the search index yet",
)

wanted_deletion = Table(
    "wanted_deletion",
    metadata,
    Column("name", LargeBinary, primary_key=True),
    to("conversation_id", "conversation"),
    Column("request", LargeBinary, nullable=False),
    Column("persona_id", LargeBinary, nullable=False, comment="who asked"),
    Column("at", Integer, nullable=False),
    comment="a message that is to be shredded when it comes",
)

receipt_intent = Table(
    "receipt_intent",
    metadata,
    number(),
    to("conversation_id", "conversation", index=False),
    Column("status", Integer, nullable=False),
    Column("leaf_sig", LargeBinary, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("due_at", Integer, nullable=False),
    UniqueConstraint("conversation_id", "status", "leaf_sig", "seq"),
    comment="what the other side is to be told; gone once a receipt is in the outbox",
)

# What is to leave

outbox = Table(
    "outbox",
    metadata,
    number(),
    to("peer_id", "peer", null=True),
    to("invite_id", "invite", null=True, index=False),
    to("conversation_id", "conversation", null=True, index=False),
    to("message_id", "message", null=True, index=False),
    Column("kind", Integer, nullable=False, comment="envelope.Kind"),
    Column("plain", LargeBinary, comment="content that is not chained, until it is encrypted"),
    Column("wire", LargeBinary, comment="what goes into frames, once it is encrypted"),
    Column("epoch", Integer, comment="of the MLS group in which it was encrypted"),
    Column("important", Boolean, nullable=False, default=False, comment="to all queues at once"),
    Column("repeat", Boolean, nullable=False, default=True, comment="until the other side says it is there"),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("created_at", Integer, nullable=False),
    Index("ix_outbox_queued", "peer_id", "invite_id", "id", sqlite_where=text("state = 'queued'")),
    where_set("invite_id"),
    where_set("message_id"),
    comment="one row for each node that something is to reach",
)

envelope = Table(
    "envelope",
    metadata,
    number(),
    to("outbox_id", "outbox"),
    to("queue_out_id", "queue_out", index=False),
    Column("msg_id", LargeBinary, nullable=False),
    Column("blob", LargeBinary, nullable=False),
    comment="envelopes without a receipt: few, so that queues need no index here",
)

carried = Table(
    "carried",
    metadata,
    number(),
    to("outbox_id", "outbox"),
    Column("hash", LargeBinary, nullable=False, index=True),
    Column("at", Integer, nullable=False),
    comment="envelopes that left in bundle files",
)

evidence = Table(
    "evidence",
    metadata,
    number(),
    Column("kind", Text, nullable=False),
    Column("data", LargeBinary, nullable=False, unique=True),
    Column("at", Integer, nullable=False),
)

gap = Table(
    "gap",
    metadata,
    number(),
    to("peer_id", "peer", null=True),
    Column("kind", Text, nullable=False, comment="expiry, damage, parts, undecryptable"),
    Column("data", LargeBinary, nullable=False),
    Column("at", Integer, nullable=False),
    Column("repaired", Boolean, nullable=False, default=False),
    comment="what is known to be lost, until it is repaired",
)

# Screens

device = Table(
    "device",
    metadata,
    Column("id", Text, primary_key=True),
    Column("label", Text, nullable=False),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("scopes", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("used_at", Integer, nullable=False),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("key", Text, primary_key=True),
    Column("request_hash", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("response", LargeBinary, nullable=False),
    Column("at", Integer, nullable=False, index=True),
)
