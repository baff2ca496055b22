"""Tags: two nodes know them, in their time and direction; nobody else tells them from noise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_protocol import carry, nearby
from swarm_protocol.carry import rules
from swarm_protocol.errors import LimitError

NOW = 1_800_000_000
WEEK = 7 * 86_400
KINDS = [carry.CARRY, nearby.BEACON, nearby.DOOR_NAME]
ADA, BEN, CARA = (bytes([n]) * 32 for n in (1, 2, 3))
SECRET = bytes(range(32))
ADAS, BENS = carry.Pair(SECRET, ADA, BEN), carry.Pair(SECRET, BEN, ADA)
kinds = st.sampled_from(KINDS)


@given(kinds, st.integers(0, 2**40), st.integers(-30, 30))
def test_a_tag_is_known_within_its_reach_and_not_beyond(
    kind: carry.RotatingTag, now: int, apart: int
) -> None:
    then = max(0, now + apart * kind.period_s)
    found = carry.Expected.of(kind, {"ada": BENS}, then).find(kind.sent(ADAS, kind.period(now)))
    if abs(kind.period(then) - kind.period(now)) <= kind.reach:
        assert found == carry.Found("ada", kind.period(now))
    else:
        assert found is None


def test_a_file_may_lie_for_a_quarter_of_a_year_and_clocks_may_be_wrong() -> None:
    tag = carry.CARRY.sent(ADAS, carry.CARRY.period(NOW))
    for weeks in range(-13, 14):
        assert carry.Expected.of(carry.CARRY, {"ada": BENS}, NOW + weeks * WEEK).find(tag) is not None


@given(kinds, st.integers(0, 10**6))
def test_directions_secrets_nodes_periods_and_kinds_have_nothing_in_common(
    kind: carry.RotatingTag, period: int
) -> None:
    strangers = [
        carry.Pair(bytes(32), ADA, BEN),
        carry.Pair(SECRET, ADA, CARA),
        carry.Pair(SECRET, CARA, BEN),
    ]
    tags = [
        one.sent(pair, p)[:8]
        for one in KINDS
        for pair in (ADAS, BENS, *strangers)
        for p in (period, period + 1)
    ]
    assert len(set(tags)) == len(tags)
    assert kind.sent(ADAS, period) == kind.awaited(BENS, period)
    assert len(kind.sent(ADAS, period)) == kind.size


@given(kinds, st.lists(st.integers(NOW, NOW + 60 * WEEK), min_size=1, max_size=4))
def test_tables_that_move_are_those_that_are_made_anew(kind: carry.RotatingTag, times: list[int]) -> None:
    pairs = {"ada": BENS, "cara": carry.Pair(bytes(32), BEN, CARA)}
    moved = carry.Expected.of(kind, pairs, NOW)
    for now in times:
        moved = moved.at(now)
        assert moved == carry.Expected.of(kind, pairs, now)
        assert len(moved.tables) == 2 * kind.reach + 1


def test_pairs_are_bounded_and_secrets_are_not_printed() -> None:
    with pytest.raises(LimitError):
        carry.Expected.of(carry.CARRY, dict.fromkeys(range(rules.MAX_PAIRS + 1), BENS), NOW)
    expected = carry.Expected.of(carry.CARRY, {"ada": BENS}, NOW)
    for value in (BENS, expected):
        assert repr(SECRET) not in repr(value)
        assert repr(carry.CARRY.sent(ADAS, carry.CARRY.period(NOW))) not in repr(value)
