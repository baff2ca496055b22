"""Documents that are broken, or meant to break something."""

from __future__ import annotations

import random
import time
from html import escape

import pytest

from swarm_bridges.networks.feeds.charset import decode
from swarm_bridges.networks.feeds.convert import MAX_MARKUP, body_of
from swarm_bridges.networks.feeds.discover import feeds_of
from swarm_bridges.networks.feeds.model import MAX_ENTRIES, Unreadable
from swarm_bridges.networks.feeds.opml import read_opml
from swarm_bridges.networks.feeds.parse import parse
from swarm_bridges.text import to_plain


def rss(markup: str, head: str = "") -> bytes:
    item = f"<item><guid>g</guid><description>{markup}</description></item>"
    return f"{head}<rss version='2.0'><channel><title>T</title>{item}</channel></rss>".encode()


def said(data: bytes, content_type: str = "") -> str:
    found = parse(data, content_type=content_type)
    return to_plain(body_of(found.entries[0], found))


BOMB = "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(9)
)


@pytest.mark.parametrize(
    "head",
    [
        f"{BOMB}]>",
        "<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>",
        "<!DOCTYPE x [<!ENTITY a SYSTEM 'http://127.0.0.1:1/'>]>",
        "<!DOCTYPE x [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/'> %p;]>",
    ],
    ids=["bomb", "file", "address", "parameter"],
)
def test_who_declares_entities_is_refused(head: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse(rss("&a;", head))
    assert caught.value.reason == "entities"


def test_a_document_type_elsewhere_is_not_fetched() -> None:
    head = "<!DOCTYPE rss SYSTEM 'http://127.0.0.1:1/rss.dtd'>"
    assert said(rss("here &copy; there", head)) == "here © there"


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (rss("a & b &amp;lt; c"), "a & b < c"),
        (rss("Fish & chips &eacute; &#233; &#xE9;"), "Fish & chips é é é"),
        (rss("a\x00b\x0bc&#0;d&#x1F;e"), "abcde"),
        (b"\n\n  \xef\xbb\xbf" + rss("behind a line"), "behind a line"),
        (b"PHP Warning: no\n" + rss("behind words") + b"<!-- 0.1 s --><p>", "behind words"),
        (rss("<p>not <b>escaped</b><br/>at all</p>"), "not escaped\nat all"),
        (rss("<![CDATA[<b>x</b> & y]]>"), "x & y"),
        (rss("AT&T; &nosuch; end"), "AT&T; &nosuch; end"),
    ],
)
def test_what_is_often_wrong_is_mended(data: bytes, text: str) -> None:
    assert said(data) == text


