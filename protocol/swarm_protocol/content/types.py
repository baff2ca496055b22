"""The numbers of types of messages (spec 21 §3)."""

from __future__ import annotations

from enum import IntEnum


class Type(IntEnum):
    """Types of messages that are known here."""

    TEXT = 1
    REPLY = 2
    EDIT = 3
    REACT = 4
    HELLO = 5
    RECEIPT = 6
    DELETE_REQ = 7
    DELETE_RCPT = 8
    TIMER = 9
    QUEUE_CTL = 10
    ADDR_REC = 11
    HAVE = 12
    REQUEST = 13
    COPY = 14
    CHAIN = 15
    CLAIM = 16
    CHALLENGE = 17
