"""The best-channel rule, as a table; and what holds of it whatever the ways are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarmnode.domain.ways import Ask, Nowhere, Privacy, Take, Way, choose

SEALED, OPERATOR, PUBLIC = Privacy.SEALED, Privacy.OPERATOR, Privacy.PUBLIC


def way(chat: str, privacy: Privacy, **more: object) -> Way:
    return Way(chat, privacy, **more)  # type: ignore[arg-type]


TABLE = {
    "one way": ([way("x", OPERATOR)], "x"),
    "no way": ([], None),
    "a way that is closed": ([way("x", OPERATOR, able=False)], None),
    "never talked: where it is safest": ([way("x", OPERATOR), way("n", SEALED)], "n"),
    "carried is safer than read by operators": ([way("c", Privacy.CARRIED), way("x", OPERATOR)], "c"),
    "of two alike the one that is connected": (
        [way("x", OPERATOR, healthy=False), way("y", OPERATOR)],
        "y",
    ),
    "privacy before health": ([way("n", SEALED, healthy=False), way("x", OPERATOR)], "n"),
    "where the last word was": ([way("n", SEALED, last_at=1), way("x", OPERATOR, last_at=2)], "x"),
    "the last word was said safely": ([way("n", SEALED, last_at=2), way("x", OPERATOR, last_at=1)], "n"),
    "two words in one second": ([way("x", OPERATOR, last_at=2), way("n", SEALED, last_at=2)], "n"),
    "as preferred": ([way("x", OPERATOR, last_at=2), way("n", SEALED, preferred=True)], "n"),
    "preferred, as private as the last": (
        [way("x", OPERATOR, last_at=2), way("y", OPERATOR, preferred=True)],
        "y",
    ),
    "preferred, but less private than the last: ask": (
        [way("n", SEALED, last_at=2), way("x", OPERATOR, preferred=True)],
        ("x", "n"),
    ),
    "the last is closed, and what is left is less private: ask": (
        [way("n", SEALED, last_at=2, able=False), way("x", OPERATOR, last_at=1)],
        ("x", "n"),
    ),
    "the last is closed, and what is left is as private": (
        [way("x", OPERATOR, last_at=2, able=False), way("y", OPERATOR)],
        "y",
    ),
    "preferred is closed: where the last word was, if that is as private": (
        [way("y", OPERATOR, preferred=True, able=False), way("x", OPERATOR, last_at=1), way("n", SEALED)],
        "x",
    ),
    "preferred is closed, and the last is less private: ask": (
        [way("n", SEALED, preferred=True, able=False), way("x", OPERATOR, last_at=1)],
        ("x", "n"),
    ),
    "a file that only the less private one takes: ask": (
        [way("n", SEALED, last_at=9, able=False), way("p", PUBLIC), way("x", OPERATOR)],
        ("x", "n"),
    ),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_rule(case: str) -> None:
    ways, wanted = TABLE[case]
    match choose(ways):
        case Take(taken):
            assert taken.chat == wanted
        case Ask(would, was):
            assert (would.chat, was.chat) == wanted
        case Nowhere():
            assert wanted is None


WAYS = st.lists(
    st.builds(
        Way,
        chat=st.text("abcdef", min_size=1, max_size=2),
        privacy=st.sampled_from(Privacy),
        able=st.booleans(),
        healthy=st.booleans(),
        last_at=st.integers(0, 5),
        preferred=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda way: way.chat,
)


@given(WAYS)
def test_nothing_goes_a_less_private_way_than_the_last_word_unasked(ways: list[Way]) -> None:
    choice = choose(ways)
    if isinstance(choice, Nowhere):
        assert not any(way.able for way in ways)
        return
    taken = choice.way if isinstance(choice, Take) else choice.would
    assert taken.able
    newest = max((way.last_at for way in ways), default=0)
    last = max((way.privacy for way in ways if way.last_at == newest and newest), default=PUBLIC)
    if isinstance(choice, Take):
        assert taken.privacy >= last
    else:
        assert choice.was.privacy > taken.privacy


@given(WAYS, st.randoms())
def test_the_order_in_which_ways_are_named_does_not_matter(ways: list[Way], random: object) -> None:
    shuffled = list(ways)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = choose(ways), choose(shuffled)
    assert type(one) is type(other)
    if isinstance(one, Take):
        assert one == other
