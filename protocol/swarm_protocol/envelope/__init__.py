"""Envelopes: what relays see of what nodes say to each other (spec 20).

    key = QueueKey.generate(entropy)
    for frame in frames_for(Kind.MLS_PRIVATE, message, link_seq):
        store_then_send(seal_envelope(key, frame, entropy=entropy))

    frame = open_envelope(key, envelope)            # or CannotOpen, which says nothing
    if frame.kind is Kind.PART:
        reassembler, outcome = reassembler.add(Part.decode(frame.payload), now=now)

Everything is an immutable value; what raises has changed nothing.
"""

from .frame import Frame, Kind
from .parts import Gap, Part, Reassembler, Waiting, Whole, frames_for, split
from .seal import Bucket, QueueKey, bucket_for, open_envelope, seal_envelope

__all__ = [
    "Bucket",
    "Frame",
    "Gap",
    "Kind",
    "Part",
    "QueueKey",
    "Reassembler",
    "Waiting",
    "Whole",
    "bucket_for",
    "frames_for",
    "open_envelope",
    "seal_envelope",
    "split",
]
