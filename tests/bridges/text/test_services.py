"""SRV records in the order in which they are tried."""

import random
from collections import Counter
from collections.abc import Callable

from swarm_bridges.api import Service
from swarm_bridges.services import in_order


def dice(seed: int) -> Callable[[int], bytes]:
    return random.Random(seed).randbytes


def test_priorities_come_before_weights_and_nothing_is_lost() -> None:
    given = [Service(f"h{n}", 1, n % 3, n) for n in range(30)]
    made = in_order(given, dice(1))
    assert sorted(made, key=repr) == sorted(given, key=repr)
    assert [s.priority for s in made] == sorted(s.priority for s in given)


def test_a_weight_is_how_often_somebody_is_first() -> None:
    given = [Service("heavy", 1, 0, 90), Service("light", 1, 0, 10), Service("none", 1, 0, 0)]
    throw = dice(2)
    first = Counter(in_order(given, throw)[0].host for _ in range(2_000))
    assert 0.85 < first["heavy"] / 2_000 < 0.95
    assert 0.05 < first["light"] / 2_000 < 0.15
    assert 0 < first["none"] < 60


def test_who_says_that_there_is_none_is_not_tried() -> None:
    assert in_order([Service("", 0)], dice(3)) == []
