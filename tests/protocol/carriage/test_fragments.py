"""Fragments: whatever a network does to them, what was sent comes out once, and memory stays bounded."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_protocol import carriage
from swarm_protocol.carriage import Fragment, Reassembler, Thing, rules
from swarm_protocol.errors import DecodeError, LimitError, RemoteProtocolError, RuleViolation

NOW = 1_800_000_000
things = st.sampled_from(list(Thing))
sizes = st.integers(rules.HEADER + rules.LEAST, 3_000)


def some(length: int, seed: int = 0) -> bytes:
    return Random(seed).randbytes(length)


@given(things, st.binary(min_size=1, max_size=2_500), sizes, st.randoms())
def test_any_order_and_any_number_of_times(thing: Thing, data: bytes, size: int, dice: Random) -> None:
    fragments = carriage.fragments_of(thing, data, size)
    blobs = [fragment.encode() for fragment in fragments]
    assert len(blobs) == carriage.count_of(len(data), size)
    assert all(len(blob) <= size for blob in blobs)
    several = blobs + dice.choices(blobs, k=3)
    dice.shuffle(several)
    came, found = Reassembler(), []
    for blob in several:
        came, whole = came.add(Fragment.decode(blob), now=NOW)
        found += [] if whole is None else [whole]
    assert found
    assert {(whole.thing, whole.data) for whole in found} == {(thing, data)}
    assert len(came.waiting) <= 1  # late copies


@given(st.integers(0, 8 * 200 - 1))
def test_any_bit_that_changed_is_noticed(bit: int) -> None:
    blob = bytearray(carriage.fragments_of(Thing.ENVELOPE, some(700), 200)[0].encode())
    blob[bit // 8] ^= 1 << bit % 8
    with pytest.raises(RemoteProtocolError):
        Fragment.decode(bytes(blob))


@given(st.integers(0, 199))
def test_what_was_cut_is_noticed(length: int) -> None:
    with pytest.raises(DecodeError):
        Fragment.decode(carriage.fragments_of(Thing.ENVELOPE, some(700), 200)[0].encode()[:length])


def test_what_takes_too_many_messages_is_not_split() -> None:
    room = (200 - rules.HEADER) * rules.MAX_FRAGMENTS
    assert len(carriage.fragments_of(Thing.ENVELOPE, some(room), 200)) == 40
    assert carriage.count_of(room + 1, 200) == 0
    assert carriage.count_of(512, rules.HEADER + rules.LEAST - 1) == 0
    assert carriage.count_of(rules.MAX_WHOLE + 1, 1 << 20) == 0
    with pytest.raises(LimitError):
        carriage.fragments_of(Thing.ENVELOPE, some(room + 1), 200)


def test_what_came_before_a_repetition_counts() -> None:
    data = some(1_500)
    fragments = carriage.fragments_of(Thing.REQUEST, data, 300)
    came = Reassembler()
    for fragment in fragments[::2]:
        came, _ = came.add(fragment, now=NOW)
    assert came.missing(fragments[0].name) == (1, 3, 5)
    whole = None
    for fragment in fragments[1::2]:
        came, whole = came.add(fragment, now=NOW + 3_600)
    assert whole is not None
    assert whole.data == data


def test_what_was_cut_for_other_messages_begins_anew() -> None:
    data = some(1_000)
    came, _ = Reassembler().add(carriage.fragments_of(Thing.ENVELOPE, data, 200)[0], now=NOW)
    whole = None
    for fragment in carriage.fragments_of(Thing.ENVELOPE, data, 600):
        came, whole = came.add(fragment, now=NOW)
    assert whole is not None
    assert not came.waiting


def test_what_is_not_what_its_name_says_is_no_message() -> None:
    first, last = carriage.fragments_of(Thing.ENVELOPE, some(300), 200)
    forged = Fragment(first.thing, first.name, 0, 2, bytes(len(first.data)))
    came, _ = Reassembler().add(forged, now=NOW)
    with pytest.raises(RuleViolation) as caught:
        came.add(last, now=NOW)
    assert caught.value.rule == "fragment-name"
    came, whole = came.without(first.name), None
    for fragment in (first, last):
        came, whole = came.add(fragment, now=NOW)
    assert whole is not None


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 2_400)), max_size=200))
def test_a_flood_is_bounded_and_the_latest_stays(flood: list[tuple[int, int]]) -> None:
    came = Reassembler()
    for seed, (index, length) in enumerate(flood):
        fragment = Fragment(Thing.ENVELOPE, some(8, seed), index % 39, 40, some(length, seed))
        came, whole = came.add(fragment, now=NOW + seed)
        assert whole is None
        assert fragment.name in came.waiting
        assert len(came.waiting) <= rules.MAX_WAITING
        assert sum(entry.size for entry in came.waiting.values()) <= rules.MAX_BYTES


def test_large_fragments_are_bounded_too() -> None:
    came = Reassembler()
    for seed in range(16):
        fragment = Fragment(Thing.ENVELOPE, some(8, seed), 0, 2, bytes(200_000))
        came, _ = came.add(fragment, now=NOW)
        assert sum(entry.size for entry in came.waiting.values()) <= rules.MAX_BYTES
    came, _ = came.add(Fragment(Thing.ENVELOPE, some(8, 9), 0, 2, bytes(rules.MAX_BYTES + 1)), now=NOW)
    assert not came.waiting


def test_a_week_later_what_is_unfinished_is_gone() -> None:
    (first, _) = carriage.fragments_of(Thing.ENVELOPE, some(300), 200)
    came, _ = Reassembler().add(first, now=NOW)
    assert came.expire(now=NOW + rules.WAIT_S - 1).waiting
    assert not came.expire(now=NOW + rules.WAIT_S).waiting
    back = came.expire(now=NOW - 86_400)  # the clock was set back: it is kept no longer for that
    assert not back.expire(now=NOW - 86_400 + rules.WAIT_S).waiting


def test_a_repetition_of_what_was_whole_comes_out_again() -> None:
    fragments = carriage.fragments_of(Thing.ENVELOPE, some(700), 200)
    came, found = Reassembler(), 0
    for fragment in (*fragments, *fragments, fragments[0]):
        came, whole = came.add(fragment, now=NOW)
        found += whole is not None
    assert found == 2
    assert len(came.waiting) == 1
