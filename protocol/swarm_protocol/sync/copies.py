"""Copies of what somebody else said, and the answering of requests (spec 50 §3).

A copy is the author's own bytes. Whoever passes it on can leave it out, and can change nothing in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol, TypeAlias

from .. import cbor
from ..cbor import Record
from ..content import Author, AuthorLink, Fork
from ..content import rules as content_rules
from ..errors import UsageError
from . import rules
from .request import Request

MESSAGE, LINK, FORK = range(1, 4)


@dataclass(frozen=True, slots=True)
class Repaired:
    """A chained message, whole. `content.admit(Message.decode(data), …, sender=None)` checks it."""

    data: bytes = field(repr=False)

    def encode(self) -> bytes:
        """Encode the copy."""
        return cbor.encode({MESSAGE: self.data})


@dataclass(frozen=True, slots=True)
class Tombstone:
    """The link of a message that who answers has deleted: the chain goes on without the body."""

    link: AuthorLink

    def encode(self) -> bytes:
        """Encode the copy."""
        return cbor.encode({LINK: self.link.encode()})


@dataclass(frozen=True, slots=True)
class Evidence:
    """Why a chain stands still. Receive both links: they contradict each other, or what we have."""

    fork: Fork

    def encode(self) -> bytes:
        """Encode the copy."""
        return cbor.encode({FORK: self.fork.encode()})


Copy: TypeAlias = Repaired | Tombstone | Evidence


def decode_copy(data: bytes) -> Copy:
    """Decode a copy; links and evidence are verified, a message is not.

    Raises:
        DecodeError: no copy.
        RuleViolation: its link or its evidence does not verify.
    """
    r = Record.decode(data, "a copy", max_size=content_rules.MAX_COPY)
    if sum(key in r for key in (MESSAGE, LINK, FORK)) != 1:
        raise rules.COPY_ONE.undecodable()
    if MESSAGE in r:
        return Repaired(r.octets(MESSAGE, at_most=content_rules.MAX_MESSAGE))
    if LINK in r:
        return Tombstone(AuthorLink.decode(r.octets(LINK)))
    return Evidence(Fork.decode(r.octets(FORK)))


class Source(Protocol):
    """The store of who answers, for one conversation."""

    def at(self, author: Author, seq: int) -> bytes | AuthorLink | None:
        """The message at a place, its link if it was deleted, or None."""
        ...

    def fork(self, author: Author) -> Fork | None:
        """The evidence that an author's chain is forked."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A request that is being answered: what is still to do (None: evidence), and how much is under way.

    A new request of the same node takes its place.
    """

    todo: tuple[tuple[Author, int | None], ...]
    in_flight: int = 0

    @classmethod
    def to(cls, request: Request) -> Answer:
        """Begin. A decoded request holds `MAX_IDS` things at most."""
        todo: list[tuple[Author, int | None]] = []
        for wanted in request.wanted:
            todo += [(wanted.author, None)] * wanted.fork
            todo += [(wanted.author, seq) for first, last in wanted.spans for seq in range(first, last + 1)]
        return cls(tuple(todo))

    def take(self, source: Source) -> tuple[Answer, tuple[Copy, ...]]:
        """The copies to send now: as many as the window has room for. What we do not have is left out."""
        copies: list[Copy] = []
        done = 0
        for author, seq in self.todo:
            if self.in_flight + len(copies) >= rules.WINDOW:
                break
            done += 1
            if (copy := _copy(source, author, seq)) is not None:
                copies.append(copy)
        return Answer(self.todo[done:], self.in_flight + len(copies)), tuple(copies)

    def stored(self, count: int = 1) -> Answer:
        """So many copies are stored at a relay or by the other node: there is room for as many more.

        Raises:
            UsageError: more than are under way.
        """
        if count > self.in_flight:
            raise UsageError(f"{self.in_flight} copies are under way")
        return replace(self, in_flight=self.in_flight - count)


def _copy(source: Source, author: Author, seq: int | None) -> Copy | None:
    if seq is None:
        fork = source.fork(author)
        return None if fork is None else Evidence(fork)
    match source.at(author, seq):
        case None:
            return None
        case AuthorLink() as link:
            return Tombstone(link)
        case data:
            return Repaired(data)
