"""Names: of conversations, of messages, and of messages that we have made. Pure.

A conversation is one of four:

    ADDRESS      a chat with one person. All its mails name one message that does not exist, whose id is made
                 of both addresses (`chat_root`); any mail program keeps that in what it answers.
    <ID>         a thread, by the id of its first message
    list:ID      a mailing list (RFC 2919)
    news:ADDRESS what somebody sends to many, or what a program sends

A message is named by its Message-ID. Ours have the intent and the number of the part in them, under a key of
the account: so that an echo tells what it is an echo of, and nobody else can make one.
"""

from __future__ import annotations

import hashlib
import hmac
import re

from ...api import ConversationRef, IntentId, MessageRef

LIST, NEWS = "list:", "news:"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,100}")
_OURS = re.compile(r"([A-Za-z0-9_-]{1,100})~([0-9]{1,4})~([0-9a-f]{16})@.+")


def conversation(remote_id: str) -> ConversationRef:
    """A conversation of this account alone."""
    return ConversationRef(remote_id, private=True)


def thread(root: str) -> ConversationRef:
    """The thread that began with a message."""
    return conversation(f"<{root}>")


def message(where: ConversationRef, message_id: str) -> MessageRef:
    """A message by its id, without angle brackets."""
    return MessageRef(where, message_id)


def is_chat(where: ConversationRef) -> bool:
    """Whether this is a chat with one person."""
    return not where.remote_id.startswith(("<", LIST, NEWS))


def chat_root(one: str, other: str) -> str:
    """The id that all mails of a chat name, equal for both sides."""
    names = "\0".join(sorted((one, other)))
    return f"chat.{hashlib.sha256(names.encode()).hexdigest()[:32]}@chat.invalid"


def opaque_root(one: str, other: str) -> str:
    """The id that all mails name which bring bytes between the nodes of two people, equal for both sides."""
    names = "\0".join(sorted((one, other)))
    return f"nodes.{hashlib.sha256(names.encode()).hexdigest()[:32]}@chat.invalid"


def own_id(key: bytes, intent: str, part: int, domain: str) -> str:
    """The Message-ID of a part of what the owner says, equal at every attempt."""
    name = intent if _TOKEN.fullmatch(intent) else hashlib.sha256(intent.encode()).hexdigest()
    return f"{name}~{part}~{_mark(key, name, part)}@{domain}"


def handed_in(message_id: str) -> str:
    """Under which name is remembered that the last byte of a mail of ours may have left."""
    return f"handed in {message_id}"


def peer(address: str) -> str:
    """Under which name is remembered what is known of an address."""
    return f"peer {address}"


def opening(folder: str, validity: int, uid: int) -> str:
    """Under which name is remembered that a mail is being opened, and how often that was begun."""
    return f"opening {validity} {uid} {folder}"


def intent_of(key: bytes, message_id: str) -> IntentId | None:
    """The intent whose message has this id; None where we did not make it."""
    found = _OURS.fullmatch(message_id)
    if found is None or not hmac.compare_digest(found[3], _mark(key, found[1], int(found[2]))):
        return None
    return IntentId(found[1])


def _mark(key: bytes, name: str, part: int) -> str:
    return hmac.digest(key, f"{name}~{part}".encode(), "sha256").hex()[:16]
