"""When a node is asked: when it comes back, when a gap stays, now and then; and never twice in an hour."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from swarm_protocol.sync import Repair, rules

NODE, OTHER = b"n" * 32, b"o" * 32


def test_a_node_that_is_connected_is_asked_at_once() -> None:
    repair, asked = Repair().connected(NODE, 100).due(100)
    assert asked == (NODE,)
    assert repair.next_due == 100 + rules.IDLE_S
    assert repair.due(100 + rules.IDLE_S - 1)[1] == ()
    assert repair.due(100 + rules.IDLE_S)[1] == (NODE,)


def test_a_gap_has_time_to_close() -> None:
    repair = Repair().gap(NODE, 100).gap(NODE, 130)
    assert repair.next_due == 100 + rules.GRACE_S
    assert repair.due(100 + rules.GRACE_S - 1)[1] == ()
    assert repair.due(100 + rules.GRACE_S)[1] == (NODE,)
    assert repair.closed(NODE).due(100 + rules.GRACE_S)[1] == ()
    assert Repair().closed(NODE) == Repair()


def test_one_node_does_not_delay_another_and_is_forgotten() -> None:
    repair, _ = Repair().connected(NODE, 0).due(0)
    repair = repair.connected(NODE, 5).connected(OTHER, 5)
    assert repair.due(5)[1] == (OTHER,)
    assert repair.forget(NODE).forget(OTHER) == Repair()
    assert Repair().next_due is None


@given(
    st.lists(
        st.tuples(st.sampled_from(["connected", "gap", "closed", "due"]), st.integers(0, 900)), max_size=80
    )
)
def test_an_hour_lies_between_two_haves_whatever_happens(events: list[tuple[str, int]]) -> None:
    repair, tick, asked = Repair(), 0, list[int]()
    for event, later in events:
        tick += later
        match event:
            case "connected":
                repair = repair.connected(NODE, tick)
            case "gap":
                repair = repair.gap(NODE, tick)
            case "closed":
                repair = repair.closed(NODE)
        repair, now = repair.due(tick)
        asked += [tick] * len(now)
        assert repair.next_due is None or repair.next_due > tick
    assert all(b - a >= rules.APART_S for a, b in pairwise(asked))


@given(st.lists(st.integers(0, 90), min_size=rules.MAX_ANSWERS + 1, max_size=200))
def test_answers_are_counted(pauses: list[int]) -> None:
    repair, tick, answered = Repair(), 0, list[int]()
    for pause in pauses:
        tick += pause
        repair, allowed = repair.may_answer(NODE, tick)
        answered += [tick] * allowed
    for start in answered:
        assert sum(start <= tick < start + rules.APART_S for tick in answered) <= 2 * rules.MAX_ANSWERS
    assert repair.may_answer(OTHER, tick)[1]
    assert repair.may_answer(NODE, tick + rules.APART_S)[1]
    assert repair.due(tick)[1] == ()
