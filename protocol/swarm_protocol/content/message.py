"""Messages of a conversation, as bytes and as values (spec 21 §1). Whether one is believed, `admission` says.

What people say is chained: each leaf numbers its messages in a conversation, and each names the one before.
What nodes tell each other (receipts and the like) is not, and has neither number nor signature.

A chained message is named by its commitment, a salted hash of all of it. What others say about it, what
follows it and what proves it go over that name alone. So its body and salt can be destroyed and nothing else
breaks; and who holds the name and a guess at the body cannot tell whether the guess is right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from .. import cbor, labels
from ..cbor import Record, Value
from ..errors import UsageError
from ..identity import Head, PersonaId
from ..identity import rules as identity_rules
from ..identity.chain import SHORT_HASH_SIZE
from ..labels import HASH_SIZE, SIGNATURE_SIZE
from ..mls.fast_init import fast_init
from . import rules
from .bodies import KEY_SIZE, Body, Unknown, read_body

MSG_ID, CONV_TAG, AUTHOR, AUTHOR_SEQ, PREV, PARENTS, LAMPORT, WALL = range(1, 9)
TYPE, BODY, EXPIRE, SIGNATURE, REFS, HEADS = range(9, 15)
_OF_CHAINS = (AUTHOR_SEQ, PREV, PARENTS, LAMPORT, SIGNATURE)
ID_SIZE, TAG_SIZE, SALT_SIZE = 16, 8, 16
MAX_TYPE = (1 << 32) - 1


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation by its id (32 bytes), which successor groups keep and only members know."""

    id: bytes = field(repr=False)

    @property
    def hash(self) -> bytes:
        """What is signed for: 32 bytes, so that nobody finds two conversations that pass for each other."""
        return labels.CONVERSATION.hash(self.id)

    @property
    def tag(self) -> bytes:
        """The start of the hash, which messages carry: 8 bytes, against a mistake."""
        return self.hash[:TAG_SIZE]


@dataclass(frozen=True, slots=True, order=True)
class Author:
    """A node of a persona, by the key of its leaf. Two nodes of one persona are two authors."""

    persona_id: PersonaId
    leaf_sig: bytes

    @classmethod
    def read(cls, r: Record) -> Author:
        """Read an author."""
        return cls(PersonaId(r.octets(1, size=HASH_SIZE)), r.octets(2, size=KEY_SIZE))

    def fields(self) -> dict[int, Value]:
        """Give the fields."""
        return {1: self.persona_id, 2: self.leaf_sig}


@dataclass(frozen=True, slots=True)
class LogHead:
    """How far the author's copy of a group's log goes."""

    slot: int
    entry_hash: bytes


@dataclass(frozen=True, slots=True)
class Heads:
    """What the author had: its own sigchain, and the group's log where there is one."""

    chain: Head
    log: LogHead | None = None

    @classmethod
    def read(cls, r: Record) -> Heads:
        """Read the heads."""
        chain = r.record(1, "a head")
        head = Head(
            chain.uint(1, at_most=identity_rules.MAX_LINKS - 1), chain.octets(2, size=SHORT_HASH_SIZE)
        )
        if 2 not in r:
            return cls(head)
        log = r.record(2, "a log head")
        return cls(head, LogHead(log.uint(1), log.octets(2, size=HASH_SIZE)))

    def fields(self) -> dict[int, Value]:
        """Give the fields."""
        fields: dict[int, Value] = {1: {1: self.chain.seq, 2: self.chain.short_hash}}
        if self.log is not None:
            fields[2] = {1: self.log.slot, 2: self.log.entry_hash}
        return fields


@fast_init
@dataclass(frozen=True, slots=True)
class Place:
    """Where a chained message stands. It holds nothing of the body, and is kept when that is destroyed."""

    id: bytes
    """The commitment, 32 bytes."""
    author: Author
    seq: int
    prev: bytes | None
    parents: tuple[bytes, ...]
    lamport: int


