"""Requests, answers and the conversation that follows: who may read what, and what is noticed."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from identity_world import node, play
from meeting_world import HOST, NOW, WEEK, Meeting, chain, key_package, queue

from swarm_protocol import envelope as env
from swarm_protocol import identity as idn
from swarm_protocol import meeting as mt
from swarm_protocol import mls
from swarm_protocol.errors import CannotOpen, LimitError, RemoteProtocolError, RuleViolation, UsageError
from swarm_protocol.identity import rules as id_rules
from swarm_protocol.meeting import rules
from swarm_protocol.testing import SeededEntropy


@lru_cache
def meeting() -> Meeting:
    return Meeting()


@lru_cache
def asked() -> mt.Asked:
    return meeting().ask()


@lru_cache
def accepted() -> mt.Accepted:
    return meeting().accept(meeting().hear(asked().sealed))


def broken(error: pytest.ExceptionInfo[RemoteProtocolError]) -> str:
    return error.value.rule


def test_two_meet() -> None:
    request = meeting().hear(asked().sealed)
    assert (request.persona_id, request.note) == (chain("ben").persona_id, "It is me.")
    assert request.queues == (queue(3),)
    assert request.node.leaf_sig == node("ben").leaf_sig.public
    assert request.keys == asked().keys
    ben, ada = meeting().join(asked(), accepted().sealed), accepted().started
    assert ben.conversation == ada.conversation
    assert ben.state.epoch_authenticator == ada.state.epoch_authenticator
    assert mt.pair_secret(ben.state) == mt.pair_secret(ada.state)
    material = mt.safety_material(ben.state, request.keys.transcript)
    assert material == mt.safety_material(ada.state, meeting().invitation.transcript)
    assert material != mt.safety_material(ada.state, bytes(32))
    assert mt.conversation_of(ben.state) == ada.conversation


def test_messages_go_both_ways_in_the_conversation() -> None:
    policy = mls.Policy.allow_all()
    ada, ben = accepted().started.state, meeting().join(asked(), accepted().sealed).state
    ben, hello = mls.encrypt(ben, b"hello", entropy=SeededEntropy("hello"))
    ada, heard = mls.process(ada, hello, policy=policy)
    assert isinstance(heard, mls.ApplicationMessage)
    assert heard.data == b"hello"
    ada, proposal = mls.propose_update(ada, policy=policy, entropy=SeededEntropy("update"), now=NOW)
    ben, _ = mls.process(ben, proposal, policy=policy)
    mls.encrypt(ben, b"though a proposal waits", entropy=SeededEntropy("more"))


def test_a_request_opens_for_its_invite_alone() -> None:
    other = Meeting(seed="another")
    with pytest.raises(RemoteProtocolError) as error:
        other.hear(asked().sealed)
    assert broken(error) == rules.REQUEST_INVITE.id
    same_id = replace(
        other.invitation.link,
        secret=mt.LinkSecret(meeting().invitation.link.secret.inv_id, other.invitation.link.secret.key),
    )
    other.invitation = replace(other.invitation, link=same_id)
    with pytest.raises(CannotOpen):
        other.hear(asked().sealed)


def test_who_has_the_link_reads_neither_request_nor_answer() -> None:
    eve = Meeting(seed="eve's own key")
    with pytest.raises(CannotOpen):
        mt.open_request(meeting().invitation, eve.hpke, asked().sealed, own=chain("ada").persona_id, now=NOW)
    hers = meeting().ask("eve")
    with pytest.raises(CannotOpen):
        mt.open_answer(hers.keys, accepted().sealed, own=chain("eve"))


def test_eve_who_copies_bens_words_is_in_no_group_with_ada() -> None:
    """She has the answer's key and the Welcome, but neither ben's key package nor the PSK's name."""
    answer = mt.open_answer(asked().keys, accepted().sealed, own=chain("ben"))
    hers = meeting().ask("eve")
    with pytest.raises(RemoteProtocolError):
        mt.join(hers.own, asked().keys, answer, chain=chain("eve"))
    with pytest.raises(RemoteProtocolError):
        mt.join(asked().own, hers.keys, answer, chain=chain("ben"))
    with pytest.raises(RemoteProtocolError):
        mt.join(asked().own, replace(asked().keys, psk=bytes(32)), answer, chain=chain("ben"))


def test_the_chain_that_answered_must_be_the_one_in_the_group() -> None:
    answer = mt.open_answer(asked().keys, accepted().sealed, own=chain("ben"))
    with pytest.raises(RuleViolation):
        mt.join(asked().own, asked().keys, replace(answer, chain=chain("eve")), chain=chain("ben"))


def test_the_same_request_twice_gives_the_same_keys_and_another_another() -> None:
    assert meeting().hear(asked().sealed) == meeting().hear(asked().sealed)
    again = meeting().ask()
    assert again.keys.psk_id != asked().keys.psk_id
    assert again.keys.transcript == asked().keys.transcript


@pytest.mark.parametrize("now", [NOW - WEEK - 1, NOW + WEEK + 1])
def test_a_key_package_out_of_its_time_is_refused(now: int) -> None:
    with pytest.raises(RuleViolation) as error:
        meeting().hear(asked().sealed, now=now)
    assert broken(error) == mls.rules.LEAF_LIFETIME.id


def draft_by(own: mls.OwnKeyPackage, by: idn.Sigchain) -> mt.Asked:
    draft = mt.draft_request(meeting().invitation, own, by, (queue(3),))
    return mt.seal_request(draft, entropy=SeededEntropy("a draft"))


