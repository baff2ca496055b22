"""The GroupContext: the summary of a group's state that all members agree on (RFC 9420 §8.1)."""

from __future__ import annotations

from dataclasses import dataclass, field

from .codec import Reader, Struct, opaque, u16, u64
from .extensions import Extension, encode_extensions


@dataclass(frozen=True, slots=True)
class GroupContext(Struct):
    """Group, epoch, tree and transcript, as they go into signatures and key derivations."""

    version: int
    cipher_suite: int
    group_id: bytes
    epoch: int
    tree_hash: bytes
    confirmed_transcript_hash: bytes
    extensions: tuple[Extension, ...] = ()
    _raw: bytes | None = field(default=None, init=False, repr=False, compare=False)

    @classmethod
    def read(cls, r: Reader) -> GroupContext:
        """Read the struct."""
        return cls(r.u16(), r.u16(), r.opaque(), r.u64(), r.opaque(), r.opaque(), r.vector(Extension.read))

    def encode(self) -> bytes:
        """Encode the struct; once, since every message of the epoch signs it."""
        if self._raw is None:
            object.__setattr__(self, "_raw", self._encode())
        assert self._raw is not None
        return self._raw

    def _encode(self) -> bytes:
        return (
            u16(self.version)
            + u16(self.cipher_suite)
            + opaque(self.group_id)
            + u64(self.epoch)
            + opaque(self.tree_hash)
            + opaque(self.confirmed_transcript_hash)
            + encode_extensions(self.extensions)
        )
