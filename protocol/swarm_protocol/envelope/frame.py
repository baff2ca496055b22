"""Frames: what an envelope carries (spec 20 §3).

A frame is `{1: kind, 2: payload, 3: link_seq}`. The payload is opaque here: MLS, a handshake or a part has an
encoding of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from .. import cbor
from ..errors import LimitError
from . import rules

KIND, PAYLOAD, LINK_SEQ = range(1, 4)
MAX_LINK_SEQ = cbor.MAX_UINT


class Kind(IntEnum):
    """What a payload is."""

    MLS_PRIVATE = 1
    MLS_WELCOME = 2
    OFFER = 3
    CONN_REQ = 4
    CONN_ACC = 5
    REJOIN = 6
    PART = 7
    SLOT_DELIVERY = 8
    BUNDLE_ACK = 9
    PROBE = 10


_KINDS = frozenset(map(int, Kind))


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame. `link_seq` numbers the frames of one queue from 0, so that a missing one is noticed."""

    kind: Kind
    payload: bytes = field(repr=False)
    link_seq: int

    @classmethod
    def decode(cls, data: bytes) -> Frame:
        """Decode a frame.

        Raises:
            DecodeError: no frame, or larger than `MAX_FRAME`.
            UnsupportedVersion: a kind that a newer program may know (`frame-kind`).
        """
        r = cbor.Record.decode(data, "a frame", max_size=rules.MAX_FRAME)
        return cls(read_kind(r), r.octets(PAYLOAD), r.uint(LINK_SEQ))

    def encode(self) -> bytes:
        """Encode the frame.

        Raises:
            LimitError: it is larger than an envelope can carry; `split` it.
        """
        data = cbor.encode({KIND: int(self.kind), PAYLOAD: self.payload, LINK_SEQ: self.link_seq})
        if len(data) > rules.MAX_FRAME:
            raise LimitError(f"a frame of {len(data)} bytes; an envelope carries {rules.MAX_FRAME}")
        return data


def read_kind(r: cbor.Record) -> Kind:
    """The kind that a frame names; raises like `Frame.decode`."""
    kind = r.uint(KIND)
    if kind not in _KINDS:
        raise rules.FRAME_KIND.unsupported(str(kind))
    return Kind(kind)
