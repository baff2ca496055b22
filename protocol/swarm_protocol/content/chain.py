"""Chains of authors (spec 21 §4), and evidence that one of them was forked (spec 21 §5).

Each leaf numbers its messages in a conversation from 0, and signs for each place which commitment stands
there and which before it. That statement is a link. It says nothing of what was said, so it outlives body and
salt, and two links that contradict each other can be shown to anybody.

A chain here is what a node must remember to judge the next link: its contiguous head, and what is held behind
a gap. The links before the head are in its store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum

from .. import cbor, labels
from ..cbor import Record, Value
from ..errors import UsageError
from ..labels import HASH_SIZE, SIGNATURE_SIZE
from ..mls.fast_init import fast_init
from ..mls.signatures import SignatureKeyPair
from . import rules
from .message import Author, Conversation, Message

CONVERSATION, AUTHOR, SEQ, PREV, COMMITMENT, SIGNATURE = range(1, 7)


@fast_init
@dataclass(frozen=True, slots=True)
class AuthorLink:
    """A signed statement of what stands at one place of an author's chain.

    Exists only verified, made by `of` and `decode`. Two are equal when what they say is.
    """

    conversation: bytes
    author: Author
    seq: int
    prev: bytes | None
    commitment: bytes
    signature: bytes = field(compare=False, repr=False)

    @classmethod
    def of(cls, message: Message, conversation: Conversation) -> AuthorLink:
        """The link of a chained message.

        Raises:
            RuleViolation: its signature does not verify.
        """
        place = message.standing
        assert message.signature is not None, "a chained message has a signature"
        link = cls(conversation.hash, place.author, place.seq, place.prev, place.id, message.signature)
        return link._verified()

    @classmethod
    def decode(cls, data: bytes) -> AuthorLink:
        """Decode and verify a link; raises like `of`, and DecodeError."""
        r = Record.decode(data, "an author's link")
        seq = r.uint(SEQ)
        if (PREV in r) != (seq > 0):
            raise rules.CONTENT_PREV.undecodable()
        link = cls(
            conversation=r.octets(CONVERSATION, size=HASH_SIZE),
            author=Author.read(r.record(AUTHOR, "an author")),
            seq=seq,
            prev=r.octets(PREV, size=HASH_SIZE) if PREV in r else None,
            commitment=r.octets(COMMITMENT, size=HASH_SIZE),
            signature=r.octets(SIGNATURE, size=SIGNATURE_SIZE),
        )
        return link._verified()

    def encode(self) -> bytes:
        """Encode the link: what is kept of a message that was deleted."""
        return cbor.encode({**_fields(self), SIGNATURE: self.signature})

    @property
    def statement(self) -> bytes:
        """What is signed."""
        return cbor.encode(_fields(self))

    def contradicts(self, other: AuthorLink) -> bool:
        """Whether no honest author signs both: two for one place, or one that follows another message."""
        if (self.conversation, self.author) != (other.conversation, other.author):
            return False
        if self.seq == other.seq:
            return self != other
        first, second = (self, other) if self.seq < other.seq else (other, self)
        return first.seq + 1 == second.seq and second.prev != first.commitment

    def _verified(self) -> AuthorLink:
        holds = labels.CONTENT_SIGNATURE.verify(self.author.leaf_sig, self.statement, self.signature)
        rules.CONTENT_SIGNATURE.require(holds)
        return self


def sign_place(
    keys: SignatureKeyPair,
    conversation: Conversation,
    author: Author,
    seq: int,
    prev: bytes | None,
    commitment: bytes,
) -> bytes:
    """Sign what stands at a place, with the key of the author's leaf."""
    link = AuthorLink(conversation.hash, author, seq, prev, commitment, b"")
    return labels.CONTENT_SIGNATURE.sign(keys, link.statement)


def _fields(link: AuthorLink) -> dict[int, Value]:
    fields: dict[int, Value] = {
        CONVERSATION: link.conversation,
        AUTHOR: link.author.fields(),
        SEQ: link.seq,
        COMMITMENT: link.commitment,
    }
    return fields if link.prev is None else {**fields, PREV: link.prev}


