"""A document as parts that fit a network's limit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeVar

from ..api import Capabilities, Rendered
from ..document import (
    Block,
    Code,
    CodeBlock,
    Document,
    Heading,
    Inline,
    Item,
    List,
    Paragraph,
    Quote,
    Rule,
    Text,
)
from .build import Run, link_of, nest, runs_of, trimmed
from .measure import fitting, measure
from .plain import URL, from_plain, inline_text, to_plain

_NARROW = 64
"""Below this, quotes and lists become plain text: their marks would need most of the room."""

_WORD = re.compile(r"\s+|\S+")
T = TypeVar("T")


def split(document: Document, capabilities: Capabilities) -> tuple[Rendered, ...]:
    """Parts in order, each with its plain text within `max_text`; at least one, also of nothing.

    Cuts lie between blocks where they can, else between words, else between what people see as characters.

    Raises:
        ValueError: the limit is below one character.
    """
    limit = capabilities.max_text
    if limit is None:
        return (Rendered(document, to_plain(document)),)
    if limit < 1:
        raise ValueError("a limit below one character")
    ruler = _Ruler(capabilities.text_unit, capabilities.link_cost)
    if ruler.text(to_plain(document)) <= limit:
        return (Rendered(document, to_plain(document)),)
    pieces = ruler.blocks(document.blocks, limit)
    made = [Document(tuple(part)) for part in _packed(pieces, ruler.block, limit, between=2)]
    return tuple(Rendered(part, to_plain(part)) for part in made or [Document()])


def _packed(pieces: Iterable[T], size: Callable[[T], int], limit: int, *, between: int) -> Iterator[list[T]]:
    """As many pieces together as fit, in order."""
    pack: list[T] = []
    used = 0
    for piece in pieces:
        cost = size(piece)
        if pack and used + between + cost > limit:
            yield pack
            pack = []
        used = used + between + cost if pack else cost
        pack.append(piece)
    if pack:
        yield pack


class _Ruler:
    """Measures and cuts in one unit."""

    def __init__(self, unit: str, link_cost: int | None) -> None:
        self._unit, self._link_cost = unit, link_cost

    def text(self, text: str) -> int:
        return measure(text, self._unit, self._link_cost)

    def block(self, block: Block) -> int:
        return self.text(to_plain(Document((block,))))

    def blocks(self, blocks: Sequence[Block], limit: int) -> Iterator[Block]:
        """Blocks that say the same, each within the limit."""
        for block in blocks:
            if self.block(block) <= limit:
                yield block
            else:
                yield from self._cut(block, limit)

    def _cut(self, block: Block, limit: int) -> Iterator[Block]:
        match block:
            case Paragraph(children=children):
                yield from (Paragraph(nest(runs)) for runs in self._runs(children, limit))
            case Heading(level=level, children=children):
                yield from (Heading(level, nest(runs)) for runs in self._runs(children, limit))
            case CodeBlock(text=text, language=language):
                lines = (piece for line in text.split("\n") for piece in self._words(line, limit, whole=True))
                for pack in _packed(lines, self.text, limit, between=1):
                    yield CodeBlock("\n".join(pack), language)
            case Quote(children=inside) if limit >= _NARROW:
                half = (limit - 2) // 2  # the marks at most double it

                def quoted(piece: Block) -> int:
                    return self.block(Quote((piece,)))

                for group in _packed(self.blocks(inside, half), quoted, limit, between=3):
                    yield Quote(tuple(group))
            case List(items=items, ordered=False) if limit >= _NARROW:
                half = (limit - 2) // 3
                cut = (Item((piece,)) for item in items for piece in self.blocks(item.children, half))

                def listed(item: Item) -> int:
                    return self.block(List((item,)))

                for entries in _packed(cut, listed, limit, between=1):
                    yield List(tuple(entries))
            case Quote() | List():  # numbers must go on in the next part, so they become text
                yield from self.blocks(from_plain(to_plain(Document((block,)))).blocks, limit)
            case Rule():
                yield Paragraph((Text("-"),))

    def _runs(self, children: Sequence[Inline], limit: int) -> Iterator[list[Run]]:
        """What stands in a paragraph, in pieces within the limit."""

        def size(atom: list[Run]) -> int:
            return self.text(inline_text(nest(atom)))

        for pack in _packed(self._atoms(children, limit), size, limit, between=0):
            if runs := trimmed([run for atom in pack for run in atom]):
                yield runs

    def _atoms(self, children: Sequence[Inline], limit: int) -> Iterator[list[Run]]:
        """What is not to be cut: words and whole links, unless they alone are too long."""
        for link, group in groupby(runs_of(children), key=lambda run: link_of(run[0])):
            runs = list(group)
            if link is not None:
                shown = inline_text(nest(runs))
                if self.text(shown) <= limit:
                    yield runs
                    continue
                runs = [((), Text(shown))]
            for around, leaf in runs:
                kind = Code if isinstance(leaf, Code) else Text
                shown = inline_text((leaf,))
                if not isinstance(leaf, Text | Code) and self.text(shown) <= limit:
                    yield [(around, leaf)]
                    continue
                for word in self._words(shown, limit):
                    yield [(around, kind(word))]

    def _words(self, text: str, limit: int, *, whole: bool = False) -> Iterator[str]:
        """Words and the spaces between them, each within the limit; if `whole`, all at once if that fits."""
        if whole and self.text(text) <= limit:
            yield text
            return
        for word in _WORD.findall(text):
            if self.text(word) <= limit or URL.fullmatch(word):
                yield word
                continue
            at = 0
            while at < len(word):
                size = fitting(word[at : at + 4 * limit], limit, self._unit) or 1
                yield word[at : at + size]
                at += size
