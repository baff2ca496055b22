"""What we lack of what another has, and the asking for it (spec 50 §2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from .. import cbor
from ..cbor import Record, Value
from ..content import Author
from ..content import rules as content_rules
from . import rules
from .have import Have, Known
from .spans import Spans, are_rising, first_of, minus, read_spans, size, span_fields

AUTHOR, SPANS, FORK = range(1, 4)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Places of one author's chain, or the evidence that it is forked."""

    author: Author
    spans: Spans = ()
    fork: bool = False

    @classmethod
    def read(cls, r: Record) -> Wanted:
        """Read what is wanted of one author."""
        spans = read_spans(r, SPANS, at_most=rules.MAX_IDS)
        return cls(Author.read(r.record(AUTHOR, "an author")), spans, r.flag(FORK))

    def fields(self) -> dict[int, Value]:
        """Give the fields."""
        fork: dict[int, Value] = {FORK: True} if self.fork else {}
        return {AUTHOR: self.author.fields(), **span_fields(self.spans, SPANS), **fork}

    @property
    def size(self) -> int:
        """How many things are wanted."""
        return size(self.spans) + self.fork


@dataclass(frozen=True, slots=True)
class Request:
    """Asks for up to `MAX_IDS` things."""

    wanted: tuple[Wanted, ...]

    @classmethod
    def decode(cls, data: bytes) -> Request:
        """Decode a request.

        Raises:
            DecodeError: no request.
        """
        r = Record.decode(data, "a request", max_size=content_rules.MAX_REQUEST)
        items = r.array(1, at_most=rules.MAX_IDS)
        request = cls(tuple(Wanted.read(Record.of(item, "what is wanted")) for item in items))
        rising = all(a.author < b.author for a, b in pairwise(request.wanted))
        if not rising or not all(are_rising(wanted.spans) for wanted in request.wanted):
            raise rules.REQUEST_ORDER.undecodable()
        sizes = [wanted.size for wanted in request.wanted]
        if not sizes or not all(sizes) or sum(sizes) > rules.MAX_IDS:
            raise rules.REQUEST_SIZE.undecodable()
        return request

    def encode(self) -> bytes:
        """Encode it."""
        return cbor.encode({1: [wanted.fields() for wanted in self.wanted]})


def lacking(mine: Have, theirs: Have) -> Request | None:
    """What to ask for: the first `MAX_IDS` things that they have and we lack; None if there is nothing.

    Nothing is asked of an author whom `mine` does not name, or whose chain stands still here.
    """
    wanted, left = [], rules.MAX_IDS
    for one in _wanted(mine, theirs):
        if left <= 0:
            break
        wanted.append(Wanted(one.author, first_of(one.spans, left), one.fork))
        left -= wanted[-1].size
    return Request(tuple(wanted)) if wanted else None


def _wanted(mine: Have, theirs: Have) -> Iterator[Wanted]:
    others = {known.author: known for known in theirs.known}
    for known in mine.known:
        other = others.get(known.author)
        if other is None or known.forked:
            continue
        if other.forked:
            yield Wanted(known.author, fork=True)
        elif spans := minus(other.there, known.settled):
            yield Wanted(known.author, spans)
        elif _differ(known, other):
            yield Wanted(known.author, ((known.next_seq - 1, known.next_seq - 1),))


def _differ(a: Known, b: Known) -> bool:
    """Whether two chains of one length end in two messages: then its author forked it."""
    return a.next_seq == b.next_seq and None not in {a.head, b.head} and a.head != b.head


@dataclass(frozen=True, slots=True)
class Fetch:
    """Getting what one node has and we lack, request after request.

    Another request follows when all messages that were asked for have come, and only then. What does not come
    is asked for again with the next have, an hour later at the earliest; so nothing that the other does makes
    us ask in a loop.
    """

    theirs: Have
    asked: Request | None = None

    @classmethod
    def start(cls, mine: Have, theirs: Have) -> tuple[Fetch, Request | None]:
        """A have came."""
        request = lacking(mine, theirs)
        return cls(theirs, request), request

    def after(self, mine: Have) -> tuple[Fetch, Request | None]:
        """Copies came, and `mine` is what we have now: the next request, or None."""
        if self.asked is None or any(_is_open(mine, wanted) for wanted in self.asked.wanted):
            return self, None
        request = lacking(mine, self.theirs)
        if request == self.asked:  # a head of a fork, or evidence, that did not come
            return self, None
        return Fetch(self.theirs, request), request


def _is_open(mine: Have, wanted: Wanted) -> bool:
    """Whether a message has not come. Evidence is not waited for: to who joined later it may show nothing."""
    known = mine.get(wanted.author)
    return known is not None and not known.forked and bool(minus(wanted.spans, known.settled))
