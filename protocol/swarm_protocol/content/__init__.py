"""Content: what people say to each other inside MLS, and what stays of it when it is deleted (spec 21).

    message = compose(keys, chain, conversation, Text("hello"), parents=tips(places),
                      lamport=next_lamport(highest), heads=heads, wall_s=now, entropy=entropy)
    chain = chain.receive(AuthorLink.of(message, conversation)).chain    # store both, then encrypt

    admitted = admit(Message.decode(data), conversation, sender=sender, highest=highest)
    if admitted.link is not None:                                        # else it is from node to node
        received = chain_of(admitted.link.author).receive(admitted.link)
    show(display_order(places))

Everything is an immutable value; what raises has changed nothing.
"""

from .addresses import AddressRecord, Endpoint, EndpointType, newer
from .admission import Admitted, admit, deletion_statement, sign_deletion
from .attachments import Attachment
from .bodies import (
    DeleteRcpt,
    DeleteReq,
    DeletionStatus,
    Edit,
    Hello,
    Range,
    React,
    Receipt,
    ReceiptStatus,
    Reply,
    Text,
    Timer,
    Unknown,
    ranges_of,
)
from .chain import AuthorChain, AuthorLink, Fork, Outcome, Received
from .changes import check_answer, check_change, check_deletion, latest_edit, reactions
from .compose import compose, compose_unchained
from .message import Author, Conversation, Heads, LogHead, Message, Place, body_of
from .nodes import ChainDelta, Told
from .order import display_order, next_lamport, tips
from .types import Type

__all__ = [
    "AddressRecord",
    "Admitted",
    "Attachment",
    "Author",
    "AuthorChain",
    "AuthorLink",
    "ChainDelta",
    "Conversation",
    "DeleteRcpt",
    "DeleteReq",
    "DeletionStatus",
    "Edit",
    "Endpoint",
    "EndpointType",
    "Fork",
    "Heads",
    "Hello",
    "LogHead",
    "Message",
    "Outcome",
    "Place",
    "Range",
    "React",
    "Receipt",
    "ReceiptStatus",
    "Received",
    "Reply",
    "Text",
    "Timer",
    "Told",
    "Type",
    "Unknown",
    "admit",
    "body_of",
    "check_answer",
    "check_change",
    "check_deletion",
    "compose",
    "compose_unchained",
    "deletion_statement",
    "display_order",
    "latest_edit",
    "newer",
    "next_lamport",
    "ranges_of",
    "reactions",
    "sign_deletion",
    "tips",
]
