"""HTML to a document and back.

The tokens are our own: the standard library's parser takes time that grows with the square of hostile input
(40 kB of `<a x ` are 27 s), and this must be safe with megabytes from strangers. The forms of tokens follow
the HTML standard (section 13.2.5): what a browser takes for a tag is a tag here, and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from html import escape, unescape
from urllib.parse import urljoin

from ..document import (
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

MAX_TAG = 65_536
"""Characters of one tag; a longer one is taken for one that does not end."""
MAX_TAGS = 5 * MAX_NODES
"""Tags that add nothing take time too."""

# Early versions of Python 3.11, such as Debian 12's, are wrong about possessive groups. These need none: each
# alternative begins with another character, so the time grows with the length alone.
_TEXT = re.compile(r"(?:[^<]++|<(?![a-zA-Z/!?]))+")
_TAG = re.compile(
    r"<(/?)([a-zA-Z][^\s/>]*+)"
    r"((?:[\s/]++|[^\s/>=][^\s/>=]*+|=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s>\"'][^\s>]*+|(?=>)))*)>"
)
_ATTRIBUTE = re.compile(r"([^\s/>=][^\s/>=]*+)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s>\"'][^\s>]*+)))?")
_SPACE = re.compile(r"[ \t\n\f]+")

_FORMATS = {
    **dict.fromkeys(("b", "strong"), "strong"),
    **dict.fromkeys(("i", "em", "cite", "var", "dfn"), "emphasis"),
    **dict.fromkeys(("s", "strike", "del"), "struck"),
}
_CODE = {"code", "tt", "kbd", "samp"}
_BLOCKS = {
    *("address", "article", "aside", "body", "center", "dd", "details", "div", "dl", "dt", "fieldset"),
    *("figcaption", "figure", "footer", "form", "header", "html", "legend", "main", "nav", "p", "section"),
    *("summary", "table", "tbody", "tfoot", "thead", "tr"),
}
_CONTAINERS = {"blockquote": "quote", "ul": "list", "ol": "list", "li": "item"}
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_RAW = {"iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"}
"""What is in these is no markup, up to their own end; none of it is shown."""
_HIDDEN = {"audio", "canvas", "head", "math", "object", "select", "svg", "template", "video"}

Attributes = Mapping[str, str]
OnLink = Callable[[str, Attributes], Mention | None]
OnImage = Callable[[Attributes], Emoji | None]


def from_html(
    markup: str,
    *,
    base_url: str = "",
    link: OnLink | None = None,
    image: OnImage | None = None,
    hide: frozenset[str] = frozenset(),
) -> Document:
    """The document that a piece of HTML means. Scripts, styles, forms and pictures are left out.

    Args:
        markup: a page or a part of one.
        base_url: what relative links start from; without it they are only text.
        link: says for a URL and the attributes of its tag that it mentions somebody.
        image: says for the attributes of a picture that it is an emoji; others are their description.
        hide: names of tags that the network uses for what is not to be shown, in lower case.
    """
    reader = _Reader(base_url, link, image, frozenset(_HIDDEN) | hide)
    try:
        for count, (name, attributes, text) in enumerate(_tokens(safe_text(markup))):
            if count > MAX_TAGS:
                return reader.builder.cut()
            reader.token(name, attributes, text)
        reader.finish()
    except Full:
        return reader.builder.cut()
    return reader.builder.done()


def tags(markup: str, *names: str) -> Iterator[Attributes]:
    """Attributes of the tags with one of these names that begin something, as a browser sees them."""
    for count, (name, attributes, _) in enumerate(_tokens(safe_text(markup))):
        if count > MAX_TAGS:
            return
        if name in names:
            yield _attributes(attributes)


def _tokens(markup: str) -> Iterator[tuple[str, str, str]]:
    """Name, attributes and text: a tag has a name, that of an end begins with `/`; text has none."""
    at = 0
    while at < len(markup):
        if found := _TEXT.match(markup, at):
            yield "", "", found[0]
            at = found.end()
        elif found := _TAG.match(markup, at, at + MAX_TAG):
            name = found[2].lower()
            yield found[1] + name, found[3], ""
            at = found.end()
            if name in _RAW and not found[1]:
                end = re.compile(f"</{re.escape(name)}(?=[\\s/>])", re.IGNORECASE).search(markup, at)
                at = end.start() if end else len(markup)
        elif markup[at + 1 : at + 2].isalpha() or (
            markup[at + 1] == "/" and markup[at + 2 : at + 3].isalpha()
        ):
            return  # a tag that does not end holds all that follows
        else:
            mark = "-->" if markup.startswith("<!--", at) else ">"
            end_at = markup.find(mark, at + 2)
            at = end_at + len(mark) if end_at >= 0 else len(markup)


def _attributes(text: str) -> dict[str, str]:
    """Attributes by name in lower case; of equal names the first counts."""
    out: dict[str, str] = {}
    for found in _ATTRIBUTE.finditer(text):
        out.setdefault(found[1].lower(), unescape(found[2] or found[3] or found[4] or ""))
    return out


class _Reader:
    """What is open while tokens come."""

    def __init__(self, base_url: str, link: OnLink | None, image: OnImage | None, hidden: frozenset[str]):
        self.builder = Builder()
        self._base_url, self._link, self._image, self._hidden = base_url, link, image, hidden
        self._open: list[tuple[str, Format | None]] = []
        """Formats by their tags; never more than the builder takes, and those that it did not."""
        self._space = True
        """Whether a space would be the second one, or begin a line."""
        self._code = 0
        self._pre: list[str] | None = None
        self._skip = ("", 0)
        """A tag whose content is not shown, and how often it is open within itself."""

    def token(self, name: str, attributes: str, text: str) -> None:
        """Take a token."""
        tag, ends = name.lstrip("/"), name.startswith("/")
        if self._skip[0]:
            if tag == self._skip[0]:
                depth = self._skip[1] + (-1 if ends else 1)
                self._skip = (tag, depth) if depth else ("", 0)
        elif not tag:
            self._text(unescape(text))
        elif ends:
            self._end(tag)
        else:
            self._begin(tag, attributes)

    def finish(self) -> None:
        """No more tokens come."""
        if self._pre is not None:
            self._end("pre")

    def _text(self, text: str) -> None:
        text = safe_text(text)  # again: references may stand for what is not safe
        if self._pre is not None:
            self._pre.append(text)
            return
        text = _SPACE.sub(" ", text)
        if self._space:
            text = text.removeprefix(" ")
        if text:
            self._space = text.endswith(" ")
            if self._code:
                self.builder.leaf(Code(text))
            else:
                self.builder.text(text)

    def _begin(self, tag: str, attributes: str) -> None:
        builder = self.builder
        if tag in self._hidden:
            self._skip = (tag, 1)
        elif tag == "br":
            self._pre.append("\n") if self._pre is not None else builder.leaf(Break())
            self._space = True
        elif self._pre is not None:
            pass  # no markup inside of lines of fixed width
        elif tag == "a":
            self._end("a")
            self._begin_link(_attributes(attributes))
        elif tag == "img":
            found = _attributes(attributes)
            if self._image is not None and (emoji := self._image(found)):
                builder.leaf(emoji)
                self._space = False
            else:
                self._text(found.get("alt", ""))
        elif tag in _FORMATS:
            if len(self._open) < MAX_NODES:
                self._open.append((tag, builder.begin(_FORMATS[tag])))
        elif tag in _CODE:
            self._code += 1
        elif tag in {"td", "th"}:
            self._text(" ")
        elif tag == "pre":
            self._block()
            self._pre = []
        elif tag == "hr":
            self._block()
            builder.block(Rule())
        elif tag in _CONTAINERS:
            self._block()
            builder.open(_CONTAINERS[tag], ordered=tag == "ol")
        elif tag in _BLOCKS or tag in _HEADINGS:
            self._block(_HEADINGS.get(tag, 0))

    def _end(self, tag: str) -> None:
        builder = self.builder
        if tag == "pre" and self._pre is not None:
            builder.block(CodeBlock("".join(self._pre).removeprefix("\n").rstrip("\n")))
            self._pre = None
        elif self._pre is not None:
            pass
        elif tag in _FORMATS or tag == "a":
            for at in range(len(self._open) - 1, max(-1, len(self._open) - 100), -1):
                if self._open[at][0] == tag:
                    builder.end(self._open.pop(at)[1])
                    break
        elif tag in _CODE:
            self._code = max(0, self._code - 1)
        elif tag in _CONTAINERS:
            self._block()
            builder.close(_CONTAINERS[tag])
        elif tag in _BLOCKS or tag in _HEADINGS:
            self._block()

    def _begin_link(self, attributes: Mapping[str, str]) -> None:
        href = attributes.get("href", "")
        try:
            url = safe_url(urljoin(self._base_url, href) if self._base_url else href)
        except ValueError:  # an address in brackets that is none
            url = ""
        if self._link is not None and url and (mention := self._link(url, attributes)):
            self.builder.leaf(mention)
            self._skip, self._space = ("a", 1), False
        elif url:
            self._open.append(("a", self.builder.begin("link", url)))

    def _block(self, heading: int = 0) -> None:
        self.builder.paragraph(heading)
        self._space = True


def to_html(document: Document, *, mention: Callable[[Mention], str] | None = None) -> str:
    """HTML of few tags and no attributes but `href`. `mention` gives the URL of somebody's page."""
    return "".join(_block_html(block, mention) for block in document.blocks)


