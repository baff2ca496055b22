"""A post's content as a document, and back: mentions, the network's emoji, names at the beginning.

A direct post names those whom it is for. In a conversation with them that is noise: `said_to` takes the names
away, `addressed` puts them before what is sent.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime
from itertools import dropwhile

import msgspec

from ...document import Block, Break, Document, Emoji, Inline, Mention, Paragraph, Text
from ...text import from_html, to_plain

NAMES = re.compile(r"(?:\s*@[\w.-]+(?:@[\w.:-]+\w)?(?![\w@]))+")
"""Names at the beginning of a text. An edit may leave them without a link."""
SHORTCODE = re.compile(r"<[^<>]*>|:([A-Za-z0-9_]{1,64}):")


def document_of(
    content: str, people: Mapping[str, Mention], emoji: Mapping[str, str], base_url: str
) -> Document:
    """Content as a document. `people` are those mentioned by URL, `emoji` URLs by shortcode."""

    def picture(found: re.Match[str]) -> str:
        return f'<img data-emoji="{found[1]}">' if found[1] in emoji else found[0]

    def named(url: str, _: Mapping[str, str]) -> Mention | None:
        return people.get(url)

    def shown(attributes: Mapping[str, str]) -> Emoji | None:
        name = attributes.get("data-emoji", "")
        return Emoji(name, f":{name}:", emoji[name]) if name in emoji else None

    markup = SHORTCODE.sub(picture, content) if emoji else content
    return from_html(markup, base_url=base_url, link=named, image=shown)


def said_to(document: Document, people: Collection[str], handles: Collection[str]) -> Document:
    """A document without the names of people, by id or by handle, that it begins with."""
    first = document.blocks[0] if document.blocks else None
    if not isinstance(first, Paragraph):
        return document
    left = list(dropwhile(lambda node: _is_name(node, people), first.children))
    if left and isinstance(left[0], Text):
        text = _without_names(left[0].text, handles)
        left = [Text(text), *left[1:]] if text else left[1:]
    while left and isinstance(left[0], Break):
        del left[0]
    rest: tuple[Block, ...] = document.blocks[1:]
    return Document((Paragraph(tuple(left)), *rest) if left else rest)


def _is_name(node: Inline, people: Collection[str]) -> bool:
    if isinstance(node, Mention):
        return node.remote_id in people
    return isinstance(node, Text) and not node.text.strip()


def _without_names(text: str, handles: Collection[str]) -> str:
    found = NAMES.match(text)
    if found is None or not handles:
        return text.lstrip()
    at = 0
    for name in re.finditer(r"\s*(@\S+)", found[0]):
        if name[1] not in handles:
            break
        at = name.end()
    return text[at:].lstrip()


def addressed(text: str, handles: Iterable[str]) -> str:
    """A text with names before it, but those that it has anyway."""
    names = [name for name in handles if not re.search(rf"{re.escape(name)}(?![\w.@-])", text)]
    return " ".join([*names, text]).rstrip(" ")


def plain_of(document: Document, handles: Mapping[str, str]) -> str:
    """Plain text, with mentions by the names that the network understands."""
    return to_plain(Document(tuple(_renamed(block, handles) for block in document.blocks)))


def _renamed(block: Block, handles: Mapping[str, str]) -> Block:
    if not isinstance(block, Paragraph):
        return block
    return msgspec.structs.replace(block, children=tuple(_handle(node, handles) for node in block.children))


def _handle(node: Inline, handles: Mapping[str, str]) -> Inline:
    if isinstance(node, Mention) and node.remote_id in handles:
        return Text(handles[node.remote_id])
    return node


def same_words(one: str, other: str) -> bool:
    """Whether two texts say the same, whatever a server did to their spaces."""
    return one.split() == other.split()


def seconds_of(date: str) -> float | None:
    """Unix seconds of a date as servers write it (ISO 8601, UTC if none is named)."""
    try:
        found = datetime.fromisoformat(date)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
