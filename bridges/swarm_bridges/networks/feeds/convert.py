"""A feed's entries as events; pure.

A feed is a conversation, named by its first address for ever. Everything in it is said by the feed itself:
authors of entries have names and no ids, so a name stands above the text, and nobody may change what another
feed says.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from ...api import (
    Actor,
    ActorSeen,
    ConversationRef,
    ConversationSeen,
    MessageRef,
    MessageSeen,
    Origin,
    RemoteFile,
)
from ...document import Block, Document, Emphasis, Link, Paragraph, Text
from ...text import from_html, from_plain
from .dates import believed
from .known import Fresh, Item, digest
from .model import Enclosure, Entry, Feed

MAX_MARKUP = 150_000
"""Characters of one entry; a book is read where it lies."""
MAX_FILES = 20
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}")


def described(feed_id: str, feed: Feed) -> tuple[ConversationSeen, ActorSeen]:
    """The conversation, and who speaks in it."""
    conversation = ConversationSeen(
        conversation=ConversationRef(feed_id), kind="feed", title=feed.title or feed_id, topic=feed.about
    )
    return conversation, ActorSeen(actor=Actor(feed_id), name=feed.title or feed_id, url=feed.home, bot=True)


def message(
    feed_id: str, feed: Feed, one: Fresh, *, number: int, now: float, origin: Origin
) -> tuple[MessageSeen, Item]:
    """An entry, and what is to be known of it. `number` is for one that was not told before.

    Where what is shown is as before, the revision is too: then it need not be told.
    """
    entry, before = one.entry, one.before
    body = body_of(entry, feed)
    files = tuple(_file(file) for file in entry.files[:MAX_FILES])
    shown = digest(entry.title, entry.link, body, files)
    revision = 0 if before is None else before.revision + (before.shown != shown)
    item = Item(one.raw, shown, revision, number if before is None else before.number)
    seen = MessageSeen(
        origin=origin,
        remote_time=believed(entry.published or entry.updated, now),
        ref=MessageRef(ConversationRef(feed_id), one.id),
        actor=Actor(feed_id),
        body=body,
        revision=str(revision),
        order=f"{item.number:012}",
        title=entry.title if entry.markup else "",
        files=files,
        url=entry.link,
        visibility="public",
    )
    return seen, item


def body_of(entry: Entry, feed: Feed) -> Document:
    """What an entry says: its text, else its title, else its address."""
    if entry.markup:
        body = from_html(entry.markup[:MAX_MARKUP], base_url=entry.base)
        if len(entry.markup) > MAX_MARKUP:
            body = Document((*body.blocks, Paragraph((Text("(There is more of it where it lies.)"),))))
    elif entry.title:
        body = from_plain(entry.title)
    else:
        body = Document((Paragraph((Link(entry.link, (Text(entry.link),)),)),) if entry.link else ())
    if not entry.author or entry.author in {feed.author, feed.title}:
        return body
    above: Block = Paragraph((Emphasis((Text(entry.author),)),))
    return Document((above, *body.blocks))


def _file(file: Enclosure) -> RemoteFile:
    try:
        name = unquote(urlsplit(file.url).path.rpartition("/")[2])[:200]
    except ValueError:
        name = ""
    kind = file.media_type.partition(";")[0].strip().lower()
    return RemoteFile(
        id=file.url,
        name="".join(char for char in name if char.isprintable()) or "file",
        media_type=kind if _MEDIA_TYPE.fullmatch(kind) else "application/octet-stream",
        size_bytes=file.size_bytes,
        description=file.title,
    )
