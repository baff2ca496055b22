"""Every rule of `protocol/spec/21-content.md`, by name, and its bounds."""

from __future__ import annotations

from ..rules import Rule

MAX_MESSAGE = 320 * 1024
"""Bytes of one chained message: files of 256 KiB, a text and what stands around them, and within what MLS
and the parts of an envelope can carry."""

MAX_COPY = MAX_MESSAGE + 64
"""Bytes of a copy: a message whole."""

MAX_UNCHAINED = MAX_MESSAGE + 1024
"""Bytes of one message from node to node: a copy, and what stands around it."""

MAX_TEXT = 32 * 1024
"""Bytes of a text in UTF-8."""

MAX_SYMBOL = 64
"""Bytes of a reaction in UTF-8: the longest emoji of today have some 40."""

MAX_ATTACHMENTS = 4
MAX_ATTACHED = 256 * 1024
"""Bytes of all files of a message together. Larger ones are not for messages."""

MAX_FILE_NAME = 255
"""Bytes of a file's name in UTF-8: what file systems take."""

MAX_DESCRIPTION = 4096
"""Bytes of what a picture shows; networks that ask for that take 1,500 characters. Counted with the file."""

MAX_MEDIA_TYPE = 127
"""Bytes of a media type (RFC 6838 §4.2 allows 127 for each half; in use are some 70 in all)."""

MAX_QUEUE_CTL = 1024
"""Bytes of a step of a rotation, which holds a queue record of 512 at most."""

MAX_ADDR_REC = 4096
MAX_ADDRESS = 256
"""Bytes of an address: a host of 253 and some, or an onion name, with a port."""

MAX_ENDPOINTS = 8
MAX_EMERGENCY = 2
MAX_HAVE = 72 * 1024
"""256 authors, with 8 ranges of the largest numbers each."""

MAX_REQUEST = 32 * 1024
"""256 ids in the worst case are of as many authors, some 90 bytes each."""

MAX_CHAIN = 272 * 1024
"""Bytes of links: a whole sigchain has 264 KiB at most."""

MAX_CLAIM = 72 * 1024
"""Bytes of 32 claims with the longest handles and addresses."""

MAX_CHALLENGE = 4096
"""Two handles have 1 KiB each."""

MAX_PARENTS = 4
MAX_REFS = 8
MAX_TARGETS = 64
MAX_RANGES = 64
MAX_TIMER_S = 366 * 86_400

MAX_HELD = 256
"""Links that are held for each author beyond a gap."""

MAX_JUMP = 1 << 32
"""What a lamport may be above the highest that was seen: nobody can use up the numbers for all others."""


def _rule(rule_id: str, section: str, text: str) -> Rule:
    return Rule(rule_id, "21", section, text)


# Messages
CONTENT_CHAINED = _rule(
    "content-chained",
    "1",
    "a message with a signature has author_seq, lamport and heads, one without has no author_seq, prev, "
    "parents and lamport",
)
CONTENT_PREV = _rule("content-prev", "1", "each message of a chain but the first names the one before")
CONTENT_PARENTS = _rule("content-parents", "1", "parents are in rising order, each once")
CONTENT_CONVERSATION = _rule("content-conversation", "2", "a message is for the conversation it came in")
CONTENT_AUTHOR = _rule(
    "content-author", "2", "the author of a message is its MLS sender; of a repaired copy, who signed it"
)
CONTENT_SIGNATURE = _rule("content-signature", "2", "the signature of a message verifies under its author")
CONTENT_LAMPORT = _rule(
    "content-lamport", "2", "a lamport is at most 2^32 above the highest that was seen in the conversation"
)

# Types
TYPE_CHAINED = _rule("type-chained", "3", "types that are chained are, and the others are not")
TYPE_REFS = _rule("type-refs", "3", "a reply, an edit and a react have one ref, the other types none")
RECEIPT_RANGES = _rule(
    "receipt-ranges", "3", "the ranges of a receipt are in rising order, and none touches the next"
)
TARGETS_ONCE = _rule(
    "targets-once", "3", "a delete_req and a delete_rcpt have targets, in rising order, each once"
)
ATTACHMENTS_SIZE = _rule(
    "attachments-size",
    "3",
    f"the files of a message and what is said of them have no more than {MAX_ATTACHED} bytes together",
)
ATTACHMENT_NAME = _rule(
    "attachment-name",
    "3",
    "the name of a file is no path and can be printed, its media type is printable ASCII",
)

# Chains of authors
AUTHOR_CHAIN = _rule("author-chain", "4", "a link belongs to the author and conversation of its chain")
AUTHOR_HELD = _rule("author-held", "4", f"at most {MAX_HELD} links of one author wait behind a gap")
FORK_CONFLICT = _rule(
    "fork-conflict",
    "5",
    "evidence holds two links of one author in one conversation that contradict each other",
)

# What messages do to others
CHANGE_TARGET = _rule(
    "change-target", "7", "an edit names a text or a reply, a react anything but an edit or a react"
)
CHANGE_PERSONA = _rule(
    "change-persona", "7", "an edit is by the persona of its target, a react by one that may react"
)
DELETION_PERSONA = _rule(
    "deletion-persona", "7", "a delete_req is by the persona of each target, or by a moderator"
)
DELETION_SIGNATURE = _rule("deletion-signature", "7", "the signature of a delete_rcpt is its author's")
DELETION_ANSWER = _rule("deletion-answer", "7", "a delete_rcpt answers for each target of its request")

# Addresses
ADDRESSES_SIGNATURE = _rule("addresses-signature", "8", "an address record is signed by its leaf")
