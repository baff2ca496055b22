"""Work stamps: found by trying, checked at once, for one request alone."""

from __future__ import annotations

import pytest

from swarm_protocol import meeting as mt
from swarm_protocol.errors import UsageError

CHALLENGE = b"c" * 32


def test_a_search_goes_on_where_it_stopped() -> None:
    found = mt.search_stamp(CHALLENGE, 3, steps=512)
    assert found is not None
    assert mt.is_stamp(CHALLENGE, 3, found)
    assert not any(mt.is_stamp(CHALLENGE, 3, n) for n in range(found))
    if found:
        assert mt.search_stamp(CHALLENGE, 3, steps=found) is None
    assert mt.search_stamp(CHALLENGE, 3, start=found, steps=1) == found


def test_a_stamp_is_for_one_challenge() -> None:
    found = mt.search_stamp(CHALLENGE, 3, steps=512)
    assert found is not None
    others = [bytes([n]) * 32 for n in range(16)]
    assert not all(mt.is_stamp(other, 3, found) for other in others)


def test_more_work_than_the_bounds_allow_is_not_begun() -> None:
    for bits in (-1, 17):
        with pytest.raises(UsageError):
            mt.search_stamp(CHALLENGE, bits, steps=1)


def test_no_work_is_no_work() -> None:
    assert mt.search_stamp(CHALLENGE, 0, steps=1) == 0
