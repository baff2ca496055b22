"""What one node asks is answered, but not without end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from swarm_protocol.sync import Allowance, rules


def test_so_many_are_answered_in_an_hour_and_then_no_more() -> None:
    allowance = Allowance()
    for _ in range(rules.MAX_ANSWERS):
        allowance, allowed = allowance.take(5)
        assert allowed
    for tick in (5, 6, 5 + rules.APART_S - 1):
        allowance, allowed = allowance.take(tick)
        assert not allowed
    assert allowance.take(5 + rules.APART_S)[1]


@given(st.lists(st.integers(0, 90), min_size=rules.MAX_ANSWERS + 1, max_size=200))
def test_whenever_they_come(pauses: list[int]) -> None:
    allowance, tick, answered = Allowance(), 0, list[int]()
    for pause in pauses:
        tick += pause
        allowance, allowed = allowance.take(tick)
        answered += [tick] * allowed
    for start in answered:
        assert sum(start <= tick < start + rules.APART_S for tick in answered) <= 2 * rules.MAX_ANSWERS
    assert allowance.take(tick + rules.APART_S)[1]
