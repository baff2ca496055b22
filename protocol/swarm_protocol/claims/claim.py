"""A claim: a persona says that an account on another network is its own (spec 42 §1-3).

Its hash stands in the sigchain, which all contacts see; what it is about they learn when it is opened to
them. Its public text stands at the account, where anybody sees it: only who knows the claim can tell what it
says.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from .. import cbor, labels
from ..cbor import Record, Value
from ..entropy import Entropy
from ..errors import RemoteProtocolError, UsageError
from ..identity import PersonaId, Sigchain, claim_hash
from ..identity.rules import MAX_CLAIMS
from ..labels import HASH_SIZE
from . import rules

PREFIX = "swarm:1:"
_NETWORK = re.compile(rf"[a-z0-9-]{{1,{rules.MAX_NETWORK}}}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Claim:
    """An account: the id of its network, and how that calls it for everybody and for ever.

    `address` is what people type to find it. It is a hint and no part of the claim.
    """

    network: str
    handle: str = field(repr=False)
    nonce: bytes = field(repr=False)
    address: str = field(default="", repr=False, compare=False)

    def __post_init__(self) -> None:
        if not _NETWORK.fullmatch(self.network):
            raise rules.CLAIM_NETWORK.undecodable()
        printable = (self.handle + self.address).isprintable()  # so neither is half a surrogate pair
        sizes = (len(text.encode()) for text in (self.handle, self.address) if printable)
        if not self.handle or not printable or max(sizes) > rules.MAX_HANDLE:
            raise rules.CLAIM_HANDLE.undecodable()

    @classmethod
    def make(cls, network: str, handle: str, *, address: str = "", entropy: Entropy) -> Claim:
        """A new claim.

        Raises:
            UsageError: it would be refused.
        """
        try:
            return cls(network, handle, entropy(rules.NONCE_SIZE), address)
        except RemoteProtocolError as e:
            raise UsageError(f"nobody would read this claim: {e}") from e

    @classmethod
    def read(cls, value: Value) -> Claim:
        """Read one out of an opening; raises DecodeError."""
        r = Record.of(value, "a claim")
        network, handle = r.text(1, at_most=rules.MAX_NETWORK), r.text(2, at_most=rules.MAX_HANDLE)
        address = r.text(4, at_most=rules.MAX_HANDLE) if 4 in r else ""
        return cls(network, handle, r.octets(3, size=rules.NONCE_SIZE), address)

    def fields(self) -> dict[int, Value]:
        """Give the fields."""
        address: dict[int, Value] = {4: self.address} if self.address else {}
        return {1: self.network, 2: self.handle, 3: self.nonce, **address}

    @property
    def hash(self) -> bytes:
        """What stands in the sigchain, 32 bytes."""
        return claim_hash(self.network, self.handle, self.nonce)

    def text(self, persona_id: PersonaId) -> str:
        """The public text: this account is that persona's."""
        named = labels.CLAIM_TEXT.hash(cbor.encode([persona_id, self.network, self.handle, self.nonce]))
        return PREFIX + base64.urlsafe_b64encode(named).rstrip(b"=").decode()

    def check_stands(self, chain: Sigchain) -> None:
        """See whether its persona stands by it.

        Raises:
            RuleViolation: it was never in the chain, or was dropped.
        """
        rules.CLAIM_STANDS.require(self.stands_in(chain))

    def stands_in(self, chain: Sigchain) -> bool:
        """Whether its persona stands by it."""
        return self.hash in chain.state.claims


def encode_opened(claims: Sequence[Claim]) -> bytes:
    """Claims for a contact to know, as a `claim` message carries them."""
    return cbor.encode({1: [claim.fields() for claim in claims]})


def decode_opened(data: bytes) -> tuple[Claim, ...]:
    """The claims that a contact opens. Raises DecodeError."""
    r = Record.decode(data, "claims", max_size=rules.MAX_OPENED)
    claims = tuple(Claim.read(value) for value in r.array(1, at_most=MAX_CLAIMS))
    if not claims or len({claim.hash for claim in claims}) != len(claims):
        raise rules.CLAIMS_OPENED.undecodable()
    return claims


def read_text(text: str) -> bytes:
    """The 32 bytes of a public text. Raises DecodeError."""
    try:
        data = base64.b64decode(text.removeprefix(PREFIX) + "=", altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise rules.CLAIM_TEXT.undecodable() from None
    again = PREFIX + base64.urlsafe_b64encode(data).rstrip(b"=").decode()
    if len(data) != HASH_SIZE or again != text:
        raise rules.CLAIM_TEXT.undecodable()
    return data
