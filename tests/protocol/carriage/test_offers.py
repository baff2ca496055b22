"""A meeting over a conversation: an offer in place of a link, and no queue anywhere. And probes."""

from __future__ import annotations

from functools import lru_cache

import pytest
from meeting_world import NOW, WEEK, chain, key_package, queue

from swarm_protocol import carriage, carry
from swarm_protocol import mailbox as mbx
from swarm_protocol import meeting as mt
from swarm_protocol.carriage import Probe
from swarm_protocol.envelope import Frame, Kind, open_envelope, seal_envelope
from swarm_protocol.errors import CannotOpen, DecodeError, RemoteProtocolError, RuleViolation
from swarm_protocol.testing import SeededEntropy

ENTROPY = SeededEntropy("offers")
HPKE = mt.HPKE.kem.from_private(bytes(range(32)))
OFFER = mt.Offer(bytes(range(16)), HPKE.public, "Ada", NOW + WEEK)


@lru_cache
def asked(offer: mt.Offer = OFFER, queues: tuple[mbx.QueueRecord, ...] = ()) -> mt.Asked:
    draft = mt.draft_request(offer, key_package("ben"), chain("ben"), queues, note="Ben")
    return mt.seal_request(draft, entropy=SeededEntropy("asked"))


def opened(sealed: bytes, offer: mt.Offer = OFFER) -> mt.Request:
    return mt.open_request(offer, HPKE, sealed, own=chain("ada").persona_id, now=NOW)


@pytest.mark.parametrize("queues", [(), (queue(1),)])
def test_two_meet_over_a_conversation_with_queues_or_none(queues: tuple[mbx.QueueRecord, ...]) -> None:
    asks = asked(queues=queues)
    request = opened(asks.sealed)
    assert (request.persona_id, request.queues) == (chain("ben").persona_id, queues)
    accepted = mt.accept(request, key_package("ada"), chain("ada"), queues, entropy=ENTROPY, now=NOW)
    answer = mt.open_answer(asks.keys, accepted.sealed, own=chain("ben"), least_queues=0)
    started = mt.join(asks.own, asks.keys, answer, chain=chain("ben"))
    assert mt.pair_secret(started.state) == mt.pair_secret(accepted.started.state)
    mine, theirs = (
        mt.safety_material(state, OFFER.transcript) for state in (accepted.started.state, started.state)
    )
    assert mine == theirs


def test_after_a_link_an_answer_without_a_queue_is_refused() -> None:
    asks = asked()
    accepted = mt.accept(opened(asks.sealed), key_package("ada"), chain("ada"), (), entropy=ENTROPY, now=NOW)
    with pytest.raises(DecodeError) as caught:
        mt.open_answer(asks.keys, accepted.sealed, own=chain("ben"))
    assert caught.value.rule == "queue-count"


def test_a_request_is_for_the_offer_that_was_made() -> None:
    changed = mt.Offer(OFFER.inv_id, OFFER.hpke, "Mallory", OFFER.expires_at)
    with pytest.raises(CannotOpen):
        opened(asked(changed).sealed)
    other = mt.Offer(bytes(16), OFFER.hpke, OFFER.label, OFFER.expires_at)
    with pytest.raises(RemoteProtocolError):
        opened(asked(other).sealed)


def test_an_offer_says_no_persona_and_is_small() -> None:
    data = OFFER.encode()
    assert mt.Offer.decode(data) == OFFER
    assert len(data) < 1_400
    assert bytes(chain("ada").persona_id) not in bytes(data)
    assert "Ada" in repr(OFFER)
    assert OFFER.hpke.hex() not in repr(OFFER)


def test_offers_that_do_not_hold_are_refused() -> None:
    with pytest.raises(RuleViolation) as caught:
        mt.Offer.decode(mt.Offer(OFFER.inv_id, OFFER.hpke[:-1], "Ada", NOW).encode())
    assert caught.value.rule == "offer-key"
    for data in (OFFER.encode() + b"x", mt.Offer(bytes(15), OFFER.hpke, "", NOW).encode(), b""):
        with pytest.raises(DecodeError):
            mt.Offer.decode(data)
    with pytest.raises(DecodeError):
        mt.Offer.decode(mt.Offer(OFFER.inv_id, OFFER.hpke, "n" * 65, NOW).encode())


def test_probes_are_for_the_two_alone() -> None:
    ada, ben, secret = ENTROPY(32), ENTROPY(32), ENTROPY(32)
    adas, bens = carry.Pair(secret, ada, ben), carry.Pair(secret, ben, ada)
    probe = Probe(ENTROPY(16), answer=True)
    frame = Frame(Kind.PROBE, probe.encode(), 0)
    sealed = seal_envelope(carriage.key_out(adas), frame, entropy=ENTROPY)
    assert Probe.decode(open_envelope(carriage.key_in(bens), sealed).payload) == probe
    with pytest.raises(CannotOpen):
        open_envelope(carriage.key_out(bens), sealed)
    for wrong in (b"", b"\xa2\x01\x41x\x02\x00", probe.encode()[:-1] + b"\x02"):
        with pytest.raises(RemoteProtocolError):
            Probe.decode(wrong)
