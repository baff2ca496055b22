"""What the owner is told of feeds themselves, in a conversation of its own: that one moved, ended or broke.

The same conversation holds the list of all feeds as a file. Ids of notices are made of what they are about,
so that telling one again is harmless.
"""

from __future__ import annotations

from html import escape

from ...api import (
    Actor,
    ActorSeen,
    ConversationRef,
    ConversationSeen,
    Event,
    MessageRef,
    MessageSeen,
    Notice,
    RemoteFile,
)
from ...document import Document
from ...notices import english
from ...text import from_html
from .model import REASONS
from .subscriptions import Subscription

ROOM = ConversationRef("subscriptions")
SPEAKER = Actor("feeds")
OPML = RemoteFile(id="opml", name="feeds.opml", media_type="text/x-opml", description="All feeds, as OPML")

SAYS = {
    "gone": "This feed is gone for good: its server says so. It is not asked for any more.",
    "over": "This feed says that it has ended. It is not asked for any more.",
    "moved": "This feed has moved for good, and is followed.",
    "joined": "This feed has moved to where another one of yours lies, and goes on there.",
    "line": "This feed's server has not answered for a while.",
    "limited": "This feed's server says that it is asked too often.",
    "login": "This feed asks for a password. Add it as an account of its own, with one.",
    "missing": "This feed is not where it was.",
    "refused": "This feed's server does not give it.",
    **{reason: f"This feed cannot be read: {text}." for reason, text in REASONS.items()},
}
AFTER = "It is asked for now and then, and comes back by itself."
BOTH = "{what} {after}"
TITLE = Notice("Feeds")
ALL = "All your feeds in one file, as they are when you open it."
_ONCE = frozenset({"gone", "over", "moved", "joined"})


def room() -> tuple[Event, ...]:
    """The conversation, and the list in it."""
    said = Notice(ALL)
    return (
        ConversationSeen(conversation=ROOM, kind="notifications", title=TITLE),
        ActorSeen(actor=SPEAKER, name="Feeds", bot=True),
        MessageSeen(
            ref=MessageRef(ROOM, "opml"),
            actor=SPEAKER,
            body=english(said),
            notice=said,
            files=(OPML,),
            order="0",
        ),
    )


def notice(about: Subscription, what: str, now: float) -> MessageSeen:
    """One notice; `what` is a key of `SAYS`."""
    once = f"{about.url} {about.id}" if what in _ONCE else f"{about.since:.0f}"
    name, url = escape(about.title or about.url), escape(about.url)
    said = Notice(SAYS[what]) if what in _ONCE else Notice(BOTH, {"what": SAYS[what], "after": AFTER})
    link = from_html(f'<p><a href="{url}">{name}</a></p>')
    return MessageSeen(
        ref=MessageRef(ROOM, f"{what} {about.key} {once}"[:1000]),
        actor=SPEAKER,
        body=Document((*english(said).blocks, *link.blocks)),
        notice=said,
        order=f"{now:015.3f}",
        remote_time=now,
        url=about.home or about.url,
    )
