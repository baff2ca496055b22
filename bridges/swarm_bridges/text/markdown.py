"""The Markdown that people type into chats, to a document and back.

A subset: emphasis, code, links, quotes, lists, headings, fences, lines. Each end of a line is kept, as
chats do. Whatever has no meaning here stays as it was typed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

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
from .build import Builder, Format, Full, safe_text, safe_url
from .plain import indented

_FENCE = re.compile(r" {0,3}```+[ \t]*([\w+-]*)[ \t]*")
_HEADING = re.compile(r"(#{1,6})[ \t]+(.*)")
_RULE = re.compile(r" {0,3}(?:-{3,}|\*{3,}|_{3,})[ \t]*")
_QUOTE = re.compile(r" {0,3}> ?")
_ITEM = re.compile(r"( {0,3})([-*+]|\d{1,9}[.)])[ \t]+(?=\S)")
_TOKEN = re.compile(
    r"\\(?P<escape>[!-/:-@\[-`{-~])"
    r"|(?P<ticks>`+)"
    r"|(?P<mark>\*\*|~~|\*|_)"
    r"|(?P<open>\[)"
    r"|\]\((?P<url>[^()\s]{1,2048})\)"
    r"|<(?P<auto>(?:https?://|mailto:)[^\s<>]{1,2048})>"
    r"|(?P<bare>https?://[^\s<>\"\\]*[^\s<>\"\\.,:;!?'*~)\]}])"
)
MAX_TOKENS = 5 * MAX_NODES
"""Of one paragraph; behind them everything is text."""
_KINDS = {"**": "strong", "*": "emphasis", "_": "emphasis", "~~": "struck"}


def from_markdown(text: str) -> Document:
    """The document that somebody typed."""
    builder = Builder()
    try:
        _blocks(builder, safe_text(text).split("\n"), 0)
    except Full:
        return builder.cut()
    return builder.done()


def _blocks(builder: Builder, lines: Sequence[str], depth: int) -> None:
    at = 0
    paragraph: list[str] = []

    def end_paragraph() -> None:
        if paragraph:
            builder.paragraph()
            _inline(builder, "\n".join(paragraph))
            builder.paragraph()
            paragraph.clear()

    while at < len(lines):
        line = lines[at]
        begin = at
        at += 1
        if found := _FENCE.fullmatch(line):
            while at < len(lines) and lines[at].strip() != "```":
                at += 1
            end_paragraph()
            builder.block(CodeBlock("\n".join(lines[begin + 1 : at]), found[1]))
            at += 1
        elif found := _HEADING.fullmatch(line):
            end_paragraph()
            builder.paragraph(heading=len(found[1]))
            _inline(builder, found[2])
            builder.paragraph()
        elif _RULE.fullmatch(line):
            end_paragraph()
            builder.block(Rule())
        elif depth < MAX_DEPTH and _QUOTE.match(line):
            while at < len(lines) and _QUOTE.match(lines[at]):
                at += 1
            end_paragraph()
            builder.open("quote")
            _blocks(builder, [_QUOTE.sub("", quoted, count=1) for quoted in lines[begin:at]], depth + 1)
            builder.close("quote")
        elif depth < MAX_DEPTH and (found := _ITEM.match(line)) and not (paragraph and found[2] not in "-*+"):
            end_paragraph()
            at = _list(builder, lines, begin, ordered=found[2][0].isdigit(), depth=depth)
        elif line.strip():
            paragraph.append(line)
        else:
            end_paragraph()
    end_paragraph()


def _list(builder: Builder, lines: Sequence[str], at: int, *, ordered: bool, depth: int) -> int:
    """Add a list that begins at a line; gives the line behind it."""
    builder.open("list", ordered=ordered)
    while at < len(lines) and (found := _ITEM.match(lines[at])) and found[2][0].isdigit() == ordered:
        width = found.end()
        inside = [lines[at][width:]]
        at += 1
        while at < len(lines) and (lines[at].startswith(" " * width) or _empty_within(lines, at, width)):
            inside.append(lines[at][width:])
            at += 1
        builder.open("item")
        _blocks(builder, inside, depth + 1)
        builder.close("item")
    builder.close("list")
    return at


def _empty_within(lines: Sequence[str], at: int, width: int) -> bool:
    """Whether a line is empty, and the next one goes on with the item."""
    return not lines[at].strip() and at + 1 < len(lines) and lines[at + 1].startswith(" " * width)


def _inline(builder: Builder, text: str) -> None:
    """Add what stands in a paragraph: first what belongs together is found, then it is added."""
    tokens = _code_spans(text, list(islice(_TOKEN.finditer(text), MAX_TOKENS)))
    partners = _pairs(text, tokens)
    formats: dict[int, Format | None] = {}
    at = 0
    for number, token in enumerate(tokens):
        _plain(builder, text[at : token.start()])
        at = token.end()
        if isinstance(token, _CodeSpan):
            builder.leaf(Code(token.text))
        elif token["escape"]:
            builder.text(token["escape"])
        elif shown := token["bare"] or token["auto"]:
            made = builder.begin("link", url) if (url := safe_url(shown)) else None
            builder.text(shown.removeprefix("mailto:"))
            builder.end(made)
        elif (partner := partners.get(number)) is None:
            builder.text(token[0])
        elif partner > number:
            closing = tokens[partner]
            url = safe_url(closing["url"] or "") if not isinstance(closing, _CodeSpan) else ""
            formats[number] = builder.begin("link", url) if token["open"] else builder.begin(_KINDS[token[0]])
        else:
            builder.end(formats.pop(partner))
    _plain(builder, text[at:])


def _plain(builder: Builder, text: str) -> None:
    for number, line in enumerate(text.split("\n")):
        if number:
            builder.leaf(Break())
        builder.text(line)


class _CodeSpan:
    """Code between ticks; stands for all tokens in it."""

    def __init__(self, text: str, start: int, end: int) -> None:
        self.text, self._start, self._end = text, start, end

    def start(self) -> int:
        """Where it begins."""
        return self._start

    def end(self) -> int:
        """Where it ends."""
        return self._end


_Token = re.Match[str] | _CodeSpan


def _code_spans(text: str, found: Sequence[re.Match[str]]) -> list[_Token]:
    """Put code in the place of ticks that are closed by as many, with all that is between them."""
    closers: dict[int, list[int]] = {}
    for number, token in reversed(list(enumerate(found))):
        if token["ticks"]:
            closers.setdefault(len(token[0]), []).append(number)
    out: list[_Token] = []
    skip = -1
    for number, token in enumerate(found):
        if number <= skip:
            continue
        if not token["ticks"]:
            out.append(token)
            continue
        same = closers[len(token[0])]
        while same and same[-1] <= number:
            same.pop()
        if same:
            skip = same[-1]
            inside = text[token.end() : found[skip].start()].replace("\n", " ")
            if inside.startswith(" ") and inside.endswith(" ") and inside.strip():
                inside = inside[1:-1]
            out.append(_CodeSpan(inside, token.start(), found[skip].end()))
        else:
            out.append(token)
    return out


def _pairs(text: str, tokens: Sequence[_Token]) -> dict[int, int]:
    """Which tokens open and close each other, both ways. Pairs never cross."""
    out: dict[int, int] = {}
    waiting: list[tuple[str, int]] = []
    for number, token in enumerate(tokens):
        if isinstance(token, _CodeSpan) or not (token["mark"] or token["open"] or token["url"]):
            continue
        if token["open"]:
            waiting = [w for w in waiting if w[0] != "["] + [("[", number)]
            continue
        kind = "[" if token["url"] else token[0]
        before, after = text[token.start() - 1 : token.start()], text[token.end() : token.end() + 1]
        places = [at for at, (waits, _) in enumerate(waiting) if waits == kind]
        closes = kind == "[" or (before.strip() and not (kind == "_" and after.isalnum()))
        if places and closes and (kind != "[" or safe_url(token["url"])):
            opener = waiting[places[-1]][1]
            del waiting[places[-1] :]
            out[opener], out[number] = number, opener
        elif kind != "[" and not places and after.strip() and not (kind == "_" and before.isalnum()):
            waiting.append((kind, number))
    return out


def to_markdown(document: Document) -> str:
    """Markdown that `from_markdown` reads as the same document, as far as it can be written."""
    return "\n\n".join(_block_markdown(block) for block in document.blocks)


def _block_markdown(block: Block) -> str:
    def inside(blocks: Sequence[Block]) -> str:
        return "\n\n".join(_block_markdown(b) for b in blocks)

    match block:
        case Paragraph(children=children):
            lines = _inline_markdown(children).split("\n")
            return "\n".join(re.sub(r"^(\s*)([#>+-]|\d+(?=[.)]))", _escape_start, line) for line in lines)
        case Heading(level=level, children=children):
            return "#" * level + " " + _inline_markdown(children).replace("\n", " ")
        case Quote(children=blocks):
            return indented(inside(blocks), "> ", "> ")
        case CodeBlock(text=text, language=language):
            return f"```{language}\n{text}\n```"
        case List(items=items, ordered=ordered):
            return "\n".join(
                indented(inside(item.children), mark, " " * len(mark))
                for number, item in enumerate(items, 1)
                for mark in [f"{number}. " if ordered else "- "]
            )
        case Rule():
            return "---"


def _escape_start(found: re.Match[str]) -> str:
    """A line that would begin a block: its digits stay, and the sign behind them is escaped elsewhere."""
    return found[1] + (found[2] + "\\" if found[2].isdigit() else "\\" + found[2])


def _inline_markdown(children: Sequence[Inline]) -> str:
    out: list[str] = []
    for child in children:
        match child:
            case Text(text=text) | Mention(name=text) | Emoji(fallback=text):
                out.append(re.sub(r"([\\`*_~\[\]<])", r"\\\1", text))
            case Code(text=text):
                ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
                space = " " if text.startswith(("`", " ")) or text.endswith(("`", " ")) else ""
                out.append(f"{ticks}{space}{text}{space}{ticks}")
            case Break():
                out.append("\n")
            case Link(url=url, children=inside):
                plain = inside == (Text(url),)
                bare = re.sub(r"[()\s]", lambda found: f"%{ord(found[0]):02X}", url)
                out.append(f"<{url}>" if plain else f"[{_inline_markdown(inside)}]({bare})")
            case Strong(children=inside):
                out.append(f"**{_inline_markdown(inside)}**")
            case Emphasis(children=inside):
                out.append(f"*{_inline_markdown(inside)}*")
            case Struck(children=inside):
                out.append(f"~~{_inline_markdown(inside)}~~")
    return "".join(out)
