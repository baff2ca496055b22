"""Challenges: two learn whose accounts those are, and whoever stands between them gains nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarm_protocol import identity as idn
from swarm_protocol.claims import (
    ANSWER_SIZE,
    Agree,
    Ask,
    Challenge,
    Side,
    Stage,
    decode_word,
    encode_word,
)
from swarm_protocol.claims.rules import CHALLENGE_S
from swarm_protocol.errors import DecodeError, RemoteProtocolError, RuleViolation, UnexpectedMessage
from swarm_protocol.testing import SeededEntropy

ENTROPY = SeededEntropy("challenges")
NOW = 1_800_000_000
ANNA, BEN, MALLORY = (
    Side(idn.create_persona(idn.RecoveryKit.generate(ENTROPY)).persona_id, f"{name}@example.org")
    for name in ("anna", "ben", "mallory")
)


def asked(asker: Side, other: Side) -> tuple[Challenge, Challenge]:
    """A challenge as both have it when who was asked has agreed."""
    mine = Challenge.ask("xmpp", asker, other, now=NOW, entropy=ENTROPY)
    word = decode_word(encode_word(mine.word))
    assert isinstance(word, Ask)
    theirs = Challenge.come(word, asker.persona_id, other.persona_id, now=NOW).agree(now=NOW, entropy=ENTROPY)
    return mine.agreed(Agree(theirs.id, theirs.second), now=NOW), theirs


def hear(by: Challenge, answer: bytes, *, now: int = NOW) -> Challenge:
    return by.heard(answer, sender=by.theirs.handle, recipient=by.mine.handle, now=now)


def test_both_come_to_know_and_who_was_asked_speaks_last() -> None:
    anna, ben = asked(ANNA, BEN)
    assert (anna.id, len(anna.answer), anna.speaks, ben.speaks) == (ben.id, ANSWER_SIZE, True, False)
    ben = hear(ben, anna.answer)
    assert (ben.stage, ben.speaks) == (Stage.DONE, True)
    anna = hear(anna, ben.answer)
    assert (anna.stage, anna.speaks) == (Stage.DONE, False)


def test_an_answer_counts_once_and_its_senders_own_does_not() -> None:
    anna, ben = asked(ANNA, BEN)
    with pytest.raises(RuleViolation):
        hear(anna, anna.answer)
    done = hear(ben, anna.answer)
    with pytest.raises(UnexpectedMessage):
        hear(done, anna.answer)


@pytest.mark.parametrize(("sender", "recipient"), [(MALLORY, BEN), (ANNA, MALLORY), (BEN, ANNA)])
def test_an_answer_counts_between_the_two_accounts_alone(sender: Side, recipient: Side) -> None:
    anna, ben = asked(ANNA, BEN)
    with pytest.raises(RuleViolation, match="accounts"):
        ben.heard(anna.answer, sender=sender.handle, recipient=recipient.handle, now=NOW)


def test_who_stands_between_the_personas_cannot_pass_an_answer_on() -> None:
    """Mallory is a contact of both, says that the accounts of each are the other's own, and asks alike."""
    posing_as_ben, posing_as_anna = (
        replace(BEN, persona_id=MALLORY.persona_id),
        replace(ANNA, persona_id=MALLORY.persona_id),
    )
    anna, _ = asked(ANNA, posing_as_ben)
    word = replace(anna.word)
    ben = Challenge.come(word, posing_as_anna.persona_id, BEN.persona_id, now=NOW)
    ben = ben.agree(now=NOW, entropy=lambda _: anna.second)
    assert ben.id != anna.id
    for one, other in ((anna, ben), (ben, anna)):
        with pytest.raises(RuleViolation, match="hash"):
            hear(one, other.answer)


def test_who_stands_between_the_accounts_is_named_and_is_nobodys() -> None:
    """Anna takes Mallory's account for Ben's: what she asks about is no account of his, so he refuses."""
    anna = Challenge.ask("xmpp", ANNA, replace(BEN, handle=MALLORY.handle), now=NOW, entropy=ENTROPY)
    ben = Challenge.come(anna.word, ANNA.persona_id, BEN.persona_id, now=NOW)
    assert ben.mine.handle != BEN.handle
    assert (ben.end().stage, anna.end().stage) == (Stage.REFUSED, Stage.REFUSED)


def test_an_answer_of_another_time_is_another() -> None:
    (first, _), (_, second) = asked(ANNA, BEN), asked(ANNA, BEN)
    with pytest.raises(RuleViolation):
        hear(second, first.answer)


def test_both_add_luck_of_their_own_each_time_and_no_answer_is_without_it() -> None:
    (one, agreed), (other, _) = asked(ANNA, BEN), asked(ANNA, BEN)
    assert one.nonce != other.nonce
    again = replace(agreed, stage=Stage.WANTED, second=b"").agree(now=NOW, entropy=ENTROPY)
    assert again.second != agreed.second
    assert again.id == agreed.id
    assert again.answer != agreed.answer


def test_what_has_ended_has_ended_at_each_step() -> None:
    anna, ben = asked(ANNA, BEN)
    late = NOW + CHALLENGE_S
    wanted = replace(ben, stage=Stage.WANTED, second=b"")
    assert hear(ben, anna.answer, now=late - 1).stage is Stage.DONE
    steps: list[Callable[[], object]] = [
        lambda: hear(ben, anna.answer, now=late),
        lambda: wanted.agree(now=late, entropy=ENTROPY),
        lambda: replace(anna, stage=Stage.ASKED).agreed(Agree(anna.id, anna.second), now=late),
        lambda: Challenge.come(anna.word, ANNA.persona_id, BEN.persona_id, now=late),
    ]
    for step in steps:
        with pytest.raises(RuleViolation, match="until its end"):
            step()


def test_steps_are_taken_in_their_turn() -> None:
    anna, ben = asked(ANNA, BEN)
    agree = Agree(anna.id, anna.second)
    steps: list[Callable[[], object]] = [
        lambda: anna.agreed(agree, now=NOW),
        lambda: ben.agree(now=NOW, entropy=ENTROPY),
        lambda: ben.agreed(agree, now=NOW),
        lambda: hear(replace(ben, stage=Stage.WANTED), anna.answer),
        lambda: hear(ben.end(), anna.answer),
        lambda: hear(ben, anna.answer).end(),
        lambda: ben.end().end(),
    ]
    for step in steps:
        with pytest.raises(UnexpectedMessage):
            step()


def test_what_nobody_would_read_is_not_asked() -> None:
    for other in (ANNA.handle, "", "a\nb", "x" * 1025):
        with pytest.raises(DecodeError):
            Challenge.ask("xmpp", ANNA, replace(BEN, handle=other), now=NOW, entropy=ENTROPY)


def test_the_longest_ask_is_read() -> None:
    sides = replace(ANNA, handle="a" * 1024), replace(BEN, handle="b" * 1024)
    made = Challenge.ask("n" * 32, *sides, now=NOW, entropy=ENTROPY)
    assert decode_word(encode_word(made.word)) == made.word


@given(st.binary(max_size=200))
def test_noise_is_refused(noise: bytes) -> None:
    try:
        word = decode_word(noise)
    except RemoteProtocolError:
        return
    assert decode_word(encode_word(word)) == word


def test_accounts_and_nonces_are_not_printed() -> None:
    anna, ben = asked(ANNA, BEN)
    shown = f"{anna!r} {ben!r} {anna.word!r}"
    assert "@" not in shown
    assert anna.second.hex() not in shown
