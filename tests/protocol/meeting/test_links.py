"""Links and bundles: short enough, forgiving of how they are passed on, and of nothing else."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meeting_world import HOST, NOW, ONION, WEEK, Meeting, queue

from swarm_protocol import meeting as mt
from swarm_protocol.errors import DecodeError, LimitError, RemoteProtocolError, UsageError
from swarm_protocol.meeting import rules
from swarm_protocol.meeting.bundle import seal_bundle
from swarm_protocol.testing import SeededEntropy

MEETING = Meeting()
INVITATION = MEETING.invitation
TEXT = INVITATION.link.format()
RELAY = mt.RelayLink(HOST, b"t" * 32)


def link(*fetch: mt.RelayAddress) -> mt.InviteLink:
    return mt.InviteLink(mt.LinkKind.INVITE, INVITATION.link.secret, fetch, bytes(16), NOW)


def test_links_come_back_as_they_were() -> None:
    for each in (INVITATION.link, link(HOST, ONION), Meeting(mt.LinkKind.ADDRESS).invitation.link):
        assert mt.InviteLink.parse(each.format()) == each
    assert mt.RelayLink.parse(RELAY.format()) == RELAY
    assert len(RELAY.tickets()) == 256


def test_links_are_short() -> None:
    assert len(link(HOST, HOST).format()) < 300
    assert len(link(ONION, ONION).format()) < 400


def test_an_address_that_is_too_long_is_not_written() -> None:
    long = mt.RelayAddress("x" * 256, bytes(32))
    with pytest.raises(LimitError):
        link(long, long).format()


def test_all_but_scheme_version_and_kind_is_in_the_fragment() -> None:
    assert TEXT.startswith("swarm:1i#")
    assert RELAY.format().startswith("swarm:1r#")


def test_a_relay_link_is_no_invite() -> None:
    with pytest.raises(UsageError):
        mt.InviteLink(mt.LinkKind.RELAY, INVITATION.link.secret, (HOST,), bytes(16))


def test_an_invite_ends_and_an_address_does_not() -> None:
    invite, address = INVITATION.link, Meeting(mt.LinkKind.ADDRESS).invitation.link
    assert [invite.expired(now) for now in (NOW, NOW + WEEK - 1, NOW + WEEK)] == [False, False, True]
    assert not address.expired(2**63)


@given(st.data())
def test_white_space_and_the_case_of_the_scheme_do_not_matter(data: st.DataObject) -> None:
    places = data.draw(st.sets(st.integers(0, len(TEXT))))
    spaced = "".join(f"{' ' if n % 2 else chr(10)}{c}" if n in places else c for n, c in enumerate(TEXT))
    head, _, rest = spaced.partition("#")
    assert mt.InviteLink.parse(f"{head.upper()}#{rest}") == INVITATION.link


@given(st.integers(0, len(TEXT) - 1))
def test_a_cut_is_told_from_a_typo(length: int) -> None:
    with pytest.raises(DecodeError) as caught:
        mt.InviteLink.parse(TEXT[:length])
    whole_head = length >= len("swarm:1i#")
    assert caught.value.rule == (rules.TEXT_COMPLETE if whole_head else rules.TEXT_FORM).id


@given(st.integers(len("swarm:1i#"), len(TEXT) - 1), st.sampled_from("ABCabc012-_"))
def test_each_typo_is_noticed(at: int, character: str) -> None:
    typo = TEXT[:at] + character + TEXT[at + 1 :]
    if typo != TEXT:
        with pytest.raises(DecodeError) as caught:
            mt.InviteLink.parse(typo)
        assert caught.value.rule in {rules.TEXT_CHECK.id, rules.TEXT_COMPLETE.id, rules.TEXT_FORM.id}


@given(st.text() | st.text("swarm:1iarv#AZaz09-_ \n").map("swarm:1i#".__add__))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    for parse in (mt.InviteLink.parse, mt.RelayLink.parse):
        with pytest.raises(RemoteProtocolError):
            parse(text)


@pytest.mark.parametrize("show", [repr, str], ids=["repr", "str"])
def test_secrets_and_places_do_not_show(show: Callable[[object], str]) -> None:
    shown = show((INVITATION, RELAY, MEETING.ask()))
    secrets = (INVITATION.link.secret.key, INVITATION.link.secret.inv_id, RELAY.seed, queue(1).queue_key)
    assert not [secret for secret in secrets if repr(secret)[2:-1] in shown or secret.hex() in shown]
    assert HOST.address not in shown


# Bundles


def test_a_bundle_opens_for_who_has_the_link() -> None:
    opened = mt.Invitation.open(mt.InviteLink.parse(TEXT), INVITATION.sealed)
    assert opened == INVITATION
    assert opened.transcript == INVITATION.transcript
    assert len(opened.sealed) == rules.BUNDLE_SIZE


def test_bundles_have_one_length_and_the_largest_fits() -> None:
    hpke, lent = MEETING.hpke.public, mt.Lent(ONION, tuple(bytes([n]) * 32 for n in range(4)))
    full = mt.Bundle(hpke, (queue(1, ONION), queue(2, ONION)), lent, "x" * 64, 16)
    secret = INVITATION.link.secret
    sealed = seal_bundle(secret, full, SeededEntropy("full"))
    assert len(sealed) == rules.BUNDLE_SIZE
    with pytest.raises(LimitError):
        seal_bundle(secret, mt.Bundle(hpke, (queue(1),) * 16), SeededEntropy("more"))


def test_the_transcript_is_of_the_link_and_the_bundle() -> None:
    transcripts = {Meeting(seed=seed).invitation.transcript for seed in "ab"}
    other_end = mt.InviteLink(
        INVITATION.link.kind, INVITATION.link.secret, (HOST,), INVITATION.link.bundle_hash, NOW
    )
    transcripts.add(mt.Invitation.open(other_end, INVITATION.sealed).transcript)
    assert len(transcripts | {INVITATION.transcript}) == 4


@given(st.integers(0, 8 * rules.BUNDLE_SIZE - 1))
def test_a_changed_bundle_is_refused(bit: int) -> None:
    changed = bytearray(INVITATION.sealed)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(RemoteProtocolError) as caught:
        mt.Invitation.open(INVITATION.link, bytes(changed))
    assert caught.value.rule == rules.BUNDLE_HASH.id
    known = mt.InviteLink(
        INVITATION.link.kind, INVITATION.link.secret, (HOST,), mt.bundle_hash(bytes(changed)), NOW
    )
    with pytest.raises(RemoteProtocolError) as caught:  # whoever can change the link as well
        mt.Invitation.open(known, bytes(changed))
    assert caught.value.code == "cannot-open"
