"""The outer envelope: what a relay stores (spec 20 §1 and §2).

    version 1 B | nonce 24 B | XChaCha20-Poly1305(queue_key, padded frame)

There is no sender in it, no type and no time, and its length is one of four. The nonce is random: with 24
bytes that is safe for every envelope that a queue will ever see. The version is authenticated with the rest.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt as _decrypt,
)
from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_encrypt as _encrypt,
)
from nacl.exceptions import CryptoError

from ..entropy import Entropy
from ..errors import CannotOpen, LimitError, UsageError
from . import rules
from .frame import Frame

_VERSION = bytes([rules.VERSION])
_MARK = b"\x80"


class Bucket(IntEnum):
    """Sizes that an envelope can have, in bytes. `Bucket(n)` raises ValueError for any other."""

    SMALL = 512
    MEDIUM = 2 * 1024
    LARGE = 8 * 1024
    HUGE = 32 * 1024

    @property
    def room(self) -> int:
        """Bytes of the largest frame that fits."""
        return self - rules.OVERHEAD - len(_MARK)


_SIZES = frozenset(map(int, Bucket))


@dataclass(frozen=True, slots=True)
class QueueKey:
    """The key of one queue, 32 bytes: its sender and its recipient have it, its relay does not."""

    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) != rules.KEY_SIZE:
            raise UsageError(f"a queue key has {rules.KEY_SIZE} bytes")

    @classmethod
    def generate(cls, entropy: Entropy) -> QueueKey:
        """Make the key of a new queue."""
        return cls(entropy(rules.KEY_SIZE))


def bucket_for(size: int, *, at_least: Bucket = Bucket.SMALL) -> Bucket:
    """The smallest bucket, from `at_least` on, for a frame of `size` bytes.

    Raises:
        LimitError: it fits in none.
    """
    for bucket in Bucket:
        if bucket >= at_least and size <= bucket.room:
            return bucket
    raise LimitError(f"a frame of {size} bytes; an envelope carries {rules.MAX_FRAME}")


def seal_envelope(key: QueueKey, frame: Frame, *, entropy: Entropy, at_least: Bucket = Bucket.SMALL) -> bytes:
    """Seal a frame. Store the result and repeat it byte for byte: sealed anew it is another envelope.

    `at_least` hides the frame's size better than the smallest bucket would.

    Raises:
        LimitError: the frame is too large; `frames_for` splits it.
    """
    data = frame.encode()
    return _seal(key, pad(data, bucket_for(len(data), at_least=at_least)), entropy(rules.NONCE_SIZE))


def open_envelope(key: QueueKey, envelope: bytes) -> Frame:
    """Open an envelope.

    Raises:
        CannotOpen: it is not as somebody with the key made it, or it is no envelope; no reason is given.
        DecodeError, UnsupportedVersion: whoever has the key sealed something that is no frame we read.
    """
    if len(envelope) not in _SIZES or envelope[:1] != _VERSION:
        raise CannotOpen
    nonce, sealed = envelope[1 : 1 + rules.NONCE_SIZE], envelope[1 + rules.NONCE_SIZE :]
    try:
        padded = _decrypt(sealed, _VERSION, nonce, key.secret)
    except CryptoError:
        raise CannotOpen from None
    return Frame.decode(unpad(padded))


def pad(frame: bytes, bucket: Bucket) -> bytes:
    """Fill up for a bucket: the frame, a byte 0x80, zeros. Whatever a frame ends in, there is one reading."""
    return (frame + _MARK).ljust(bucket.room + len(_MARK), b"\x00")


def unpad(padded: bytes) -> bytes:
    """What was padded.

    Raises:
        CannotOpen: it is not padded. Only who has the key can have made it so, and learns nothing either.
    """
    frame = padded.rstrip(b"\x00")
    if frame[-1:] != _MARK:
        raise CannotOpen
    return frame[:-1]


def _seal(key: QueueKey, padded: bytes, nonce: bytes) -> bytes:
    return _VERSION + nonce + _encrypt(padded, _VERSION, nonce, key.secret)
