"""What a node has of a conversation, author by author (spec 50 §1)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from .. import cbor
from ..cbor import Record, Value
from ..content import Author, AuthorChain
from ..content import rules as content_rules
from ..errors import LimitError
from . import rules
from .spans import Spans, are_rising, read_spans, span_fields, spans_of

AUTHOR, NEXT_SEQ, HEAD, START, HELD, FORKED = range(1, 7)
HEAD_SIZE = 16
_MAX_ITEMS = 16 * 1024


@dataclass(frozen=True, slots=True)
class Known:
    """What of one author's chain is there: all from `start` up to `next_seq`, and `held` behind the gap.

    `head` is the start of the head's commitment, 16 bytes, which tells two sides of a fork apart; None where
    nothing came yet. A chain that is `forked` stands still.
    """

    author: Author
    next_seq: int
    head: bytes | None = None
    start: int = 0
    held: Spans = ()
    forked: bool = False

    @classmethod
    def of(cls, chain: AuthorChain) -> Known:
        """What of a chain is there. Links of deleted messages count: nobody shall bring those back."""
        return cls(
            author=chain.author,
            next_seq=chain.next_seq,
            head=None if chain.head is None else chain.head.commitment[:HEAD_SIZE],
            start=chain.start,
            held=spans_of(chain.held),
            forked=chain.fork is not None,
        )

    @classmethod
    def read(cls, r: Record) -> Known:
        """Read what is known of one author."""
        known = cls(
            author=Author.read(r.record(AUTHOR, "an author")),
            next_seq=r.uint(NEXT_SEQ),
            head=r.octets(HEAD, size=HEAD_SIZE) if HEAD in r else None,
            start=r.uint(START) if START in r else 0,
            held=read_spans(r, HELD, at_most=rules.MAX_HELD),
            forked=r.flag(FORKED),
        )
        if known.next_seq < known.start or (known.head is None) != (known.next_seq == known.start):
            raise rules.HAVE_HEAD.undecodable()
        if not are_rising(known.held) or any(first <= known.next_seq for first, _ in known.held):
            raise rules.HAVE_RANGES.undecodable()
        return known

    def fields(self) -> dict[int, Value]:
        """Give the fields; of many ranges the first `MAX_HELD`."""
        fields: dict[int, Value] = {AUTHOR: self.author.fields(), NEXT_SEQ: self.next_seq}
        if self.head is not None:
            fields[HEAD] = self.head
        if self.start:
            fields[START] = self.start
        if self.forked:
            fields[FORKED] = True
        return {**fields, **span_fields(self.held[: rules.MAX_HELD], HELD)}

    @property
    def there(self) -> Spans:
        """The places that can be asked for."""
        chain = () if self.next_seq == self.start else ((self.start, self.next_seq - 1),)
        return (*chain, *self.held)

    @property
    def settled(self) -> Spans:
        """The places that are not lacking: what is there, and what came before the start."""
        chain = () if not self.next_seq else ((0, self.next_seq - 1),)
        return (*chain, *self.held)


@dataclass(frozen=True, slots=True)
class Have:
    """What a node has. With `asks` it wants the other's, if that has more; an answer never asks."""

    known: tuple[Known, ...]
    asks: bool = False

    @classmethod
    def of(cls, chains: Iterable[AuthorChain], *, asks: bool = False) -> Have:
        """What we have of these chains, empty ones included: of whom is not named nothing is asked for.

        Raises:
            LimitError: more than `MAX_AUTHORS`; say it in several.
        """
        known = sorted((Known.of(chain) for chain in chains), key=lambda k: k.author)
        if len(known) > rules.MAX_AUTHORS:
            raise LimitError(f"a have names {rules.MAX_AUTHORS} authors at most")
        return cls(tuple(known), asks)

    @classmethod
    def decode(cls, data: bytes) -> Have:
        """Decode a have.

        Raises:
            DecodeError: no have.
        """
        r = Record.decode(data, "a have", max_size=content_rules.MAX_HAVE, max_items=_MAX_ITEMS)
        items = r.array(1, at_most=rules.MAX_AUTHORS)
        known = tuple(Known.read(Record.of(item, "what is known")) for item in items)
        if any(a.author >= b.author for a, b in pairwise(known)):
            raise rules.HAVE_AUTHORS.undecodable()
        return cls(known, r.flag(2))

    def encode(self) -> bytes:
        """Encode it."""
        asks: dict[int, Value] = {2: True} if self.asks else {}
        return cbor.encode({1: [known.fields() for known in self.known], **asks})

    def get(self, author: Author) -> Known | None:
        """What is known of one author."""
        return next((known for known in self.known if known.author == author), None)