@pytest.mark.parametrize(
    "data",
    [
        rss("x")[:-20],
        b"<rss><channel><item></channel></rss>",
        b"<rss version=2.0><channel/></rss>",
        b"<rss><channel><title>T</title><item><description>x</descr</channel></rss>",
        b"<<<<>>>>",
    ],
)
def test_what_cannot_be_mended_is_said(data: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        parse(data)
    assert caught.value.reason == "broken"


JSON_FEED = b'{"version": "https://jsonfeed.org/version/1", "items": [%s]}'


@pytest.mark.parametrize(
    "data",
    [
        b"<a>" * 100_000,
        b"<rss>" + b"<a/>" * 201_000 + b"</rss>",
        b"<rss>" + b"<a b='' c='' d=''/>" * 51_000 + b"</rss>",
        JSON_FEED % b",".join([b"{}"] * 201_000),
        JSON_FEED % b",".join([b"[]"] * 201_000),
        JSON_FEED % b",".join([b'"x"'] * 501_000),
    ],
)
def test_too_many_parts_are_refused(data: bytes) -> None:
    with pytest.raises(Unreadable) as caught:
        parse(data)
    assert caught.value.reason == "large"


@pytest.mark.parametrize(
    ("data", "entry"),
    [
        (b"<rss><channel>%s</channel></rss>", b"<item/>"),
        (b"<feed xmlns='http://www.w3.org/2005/Atom'>%s</feed>", b"<entry/>"),
        (JSON_FEED, b'{"id":"a"},'),
    ],
)
def test_of_a_feed_that_never_ends_the_beginning_is_read(data: bytes, entry: bytes) -> None:
    whole = data % (entry * (MAX_ENTRIES + 1)).rstrip(b",")
    assert len(parse(whole).entries) == MAX_ENTRIES


@pytest.mark.parametrize(
    ("data", "label", "text"),
    [
        ("grün".encode(), "", "grün"),
        ("grün".encode(), "text/xml; charset=iso-8859-1", "grün"),
        ("grün".encode("latin-1"), "", "grün"),
        ("grün “so”".encode("cp1252"), "application/xml; charset=utf-8", "grün “so”"),
        ("зима".encode("koi8-r"), 'text/xml; charset="koi8-r"', "зима"),
        ("<?xml version='1.0' encoding='windows-1251'?>зима".encode("cp1251"), "", "зима"),
        ("冬".encode("utf-8-sig"), "text/xml; charset=koi8-r", "冬"),
        ("<?xml?>冬".encode("utf-16-le"), "", "冬"),
        ("\ufeff冬".encode("utf-16-be"), "", "冬"),
        ("冬".encode("iso-2022-jp"), "text/xml; charset=iso-2022-jp", "冬"),
        (b"a\xff\xfe\x81", "charset=utf-7", "a\u00ff\u00fe\ufffd"),
        (b"plain", "text/xml; charset=punycode", "plain"),
        (b"plain", "text/xml; charset=no-such-thing", "plain"),
    ],
)
def test_what_bytes_show_counts_more_than_labels(data: bytes, label: str, text: str) -> None:
    assert decode(data, label).rpartition(">")[2] == text


def test_markup_of_an_entry_is_made_safe() -> None:
    hostile = "<img src=x onerror=y><script>steal()</script><a href='javascript:x'>a</a>"
    found = parse(rss(escape(hostile)))
    shown = repr(body_of(found.entries[0], found))
    assert "steal" not in shown
    assert "javascript" not in shown
    assert "onerror" not in shown


def test_a_book_in_one_entry_is_cut_with_a_word_on_it() -> None:
    text = said(rss("word " * MAX_MARKUP))
    assert len(text) < MAX_MARKUP + 100
    assert text.endswith("(There is more of it where it lies.)")


@pytest.mark.parametrize(
    "data",
    [
        b"<!--" + b"-->\n<!--" * 400_000,
        b"<?xml " + b"a" * 3_000_000,
        b"&" * 3_000_000,
        b"<rss>" + b"&#" * 1_000_000,
        b"<rss " + b"a='b' " * 300_000 + b">",
        b"<html>" + b"<link " * 500_000,
        b'{"version": "https://jsonfeed.org/version/1", "items": [' + b"[" * 3_000_000,
        b"<rss><channel><title>" + b"<a " * 500_000,
    ],
    ids=range(8),
)
def test_no_document_takes_long(data: bytes) -> None:
    begin = time.process_time()
    with pytest.raises(Unreadable):
        parse(data)
    with pytest.raises(Unreadable):
        read_opml(data)
    feeds_of(decode(data), "https://example.org/")
    assert time.process_time() - begin < 15


def test_mutated_feeds_are_read_or_refused() -> None:
    dice = random.Random(7)
    seed = rss("&lt;p&gt;some &amp;amp; words&lt;/p&gt;", "<?xml version='1.0' encoding='utf-8'?>")
    read = 0
    for _ in range(2000):
        data = bytearray(seed)
        for _ in range(dice.randint(1, 2)):
            at = dice.randrange(len(data))
            match dice.randrange(3):
                case 0:
                    data[at] = dice.randrange(256)
                case 1:
                    del data[at : at + dice.randint(1, 20)]
                case _:
                    data[at:at] = data[dice.randrange(len(data)) :][: dice.randint(1, 20)]
        try:
            found = parse(bytes(data), url="https://example.org/")
        except Unreadable:
            continue
        read += 1
        for entry in found.entries:
            body_of(entry, found)
    assert 200 < read < 1800
