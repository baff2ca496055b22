"""What each format says, read as one kind of feed."""

from __future__ import annotations

import json

import pytest

from swarm_bridges.networks.feeds.convert import body_of
from swarm_bridges.networks.feeds.dates import believed, read
from swarm_bridges.networks.feeds.discover import feeds_of
from swarm_bridges.networks.feeds.model import Enclosure, Feed, Unreadable
from swarm_bridges.networks.feeds.opml import read_opml, write_opml
from swarm_bridges.networks.feeds.parse import parse
from swarm_bridges.text import to_html, to_plain

URL = "https://example.org/blog/feed"
DATE = 1_700_000_000.0

RSS_091 = """<?xml version="1.0"?>
<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/rss-0.91.dtd">
<rss version="0.91"><channel><title>Old news</title><link>http://example.org/</link>
<skipHours><hour>1</hour><hour>24</hour><hour>x</hour></skipHours><skipDays><day>Sunday</day></skipDays>
<item><title>Caf&eacute; opens</title><link>http://example.org/1</link>
<description>At &nbsp; last.</description>
</item></channel></rss>"""

RSS_1 = """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
 xmlns:d="http://purl.org/dc/elements/1.1/" xmlns:s="http://purl.org/rss/1.0/modules/syndication/">
<channel rdf:about="http://example.org/rss"><title>RDF site</title><link>http://example.org</link>
<s:updatePeriod>daily</s:updatePeriod><s:updateFrequency>4</s:updateFrequency></channel>
<item rdf:about="urn:one"><title>First</title><link>http://example.org/one</link><d:creator>Ada</d:creator>
<d:date>2023-11-14T22:13:20Z</d:date><description>words</description></item></rdf:RDF>"""

RSS_2 = """<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"
 xmlns:a10="http://www.w3.org/2005/Atom" xmlns:media="http://search.yahoo.com/mrss/">
<channel><title>AT&amp;amp;T &lt;b&gt;news&lt;/b&gt;</title><link>/home</link><description>About</description>
<ttl>120</ttl>
<a10:link rel="self" href="https://example.org/rss"/><a10:link rel="hub" href="https://hub.example/"/>
<item><guid>https://example.org/p/2</guid>
<title>Second</title><pubDate>Tue, 14 Nov 2023 17:13:20 EST</pubDate>
<description>short</description>
<content:encoded><![CDATA[<p>long <a href="/x">text</a></p>]]></content:encoded>
<author>ada@example.org (Ada)</author>
<enclosure url="https://example.org/a.mp3" length="123" type="audio/mpeg"/>
<media:group><media:content url="https://example.org/v.mp4" type="video/mp4" fileSize="9">
<media:title>Film</media:title>
</media:content><media:content url="javascript:no"/></media:group></item>
<item><guid isPermaLink="false">tag:1</guid><description>&lt;i&gt;no&lt;/i&gt; title</description></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom" xml:base="https://example.org/blog/">
<title type="text">Ada &amp; &lt;Co&gt;</title><subtitle>On machines</subtitle><link href="/"/>
<link rel="self" href="feed"/><link rel="hub" href="https://hub.example/"/><author><name>Ada</name></author>
<entry><id>urn:2</id><title type="html">a &lt;em&gt;b&lt;/em&gt;</title>
<link rel="edit" href="no"/><link href="two"/>
<updated>2023-11-14T22:13:20.000Z</updated><author><name>Bob</name></author>
<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml">
<p>x &lt; y<br/><b>bold</b> <a href="z">z</a></p>
<script>no()</script></div></content>
<link rel="enclosure" type="image/png" length="7" href="pic.png" title="A cat"/></entry>
<entry><id>urn:1</id><title>T</title><summary>plain &lt;b&gt; text</summary>
<published>2023-11-14T22:13:20Z</published></entry>
<entry><id>urn:0</id><title>Out</title><content type="image/png" src="https://example.org/big.png"/></entry>
<at:deleted-entry xmlns:at="http://purl.org/atompub/tombstones/1.0"
 ref="urn:gone" when="2023-11-14T22:13:20Z"/>
</feed>"""

