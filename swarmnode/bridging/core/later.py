"""What is said now and leaves later: at a time, or after the moment in which it can be taken back (ADR 0035).

Until it leaves it is a row here and nothing else: no place in a chain, no ciphertext, no intent of a network.
So it can be changed and taken back without a trace, and it leaves as if it were said at that moment.
`leave` is called by the node's clockwork, one thing in a step. What cannot leave at its time, since somebody
was blocked or a conversation ended meanwhile, stays with the reason until its owner has decided.

Times are the wall clock's, with two exceptions. Waits of up to ten minutes count in elapsed time, so that a
clock that is set back prolongs none. And after a jump ahead nothing leaves for a minute: such jumps are often
taken back at once, and what has left is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import msgspec

from swarm_bridges import api

from ...domain.bridge_views import is_remote
from ...domain.time import Instant
from ...domain.views import AttachmentView, MessageState, MessageView
from ...domain.words import File, Words
from ...errors import Conflict, NodeError, NotFound, NotReady, UsageError
from ...services import messages as own
from ...services.news import tell
from ...services.node import Node
from ...services.step import Step
from ...storage.later_shelves import LATER, WAITING, Later
from ...storage.shelves import CONTACTS
from . import files as stored
from . import inbox, outbox, posted, posts, rooms, screens
from .packed import pack, unpack
from .posts import Said

PREFIX = "w"
"""Ids on screens begin so."""
LONGEST_S = 366 * 86_400
"""So far ahead it may be said to leave."""
PAST_S = 60
"""A time that is over by no more than that means now."""
SHORT_S = 600
"""Waits up to that count in elapsed time."""
LOOK_S = 60.0
"""How often is looked while something waits, since clocks can be set."""
JUMP_S = 60
"""A wall clock that gained more than that on elapsed time has jumped."""
SETTLING_S = 60.0
"""So long it is not believed then."""
MOST = 1000
"""That wait at once."""


class Wish(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What is to be said: in a conversation, or as a post of `accounts`."""

    text: str = ""
    reply_to: str = ""
    expire_s: int | None = None
    files: tuple[api.LocalFile, ...] = ()
    accounts: tuple[str, ...] = ()
    post: Said | None = None


class Kept(msgspec.Struct, frozen=True):
    """A wish as it lies in a backup: what is in its files in the place of their numbers."""

    wish: Wish
    data: tuple[bytes, ...]


@dataclass(slots=True)
class Watch:
    """What the clockwork remembers between two looks."""

    seen: Instant | None = None
    settled: float = 0.0
    """No sooner than at this tick the wall clock is believed."""
    short: dict[int, float] = field(default_factory=dict)
    """The ticks at which short waits are over."""


def is_later(message: str) -> bool:
    """Whether this is the id of something that waits for its time, or did."""
    return message[:1] == PREFIX and message[1:].isdecimal()


def id_of(row: Later) -> str:
    """Its id on screens."""
    return f"{PREFIX}{row.id}"


# What the owner wants


def put(step: Step, node: Node, chat: str, what: Words, *, send_at: int) -> MessageView:
    """Say something in a conversation at a time; at once if it is over by no more than a minute.

    Raises:
        NotFound, Conflict, NotReady, UsageError: as saying it now would, or for the time.
    """
    if _is_now(step, send_at):
        return inbox.send(step, node, chat, what)
    node.require_writable()
    files = tuple(stored.put(step, what.attachments))
    if not is_remote(chat):
        own.try_out(step, node, chat, what)
    elif what.expire_s:
        raise UsageError("on other networks messages do not disappear by themselves")
    else:
        outbox.fitted(step, chat, outbox.Saying(what.text, reply_to=what.reply_to, files=files))
    wish = Wish(text=what.text, reply_to=what.reply_to, expire_s=what.expire_s, files=files)
    return view(step, node, _add(step, chat, wish, send_at))


def put_post(step: Step, said: Said, wanted: Sequence[str], data: Sequence[bytes], *, send_at: int) -> str:
    """Publish a post at a time; the id of the post, or of what waits.

    Raises:
        NotFound, UsageError: as posting it now would, or for the time.
    """
    if _is_now(step, send_at):
        return posted.post_id(posts.make(step, said, wanted, data))
    posts.plans(step, said, wanted)
    files = stored.put(step, [stored.with_bytes(f, d) for f, d in zip(said.files, data, strict=True)])
    wish = Wish(text=said.text, files=tuple(files), accounts=tuple(wanted), post=said)
    return id_of(_add(step, "", wish, send_at))


def _is_now(step: Step, send_at: int) -> bool:
    if not send_at:
        return True
    if send_at > step.wall_s + LONGEST_S:
        raise UsageError("that is more than a year ahead")
    if send_at < step.wall_s - PAST_S:
        raise UsageError("that time is over", hint="Nothing was sent. Choose another time, or send it now.")
    return send_at <= step.wall_s


