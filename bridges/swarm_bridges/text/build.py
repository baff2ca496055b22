"""`Builder` makes documents from what readers of markup find, and keeps them within the bounds.

A reader says what begins and what ends; it may forget to end things, or end them in the wrong order. Inside
of a paragraph the builder keeps runs, each a leaf with the formats around it, and nests them when the
paragraph ends: so a tree can become neither too deep nor crossed.
"""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from urllib.parse import urlsplit

from ..document import (
    MAX_DEPTH,
    MAX_NODES,
    Block,
    Break,
    Code,
    CodeBlock,
    Document,
    Emoji,
    Emphasis,
    Heading,
    Inline,
    Item,
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

CUT = "[The rest is too long and was left out.]"
MAX_URL = 2048
"""Characters. Servers and browsers refuse longer ones anyway."""

_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_URL = re.compile(r"(?:https?://[^\s/?#\"<>\\]|mailto:[^\s\"<>]|xmpp:[^\s\"<>])[^\s\"<>]*", re.IGNORECASE)
Mark = Strong | Emphasis | Struck
MARKS: Mapping[str, type[Mark]] = {"strong": Strong, "emphasis": Emphasis, "struck": Struck}


class Full(Exception):
    """The document holds all that it may; what follows is left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Format:
    """Something that stands around text: `strong`, `emphasis`, `struck` or, with a URL, `link`."""

    kind: str
    url: str = ""


Run = tuple[tuple[Format, ...], Inline]
"""A leaf, and the formats around it, outermost first."""


def safe_text(text: str) -> str:
    """Text without control characters and halves of surrogate pairs, with one kind of line end."""
    return _UNSAFE.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def safe_url(url: str) -> str:
    """The URL if a link may lead there, else an empty text. Browsers ignore line ends in it; so do we."""
    url = re.sub(r"[\t\r\n]", "", url.strip())
    if len(url) > MAX_URL or not _URL.fullmatch(url) or _UNSAFE.search(url):
        return ""
    try:
        urlsplit(url)
    except ValueError:  # an address in brackets that is none
        return ""
    return url


@dataclass(slots=True)
class _Container:
    """A block that holds blocks and has not ended: `document`, `quote`, `list` or `item`."""

    kind: str
    ordered: bool = False
    blocks: list[Block] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)


class Builder:
    """A document that is being made. Methods raise Full when it holds all that it may."""

    def __init__(self) -> None:
        self._open = [_Container("document")]
        self._ignored: Counter[str] = Counter()
        """Containers that were too deep to begin, and have not ended."""
        self._depth = 0
        self._heading = 0
        self._formats: tuple[Format, ...] = ()
        self._text: list[str] = []
        self._runs: list[Run] = []
        self._nodes = 0

    # --- inside of a paragraph

    def text(self, text: str) -> None:
        """Characters."""
        if text:
            self._text.append(text)

    def leaf(self, leaf: Code | Break | Mention | Emoji) -> None:
        """Something that stands in a line and is not text."""
        self._flush()
        self._run(leaf)

    def begin(self, kind: str, url: str = "") -> Format | None:
        """Begin a format; None if it is too deep, or a link in a link."""
        if self._depth + len(self._formats) >= MAX_DEPTH or (kind == "link" and link_of(self._formats)):
            return None
        self._flush()
        made = Format(kind, url)
        self._formats = (*self._formats, made)
        return made

    def end(self, made: Format | None) -> None:
        """End a format, if it has not ended yet."""
        if made in self._formats:
            self._flush()
            self._formats = tuple(f for f in self._formats if f is not made)

    # --- blocks

    def paragraph(self, heading: int = 0) -> None:
        """What follows is another paragraph, or a heading of level 1 to 6."""
        self._flush()
        level, runs, self._heading, self._runs = self._heading, self._runs, heading, []
        if children := nest(trimmed(runs)):
            self._add(Heading(level, children) if level else Paragraph(children))

    def block(self, block: Rule | CodeBlock) -> None:
        """A block that holds no others."""
        self.paragraph()
        self._add(block)

    def open(self, kind: str, *, ordered: bool = False) -> None:
        """Begin a `quote`, a `list` or an `item`. An item outside of a list begins one."""
        self.paragraph()
        if kind == "item":
            if self._open[-1].kind == "item" and not self._ignored["list"]:
                self._shut()
            if self._open[-1].kind != "list":
                if self._ignored["list"]:
                    return  # its list was too deep: the item is a paragraph
                self.open("list")
        elif self._depth >= MAX_DEPTH // 2:
            self._ignored[kind] += 1
            return
        elif self._open[-1].kind == "list":
            self.open("item")
        self._depth += kind != "item"
        self._open.append(_Container(kind, ordered))

    def close(self, kind: str) -> None:
        """End the innermost of this kind and all that is in it; nothing if there is none."""
        self.paragraph()
        if self._ignored[kind]:
            self._ignored[kind] -= 1
        elif any(c.kind == kind for c in self._open):
            while self._shut() != kind:
                pass

    def done(self) -> Document:
        """What was made, everything ended."""
        try:
            self._end_all()
        except Full:
            return self.cut()
        return Document(tuple(self._open[0].blocks))

    def cut(self) -> Document:
        """What was made before it was full, and a sentence that says so."""
        self._nodes = -MAX_NODES  # for what is still open there was room left
        self._end_all()
        return Document((*self._open[0].blocks, Paragraph((Text(CUT),))))

    def _end_all(self) -> None:
        self.paragraph()
        while len(self._open) > 1:
            self._shut()

    def _flush(self) -> None:
        if self._text:
            text, self._text = "".join(self._text), []
            self._run(Text(text))

    def _run(self, leaf: Inline) -> None:
        self._runs.append((self._formats, leaf))
        self._count(1 + len(self._formats))

    def _add(self, block: Block) -> None:
        if self._open[-1].kind == "list":  # something in a list, outside of its items
            self._open[-1].items.append(Item((block,)))
            self._count(1)
        else:
            self._open[-1].blocks.append(block)
        self._count(1)

    def _shut(self) -> str:
        ended = self._open.pop()
        self._depth -= ended.kind != "item"
        if ended.kind == "item" and ended.blocks:
            self._open[-1].items.append(Item(tuple(ended.blocks)))
            self._count(1)
        elif ended.kind == "quote" and ended.blocks:
            self._add(Quote(tuple(ended.blocks)))
        elif ended.kind == "list" and ended.items:
            self._add(List(tuple(ended.items), ended.ordered))
        return ended.kind

    def _count(self, nodes: int) -> None:
        self._nodes += nodes
        if self._nodes >= MAX_NODES - 4 * MAX_DEPTH:
            raise Full


def nest(runs: Sequence[Run], depth: int = 0) -> tuple[Inline, ...]:
    """Runs as a tree."""
    out: list[Inline] = []
    for around, group in groupby(runs, key=lambda run: run[0][depth] if len(run[0]) > depth else None):
        inside = list(group)
        if around is None:
            out += _joined(leaf for _, leaf in inside)
        elif around.kind == "link":
            out.append(Link(around.url, nest(inside, depth + 1)))
        else:
            out.append(MARKS[around.kind](nest(inside, depth + 1)))
    return tuple(out)


def _joined(leaves: Iterable[Inline]) -> Iterator[Inline]:
    for kind, group in groupby(leaves, key=type):
        if kind is Text:
            yield Text("".join(leaf.text for leaf in group if isinstance(leaf, Text)))
        else:
            yield from group


def link_of(around: tuple[Format, ...]) -> Format | None:
    """The link that something stands in."""
    return next((f for f in around if f.kind == "link"), None)


def _kind(mark: Mark) -> str:
    return next(kind for kind, made in MARKS.items() if isinstance(mark, made))


def runs_of(children: Sequence[Inline], around: tuple[Format, ...] = ()) -> Iterator[Run]:
    """A tree as runs."""
    for child in children:
        match child:
            case Link():
                yield from runs_of(child.children, (*around, Format("link", child.url)))
            case Strong() | Emphasis() | Struck():
                yield from runs_of(child.children, (*around, Format(_kind(child))))
            case _:
                yield around, child


def trimmed(runs: Sequence[Run]) -> list[Run]:
    """Runs without spaces and breaks at either end."""
    out = deque(runs)
    while out and (run := out.popleft()):
        if kept := _stripped(run, str.lstrip):
            out.appendleft(kept)
            break
    while out and (run := out.pop()):
        if kept := _stripped(run, str.rstrip):
            out.append(kept)
            break
    return list(out)


def _stripped(run: Run, strip: Callable[[str], str]) -> Run | None:
    around, leaf = run
    if isinstance(leaf, Text):
        return (around, Text(text)) if (text := strip(leaf.text)) else None
    return None if isinstance(leaf, Break) else run


def bounded(document: Document) -> Document:
    """The same document within the bounds, and with links that lead to safe places only.

    For documents that another program made; those that this package makes are so already.
    """
    builder = Builder()
    formats: list[Format | None] = []
    todo: list[object] = list(reversed(document.blocks))
    try:
        while todo:  # not by recursion: a hostile tree may be deeper than the stack
            node = todo.pop()
            if isinstance(node, _End):
                builder.close(node.kind) if node.kind else builder.end(formats.pop())
            else:
                todo += reversed(_put(builder, node, formats))
    except Full:
        return builder.cut()
    return builder.done()


@dataclass(frozen=True, slots=True)
class _End:
    """Here a container ends, or a format if it names none."""

    kind: str = ""


def _put(builder: Builder, node: object, formats: list[Format | None]) -> tuple[object, ...]:
    """Begin a node; gives what it holds."""
    match node:
        case Paragraph(children=children):
            builder.paragraph()
            return children
        case Heading(level=level, children=children):
            builder.paragraph(heading=min(max(level, 1), 6))
            return children
        case Quote(children=blocks):
            builder.open("quote")
            return (*blocks, _End("quote"))
        case List(items=items, ordered=ordered):
            builder.open("list", ordered=ordered)
            return (*items, _End("list"))
        case Item(children=blocks):
            builder.open("item")
            return (*blocks, _End("item"))
        case Link(url=url, children=children):
            formats.append(builder.begin("link", safe) if (safe := safe_url(url)) else None)
            return (*children, _End())
        case Strong(children=children) | Emphasis(children=children) | Struck(children=children):
            formats.append(builder.begin(_kind(node)))
            return (*children, _End())
        case CodeBlock(text=text, language=language):
            builder.block(CodeBlock(safe_text(text), safe_text(language)))
        case Rule():
            builder.block(node)
        case Text(text=text):
            builder.text(safe_text(text))
        case Code(text=text):
            builder.leaf(Code(safe_text(text)))
        case Mention(remote_id=remote_id, name=name):
            builder.leaf(Mention(safe_text(remote_id), safe_text(name)))
        case Emoji(name=name, fallback=fallback, url=url):
            builder.leaf(Emoji(safe_text(name), safe_text(fallback), safe_url(url)))
        case Break():
            builder.leaf(node)
        case _:
            raise TypeError(f"{type(node).__name__} is no node of a document")
    return ()
