"""Nodes that reach each other without a relay: on one network, or at an address (spec 52).

publish(encode_txt(announce(pairs, now=now, entropy=entropy)))        # on the LAN, anew each hour
contacts = heard(expected_beacons, decode_txt(properties))

first_frame = knock(pair, now=now, entropy=entropy)                    # the caller, over pinned TLS
door, who = door.open(first_frame, expected_names)                     # the listener, or CannotOpen

direct, effects = direct.handle(Offer(envelope_id, envelope))          # then both are alike
"""

from ..carry.tags import Expected, Pair
from .beacons import BEACON, announce, decode_txt, encode_txt, heard
from .direct import (
    Busy,
    Deliver,
    Direct,
    Effect,
    Heard,
    Input,
    Keep,
    Offer,
    Refuse,
    Send,
    Stored,
    key_in,
    key_out,
)
from .door import DOOR_NAME, Door, knock

__all__ = [
    "BEACON",
    "DOOR_NAME",
    "Busy",
    "Deliver",
    "Direct",
    "Door",
    "Effect",
    "Expected",
    "Heard",
    "Input",
    "Keep",
    "Offer",
    "Pair",
    "Refuse",
    "Send",
    "Stored",
    "announce",
    "decode_txt",
    "encode_txt",
    "heard",
    "key_in",
    "key_out",
    "knock",
]
