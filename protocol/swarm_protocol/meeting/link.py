"""What links say: where an invite's bundle lies and how to open it, and where a relay is (spec 40 §1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..cbor import Record, Value
from ..entropy import Entropy
from ..errors import UsageError
from ..mailbox import limits, tickets
from ..mailbox.commands import PIN_SIZE, SlotId
from ..mailbox.tickets import SEED_SIZE, slot_id
from . import rules
from .text import LinkKind, format_link, parse_link


@dataclass(frozen=True, slots=True)
class RelayAddress:
    """Where a relay is, and the pin of its certificate (32 bytes)."""

    address: str = field(repr=False)
    pin: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class LinkSecret:
    """What makes a link unguessable: the invite's id (16 bytes) and the key of its bundle (32 bytes)."""

    inv_id: bytes = field(repr=False)
    key: bytes = field(repr=False)

    @classmethod
    def generate(cls, entropy: Entropy) -> LinkSecret:
        """Make the secret of a new link."""
        return cls(entropy(rules.ID_SIZE), entropy(rules.KEY_SIZE))


@dataclass(frozen=True, slots=True)
class InviteLink:
    """An invite for one person, or an address for anybody.

    `fetch` are the relays that hold the bundle, `bundle_hash` names it. A one-time invite ends at
    `expires_at` (Unix seconds); an address ends with its queue.
    """

    kind: LinkKind
    secret: LinkSecret
    fetch: tuple[RelayAddress, ...] = field(repr=False)
    bundle_hash: bytes = field(repr=False)
    expires_at: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in {LinkKind.INVITE, LinkKind.ADDRESS}:
            raise UsageError(f"a {self.kind.name.lower()} link is no invite")

    @classmethod
    def parse(cls, text: str) -> InviteLink:
        """Read an invite or an address. Whether it has ended is the caller's to see.

        Raises:
            DecodeError, UnsupportedVersion, UnexpectedMessage: as `parse_link` says.
        """
        kind, r = parse_link(text, LinkKind.INVITE, LinkKind.ADDRESS)
        if (kind is LinkKind.INVITE) != (5 in r):
            raise rules.INVITE_EXPIRY.undecodable()
        return cls(
            kind,
            LinkSecret(r.octets(1, size=rules.ID_SIZE), r.octets(2, size=rules.KEY_SIZE)),
            _read_fetch(r),
            r.octets(4, size=rules.BUNDLE_HASH_SIZE),
            r.uint(5) if 5 in r else None,
        )

    def format(self) -> str:
        """Write the link: under 300 characters with two ordinary relays, under 400 with two onion ones.

        Raises:
            LimitError: its addresses are too long for a link.
        """
        fetch: list[Value] = [value for at in self.fetch for value in (at.address, at.pin)]
        ends: dict[int, Value] = {} if self.expires_at is None else {5: self.expires_at}
        secret = self.secret
        return format_link(
            self.kind, {1: secret.inv_id, 2: secret.key, 3: fetch, 4: self.bundle_hash, **ends}
        )

    def expired(self, now: int) -> bool:
        """Whether it has ended at `now` (Unix seconds)."""
        return self.expires_at is not None and now >= self.expires_at

    def slot(self, at: RelayAddress) -> SlotId:
        """Where the bundle lies on one of the relays."""
        return slot_id(self.secret.key, at.pin)


def _read_fetch(r: Record) -> tuple[RelayAddress, ...]:
    """Addresses and pins by turns, in one array: an onion address leaves no room for more."""
    values = Record("the relays of a link", dict(enumerate(r.array(3, at_most=2 * rules.MAX_FETCH))))
    count, odd = divmod(len(values.fields), 2)
    if odd or not count:
        raise rules.INVITE_FETCH.undecodable()
    return tuple(
        RelayAddress(values.text(2 * i, at_most=limits.MAX_ADDRESS), values.octets(2 * i + 1, size=PIN_SIZE))
        for i in range(count)
    )


@dataclass(frozen=True, slots=True)
class RelayLink:
    """A relay that somebody lends, and the seed of 256 tickets for it."""

    at: RelayAddress
    seed: bytes = field(repr=False)

    @classmethod
    def parse(cls, text: str) -> RelayLink:
        """Read a relay's link; raises like `InviteLink.parse`."""
        _, r = parse_link(text, LinkKind.RELAY)
        at = RelayAddress(r.text(1, at_most=limits.MAX_ADDRESS), r.octets(2, size=PIN_SIZE))
        return cls(at, r.octets(3, size=SEED_SIZE))

    def format(self) -> str:
        """Write the link."""
        return format_link(LinkKind.RELAY, {1: self.at.address, 2: self.at.pin, 3: self.seed})

    def tickets(self) -> Sequence[bytes]:
        """The tickets that the seed gives."""
        return tickets(self.seed)
