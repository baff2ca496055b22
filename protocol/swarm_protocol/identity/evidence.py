"""Evidence that a root signed two chains (spec 10 §5): anybody can verify it, knowing nothing else.

It holds the genesis, the rotations that lead to the accused root, and two different links by that root: for
one place, or both revealing it. Only who holds that root can have made both, so it was stolen, or copied by
its owner.
"""

from __future__ import annotations

from dataclasses import dataclass

from .. import cbor, labels
from . import rules
from .keys import PersonaId, next_root_hash
from .link import Genesis, Link, Rotate

_MAX_SIZE = (rules.MAX_LINKS + 2) * (rules.MAX_LINK_SIZE + 3) + 16
"""Two links after a rotation in every place of a chain, all of full size."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Verified evidence. Made by `make` and `decode` only."""

    path: tuple[Link, ...]
    pair: tuple[Link, Link]

    @classmethod
    def make(cls, path: tuple[Link, ...], a: Link, b: Link) -> Evidence:
        """Check and put together evidence; the order of the pair does not matter.

        Raises:
            RuleViolation: it does not show what it claims to.
        """
        first, second = sorted((a, b), key=lambda link: link.hash)
        evidence = cls(path, (first, second))
        evidence._check()
        return evidence

    @classmethod
    def decode(cls, data: bytes) -> Evidence:
        """Decode and verify evidence; raises like `make`, and DecodeError."""
        r = cbor.Record.decode(data, "evidence", max_size=_MAX_SIZE, max_items=2 * rules.MAX_LINKS)
        path = tuple(Link.decode(item) for item in r.octets_array(1, at_most=rules.MAX_LINKS))
        evidence = cls(path, (Link.decode(r.octets(2)), Link.decode(r.octets(3))))
        evidence._check()
        return evidence

    def encode(self) -> bytes:
        """Encode the evidence; the same from whichever side it was found."""
        return cbor.encode({1: [link.data for link in self.path], 2: self.pair[0].data, 3: self.pair[1].data})

    @property
    def id(self) -> bytes:
        """Names the contradiction: the hash of both links, whatever path leads to them."""
        return labels.EVIDENCE.hash(self.pair[0].hash + self.pair[1].hash)

    @property
    def persona_id(self) -> PersonaId:
        """Whom it is about."""
        return self.path[0].persona_id()

    @property
    def root(self) -> bytes:
        """The root that signed both."""
        return self.pair[0].signer

    @property
    def seq(self) -> int:
        """The first place that is in doubt."""
        return min(link.seq for link in self.pair)

    @property
    def commitments(self) -> frozenset[bytes]:
        """The next roots to which the two sides are committed. If it is one, revealing it settles this."""
        before = _commitment(self.path[-1])
        return frozenset(
            link.body.next_root if isinstance(link.body, Rotate) else before for link in self.pair
        )

    def _check(self) -> None:
        if not self.path or not isinstance(self.path[0].body, Genesis):
            raise rules.EVIDENCE_PATH.broken("it starts with no genesis")
        genesis, *rotations = self.path
        persona_id = genesis.persona_id()
        rules.EVIDENCE_PATH.require(genesis.signer == _root(genesis), "the genesis is not its own")
        genesis.check_signature(persona_id)
        for before, link in zip(self.path, rotations, strict=False):
            _check_rotation(before, link)
            link.check_signature(persona_id)

        a, b = self.pair
        rules.EVIDENCE_CONFLICT.require(a.hash < b.hash, "it is one link, or in the other order")
        rules.EVIDENCE_CONFLICT.require(a.signer == b.signer, "two roots signed")
        # One kit may start two personas. That is no fork of either.
        rules.EVIDENCE_CONFLICT.require(not any(isinstance(link.body, Genesis) for link in self.pair))
        rotates = [isinstance(link.body, Rotate) for link in self.pair]
        if all(rotates):
            for link in self.pair:
                _check_rotation(self.path[-1], link)
        else:
            rules.EVIDENCE_CONFLICT.require(not any(rotates) and a.seq == b.seq, "not one place")
            rules.EVIDENCE_PATH.require(a.signer == _root(self.path[-1]), "it leads to another root")
        for link in self.pair:
            link.check_signature(persona_id)
            link.check_added_signature(persona_id)  # so that no byte of evidence can be changed on its way


def _root(link: Link) -> bytes:
    assert isinstance(link.body, Genesis | Rotate)
    return link.body.root


def _commitment(link: Link) -> bytes:
    assert isinstance(link.body, Genesis | Rotate)
    return link.body.next_root


def _check_rotation(before: Link, link: Link) -> None:
    """Check that `link` reveals what `before`, a genesis or a rotation, is committed to."""
    holds = (
        isinstance(link.body, Rotate)
        and link.signer == link.body.root
        and next_root_hash(link.signer) == _commitment(before)
    )
    rules.EVIDENCE_PATH.require(holds, "no rotation to a root that was committed to")