def test_a_node_that_its_chain_does_not_trust_is_refused() -> None:
    revoked = play(chain("ben"), "-ben", name="ben")
    with pytest.raises(RuleViolation) as error:
        meeting().hear(draft_by(key_package("ben"), revoked).sealed)
    assert broken(error) == id_rules.CREDENTIAL_TRUSTED.id


def test_a_key_package_of_another_persona_is_refused() -> None:
    with pytest.raises(RuleViolation) as error:
        meeting().hear(draft_by(key_package("eve"), chain("ben")).sealed)
    assert broken(error) == id_rules.CREDENTIAL_KNOWN.id


def test_a_key_package_must_be_hybrid_and_know_conversations() -> None:
    entropy, keys = SeededEntropy("other packages"), node("ben").leaf_sig
    credential = idn.NodeRef(chain("ben").persona_id, 1).credential()
    for suite, rule in (
        (0x0001, mls.rules.KEY_PACKAGE_SUITE),
        (0xF0A1, mls.rules.LEAF_GROUP_EXTENSIONS),
    ):
        own = mls.make_key_package(
            mls.CRYPTO.suite(suite), credential, keys, lifetime=(NOW, NOW + 1), entropy=entropy
        )
        with pytest.raises(RuleViolation) as error:
            meeting().hear(draft_by(own, chain("ben")).sealed)
        assert broken(error) == rule.id


def test_a_request_whose_key_package_ended_meanwhile_is_not_accepted() -> None:
    request = meeting().hear(asked().sealed)
    with pytest.raises(UsageError):
        mt.accept(
            request,
            key_package("ada"),
            chain("ada"),
            (queue(5),),
            entropy=SeededEntropy("late"),
            now=NOW + WEEK + 1,
        )


# To an address


def test_an_address_asks_for_work() -> None:
    address = Meeting(mt.LinkKind.ADDRESS, stamp_bits=3)
    request = address.hear(address.ask("eve", "ä" * 512).sealed)
    assert len(request.note) == 512
    draft = mt.draft_request(address.invitation, key_package("eve"), chain("eve"), (queue(3),))
    for stamp in (None, next(n for n in range(99) if not mt.is_stamp(draft.challenge, 3, n))):
        with pytest.raises(UsageError):
            mt.seal_request(draft, stamp=stamp, entropy=address.entropy)


def test_notes_have_bounds_on_our_side_too() -> None:
    for kind, note in ((mt.LinkKind.INVITE, "x" * 201), (mt.LinkKind.ADDRESS, "ä" * 513)):
        with pytest.raises(LimitError):
            Meeting(kind).ask(note=note)


def test_a_request_of_a_persona_with_all_its_nodes_fits_one_envelope() -> None:
    many = play(chain("ben"), "+home", "+away", "+third", name="ben")
    address = Meeting(mt.LinkKind.ADDRESS)
    draft = mt.draft_request(
        address.invitation, key_package("ben"), many, (queue(3), queue(4)), note="x" * 1024
    )
    sealed = mt.seal_request(draft, entropy=address.entropy).sealed
    (frame,) = env.frames_for(env.Kind.CONN_REQ, sealed, 0)
    assert frame.kind is env.Kind.CONN_REQ
    assert address.hear(sealed).chain == many


def test_a_long_chain_goes_to_an_invite_in_parts_and_to_no_address() -> None:
    acts = [act for number in range(18) for act in (f"+spare{number}", f"-spare{number}")]
    many = play(chain("ben"), *acts, name="ben")
    invite, address = Meeting(), Meeting(mt.LinkKind.ADDRESS)
    draft = mt.draft_request(invite.invitation, key_package("ben"), many, (queue(3),))
    long = mt.seal_request(draft, entropy=invite.entropy)
    assert invite.hear(long.sealed).chain == many
    assert {frame.kind for frame in env.frames_for(env.Kind.CONN_REQ, long.sealed, 0)} == {env.Kind.PART}
    draft = mt.draft_request(address.invitation, key_package("ben"), many, (queue(3),))
    with pytest.raises(LimitError):
        mt.seal_request(draft, entropy=address.entropy)


# What is changed on the way


def hear(sealed: bytes) -> mt.Request:
    return meeting().hear(sealed)


def read(sealed: bytes) -> mt.Answer:
    return mt.open_answer(asked().keys, sealed, own=chain("ben"))


@settings(max_examples=100)
@given(st.data())
def test_a_changed_request_or_answer_is_refused(data: st.DataObject) -> None:
    which = data.draw(st.booleans())
    original = bytearray(asked().sealed if which else accepted().sealed)
    at = data.draw(st.integers(0, len(original) - 1))
    kind = data.draw(st.sampled_from(["flip", "cut", "insert"]))
    changed = {
        "flip": bytes(original[:at]) + bytes([original[at] ^ data.draw(st.integers(1, 255))])
        + bytes(original[at + 1 :]),
        "cut": bytes(original[:at]),
        "insert": bytes(original[:at] + b"\x00" + original[at:]),
    }[kind]  # fmt: skip
    with pytest.raises(RemoteProtocolError):
        hear(changed) if which else read(changed)


@settings(max_examples=100)
@given(st.binary(max_size=3000))
def test_no_bytes_do_more_than_be_refused(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        meeting().hear(data)
    with pytest.raises(RemoteProtocolError):
        mt.request_invite(data)
    with pytest.raises(RemoteProtocolError):
        mt.open_answer(asked().keys, data, own=chain("ben"))


def test_a_request_says_which_invite_it_is_for() -> None:
    assert mt.request_invite(asked().sealed) == meeting().invitation.link.secret.inv_id
    assert HOST.address.encode() not in asked().sealed
