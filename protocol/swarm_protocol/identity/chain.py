"""A persona's sigchain: an immutable value that exists only verified (spec 10 §3).

`Sigchain.decode` and `extend` check every rule, link by link, and raise without having changed anything. The
fold over the links is `State`; `merge` compares two copies, `build` makes new links.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum

from .. import cbor
from ..errors import UsageError
from . import rules
from .evidence import Evidence
from .keys import PersonaId, is_hpke_key, is_signature_key, next_root_hash
from .link import (
    ClaimAdd,
    ClaimDrop,
    Genesis,
    Link,
    NodeAdd,
    NodeRevoke,
    Retire,
    Rotate,
)

SHORT_HASH_SIZE = 16
"""Bytes of a head's hash: two chains with one head cost 2^64 tries, and hide a fork from gossip."""

_MAX_CHAIN_SIZE = rules.MAX_LINKS * (rules.MAX_LINK_SIZE + 3) + 3


@dataclass(frozen=True, slots=True)
class Head:
    """How far a chain goes: the seq of its last link and the start of its hash. Messages carry it."""

    seq: int
    short_hash: bytes

    @classmethod
    def decode(cls, data: bytes) -> Head:
        """Decode a head, or raise DecodeError."""
        r = cbor.Record.decode(data, "a head")
        return cls(r.uint(1, at_most=rules.MAX_LINKS - 1), r.octets(2, size=SHORT_HASH_SIZE))

    def encode(self) -> bytes:
        """Encode the head."""
        return cbor.encode({1: self.seq, 2: self.short_hash})


class Place(Enum):
    """What somebody's head says beside our copy."""

    KNOWN = "known"
    """Our copy has that link."""
    NEWER = "newer"
    """Ours ends before it: fetch the rest."""
    OTHER = "other"
    """Ours has another link there: fetch their copy and merge, which finds out why."""


@dataclass(frozen=True, slots=True)
class Node:
    """A node of the chain: what its node_add said, and the seq of the links that added and revoked it."""

    leaf_sig: bytes
    hpke: bytes = field(repr=False)
    label_hash: bytes
    priority: int
    added: int
    revoked: int | None = None

    @property
    def active(self) -> bool:
        """Whether it was not revoked."""
        return self.revoked is None

    def valid_at(self, seq: int) -> bool:
        """Whether it was active after link `seq`."""
        return self.added <= seq and (self.revoked is None or seq < self.revoked)


@dataclass(frozen=True, slots=True)
class State:
    """What a chain amounts to after its last link."""

    persona_id: PersonaId
    genesis: Genesis
    roots: tuple[bytes, ...]
    """All so far; the last one signs. Their number less one is the generation."""
    commitments: tuple[bytes, ...]
    """Hashes of next roots; the last one is open."""
    nodes: tuple[Node, ...] = ()
    """All that were ever added, in order."""
    claims: tuple[bytes, ...] = ()
    retired: Retire | None = None

    @property
    def active(self) -> tuple[Node, ...]:
        """The active nodes in the order of their links."""
        return tuple(node for node in self.nodes if node.active)

    @classmethod
    def start(cls, link: Link) -> State:
        """The state after a genesis."""
        body = link.body
        if not isinstance(body, Genesis):
            raise rules.CHAIN_GENESIS.broken()
        rules.LINK_SEQ.require(link.seq == 0)
        rules.LINK_PREV.require(link.prev is None)
        rules.LINK_SIGNER.require(link.signer == body.root)
        if body.min_version > rules.VERSION:
            raise rules.GENESIS_VERSION.unsupported(str(body.min_version))
        rules.KEY_SIGNATURE.require(is_signature_key(body.root))
        rules.ROTATE_NEXT.require(body.next_root != next_root_hash(body.root))
        link.check_signature(link.persona_id())
        return cls(link.persona_id(), body, (body.root,), (body.next_root,))

    def after(self, link: Link) -> State:
        """The state after one more link, whose place and signature are checked already.

        Raises:
            RuleViolation: the link may not stand here.
        """
        rules.CHAIN_RETIRED.require(self.retired is None)
        match link.body:
            case Genesis():
                raise rules.CHAIN_GENESIS.broken()
            case NodeAdd() as body:
                return replace(self, nodes=(*self.nodes, self._new_node(link, body)))
            case NodeRevoke(leaf_sig):
                rules.NODE_ACTIVE.require(leaf_sig in {node.leaf_sig for node in self.active})
                nodes = (replace(n, revoked=link.seq) if n.leaf_sig == leaf_sig else n for n in self.nodes)
                return replace(self, nodes=tuple(nodes))
            case Rotate(root, next_root):
                rules.ROTATE_COMMITTED.require(next_root_hash(root) == self.commitments[-1])
                rules.KEY_ONCE.require(root not in {node.leaf_sig for node in self.nodes})
                used = {*self.commitments, *map(next_root_hash, self.roots)}
                rules.ROTATE_NEXT.require(next_root not in used)
                return replace(self, roots=(*self.roots, root), commitments=(*self.commitments, next_root))
            case ClaimAdd(claim):
                rules.CLAIM_NEW.require(claim not in self.claims)
                rules.CLAIM_MAX.require(len(self.claims) < rules.MAX_CLAIMS)
                return replace(self, claims=(*self.claims, claim))
            case ClaimDrop(claim):
                rules.CLAIM_STANDING.require(claim in self.claims)
                return replace(self, claims=tuple(c for c in self.claims if c != claim))
            case Retire() as body:
                return replace(self, retired=body)

    def _new_node(self, link: Link, body: NodeAdd) -> Node:
        rules.KEY_SIGNATURE.require(is_signature_key(body.leaf_sig))
        rules.KEY_HPKE.require(is_hpke_key(body.hpke))
        used = {*self.roots, *(key for node in self.nodes for key in (node.leaf_sig, node.hpke))}
        rules.KEY_ONCE.require(used.isdisjoint((body.leaf_sig, body.hpke)))
        link.check_added_signature(self.persona_id)
        rules.NODE_MAX.require(len(self.active) < rules.MAX_ACTIVE_NODES)
        return Node(body.leaf_sig, body.hpke, body.label_hash, body.priority, link.seq)


