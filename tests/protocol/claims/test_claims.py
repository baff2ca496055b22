"""Claims: what is copied, guessed, cut or made up proves nothing, and what is true is seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_protocol import identity as idn
from swarm_protocol.claims import (
    PREFIX,
    Claim,
    NoAnswer,
    NotThere,
    Shown,
    State,
    decode_opened,
    encode_opened,
    judge,
    read_text,
)
from swarm_protocol.claims.rules import MAX_HANDLE
from swarm_protocol.errors import DecodeError, RemoteProtocolError, UsageError
from swarm_protocol.identity.rules import MAX_CLAIMS
from swarm_protocol.testing import SeededEntropy

ENTROPY = SeededEntropy("claims")
KIT = idn.RecoveryKit.generate(ENTROPY)
CHAIN = idn.create_persona(KIT)
ANNA = CHAIN.persona_id
MALLORY = idn.create_persona(idn.RecoveryKit.generate(ENTROPY)).persona_id
CLAIM = Claim.make("xmpp", "anna@example.org", address="anna@example.org", entropy=ENTROPY)
handles = st.text(st.characters(categories=["L", "N", "P"]), min_size=1, max_size=40)


def seen(*texts: str, handle: str = CLAIM.handle) -> Shown:
    return Shown(handle, frozenset(texts))


def test_a_copied_text_proves_nothing_at_another_account() -> None:
    text = CLAIM.text(ANNA)
    copy = Claim("xmpp", "mallory@example.org", CLAIM.nonce)
    assert judge(copy, ANNA, seen(text, handle=copy.handle), proven=False) is State.GONE
    assert judge(CLAIM, ANNA, seen(text, handle=copy.handle), proven=False) is State.GONE


def test_nobody_proves_an_account_that_names_somebody_else() -> None:
    stolen = Claim(CLAIM.network, CLAIM.handle, CLAIM.nonce)
    assert judge(stolen, MALLORY, seen(CLAIM.text(ANNA)), proven=False) is State.GONE


@pytest.mark.parametrize("handle", ["anna@examp1e.org", "аnna@example.org", "Anna@example.org"])
def test_a_handle_that_looks_alike_is_another(handle: str) -> None:
    assert judge(CLAIM, ANNA, seen(CLAIM.text(ANNA), handle=handle), proven=True) is State.GONE
    assert Claim("xmpp", handle, CLAIM.nonce).text(ANNA) != CLAIM.text(ANNA)


def test_only_an_account_that_was_proven_can_have_changed() -> None:
    others = CLAIM.text(MALLORY)
    assert judge(CLAIM, ANNA, seen(others), proven=True) is State.CHANGED
    assert judge(CLAIM, ANNA, seen(others), proven=False) is State.GONE
    assert judge(CLAIM, ANNA, seen(others, CLAIM.text(ANNA)), proven=True) is State.OK
    for proven in (True, False):
        assert judge(CLAIM, ANNA, seen(), proven=proven) is State.GONE
        assert judge(CLAIM, ANNA, NotThere(), proven=proven) is State.GONE
        assert judge(CLAIM, ANNA, NoAnswer(), proven=proven) is State.UNREACHABLE


def test_a_claim_stands_from_its_link_to_its_drop_and_may_come_back() -> None:
    assert not CLAIM.stands_in(CHAIN)
    added = idn.add_claim(CHAIN, KIT.root(0), CLAIM.hash)
    assert CLAIM.stands_in(added)
    dropped = idn.drop_claim(added, KIT.root(0), CLAIM.hash)
    assert not CLAIM.stands_in(dropped)
    assert CLAIM.stands_in(idn.add_claim(dropped, KIT.root(0), CLAIM.hash))


def test_an_address_is_a_hint_and_no_part_of_the_claim() -> None:
    other = Claim(CLAIM.network, CLAIM.handle, CLAIM.nonce, "elsewhere")
    assert (other.hash, other.text(ANNA), other) == (CLAIM.hash, CLAIM.text(ANNA), CLAIM)


@given(st.lists(handles, min_size=1, max_size=MAX_CLAIMS, unique=True), handles)
def test_what_is_opened_reads_back(some: list[str], address: str) -> None:
    claims = tuple(Claim("demo", handle, bytes(16), address) for handle in some)
    read = decode_opened(encode_opened(claims))
    assert read == claims
    assert [claim.address for claim in read] == [address] * len(claims)


def test_thirty_two_of_the_longest_claims_can_be_opened_and_not_one_more() -> None:
    claims = [Claim("n" * 32, f"{n:02}" + "h" * 1022, bytes(16), "a" * MAX_HANDLE) for n in range(32)]
    assert len(decode_opened(encode_opened(claims))) == 32
    with pytest.raises(DecodeError):
        decode_opened(encode_opened([*claims, CLAIM]))


@given(st.binary(max_size=200))
def test_noise_is_refused_or_read(noise: bytes) -> None:
    try:
        claims = decode_opened(noise)
    except RemoteProtocolError:
        return
    assert claims


@given(st.text(max_size=80))
def test_a_text_that_reads_is_the_only_one_for_its_bytes(text: str) -> None:
    try:
        data = read_text(PREFIX + text)
    except DecodeError:
        return
    assert len(data) == 32


def test_what_nobody_would_read_is_not_made() -> None:
    for network, handle in (("XMPP", "a"), ("xmpp", ""), ("xmpp", "a\nb"), ("xmpp", "x" * 1025)):
        with pytest.raises(UsageError):
            Claim.make(network, handle, entropy=ENTROPY)
    with pytest.raises(UsageError):
        Claim.make("xmpp", "\udc80", entropy=ENTROPY)


def test_an_account_is_not_printed() -> None:
    assert "anna" not in f"{CLAIM!r} {seen(CLAIM.text(ANNA))!r}"
