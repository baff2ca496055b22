"""A node's side: asking, believing, keeping count, and moving from one queue to the next."""

from __future__ import annotations

from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given
from mailbox_world import Driver, Node, pair, relay_keys, sending, signature_key

from swarm_protocol import mailbox as mbx
from swarm_protocol.errors import CannotOpen, LimitError, RemoteProtocolError, UsageError
from swarm_protocol.mailbox import answers, client, commands, forward, frames, limits, rotation
from swarm_protocol.mailbox.rotation import RECIPIENT, SENDER, Recipient, Seen, Sender, Step
from swarm_protocol.testing import SeededEntropy

RID, SID = mbx.RecipientId(b"r" * 24), mbx.SenderId(b"s" * 24)
RANGES = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 5)), max_size=12)

# Asking


def test_each_command_has_an_answer_that_is_expected() -> None:
    assert set(client.ANSWERS) == set(commands.CommandBody.__args__)
    assert set(client.ANSWERS.values()) < set(answers.AnswerBody.__args__)


def test_numbers_end_and_nothing_is_sent_after() -> None:
    node = Node(Driver(), "ada")
    caller = replace(node.caller, number=frames.MAX_NUMBER - 1)
    caller, _ = caller.ask(mbx.QInfo(RID), node.key)
    with pytest.raises(LimitError):
        caller.ask(mbx.QInfo(RID), node.key)


def test_the_first_frame_must_be_a_greeting() -> None:
    with pytest.raises(RemoteProtocolError) as e:
        mbx.Caller.greeted(frames.encode(1, mbx.Done()))
    assert e.value.rule == "hello-relay"


def test_a_queue_that_was_deleted_or_lost_is_read_no_longer() -> None:
    driver = Driver()
    ada, _, made = pair(driver)
    assert ada.caller.reading == {made.rid}
    other = Node(driver, "ada")
    other.subscribe(made.rid)
    ada.take_notices()
    assert ada.caller.reading == frozenset()
    other.get(mbx.Done, mbx.Del(made.rid))
    assert other.caller.reading == frozenset()


def test_what_was_answered_waits_no_longer() -> None:
    ada, ben, made = pair(Driver())
    ben.send(made.sid, 1)
    assert ada.caller.waiting == ben.caller.waiting == {}


def test_a_receipt_can_be_kept_and_shown() -> None:
    _, ben, made = pair(Driver())
    body = sending(made.sid, 1)
    receipt = ben.send(made.sid, 1)
    kept = mbx.Receipt.decode(receipt.encode())
    assert kept == receipt
    kept.check(relay_keys().signature.public, made.sid, body.msg_id, body.blob)


# Tickets and sealing


def test_tickets_are_many_and_come_from_a_seed_of_one_length() -> None:
    made = mbx.tickets(bytes(32))
    assert len(set(made)) == limits.TICKETS == 256
    assert {len(ticket) for ticket in made} == {32}
    with pytest.raises(UsageError):
        mbx.tickets(bytes(31))


def test_an_answer_is_sealed_to_who_asked_and_never_too_long() -> None:
    keys = relay_keys()
    relay, hpke = keys.signature.public, keys.hpke
    send = frames.sign_forwarded(relay, sending(SID, 1), signature_key("ben"))
    sealer, sealed = forward.seal(relay, hpke.public, send, SeededEntropy(1))
    far, _, body = forward.unseal(relay, hpke, sealed)
    assert body == sending(SID, 1)
    for size in (0, 254):
        answer = far.seal_answer(bytes(size), SeededEntropy(size))
        assert len(answer) == 32 + 256 + 16
        assert sealer.open_answer(answer) == bytes(size)
    with pytest.raises(LimitError):
        far.seal_answer(bytes(255), SeededEntropy(2))
    other, _ = forward.seal(relay, hpke.public, send, SeededEntropy(3))
    with pytest.raises(CannotOpen):
        other.open_answer(far.seal_answer(b"", SeededEntropy(4)))
    for data in (b"", bytes(31), bytes(32), sealed[:-1]):
        with pytest.raises(CannotOpen):
            forward.unseal(relay, hpke, data)
    with pytest.raises(CannotOpen):
        forward.unseal(signature_key("another").public, hpke, sealed)


