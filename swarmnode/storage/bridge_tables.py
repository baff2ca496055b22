"""The tables of bridges to other networks, in the same file as the node's own (ADR 0023).

Ids named `remote` are the network's and opaque. Each account has conversations and people of its own, so two
accounts of the owner in one room see it twice. Columns of bytes hold msgpack, of lists and maps or of what
`swarm_bridges.api` defines. Bodies lie in `body` under content keys, as the node's own messages' do.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text

from .columns import metadata, number, to, where_set

bridge_account = Table(
    "bridge_account",
    metadata,
    number(),
    Column("account", Text, nullable=False, unique=True, comment="AccountId, minted"),
    Column("package", Text, nullable=False, comment="id of the bridge's manifest"),
    Column("remote_id", Text, nullable=False, comment="LoginDone.network_account_id"),
    Column("display", Text, nullable=False),
    Column("settings", LargeBinary, nullable=False),
    Column("hosts", LargeBinary, nullable=False),
    Column("cursor", LargeBinary, comment="how far its bridge has read; goes with the events before it"),
    Column("generation", Integer, nullable=False, default=0, comment="of its secrets"),
    Column("data_version", Integer, nullable=False, default=0, comment="of its bridge_kv; 0: not known yet"),
    Column("abilities", LargeBinary, comment="api.Capabilities of the account as a whole"),
    Column("at_home", Boolean, nullable=False, default=False, comment="its server is in the owner's network"),
    Column("paused", Boolean, nullable=False, default=False),
    Column("state", Text, nullable=False, default="stopped", comment="api.State"),
    Column("code", Text, nullable=False, default=""),
    Column("since", Integer, nullable=False, default=0),
    Column("notice", Text, nullable=False, default="", comment="what the owner is asked to look at"),
    Column("added_at", Integer, nullable=False),
    UniqueConstraint("package", "remote_id"),
)

bridge_secret = Table(
    "bridge_secret",
    metadata,
    number(),
    to("account_id", "bridge_account"),
    Column("name", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
    UniqueConstraint("account_id", "name"),
)

bridge_kv = Table(
    "bridge_kv",
    metadata,
    number(),
    to("account_id", "bridge_account"),
    Column("name", Text, nullable=False),
    Column("value", LargeBinary, nullable=False),
    UniqueConstraint("account_id", "name"),
    comment="what bridges remember",
)

bridge_login = Table(
    "bridge_login",
    metadata,
    Column("id", Text, primary_key=True),
    Column("package", Text, nullable=False),
    Column("account", Text, nullable=False, default="", comment="AccountId, unless one is added"),
    Column("why", Text, nullable=False),
    Column("at_home", Boolean, nullable=False, default=False, comment="as the account's"),
    Column("settings", LargeBinary, nullable=False),
    Column("scratch", LargeBinary, nullable=False, comment="what the bridge keeps between two steps"),
    Column("turn", Text, nullable=False, default="", comment="another one for each step that is shown"),
    Column("answered", Text, nullable=False, default="", comment="the last turn that was answered"),
    Column("shown", LargeBinary, comment="api.Step"),
    Column("created_at", Integer, nullable=False),
)

bridge_hold = Table(
    "bridge_hold",
    metadata,
    number(),
    Column("scope", Text, nullable=False, comment="`account 3`, `conversation 7`, `host PACKAGE HOST`"),
    Column("reason", Text, nullable=False, comment="auth, conflict, limit, circuit"),
    Column("until", Integer, comment="None: until somebody acts"),
    Column("failures", Integer, nullable=False, default=0, comment="in a row"),
    Column("probe", Text, nullable=False, default="", comment="the one intent that tries a circuit"),
    UniqueConstraint("scope", "reason"),
    comment="why nothing is called for a while; outlasts a restart",
)

bridge_shelf = Table(
    "bridge_shelf",
    metadata,
    number(),
    to("account_id", "bridge_account"),
    Column("event", LargeBinary, nullable=False),
    Column("why", Text, nullable=False),
    Column("at", Integer, nullable=False),
    comment="events that could not be taken in; the cursor went on",
)

bridge_consent = Table(
    "bridge_consent",
    metadata,
    number(),
    Column("package", Text, nullable=False),
    Column("remote_id", Text, nullable=False, comment="whose words"),
    Column("place", Text, nullable=False, default="", comment="where they said them; empty: anywhere"),
    Column("scope", Text, nullable=False, comment="domain.consent.Scope"),
    Column("allowed", Boolean, nullable=False),
    Column("own_word", Boolean, nullable=False, default=False, comment="said after a no, by themselves"),
    Column("at", Integer, nullable=False),
    UniqueConstraint("package", "remote_id", "place", "scope"),
    comment="what people said about their words going elsewhere; outlasts accounts",
    # The later of two entries is the one with the higher number.
    sqlite_autoincrement=True,
)

remote_actor = Table(
    "remote_actor",
    metadata,
    number(),
    to("account_id", "bridge_account"),
    Column("remote_id", Text, nullable=False),
    Column("same_as", Integer, comment="the first id of somebody who moved"),
    Column("owner", Boolean, nullable=False, default=False),
    Column("name", Text, nullable=False, default=""),
    Column("handle", Text, nullable=False, default=""),
    Column("url", Text, nullable=False, default=""),
    Column("avatar", LargeBinary, comment="api.RemoteFile"),
    Column("bot", Boolean, nullable=False, default=False),
    UniqueConstraint("account_id", "remote_id"),
)

remote_conversation = Table(
    "remote_conversation",
    metadata,
    number(),
    to("account_id", "bridge_account"),
    Column("remote_id", Text, nullable=False),
    Column("private", Boolean, nullable=False),
    Column("kind", Text, nullable=False, default="direct"),
    Column("title", Text, nullable=False, default=""),
    Column("topic", Text, nullable=False, default=""),
    Column("labels", LargeBinary),
    Column("members", LargeBinary, comment="remote ids, if they are known"),
    Column("moderators", LargeBinary, comment="remote ids"),
    Column("partner", Text, comment="of a direct one: the other's remote id, if it is known"),
    Column("encrypted", Text, nullable=False, default=""),
    Column("archived", Boolean, nullable=False, default=False),
    Column("gone", Boolean, nullable=False, default=False, comment="the owner is not in it"),
    Column("invitation", LargeBinary, comment="api.Invitation, which the owner has not answered"),
    Column("moved_to", Integer),
    Column("abilities", LargeBinary, comment="api.Capabilities"),
    Column("ask", Boolean, nullable=False, default=True, comment="for its abilities: they may have changed"),
    Column("history", Text, nullable=False, default="new", comment="new, going, done"),
    Column("history_at", LargeBinary, comment="cursor of the next page"),
    Column("history_due", Integer, nullable=False, default=0),
    Column("history_failures", Integer, nullable=False, default=0),
    Column("read_id", Integer, comment="the message up to which the owner has read elsewhere"),
    Column("draft_id", Integer, comment="a body"),
    Column("last_at", Integer, nullable=False, default=0),
    Column("titles", LargeBinary, comment="the title by language, where a bridge gives it"),
    UniqueConstraint("account_id", "remote_id", "private"),
    Index(
        "ix_remote_conversation_partner",
        "partner",
        "account_id",
        sqlite_where=text("partner IS NOT NULL"),
    ),
    # Screens know conversations by their ids, so that of an invitation that is over is not given out again.
    sqlite_autoincrement=True,
)

remote_message = Table(
    "remote_message",
    metadata,
    number(),
    to("conversation_id", "remote_conversation", index=False),
    Column("remote_id", Text, comment="None: of ours, and the network has not named it"),
    Column("part", Text, nullable=False, default=""),
    to("actor_id", "remote_actor", null=True, gone=None, index=False),
    Column("mine", Boolean, nullable=False),
    Column("revision", Text, nullable=False, default="0"),
    Column("revisions", LargeBinary, comment="those that came, the last ones"),
    Column("place", Text, nullable=False, comment="the network's order key, or that of what stood before it"),
    Column("rank", Integer, nullable=False, comment="order among equal places"),
    Column("wall_s", Integer, nullable=False, comment="what the network said, within what can be"),
    Column("stored_at", Integer, nullable=False),
    Column("state", Text, nullable=False, comment="domain.views.MessageState"),
    Column("reason", Text, nullable=False, default=""),
    Column("unread", Boolean, nullable=False, default=False),
    Column("edited", Boolean, nullable=False, default=False),
    Column("marks", LargeBinary, comment="the owner's marks, and how many others made"),
    Column("body_id", Integer, comment="content.Content; None once it is shredded"),
    Column("search_id", Integer, unique=True),
    Column("copy_hash", LargeBinary, comment="of our own: what a copy of it would look like"),
    Column("intent_id", Integer, index=True, comment="what sent it"),
    Column("number", Integer, nullable=False, default=0, comment="which part of what was sent"),
    Column("gone_at", Integer),
    Column("answers", Text, comment="remote id of the message that it answers"),
    Column("answers_in", Integer, comment="the conversation where that one stands"),
    UniqueConstraint("conversation_id", "remote_id", "part"),
    Index("ix_remote_message_order", "conversation_id", "place", "rank"),
    Index("ix_remote_message_unread", "conversation_id", sqlite_where=text("unread")),
    Index(
        "ix_remote_message_copy", "conversation_id", "copy_hash", sqlite_where=text("copy_hash IS NOT NULL")
    ),
    Index("ix_remote_message_failed", "id", sqlite_where=text("state IN ('refused', 'expired')")),
    Index("ix_remote_message_answers", "answers_in", "answers", sqlite_where=text("answers IS NOT NULL")),
    # Screens know messages by their ids, so that of one which became another is not given out again.
    sqlite_autoincrement=True,
)

remote_alias = Table(
    "remote_alias",
    metadata,
    number(),
    to("conversation_id", "remote_conversation", index=False),
    Column("alias", Text, nullable=False),
    Column("part", Text, nullable=False, default=""),
    to("message_id", "remote_message"),
    UniqueConstraint("conversation_id", "alias", "part"),
    comment="other ids of a message",
)

remote_reaction = Table(
    "remote_reaction",
    metadata,
    number(),
    to("message_id", "remote_message", index=False),
    to("actor_id", "remote_actor", gone=None, index=False),
    Column("symbols", LargeBinary, nullable=False),
    UniqueConstraint("message_id", "actor_id"),
)

remote_file = Table(
    "remote_file",
    metadata,
    number(),
    to("message_id", "remote_message"),
    Column("remote_id", Text, nullable=False, comment="RemoteFile.id; empty: ours, on its way there"),
    Column("body_id", Integer, nullable=False, unique=True),
    comment="bytes of files: what is sent, and what was fetched",
)

remote_tombstone = Table(
    "remote_tombstone",
    metadata,
    number(),
    to("conversation_id", "remote_conversation", index=False),
    Column("remote_id", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("actor", Text, nullable=False, comment="who took it back; empty: the network itself"),
    Column("at", Integer, nullable=False),
    UniqueConstraint("conversation_id", "remote_id", "part", "actor"),
    comment="what was taken back before it came",
)

remote_parked = Table(
    "remote_parked",
    metadata,
    number(),
    to("conversation_id", "remote_conversation", index=False),
    Column("remote_id", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("event", LargeBinary, nullable=False),
    Column("at", Integer, nullable=False),
    Index("ix_remote_parked_target", "conversation_id", "remote_id", "part"),
    comment="what is about messages that have not come yet",
)

remote_coverage = Table(
    "remote_coverage",
    metadata,
    number(),
    to("conversation_id", "remote_conversation"),
    Column("since", Text, comment="None: from the beginning"),
    Column("until", Text, comment="None: to the present"),
    Column("hole", Boolean, nullable=False, comment="the network cannot give it"),
    comment="what is known to be whole",
)

bridge_intent = Table(
    "bridge_intent",
    metadata,
    number(),
    Column(
        "intent", Text, nullable=False, unique=True, comment="IntentId, minted; the network's key for it too"
    ),
    to("account_id", "bridge_account", index=False),
    to("conversation_id", "remote_conversation", index=False),
    to("message_id", "remote_message", null=True),
    to("outbox_id", "outbox", null=True, gone="SET NULL", index=False),
    Column("kind", Text, nullable=False, comment="core.intents.Kind"),
    Column("body_id", Integer, comment="core.intents.Payload; None once it is settled"),
    Column("provenance", LargeBinary, comment="consent.Provenance of words that came from elsewhere"),
    Column("state", Text, nullable=False, comment="core.intents.State"),
    Column("maybe", Boolean, nullable=False, default=False, comment="the network may have it"),
    Column("shown", Boolean, nullable=False, default=False, comment="what it does has come back meanwhile"),
    Column("attempts", Integer, nullable=False, default=0),
    Column("first_at", Integer, comment="of the first attempt"),
    Column("due_at", Integer, nullable=False, default=0),
    Column("created_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Column("reason", Text, nullable=False, default=""),
    Column("settled_at", Integer),
    Index("ix_bridge_intent_state", "account_id", "state", "id"),
    Index("ix_bridge_intent_line", "conversation_id", "state", "id"),
    where_set("outbox_id"),
    comment="the outbox: what the owner wants done",
    # Messages name what sent them for longer than that is kept, so that a number is not given out again.
    sqlite_autoincrement=True,
)

bridge_forward = Table(
    "bridge_forward",
    metadata,
    number(),
    Column("message", Text, nullable=False, unique=True, comment="its id on screens"),
    Column("provenance", LargeBinary, nullable=False, comment="consent.Provenance"),
    comment="messages of the owner that hold words of others, so that these are known when they go on",
)

post = Table(
    "post",
    metadata,
    number(),
    Column("body_id", Integer, comment="core.posts.Said; None once it is shredded"),
    Column("edited", Boolean, nullable=False, default=False),
    Column("created_at", Integer, nullable=False),
    Column("gone_at", Integer, comment="when its owner took it back"),
    comment="one text for several networks",
    sqlite_autoincrement=True,
)

post_place = Table(
    "post_place",
    metadata,
    number(),
    to("post_id", "post", index=False),
    to("account_id", "bridge_account"),
    Column("refused", Text, nullable=False, default="", comment="why nothing was written for it, a code"),
    Column("change", Text, nullable=False, default="", comment="what its owner wanted last: edit, delete"),
    Column("cannot", Text, nullable=False, default="", comment="why that cannot be done here, a code"),
    UniqueConstraint("post_id", "account_id"),
    comment="a post on one network",
)

post_part = Table(
    "post_part",
    metadata,
    number(),
    to("place_id", "post_place"),
    to("message_id", "remote_message", index=False, unique=True),
    comment="the messages that a post is there, in order",
)
