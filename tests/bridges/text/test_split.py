from __future__ import annotations

import pytest
from bridge_texts import check_safe, doc, listed, para, quote
from hypothesis import given
from hypothesis import strategies as st

from swarm_bridges.api import Capabilities
from swarm_bridges.document import CodeBlock, Emphasis, Heading, Link, Rule, Strong, Text
from swarm_bridges.text import from_markdown, from_plain, measure, split, to_plain


def limits(most: int | None, unit: str = "grapheme", link_cost: int | None = None) -> Capabilities:
    return Capabilities(version="1", levels={}, max_text=most, text_unit=unit, link_cost=link_cost)


FAMILY = "👩\u200d👩\u200d👧"


@pytest.mark.parametrize(
    ("text", "byte", "utf16", "codepoint", "grapheme"),
    [
        ("", 0, 0, 0, 0),
        ("abc", 3, 3, 3, 3),
        ("é", 2, 1, 1, 1),
        ("e\u0301", 3, 2, 2, 1),
        (FAMILY, 18, 8, 5, 1),
        ("👍🏽", 8, 4, 2, 1),
        ("🇩🇪🇫🇷", 16, 8, 4, 2),
        ("한국", 6, 2, 2, 2),
        ("\u1112\u1161\u11ab", 9, 3, 3, 1),
        ("a\r\nb", 4, 4, 4, 3),
        ("❤\ufe0f", 6, 2, 2, 1),
    ],
)
def test_lengths_in_each_unit(text: str, byte: int, utf16: int, codepoint: int, grapheme: int) -> None:
    units = ("byte", "utf16", "codepoint", "grapheme")
    assert [measure(text, unit) for unit in units] == [byte, utf16, codepoint, grapheme]


def test_links_count_what_the_network_says() -> None:
    assert measure("see https://x.example/long/path?a=b.", "codepoint", link_cost=23) == 4 + 23 + 1


def test_no_other_units() -> None:
    with pytest.raises(ValueError, match="no unit"):
        measure("a", "words")


def test_what_fits_stays_one() -> None:
    document = from_markdown("# a\n\n> b")
    (part,) = split(document, limits(100))
    assert part.body == document
    assert part.text == to_plain(document)
    assert split(document, limits(None)) == (part,)
    assert len(split(doc(), limits(1))) == 1


def test_parts_end_between_blocks_or_words() -> None:
    parts = split(doc("one two three", "four", "five"), limits(10))
    assert [part.text for part in parts] == ["one two", "three", "four\n\nfive"]


def test_formats_go_on_in_the_next_part() -> None:
    parts = split(doc(para(Strong((Text("one two "), Emphasis((Text("three"),)))))), limits(8))
    assert [part.body for part in parts] == [
        doc(para(Strong((Text("one two"),)))),
        doc(para(Strong((Emphasis((Text("three"),)),)))),
    ]


def test_links_are_not_cut() -> None:
    link = Link("https://x.example/", (Text("a b c d"),))
    parts = split(doc(para("one two three four five", link)), limits(30))
    assert parts[-1].body == doc(para(link))


def test_nothing_within_a_character_is_cut() -> None:
    parts = split(doc(FAMILY * 5), limits(40, "byte"))
    assert [part.text for part in parts] == [FAMILY * 2, FAMILY * 2, FAMILY]


def test_numbers_go_on() -> None:
    parts = split(doc(listed(*("word " * 10 for _ in range(9)), ordered=True)), limits(100))
    text = "\n".join(part.text for part in parts)
    assert all(f"{number}. word" in text for number in range(1, 10))


BLOCKS = st.lists(
    st.text(max_size=60).map(lambda text: from_plain(text).blocks)
    | st.text(min_size=1, max_size=30).map(lambda text: (quote(*from_plain(text).blocks, Rule()),))
    | st.lists(st.text("ab 🇩\u0301", min_size=1, max_size=40), min_size=1).map(
        lambda items: (listed(*items),)
    )
    | st.text("ab \n", max_size=80).map(lambda text: (CodeBlock(text),))
    | st.text("abc ", min_size=1, max_size=40).map(lambda text: (Heading(1, (Text(text),)),)),
    max_size=5,
).map(lambda groups: doc(*(block for group in groups for block in group)))


@given(BLOCKS, st.integers(1, 90), st.sampled_from(["byte", "utf16", "codepoint", "grapheme"]))
def test_each_part_fits_and_together_they_say_the_same(document, most: int, unit: str) -> None:  # type: ignore[no-untyped-def]
    parts = split(document, limits(max(most, 4), unit))
    for part in parts:
        assert measure(part.text, unit) <= max(most, 4)
        assert part.text == to_plain(part.body)
        check_safe(part.body)

    def said(text: str) -> str:
        return "".join(c for c in text if c not in "> -\n\t" and not c.isspace())

    assert "".join(said(part.text) for part in parts) == said(to_plain(document))


def test_a_limit_below_a_character_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="limit"):
        split(doc("a"), limits(0))
