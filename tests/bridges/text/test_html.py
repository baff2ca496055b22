from __future__ import annotations

import os
import time

import pytest
from bridge_texts import MENTION, check_safe, doc, listed, nodes, para, quote
from hypothesis import given
from hypothesis import strategies as st

from swarm_bridges.document import (
    Break,
    Code,
    CodeBlock,
    Document,
    Emoji,
    Emphasis,
    Heading,
    Link,
    Rule,
    Strong,
    Struck,
    Text,
)
from swarm_bridges.text import from_html, to_html, to_plain
from swarm_bridges.text.build import CUT


@pytest.mark.parametrize(
    ("markup", "document"),
    [
        ("", doc()),
        ("hi", doc("hi")),
        ("<p>one</p> <p> two\n words </p>", doc("one", "two words")),
        ("a<br>b<br/>", doc(para("a", Break(), "b"))),
        ("<b>a<i>b</i></b>c", doc(para(Strong((Text("a"), Emphasis((Text("b"),)))), "c"))),
        ("<b>a<i>b</b>c</i>", doc(para(Strong((Text("a"), Emphasis((Text("b"),)))), Emphasis((Text("c"),))))),
        ("<b>a<p>b</b>c", doc(para(Strong((Text("a"),))), para(Strong((Text("b"),)), "c"))),
        ("<del>x</del>", doc(para(Struck((Text("x"),))))),
        ("<h2>Title</h2>text", doc(Heading(2, (Text("Title"),)), "text")),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>c", doc(quote("a", quote("b")), "c")),
        ("<ul><li>a<li>b<ol><li>c</ol></ul>d", doc(
            listed("a", "b").__class__((listed("a").items[0], listed("b").items[0].__class__(
                (para("b"), listed("c", ordered=True))))), "d")),
        ("<li>alone", doc(listed("alone"))),
        ("<pre>\n a\n  <b>b</b>&lt;\n</pre>", doc(CodeBlock(" a\n  b<"))),
        ("<code>x = 1</code>!", doc(para(Code("x = 1"), "!"))),
        ("a<hr>b", doc("a", Rule(), "b")),
        ("1 < 2 & 3 > 2", doc("1 < 2 & 3 > 2")),
        ("&lt;script&gt;&#x41;&amp;amp;", doc("<script>A&amp;")),
        ("<a href='https://x.example/?a=1&amp;b=2'>x</a>", doc(para(
            Link("https://x.example/?a=1&b=2", (Text("x"),))))),
        ("<a href=https://a.example/>a</a><a href=https://b.example/>b</a>", doc(para(
            Link("https://a.example/", (Text("a"),)), Link("https://b.example/", (Text("b"),))))),
        ("<table><tr><td>a<td>b<tr><td>c</table>", doc("a b", "c")),
    ],
)  # fmt: skip
def test_markup_means_this(markup: str, document: Document) -> None:
    assert from_html(markup) == document


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>alert(1)</script>",
        "<SCRIPT >a</b></sCript  >",
        "<style>p{}</style>",
        "<title>t</title>",
        "<svg><text>t</text><svg></svg>x</svg>",
        "<template><p>t</p></template>",
        "<iframe src=https://x.example>t</iframe>",
        "<textarea></p>t</textarea>",
        "<!-- <b>t</b> -->",
        "<!doctype html>",
        "<![CDATA[t]]>"[:11] + ">",
        "<?php t ?>",
        "<img src=https://tracker.example/t.gif>",
        "<x" + " t" * 40_000,
        '<a href="t',
        "<script>never ended",
        "<!-- never ended",
    ],
)
def test_what_is_not_for_people_is_left_out(hidden: str) -> None:
    assert to_plain(from_html(f"before{hidden}")) == "before"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        " JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "//x.example/",
        "/relative",
        "https://",
        "http://[::1",
        'https://x.example/"onclick=1',
        "https://x.example/" + "a" * 3000,
        "https://x.example/\x00",
        "https:\\\\x.example",
    ],
)
def test_a_link_that_leads_nowhere_safe_is_only_text(url: str) -> None:
    document = from_html(f"<a href='{url}'>text</a>")
    assert to_plain(document) in {"text", "text (https://x.example/)"}
    check_safe(document)


def test_line_ends_in_a_url_are_ignored_as_browsers_do() -> None:
    assert from_html("<a href=' https://x.exa\nmple/ '>t</a>") == from_html(
        "<a href='https://x.example/'>t</a>"
    )


def test_relative_links_start_from_the_base() -> None:
    (block,) = from_html("<a href='../b'>t</a>", base_url="https://x.example/a/a").blocks
    assert block == para(Link("https://x.example/b", (Text("t"),)))
    assert to_plain(from_html("<a href='http://[x'>t</a>", base_url="https://x.example/")) == "t"


