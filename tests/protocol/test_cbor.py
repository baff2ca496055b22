"""Deterministic CBOR: one encoding for each value, nothing else decodes, hostile bytes cost little."""

from __future__ import annotations

import tracemalloc
from typing import Any

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from swarm_protocol import cbor
from swarm_protocol.errors import DecodeError, LimitError, UsageError
from swarm_protocol.rules import Rule

INTEGERS = st.integers(-(2**64), 2**64 - 1)
LEAVES = st.none() | st.booleans() | INTEGERS | st.binary(max_size=40) | st.text(max_size=20)
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES, lambda v: st.lists(v, max_size=4) | st.dictionaries(INTEGERS, v, max_size=4), max_leaves=12
).filter(lambda v: depth(v) <= cbor.MAX_DEPTH)


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


@given(VALUES)
def test_what_was_encoded_decodes_to_the_same(value: Any) -> None:
    data = cbor.encode(value)
    assert cbor.decode(data) == value
    assert cbor.encode(cbor.decode(data)) == data


@given(VALUES)
def test_another_implementation_writes_the_same_bytes_and_reads_the_same_value(value: Any) -> None:
    data = cbor2.dumps(value, canonical=True)
    assert cbor.encode(value) == data
    assert cbor.decode(data) == cbor2.loads(data)


@given(st.dictionaries(INTEGERS, LEAVES, min_size=2), st.randoms(use_true_random=False))
def test_the_order_in_which_a_map_was_built_does_not_show(value: dict[int, Any], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert cbor.encode(dict(items)) == cbor.encode(value)


@given(VALUES, st.data())
def test_changed_bytes_decode_to_another_value_or_not_at_all(value: Any, data: st.DataObject) -> None:
    good = cbor.encode(value)
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, len(good)))
    bad = good[:start] + data.draw(st.binary(max_size=12)) + good[end:]
    try:
        read = cbor.decode(bad)
    except DecodeError:
        return
    assert cbor.encode(read) == bad


@given(st.binary(max_size=200))
@example(bytes.fromhex("c074323032362d31312d32315432323a30303a30305a"))
def test_any_bytes_are_one_encoding_or_a_decode_error(data: bytes) -> None:
    try:
        value = cbor.decode(data)
    except DecodeError:
        return
    assert cbor.encode(value) == data


HOSTILE = {
    "bytes of 2^64": ("5bffffffffffffffff", "cbor-complete"),
    "text of 2^63": ("7b8000000000000000", "cbor-complete"),
    "array of 2^64": ("9bffffffffffffffff", "cbor-complete"),
    "array of 2^31 with a start": ("9a80000000" + "00" * 64, "cbor-complete"),
    "map of 2^63": ("bb7fffffffffffffff", "cbor-complete"),
    "head cut short": ("1b00", "cbor-complete"),
    "nothing": ("", "cbor-complete"),
    "100,000 arrays inside each other": ("81" * 30_000 + "00", "cbor-depth"),
    "nine maps inside each other": ("a100" * 9 + "00", "cbor-depth"),
    "one value too many": ("991000" + "00" * 4096, "cbor-items"),
    "bignum that fits": ("c24101", "cbor-types"),
    "bignum of 60 kB": ("c259ea60" + "ff" * 60_000, "cbor-types"),
    "date": ("c100", "cbor-types"),
    "regular expression": ("d8236128", "cbor-types"),
    "array that contains itself": ("d81c81d81d00", "cbor-types"),
    "text said once and referred to": ("d90100824461626364d81900", "cbor-types"),
    "set": ("d9010280", "cbor-types"),
    "mark of CBOR itself": ("d9d9f700", "cbor-types"),
    "tags inside each other": ("c6" * 1000 + "00", "cbor-types"),
    "half float": ("f93c00", "cbor-types"),
    "NaN": ("fb7ff8000000000001", "cbor-types"),
    "undefined": ("f7", "cbor-types"),
    "simple value": ("f8ff", "cbor-types"),
    "false in two bytes": ("f814", "cbor-types"),
    "reserved head": ("1c", "cbor-types"),
    "indefinite array": ("9f00ff", "cbor-definite"),
    "indefinite bytes": ("5f4100ff", "cbor-definite"),
    "indefinite map": ("bfff", "cbor-definite"),
    "break alone": ("ff", "cbor-definite"),
    "text as a key": ("a1616100", "cbor-keys"),
    "array as a key": ("a18000", "cbor-keys"),
    "true as a key": ("a1f500", "cbor-keys"),
    "not UTF-8": ("61ff", "cbor-text"),
    "half a surrogate pair": ("63eda080", "cbor-text"),
    "long form of a small number": ("1817", "cbor-canonical"),
    "long form of a length": ("580100", "cbor-canonical"),
    "long form of a key": ("a1180000", "cbor-canonical"),
    "key twice": ("a200000001", "cbor-canonical"),
    "keys out of order": ("a201000000", "cbor-canonical"),
    "keys sorted by bytes instead of by length first": ("a21818002000", "cbor-canonical"),
    "two values": ("0000", "cbor-trailing"),
    "too long": ("5a00010000" + "00" * 65_536, "cbor-size"),
}


