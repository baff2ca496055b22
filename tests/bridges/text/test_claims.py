"""Claims are found in whatever people write around them, and nothing else is."""

from __future__ import annotations

import time

import pytest

from swarm_bridges.claims import MAX_CLAIMS, texts_in

ONE, TWO = (f"swarm:1:{letter * 43}" for letter in "aB")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (ONE, (ONE,)),
        (f"I paint. {ONE}, and {TWO}.", (ONE, TWO)),
        (f"{ONE}\n{ONE}", (ONE,)),
        (f"<p>{ONE}</p>", (ONE,)),
        (f'content="{TWO}"', (TWO,)),
        ("", ()),
        (ONE[:-1], ()),
        (f"{ONE}a", ()),
        (f"my{ONE}", ()),
        (f"x:{ONE}", ()),
        (ONE.upper(), ()),
        (ONE.replace("a", "é"), ()),
        ("swarm:1i#AAAA", ()),
        ("swarm:2:" + "a" * 43, ()),
    ],
)
def test_claims_are_found_whole_or_not_at_all(text: str, found: tuple[str, ...]) -> None:
    assert texts_in(text) == found


def test_ten_thousand_claims_are_sixteen() -> None:
    many = " ".join(f"swarm:1:{n:043}" for n in range(10_000))
    assert texts_in(many) == tuple(f"swarm:1:{n:043}" for n in range(MAX_CLAIMS))


def test_a_megabyte_is_read_at_once() -> None:
    before = time.process_time()
    for text in ("swarm:1:" * 130_000, "a" * 1_000_000, "swarm:1:" + "a" * 1_000_000, f"{ONE}-" * 20_000):
        assert texts_in(text) == ()
    assert time.process_time() - before < 6
