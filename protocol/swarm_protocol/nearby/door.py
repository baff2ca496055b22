"""The door of a direct link (spec 52 §2): who calls shows in the first frame that they are a contact.

    knock  name 8 B | nonce 16 B | proof 16 B

The name is a tag of this hour, so the listener finds the caller in a table, and a stranger costs it nothing.
The proof is derived for the hour and the nonce; one nonce opens once. All that is wrong is one error, and the
listener closes without a word: a port scan sees a TLS server.
"""

from __future__ import annotations

import hmac
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from .. import labels
from ..carry.tags import Expected, Pair, RotatingTag
from ..entropy import Entropy
from ..errors import CannotOpen
from . import rules

K = TypeVar("K", bound=Hashable)
NAME_SIZE, NONCE_SIZE, PROOF_SIZE = 8, 16, 16
KNOCK_SIZE = NAME_SIZE + NONCE_SIZE + PROOF_SIZE
DOOR_NAME = RotatingTag(labels.DOOR_NAME, rules.HOUR, rules.HOURS, NAME_SIZE)
_PROOF = RotatingTag(labels.DOOR_PROOF, rules.HOUR, rules.HOURS, PROOF_SIZE)


def knock(pair: Pair, *, now: int, entropy: Entropy) -> bytes:
    """The first frame of a call, 40 bytes. Make a new one for each call."""
    period, nonce = DOOR_NAME.period(now), entropy(NONCE_SIZE)
    return DOOR_NAME.sent(pair, period) + nonce + _PROOF.sent(pair, period, nonce)


@dataclass(frozen=True, slots=True)
class Door:
    """What a listener remembers: the nonces that opened, by the name that they came with."""

    used: Mapping[bytes, frozenset[bytes]] = field(default_factory=dict, repr=False)

    def open(self, frame: bytes, names: Expected[K]) -> tuple[Door, K]:
        """Who calls; `names` are the tags `DOOR_NAME` that are expected now.

        Raises:
            CannotOpen: close the connection; no reason is given, to nobody.
        """
        name, nonce, proof = frame[:NAME_SIZE], frame[NAME_SIZE:-PROOF_SIZE], frame[-PROOF_SIZE:]
        found = names.find(name)
        if found is None or len(nonce) != NONCE_SIZE:
            raise CannotOpen
        awaited = _PROOF.awaited(names.pairs[found.key], found.period, nonce)
        used = self.used.get(name, frozenset())
        if not hmac.compare_digest(proof, awaited) or nonce in used or len(used) >= rules.MAX_KNOCKS:
            raise CannotOpen
        kept = {other: nonces for other, nonces in self.used.items() if names.find(other) is not None}
        return Door({**kept, name: used | {nonce}}), found.key
