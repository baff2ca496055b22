"""What a bridge says itself in a conversation: as the body of a message, and in other languages."""

from __future__ import annotations

from collections.abc import Mapping

from .api import MessageSeen, Notice
from .document import Document, Paragraph, Text
from .sentences import ENGLISH
from .text import from_plain, to_plain


def english(notice: Notice) -> Document:
    """The notice in English, for a body."""
    return from_plain(ENGLISH.filled(notice.says, notice.facts))


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
