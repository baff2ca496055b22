"""How a text is fitted to networks: nothing is lost, nothing is too long, and no link or character is cut."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_bridges.api import Capabilities, Level
from swarm_bridges.text import measure
from swarm_bridges.text.measure import graphemes
from swarm_bridges.text.plain import URL
from swarmnode.domain.fitting import MAX_PARTS, Fitted, Wish, fit
from swarmnode.domain.post_views import Picture

LINK = "https://example.org/a/rather/long/path"
CAT = Picture("cat.png", "image/png", 1000, "a cat")
DOG = Picture("dog.mp4", "video/mp4", 5000)


def can(**more: Any) -> Capabilities:
    levels = {"post": Level.FULL, "file": Level.FULL}
    return Capabilities(**{"version": "1", "levels": levels, **more})


def texts(fitted: Fitted) -> list[str]:
    return [piece.text for piece in fitted.pieces]


@pytest.mark.parametrize(
    ("limit", "text", "wanted"),
    [
        (None, "as long as you like " * 500, ["as long as you like " * 499 + "as long as you like"]),
        (20, "just as long as that", ["just as long as that"]),
        (20, "One here. Two is here.", ["One here. (1/2)", "Two is here. (2/2)"]),
        (22, "One two. Three four five six.", ["One two. (1/3)", "Three four five (2/3)", "six. (3/3)"]),
        (24, "first line\nsecond line here", ["first line (1/2)", "second line here (2/2)"]),
        (24, "a first one\n\nb second. c d", ["a first one (1/2)", "b second. c d (2/2)"]),
        (16, "abcdefghijklmnopqrst", ["abcdefghij (1/2)", "klmnopqrst (2/2)"]),
        (10, "äöüä 👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧öüäöü", ["äöüä (1/3)", "👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧ö (2/3)", "üäöü (3/3)"]),
        (50, f"look at {LINK} now", [f"look at {LINK} now"]),
        (46, f"look at {LINK} now", ["look at (1/3)", f"{LINK} (2/3)", "now (3/3)"]),
        (24, 'He said "so." And then she', ['He said "so." (1/2)', "And then she (2/2)"]),
    ],
)
def test_where_it_is_cut(limit: int | None, text: str, wanted: list[str]) -> None:
    assert texts(fit(Wish(text=text), can(max_text=limit))) == wanted


@pytest.mark.parametrize(
    ("wish", "abilities", "refused", "about"),
    [
        (Wish(text="x"), {"version": ""}, "not-connected", ""),
        (Wish(text="x"), {"levels": {}}, "no-posts", ""),
        (Wish(text=" "), {}, "nothing", ""),
        (Wish(text="x", visibility="followers"), {"visibilities": ("public",)}, "visibility", ""),
        (Wish(text="x", visibility="unlisted"), {}, "visibility", ""),
        (Wish(text="x" * 2000), {"max_text": 20}, "too-long", ""),
        (Wish(text=f"a {LINK} b"), {"max_text": 20}, "link-too-long", ""),
        (Wish(text="word " * 20, more=LINK), {"max_text": 20}, "link-too-long", ""),
        (Wish(text="word " * 20, title="t" * 30), {"max_text": 50}, "title-too-long", ""),
        (Wish(text="word", title="t" * 60), {"max_text": 50}, "title-too-long", ""),
        (Wish(text="x" * 9), {"max_text": 5}, "too-long", ""),
        (Wish(text="x", files=(CAT,)), {"levels": {"post": Level.FULL}}, "no-files", "cat.png"),
        (Wish(text="x", files=(DOG,)), {"media": {"image/*": 9}}, "file-kind", "dog.mp4"),
        (Wish(text="x", files=(CAT,)), {"media": {"image/*": 9}}, "file-size", "cat.png"),
        (Wish(text="x", files=(CAT, CAT)), {"max_files": 1}, "too-many-files", "cat.png"),
        (Wish(files=(DOG,), leave_out=True), {"media": {"image/*": 9}}, "nothing", ""),
    ],
)
def test_why_it_is_refused(wish: Wish, abilities: dict[str, Any], refused: str, about: str) -> None:
    fitted = fit(wish, can(**abilities))
    assert (fitted.refused, fitted.about, fitted.pieces) == (refused, about, ())


@pytest.mark.parametrize(
    ("wish", "abilities", "notes"),
    [
        (Wish(text="plain, with 2 * 3 and a_b_c"), {}, []),
        (Wish(text="this is **bold**"), {}, [("markup", "")]),
        (Wish(text="# Head\n\ntext"), {}, [("markup", "")]),
        (Wish(text="x", files=(CAT, Picture("b.jpg", "image/jpeg", 1))), {}, [("no-description", "b.jpg")]),
        (
            Wish(text="x", files=(DOG, CAT), leave_out=True),
            {"media": {"image/*": 9000}},
            [("left-out", "dog.mp4")],
        ),
        (Wish(text="one two " * 5), {"max_text": 30}, [("thread", "2")]),
        (Wish(text="one two " * 5, more="https://a.b"), {"max_text": 30}, [("shortened", "")]),
    ],
)
def test_what_its_owner_should_know(
    wish: Wish, abilities: dict[str, Any], notes: list[tuple[str, str]]
) -> None:
    assert [(note.code, note.about) for note in fit(wish, can(**abilities)).notes] == notes


def test_files_that_are_taken_are_named_by_number() -> None:
    wish = Wish(text="x", files=(DOG, CAT, DOG, CAT), leave_out=True)
    assert fit(wish, can(media={"image/*": 9000}, max_files=1)).files == (1,)


def test_what_is_too_long_is_shortened_where_its_owner_says_so() -> None:
    fitted = fit(Wish(text="one two three four five six seven " * 2, more=LINK), can(max_text=60))
    assert texts(fitted) == [f"one two three four… {LINK}"]
    assert fitted.pieces[0].length == measure(fitted.pieces[0].text)
    assert texts(fit(Wish(text="short", more=LINK), can(max_text=60))) == ["short"]


def test_links_count_what_the_network_says_and_a_title_on_each_post() -> None:
    wish = Wish(text=f"look at {LINK} now, all of you", title="hush")
    (piece,) = fit(wish, can(max_text=48, link_cost=20)).pieces
    assert piece.length == len("look at  now, all of you") + 20 + len("hush")
    lengths = [piece.length for piece in fit(wish, can(max_text=45, link_cost=20)).pieces]
    assert lengths == [43, 20]


def test_who_may_see_it() -> None:
    for wanted, known, shown in (
        ("", ("public", "followers"), "public"),
        ("followers", ("public", "followers"), "followers"),
        ("public", (), ""),
        ("", (), ""),
    ):
        assert fit(Wish(text="x", visibility=wanted), can(visibilities=known)).visibility == shown


PIECES = st.sampled_from(
    [
        *("word", "Wort,", "a", " ", " ", "  ", "\n", "\n\n", ". ", "!", "…", "👩‍👩‍👧", "🇩🇪", "e\u0301"),
        *(
            "o\u0301\u0323",
            "한국",
            "https://a.example/x",
            LINK,
            "(https://b.example)",
            "x" * 70,
            "·",
            "“so.” ",
        ),
    ]
)
UNITS = st.sampled_from(["grapheme", "codepoint", "utf16", "byte"])


@given(st.lists(PIECES, max_size=60).map("".join), st.integers(8, 120), UNITS, st.sampled_from([None, 23]))
def test_nothing_is_lost_too_long_or_cut_in_two(
    text: str, limit: int, unit: str, link_cost: int | None
) -> None:
    abilities = can(max_text=limit, text_unit=unit, link_cost=link_cost)
    fitted = fit(Wish(text=text), abilities)
    if fitted.refused:
        assert fitted.refused in {"nothing", "too-long", "link-too-long"}
        return
    assert 1 <= len(fitted.pieces) <= MAX_PARTS
    said = list[str]()
    for number, piece in enumerate(fitted.pieces, 1):
        assert piece.length == measure(piece.text, unit, link_cost) <= limit
        mark = f" ({number}/{len(fitted.pieces)})"
        assert len(fitted.pieces) == 1 or piece.text.endswith(mark)
        said.append(piece.text if len(fitted.pieces) == 1 else piece.text.removesuffix(mark))
        assert said[-1].strip() == said[-1] != ""
    assert "".join("".join(said).split()) == "".join(text.split())
    assert [link for part in said for link in URL.findall(part)] == URL.findall(text)
    whole = [character for character in graphemes(text) if not character.isspace()]
    assert [c for part in said for c in graphemes(part) if not c.isspace()] == whole


@given(st.text(max_size=300), st.integers(1, 60))
def test_any_text_fits_or_is_refused(text: str, limit: int) -> None:
    fitted = fit(Wish(text=text), can(max_text=limit))
    assert all(piece.length <= limit for piece in fitted.pieces)
    assert bool(fitted.pieces) != bool(fitted.refused)
