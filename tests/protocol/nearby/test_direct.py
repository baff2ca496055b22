"""Direct links: nothing is said to be stored that is not, and what is not answered is known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_protocol import cbor
from swarm_protocol import envelope as env
from swarm_protocol.errors import LimitError, RemoteProtocolError, UsageError
from swarm_protocol.nearby import (
    Busy,
    Deliver,
    Direct,
    Effect,
    Heard,
    Keep,
    Offer,
    Refuse,
    Send,
    Stored,
    rules,
)

SMALL = bytes(env.Bucket.SMALL)


def name(n: int) -> bytes:
    return n.to_bytes(16, "big")


def frame_of(effect: Effect) -> bytes:
    assert isinstance(effect, Send)
    return effect.data


steps = st.lists(
    st.tuples(st.sampled_from(["offer", "keep", "refuse"]), st.booleans(), st.integers(0, 9)), max_size=60
)


@given(steps, st.integers(0, 60))
def test_what_is_confirmed_was_stored_and_the_rest_is_known(
    script: list[tuple[str, bool, int]], cut: int
) -> None:
    """Both ends send, keep and refuse in any order; after `cut` steps the link is gone."""
    ends = {True: Direct(), False: Direct()}
    stored: dict[bool, set[bytes]] = {True: set(), False: set()}
    confirmed: dict[bool, set[bytes]] = {True: set(), False: set()}
    for step, who, n in script[:cut]:
        try:
            match step:
                case "offer":
                    happened: Offer | Keep | Refuse = Offer(name(n), SMALL)
                case "keep":
                    happened = Keep(frozenset(sorted(ends[who].came)[: n + 1]))
                    stored[who] |= happened.ids
                case _:
                    happened = Refuse(frozenset(sorted(ends[who].came)[: n + 1]))
            ends[who], effect = ends[who].handle(happened)
        except UsageError:
            continue
        ends[not who], there = ends[not who].handle(Heard(frame_of(effect)))
        match there:
            case Deliver(id=came):
                assert came in ends[not who].came
            case Stored(ids):
                confirmed[not who] |= ids
            case Busy(ids):
                assert not ids & ends[not who].sent
    for who in (True, False):
        assert confirmed[who] <= stored[not who]
        assert ends[who].sent == ends[not who].came


def test_a_conversation() -> None:
    ada, ben = Direct(), Direct()
    ada, sent = ada.handle(Offer(name(1), SMALL))
    ben, came = ben.handle(Heard(frame_of(sent)))
    assert came == Deliver(name(1), SMALL)
    ben, answer = ben.handle(Keep(frozenset({name(1)})))
    ada, effect = ada.handle(Heard(frame_of(answer)))
    assert effect == Stored(frozenset({name(1)}))
    ada, sent = ada.handle(Offer(name(2), SMALL))
    ben, _ = ben.handle(Heard(frame_of(sent)))
    ben, answer = ben.handle(Refuse(frozenset({name(2)})))
    ada, effect = ada.handle(Heard(frame_of(answer)))
    assert effect == Busy(frozenset({name(2)}))
    assert (ada, ben, ada.room) == (Direct(), Direct(), rules.WINDOW)
    _, again = ada.handle(Offer(name(2), SMALL))
    assert frame_of(again) == frame_of(sent)


def test_nothing_is_answered_that_did_not_come() -> None:
    for wrong in (Keep(frozenset()), Keep(frozenset({name(1)})), Refuse(frozenset({name(1)}))):
        with pytest.raises(UsageError):
            Direct().handle(wrong)
    with pytest.raises(UsageError):
        Direct().handle(Offer(name(1), SMALL + b"x"))
    ada, _ = Direct().handle(Offer(name(1), SMALL))
    with pytest.raises(UsageError):
        ada.handle(Offer(name(1), SMALL))


def test_the_window() -> None:
    ada, ben = Direct(), Direct()
    for n in range(rules.WINDOW):
        ada, effect = ada.handle(Offer(name(n), SMALL))
        ben, _ = ben.handle(Heard(frame_of(effect)))
    assert ada.room == 0
    with pytest.raises(LimitError):
        ada.handle(Offer(name(99), SMALL))
    with pytest.raises(RemoteProtocolError):
        ben.handle(Heard(cbor.encode({1: 1, 2: name(99), 3: SMALL})))
    ben, answer = ben.handle(Keep(ben.came))
    ada, _ = ada.handle(Heard(frame_of(answer)))
    assert ada.room == rules.WINDOW


VALID = [
    cbor.encode({1: 1, 2: name(9), 3: SMALL}),
    cbor.encode({1: 2, 2: [name(1), name(2)]}),
    cbor.encode({1: 3, 2: [name(1)]}),
]


@given(st.sampled_from(VALID), st.data())
def test_mended_frames_raise_what_they_should(valid: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(valid)))
    tried = valid[:start] + data.draw(st.binary(max_size=9)) + valid[start + data.draw(st.integers(0, 9)) :]
    before = Direct(frozenset({name(1), name(2)}))
    try:
        after, effect = before.handle(Heard(tried))
    except RemoteProtocolError:
        return
    match effect:
        case Deliver(id=came):
            assert after.came == {came}
        case Stored(ids) | Busy(ids):
            assert after.sent == before.sent - ids
        case _:
            raise AssertionError("what is heard sends nothing")


def test_envelopes_are_not_printed() -> None:
    secret = b"secret" + SMALL[6:]
    _, sent = Direct().handle(Offer(name(1), secret))
    _, came = Direct().handle(Heard(frame_of(sent)))
    assert not any("secret" in repr(value) for value in (Offer(name(1), secret), sent, came))
