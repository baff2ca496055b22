from __future__ import annotations

import os
import time

import pytest
from bridge_texts import MENTION, check_safe, doc, listed, para, quote
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
    Item,
    Link,
    List,
    Rule,
    Strong,
    Struck,
    Text,
)
from swarm_bridges.text import bounded, from_markdown, from_plain, to_markdown, to_plain


def link(url: str, shown: str = "") -> Link:
    return Link(url, (Text(shown or url),))


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("", doc()),
        (" \n\n\t\n", doc()),
        ("one\ntwo\r\n\r\nthree", doc(para("one", Break(), "two"), "three")),
        ("see https://x.example/a_(b), ok", doc(para("see ", link("https://x.example/a_(b)"), ", ok"))),
        ("(https://x.example/)", doc(para("(", link("https://x.example/"), ")"))),
        ("javascript:alert(1)", doc("javascript:alert(1)")),
        ("a\x00b\x1b[31m\ud800", doc("ab[31m")),
    ],
)
def test_plain_text_means_this(text: str, document: Document) -> None:
    assert from_plain(text) == document


@pytest.mark.parametrize(
    ("document", "text"),
    [
        (doc(para(Strong((Text("a"), Emphasis((Text("b"),)))), Struck((Text("c"),)), Code("d"))), "abcd"),
        (doc(para(MENTION, Emoji("x", ":x:", "https://x.example/"))), "@ada:x:"),
        (doc(para(link("https://x.example/", "here"))), "here (https://x.example/)"),
        (doc(para(link("mailto:a@x.example", "a@x.example"))), "a@x.example"),
        (doc(quote("a", quote("b"))), "> a\n>\n> > b"),
        (doc(listed("a", "b"), listed("c", ordered=True)), "- a\n- b\n\n1. c"),
        (doc(Heading(1, (Text("T"),)), Rule(), CodeBlock("x\n y")), "T\n\n---\n\nx\n y"),
    ],
)
def test_documents_have_a_plain_text(document: Document, text: str) -> None:
    assert to_plain(document) == text


@pytest.mark.parametrize(
    ("text", "document"),
    [
        ("**a *b* c**", doc(para(Strong((Text("a "), Emphasis((Text("b"),)), Text(" c")))))),
        ("_a_ ~~b~~ `c*`", doc(para(Emphasis((Text("a"),)), " ", Struck((Text("b"),)), " ", Code("c*")))),
        ("snake_case_name 2*3*4", doc(para("snake_case_name 2", Emphasis((Text("3"),)), "4"))),
        ("a * b * c ** d", doc("a * b * c ** d")),
        (r"\*a\* \\", doc(r"*a* \ ".strip())),
        ("**a", doc("**a")),
        ("*a **b* c**", doc(para(Emphasis((Text("a **b"),)), " c**"))),
        ("``a ` b``", doc(para(Code("a ` b")))),
        ("[a](https://x.example/)!", doc(para(link("https://x.example/", "a"), "!"))),
        ("[a](javascript:1)", doc("[a](javascript:1)")),
        ("<https://x.example/>", doc(para(link("https://x.example/")))),
        ("https://x.example/_a_", doc(para(link("https://x.example/_a_")))),
        ("one\ntwo\n\nthree", doc(para("one", Break(), "two"), "three")),
        ("# T\ntext", doc(Heading(1, (Text("T"),)), "text")),
        ("> a\n> > b\n\nc", doc(quote("a", quote("b")), "c")),
        ("- a\n- b\n  - c\n\nd", doc(List((
            listed("a").items[0], Item((para("b"), listed("c")))), False), "d")),
        ("1. a\n2. b", doc(listed("a", "b", ordered=True))),
        ("```py\nx = *1*\n\n```\ny", doc(CodeBlock("x = *1*\n", "py"), "y")),
        ("---", doc(Rule())),
        ("#hash -x 1.5", doc("#hash -x 1.5")),
    ],
)  # fmt: skip
def test_markdown_means_this(text: str, document: Document) -> None:
    assert from_markdown(text) == document


SIGNS = st.lists(
    st.sampled_from(
        [
            *(
                "*",
                "**",
                "_",
                "~~",
                "`",
                "``",
                "```",
                "[",
                "](https://x.example/)",
                "](x)",
                "\\",
                "\n",
                "\n\n",
            ),
            *("> ", "- ", "  ", "1. ", "# ", "---", " ", "a", "b c", "https://x.example/", "\x00", "\ud800"),
            "<https://x.example/>",
        ]
    ),
    max_size=50,
).map("".join)


@given(SIGNS)
def test_no_signs_make_an_unsafe_document(text: str) -> None:
    check_safe(from_markdown(text))
    check_safe(from_plain(text))


@given(SIGNS | st.text(max_size=40))
def test_whatever_is_typed_comes_back_through_markdown(text: str) -> None:
    plain = from_plain(text)
    assert to_plain(from_markdown(to_markdown(plain))).split() == to_plain(plain).split()


def test_documents_come_back_as_they_were() -> None:
    document = doc(
        Heading(2, (Text("T"),)),
        para("a ", Strong((Text("b"),)), " ", Code("x`y"), Break(), Emphasis((Text("c"),)), " 1. * [d]"),
        quote("q", quote("r")),
        listed("one", "two"),
        CodeBlock("a\n  b", "py"),
        Rule(),
        para(link("https://x.example/", "l"), " ", link("https://y.example/")),
        "- no list",
        "1) no list",
        "# no heading",
    )
    assert from_markdown(to_markdown(document)) == document


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "*a",
            "**",
            "`",
            "``a",
            "[",
            "](",
            "[a](https://x.example/)",
            "<",
            "> ",
            "> \n",
            "- ",
            "- a\n",
            "\\",
        ),
        *("_a_ ", "~~a~~", "\n", "https://", "http://a ", "```\n", "# a\n", " ", "1. a\n  "),
    ],
)
def test_megabytes_of_anything_take_a_moment(piece: str) -> None:
    size = 5_000_000 if os.environ.get("SWARMNODE_SOAK") else 200_000
    for read in (from_markdown, from_plain):
        begin = time.process_time()
        document = read(piece * (size // len(piece)))
        assert time.process_time() - begin < 12, read.__name__
        check_safe(document)


def test_what_others_made_is_brought_within_the_bounds() -> None:
    deep = doc("x")
    for _ in range(100):
        deep = doc(quote(*deep.blocks), listed("y"))
    check_safe(bounded(deep))
    crossed = Strong((Text("\x1b"),))
    for _ in range(100):
        crossed = Strong((crossed, Emphasis((Link("javascript:1", (Text("a"),)),))))
    check_safe(bounded(doc(para(crossed, Emoji("x", "\x00", "file:///x")))))
    check_safe(bounded(doc(*("x" for _ in range(30_000)))))


@given(SIGNS)
def test_what_is_within_the_bounds_stays_as_it_is(text: str) -> None:
    document = from_markdown(text)
    assert bounded(document) == document
