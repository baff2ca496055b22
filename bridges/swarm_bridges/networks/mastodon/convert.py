"""JSON as events. Pure: recorded JSON is enough to test it."""

from __future__ import annotations

import hashlib
import posixpath
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from ... import api, armour
from ...api import (
    Actor,
    ActorSeen,
    ClaimsSeen,
    ConversationRef,
    ConversationSeen,
    MarksNow,
    MessageRef,
    MessageSeen,
    Notice,
    OpaqueSeen,
    Origin,
    PollOption,
    RemoteFile,
)
from ...claims import texts_in
from ...document import Document, Mention, Paragraph, Quote, Text
from ...notices import english
from ...text import from_html, to_plain
from .model import Account, Media, Notification, Poll, Status
from .server import Server
from .words import document_of, said_to, seconds_of

HOME = ConversationRef("home", private=True)
NOTIFICATIONS = ConversationRef("notifications", private=True)
DIRECT = "direct"
LIST = "list"
MOST_MEMBERS = 25
"""People in a direct conversation; with more it can be read alone."""
VISIBILITIES = {"private": "followers"}
"""What we call otherwise than servers do."""
MEDIA_TYPES = {"image": "image/*", "gifv": "video/mp4", "video": "video/*", "audio": "audio/*"}
BY_SUFFIX = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".mp4": "video/mp4",
    ".webm": "video/webm",
    ".mov": "video/quicktime",
    ".mp3": "audio/mpeg",
    ".ogg": "audio/ogg",
    ".wav": "audio/wav",
}
SENTENCES = {
    "follow": "{who} follows you",
    "follow_request": "{who} asks to follow you",
    "favourite": "{who} likes your post",
    "reblog": "{who} boosted your post",
    "mention": "{who} mentioned you",
    "status": "{who} posted",
    "poll": "A poll has ended",
    "update": "{who} edited a post",
    "admin.sign_up": "{who} signed up",
}
OTHERWISE = "Something happened: {what}"
TITLES = {"timeline": Notice("Home"), "notifications": Notice("Notifications")}
NOTES = Notice("Notes")
MILLION = 10**6


@dataclass(frozen=True, slots=True)
class View:
    """From where JSON is looked at: the owner, the server, and which posts stand in which conversation."""

    me: Account
    server: Server
    places: Mapping[str, ConversationRef] = field(default_factory=dict)
    handles: Mapping[str, str] = field(default_factory=dict)
    """`@ada@example.org` by id, of those who were seen."""
    votes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """What the owner has voted for by polls, where the server does not tell."""

    def actor(self, account: Account) -> Actor:
        """Somebody."""
        return Actor(account.id, is_owner=account.id == self.me.id)


def direct(people: frozenset[str]) -> ConversationRef:
    """The conversation with these people, the owner left out; the same whoever began it."""
    names = sorted(people)
    if len(names) > MOST_MEMBERS:
        names = ["#" + hashlib.blake2b(" ".join(names).encode(), digest_size=16).hexdigest()]
    return ConversationRef(" ".join([DIRECT, *names]), private=True)


def list_of(id_: str) -> ConversationRef:
    """The timeline of a list."""
    return ConversationRef(f"{LIST} {id_}", private=True)


def kind_of(conversation: ConversationRef) -> str:
    """`timeline`, `notifications`, `list` or `direct`."""
    if conversation.remote_id.startswith(f"{LIST} "):
        return LIST
    named = {HOME: "timeline", NOTIFICATIONS: "notifications"}
    return named.get(conversation, DIRECT)


def members_of(conversation: ConversationRef) -> tuple[str, ...]:
    """Ids of those with whom a conversation is. Raises NotSupported where they are too many."""
    first, *others = conversation.remote_id.split(" ")
    if first != DIRECT:
        return ()
    if others and others[0].startswith("#"):
        raise api.NotSupported("a direct conversation with so many people can be read alone")
    return tuple(others)


def people_of(status: Status, view: View) -> dict[str, Mention]:
    """Those whom a post mentions, by the URL of their page; the owner always."""
    found = {}
    for mention in status.mentions:
        if mention.url:
            # snac2 numbers mentions; its ids of people are this hash of their URL.
            hashed = hashlib.md5(mention.url.encode(), usedforsecurity=False).hexdigest()
            found[mention.url] = Mention(hashed if view.server.snac else mention.id, "@" + mention.acct)
    if view.me.url:
        found[view.me.url] = Mention(view.me.id, "@" + view.me.acct)
    return found