def _block_html(block: Block, mention: Callable[[Mention], str] | None) -> str:
    def inside(blocks: Sequence[Block]) -> str:
        return "".join(_block_html(b, mention) for b in blocks)

    match block:
        case Paragraph(children=children):
            return f"<p>{_inline_html(children, mention)}</p>"
        case Heading(level=level, children=children):
            return f"<h{level}>{_inline_html(children, mention)}</h{level}>"
        case Quote(children=blocks):
            return f"<blockquote>{inside(blocks)}</blockquote>"
        case CodeBlock(text=text):
            return f"<pre>\n{escape(text, quote=False)}</pre>"
        case List(items=items, ordered=ordered):
            tag = "ol" if ordered else "ul"
            return f"<{tag}>{''.join(f'<li>{inside(item.children)}</li>' for item in items)}</{tag}>"
        case Rule():
            return "<hr>"


def _inline_html(children: Sequence[Inline], mention: Callable[[Mention], str] | None) -> str:
    out: list[str] = []
    for child in children:
        match child:
            case Text(text=text):
                out.append(escape(text, quote=False))
            case Code(text=text):
                out.append(f"<code>{escape(text, quote=False)}</code>")
            case Break():
                out.append("<br>")
            case Emoji(fallback=fallback):
                out.append(escape(fallback, quote=False))
            case Mention(name=name):
                url = safe_url(mention(child)) if mention else ""
                shown = escape(name, quote=False)
                out.append(f'<a href="{escape(url)}">{shown}</a>' if url else shown)
            case Link(url=url, children=inside):
                out.append(f'<a href="{escape(url)}">{_inline_html(inside, mention)}</a>')
            case Strong(children=inside):
                out.append(f"<strong>{_inline_html(inside, mention)}</strong>")
            case Emphasis(children=inside):
                out.append(f"<em>{_inline_html(inside, mention)}</em>")
            case Struck(children=inside):
                out.append(f"<del>{_inline_html(inside, mention)}</del>")
    return "".join(out)
