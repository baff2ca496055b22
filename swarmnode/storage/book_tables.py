"""The tables of the address book: people, the accounts that are theirs, and what was changed (ADR 0030).

An account is a persona whom we know (`network` is empty, `remote_id` the persona id in hex) or somebody on a
network, by the network's immutable id. Each belongs to one person. Names stand in the clear inside the
encrypted file, as those of contacts do.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text

from .columns import metadata, number, to

book_person = Table(
    "book_person",
    metadata,
    number(),
    Column("name", Text, nullable=False),
    Column(
        "sort", Text, nullable=False, comment="the name without regard to case, for the order of the list"
    ),
    Column(
        "named", Boolean, nullable=False, default=False, comment="the owner gave the name; else an account"
    ),
    Column("preferred", Integer, comment="account where the owner writes to them; another's says nothing"),
    Column("merged_into", Integer, comment="the person that this one became; it has no accounts then"),
    Column("created_at", Integer, nullable=False),
    Index("ix_book_person_merged", "merged_into", sqlite_where=text("merged_into IS NOT NULL")),
    Index("ix_book_person_list", "sort", "id", sqlite_where=text("merged_into IS NULL")),
)

book_account = Table(
    "book_account",
    metadata,
    number(),
    to("person_id", "book_person"),
    Column("network", Text, nullable=False, comment="id of a bridge's manifest; empty for personas"),
    Column("remote_id", Text, nullable=False, comment="immutable, says the network"),
    to("contact_id", "contact", null=True, index=False, unique=True),
    Column("address", Text, comment="name@host that people type, folded, where it has such a form"),
    Column("carded", Boolean, nullable=False, default=False, comment="a file of the owner's names it"),
    Column("reason", Text, nullable=False, comment="domain.book.Reason"),
    Column("cause", Text, nullable=False, default="", comment="what the reason rests on, a code"),
    Column("at", Integer, nullable=False),
    UniqueConstraint("network", "remote_id"),
    Index("ix_book_account_address", "address", sqlite_where=text("address IS NOT NULL")),
)

book_change = Table(
    "book_change",
    metadata,
    number(),
    Column("kind", Text, nullable=False, comment="merge, split"),
    Column("cause", Text, nullable=False, comment="owner, or what proved it"),
    Column("at", Integer, nullable=False),
    Column("undone_at", Integer),
    Index("ix_book_change_standing", "id", sqlite_where=text("undone_at IS NULL")),
    comment="merges and splits, for ever: who looks can see how somebody came together",
)

book_move = Table(
    "book_move",
    metadata,
    number(),
    to("change_id", "book_change"),
    to("account_id", "book_account"),
    Column("from_person", Integer, nullable=False, index=True),
    Column("to_person", Integer, nullable=False, index=True),
    Column("from_reason", Text, nullable=False),
    Column("from_cause", Text, nullable=False),
    Column("to_reason", Text, nullable=False),
    Column("to_cause", Text, nullable=False),
    comment="what a change did to each account",
)

book_suggestion = Table(
    "book_suggestion",
    metadata,
    number(),
    to("one_id", "book_account", index=False),
    to("other_id", "book_account"),
    Column("reason", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("refused", Boolean, nullable=False, default=False, comment="for good"),
    to("change_id", "book_change", null=True, gone="SET NULL"),
    Column("at", Integer, nullable=False),
    UniqueConstraint("one_id", "other_id"),
    Index("ix_book_suggestion_open", "id", sqlite_where=text("NOT refused")),
    comment="two accounts that may be one person's; of a pair the lower number comes first",
)


# Claims of accounts (ADR 0032): of the owner's, of contacts', and what was noticed of either

own_claim = Table(
    "own_claim",
    metadata,
    number(),
    Column("network", Text, nullable=False),
    Column("remote_id", Text, nullable=False, comment="the owner's account, as bridge_account has it"),
    Column("handle", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("nonce", LargeBinary, nullable=False, comment="kept when it is dropped: a new one has the same"),
    Column("place", Text, nullable=False, comment="where its text stands: api.ClaimsSeen.where"),
    Column("stands", Boolean, nullable=False, default=True, comment="in the sigchain"),
    Column("shown", Text, nullable=False, default="waiting", comment="waiting, there, refused, withdrawn"),
    Column("why", Text, nullable=False, default="", comment="why it waits or is refused, a code"),
    Column("next_at", Integer, nullable=False, comment="when the account is told again what to say"),
    Column("tries", Integer, nullable=False, default=0),
    Column("at", Integer, nullable=False),
    UniqueConstraint("network", "handle"),
    comment="accounts of the owner's that the persona claims, or has claimed",
)

own_claim_opened = Table(
    "own_claim_opened",
    metadata,
    number(),
    to("claim_id", "own_claim", index=False),
    to("contact_id", "contact"),
    Column("at", Integer, nullable=False),
    UniqueConstraint("claim_id", "contact_id"),
    comment="who knows which of our accounts is meant",
)

contact_claim = Table(
    "contact_claim",
    metadata,
    number(),
    to("contact_id", "contact", index=False),
    Column("hash", LargeBinary, nullable=False, comment="as it stands in their sigchain"),
    Column("network", Text, nullable=False),
    Column("handle", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("nonce", LargeBinary, nullable=False),
    Column("stands", Boolean, nullable=False, comment="in their sigchain, as we have it"),
    Column("state", Text, nullable=False, default="unchecked", comment="swarm_protocol.claims.State"),
    Column("why", Text, nullable=False, default="", comment="why it is in that state, a code"),
    Column("remote_id", Text, comment="the account as the network names it to us, once it was found"),
    Column("account_id", Integer, comment="book_account that has its mark"),
    Column("before", Text, comment="reason and cause that the mark stands in place of"),
    Column("seen_at", Integer, comment="when it was OK last"),
    Column("checked_at", Integer, comment="when was looked last"),
    Column("next_at", Integer, nullable=False),
    Column("tries", Integer, nullable=False, default=0, comment="looks in a row that came to nothing"),
    Column("at", Integer, nullable=False),
    UniqueConstraint("contact_id", "hash"),
    Index("ix_contact_claim_account", "network", "remote_id"),
    Index("ix_contact_claim_due", "next_at", sqlite_where=text("stands")),
    comment="accounts that contacts say are theirs, and what was seen of it",
)

challenge = Table(
    "challenge",
    metadata,
    number(),
    to("contact_id", "contact"),
    Column("name", LargeBinary, nullable=False, comment="what both call it: claims.Challenge.id"),
    Column("network", Text, nullable=False),
    Column("mine", Text, nullable=False, comment="handle of the owner's account, as claims name accounts"),
    Column("theirs", Text, nullable=False),
    Column("address", Text, nullable=False, comment="what people call their account"),
    to("account_id", "bridge_account", null=True, gone="SET NULL"),
    to("room_id", "remote_conversation", null=True, gone="SET NULL", index=False),
    Column("remote_id", Text, comment="their account as the network names it to us"),
    Column("ours", Boolean, nullable=False, comment="we are the one who asks"),
    Column("nonce", LargeBinary, nullable=False),
    Column("second", LargeBinary, nullable=False),
    Column("ends_at", Integer, nullable=False),
    Column("stage", Text, nullable=False, comment="swarm_protocol.claims.Stage"),
    Column("answer", LargeBinary, comment="what our account is to say, once it is its turn"),
    Column("said", Text, nullable=False, default="", comment="of that: ready, calling, sent, refused"),
    Column("intent", Text, unique=True),
    Column("at", Integer, nullable=False),
    Column("seen_at", Integer, comment="when it was done"),
    UniqueConstraint("contact_id", "name"),
    comment="what two contacts show each other in private: that two accounts are theirs (spec 42, 5)",
)

noticed_claim = Table(
    "noticed_claim",
    metadata,
    number(),
    to("account_id", "bridge_account", index=False),
    Column("remote_id", Text, nullable=False),
    Column("handle", Text, nullable=False, comment="as api.ClaimsSeen.handle, never empty"),
    Column("texts", LargeBinary, nullable=False),
    Column("vouched", Boolean, nullable=False, comment="the network vouches that the account says so"),
    Column("at", Integer, nullable=False),
    UniqueConstraint("account_id", "remote_id"),
    comment="accounts in the address book that say that they have a node",
)