def test_what_was_sealed_is_answered_by_what_answers_it_or_an_error() -> None:
    keys, ben = relay_keys(), signature_key("ben")
    record = mbx.QueueRecord("far", bytes(32), keys.signature.public, keys.hpke.public, SID, bytes(32))
    send, skey = sending(SID, 1), mbx.SKey(SID, ben.public)
    receipt = mbx.Receipt.make(keys.signature, SID, send.hash(), send.msg_id, 1, 2)
    for asked, right, wrong in ((send, receipt, mbx.Done()), (skey, mbx.Done(), receipt)):
        sealer, sealed = mbx.seal_send(record, asked, ben, SeededEntropy(1))
        far, _, read = forward.unseal(record.relay, keys.hpke, sealed)
        assert read == asked
        for said in (right, mbx.Error(mbx.ErrorCode.GONE)):
            answer = mbx.Answer(far.seal_answer(frames.encode(0, said), SeededEntropy(2)))
            assert mbx.open_forwarded(sealer, answer, record, asked) == said
        for other in (wrong, mbx.KeyRefused(mbx.RecipientId(SID))):
            answer = mbx.Answer(far.seal_answer(frames.encode(0, other), SeededEntropy(3)))
            with pytest.raises(RemoteProtocolError) as e:
                mbx.open_forwarded(sealer, answer, record, asked)
            assert e.value.rule == "answer-number"


# The cursor


@given(RANGES)
def test_a_cursor_is_a_set_of_numbers(ranges: list[tuple[int, int]]) -> None:
    cursor, had = mbx.Cursor(), set[int]()
    for first, length in ranges:
        new = set(range(first, first + length + 1))
        if length:
            cursor, lost = cursor.gone(first, first + length)
            assert {n for a, b in lost for n in range(a, b + 1)} == new - had
        else:
            cursor = cursor.dealt_with(first)
        had |= new
        assert {n for n in range(1, 50) if cursor.has(n)} == had
        assert set(range(1, cursor.upto + 1)) <= had
        assert cursor.upto + 1 not in had
        for n in (1, 10, 40):
            missing = {m for a, b in cursor.missing_before(n) for m in range(a, b + 1)}
            assert missing == set(range(1, n)) - had
    assert list(cursor.beyond) == sorted(cursor.beyond)
    for (_, end), (start, _) in zip(cursor.beyond, cursor.beyond[1:], strict=False):
        assert start > end + 1


def test_what_a_relay_loses_without_a_word_shows() -> None:
    cursor = mbx.Cursor().dealt_with(1)
    assert cursor.missing_before(2) == ()
    assert cursor.missing_before(5) == ((2, 4),)
    cursor, lost = cursor.gone(2, 3)
    assert lost == ((2, 3),)
    assert cursor.missing_before(5) == ((4, 4),)


def test_a_relay_that_went_back_to_an_older_state_is_read_from_the_start() -> None:
    cursor = mbx.Cursor().dealt_with(1).dealt_with(2).dealt_with(5)
    assert cursor.against(6) is cursor
    assert cursor.against(5) == mbx.Cursor()
    assert mbx.Cursor().dealt_with(1).against(1) == mbx.Cursor()
    assert mbx.Cursor().against(1) == mbx.Cursor()


# From one queue to the next


def test_every_state_has_an_answer_to_every_step_of_the_other_side() -> None:
    assert {(state, step) for state in Recipient for step in rotation.FROM_SENDER} <= RECIPIENT.keys()
    assert {(state, step) for state in Sender for step in rotation.FROM_RECIPIENT} <= SENDER.keys()
    assert all((state, Seen.RELAY_GONE) in RECIPIENT for state in Recipient)
    assert all((state, Seen.RELAY_GONE) in SENDER for state in Sender)


