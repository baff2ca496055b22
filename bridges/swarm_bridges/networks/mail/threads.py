"""Conversations, looked up in the mailbox: their past, and to whom an answer goes.

The mailbox is the only memory: nothing about threads is stored beside it.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec

from ...api import ConversationRef, Coverage, Cursor, Gone, MessageRef, NotSupported, Origin, Refused
from . import names
from .autocrypt import key_of
from .compose import following
from .convert import Mail, is_ours, order, place
from .grammar import string
from .headers import topic_of
from .reading import heads, mails
from .session import Session

NEWEST = 60
"""Mails of a thread that are looked at to know to whom an answer goes."""


@dataclass(frozen=True, slots=True)
class Audience:
    """To whom something goes, and what it follows."""

    to: tuple[str, ...]
    cc: tuple[str, ...] = ()
    subject: str = ""
    answers: str = ""
    references: tuple[str, ...] = ()
    sealed: bool = False
    """Whether what it answers is encrypted."""


def criteria(session: Session, where: ConversationRef) -> list[str | bytes]:
    """What to search for (RFC 9051, 6.4.4); what is found may be more than the conversation."""
    name = where.remote_id
    if name.startswith(names.LIST):
        return ["HEADER", "List-Id", string(name.removeprefix(names.LIST))]
    if name.startswith(names.NEWS):
        return ["FROM", string(name.removeprefix(names.NEWS))]
    if names.is_chat(where):
        return ["HEADER", "References", string(names.chat_root(session.view.owner, name))]
    first = string(name)
    fields = ("References", "In-Reply-To", "Message-ID")
    return ["OR", "OR", *(word for field in fields for word in ("HEADER", field, first))]


class _Below(msgspec.Struct, frozen=True):
    """A cursor: for each folder, below which number to go on (0 is its end), and what was told before."""

    uids: dict[str, int] = {}
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """Some of it: the oldest first, what is whole of it, and the cursor below."""

    mails: list[Mail]
    covered: Coverage
    more: Cursor | None


async def past(session: Session, where: ConversationRef, at: Cursor | None, limit: int) -> Past:
    """The newest mails of a conversation below a cursor. Raises Refused for a cursor that is none."""
    try:
        below = msgspec.json.decode(at or b"{}", type=_Below)
    except msgspec.DecodeError:
        raise Refused("this is no cursor") from None
    known: list[list[Mail]] = []
    uids: dict[str, list[int]] = {}
    for folder in session.settings.folders:
        top = below.uids.get(folder)
        if top == 0:
            continue
        async with session.imap.folder(folder) as (box, opened):
            words = criteria(session, where)
            uids[folder] = await box.search(*(words if top is None else ["UID", f"1:{top - 1}", *words]))
            known.append(await heads(box, folder, opened.validity, uids[folder][-limit:]))
    # Clocks order folders against each other, never the mails of one. So a tail is taken of each.
    newest = list(heapq.merge(*known, key=lambda mail: mail.at))[-limit:]
    left = dict.fromkeys(session.settings.folders, 0)
    for folder, numbers in uids.items():
        taken = min((m.uid for m in newest if m.folder == folder), default=max(numbers, default=0) + 1)
        left[folder] = taken if any(n < taken for n in numbers) else 0
    until, since, more = below.until, None, None
    if any(left.values()):
        # What is left of a folder is not later than what is next in it, or what was taken last.
        ends = [m.at for tail in known for m in tail if left[m.folder] and m.uid <= left[m.folder]]
        since = f"{int(max(ends)) + 1:011d}"
        since = since if until is None else min(since, until)
        more = Cursor(msgspec.json.encode(_Below(left, since)))
    covered = Coverage(conversation=where, since=since, until=until, origin=Origin.HISTORY)
    return Past(await _whole(session, where, newest), covered, more)


async def _whole(session: Session, where: ConversationRef, newest: Sequence[Mail]) -> list[Mail]:
    made: dict[tuple[str, int], Mail] = {}
    for folder in dict.fromkeys(m.folder for m in newest):
        async with session.imap.folder(folder) as (box, opened):
            uids = [m.uid for m in newest if m.folder == folder]
            for mail in await mails(box, folder, opened.validity, uids):
                made[folder, mail.uid] = mail
    ordered = [made[m.folder, m.uid] for m in newest if (m.folder, m.uid) in made]
    return [m for m in ordered if place(m.head, session.view, mine=is_ours(m, session.view)) == where]


async def audience(session: Session, where: ConversationRef, reply_to: MessageRef | None) -> Audience:
    """To whom something goes that is said in a conversation, and what it follows.

    Raises:
        Gone: nothing is there that could be answered.
        NotSupported: nobody reads what is said there.
    """
    name = where.remote_id
    if name.startswith(names.NEWS):
        raise NotSupported("nobody reads answers to this")
    target = None
    if reply_to is not None and (target := await session.find(reply_to.remote_id)) is None:
        raise Gone("what is to be answered is not there any more")
    if names.is_chat(where):
        root = names.chat_root(session.view.owner, name)
        if target is None:
            return Audience((name,), references=(root,), sealed=await _is_sealed(session, where))
        following_ = following((root, *target.head.before), target.head.message_id)
        answer = await _answer(session, target, (name,))
        return replace(answer, references=following_)
    if name.startswith(names.LIST):
        post = {v: k for k, v in session.lists.items()}.get(name.removeprefix(names.LIST), "")
        if not post:
            raise NotSupported("this list does not say where one writes to it")
        return await _answer(session, target, (post,)) if target is not None else Audience((post,))
    if target is None:
        target = await _newest(session, where)
    return await _answer(session, target, *_everybody(session, target))


async def _answer(session: Session, mail: Mail, to: tuple[str, ...], cc: tuple[str, ...] = ()) -> Audience:
    head, subject = mail.head, topic_of(await session.subject_of(mail))
    references = following(head.before, head.message_id)
    return Audience(to, cc, subject, head.message_id, references, sealed=head.is_sealed)


async def _is_sealed(session: Session, where: ConversationRef) -> bool:
    """Whether the last mail of a chat is encrypted; whoever has sent no key has not encrypted either."""
    if not key_of(await session.keys.peer(where.remote_id)):
        return False
    last: list[Mail] = []
    for folder in session.settings.folders:
        async with session.imap.folder(folder) as (box, opened):
            uids = await box.search(*criteria(session, where))
            last.extend(await heads(box, folder, opened.validity, uids[-1:]))
    return bool(last) and max(last, key=order).head.is_sealed


def _everybody(session: Session, mail: Mail) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Those to whom an answer to all goes (RFC 5322, 3.6.3)."""

    def others(*fields: str) -> tuple[str, ...]:
        return tuple(p.address for p in mail.head.people(*fields) if not session.view.is_me(p.address))

    author = others("Reply-To") or others("From")
    if is_ours(mail, session.view):
        author = others("To")
    cc = tuple(a for a in others("To", "Cc") if a not in author)
    if not author:
        author, cc = cc, ()
    return author or (session.view.owner,), cc