def is_direct(status: Status, view: View) -> bool:
    """Whether a post is for those alone whom it mentions."""
    return status.visibility == "direct" or (status.visibility == "private" and not view.server.tells_direct)


def conversation_of(status: Status, view: View) -> ConversationRef:
    """Where a post stands. Where it stood first it stays, also when an edit mentions others."""
    if (known := view.places.get(view.server.short(status.id))) is not None:
        return known
    if not is_direct(status, view):
        return HOME
    people = {status.account.id, *(mention.remote_id for mention in people_of(status, view).values())}
    return direct(frozenset(people - {view.me.id}))


def message_of(
    status: Status, view: View, origin: Origin, place: ConversationRef | None = None
) -> MessageSeen:
    """A post as a message; a boost is the post that it brings, once, whoever boosts it.

    `place` is the list in whose timeline it stands, if it is that of one.
    """
    said = status.reblog or status
    conversation = place or conversation_of(said, view)
    ref = MessageRef(conversation, view.server.short(said.id))
    reply_to = said.in_reply_to_id
    answered = place or _place(reply_to, conversation, view)
    shared = said.id != status.id or said.account.id != status.account.id
    return MessageSeen(
        ref=ref,
        actor=view.actor(said.account),
        body=body_of(said, view, conversation),
        revision=revision_of(said),
        order=view.server.order(status.id),
        reply_to=MessageRef(answered, view.server.short(reply_to)) if reply_to else None,
        title=said.spoiler_text,
        sensitive=said.sensitive,
        visibility=DIRECT if is_direct(said, view) else VISIBILITIES.get(said.visibility, said.visibility),
        shared_by=view.actor(status.account) if shared else None,
        files=tuple(file for media in said.media_attachments if (file := file_of(media)) is not None),
        poll=None if said.poll is None else poll_of(said.poll, view),
        url=said.url,
        origin=origin,
        remote_time=seconds_of(said.created_at),
    )


def opaque_of(status: Status, said: MessageSeen) -> OpaqueSeen | None:
    """The bytes of another node in a direct post with one other; None where there are none."""
    if kind_of(said.ref.conversation) != DIRECT or len(said.ref.conversation.remote_id.split(" ")) != 2:
        return None
    blob = armour.opened((status.reblog or status).content)
    return None if blob is None else OpaqueSeen(ref=said.ref, actor=said.actor, blob=blob, origin=said.origin)


def _place(status_id: str, usual: ConversationRef, view: View) -> ConversationRef:
    return view.places.get(view.server.short(status_id), usual)


def body_of(status: Status, view: View, conversation: ConversationRef) -> Document:
    """What a post says. Without the names of those whom it is for, where that is plain."""
    people = people_of(status, view)
    emoji = {e.shortcode: e.url for e in status.emojis}
    body = document_of(status.content, people, emoji, view.me.url)
    if kind_of(conversation) != DIRECT:
        return body
    members = {*conversation.remote_id.split(" ")[1:], status.account.id, view.me.id}
    members |= {mention.remote_id for mention in people.values()}
    handles = {view.handles[member] for member in members if member in view.handles}
    return said_to(body, members, {*handles, at(status.account), at(view.me), "@" + view.me.username})


def at(account: Account) -> str:
    """How people address somebody."""
    return "@" + account.acct


def revision_of(status: Status) -> str:
    """A post's revision: a number that grows with edits, and with votes.

    Where a server writes whole seconds, two edits may have the same one; then it is a text, and what comes
    later counts.
    """
    votes = 0
    if (poll := status.poll) is not None:
        votes = min(poll.votes_count + poll.voted + poll.expired, MILLION - 1)
    edited = seconds_of(status.edited_at) or 0.0
    if edited and edited == int(edited):
        said = "\0".join([status.content, status.spoiler_text, str(votes)])
        return f"{int(edited)}-{zlib.crc32(said.encode(errors='replace')):08x}"
    return str(round(edited * 1000) * MILLION + votes)