ATOM_03 = """<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>Old Atom</title>
<link rel="alternate" type="text/html" href="http://example.org/"/><entry><id>e</id><title>E</title>
<issued>2023-11-14T22:13:20Z</issued><modified>2023-11-15T22:13:20Z</modified>
<content type="text/html" mode="escaped">&lt;p&gt;hello&lt;/p&gt;</content></entry></feed>"""

JSON = json.dumps({
    "version": "https://jsonfeed.org/version/1.1", "title": "J <3", "home_page_url": "/", "feed_url": URL,
    "expired": True, "authors": [{"name": "Ada"}],
    "hubs": [{"type": "WebSub", "url": "https://hub.example/"}, 3],
    "items": [
        {"id": 7, "url": "/7", "title": "Seven", "content_html": "<p>seven</p>",
         "date_published": "2023-11-14T22:13:20Z",
         "attachments": [{"url": "/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 5, "title": "Sound"}]},
        {"id": "6", "content_text": "a\nb <", "authors": [{"name": "Bob"}, "x"]},
        "no item",
    ],
})  # fmt: skip


def feed(text: str) -> Feed:
    return parse(text.encode(), url=URL)


def said(found: Feed, number: int) -> str:
    return to_plain(body_of(found.entries[number], found))


def test_rss_0_91_with_a_document_type_and_entities_of_html() -> None:
    found = feed(RSS_091)
    assert (found.title, found.home) == ("Old news", "http://example.org/")
    assert found.skip_hours == {1, 0}
    assert found.skip_days == {6}
    (entry,) = found.entries
    assert (entry.title, entry.link, entry.id) == ("Café opens", "http://example.org/1", "")
    assert "last." in said(found, 0)


def test_rss_1_has_its_items_beside_the_channel() -> None:
    found = feed(RSS_1)
    assert (found.title, found.every_s) == ("RDF site", 21_600.0)
    (entry,) = found.entries
    assert (entry.id, entry.link, entry.author) == ("urn:one", "http://example.org/one", "Ada")
    assert entry.published == DATE
    assert said(found, 0) == "Ada\n\nwords"


def test_rss_2_with_the_extensions_that_are_in_use() -> None:
    found = feed(RSS_2)
    assert found.title == "AT&T news"
    assert (found.home, found.about, found.every_s) == ("https://example.org/home", "About", 7200.0)
    assert (found.own_url, found.hubs) == ("https://example.org/rss", ("https://hub.example/",))
    second, first = found.entries
    assert (second.id, second.link) == ("https://example.org/p/2", "https://example.org/p/2")
    assert second.published == DATE
    assert '<a href="https://example.org/x">text</a>' in to_html(body_of(second, found))
    assert second.files == (
        Enclosure("https://example.org/a.mp3", "audio/mpeg", 123),
        Enclosure("https://example.org/v.mp4", "video/mp4", 9, "Film"),
    )
    assert (first.id, first.link, first.title) == ("tag:1", "", "")
    assert said(found, 1) == "no title"


def test_atom_with_each_kind_of_text() -> None:
    found = feed(ATOM)
    assert (found.title, found.about, found.home) == ("Ada & <Co>", "On machines", "https://example.org/")
    assert (found.own_url, found.hubs) == ("https://example.org/blog/feed", ("https://hub.example/",))
    two, one, out = found.entries
    assert (two.id, two.title, two.link, two.author) == (
        "urn:2",
        "a b",
        "https://example.org/blog/two",
        "Bob",
    )
    shown = to_html(body_of(two, found))
    assert "x &lt; y" in shown
    assert "<strong>bold</strong>" in shown
    assert 'href="https://example.org/blog/z"' in shown
    assert "no()" not in shown
    assert two.files == (Enclosure("https://example.org/blog/pic.png", "image/png", 7, "A cat"),)
    assert (one.author, one.published) == ("Ada", DATE)
    assert said(found, 1) == "plain <b> text"
    assert "https://example.org/big.png" in to_html(body_of(out, found))
    assert found.deleted == ("urn:gone",)


def test_atom_0_3() -> None:
    found = feed(ATOM_03)
    assert (found.title, found.home) == ("Old Atom", "http://example.org/")
    assert (found.entries[0].published, said(found, 0)) == (DATE, "hello")


def test_a_lone_entry_is_a_feed_of_one() -> None:
    found = feed('<entry xmlns="http://www.w3.org/2005/Atom"><id>i</id><title>t</title></entry>')
    assert [entry.id for entry in found.entries] == ["i"]


def test_json_feed_with_parts_of_wrong_types() -> None:
    found = feed(JSON)
    assert (found.title, found.home, found.over) == ("J <3", "https://example.org/", True)
    assert found.hubs == ("https://hub.example/",)
    seven, six = found.entries
    assert (seven.id, seven.link, seven.published) == ("7", "https://example.org/7", DATE)
    assert seven.files == (Enclosure("https://example.org/a.mp3", "audio/mpeg", 5, "Sound"),)
    assert said(found, 1) == "Bob\n\na\nb <"
    assert six.base == URL


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "empty"),
        ("\ufeff \n", "empty"),
        ("<!DOCTYPE html><html><head></head></html>", "page"),
        ("<?xml version='1.0'?><!-- a --><!-- b --><html xmlns='http://www.w3.org/1999/xhtml'/>", "page"),
        ("<opml version='2.0'><body/></opml>", "kind"),
        ("<rss version='2.0'/>", "kind"),
        ("just words", "broken"),
        ("{not json", "json"),
        ("{" * 100_000, "json"),
        ('{"version": "1", "items": []}', "kind"),
        ('{"version": ["https://jsonfeed.org/version/1"]}', "kind"),
    ],
)
def test_what_is_no_feed_says_why(text: str, reason: str) -> None:
    with pytest.raises(Unreadable) as caught:
        feed(text)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Tue, 14 Nov 2023 22:13:20 GMT", DATE),
        ("Tue, 14 Nov 2023 23:13:20 +0100", DATE),
        ("14 Nov 23 22:13:20 UT", DATE),
        ("2023-11-14T22:13:20Z", DATE),
        ("2023-11-14 22:13:20", DATE),
        ("2023-11-14", DATE - 80_000),
        (" Tue,\n 14 Nov 2023 22:13:20 -0000 ", DATE),
        ("yesterday", None),
        ("99999-99-99", None),
        ("", None),
    ],
)
def test_dates_as_people_write_them(text: str, seconds: float | None) -> None:
    assert read(text) == seconds