def test_a_network_says_what_are_mentions_emoji_and_what_is_hidden() -> None:
    emoji = Emoji("blob", ":blob:", "https://x.example/blob.png")
    document = from_html(
        "<mx-reply>old <b>words</b></mx-reply><a href='https://x.example/@ada' class=u>@<i>ada</i></a>, see"
        "<a href='https://x.example/'>this</a> <img alt=':blob:'><img alt='a cat'>",
        link=lambda _, attributes: MENTION if attributes.get("class") == "u" else None,
        image=lambda attributes: emoji if attributes.get("alt") == ":blob:" else None,
        hide=frozenset({"mx-reply"}),
    )
    link = Link("https://x.example/", (Text("this"),))
    assert document == doc(para(MENTION, ", see", link, " ", emoji, "a cat"))


PIECES = st.sampled_from(
    [
        *(
            "<",
            "> </",
            "<!",
            "<!--",
            "-->",
            "<?",
            "&",
            "&#",
            "&#x41;",
            "&lt",
            "' ",
            '"',
            "=",
            "/",
            " ",
            "text",
        ),
        *("<a>", "</a>", "<b>", "</b>", "<i>", "</i>", "<p>", "</p>", "<br>", "<hr>", "<b/>", "<B>", "<td>"),
        *(
            "<ul>",
            "<li>",
            "</ul>",
            "<ol>",
            "</ol>",
            "<blockquote>",
            "</blockquote>",
            "<h1>",
            "</h1>",
            "<svg>",
        ),
        *("<pre>", "</pre>", "<code>", "</code>", "<script>", "</script>", "</svg>", "<img alt=x>", "<a "),
        *(
            "<a/href='javascript:1'>",
            "<a\thref=https://x.example/>",
            "&#0;",
            "&#xd800;",
            "\x00",
            "\ud800",
            "&#27;",
        ),
    ]
)
HOSTILE = st.lists(PIECES | st.text(max_size=5), max_size=60).map("".join)


@given(HOSTILE)
def test_no_markup_makes_an_unsafe_document(markup: str) -> None:
    document = from_html(markup)
    check_safe(document)
    again = from_html(to_html(document))
    assert to_html(again) == to_html(from_html(to_html(again)))


@given(st.text(alphabet=st.characters(exclude_categories=["C"], exclude_characters="\xa0"), max_size=50))
def test_text_comes_back_as_it_was(text: str) -> None:
    words = " ".join(text.split())
    assert to_plain(from_html(to_html(doc(words) if words else doc()))) == words


def test_documents_come_back_as_they_were() -> None:
    document = doc(
        Heading(1, (Text("T"),)),
        para("a ", Strong((Text("b "), Emphasis((Text("c"),)), Code("<d>"))), Break(), Struck((Text("e"),))),
        quote("q", quote("r", CodeBlock("x\n y"))),
        listed("one", "two"),
        listed("1", ordered=True),
        Rule(),
        para(Link("https://x.example/?a&b", (Text("l"),))),
    )
    assert from_html(to_html(document)) == document


def test_mentions_and_emoji_are_shown_without_loading_anything() -> None:
    document = doc(para(MENTION, Emoji("x", ":x:", "https://x.example/x.png")))
    assert to_html(document) == "<p>@ada:x:</p>"
    assert to_html(document, mention=lambda m: f"https://x.example/{m.remote_id}") == (
        '<p><a href="https://x.example/user-7">@ada</a>:x:</p>'
    )
    assert to_html(document, mention=lambda _: "javascript:1") == "<p>@ada:x:</p>"


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "<",
            "<!--",
            "<a",
            "<a x ",
            "<a b='",
            "</a",
            "<?",
            "&",
            "&#",
            "<b>",
            "</b>",
            "<b></i>",
            "<br>",
            "<p>x",
        ),
        *("<li>", "<blockquote>", "<ul><li>", "<pre>", "<script>", "<a href=https://x.example/>", "<td>"),
        *("text ", "\r", "é ", "<svg>", "<x>a", "<b>a</b>"),
    ],
)
def test_megabytes_of_anything_take_a_moment(piece: str) -> None:
    size = 5_000_000 if os.environ.get("SWARMNODE_SOAK") else 200_000
    begin = time.process_time()
    document = from_html(piece * (size // len(piece)))
    assert time.process_time() - begin < 6, "it takes a second for 5 MB; what is not linear takes minutes"
    check_safe(document)


def test_a_document_that_is_cut_says_so() -> None:
    document = from_html("<p>x</p>" * 30_000)
    assert to_plain(document).endswith(CUT)
    assert sum(1 for _ in nodes(document)) > 15_000
