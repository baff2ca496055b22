"""Atom 1.0 (RFC 4287), and 0.3, which some still write, as a `Feed`."""

from __future__ import annotations

from html import escape

from .dates import read as date
from .model import MAX_ENTRIES, Enclosure, Entry, Feed
from .tree import Element
from .words import line, number, web


def read(root: Element) -> Feed:
    """The feed in an element `atom:feed`; a lone `atom:entry` is a feed of one."""
    entries = [root] if root.name == "atom:entry" else list(root.all("atom:entry"))
    deleted = (one.attributes.get("ref", "") for one in root.all("at:deleted-entry"))
    author = _author(root)
    return Feed(
        title=line(_markup(root.first("atom:title"))),
        about=line(_markup(root.first("atom:subtitle"))),
        home=_link(root, "alternate"),
        author=author,
        entries=tuple(_entry(one, author) for one in entries[:MAX_ENTRIES]),
        deleted=tuple(id_ for id_ in deleted if id_),
        own_url=_link(root, "self"),
        hubs=tuple(url for one in _links(root, "hub") if (url := _address(one))),
    )


def _entry(one: Element, author: str) -> Entry:
    content = one.first("atom:content")
    if content is None or not (content.words or content.attributes.get("src")):
        content = one.first("atom:summary")
    link = _link(one, "alternate")
    files = (
        Enclosure(
            _address(link),
            link.attributes.get("type", ""),
            number(link.attributes.get("length", "")) or None,
            line(escape(link.attributes.get("title", ""))),
        )
        for link in _links(one, "enclosure")
    )
    source = one.first("atom:source")
    return Entry(
        id=one.says("atom:id"),
        link=link,
        title=line(_markup(one.first("atom:title"))),
        markup=_markup(content),
        base=content.base if content is not None and content.base != one.base else link or one.base,
        author=_author(one) or (_author(source) if source is not None else "") or author,
        published=date(one.says("atom:published", "atom:issued", "atom:created")),
        updated=date(one.says("atom:updated", "atom:modified")),
        files=tuple(file for file in files if file.url),
    )


def _markup(text: Element | None) -> str:
    """A text construct as HTML (RFC 4287 §3.1, §4.1.3.3; 0.3 says `mode`)."""
    if text is None:
        return ""
    kind = text.attributes.get("type", "text").lower()
    if (
        text.attributes.get("mode", "") == "escaped"
        or kind in {"html", "text/html", "xhtml"}
        or "xhtml" in kind
    ):
        return text.text
    if source := text.attributes.get("src"):
        address = escape(text.address(source))
        return f'<p><a href="{address}">{address}</a></p>'
    if text.attributes.get("mode", "") == "xml":
        return text.text
    if kind in {"text", "text/plain"}:
        lines = "".join(text.words).strip().split("\n\n")
        return "".join(f"<p>{escape(one)}</p>" for one in lines) if len(lines) > 1 else escape(text.text)
    return ""  # another type, in base64 or XML of its own


def _author(one: Element) -> str:
    people = (person.says("atom:name") or person.says("atom:email") for person in one.all("atom:author"))
    return line(escape(", ".join(name for name in people if name)))


def _links(one: Element, rel: str) -> list[Element]:
    return [link for link in one.all("atom:link") if (link.attributes.get("rel") or "alternate") == rel]


def _address(link: Element) -> str:
    return web(link.address(link.attributes.get("href", "")))


def _link(one: Element, rel: str) -> str:
    """The first link of a relation; for the page itself one to HTML, if there are several."""
    links = _links(one, rel)
    pages = [link for link in links if link.attributes.get("type", "text/html") == "text/html"]
    return next((url for link in (*pages, *links) if (url := _address(link))), "")
