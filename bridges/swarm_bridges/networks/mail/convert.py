"""A mail as events. Pure: what was fetched goes in, what it means comes out.

Who wrote a mail is what it says in its `From`; whether that is true is for the mail servers to find out. One
name is not believed: the owner's. A mail in the owner's name is the owner's if it lies where only the owner
puts something (the folder of sent mail), or has an id that only we can make; others are shown as somebody
who says that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from ...api import (
    Actor,
    ActorSeen,
    ConversationRef,
    ConversationSeen,
    Event,
    MarksNow,
    MessageSeen,
    OpaqueSeen,
    Origin,
    ReceiptMoved,
    RemoteFile,
)
from ...document import Block, Document
from ...text import from_html, from_plain
from . import names, words
from .headers import Head, topic_of
from .structure import Body, Part

MAX_TEXT = 256 << 10
"""Bytes of a part that are shown; what is longer is there as a file."""
MAX_OPAQUE = 180_000
"""Bytes of a node that one mail brings: as they are encoded they fit into MAX_TEXT."""
BOOKMARK = "bookmark"
UNPROVED = "unproved:"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail, as far as it was fetched. `at` is when its server got it, Unix seconds."""

    folder: str
    validity: int
    uid: int
    head: Head = field(repr=False)
    at: float
    body: Body = field(repr=False)
    texts: Mapping[str, bytes] = field(repr=False)
    """By number of the part, cut to MAX_TEXT before it was decoded."""
    flags: frozenset[str] = frozenset()
    """In lower case."""
    size: int = 0
    subject: str | None = field(default=None, repr=False)
    """The one that was encrypted with it."""
    opened: str = ""
    """How it was encrypted, if it was opened: `openpgp`, or `openpgp_unsigned` without its sender's key."""

    @property
    def about(self) -> str:
        """Its subject."""
        return self.head.subject if self.subject is None else self.subject

    @property
    def topic(self) -> str:
        """Its subject without the signs of answers."""
        return topic_of(self.about)


@dataclass(frozen=True, slots=True)
class View:
    """From where mails are looked at.

    Args:
        owner: the owner's address, and `others` further ones.
        sent: the folder of sent mail.
        key: of our own ids.
        lists: by address of a mailing list, its id.
        roots: by id of a message, that of the first one of its thread; of those that name no other.
    """

    owner: str
    sent: str
    key: bytes = field(repr=False)
    others: frozenset[str] = frozenset()
    lists: Mapping[str, str] = field(default_factory=dict)
    roots: Mapping[str, str] = field(default_factory=dict)

    def is_me(self, address: str) -> bool:
        """Whether an address is one of the owner's."""
        return address == self.owner or address in self.others


def is_ours(mail: Mail, view: View) -> bool:
    """Whether the owner wrote it, for certain."""
    head = mail.head
    if not view.is_me(head.sender.address):
        return False
    return mail.folder == view.sent or names.intent_of(view.key, head.message_id) is not None


def author(mail: Mail, view: View) -> Actor:
    """Who wrote it."""
    address = mail.head.sender.address
    if is_ours(mail, view):
        return Actor(view.owner, is_owner=True)
    return Actor(f"{UNPROVED}{address}" if view.is_me(address) else address)


def place(head: Head, view: View, *, mine: bool) -> ConversationRef:
    """The conversation of a mail."""
    to = [p.address for p in head.people("To", "Cc", "Reply-To") if not view.is_me(p.address)]
    if head.list_id:
        return names.conversation(names.LIST + head.list_id)
    if mine and (known := next((view.lists[a] for a in to if a in view.lists), "")):
        return names.conversation(names.LIST + known)
    if is_for_node(head, view, mine=mine):
        return names.conversation(to[0] if mine else head.sender.address)
    if not mine and head.is_for_many:
        return names.conversation(names.NEWS + head.sender.address)
    other = (to[0] if len(to) == 1 else "") if mine else head.sender.address
    if other and names.chat_root(view.owner, other) in head.before:
        return names.conversation(other)
    return names.thread(root(head, view))


def is_for_node(head: Head, view: View, *, mine: bool) -> bool:
    """Whether a mail says of itself that it brings bytes of a node. What people answer to one does not."""
    before = head.ids("References")
    to = [p.address for p in head.people("To", "Cc") if not view.is_me(p.address)]
    if len(before) != 1 or head.ids("In-Reply-To") or (mine and len(to) != 1):
        return False
    other = to[0] if mine else head.sender.address
    return any(before[0] == names.opaque_root(me, other) for me in (view.owner, *view.others))


def root(head: Head, view: View) -> str:
    """The first message of its thread."""
    if references := head.ids("References"):
        return view.roots.get(references[0], references[0])
    return view.roots.get(head.answers, head.answers) if head.answers else head.message_id


def room(mail: Mail, view: View, where: ConversationRef) -> ConversationSeen:
    """What a mail tells of its conversation."""
    head, name = mail.head, where.remote_id
    if name.startswith(names.LIST):
        return ConversationSeen(conversation=where, kind="list", title=head.list_name, labels=("list",))
    if name.startswith(names.NEWS):
        sender = head.sender.name or head.sender.address
        return ConversationSeen(conversation=where, kind="feed", title=sender, labels=("news",))
    people = tuple(
        Actor(view.owner, is_owner=True) if view.is_me(p.address) else Actor(p.address)
        for p in head.people("From", "To", "Cc")
    )
    people = tuple(dict.fromkeys(people))
    if names.is_chat(where):
        return ConversationSeen(conversation=where, kind="direct", title=_called(head, name), members=people)
    return ConversationSeen(
        conversation=where, kind="group", title=mail.topic or mail.about or None, members=people
    )


