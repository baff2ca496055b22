"""Spoken codes: a number and two words, from which both sides make the same invite (spec 40 §7).

    offer = offer_code(code, at, queue, expires_at=..., entropy=entropy)    # PUT offer.message at offer.slot
    taken = take_code(code, at, message, entropy)          # FETCHed there; send taken.message to taken.queue
    secret = hear_code(offer, reply)                       # WrongCode: destroy the queue, the code is burnt

SPAKE2 turns the two words into a strong key, with one guess for whoever tries. The invite's secret follows
from that key on both sides and is never sent. The inviter makes an ordinary invite of it, the joiner fetches
its bundle as that of any invite; only who had the words can have sealed it.

The library's arithmetic takes a time that depends on its secrets. Each is used once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .. import cbor, labels
from ..cbor import Record
from ..entropy import Entropy
from ..errors import RuleViolation, UsageError
from ..mailbox.commands import ID_SIZE, SlotId
from ..mailbox.records import QueueRecord
from ..mls.ciphersuite import same
from . import rules
from .bundle import Invitation, bundle_hash
from .link import InviteLink, LinkSecret, RelayAddress
from .safety import LIST_SIZE
from .text import LinkKind

_POINT_SIZE = 33
_OFFER, _TAKE = labels.CODE.prefix + b"offer", labels.CODE.prefix + b"take"


class WrongCode(RuleViolation):
    """The other side had another code. It is burnt: destroy its queue, and make a new one."""


@dataclass(frozen=True, slots=True)
class Code:
    """A nameplate, which says where, and two words, which are the secret."""

    nameplate: int
    words: str = field(repr=False)

    @classmethod
    def generate(cls, wordlist: Sequence[str], entropy: Entropy) -> Code:
        """Draw a code. Its words have 22 bits, its nameplate none: a relay can look at all of them.

        Raises:
            UsageError: the list has another length than 2,048.
        """
        if len(wordlist) != LIST_SIZE:
            raise UsageError(f"a word list has {LIST_SIZE} words")
        first, second = (int.from_bytes(entropy(2), "big") % LIST_SIZE for _ in range(2))
        nameplate = 1 + int.from_bytes(entropy(8), "big") % rules.NAMEPLATES
        return cls(nameplate, f"{wordlist[first]}-{wordlist[second]}")

    @classmethod
    def parse(cls, text: str, wordlist: Sequence[str]) -> Code:
        """Read what somebody typed, in any case and with any separators.

        Raises:
            DecodeError: not a number and two words of the list (`code-form`).
        """
        match = re.fullmatch(r"[\W_]*([0-9]{1,4})[\W_]+([^\W_]+)[\W_]+([^\W_]+)[\W_]*", text.lower())
        if match is None or not int(match[1]) or not {match[2], match[3]} <= set(wordlist):
            raise rules.CODE_FORM.undecodable()
        return cls(int(match[1]), f"{match[2]}-{match[3]}")

    def __str__(self) -> str:
        return f"{self.nameplate}-{self.words}"

    def slot(self, at: RelayAddress) -> SlotId:
        """Where the offer lies on a relay."""
        prk = labels.CODE_SLOT.extract(self.nameplate.to_bytes(2, "big"))
        return SlotId(labels.CODE_SLOT.derive(prk, at.pin, size=ID_SIZE))


@dataclass(frozen=True, slots=True)
class CodeOffer:
    """The inviter's side: `message` goes into the slot, `secret` is stored until the reply comes, once."""

    nameplate: int
    at: RelayAddress
    message: bytes = field(repr=False)
    secret: bytes = field(repr=False)


def offer_code(
    code: Code, at: RelayAddress, queue: QueueRecord, *, expires_at: int, entropy: Entropy
) -> CodeOffer:
    """Offer a code on a relay; `queue` takes the reply and is made for this code.

    The invite that follows ends at `expires_at` (Unix seconds).
    """
    side = _spake2().SPAKE2_A(code.words.encode(), _OFFER, _TAKE, entropy_f=entropy)
    message = cbor.encode({1: side.start(), 2: queue.fields(), 3: expires_at})
    return CodeOffer(code.nameplate, at, message, side.serialize())


