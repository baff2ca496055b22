"""XML to a small tree of elements, for documents of strangers.

Nothing is fetched, and no entity is expanded: whoever declares one is refused (`Unreadable`). A document
type is allowed, since old feeds have one, and ignored. What is not well-formed is mended once, where one
cannot mend it wrongly: entities of HTML, a bare `&`, characters that XML has not, words before and behind.

What stands inside a text (`TEXTS`) is markup and kept as such: elements of XHTML become part of the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from html.entities import html5
from urllib.parse import urljoin
from xml.parsers import expat

from .model import Unreadable

MAX_ELEMENTS = 200_000
"""With their attributes."""
MAX_DEPTH = 200
MAX_MENDED = 100_000
"""References in a document that is mended; more of them would take seconds."""

_PREFIXES = {
    "http://www.w3.org/2005/Atom": "atom:",
    "http://purl.org/atom/ns#": "atom:",
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
    "http://purl.org/rss/1.0/": "",
    "http://my.netscape.com/rdf/simple/0.9/": "",
    "http://channel.netscape.com/rdf/simple/0.9/": "",
    "http://backend.userland.com/rss2": "",
    "http://blogs.law.harvard.edu/tech/rss": "",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/dc/terms/": "dc:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/rss/1.0/modules/syndication/": "sy:",
    "http://search.yahoo.com/mrss/": "media:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
    "http://purl.org/atompub/tombstones/1.0": "at:",
    "http://www.w3.org/1999/xhtml": "xhtml:",
    "http://www.w3.org/XML/1998/namespace": "xml:",
}
TEXTS = frozenset({
    "description", "title", "content:encoded", "xhtml:body", "atom:content", "atom:summary", "atom:title",
    "atom:subtitle",
})  # fmt: skip
_VOID = frozenset({"area", "br", "col", "embed", "hr", "img", "input", "source", "track", "wbr"})
"""Elements of HTML that have no end."""
_KEPT = frozenset({"href", "src", "alt", "title", "start"})
"""Attributes of markup; no other one means anything to us."""


@dataclass(slots=True)
class Element:
    """An element: prefix and name in lower case (`atom:entry`), whatever prefix the document uses."""

    name: str
    attributes: dict[str, str]
    base: str
    """What relative addresses in it start from (XML Base)."""
    words: list[str] = field(default_factory=list)
    children: list[Element] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What stands in it, without spaces around."""
        return "".join(self.words).strip()

    def all(self, *names: str) -> Iterator[Element]:
        """Its children of these names."""
        return (child for child in self.children if child.name in names)

    def first(self, *names: str) -> Element | None:
        """The first child of the first of these names that is there and not empty, else any that is there."""
        found = [child for name in names for child in self.all(name)]
        return next((child for child in found if child.words), found[0] if found else None)

    def says(self, *names: str) -> str:
        """The text of `first`."""
        child = self.first(*names)
        return "" if child is None else child.text

    def address(self, text: str) -> str:
        """An address that stands in it, made absolute; empty if it is none."""
        return join(self.base, text)


def join(base: str, address: str) -> str:
    """An absolute address, or an empty text."""
    try:
        return urljoin(base, address.strip()) if address.strip() else ""
    except ValueError:
        return ""


def read(text: str, base: str = "") -> Element:
    """The document's element. `base` is where it came from.

    Raises:
        Unreadable: it is no XML, or none that is taken.
    """
    try:
        return _Reader(base).read(text)
    except expat.ExpatError:
        pass
    try:
        return _Reader(base).read(_mended(text))
    except expat.ExpatError:
        raise Unreadable("broken") from None


class _Reader:
    """Reads one document."""

    def __init__(self, base: str) -> None:
        self._root = Element("", {}, base)
        self._stack = [self._root]
        self._inside = 0
        """How deep in markup, inside of a text."""
        self._count = 0
        self._parser = expat.ParserCreate("utf-8", " ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._words
        self._parser.EntityDeclHandler = self._declared
        self._parser.SkippedEntityHandler = self._unknown

    def read(self, text: str) -> Element:
        self._parser.Parse(text.encode("utf-8", "replace"), True)
        return self._root.children[0]

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1 + len(attributes)
        if self._count > MAX_ELEMENTS or len(self._stack) + self._inside > MAX_DEPTH:
            raise Unreadable("large")
        around = self._stack[-1]
        if self._inside or around.name in TEXTS:
            self._inside += 1
            kept = "".join(f' {n}="{escape(v)}"' for n, v in attributes.items() if n in _KEPT)
            around.words.append(f"<{name.rpartition(' ')[2]}{kept}>")
            return
        known = {_named(key): value for key, value in attributes.items()}
        base = join(around.base, known["xml:base"]) if "xml:base" in known else around.base
        made = Element(_named(name), known, base or around.base)
        around.children.append(made)
        self._stack.append(made)

    def _end(self, name: str) -> None:
        if self._inside:
            self._inside -= 1
            local = name.rpartition(" ")[2]
            if local not in _VOID:
                self._stack[-1].words.append(f"</{local}>")
        else:
            self._stack.pop()

    def _words(self, text: str) -> None:
        self._stack[-1].words.append(escape(text) if self._inside else text)

    def _declared(self, *_: object) -> None:
        raise Unreadable("entities")

    def _unknown(self, *_: object) -> None:
        raise expat.ExpatError("an entity that nobody declared")


def _named(name: str) -> str:
    space, _, local = name.rpartition(" ")
    return _PREFIXES.get(space, f"{space} ") + local.lower() if space else local.lower()


_REFERENCE = re.compile(r"&(?:#([0-9]{1,7});|#[xX]([0-9a-fA-F]{1,6});|([A-Za-z][A-Za-z0-9]{1,31});)?")
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_END = re.compile(r"</(?:rss|feed|rdf:RDF|opml)\s*>", re.IGNORECASE)
_XML_OWN = frozenset({"amp", "lt", "gt", "quot", "apos"})


def _mended(text: str) -> str:
    """A document with what is often wrong put right. Raises Unreadable for one that would take long."""
    if text.count("&") > MAX_MENDED:
        raise Unreadable("broken")
    begin = text.find("<")
    ends = [found.end() for found in _END.finditer(text)]
    text = text[max(begin, 0) : ends[-1] if ends else len(text)]
    return _REFERENCE.sub(_reference, _NO_XML.sub("", text))


def _reference(found: re.Match[str]) -> str:
    decimal, hexadecimal, name = found.groups()
    if name in _XML_OWN:
        return found[0]
    if name and (meant := html5.get(f"{name};")):
        return "".join(f"&#{ord(char)};" for char in meant)
    number = int(decimal) if decimal else int(hexadecimal, 16) if hexadecimal else -1
    if number < 0:
        return f"&amp;{found[0][1:]}"
    return found[0] if number < 0x110000 and not _NO_XML.match(chr(number)) else ""