@fast_init
@dataclass(frozen=True, slots=True)
class Message:
    """A decoded message; nothing is verified yet. Two are equal when their bytes are."""

    msg_id: bytes = field(compare=False)
    conv_tag: bytes = field(compare=False)
    author: Author = field(compare=False)
    place: Place | None = field(compare=False)
    """None for a message that is not chained."""
    wall_s: int = field(compare=False)
    """What the author's clock said, in Unix seconds: for the screen, and for nothing else."""
    body: Body = field(compare=False)
    expire_s: int = field(compare=False)
    """Seconds after which it disappears; 0 if it stays."""
    heads: Heads | None = field(compare=False)
    salt: bytes | None = field(compare=False, repr=False)
    signature: bytes | None = field(compare=False, repr=False)
    data: bytes = field(repr=False)

    @classmethod
    def decode(cls, data: bytes) -> Message:
        """Decode a message. One of a type that is not known here decodes, with an `Unknown` body.

        Raises:
            DecodeError: no message.
        """
        r = Record.decode(data, "a message", max_size=rules.MAX_UNCHAINED)
        chained = SIGNATURE in r
        if chained and len(data) > rules.MAX_MESSAGE:
            raise cbor.SIZE.undecodable(f"{len(data)} bytes, {rules.MAX_MESSAGE} allowed")
        needed = {AUTHOR_SEQ, LAMPORT, HEADS} if chained else set()
        if any(key not in r for key in needed) or (not chained and any(key in r for key in _OF_CHAINS)):
            raise rules.CONTENT_CHAINED.undecodable()
        author = Author.read(r.record(AUTHOR, "an author"))
        body = _read_body(r)
        place, salt, signature = _read_place(r, author) if chained else (None, None, None)
        return cls(
            msg_id=r.octets(MSG_ID, size=ID_SIZE),
            conv_tag=r.octets(CONV_TAG, size=TAG_SIZE),
            author=author,
            place=place,
            wall_s=r.uint(WALL),
            body=body,
            expire_s=r.uint(EXPIRE, at_most=rules.MAX_TIMER_S) if EXPIRE in r else 0,
            heads=Heads.read(r.record(HEADS, "the heads")) if HEADS in r else None,
            salt=salt,
            signature=signature,
            data=data,
        )

    @property
    def id(self) -> bytes:
        """The name of a chained message: its commitment. UsageError for any other, which has none."""
        return self.standing.id

    @property
    def standing(self) -> Place:
        """The place of a chained message.

        Raises:
            UsageError: it is not chained.
        """
        if self.place is None:
            raise UsageError("this message is not chained")
        return self.place

    @property
    def needs_newer(self) -> bool:
        """Whether only a newer program can show it. It is kept, and passed on, as it is."""
        return isinstance(self.body, Unknown)


def body_of(data: bytes) -> Body:
    """The body of a message that was decoded before: nothing else of it is read, as for a screen.

    Raises:
        DecodeError: no message, or another body than its type has.
    """
    return _read_body(Record.decode(data, "a message", max_size=rules.MAX_UNCHAINED))


def _read_body(r: Record) -> Body:
    refs = r.octets_array(REFS, at_most=rules.MAX_REFS) if REFS in r else []
    if any(len(ref) != HASH_SIZE for ref in refs):
        raise cbor.FIELD.undecodable("a ref is a commitment")
    if BODY not in r:
        raise cbor.FIELD.undecodable("a message has no body")
    return read_body(r.uint(TYPE, at_most=MAX_TYPE), r.fields[BODY], refs, chained=SIGNATURE in r)


def _read_place(r: Record, author: Author) -> tuple[Place, bytes, bytes]:
    proof = r.record(SIGNATURE, "a signature")
    signature, salt = proof.octets(1, size=SIGNATURE_SIZE), proof.octets(2, size=SALT_SIZE)
    seq = r.uint(AUTHOR_SEQ)
    if (PREV in r) != (seq > 0):
        raise rules.CONTENT_PREV.undecodable()
    parents = r.octets_array(PARENTS, at_most=rules.MAX_PARENTS) if PARENTS in r else []
    if any(len(parent) != HASH_SIZE for parent in parents):
        raise cbor.FIELD.undecodable("a parent is a commitment")
    if any(a >= b for a, b in pairwise(parents)):
        raise rules.CONTENT_PARENTS.undecodable()
    place = Place(
        id=commitment(salt, r.without(SIGNATURE)),
        author=author,
        seq=seq,
        prev=r.octets(PREV, size=HASH_SIZE) if PREV in r else None,
        parents=tuple(parents),
        lamport=r.uint(LAMPORT),
    )
    return place, salt, signature


def commitment(salt: bytes, content: bytes) -> bytes:
    """The name of a message: the hash of its salt (16 bytes) and its fields without the signature."""
    return labels.COMMITMENT.hash(salt + content)


def encode_fields(fields: Mapping[int, Value]) -> bytes:
    """Encode the fields of a message, leaving out those that are None."""
    return cbor.encode({key: value for key, value in fields.items() if value is not None})