@dataclass(frozen=True, slots=True, repr=False)
class Sigchain:
    """A verified chain. `forks` is unsettled evidence against it, `confirmed` the ids of what was looked at.

    Made by `decode` and `verify` only; equal when links, evidence and confirmations are.
    """

    links: tuple[Link, ...]
    state: State = field(compare=False, repr=False)
    forks: tuple[Evidence, ...] = ()
    confirmed: frozenset[bytes] = frozenset()

    def __repr__(self) -> str:
        types = " ".join(link.body.type.name.lower() for link in self.links)
        return f"Sigchain({self.persona_id.hex()[:8]}: {types}; {len(self.forks)} forks)"

    @classmethod
    def verify(cls, links: Iterable[Link]) -> Sigchain:
        """Verify a whole chain from its genesis on.

        Raises:
            RuleViolation: a rule is broken.
            UnsupportedVersion: the persona asks for a newer version.
        """
        links = tuple(links)
        if not links:
            raise rules.CHAIN_GENESIS.broken("no links")
        return cls(links[:1], State.start(links[0])).extend(links[1:])

    @classmethod
    def decode(cls, data: bytes) -> Sigchain:
        """Decode and verify a chain as `encode` wrote it; also raises DecodeError."""
        return cls.verify(decode_links(data))

    def encode(self) -> bytes:
        """Encode the links, for storage and for others. Evidence is encoded apart."""
        return encode_links(self.links)

    def extend(self, links: Iterable[Link]) -> Sigchain:
        """This chain with more links at its end; raises like `verify`."""
        out, state = list(self.links), self.state
        for link in links:
            rules.CHAIN_LENGTH.require(len(out) < rules.MAX_LINKS)
            rules.LINK_SEQ.require(link.seq == len(out))
            rules.LINK_PREV.require(link.prev == out[-1].hash)
            rules.CHAIN_ROOM.require(
                len(out) < rules.MAX_LINKS - rules.RESERVED_LINKS
                or isinstance(link.body, NodeRevoke | Rotate | Retire)
            )
            signer = link.body.root if isinstance(link.body, Rotate) else state.roots[-1]
            rules.LINK_SIGNER.require(link.signer == signer)
            link.check_signature(state.persona_id)
            state = state.after(link)
            out.append(link)
        return replace(self, links=tuple(out), state=state)._without_settled()

    def upto(self, seq: int) -> Sigchain:
        """The chain as it was after link `seq`, with the accusations of today.

        Raises:
            UsageError: it does not go so far.
        """
        if not 0 <= seq < len(self.links):
            raise UsageError(f"the chain has no link {seq}")
        state = State.start(self.links[0])
        for link in self.links[1 : seq + 1]:
            state = state.after(link)
        return replace(self, links=self.links[: seq + 1], state=state)

    def since(self, seq: int) -> bytes:
        """The links from `seq` on, encoded: what somebody needs whose copy ends there."""
        return encode_links(self.links[seq:])

    @property
    def persona_id(self) -> PersonaId:
        """Whose chain it is."""
        return self.state.persona_id

    @property
    def generation(self) -> int:
        """How often the root was rotated."""
        return len(self.state.roots) - 1

    @property
    def head(self) -> Head:
        """The end of the chain, as messages carry it."""
        return Head(len(self.links) - 1, self.links[-1].hash[:SHORT_HASH_SIZE])

    def place(self, head: Head) -> Place:
        """What a head that arrived says beside this copy."""
        if head.seq >= len(self.links):
            return Place.NEWER
        same = self.links[head.seq].hash[:SHORT_HASH_SIZE] == head.short_hash
        return Place.KNOWN if same else Place.OTHER

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The active nodes, the preferred one first; of equal ones the older."""
        return tuple(sorted(self.state.active, key=lambda node: (-node.priority, node.added)))

    def node(self, leaf_sig: bytes) -> Node | None:
        """The node with this key, active or not."""
        return next((node for node in self.state.nodes if node.leaf_sig == leaf_sig), None)

    def node_added_at(self, seq: int) -> Node | None:
        """The node that link `seq` added."""
        return next((node for node in self.state.nodes if node.added == seq), None)

    def leaves_at(self, seq: int) -> frozenset[bytes]:
        """The keys of the nodes that were active after link `seq`."""
        return frozenset(node.leaf_sig for node in self.state.nodes if node.valid_at(seq))

    def trusts(self, leaf_sig: bytes) -> bool:
        """Whether new content signed by this key is believed: active, not retired, no open accusation."""
        node = self.node(leaf_sig)
        return node is not None and node.active and self.state.retired is None and not self.forks

    def accuse(self, evidence: Evidence) -> Sigchain:
        """Take evidence against this persona down, unless it is settled or confirmed already.

        `MAX_FORKS` are kept open; more would say nothing new.

        Raises:
            UnexpectedMessage: it is about somebody else.
        """
        if evidence.persona_id != self.persona_id:
            raise rules.COPY_PERSONA.unexpected()
        known = {fork.id: fork for fork in self.forks}
        if evidence.id in known or len(known) >= rules.MAX_FORKS:
            return self
        known[evidence.id] = evidence
        return replace(self, forks=tuple(known[i] for i in sorted(known)))._without_settled()

    def confirm(self) -> Sigchain:
        """The person has looked at the open accusations and stays with this copy; they come up no more."""
        confirmed = self.confirmed | {fork.id for fork in self.forks}
        return replace(self, forks=(), confirmed=confirmed)

    def _without_settled(self) -> Sigchain:
        """Drop what a later root has settled (spec 10 §5): both sides were committed to it, and it chose."""
        if not self.forks:
            return self
        revealed = {next_root_hash(root) for root in self.state.roots}

        def is_open(fork: Evidence) -> bool:
            settled = len(fork.commitments) == 1 and fork.commitments <= revealed
            return not settled and fork.id not in self.confirmed

        return replace(self, forks=tuple(filter(is_open, self.forks)))


def encode_links(links: Iterable[Link]) -> bytes:
    """Encode links as an array of byte strings."""
    return cbor.encode([link.data for link in links])


def decode_links(data: bytes) -> tuple[Link, ...]:
    """Decode links; nothing is verified yet.

    Raises:
        DecodeError: no array of links, or more than a chain can have.
        UnsupportedVersion: a link of a type that a newer program may know.
    """
    value = cbor.decode(data, max_size=_MAX_CHAIN_SIZE, max_items=2 * rules.MAX_LINKS)
    if isinstance(value, list) and len(value) > rules.MAX_LINKS:
        raise rules.CHAIN_LENGTH.undecodable(f"{len(value)} links")
    items = cbor.Record("a chain", {1: value}).octets_array(1, at_most=rules.MAX_LINKS)
    return tuple(Link.decode(item) for item in items)