def _add(step: Step, chat: str, wish: Wish, send_at: int) -> Later:
    if len(LATER.query(step.tx, WAITING)) >= MOST:
        raise NotReady(f"{MOST} things wait already")
    row = LATER.make(
        step.tx,
        chat=chat,
        body_id=step.tx.bodies.put(pack(wish)),
        send_at=send_at,
        created_at=step.wall_s,
    )
    _tell(step, row)
    return row


def edit(step: Step, node: Node, message: str, text: str) -> MessageView:
    """Let it say something else; nobody ever hears what it was before.

    Raises:
        Conflict: it has left.
    """
    row, wish = _waiting(step, message)
    post = wish.post and msgspec.structs.replace(wish.post, text=text)
    if post is not None:
        posts.plans(step, post, wish.accounts)
    elif not is_remote(row.chat):
        own.try_out(step, node, row.chat, Words(text, wish.reply_to, _files(step, wish)))
    else:
        outbox.fitted(step, row.chat, outbox.Saying(text, reply_to=wish.reply_to, files=wish.files))
    step.tx.bodies.shred([row.body_id or 0])
    changed = msgspec.structs.replace(wish, text=text, post=post)
    LATER.change(step.tx, row.id, body_id=step.tx.bodies.put(pack(changed)))
    _tell(step, row)
    return view(step, node, _get(step, row.id))


def move(step: Step, node: Node, message: str, send_at: int) -> MessageView:
    """Let it leave at another time: 0 or a time that is just over mean now.

    Raises:
        Conflict: it has left. UsageError: no time for it.
    """
    row, _ = _waiting(step, message)
    now = _is_now(step, send_at)
    LATER.change(step.tx, row.id, send_at=step.wall_s if now else send_at, created_at=step.wall_s, reason="")
    _tell(step, row)
    return view(step, node, _get(step, row.id))


def cancel(step: Step, node: Node, message: str) -> MessageView:
    """Take it back; what it said is in the answer, for the draft, and nowhere else any more.

    Raises:
        Conflict: it has left.
    """
    row, _ = _waiting(step, message)
    was = view(step, node, row)
    _destroy(step, row)
    _tell(step, row)
    return replace(was, kind="deleted", send_at=0)


def _waiting(step: Step, message: str) -> tuple[Later, Wish]:
    row = find(step, message)
    wish = wish_of(step, row)
    if wish is None:
        why = "this message has left" if row.became else "this message was taken back"
        raise Conflict(why, hint="Delete it on the other side: `swarmnode delete`." if row.became else "")
    return row, wish


def _destroy(step: Step, row: Later) -> None:
    wish = wish_of(step, row)
    ids = [int(file.id) for file in wish.files] if wish is not None else []
    step.tx.bodies.shred([row.body_id or 0, *ids])
    LATER.change(step.tx, row.id, body_id=None)


# When its time has come


def next_due(step: Step, node: Node, watch: Watch) -> tuple[int | None, float | None]:
    """The row that is to leave now; else in how many seconds to look again, None while nothing waits."""
    _look_at_clock(step.now, watch)
    waiting = [row for row in LATER.query(step.tx, WAITING) if not row.reason]
    watch.short = {row.id: _over_at(step.now, watch, row) for row in waiting if _is_short(row)}
    soonest = LOOK_S
    for row in waiting if not node.quarantine else ():
        left = _left_s(step.now, watch, row)
        if left <= 0:
            return row.id, 0.0
        soonest = min(soonest, left)
    return None, soonest if waiting else None


def _look_at_clock(now: Instant, watch: Watch) -> None:
    if watch.seen is not None:
        ahead = (now.wall_s - watch.seen.wall_s) - (now.tick - watch.seen.tick)
        if ahead > JUMP_S:
            watch.settled = now.tick + SETTLING_S
    watch.seen = now


def _is_short(row: Later) -> bool:
    return row.send_at - row.created_at <= SHORT_S


def _over_at(now: Instant, watch: Watch, row: Later) -> float:
    """The tick at which a short wait is over; a clock that was set since it began changes nothing much."""
    left = min(max(row.send_at - now.wall_s, 0), row.send_at - row.created_at)
    return watch.short.get(row.id, now.tick + left)


def _left_s(now: Instant, watch: Watch, row: Later) -> float:
    if row.id in watch.short:
        return watch.short[row.id] - now.tick
    return max(row.send_at - now.wall_s, watch.settled - now.tick)


