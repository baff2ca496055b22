"""What people compare: the whole material, in forms that fit eyes and ears."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from meeting_world import WORDS, Meeting, chain

from swarm_protocol import meeting as mt
from swarm_protocol.errors import UsageError

MATERIAL = st.binary(min_size=32, max_size=32)
ADA, BEN, EVE = (chain(name).persona_id for name in ("ada", "ben", "eve"))


@given(MATERIAL)
def test_words_say_the_first_88_bits(material: bytes) -> None:
    bits = "".join(f"{WORDS.index(word):011b}" for word in mt.safety_words(material, WORDS))
    assert int(bits, 2).to_bytes(11, "big") == material[:11]


@given(MATERIAL)
def test_digits_say_the_second_half(material: bytes) -> None:
    groups = mt.safety_digits(material)
    assert [len(group) for group in groups] == [5] * 6
    assert int("".join(groups)) == int.from_bytes(material[16:], "big") % 10**30


def test_only_whole_material_and_whole_lists_will_do() -> None:
    for material, words in ((bytes(31), WORDS), (bytes(32), WORDS[:-1])):
        with pytest.raises(UsageError):
            mt.safety_words(material, words)
    with pytest.raises(UsageError):
        mt.safety_digits(bytes(33))


def test_a_code_is_the_same_on_both_screens_and_says_who() -> None:
    shown = mt.safety_qr(ADA, BEN, b"t" * 32)
    assert shown == mt.safety_qr(BEN, ADA, b"t" * 32)
    assert mt.check_qr(f" {shown}\n", BEN, ADA, b"t" * 32) is mt.QrOutcome.MATCH
    assert mt.check_qr(shown, EVE, ADA, b"t" * 32) is mt.QrOutcome.OTHER_PERSON
    assert mt.check_qr(shown, ADA, BEN, b"u" * 32) is mt.QrOutcome.OTHER_MEETING
    for text in ("", "hello", shown[:-3], Meeting().invitation.link.format()):
        assert mt.check_qr(text, ADA, BEN, b"t" * 32) is mt.QrOutcome.NOT_A_CODE


def test_a_go_between_is_seen() -> None:
    """Eve met both, under two invites: both sides have words, and not the same."""
    with_ada, with_ben = Meeting(seed="one"), Meeting(seed="two")
    sides = []
    for meeting in (with_ada, with_ben):
        asked = meeting.ask("eve")
        started = meeting.accept(meeting.hear(asked.sealed)).started
        sides.append(mt.safety_words(mt.safety_material(started.state, meeting.invitation.transcript), WORDS))
    assert sides[0] != sides[1]
