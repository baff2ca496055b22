"""Offers: a meeting over a conversation that two people have on another network (spec 53 §3).

An offer stands in place of a link and its bundle. It lies open in that conversation, so it says a key that
was made for it and no persona. Request and answer are as in any meeting; they may name no queue, since the
conversation is one way already.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import cbor, labels
from ..carriage import rules
from ..cbor import Record
from ..identity.keys import is_hpke_key
from .bundle import Bundle
from .rules import ID_SIZE, MAX_LABEL

INV_ID, KEY, LABEL, END = range(1, 5)


@dataclass(frozen=True, slots=True)
class Offer:
    """An offer: its id (16 bytes), an X-Wing key, what the other side wants to be called, and its end."""

    inv_id: bytes
    hpke: bytes = field(repr=False)
    label: str
    expires_at: int

    @classmethod
    def decode(cls, data: bytes) -> Offer:
        """Decode an offer. Whether it has ended is the caller's to see.

        Raises:
            DecodeError: no offer.
            RuleViolation: its key cannot be used (`offer-key`).
        """
        r = Record.decode(data, "an offer", max_size=rules.MAX_OFFER)
        offer = cls(
            r.octets(INV_ID, size=ID_SIZE), r.octets(KEY), r.text(LABEL, at_most=MAX_LABEL), r.uint(END)
        )
        rules.OFFER_KEY.require(is_hpke_key(offer.hpke))
        return offer

    def encode(self) -> bytes:
        """Encode the offer; it is stored, and repeated as it is."""
        return cbor.encode({INV_ID: self.inv_id, KEY: self.hpke, LABEL: self.label, END: self.expires_at})

    @property
    def bundle(self) -> Bundle:
        """What a bundle would say."""
        return Bundle(self.hpke, (), label=self.label)

    @property
    def transcript(self) -> bytes:
        """The hash of all that both sides know before they speak, 32 bytes."""
        return labels.OFFERED.hash(self.encode())

    @property
    def is_address(self) -> bool:
        """It is for one person."""
        return False

    @property
    def least_queues(self) -> int:
        """How many queues request and answer name at least."""
        return 0
