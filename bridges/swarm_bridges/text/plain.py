"""Plain text to a document and back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..document import (
    Block,
    Break,
    Code,
    CodeBlock,
    Document,
    Emoji,
    Emphasis,
    Heading,
    Inline,
    Link,
    List,
    Mention,
    Paragraph,
    Quote,
    Rule,
    Strong,
    Struck,
    Text,
)
from .build import Builder, Full, safe_text, safe_url

URL = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,:;!?'*_~)\]}]", re.IGNORECASE)
"""A URL in a text, without what more likely ends the sentence."""


def from_plain(text: str) -> Document:
    """Paragraphs between empty lines, with links where a URL stands."""
    builder = Builder()
    try:
        for lines in re.split(r"\n[ \t]*\n\s*", safe_text(text)):
            builder.paragraph()
            for number, line in enumerate(lines.split("\n")):
                if number:
                    builder.leaf(Break())
                add_with_links(builder, line)
    except Full:
        return builder.cut()
    return builder.done()


def add_with_links(builder: Builder, text: str) -> None:
    """Add characters; a URL in them becomes a link."""
    at = 0
    for found in URL.finditer(text):
        shown = found[0]
        if "(" in shown and text[found.end() : found.end() + 1] == ")":
            shown += ")"
        if url := safe_url(shown):
            builder.text(text[at : found.start()])
            made = builder.begin("link", url)
            builder.text(shown)
            builder.end(made)
            at = found.start() + len(shown)
    builder.text(text[at:])


def to_plain(document: Document) -> str:
    """Text that says the same without markup: what networks without any are sent, and what is searched."""
    return "\n\n".join(_lines(document.blocks))


def inline_text(children: Sequence[Inline]) -> str:
    """The text of a paragraph. A link that does not show its URL has it behind, in parentheses."""
    out: list[str] = []
    for child in children:
        match child:
            case Text(text=text) | Code(text=text):
                out.append(text)
            case Break():
                out.append("\n")
            case Mention(name=name):
                out.append(name)
            case Emoji(fallback=fallback):
                out.append(fallback)
            case Link(url=url, children=inside):
                shown = inline_text(inside)
                out.append(shown if url in {shown, f"mailto:{shown}"} else f"{shown} ({url})")
            case Strong(children=inside) | Emphasis(children=inside) | Struck(children=inside):
                out.append(inline_text(inside))
    return "".join(out)


def _lines(blocks: Sequence[Block]) -> Iterator[str]:
    """The text of each block."""
    for block in blocks:
        match block:
            case Paragraph(children=children) | Heading(children=children):
                yield inline_text(children)
            case CodeBlock(text=text):
                yield text
            case Rule():
                yield "---"
            case Quote(children=inside):
                yield indented("\n\n".join(_lines(inside)), "> ", "> ")
            case List(items=items, ordered=ordered):
                yield "\n".join(
                    indented("\n".join(_lines(item.children)), mark, " " * len(mark))
                    for number, item in enumerate(items, 1)
                    for mark in [f"{number}. " if ordered else "- "]
                )


def indented(text: str, first: str, others: str) -> str:
    """Text with something before each line; nothing is left at the end of empty ones."""
    lines = text.split("\n")
    return "\n".join(((others if number else first) + line).rstrip(" ") for number, line in enumerate(lines))
