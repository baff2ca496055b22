"""Spoken codes: the same words give the same invite, others give nothing, once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meeting_world import HOST, NOW, ONION, WORDS, Meeting, queue

from swarm_protocol import cbor
from swarm_protocol import meeting as mt
from swarm_protocol.errors import CannotOpen, RemoteProtocolError, UsageError
from swarm_protocol.meeting import rules
from swarm_protocol.testing import SeededEntropy

CODE = mt.Code(42, "a7-h255")
OFFER = mt.offer_code(CODE, HOST, queue(6), expires_at=NOW + 60, entropy=SeededEntropy("offer"))


def take(code: mt.Code = CODE, at: mt.RelayAddress = HOST, offer: bytes = OFFER.message) -> mt.CodeTaken:
    return mt.take_code(code, at, offer, SeededEntropy("take"))


def invite_of(agreed: mt.AgreedSecret) -> mt.Invitation:
    """The inviter makes an ordinary invite of what was agreed on."""
    bundle = Meeting().invitation.bundle
    return mt.Invitation.make(
        mt.LinkKind.INVITE,
        agreed.secret,
        bundle,
        fetch=(agreed.at,),
        expires_at=agreed.expires_at,
        entropy=SeededEntropy("bundle"),
    )


def test_both_sides_make_the_same_invite_and_nobody_sends_it() -> None:
    taken = take()
    assert taken.queue == queue(6)
    agreed = mt.hear_code(OFFER, taken.message)
    invite = invite_of(agreed)
    found = taken.agreed.open(invite.sealed)
    assert found == invite
    assert found.transcript == invite.transcript
    assert taken.agreed.link(invite.sealed).expires_at == NOW + 60
    sent = OFFER.message + taken.message
    assert agreed.secret.key not in sent
    assert agreed.secret.inv_id not in sent


@pytest.mark.parametrize(
    "taken",
    [
        take(mt.Code(42, "a7-h254")),
        take(mt.Code(42, "h255-a7")),
        take(mt.Code(41, "a7-h255")),
        take(at=ONION),
    ],
    ids=["word", "order", "number", "relay"],
)
def test_another_code_gives_nothing_to_either_side(taken: mt.CodeTaken) -> None:
    with pytest.raises(mt.WrongCode) as error:
        mt.hear_code(OFFER, taken.message)
    assert error.value.rule == rules.CODE_RIGHT.id
    right = invite_of(mt.hear_code(OFFER, take().message))
    with pytest.raises(CannotOpen):
        taken.agreed.open(right.sealed)


def test_a_relay_that_changes_the_offer_is_noticed() -> None:
    """It would like to read the reply in a queue of its own, or to let the invite live on."""
    fields = cbor.Record.decode(OFFER.message, "an offer").fields
    for changes in ({2: queue(7).fields()}, {3: NOW + 61}):
        with pytest.raises(mt.WrongCode):
            mt.hear_code(OFFER, take(offer=cbor.encode({**fields, **changes})).message)


def test_a_bad_point_in_the_slot_is_refused() -> None:
    fields = cbor.Record.decode(OFFER.message, "an offer").fields
    for point in (b"A" + bytes(32), b"B" + bytes(32), b"A" + b"\x02" + bytes(31)):
        with pytest.raises(RemoteProtocolError) as error:
            take(offer=cbor.encode({**fields, 1: point}))
        assert error.value.rule == rules.CODE_MESSAGE.id


def test_codes_are_drawn_typed_and_found() -> None:
    code = mt.Code.generate(WORDS, SeededEntropy("draw"))
    assert 1 <= code.nameplate <= rules.NAMEPLATES
    for text in (str(code), f"  {code}. ".upper(), str(code).replace("-", " , ")):
        assert mt.Code.parse(text, WORDS) == code
    assert code.slot(HOST) != code.slot(ONION)
    assert code.slot(HOST) == mt.Code(code.nameplate, "b1-b2").slot(HOST)
    assert code.words not in repr(code)
    with pytest.raises(UsageError):
        mt.Code.generate(WORDS[1:], SeededEntropy("draw"))


@settings(max_examples=50)
@given(st.text(max_size=40) | st.text("0123456789 -ab", max_size=6))
def test_no_text_does_more_than_be_no_code(text: str) -> None:
    with pytest.raises(RemoteProtocolError) as error:
        mt.Code.parse(text, WORDS)
    assert error.value.rule == rules.CODE_FORM.id


@settings(max_examples=30)
@given(st.integers(0, len(take().message) - 1), st.integers(1, 255))
def test_a_changed_reply_is_refused(at: int, change: int) -> None:
    reply = bytearray(take().message)
    reply[at] ^= change
    with pytest.raises(RemoteProtocolError):
        mt.hear_code(OFFER, bytes(reply))


@settings(max_examples=30)
@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        mt.hear_code(OFFER, data)
    with pytest.raises(RemoteProtocolError):
        take(offer=data)
