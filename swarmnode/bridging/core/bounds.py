"""How much a network may say at once: whatever comes is measured before anything is written.

What is over a bound that a person would not reach is refused as a whole (`Hostile`); names and titles, which
are for display alone, are cut.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec

from swarm_bridges import api
from swarm_bridges import document as doc
from swarm_bridges.claims import MAX_CLAIMS, texts_in

MAX_EVENTS = 10_000
"""In one batch."""
MAX_ID = 1_024
"""Characters of whatever a network names things with."""
MAX_NAME = 256
"""Characters of names and titles."""
MAX_CONTENT = 1 << 20
"""Bytes of a message's content, encoded."""
MAX_ABOUT = 1 << 16
"""Bytes of what is about a message: many such wait for messages that never come."""
MAX_SYMBOLS = 64
"""Reactions of one person to one message, and marks, and characters of each."""
MAX_MEMBERS = 50_000
MAX_ALIASES = 16
MAX_CURSOR = 1 << 20
"""Bytes."""
MAX_PARKED = 10_000
"""Parked events and tombstones of one conversation; the oldest go first."""
KEPT_REVISIONS = 32

Told: TypeAlias = api.Event


class Hostile(ValueError):
    """An event that no network sends in earnest."""


def check(event: Told) -> None:
    """Look whether an event is within bounds.

    Raises:
        Hostile: it is not; the text says what, without what it held.
    """
    about = isinstance(event, api.ReactionsNow | api.MarksNow | api.ReceiptMoved | api.DeliveryFailed)
    if size_of(event) > (MAX_ABOUT if about else MAX_CONTENT):
        raise Hostile("too many bytes")
    for name in _ids(event):
        if not name or len(name) > MAX_ID:
            raise Hostile("an id that is empty or too long")
        try:
            name.encode()
        except UnicodeEncodeError:
            raise Hostile("an id that is no text") from None
    match event:
        case api.MessageSeen():
            if len(event.aliases) > MAX_ALIASES:
                raise Hostile("too many aliases")
            _check_depth(event.body)
        case api.ReactionsNow(values=symbols) | api.MarksNow(mine=symbols):
            if len(symbols) > MAX_SYMBOLS or any(len(symbol) > MAX_SYMBOLS for symbol in symbols):
                raise Hostile("too many reactions, or too long ones")
        case api.ConversationSeen(members=members):
            if members is not None and len(members) > MAX_MEMBERS:
                raise Hostile("too many members")
        case api.ClaimsSeen(claims=texts):
            if len(texts) > MAX_CLAIMS or any(texts_in(text) != (text,) for text in texts):
                raise Hostile("too many claims, or what is none")
        case _:
            pass


def named(refs: Iterable[api.MessageRef], *others: str) -> bool:
    """Whether an answer names messages as a network does; `others` are revisions and further ids."""
    names = [name for ref in refs for name in _of_message(ref)]
    return all(names) and all(len(name) <= MAX_ID for name in (*names, *others))


def size_of(event: Told | api.Capabilities) -> int:
    """Bytes of an event on its way from the bridge.

    Raises:
        Hostile: it cannot be encoded.
    """
    try:
        return len(msgspec.msgpack.encode(event))
    except (UnicodeEncodeError, RecursionError, OverflowError, ValueError):
        raise Hostile("an event that cannot be encoded") from None


def name(text: str) -> str:
    """A name or title, on one line and cut; for display alone."""
    return " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * MAX_NAME]).split())[:MAX_NAME]


def file_name(text: str) -> str:
    """A file's name, without the folders before it; one that is too long loses its beginning."""
    return name(text.replace("\\", "/").rpartition("/")[2][-MAX_NAME:])


def wall_s(remote_time: float | None, now: int) -> int:
    """A time of a network as Unix seconds, from 0 to now; now where there is none that can be."""
    if remote_time is None or not math.isfinite(remote_time) or remote_time < 0:
        return max(now, 0)
    return max(0, min(int(remote_time), now))


def seconds(remote_time: float) -> int | None:
    """A time of a network that may lie ahead, for display; None where it is none."""
    return int(remote_time) if 0 <= remote_time < 1 << 40 else None


def _ids(event: Told) -> Iterator[str]:
    match event:
        case api.MessageSeen():
            yield from (*_of_message(event.ref), event.actor.remote_id, event.revision, *event.aliases)
            for ref in (event.reply_to, event.thread_root):
                yield from () if ref is None else _of_message(ref)
            for given in (event.order, event.echo_of):
                yield from () if given is None else (given,)
        case api.MessageGone() | api.ReactionsNow() | api.MarksNow():
            yield from _of_message(event.target)
        case api.DeliveryFailed(recipient=recipient, intent=intent):
            yield from _of_message(event.target)
            yield from () if recipient is None else (recipient.remote_id,)
            yield from () if intent is None else (intent,)
        case api.ReceiptMoved():
            yield from _of_message(event.up_to)
        case api.ConversationSeen(members=members):
            yield event.conversation.remote_id
            yield from (member.remote_id for member in members or ())
            yield from event.moderators
            if (asked := event.invitation) is not None:
                yield from (asked.by.remote_id,) if asked.by is not None else ()
                yield from (asked.ticket,) if asked.ticket else ()
        case api.ConversationGone(moved_to=moved_to):
            yield event.conversation.remote_id
            yield from () if moved_to is None else (moved_to.remote_id,)
        case api.ActorSeen():
            yield event.actor.remote_id
        case api.IdentityMoved():
            yield from (event.old, event.new)
        case api.Coverage():
            yield event.conversation.remote_id
            yield from (key for key in (event.since, event.until) if key is not None)
        case api.OpaqueSeen():
            yield from _of_message(event.ref)
        case api.ClaimsSeen(handle=handle):
            yield from (handle,) if handle else ()
    actor = getattr(event, "actor", None)
    if actor is not None:
        yield actor.remote_id


def _of_message(ref: api.MessageRef) -> Iterable[str]:
    return (ref.conversation.remote_id, ref.remote_id, *((ref.part,) if ref.part else ()))


def _check_depth(body: doc.Document) -> None:
    """Whoever shows a document walks it with a stack of its own depth."""
    nodes, level = 0, list[msgspec.Struct](body.blocks)
    for _ in range(2 * doc.MAX_DEPTH + 2):  # an item of a list is a level too
        if not level:
            return
        nodes += len(level)
        if nodes > doc.MAX_NODES:
            break
        level = [
            child for node in level for child in (*getattr(node, "children", ()), *getattr(node, "items", ()))
        ]
    raise Hostile("a document that is too deep or too large")
