"""Waits grow, are spread, and end in a rest for good when something crashes again and again."""

from __future__ import annotations

from swarmnode.bridging.host.waits import CRASHES, LONGEST_S, WELL_S, WITHIN_S, Waits


def test_waits_double_to_a_bound_and_begin_anew_after_a_good_while() -> None:
    least, most = Waits(lambda: 0.0), Waits(lambda: 1.0)
    assert [most.next_s(1) for _ in range(5)] == [1, 2, 4, 8, 16]
    assert [least.next_s(1) for _ in range(5)] == [0.5, 1, 2, 4, 8]
    assert [most.next_s(1) for _ in range(20)][-1] == LONGEST_S
    assert most.next_s(WELL_S) == 1


def test_five_crashes_in_ten_minutes_are_too_many() -> None:
    waits = Waits(lambda: 0.5)
    assert [waits.crashed(tick) for tick in range(CRASHES)] == [False] * (CRASHES - 1) + [True]
    waits.forget()
    assert not waits.crashed(5)
    slow = Waits(lambda: 0.5)
    assert not any(slow.crashed(number * (WITHIN_S / 4 + 1)) for number in range(50))