@dataclass(frozen=True, slots=True)
class Fork:
    """Evidence against an author: two links that contradict each other. Anybody can verify it.

    Whoever signed both runs twice (a copy, a state that was brought back), or had the key stolen.
    """

    pair: tuple[AuthorLink, AuthorLink]

    @classmethod
    def make(cls, a: AuthorLink, b: AuthorLink) -> Fork:
        """Put evidence together; the order of the links does not matter.

        Raises:
            RuleViolation: they do not contradict each other.
        """
        rules.FORK_CONFLICT.require(a.contradicts(b))
        first, second = sorted((a, b), key=lambda link: (link.seq, link.statement))
        return cls((first, second))

    @classmethod
    def decode(cls, data: bytes) -> Fork:
        """Decode and verify evidence; raises like `make`, and DecodeError."""
        r = Record.decode(data, "a fork")
        fork = cls.make(AuthorLink.decode(r.octets(1)), AuthorLink.decode(r.octets(2)))
        rules.FORK_CONFLICT.require(fork.encode() == data, "written in another way")
        return fork

    def encode(self) -> bytes:
        """Encode the evidence."""
        return cbor.encode({1: self.pair[0].encode(), 2: self.pair[1].encode()})

    @property
    def author(self) -> Author:
        """Who signed both."""
        return self.pair[0].author

    @property
    def id(self) -> bytes:
        """Names the contradiction; the same for all who find it."""
        return labels.FORK.hash(cbor.encode([link.statement for link in self.pair]))


class Outcome(Enum):
    """What a link did to a chain."""

    EXTENDED = "extended"
    """It is the next, and those behind it that were held have followed."""
    HELD = "held"
    """Something before it is missing: ask for `missing`."""
    REPEATED = "repeated"
    """It was there."""
    OLDER = "older"
    """It is from before the start of what we follow."""
    FORKED = "forked"
    """It contradicts another, and the chain stands still from here on."""


@dataclass(frozen=True, slots=True)
class Received:
    """The chain after a link, what the link did, and what came into the chain with it, in order."""

    chain: AuthorChain
    outcome: Outcome
    added: tuple[AuthorLink, ...] = ()


@fast_init
@dataclass(frozen=True, slots=True)
class AuthorChain:
    """What is known of one author's chain in one conversation.

    `start` is the first place that we follow: 0, or where a member who joined later begins. `conversation` is
    the hash of its id.
    """

    conversation: bytes
    author: Author
    start: int = 0
    head: AuthorLink | None = None
    """The last link that everything before it is there for."""
    held: Mapping[int, AuthorLink] = field(default_factory=dict)
    """Links behind a gap, by seq."""
    fork: Fork | None = None

    @classmethod
    def empty(cls, conversation: Conversation, author: Author, *, start: int = 0) -> AuthorChain:
        """A chain before its first link."""
        return cls(conversation.hash, author, start)

    @property
    def next_seq(self) -> int:
        """The place after the head."""
        return self.start if self.head is None else self.head.seq + 1

    @property
    def missing(self) -> tuple[tuple[int, int], ...]:
        """The gaps, each as its first and last seq, in order; at most one for each link that is held."""
        gaps, expected = [], self.next_seq
        for seq in sorted(self.held):
            if seq > expected:
                gaps.append((expected, seq - 1))
            expected = seq + 1
        return tuple(gaps)

    def receive(self, link: AuthorLink, *, stored: AuthorLink | None = None) -> Received:
        """Take a link. For one at or before the head, `stored` is the link that our store has at its place.

        Raises:
            UnexpectedMessage: it belongs to another chain, or too much is held already; it may come again.
            UsageError: the stored link was not given, or is another place's.
        """
        if (link.conversation, link.author) != (self.conversation, self.author):
            raise rules.AUTHOR_CHAIN.unexpected()
        if link.seq < self.start:
            return Received(self, Outcome.OLDER)
        known = self._known(link.seq, stored)
        if known == link:
            return Received(self, Outcome.REPEATED)
        if self.fork is not None:
            return Received(self, Outcome.FORKED)
        for other in (known, *self._neighbours(link.seq)):
            if other is not None and other.contradicts(link):
                return Received(replace(self, fork=Fork.make(other, link)), Outcome.FORKED)
        if link.seq > self.next_seq:
            if len(self.held) >= rules.MAX_HELD:
                raise rules.AUTHOR_HELD.unexpected()
            return Received(replace(self, held={**self.held, link.seq: link}), Outcome.HELD)
        held, added = dict(self.held), [link]
        while following := held.pop(added[-1].seq + 1, None):
            added.append(following)
        return Received(replace(self, head=added[-1], held=held), Outcome.EXTENDED, tuple(added))

    def _known(self, seq: int, stored: AuthorLink | None) -> AuthorLink | None:
        if seq >= self.next_seq:
            return self.held.get(seq)
        known = self.head if self.head is not None and seq == self.head.seq else stored
        if known is None or (known.conversation, known.author, known.seq) != (
            self.conversation,
            self.author,
            seq,
        ):
            raise UsageError(f"the link that is stored at {seq} is needed")
        return known

    def _neighbours(self, seq: int) -> tuple[AuthorLink | None, AuthorLink | None]:
        before = self.head if seq == self.next_seq else self.held.get(seq - 1)
        return before, self.held.get(seq + 1)
