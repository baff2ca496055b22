"""Carriage: envelopes as messages of another network, in a conversation of two accounts there (spec 53).

    for fragment in fragments_of(Thing.ENVELOPE, envelope, size):
        send(fragment.encode())

    reassembler, whole = reassembler.add(Fragment.decode(blob), now=now)
    if whole is not None:
        take(whole.thing, whole.data)

Whoever runs the network sees that two accounts exchange something, when, and how large it is.
"""

from .fragments import Fragment, Thing, count_of, fragments_of, name_of
from .probe import Probe, key_in, key_out
from .reassembly import Reassembler, Unfinished, Whole

__all__ = [
    "Fragment",
    "Probe",
    "Reassembler",
    "Thing",
    "Unfinished",
    "Whole",
    "count_of",
    "fragments_of",
    "key_in",
    "key_out",
    "name_of",
]