def test_dates_that_cannot_be_are_not_believed() -> None:
    assert believed(DATE, DATE) == DATE
    assert believed(DATE + 3600, DATE) == DATE + 3600
    assert [believed(at, DATE) for at in (None, 0.0, -1.0, DATE + 90_000)] == [None] * 4


def test_feeds_that_a_page_names() -> None:
    page = """<html><head><base href="/sub/"><link rel="stylesheet" href="x.css">
    <LINK REL='Alternate' TYPE='application/rss+xml; charset=utf-8' HREF='rss' TITLE='News &amp; more'>
    <link type=application/atom+xml rel=alternate href=/atom>
    <link rel="alternate" hreflang="de" href="/de">
    <link rel="alternate" type="application/rss+xml" href="javascript:x">
    </head>"""
    assert feeds_of(page, "https://example.org/a/b") == {
        "https://example.org/sub/rss": "News & more",
        "https://example.org/atom": "https://example.org/atom",
    }


def test_lists_come_out_as_they_went_in() -> None:
    listed = [
        ("https://a.example/?x=1&y=2", 'A "quoted" <title>', "https://a.example/"),
        ("https://b.example/", "", ""),
    ]
    data = write_opml(listed)
    assert read_opml(data) == {listed[0][0]: listed[0][1], listed[1][0]: listed[1][0]}


def test_lists_of_other_readers_have_folders_and_odd_attributes() -> None:
    text = """<opml version="1.0"><head><title>Mine</title></head><body><outline text="Folder">
    <outline text="A" type="rss" xmlURL="https://a.example/feed"/><outline title="No feed" htmlUrl="https://c.example"/>
    <outline text="Again" xmlUrl="https://a.example/feed"/><outline xmlUrl="file:///etc/passwd"/></outline></body></opml>"""
    assert read_opml(text) == {"https://a.example/feed": "A"}
    with pytest.raises(Unreadable):
        read_opml(RSS_2)
