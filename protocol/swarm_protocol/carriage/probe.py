"""Probes: whether a conversation brings envelopes as they are, asked through it (spec 53 §4).

They travel in envelopes under keys of the two nodes, so an answer is by the other node and to this question.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import cbor, labels
from ..carry import Pair
from ..envelope import QueueKey

NONCE_SIZE = 16
NONCE, ANSWER = 1, 2


def key_out(pair: Pair) -> QueueKey:
    """The key that seals what we send to the other over any conversation."""
    return QueueKey(labels.CARRIAGE_KEY.derive(pair.secret, pair.own + pair.other))


def key_in(pair: Pair) -> QueueKey:
    """The key that seals what the other sends to us."""
    return QueueKey(labels.CARRIAGE_KEY.derive(pair.secret, pair.other + pair.own))


@dataclass(frozen=True, slots=True)
class Probe:
    """A question (16 random bytes), or the answer to one."""

    nonce: bytes = field(repr=False)
    answer: bool = False

    @classmethod
    def decode(cls, payload: bytes) -> Probe:
        """Decode the payload of a frame `probe`; raises DecodeError."""
        r = cbor.Record.decode(payload, "a probe")
        return cls(r.octets(NONCE, size=NONCE_SIZE), bool(r.uint(ANSWER, at_most=1)))

    def encode(self) -> bytes:
        """Encode the probe."""
        return cbor.encode({NONCE: self.nonce, ANSWER: int(self.answer)})
