"""What nodes say to nodes that other rooms read (spec 21 §3): their bytes are opaque here.

`Told` carries the encoding of a queue control (spec 30 §7), an address record (`addresses`), a word of repair
(spec 50), claims or a challenge (spec 42). `ChainDelta` brings links of the author's sigchain (spec 10) that
others lack.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from ..cbor import Record, Value
from ..identity import rules as identity_rules
from . import rules
from .types import Type

TOLD: Mapping[int, int] = {
    Type.QUEUE_CTL: rules.MAX_QUEUE_CTL,
    Type.ADDR_REC: rules.MAX_ADDR_REC,
    Type.HAVE: rules.MAX_HAVE,
    Type.REQUEST: rules.MAX_REQUEST,
    Type.COPY: rules.MAX_COPY,
    Type.CLAIM: rules.MAX_CLAIM,
    Type.CHALLENGE: rules.MAX_CHALLENGE,
}
"""Types whose body is one encoding of another room, with the bytes that it may have."""


@dataclass(frozen=True, slots=True)
class Told:
    """An encoding of another room, of one of the types in `TOLD`."""

    chained: ClassVar[bool] = False
    type: Type
    data: bytes = field(repr=False)

    @classmethod
    def read(cls, kind: Type, r: Record, refs: Sequence[bytes]) -> Told:
        """Read the body of a message of type `kind`."""
        no_refs(refs)
        return cls(kind, r.octets(1, at_most=TOLD[kind]))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.data}

    def refs(self) -> Sequence[bytes]:
        """The messages that it is about."""
        return ()


@dataclass(frozen=True, slots=True)
class ChainDelta:
    """Links of the author's sigchain from number `first` on, as `identity.encode_links` writes them."""

    type: ClassVar[Type] = Type.CHAIN
    chained: ClassVar[bool] = False
    first: int
    links: bytes = field(repr=False)

    @classmethod
    def read(cls, r: Record, refs: Sequence[bytes]) -> ChainDelta:
        """Read the body."""
        no_refs(refs)
        first = r.uint(1, at_most=identity_rules.MAX_LINKS - 1)
        return cls(first, r.octets(2, at_most=rules.MAX_CHAIN))

    def fields(self) -> Mapping[int, Value]:
        """Give the body's fields."""
        return {1: self.first, 2: self.links}

    def refs(self) -> Sequence[bytes]:
        """The messages that it is about."""
        return ()


def no_refs(refs: Sequence[bytes]) -> None:
    """Refuse refs where a type has none."""
    if refs:
        raise rules.TYPE_REFS.undecodable(f"{len(refs)} refs")