def test_an_end_tells_the_other_what_that_one_may_hear() -> None:
    assert {step for _, says in RECIPIENT.values() for step in says} <= rotation.FROM_RECIPIENT
    assert {step for _, says in SENDER.values() for step in says} <= rotation.FROM_SENDER


def test_each_event_twice_is_as_once() -> None:
    for (recipient, event), (after, says) in RECIPIENT.items():
        if (after, event) in RECIPIENT:
            again = mbx.at_recipient(after, event)
            assert again[0] is after, (recipient, event)
            assert again[1] == says or after is not recipient
    for (sender, event), (then, _) in SENDER.items():
        if (then, event) in SENDER:
            assert mbx.at_sender(then, event)[0] is then, (sender, event)


def test_what_cannot_be_is_our_own_fault() -> None:
    with pytest.raises(UsageError):
        mbx.at_recipient(Recipient.NEW, Seen.SPACE)
    with pytest.raises(UsageError):
        mbx.at_sender(Sender.ADDED, Seen.QUOTA)


def test_every_state_can_be_reached_from_the_first() -> None:
    readable, sendable = {Recipient.NEW}, {Sender.ADDED}
    for _ in range(8):
        readable |= {after for (state, _), (after, _) in RECIPIENT.items() if state in readable}
        sendable |= {after for (state, _), (after, _) in SENDER.items() if state in sendable}
    assert readable == set(Recipient)
    assert sendable == set(Sender)


@given(st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=40))
def test_steps_that_come_late_twice_or_not_at_all_end_the_same(happens: list[tuple[int, bool]]) -> None:
    """A new queue takes over from an old one; steps are lost, repeated and mixed, then each comes once."""
    states: dict[str, Recipient | Sender] = {"new": Recipient.NEW, "old": Recipient.ACTIVE}
    sender: dict[str, Sender] = {"old": Sender.IN_USE}
    wire: list[tuple[str, Step]] = []

    def hear(queue: str, step: Step) -> None:
        if step in rotation.FROM_SENDER:
            state = states[queue]
            assert isinstance(state, Recipient)
            states[queue], says = mbx.at_recipient(state, step)
            wire.extend((queue, said) for said in says)
            if states["new"] is Recipient.ACTIVE and states["old"] is Recipient.ACTIVE:
                states["old"], says = mbx.at_recipient(Recipient.ACTIVE, Seen.REPLACED)
                wire.extend(("old", said) for said in says)
        elif queue in sender or step is Step.QADD:
            sender[queue], says = mbx.at_sender(sender.get(queue, Sender.ADDED), step)
            wire.extend((queue, said) for said in says)

    def repeat() -> None:
        for queue, state in states.items():
            assert isinstance(state, Recipient)
            if state in rotation.REPEATED:
                wire.append((queue, rotation.REPEATED[state]))

    for which, stays in happens:
        repeat()
        if wire:
            step = wire[which % len(wire)]
            if not stays:
                wire.remove(step)
            hear(*step)
            del wire[12:]  # lost
    for _ in range(4):
        repeat()
        waiting = [*wire]
        wire.clear()
        for step in waiting:
            hear(*step)
    assert states == {"new": Recipient.ACTIVE, "old": Recipient.DRAINING}
    assert sender == {"new": Sender.IN_USE, "old": Sender.GONE}


def test_an_old_queue_closes_after_its_time_when_it_is_empty() -> None:
    assert not rotation.may_close(1000, 0, 1000 + limits.DRAIN - 1)
    assert not rotation.may_close(1000, 1, 1000 + limits.DRAIN)
    assert rotation.may_close(1000, 0, 1000 + limits.DRAIN)