def marks_of(status: Status, ref: MessageRef, origin: Origin) -> MarksNow:
    """What the owner has done to a post, and how many others did."""
    mine = {"favourite": status.favourited, "boost": status.reblogged, "bookmark": status.bookmarked}
    counts = {"favourite": status.favourites_count, "boost": status.reblogs_count}
    return MarksNow(
        target=ref,
        mine=frozenset(name for name, is_set in mine.items() if is_set),
        counts={name: count for name, count in counts.items() if count > 0},
        origin=origin,
    )


def poll_of(poll: Poll, view: View) -> api.Poll:
    """A poll; its options are named by their numbers."""
    mine = frozenset(str(n) for n in poll.own_votes)
    if poll.voted and not mine:
        mine = view.votes.get(view.server.short(poll.id), mine)
    return api.Poll(
        options=tuple(PollOption(str(n), o.title, o.votes_count) for n, o in enumerate(poll.options)),
        multiple=poll.multiple,
        closes_at=seconds_of(poll.expires_at),
        closed=poll.expired,
        mine=mine,
    )


def file_of(media: Media) -> RemoteFile | None:
    """A file under a post, named as its URL ends; servers forget what it was called."""
    url = media.url or media.remote_url
    if not url:
        return None
    name = _name_of(url)
    kind = BY_SUFFIX.get(posixpath.splitext(name)[1].lower()) or MEDIA_TYPES.get(media.type)
    return RemoteFile(
        id=url,
        name=name,
        media_type=kind or "application/octet-stream",
        description=media.description,
    )


def _name_of(url: str) -> str:
    try:
        return posixpath.basename(unquote(urlsplit(url).path))[-200:]
    except ValueError:
        return ""


def person(account: Account, view: View) -> ActorSeen:
    """How somebody is called and looks."""
    picture = RemoteFile(id=account.avatar, name=_name_of(account.avatar)) if account.avatar else None
    return ActorSeen(
        actor=view.actor(account),
        name=account.display_name or account.username or account.acct,
        handle=at(account),
        avatar=picture,
        url=account.url,
        bot=account.bot,
    )


def claims_of(account: Account, who: Actor) -> ClaimsSeen:
    """What an account claims, as the owner's server has it; the handle is empty where that does not tell."""
    shown = (to_plain(from_html(field.value)) for field in account.fields or ())
    return ClaimsSeen(
        actor=who, claims=texts_in("\n".join(shown)), where="profile", handle=account.uri or account.url
    )


def seen(
    conversation: ConversationRef, people: Mapping[str, str], view: View, title: str = ""
) -> ConversationSeen:
    """A conversation as it is shown; `people` are names by id, for those who are known, `title` a list's."""
    kind = kind_of(conversation)
    if kind == LIST:
        return ConversationSeen(conversation=conversation, kind=kind, title=title)
    if kind != DIRECT:
        return ConversationSeen(conversation=conversation, kind=kind, title=TITLES[kind])
    members = conversation.remote_id.split(" ")[1:]
    if members and members[0].startswith("#"):
        return ConversationSeen(conversation=conversation, kind="group")
    return ConversationSeen(
        conversation=conversation,
        kind="group" if len(members) > 1 else "direct",
        title=", ".join(people.get(member, "?") for member in members) or NOTES,
        members=(*(Actor(member) for member in members), Actor(view.me.id, is_owner=True)),
        members_complete=True,
    )


def notice_of(told: Notification, view: View, origin: Origin) -> MessageSeen:
    """A notification as a message: who did what, and the post that it is about."""
    name = told.account.display_name or told.account.username or told.account.acct
    said = Notice(
        SENTENCES.get(told.type, OTHERWISE), {"who": " ".join(name.split()), "what": told.type[:40]}
    )
    body = english(said)
    reply_to, url = None, told.account.url
    if told.status is not None:
        status = told.status.reblog or told.status
        conversation = conversation_of(status, view)
        reply_to, url = MessageRef(conversation, view.server.short(status.id)), status.url
        if text := to_plain(body_of(status, view, conversation)):
            body = Document((*body.blocks, Quote((Paragraph((Text(text[:300]),)),))))
    return MessageSeen(
        ref=MessageRef(NOTIFICATIONS, told.id),
        actor=view.actor(told.account),
        body=body,
        notice=said,
        order=told.id.zfill(20) if told.id.isascii() and told.id.isdigit() else told.id,
        reply_to=reply_to,
        url=url,
        origin=origin,
        remote_time=seconds_of(told.created_at),
    )