def _called(head: Head, address: str) -> str:
    found = (p.name for p in head.people("From", "To") if p.address == address and p.name)
    return next(found, address)


def order(mail: Mail) -> str:
    """The place of a mail among those of all folders: they have one clock in common, their server's."""
    return f"{int(mail.at):011d} {mail.uid:010d}"


def message(mail: Mail, view: View, origin: Origin) -> MessageSeen:
    """The message that a mail is."""
    head, mine = mail.head, is_ours(mail, view)
    where = place(head, view, mine=mine)
    crypto = mail.body.crypto
    in_many = where.remote_id.startswith((names.LIST, names.NEWS))
    in_reply = bool(head.answers) and mail.topic != mail.about
    threads = in_many and where.remote_id.startswith(names.LIST) and head.answers
    return MessageSeen(
        ref=names.message(where, head.message_id),
        actor=author(mail, view),
        body=Document() if crypto else shown(mail.body.texts, mail.texts),
        origin=origin,
        remote_time=head.time if head.time is not None else mail.at,
        order=order(mail),
        echo_of=names.intent_of(view.key, head.message_id) if mine else None,
        reply_to=names.message(where, head.answers) if _is_real(head.answers) else None,
        thread_root=names.message(where, root(head, view)) if threads else None,
        title="" if in_reply or (names.is_chat(where) and mine) else mail.about,
        files=files(mail),
        foreign_crypto=crypto or mail.opened,
        unreadable="no_keys" if crypto else "",
    )


def opaque(mail: Mail, view: View, origin: Origin) -> OpaqueSeen | None:
    """The bytes of a node that a mail brings; None where they are not all there, or from nobody to one."""
    part, head, mine = mail.body.opaque, mail.head, is_ours(mail, view)
    to = [p.address for p in head.people("To") if not view.is_me(p.address)]
    if part is None or part.size > MAX_TEXT or head.list_id or (mine and len(to) != 1):
        return None
    who, blob = author(mail, view), words.decoded(mail.texts.get(part.number, b""), part.encoding)
    if not blob or who.remote_id.startswith(UNPROVED):
        return None
    return OpaqueSeen(
        ref=names.message(names.conversation(to[0] if mine else who.remote_id), head.message_id),
        actor=who,
        blob=blob,
        origin=origin,
        remote_time=head.time if head.time is not None else mail.at,
    )


def _is_real(message_id: str) -> bool:
    """Whether there can be such a message: what a chat is named by is none."""
    return bool(message_id) and not message_id.endswith("@chat.invalid")


def shown(parts: Sequence[Part], texts: Mapping[str, bytes]) -> Document:
    """What people read of these parts, one below the other. Nothing in it loads anything."""
    blocks: list[Block] = []
    for part in parts:
        raw = words.decoded(texts.get(part.number, b""), part.encoding)
        text = words.text(raw, part.charset)
        if part.kind == "text/html":
            blocks.extend(from_html(text).blocks)
        else:
            if part.flowed:
                text = words.unflowed(text, delete_space=part.flowed == "delsp")
            blocks.extend(from_plain(text.strip("\r\n")).blocks)
    return Document(tuple(blocks))


class Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a file is: in which mail, where that lay last, which part."""

    message_id: str
    folder: str
    validity: int
    uid: int
    part: str
    encoding: str
    inner: str = ""
    """Which part of what is encrypted in that part."""


def files(mail: Mail) -> tuple[RemoteFile, ...]:
    """What lies in a mail beside its text, and texts that are too long to be shown whole."""
    long = tuple(p for p in mail.body.texts if p.size > MAX_TEXT)
    return tuple(_file(mail, part) for part in (*mail.body.files, *long))


def _file(mail: Mail, part: Part) -> RemoteFile:
    outer, inner = (mail.body.sealed, part.number) if mail.opened and mail.body.sealed else (part, "")
    where = Place(
        mail.head.message_id, mail.folder, mail.validity, mail.uid, outer.number, outer.encoding, inner
    )
    size = part.size * 3 // 4 if part.encoding == "base64" else part.size
    name = part.name or {
        "text/html": "text.html",
        "text/plain": "text.txt",
        "message/rfc822": "mail.eml",
    }.get(part.kind, f"part-{part.number}")
    return RemoteFile(
        id=msgspec.json.encode(where).decode(), name=name, media_type=part.kind[:100], size_bytes=size
    )


def people(mail: Mail, view: View) -> list[ActorSeen]:
    """How those are called who stand in a head; the author first."""
    head, who = mail.head, author(mail, view)
    sender = head.sender
    seen = [
        ActorSeen(actor=who, name=sender.name or sender.address, handle=sender.address, bot=head.is_automatic)
    ]
    others = (p for p in head.people("To", "Cc")[:50] if p.name and p.address != sender.address)
    seen.extend(
        ActorSeen(actor=Actor(p.address), name=p.name, handle=p.address)
        for p in others
        if not view.is_me(p.address)
    )
    return seen


def marks(mail: Mail, view: View, origin: Origin) -> list[Event]:
    """What a mail's flags say of the owner: that it was read, that it is kept in mind."""
    mine = is_ours(mail, view)
    target = names.message(place(mail.head, view, mine=mine), mail.head.message_id)
    found: list[Event] = []
    if "\\seen" in mail.flags and not mine:
        me = Actor(view.owner, is_owner=True)
        found.append(ReceiptMoved(up_to=target, actor=me, read=True, origin=origin))
    kept = frozenset({BOOKMARK}) if "\\flagged" in mail.flags else frozenset[str]()
    found.append(MarksNow(target=target, mine=kept, origin=origin))
    return found
