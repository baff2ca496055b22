"""RSS 0.9x, 1.0 and 2.0, with the extensions that are in use, as a `Feed`."""

from __future__ import annotations

from .dates import read as date
from .model import MAX_ENTRIES, Enclosure, Entry, Feed, Unreadable
from .tree import Element
from .words import line, number, web

PERIODS = {"hourly": 3600.0, "daily": 86_400.0, "weekly": 604_800.0, "monthly": 2_592_000.0, "yearly": 3.2e7}
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def read(root: Element) -> Feed:
    """The feed in an element `rss` or `rdf:RDF`.

    Raises:
        Unreadable: it has no channel.
    """
    channel = root.first("channel")
    if channel is None:
        raise Unreadable("kind")
    items = [*channel.all("item"), *root.all("item")]
    links = {rel: _links(channel, rel) for rel in ("self", "hub")}
    return Feed(
        title=line(channel.says("title", "itunes:title")),
        about=line(channel.says("description", "itunes:summary")),
        home=web(channel.address(channel.says("link"))),
        author=line(channel.says("dc:creator", "itunes:author")),
        entries=tuple(_entry(item) for item in items[:MAX_ENTRIES]),
        own_url=next(iter(links["self"]), ""),
        hubs=links["hub"],
        every_s=_every(channel),
        skip_hours=frozenset(
            hour % 24
            for skipped in channel.all("skiphours")
            for one in skipped.all("hour")
            if (hour := number(one.text)) is not None
        ),
        skip_days=frozenset(
            DAYS.index(one.text.lower())
            for skipped in channel.all("skipdays")
            for one in skipped.all("day")
            if one.text.lower() in DAYS
        ),
    )


def _links(channel: Element, rel: str) -> tuple[str, ...]:
    found = (
        web(channel.address(link.attributes.get("href", "")))
        for link in channel.all("atom:link")
        if link.attributes.get("rel") == rel
    )
    return tuple(url for url in found if url)


def _every(channel: Element) -> float | None:
    """`ttl` is in minutes; `sy:updatePeriod` and `sy:updateFrequency` say how often something may be new."""
    if minutes := number(channel.says("ttl")):
        return minutes * 60.0
    if period := PERIODS.get(channel.says("sy:updateperiod").lower()):
        return period / max(number(channel.says("sy:updatefrequency")) or 1, 1)
    return None


def _entry(item: Element) -> Entry:
    guid = item.first("guid")
    id_ = guid.text if guid is not None else item.attributes.get("rdf:about", "")
    link = web(item.address(item.says("link", "atom:link")))
    if not link and guid is not None and guid.attributes.get("ispermalink", "true").lower() == "true":
        link = web(guid.text)
    links = (one.attributes for one in item.all("atom:link"))
    alternate = next((one for one in links if one.get("rel", "alternate") == "alternate"), {})
    return Entry(
        id=id_,
        link=link or web(item.address(alternate.get("href", ""))),
        title=line(item.says("title", "itunes:title", "media:title")),
        markup=item.says("content:encoded", "xhtml:body", "description", "itunes:summary"),
        base=link or item.base,
        author=line(item.says("dc:creator", "author", "itunes:author")),
        published=date(item.says("pubdate", "dc:date", "atom:published")),
        updated=date(item.says("atom:updated", "dc:modified")),
        files=_files(item),
    )


def _files(item: Element) -> tuple[Enclosure, ...]:
    groups = [item, *item.all("media:group")]
    found: dict[str, Enclosure] = {}
    for one in (*item.all("enclosure"), *(part for group in groups for part in group.all("media:content"))):
        url = web(one.address(one.attributes.get("url", "")))
        size = number(one.attributes.get("length") or one.attributes.get("filesize") or "")
        made = Enclosure(url, one.attributes.get("type", ""), size or None, line(one.says("media:title")))
        if url:
            found.setdefault(url, made)
    return tuple(found.values())