@pytest.mark.parametrize(("data", "rule"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_bytes_are_refused_by_name_and_cost_little(data: str, rule: str) -> None:
    raw = bytes.fromhex(data)
    tracemalloc.start()
    try:
        with pytest.raises(DecodeError) as caught:
            cbor.decode(raw)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.rule == rule
    assert peak < 64 * 1024 + 4 * len(raw)


def test_each_rule_of_the_encoding_has_a_hostile_case() -> None:
    said = {rule for _, rule in HOSTILE.values()}
    assert said == {rule.id for rule in vars(cbor).values() if isinstance(rule, Rule)} - {
        "record-map",
        "record-field",
        "record-critical",
    }


def test_keys_are_sorted_by_length_first() -> None:
    value = {256: 0, -1: 0, 24: 0, 1: 0, -25: 0, 0: 0}
    assert cbor.encode(value).hex() == "a6" + "0000" + "0100" + "2000" + "181800" + "381800" + "19010000"


@pytest.mark.parametrize(
    "value",
    [1.0, 2**64, -(2**64) - 1, {1, 2}, bytearray(b"x"), {"a": 1}, {True: 1}, {2**64: 1}, "\ud800", object()],
    ids=lambda value: type(value).__name__,
)
def test_what_the_format_leaves_out_is_not_written(value: Any) -> None:
    with pytest.raises(UsageError):
        cbor.encode(value)
    with pytest.raises(UsageError):
        cbor.encode([{1: value}])


def test_as_deep_as_can_be_read_can_be_written() -> None:
    value: Any = 0
    for _ in range(cbor.MAX_DEPTH):
        value = [value]
    assert cbor.decode(cbor.encode(value)) == value
    with pytest.raises(LimitError):
        cbor.encode([value])


def test_a_caller_bounds_size_and_number() -> None:
    data = cbor.encode([1, 2, 3])
    assert cbor.decode(data, max_size=len(data), max_items=4) == [1, 2, 3]
    for bounds in ({"max_size": len(data) - 1}, {"max_items": 3}):
        with pytest.raises(DecodeError):
            cbor.decode(data, **bounds)


RECORD = cbor.Record.decode(
    cbor.encode({1: 7, 2: b"abc", 3: "tür", 4: [1, 2], 5: {1: 0}, 6: True, 99: "later"}), "a thing"
)


def test_a_record_gives_its_fields() -> None:
    assert RECORD.uint(1, at_most=7) == 7
    assert RECORD.octets(2, size=3) == b"abc"
    assert RECORD.text(3, at_most=4) == "tür"
    assert RECORD.array(4, at_most=2) == [1, 2]
    assert cbor.Record("a thing", {1: [b"a", b""]}).octets_array(1, at_most=2) == [b"a", b""]
    assert RECORD.record(5, "inside").uint(1) == 0
    assert 6 in RECORD
    assert 7 not in RECORD


@pytest.mark.parametrize(
    "read",
    [
        lambda: RECORD.uint(8),
        lambda: RECORD.uint(1, at_most=6),
        lambda: RECORD.uint(2),
        lambda: RECORD.uint(6),
        lambda: RECORD.octets(1),
        lambda: RECORD.octets(2, size=4),
        lambda: RECORD.octets(2, at_most=2),
        lambda: RECORD.text(2, at_most=9),
        lambda: RECORD.text(3, at_most=3),
        lambda: RECORD.array(1, at_most=9),
        lambda: RECORD.array(4, at_most=1),
        lambda: RECORD.octets_array(4, at_most=2),
        lambda: cbor.Record("a thing", {1: [b"a", b""]}).octets_array(1, at_most=1),
        lambda: cbor.Record.decode(cbor.encode({1: -1}), "a thing").uint(1),
    ],
)
def test_a_field_of_another_type_or_size_is_refused(read: Any) -> None:
    with pytest.raises(DecodeError) as caught:
        read()
    assert caught.value.rule == "record-field"


def test_what_is_no_map_is_no_record() -> None:
    with pytest.raises(DecodeError) as caught:
        RECORD.record(4, "inside")
    assert caught.value.rule == "record-map"


def test_an_unknown_key_is_ignored_and_kept_for_the_signature() -> None:
    data = cbor.encode({1: 7, 6: b"signature", 99: {1: "later"}})
    record = cbor.Record.decode(data, "a thing")
    assert record.without(6) == cbor.encode({1: 7, 99: {1: "later"}})
    assert record.without() == data


def test_an_unknown_critical_key_is_refused_and_a_known_one_is_not() -> None:
    data = cbor.encode({1: 7, -2: 0})
    assert cbor.Record.decode(data, "a thing", critical=(-2,)).uint(-2) == 0
    with pytest.raises(DecodeError) as caught:
        cbor.Record.decode(data, "a thing", critical=(-1,))
    assert caught.value.rule == "record-critical"
