"""Carrying: envelopes that travel in a file, by mail or as a picture, instead of over a relay (spec 51).

    record = Record(CARRY.sent(pair, CARRY.period(now)), RecordClass.ENVELOPE, envelope)
    for piece in write(bundle_id, records):
        file.write(piece)

    expected = Expected.of(CARRY, pairs, now)
    for record in read(pieces).records:                      # all that is whole, then the error
        if (found := expected.find(record.tag)) is not None:
            take(found.key, record.data)                     # as if a relay had brought it

Whoever carries a bundle sees how many records it has and how large they are.
"""

from .acks import BundleAck, carried_hash
from .bundle import Bundle, Record, RecordClass, read, write
from .qr import from_text, to_text
from .tags import CARRY, Expected, Found, Pair, RotatingTag

__all__ = [
    "CARRY",
    "Bundle",
    "BundleAck",
    "Expected",
    "Found",
    "Pair",
    "Record",
    "RecordClass",
    "RotatingTag",
    "carried_hash",
    "from_text",
    "read",
    "to_text",
    "write",
]
