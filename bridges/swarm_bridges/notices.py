"""What a bridge says itself: as the body of a message or as a title, and in other languages."""

from __future__ import annotations

from collections.abc import Mapping

from .api import ConversationSeen, MessageSeen, Notice
from .document import Document, Paragraph, Text
from .sentences import ENGLISH
from .text import from_plain, to_plain

NAMELESS = frozenset({"timeline", "notifications"})
"""Kinds of conversations for which networks have no name."""


def english(notice: Notice) -> Document:
    """The notice in English, for a body."""
    return from_plain(title_of(notice))


def title_of(given: str | Notice) -> str:
    """A title, in English where it is a notice."""
    return given if isinstance(given, str) else ENGLISH.filled(given.says, given.facts)


def names_itself(event: ConversationSeen) -> bool:
    """Whether a conversation for which the network has no name is called what the bridge calls it."""
    return event.kind not in NAMELESS or not isinstance(event.title, str)


def fits(event: MessageSeen) -> bool:
    """Whether a message begins with what its notice says, as a paragraph of its own."""
    if event.notice is None:
        return True
    return to_plain(Document(event.body.blocks[:1])) == to_plain(english(event.notice))


def in_others(notice: Notice | None, body: Document) -> Mapping[str, str]:
    """By language, the text of a message that begins with a notice."""
    said = {} if notice is None else notice.others
    return {
        language: to_plain(Document((Paragraph((Text(text),)), *body.blocks[1:])))
        for language, text in said.items()
    }