async def _newest(session: Session, where: ConversationRef) -> Mail:
    """The mail of a thread that an answer to nothing in particular follows.

    Whoever knows the id of a message can write a mail that belongs to its thread. So only those are followed
    who were in it before: written to, or asked, by somebody who was.
    """
    found: list[Mail] = []
    for folder in session.settings.folders:
        async with session.imap.folder(folder) as (box, opened):
            uids = await box.search(*criteria(session, where))
            found.extend(await heads(box, folder, opened.validity, [*uids[:1], *uids[-NEWEST:]]))
    view = session.view
    found = [m for m in found if place(m.head, view, mine=is_ours(m, view)) == where]
    found.sort(key=order)
    return trusted(found, session)


def trusted(found: Sequence[Mail], session: Session) -> Mail:
    """The last mail by somebody whom the mails before it know. Raises Gone where there are none."""
    if not found:
        raise Gone("nothing of this conversation is there any more")
    last, known = found[0], set[str]()
    for mail in found:
        people = {p.address for p in mail.head.people("From", "To", "Cc")}
        if mail is last or is_ours(mail, session.view) or mail.head.sender.address in known:
            last, known = mail, known | people
    return last


def by_folder(found: Sequence[Mail]) -> Mapping[str, list[int]]:
    """UIDs, by folder."""
    made: dict[str, list[int]] = {}
    for mail in found:
        made.setdefault(mail.folder, []).append(mail.uid)
    return made