@dataclass(frozen=True, slots=True)
class AgreedSecret:
    """What a code comes to: an invite's secret that both sides have, if the code was the same."""

    secret: LinkSecret
    at: RelayAddress
    expires_at: int

    def link(self, sealed: bytes) -> InviteLink:
        """The link of the bundle that lies where it leads. Nobody passes it on; both make it."""
        return InviteLink(LinkKind.INVITE, self.secret, (self.at,), bundle_hash(sealed), self.expires_at)

    def open(self, sealed: bytes) -> Invitation:
        """Open that bundle; raises like `Invitation.open`. It opens only if the code was the same."""
        return Invitation.open(self.link(sealed), sealed)


@dataclass(frozen=True, slots=True)
class CodeTaken:
    """The joiner's side: `message` is sent to `queue`, then the bundle is fetched as soon as it is there."""

    agreed: AgreedSecret
    queue: QueueRecord = field(repr=False)
    message: bytes = field(repr=False)


def take_code(code: Code, at: RelayAddress, message: bytes, entropy: Entropy) -> CodeTaken:
    """Answer an offer. Store the result before the message leaves, and repeat that as it is.

    Whether the code is right shows when the bundle is there, or the queue is gone.

    Raises:
        DecodeError: what lay in the slot is no offer.
        RuleViolation: a key of the relay cannot be used.
    """
    r = Record.decode(message, "an offer of a code", max_size=rules.BUNDLE_SIZE)
    point = r.octets(1, size=_POINT_SIZE)
    queue, expires_at = QueueRecord.read(r.record(2, "a queue record")), r.uint(3)
    side = _spake2().SPAKE2_B(code.words.encode(), _OFFER, _TAKE, entropy_f=entropy)
    own: bytes = side.start()
    prk = _agree(side, point, code.nameplate, at, message, own)
    reply = cbor.encode({1: own, 2: _proof(prk)})
    return CodeTaken(_agreed(prk, at, expires_at), queue, reply)


def hear_code(offer: CodeOffer, reply: bytes) -> AgreedSecret:
    """Take the one reply that counts; forget the offer, whatever comes of it.

    Raises:
        WrongCode: the other side had another code.
        DecodeError: no reply. It was a guess all the same.
    """
    r = Record.decode(reply, "a reply to a code", max_size=rules.BUNDLE_SIZE)
    point, proof = r.octets(1, size=_POINT_SIZE), r.octets(2, size=rules.KEY_SIZE)
    side = _spake2().SPAKE2_A.from_serialized(offer.secret)
    prk = _agree(side, point, offer.nameplate, offer.at, offer.message, point)
    if not same(_proof(prk), proof):
        raise WrongCode(str(rules.CODE_RIGHT.broken()), rule=rules.CODE_RIGHT.id)
    expires_at = Record.decode(offer.message, "our offer").uint(3)
    return _agreed(prk, offer.at, expires_at)


def _spake2() -> Any:
    """The library. It computes its groups when it is loaded, and few starts of a node need a code."""
    import spake2.ed25519_basic  # type: ignore[import-untyped]  # noqa: PLC0415

    return spake2


def _agree(side: Any, point: bytes, nameplate: int, at: RelayAddress, offer: bytes, reply: bytes) -> bytes:
    """The key of both, bound to all that was said in the open: the queue and the end of the invite too."""
    library = _spake2()
    try:
        shared: bytes = side.finish(point)
    except (library.SPAKEError, library.ed25519_basic.NotOnCurve, ValueError):
        raise rules.CODE_MESSAGE.undecodable() from None
    return labels.CODE.extract(cbor.encode([shared, at.pin, nameplate, offer, reply]))


def _proof(prk: bytes) -> bytes:
    return labels.CODE.derive(prk, b"proof")


def _agreed(prk: bytes, at: RelayAddress, expires_at: int) -> AgreedSecret:
    inv_id = labels.CODE.derive(prk, b"invite", size=rules.ID_SIZE)
    return AgreedSecret(LinkSecret(inv_id, labels.CODE.derive(prk, b"link key")), at, expires_at)
