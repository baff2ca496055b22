"""Work stamps: what a stranger spends to be read (spec 40 §3).

A stamp is a number n for which Argon2id gives a tag that starts with so many zero bits. It takes 2^bits
evaluations on average to find and one to check; each fills 8 MiB and takes some 20 ms, which graphics cards
speed up little. It shapes a rate; it does not stop who has a data centre.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from ..errors import UsageError
from . import rules

MEMORY_KIB = 8 * 1024
_TAG_SIZE = 32


def search_stamp(challenge: bytes, bits: int, *, start: int = 0, steps: int) -> int | None:
    """Try the numbers from `start` on, `steps` of them; the first that is a stamp, or None.

    The caller goes on with `start + steps`, and can show how far it is in between.

    Raises:
        UsageError: more work than an address may ask for.
    """
    if not 0 <= bits <= rules.MAX_STAMP_BITS:
        raise UsageError(f"a stamp has 0 to {rules.MAX_STAMP_BITS} bits")
    return next((n for n in range(start, start + steps) if is_stamp(challenge, bits, n)), None)


def is_stamp(challenge: bytes, bits: int, number: int) -> bool:
    """Whether a number (64 bits) is a stamp for a challenge (32 bytes)."""
    if not bits:
        return True
    kdf = Argon2id(salt=challenge, length=_TAG_SIZE, iterations=1, lanes=1, memory_cost=MEMORY_KIB)
    tag = kdf.derive(number.to_bytes(8, "big"))
    return int.from_bytes(tag, "big") >> (8 * _TAG_SIZE - bits) == 0
