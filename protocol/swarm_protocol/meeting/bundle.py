"""Bundles: what an inviter lays on a relay for who has the link (spec 40 §2). There is no persona in one.

An observer who has the link and fetches learns a key that was made for this invite, and queues that end with
it. What both sides know afterwards, link and sealed bundle, has one hash, the transcript: whatever follows is
bound to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .. import cbor, labels
from ..cbor import Record, Value
from ..entropy import Entropy
from ..errors import CannotOpen, LimitError
from ..identity.keys import is_hpke_key
from ..mailbox import limits
from ..mailbox.commands import PIN_SIZE, TICKET_SIZE
from ..mailbox.records import QueueRecord
from . import rules
from .link import InviteLink, LinkSecret, RelayAddress
from .sealing import OVERHEAD, seal, unseal
from .text import LinkKind

_ROOM = rules.BUNDLE_SIZE - OVERHEAD
_MARK = b"\x80"


@dataclass(frozen=True, slots=True)
class Lent:
    """One to four tickets for a relay, for a joiner who has none yet."""

    at: RelayAddress
    tickets: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a joiner needs: the key that requests are sealed to, and where to send them.

    `hpke` is an X-Wing key made for this invite. `label` is what the inviter wants to be called before
    anybody is known. `stamp_bits` is the work that a request must show (`stamp`), 0 for none.
    """

    hpke: bytes = field(repr=False)
    replies: tuple[QueueRecord, ...] = field(repr=False)
    lent: Lent | None = None
    label: str = ""
    stamp_bits: int = 0

    @classmethod
    def decode(cls, data: bytes) -> Bundle:
        """Decode a bundle.

        Raises:
            DecodeError: no bundle.
            RuleViolation: a key in it cannot be used.
        """
        r = Record.decode(data, "a bundle", max_size=rules.BUNDLE_SIZE)
        bundle = cls(
            hpke=r.octets(1),
            replies=read_queues(r, 2),
            lent=_read_lent(r.record(3, "what is lent")) if 3 in r else None,
            label=r.text(4, at_most=rules.MAX_LABEL),
            stamp_bits=r.uint(5, at_most=rules.MAX_STAMP_BITS),
        )
        rules.BUNDLE_KEY.require(is_hpke_key(bundle.hpke))
        return bundle

    def encode(self) -> bytes:
        """Encode the bundle."""
        lent: dict[int, Value] = {}
        if self.lent is not None:
            lent = {3: {1: self.lent.at.address, 2: self.lent.at.pin, 3: list(self.lent.tickets)}}
        return cbor.encode(
            {1: self.hpke, 2: write_queues(self.replies), **lent, 4: self.label, 5: self.stamp_bits}
        )


def _read_lent(r: Record) -> Lent:
    lent = r.octets_array(3, at_most=rules.MAX_TICKETS)
    if not lent or any(len(ticket) != TICKET_SIZE for ticket in lent):
        raise rules.BUNDLE_TICKETS.undecodable()
    at = RelayAddress(r.text(1, at_most=limits.MAX_ADDRESS), r.octets(2, size=PIN_SIZE))
    return Lent(at, tuple(lent))


def read_queues(r: Record, key: int, *, least: int = 1) -> tuple[QueueRecord, ...]:
    """The one or two queue records of a field, or none if `least` is 0; raises like `QueueRecord.read`."""
    values = r.array(key, at_most=rules.MAX_QUEUES)
    if len(values) < least:
        raise rules.QUEUE_COUNT.undecodable(r.name)
    return tuple(QueueRecord.read(Record.of(value, "a queue record")) for value in values)


def write_queues(queues: Sequence[QueueRecord]) -> list[Value]:
    """Queue records as a field."""
    return [queue.fields() for queue in queues]


def seal_bundle(secret: LinkSecret, bundle: Bundle, entropy: Entropy) -> bytes:
    """Seal a bundle for its slots; all have `BUNDLE_SIZE` bytes.

    Raises:
        LimitError: it is too large.
    """
    data = bundle.encode() + _MARK
    if len(data) > _ROOM:
        raise LimitError(f"a bundle of {len(data)} bytes; {_ROOM} have room")
    return seal(_key(secret), data.ljust(_ROOM, b"\x00"), entropy)


def bundle_hash(sealed: bytes) -> bytes:
    """What a link says of its bundle."""
    return labels.SEALED_BUNDLE.hash(sealed)[: rules.BUNDLE_HASH_SIZE]


def _key(secret: LinkSecret) -> bytes:
    return labels.INVITE_BUNDLE.derive(labels.INVITE_BUNDLE.extract(secret.key))


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link with its bundle, as both sides have them."""

    link: InviteLink
    sealed: bytes = field(repr=False)
    bundle: Bundle

    @classmethod
    def make(
        cls,
        kind: LinkKind,
        secret: LinkSecret,
        bundle: Bundle,
        *,
        fetch: Sequence[RelayAddress],
        expires_at: int | None,
        entropy: Entropy,
    ) -> Invitation:
        """Make an invite, or an address. Store it, with the private key of `bundle.hpke`, before the PUT.

        Raises:
            LimitError: the bundle is too large for a slot.
        """
        sealed = seal_bundle(secret, bundle, entropy)
        return cls(InviteLink(kind, secret, tuple(fetch), bundle_hash(sealed), expires_at), sealed, bundle)

    @classmethod
    def open(cls, link: InviteLink, sealed: bytes) -> Invitation:
        """Open what a relay gave for a link.

        Raises:
            RuleViolation: it is not what the link names (`bundle-hash`), or a key in it cannot be used.
            CannotOpen: the link was made wrongly.
            DecodeError: who made the link sealed something else.
        """
        rules.BUNDLE_HASH.require(bundle_hash(sealed) == link.bundle_hash)
        padded = unseal(_key(link.secret), sealed).rstrip(b"\x00")
        if len(sealed) != rules.BUNDLE_SIZE or padded[-1:] != _MARK:
            raise CannotOpen
        return cls(link, sealed, Bundle.decode(padded[:-1]))

    @property
    def transcript(self) -> bytes:
        """The hash of all that both sides know before they speak, 32 bytes."""
        return labels.MEETING.hash(cbor.encode([self.link.format(), self.sealed]))

    @property
    def inv_id(self) -> bytes:
        """Its id, 16 bytes."""
        return self.link.secret.inv_id

    @property
    def is_address(self) -> bool:
        """Whether it is for anybody."""
        return self.link.kind is LinkKind.ADDRESS

    @property
    def least_queues(self) -> int:
        """How many queues request and answer name at least: there is no other way between the two."""
        return 1