def leave(step: Step, node: Node, row_id: int) -> None:
    """Say it now.

    Raises:
        NodeError: it cannot be said; call `hold` then.
    """
    row = LATER.get(step.tx, row_id)
    wish = None if row is None else wish_of(step, row)
    if row is None or wish is None:
        return
    node.require_writable()
    if wish.post is not None:
        data = [file.data for file in _files(step, wish)]
        became = posted.post_id(posts.make(step, wish.post, wish.accounts, data))
    else:
        what = Words(wish.text, wish.reply_to, _files(step, wish), wish.expire_s)
        became = inbox.send(step, node, row.chat, what).id
    _destroy(step, row)
    LATER.change(step.tx, row.id, became=became)
    _tell(step, row)


def hold(step: Step, row_id: int, error: NodeError) -> None:
    """It cannot be said: it stays, with the reason, until its owner has decided."""
    row = LATER.get(step.tx, row_id)
    if row is not None and row.body_id is not None:
        LATER.change(step.tx, row.id, reason=_reason(step, row, error))
        _tell(step, row)


def _reason(step: Step, row: Later, error: NodeError) -> str:
    if isinstance(error, NotFound | Conflict):
        return "no-chat"
    if not isinstance(error, NotReady) or is_remote(row.chat):
        return "not-taken"
    contact = CONTACTS.get(step.tx, own.find(step, row.chat).contact_id)
    return "blocked" if contact is None or contact.blocked else "key-alert"


# Backups


def keep(step: Step, row: Later, *, at_least_s: int) -> bytes | None:
    """What waits, for a backup; None for what is to disappear sooner than that after it was said."""
    wish = wish_of(step, row)
    if wish is None or 0 < _expires_s(step, row, wish) < at_least_s:
        return None
    return pack(Kept(wish, tuple(file.data for file in _files(step, wish))))


def _expires_s(step: Step, row: Later, wish: Wish) -> int:
    if wish.expire_s is not None or wish.post is not None or is_remote(row.chat):
        return wish.expire_s or 0
    try:
        return own.find(step, row.chat).timer_s
    except NotFound:
        return 0


def unkeep(step: Step, data: bytes) -> int:
    """Put it into this store; the number of its body.

    Raises:
        ValueError: it is none of `keep`.
    """
    kept = unpack(data, Kept)
    named = zip(kept.wish.files, kept.data, strict=True)
    files = stored.put(step, [stored.with_bytes(file, held) for file, held in named])
    return step.tx.bodies.put(pack(msgspec.structs.replace(kept.wish, files=tuple(files))))


# Screens


def find(step: Step, message: str) -> Later:
    """Something that waits for its time, or did, by its id on screens.

    Raises:
        NotFound: there is none.
    """
    row = LATER.get(step.tx, int(message[1:])) if is_later(message) and len(message) < 20 else None
    if row is None:
        raise NotFound("there is no such message", hint="`swarmnode outbox` lists what waits.")
    return row


def wish_of(step: Step, row: Later) -> Wish | None:
    """What it is to say; None once it has left, or was taken back."""
    data = None if row.body_id is None else step.tx.bodies.get(row.body_id)
    return None if data is None else unpack(data, Wish)


def view(step: Step, node: Node, row: Later) -> MessageView:
    """As a message: the one that it became, if it has left."""
    if row.became and not row.became.startswith("post"):
        return inbox.message(step, node, row.became)
    wish = wish_of(step, row)
    said = wish or Wish()
    return MessageView(
        id=id_of(row),
        chat=row.chat,
        author="me",
        author_name=node.me.name,
        mine=True,
        kind="text" if wish is not None else "deleted",
        text=said.text,
        wall_s=row.created_at,
        state=MessageState.REFUSED if row.reason else MessageState.SCHEDULED,
        reason=row.reason,
        reply_to=said.reply_to,
        attachments=tuple(
            AttachmentView(file.name, file.media_type, file.size_bytes, file.description)
            for file in said.files
        ),
        expires_in_s=said.expire_s or None,
        network=_network(step, row.chat),
        send_at=row.send_at if wish is not None else 0,
    )


def _network(step: Step, chat: str) -> str:
    try:
        return screens.chat(step, rooms.find(step, chat)).network if is_remote(chat) else ""
    except NotFound:  # its account was taken out meanwhile
        return ""


def _files(step: Step, wish: Wish) -> tuple[File, ...]:
    bodies = step.tx.bodies.get_many(int(file.id) for file in wish.files)
    return tuple(stored.with_bytes(file, bodies.get(int(file.id), b"")) for file in wish.files)


def _get(step: Step, row_id: int) -> Later:
    row = LATER.get(step.tx, row_id)
    assert row is not None
    return row


def _tell(step: Step, row: Later) -> None:
    tell(step, "outbox.changed", message=id_of(row), chat=row.chat)
