"""Bundles: what was written is read, in any pieces; what is damaged gives all before, and then the place."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_protocol import carry
from swarm_protocol import envelope as env
from swarm_protocol.carry import rules
from swarm_protocol.errors import LimitError, RemoteProtocolError, UsageError
from swarm_protocol.testing import SeededEntropy

KEY = env.QueueKey(bytes(32))
ID = bytes(range(16))
ENTROPY = SeededEntropy("bundle")


def envelope(text: bytes) -> bytes:
    return env.seal_envelope(KEY, env.Frame(env.Kind.MLS_PRIVATE, text, 0), entropy=ENTROPY)


RECORDS = [carry.Record(ENTROPY(16), carry.RecordClass.ENVELOPE, envelope(b"%d" % n)) for n in range(5)]
GOOD = b"".join(carry.write(ID, RECORDS))
records = st.lists(
    st.builds(carry.Record, st.binary(min_size=16, max_size=16), st.just(1), st.binary(max_size=300)),
    max_size=9,
)


def pieces(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    """The same bytes, cut anywhere, with empty pieces in between."""
    at = 0
    for size in itertools.cycle(sizes):
        yield data[at : at + size]
        at += size
        if at >= len(data):
            return


@given(records, st.lists(st.integers(0, 50), min_size=1, max_size=5).filter(any))
def test_what_was_written_is_read_in_any_pieces(written: list[carry.Record], sizes: list[int]) -> None:
    data = b"".join(carry.write(ID, written))
    bundle = carry.read(pieces(data, sizes))
    assert (bundle.id, list(bundle.records)) == (ID, written)


def read_until_damage(data: bytes) -> tuple[list[carry.Record], str]:
    read: list[carry.Record] = []
    try:
        for record in carry.read([data]).records:
            read += [record]
    except RemoteProtocolError as e:
        return read, str(e)
    return read, ""


@given(st.integers(0, 8 * len(GOOD) - 1))
def test_any_bit_that_changed_is_found_and_all_before_it_is_given(bit: int) -> None:
    data = bytearray(GOOD)
    data[bit // 8] ^= 1 << bit % 8
    read, error = read_until_damage(bytes(data))
    whole = max(0, (bit // 8 - 33) // (len(RECORDS[0].encode())))
    assert error
    assert read == (RECORDS[:whole] if bit >= 8 * 33 else [])


@given(st.integers(0, len(GOOD) - 1))
def test_a_file_that_ends_early_gives_all_whole_records(length: int) -> None:
    read, error = read_until_damage(GOOD[:length])
    assert read == RECORDS[: max(0, length - 33) // len(RECORDS[0].encode())]
    assert "bundle" in error


def test_the_error_names_the_place() -> None:
    _, error = read_until_damage(GOOD[:1500])
    assert "record 3, at byte 1,127" in error


@given(st.integers(0, len(GOOD)), st.integers(0, 40), st.binary(max_size=40))
def test_a_cut_and_mended_bundle_gives_only_what_was_written(start: int, gap: int, mend: bytes) -> None:
    data = GOOD[:start] + mend + GOOD[start + gap :]
    read, error = read_until_damage(data)
    assert read == RECORDS[: len(read)]
    assert (error == "") == (data == GOOD)


def test_a_bundle_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "MAX_BUNDLE", len(GOOD) - 1)
    with pytest.raises(LimitError):
        list(carry.write(ID, RECORDS))
    read, error = read_until_damage(GOOD)
    assert read == RECORDS
    assert "1 GiB" in error


def test_what_is_no_record_is_not_written() -> None:
    for record in (carry.Record(bytes(15), 1, b""), carry.Record(bytes(16), carry.RecordClass.END, b"")):
        with pytest.raises(UsageError):
            list(carry.write(ID, [record]))
    with pytest.raises(LimitError):
        list(carry.write(ID, [carry.Record(bytes(16), 1, bytes(rules.MAX_DATA + 1))]))
    with pytest.raises(UsageError):
        list(carry.write(ID[1:], []))


def test_reading_takes_no_more_than_it_needs() -> None:
    """A file of any length is read a record at a time."""
    taken = []

    def counted() -> Iterator[bytes]:
        for piece in pieces(GOOD, [64]):
            taken.append(len(piece))
            yield piece

    stream = carry.read(counted()).records
    assert next(stream) == RECORDS[0]
    assert sum(taken) < 33 + len(RECORDS[0].encode()) + 64


def test_only_the_largest_envelopes_fit_and_all_of_them_do() -> None:
    for bucket in env.Bucket:
        record = carry.Record(bytes(16), 1, bytes(bucket))
        assert list(carry.read(carry.write(ID, [record])).records) == [record]


@given(st.binary(max_size=2200), st.sampled_from([0, 1, 200]))
def test_a_code_reads_back(data: bytes, kind: int) -> None:
    record = carry.Record(bytes(range(16)), kind, data)
    text = carry.to_text(record)
    assert carry.from_text(text) == record
    assert carry.from_text(text[:40] + "\r\n" + text[40:] + "\n") == record
    assert len(text) <= rules.MAX_CODE


def test_base45_is_that_of_the_rfc() -> None:
    """The examples of RFC 9285 §4.3."""
    from swarm_protocol.carry.qr import _decode, _encode  # noqa: PLC0415

    for data, text in (
        (b"AB", "BB8"),
        (b"Hello!!", "%69 VD92EX0"),
        (b"base-45", "UJCLQE7W581"),
        (b"ietf!", "QED8WEX0"),
    ):
        assert (_encode(data), _decode(text)) == (text, data)


def test_a_code_is_bounded() -> None:
    assert carry.to_text(RECORDS[0]).isascii()
    with pytest.raises(LimitError):
        carry.to_text(carry.Record(bytes(16), 1, bytes(env.Bucket.LARGE)))


@given(st.integers(0, 200), st.sampled_from("0123456789ABCXYZ $%*+-./:az€"))
def test_a_code_with_another_character_is_refused(at: int, other: str) -> None:
    text = carry.to_text(RECORDS[0])
    changed = text[:at] + other + text[at + 1 :]
    if changed == text:
        assert carry.from_text(changed) == RECORDS[0]
    else:
        with pytest.raises(RemoteProtocolError):
            carry.from_text(changed)


@given(st.sets(st.binary(max_size=8), min_size=1, max_size=40))
def test_acknowledgements_read_back(envelopes: set[bytes]) -> None:
    ack = carry.BundleAck.of(envelopes)
    assert carry.BundleAck.decode(ack.encode()) == ack
    assert set(ack.hashes) == {carry.carried_hash(envelope) for envelope in envelopes}


def test_an_acknowledgement_is_bounded_and_fits_in_an_envelope() -> None:
    full = carry.BundleAck.of(b"%d" % n for n in range(rules.MAX_ACKED))
    (frame,) = env.frames_for(env.Kind.BUNDLE_ACK, full.encode(), 0)
    assert carry.BundleAck.decode(frame.payload) == full
    for wrong in ((), [b"%d" % n for n in range(rules.MAX_ACKED + 1)]):
        with pytest.raises(LimitError):
            carry.BundleAck.of(wrong)
