"""Envelopes: whatever is not as it was sealed does not open, and nobody learns why."""

from __future__ import annotations

import contextlib
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_protocol import envelope as env
from swarm_protocol.envelope import rules
from swarm_protocol.envelope.seal import pad, unpad
from swarm_protocol.errors import CannotOpen, LimitError, RemoteProtocolError, UsageError
from swarm_protocol.testing import SeededEntropy

KEY = env.QueueKey.generate(SeededEntropy("queue"))
FRAME = env.Frame(env.Kind.MLS_PRIVATE, b"what is said", 3)
SEALED = env.seal_envelope(KEY, FRAME, entropy=SeededEntropy("nonce"))
kinds = st.sampled_from(env.Kind)
seqs = st.integers(0, 2**63 - 1)
buckets = st.sampled_from(env.Bucket)


@given(kinds, st.integers(0, 32_700), st.sampled_from([b"\x00", b"\x80", b"x"]), seqs, buckets)
def test_a_frame_comes_out_as_it_went_in(
    kind: env.Kind, size: int, byte: bytes, seq: int, at_least: env.Bucket
) -> None:
    frame = env.Frame(kind, byte * size, seq)
    sealed = env.seal_envelope(KEY, frame, entropy=SeededEntropy(size), at_least=at_least)
    assert env.open_envelope(KEY, sealed) == frame
    bucket = env.Bucket(len(sealed))
    assert bucket >= at_least
    smaller = [b for b in env.Bucket if at_least <= b < bucket]
    assert all(b.room < len(frame.encode()) for b in smaller)


@pytest.mark.parametrize("place", range(len(SEALED)))
def test_an_envelope_with_any_byte_changed_does_not_open(place: int) -> None:
    for change in (1, 0x80, 0xFF):
        changed = SEALED[:place] + bytes([SEALED[place] ^ change]) + SEALED[place + 1 :]
        with pytest.raises(CannotOpen):
            env.open_envelope(KEY, changed)


@given(buckets, st.data())
def test_large_envelopes_with_any_bit_changed_do_not_open(bucket: env.Bucket, data: st.DataObject) -> None:
    sealed = bytearray(env.seal_envelope(KEY, FRAME, entropy=SeededEntropy(1), at_least=bucket))
    bit = data.draw(st.integers(0, 8 * bucket - 1))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(CannotOpen):
        env.open_envelope(KEY, bytes(sealed))


@given(st.binary(max_size=600) | buckets.flatmap(lambda b: st.just(b"\x01" + bytes(b - 1))))
def test_bytes_of_any_kind_do_not_open(data: bytes) -> None:
    with pytest.raises(CannotOpen):
        env.open_envelope(KEY, data)


def test_every_refusal_looks_the_same() -> None:
    other = env.QueueKey(bytes(32))
    tries = [(other, SEALED), (KEY, SEALED[:-1]), (KEY, b""), (KEY, b"\x02" + SEALED[1:]), (KEY, bytes(512))]
    said = set()
    for key, data in tries:
        with pytest.raises(CannotOpen) as caught:
            env.open_envelope(key, data)
        assert caught.value.__cause__ is None
        said.add((str(caught.value), caught.value.rule, traceback.format_exception_only(caught.value)[0]))
    assert len(said) == 1


@given(st.binary(max_size=470))
def test_padding_has_one_reading(data: bytes) -> None:
    for bucket in env.Bucket:
        padded = pad(data, bucket)
        assert len(padded) == bucket - rules.OVERHEAD
        assert unpad(padded) == data


@given(st.binary(max_size=12), st.binary(max_size=12))
def test_two_frames_are_never_padded_alike(a: bytes, b: bytes) -> None:
    assert (pad(a, env.Bucket.SMALL) == pad(b, env.Bucket.SMALL)) == (a == b)


@pytest.mark.parametrize("bucket", env.Bucket)
def test_a_full_bucket_and_one_byte_more(bucket: env.Bucket) -> None:
    assert env.bucket_for(bucket.room) is bucket
    if bucket is env.Bucket.HUGE:
        with pytest.raises(LimitError):
            env.bucket_for(bucket.room + 1)
    else:
        assert env.bucket_for(bucket.room + 1) > bucket


def test_the_largest_bucket_holds_the_largest_frame() -> None:
    assert env.Bucket.HUGE.room == rules.MAX_FRAME
    assert min(env.Bucket).room == 470


def test_a_frame_that_is_too_large_is_refused_here() -> None:
    with pytest.raises(LimitError):
        env.seal_envelope(KEY, env.Frame(env.Kind.OFFER, bytes(rules.MAX_FRAME), 0), entropy=SeededEntropy(1))


def test_sealed_twice_it_is_another_envelope_and_with_the_same_entropy_the_same() -> None:
    entropy = SeededEntropy("nonces")
    first, second = (env.seal_envelope(KEY, FRAME, entropy=entropy) for _ in range(2))
    assert first[1:25] != second[1:25]
    assert first == env.seal_envelope(KEY, FRAME, entropy=SeededEntropy("nonces"))


def test_an_envelope_says_nothing_of_its_frame() -> None:
    """Equal lengths, and no byte of the payload, the kind or the number in the clear."""
    sealed = [
        env.seal_envelope(KEY, env.Frame(kind, b"payload", seq), entropy=SeededEntropy(seq))
        for seq, kind in enumerate(env.Kind)
    ]
    assert {len(envelope) for envelope in sealed} == {512}
    assert not any(b"payload" in envelope for envelope in sealed)
    assert {envelope[0] for envelope in sealed} == {1}


@given(st.binary(max_size=40))
def test_a_frame_of_any_bytes_raises_what_it_should(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        env.Frame.decode(data)


@given(st.integers(0, len(FRAME.encode()) - 1), st.integers(1, 255))
def test_a_changed_frame_is_another_or_is_refused(place: int, change: int) -> None:
    data = FRAME.encode()
    data = data[:place] + bytes([data[place] ^ change]) + data[place + 1 :]
    with contextlib.suppress(RemoteProtocolError):
        assert env.Frame.decode(data) != FRAME


def test_keys_and_payloads_are_not_printed() -> None:
    assert KEY.secret.hex() not in repr(KEY)
    assert repr(KEY.secret) not in repr(KEY)
    assert "said" not in repr(FRAME)


def test_a_queue_key_has_32_bytes() -> None:
    with pytest.raises(UsageError):
        env.QueueKey(bytes(31))
