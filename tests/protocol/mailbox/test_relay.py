"""A relay, story by story."""

from __future__ import annotations

from dataclasses import replace

import pytest
from mailbox_world import (
    START,
    TICKETS,
    Driver,
    Node,
    blob,
    msg_id,
    pair,
    relay_keys,
    sending,
    signature_key,
)

from swarm_protocol import mailbox as mbx
from swarm_protocol.mailbox import effects as fx
from swarm_protocol.mailbox import limits
from swarm_protocol.mailbox.store import PutQueue
from swarm_protocol.mls.signatures import SignatureKeyPair
from swarm_protocol.testing import SeededEntropy

GONE, CONFLICT = mbx.ErrorCode.GONE, mbx.ErrorCode.CONFLICT
QUOTA, BUSY, TOOBIG, TICKET = (
    mbx.ErrorCode.QUOTA,
    mbx.ErrorCode.BUSY,
    mbx.ErrorCode.TOOBIG,
    mbx.ErrorCode.TICKET,
)


@pytest.fixture
def driver() -> Driver:
    return Driver()


def info(node: Node, made: mbx.Made) -> mbx.Info:
    return node.get(mbx.Info, mbx.QInfo(made.rid))


# Queues and tickets


def test_a_ticket_makes_one_queue_and_the_same_one_when_asked_again(driver: Driver) -> None:
    ada, ben = Node(driver, "ada"), Node(driver, "ben")
    made = ada.new()
    assert ada.new() == made
    assert bytes(made.rid) != bytes(made.sid)
    assert made.until == START + limits.LEASE
    assert ben.error(mbx.New(mbx.Kind.PAIR, ben.key.public, TICKETS[0])) is TICKET
    assert ada.error(mbx.New(mbx.Kind.CONTACT, ada.key.public, TICKETS[0])) is TICKET
    assert ada.error(mbx.New(mbx.Kind.PAIR, ada.key.public, bytes(32))) is TICKET
    assert ada.new(1).rid != made.rid


def test_a_ticket_stays_used_when_its_queue_is_gone(driver: Driver) -> None:
    ada = Node(driver, "ada")
    ada.get(mbx.Done, mbx.Del(ada.new().rid))
    assert ada.error(mbx.New(mbx.Kind.PAIR, ada.key.public, TICKETS[0])) is TICKET
    driver.step(fx.TicketsAdded(tuple(map(mbx.ticket_hash, TICKETS))))  # handed out once more by mistake
    assert ada.error(mbx.New(mbx.Kind.PAIR, ada.key.public, TICKETS[0])) is TICKET


def test_a_new_must_be_signed_by_the_key_that_it_names(driver: Driver) -> None:
    ada = Node(driver, "ada")
    new = mbx.New(mbx.Kind.PAIR, ada.key.public, TICKETS[0])
    assert ada.error(new, signature_key("ben")) is TICKET
    assert ada.new().rid


def test_a_sid_may_be_named_once(driver: Driver) -> None:
    ada = Node(driver, "ada")
    sid = mbx.SenderId(b"s" * 24)
    made = ada.get(mbx.Made, mbx.New(mbx.Kind.PAIR, ada.key.public, TICKETS[0], sid))
    assert made.sid == sid
    assert ada.get(mbx.Made, mbx.New(mbx.Kind.PAIR, ada.key.public, TICKETS[0], sid)) == made
    other = mbx.SenderId(b"o" * 24)
    assert ada.error(mbx.New(mbx.Kind.PAIR, ada.key.public, TICKETS[0], other)) is TICKET
    assert ada.error(mbx.New(mbx.Kind.PAIR, ada.key.public, TICKETS[1], sid)) is CONFLICT
    assert ada.new(1).sid != sid  # the ticket was not used up by that


def test_the_sender_of_a_pair_queue_is_fixed_once_and_the_recipient_hears_of_another(driver: Driver) -> None:
    ada, ben, made = pair(driver)
    thief = Node(driver, "thief")
    assert not info(ada, made).key_refused
    ben.get(mbx.Done, mbx.SKey(made.sid, ben.key.public))  # the same again
    for _ in range(2):
        assert thief.error(mbx.SKey(made.sid, thief.key.public)) is GONE
    assert thief.error(sending(made.sid, 1)) is GONE
    assert ada.take_notices() == [mbx.KeyRefused(made.rid)]  # once
    assert info(ada, made).key_refused
    ben.send(made.sid, 1)


def test_nobody_sends_to_a_pair_queue_before_a_key_is_fixed(driver: Driver) -> None:
    ada, ben = Node(driver, "ada"), Node(driver, "ben")
    made = ada.new()
    assert ben.error(sending(made.sid, 1)) is GONE
    assert ben.error(sending(made.sid, 1, key=ben.key.public)) is GONE
    assert not info(ada, made).keyed


def test_a_contact_queue_takes_any_key_under_a_small_quota(driver: Driver) -> None:
    ada, ben = Node(driver, "ada"), Node(driver, "ben")
    made = ada.new(kind=mbx.Kind.CONTACT)
    assert ben.error(mbx.SKey(made.sid, ben.key.public)) is GONE
    assert ben.error(sending(made.sid, 1)) is GONE
    stranger = signature_key("stranger")
    for number, key in enumerate((ben.key, stranger)):
        ben.get(mbx.Receipt, sending(made.sid, number, key=key.public), key)
    assert ben.error(sending(made.sid, 3, key=stranger.public)) is GONE  # signed by another
    ben.get(mbx.Receipt, sending(made.sid, 2, bucket=3, key=ben.key.public))
    for number in range(3, limits.CONTACT_MESSAGES):
        ben.get(mbx.Receipt, sending(made.sid, number, key=ben.key.public))
    assert ben.error(sending(made.sid, 999, key=ben.key.public)) is QUOTA
    assert info(ada, made).messages == limits.CONTACT_MESSAGES == info(ada, made).quota_messages


# Sending and reading


def test_a_message_goes_through(driver: Driver) -> None:
    ada, ben, made = pair(driver)
    receipt = ben.send(made.sid, 7, bucket=1)
    assert (receipt.n, receipt.sid, receipt.msg_id) == (1, made.sid, msg_id(7))
    assert receipt.until % limits.UNTIL_STEP == 0
    assert 0 <= receipt.until - START - limits.TTL < limits.UNTIL_STEP
    (delivery,) = ada.pull(made.rid)
    assert delivery == mbx.Delivery(made.rid, 1, msg_id(7), blob(7, 1))
    assert (info(ada, made).messages, info(ada, made).size_bytes) == (1, 2048)
    ada.ack(delivery)
    assert ada.pull(made.rid) == []
    assert (info(ada, made).messages, info(ada, made).size_bytes, info(ada, made).next_n) == (0, 0, 2)


def test_a_repeated_send_gets_the_same_receipt_also_after_ack(driver: Driver) -> None:
    ada, ben, made = pair(driver)
    first = ben.send(made.sid, 1)
    driver.pass_time(3 * limits.DAY)
    assert ben.send(made.sid, 1) == first
    (delivery,) = ada.pull(made.rid)
    ada.ack(delivery)
    assert ben.send(made.sid, 1) == first
    assert ada.pull(made.rid) == []
    assert ben.error(replace(sending(made.sid, 1), blob=blob(2))) is CONFLICT
    driver.pass_time(first.until - driver.now)
    assert ben.send(made.sid, 1).n == 2  # forgotten at its end


def test_acknowledging_what_is_not_there_is_fine(driver: Driver) -> None:
    ada, ben, made = pair(driver)
    ben.send(made.sid, 1)
    for n, known in ((5, msg_id(5)), (2, msg_id(1)), (1, msg_id(2))):
        ada.get(mbx.Done, mbx.Ack(made.rid, n, known))
    ada.get(mbx.Done, mbx.Ack(made.rid, 1))  # no gap, but a message
    assert info(ada, made).messages == 1


def test_a_pull_asks_for_what_is_there_and_what_is_to_come(driver: Driver) -> None:
    ada, ben, made = pair(driver)
    for number in range(1, 4):
        ben.send(made.sid, number)
    assert [d.n for d in ada.pull(made.rid, 0, 2) if isinstance(d, mbx.Delivery)] == [1, 2]
    ben.send(made.sid, 4)
    assert ada.take_notices() == []  # that was all it had asked for
    assert [d.n for d in ada.pull(made.rid, 2, 4) if isinstance(d, mbx.Delivery)] == [3, 4]
    for number in range(5, 9):
        ben.send(made.sid, number)
    assert [d.n for d in ada.take_notices() if isinstance(d, mbx.Delivery)] == [5, 6]
    assert ada.pull(made.rid, 8, 0) == []


def test_reading_needs_a_subscription_on_this_connection(driver: Driver) -> None:
    ada, ben, made = pair(driver)
    ben.send(made.sid, 1)
    ada.connect()
    assert ada.error(mbx.Pull(made.rid, 0, 1)) is CONFLICT
    assert ada.error(mbx.Ack(made.rid, 1, msg_id(1))) is CONFLICT
    ada.subscribe(made.rid)
    assert len(ada.pull(made.rid)) == 1


def test_the_same_instance_may_come_again_and_the_old_connection_is_told(driver: Driver) -> None:
    ada, ben, made = pair(driver)
    again = Node(driver, "ada")
    again.subscribe(made.rid)
    (told,) = ada.take_notices()
    assert isinstance(told, mbx.Displaced)
    assert ada.error(mbx.Pull(made.rid, 0, 1)) is CONFLICT
    again.get(mbx.Done, mbx.Pull(made.rid, 0, 1))
    ben.send(made.sid, 1)
    assert len(again.take_notices()) == 1
    assert driver.sent[ada.connection] == []
    driver.step(fx.Closed(ada.connection))
    assert len(again.pull(made.rid)) == 1


@pytest.mark.parametrize("boot", [3, 2])
def test_a_copy_is_told_of_the_other_and_given_the_proof(driver: Driver, boot: int) -> None:
    ada, ben, made = pair(driver)
    ada.subscribe(made.rid, boot=3, instance=b"original________")
    ben.send(made.sid, 1)
    copy, own = Node(driver, "ada"), mbx.Sub(made.rid, boot, b"the copy________")
    error = copy.get(mbx.Error, own)  # `hear` has checked the proof
    assert error.code is CONFLICT
    assert error.sub is not None
    mbx.check_copy(error.sub, relay_keys().signature.public, ada.key.public, own)
    assert copy.error(mbx.Pull(made.rid, 0, 1)) is CONFLICT
    assert len(ada.pull(made.rid)) == 1  # the original reads on


def test_a_later_start_takes_over_and_an_original_that_runs_has_the_proof(driver: Driver) -> None:
    ada, _, made = pair(driver)
    later = Node(driver, "ada")
    later.subscribe(made.rid, boot=2, instance=b"later___________")
    (told,) = ada.take_notices()
    assert isinstance(told, mbx.Displaced)
    own = mbx.Sub(made.rid, 1, b"i" * 16)
    mbx.check_copy(told.sub, relay_keys().signature.public, ada.key.public, own)
    driver.crash()
    ada.connect()
    assert ada.get(mbx.Error, own).sub is not None  # also after the relay started anew


def test_one_connection_reads_a_bounded_number_of_queues(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_QUEUES", 2)
    ada = Node(driver, "ada")
    made = [ada.new(ticket) for ticket in range(3)]
    for queue in made[:2]:
        ada.subscribe(queue.rid)
    assert ada.error(mbx.Sub(made[2].rid, 1, b"i" * 16)) is QUOTA
    ada.subscribe(made[0].rid)
    ada.get(mbx.Done, mbx.Del(made[0].rid))
    ada.subscribe(made[2].rid)


# Quotas, ends and gaps


def test_a_full_queue_refuses_and_forgets_nothing(driver: Driver) -> None:
    ada, ben, made = pair(driver)
    queue = driver.store.queue(made.rid)
    assert queue is not None
    ben.send(made.sid, 1)
    for full in (
        replace(queue, messages=limits.QUOTA_MESSAGES, next_n=2),
        replace(queue, size_bytes=limits.QUOTA_BYTES - 511, next_n=2),
        replace(queue, remembered=limits.REMEMBERED, next_n=2),
        replace(queue, day=START // limits.DAY, day_bytes=limits.DAY_BYTES - 511, next_n=2),
    ):
        driver.store.apply([PutQueue(full)])
        assert ben.error(sending(made.sid, 2)) is QUOTA
        assert ben.send(made.sid, 1).n == 1  # what is stored has its receipt all the same
    driver.pass_time(limits.DAY)
    assert ben.send(made.sid, 2).n == 2  # the budget of a day is there again
    assert [d.n for d in ada.pull(made.rid) if isinstance(d, mbx.Delivery)] == [1, 2]


def test_what_expires_becomes_a_gap_that_stays_until_it_is_acknowledged(driver: Driver) -> None:
    ada, ben, made = pair(driver)
    first = ben.send(made.sid, 1)
    ben.send(made.sid, 2)
    driver.pass_time(limits.DAY)
    ben.send(made.sid, 3)
    driver.pass_time(first.until - driver.now)
    gap, third = ada.pull(made.rid)
    assert gap == mbx.Gap(made.rid, 1, 2)
    assert isinstance(third, mbx.Delivery)
    assert ada.pull(made.rid) == [gap, third]
    assert ada.pull(made.rid, 2) == [third]
    assert ada.pull(made.rid, 0, 1) == [gap]
    ada.get(mbx.Done, mbx.Ack(made.rid, 1))  # a part of it
    assert ada.pull(made.rid, 0, 1) == [mbx.Gap(made.rid, 2, 2)]
    ada.ack(gap)
    assert ada.pull(made.rid) == [third]
    assert (info(ada, made).messages, info(ada, made).size_bytes) == (1, 512)


def test_who_waits_is_told_of_a_gap(driver: Driver) -> None:
    ada, ben, made = pair(driver)
    ben.send(made.sid, 1)
    assert len(ada.pull(made.rid)) == 1
    driver.pass_time(limits.TTL + limits.UNTIL_STEP)
    assert ada.take_notices() == [mbx.Gap(made.rid, 1, 1)]


def test_gaps_join_where_nothing_waits_between(driver: Driver) -> None:
    ada, ben, made = pair(driver)
    for number in range(1, 5):
        ben.send(made.sid, number)
    second = ada.pull(made.rid, 0, 4)[1]
    ada.ack(second)
    for n in (1, 4, 3):
        driver.step(fx.Damaged(made.rid, n, 512))
    assert ada.pull(made.rid) == [mbx.Gap(made.rid, 1, 4)]


def test_a_damaged_message_becomes_a_gap_and_can_be_sent_again(driver: Driver) -> None:
    ada, ben, made = pair(driver)
    ben.send(made.sid, 1)
    driver.step(fx.Damaged(made.rid, 1, 512))
    driver.step(fx.Damaged(made.rid, 1, 512))
    driver.step(fx.Damaged(mbx.RecipientId(bytes(24)), 1, 512))
    assert ben.send(made.sid, 1).n == 2
    assert [type(item) for item in ada.pull(made.rid)] == [mbx.Gap, mbx.Delivery]
    assert (info(ada, made).messages, info(ada, made).size_bytes) == (1, 512)


def test_sweeping_goes_in_batches(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SWEEP", 2)
    ada, ben, made = pair(driver)
    for number in range(1, 6):
        ben.send(made.sid, number)
    before = len(driver.log)
    driver.pass_time(limits.TTL + limits.UNTIL_STEP)
    assert sum(isinstance(effect, fx.Wake) for effect in driver.log[before:]) == 4
    assert ada.pull(made.rid) == [mbx.Gap(made.rid, 1, 5)]
    queue = driver.store.queue(made.rid)
    assert queue is not None
    assert (queue.messages, queue.size_bytes, queue.remembered) == (0, 0, 0)


def test_a_queue_ends_with_its_lease_unless_it_is_extended(driver: Driver) -> None:
    ada, ben, made = pair(driver)
    driver.pass_time(limits.LEASE - limits.DAY)
    assert ben.send(made.sid, 1).until == made.until  # nothing is promised beyond
    extended = ada.get(mbx.Info, mbx.Ext(made.rid))
    assert extended.until == driver.now + limits.LEASE
    driver.pass_time(2 * limits.DAY)
    assert ben.send(made.sid, 2).n == 2
    driver.pass_time(limits.LEASE)
    assert ben.error(sending(made.sid, 3)) is GONE
    assert ada.error(mbx.QInfo(made.rid)) is GONE
    assert driver.store.queue(made.rid) is None


def test_off_takes_nothing_more_and_leaves_what_is_there(driver: Driver) -> None:
    ada, ben, made = pair(driver)
    ben.send(made.sid, 1)
    for _ in range(2):
        assert not ada.get(mbx.Info, mbx.Off(made.rid)).open
    assert ben.error(sending(made.sid, 2)) is GONE
    assert ben.error(mbx.SKey(made.sid, ben.key.public)) is GONE
    assert len(ada.pull(made.rid)) == 1


def test_del_destroys_all_of_it(driver: Driver) -> None:
    ada, ben, made = pair(driver)
    ben.send(made.sid, 1)
    ada.get(mbx.Done, mbx.Del(made.rid))
    assert ada.error(mbx.Del(made.rid)) is GONE
    assert ben.error(sending(made.sid, 1)) is GONE
    assert driver.store.message(made.rid, msg_id(1)) is None


@pytest.mark.parametrize(
    ("percent", "new", "send"), [(84, True, True), (85, False, True), (91, False, True), (92, False, False)]
)
def test_a_filling_disk_refuses_what_fills_it(driver: Driver, percent: int, new: bool, send: bool) -> None:
    ada, ben, made = pair(driver)
    ben.send(made.sid, 1)
    driver.step(fx.Disk(percent))
    queue = ada.ask(mbx.New(mbx.Kind.PAIR, ada.key.public, TICKETS[1]))
    assert isinstance(queue, mbx.Made) is new
    answer = ben.ask(sending(made.sid, 2))
    assert isinstance(answer, mbx.Receipt) is send
    for refused in (queue, answer):
        if isinstance(refused, mbx.Error):
            assert (refused.code, refused.retry_after) == (BUSY, limits.BUSY_RETRY)
    deliveries = ada.pull(made.rid)
    assert len(deliveries) == 1 + send
    ada.ack(deliveries[0])
    ada.get(mbx.Done, mbx.Del(made.rid))
    driver.step(fx.Disk(10))
    ada.new(2)


# Invites


def test_the_first_who_fetches_an_invite_binds_it(driver: Driver) -> None:
    ada, ben, thief = (Node(driver, name) for name in ("ada", "ben", "thief"))
    made = ada.new(kind=mbx.Kind.INVITE)
    ada.subscribe(made.rid)
    slot = mbx.slot_id(b"link key", bytes(32))
    assert ben.error(mbx.Fetch(slot, ben.key.public)) is GONE
    for bundle in (b"draft", b"bundle", b"bundle"):
        ada.get(mbx.Done, mbx.Put(made.rid, slot, bundle))
    assert ben.error(mbx.Fetch(slot, ben.key.public), thief.key) is GONE
    for _ in range(2):
        assert ben.get(mbx.Bundle, mbx.Fetch(slot, ben.key.public)).bundle == b"bundle"
    assert thief.error(mbx.Fetch(slot, thief.key.public)) is CONFLICT
    assert ada.take_notices() == [mbx.Fetched(made.rid, ben.key.public)]
    assert info(ada, made).fetched_by == ben.key.public
    ada.get(mbx.Done, mbx.Put(made.rid, slot, b"bundle"))
    assert ada.error(mbx.Put(made.rid, slot, b"another")) is CONFLICT
    ben.get(mbx.Done, mbx.SKey(made.sid, ben.key.public))
    assert thief.error(mbx.SKey(made.sid, thief.key.public)) is GONE
    ben.send(made.sid, 1)
    driver.pass_time(limits.INVITE_LEASE)
    assert ben.error(mbx.Fetch(slot, ben.key.public)) is GONE


def test_a_slot_belongs_to_one_invite(driver: Driver) -> None:
    ada, ben, _ = pair(driver)
    first = ada.new(1, mbx.Kind.INVITE)
    second = ben.new(2, mbx.Kind.INVITE)
    slot, other = (mbx.slot_id(b"link key", pin) for pin in (bytes(32), b"p" * 32))
    ada.get(mbx.Done, mbx.Put(first.rid, slot, b"bundle"))
    assert slot != other
    assert ben.error(mbx.Put(second.rid, slot, b"bundle")) is CONFLICT
    assert ada.error(mbx.Put(first.rid, other, b"bundle")) is CONFLICT
    assert ada.error(mbx.Put(ada.new(0).rid, other, b"bundle")) is CONFLICT  # a pair queue
    assert ben.error(mbx.Put(second.rid, other, bytes(limits.MAX_BUNDLE + 1))) is TOOBIG
    ben.get(mbx.Done, mbx.Put(second.rid, other, bytes(limits.MAX_BUNDLE)))


def test_the_bundle_of_an_address_is_for_everybody(driver: Driver) -> None:
    ada, ben, stranger = (Node(driver, name) for name in ("ada", "ben", "stranger"))
    made = ada.new(kind=mbx.Kind.CONTACT)
    ada.subscribe(made.rid)
    slot = mbx.slot_id(b"link key", bytes(32))
    ada.get(mbx.Done, mbx.Put(made.rid, slot, b"bundle"))
    before = driver.store.slot(slot)
    for who in (ben, stranger, ben):
        assert who.get(mbx.Bundle, mbx.Fetch(slot, who.key.public)).bundle == b"bundle"
    assert ben.error(mbx.Fetch(slot, ben.key.public), stranger.key) is GONE
    assert driver.store.slot(slot) == before
    assert ada.take_notices() == []
    assert info(ada, made).fetched_by is None
    ada.get(mbx.Done, mbx.Put(made.rid, slot, b"another"))  # though it was fetched
    assert ben.get(mbx.Bundle, mbx.Fetch(slot, ben.key.public)).bundle == b"another"
    driver.pass_time(limits.INVITE_LEASE)
    assert ben.get(mbx.Bundle, mbx.Fetch(slot, ben.key.public)).bundle == b"another"
    ada.get(mbx.Done, mbx.Del(made.rid))
    assert ben.error(mbx.Fetch(slot, ben.key.public)) is GONE


# Through another relay


def far_record(driver: Driver, made: mbx.Made) -> mbx.QueueRecord:
    keys = relay_keys(driver.name)
    return mbx.QueueRecord(
        "far.example:443", b"p" * 32, keys.signature.public, keys.hpke.public, made.sid, b"q" * 32
    )


def forwarded(
    near: Driver,
    far: Driver,
    ben: Node,
    own: mbx.Made,
    record: mbx.QueueRecord,
    body: mbx.Send | mbx.SKey,
    key: SignatureKeyPair,
) -> mbx.Receipt | mbx.Done | mbx.Error:
    """Ben sends to the far relay through the near one, on which he reads a queue."""
    sealer, sealed = mbx.seal_send(record, body, key, SeededEntropy(f"seal {len(near.forwards)}"))
    ben.post(mbx.PFwd(own.rid, record.address, record.pin, sealed))
    forward = near.forwards[-1]
    assert (forward.address, forward.pin, forward.data) == (record.address, record.pin, sealed)
    proxy = Node(far, "proxy")
    answer = proxy.get(mbx.Answer, mbx.Fwd(forward.data))
    near.step(fx.ForwardAnswered(forward.connection, forward.number, answer.sealed))
    (heard,) = ben.hear()
    assert isinstance(heard, mbx.Answer)
    assert len(heard.sealed) == 32 + 256 + 16
    return mbx.open_forwarded(sealer, heard, record, body)


def test_a_message_goes_through_another_relay(driver: Driver) -> None:
    far = Driver(name="far")
    ada, there, made = pair(far)
    ben = Node(driver, "ben")
    own, record = ben.new(), far_record(far, made)
    body = sending(made.sid, 1, bucket=3)
    receipt = forwarded(driver, far, ben, own, record, body, ben.key)
    assert receipt == forwarded(driver, far, ben, own, record, body, ben.key) == there.ask(body)
    assert isinstance(receipt, mbx.Receipt)
    assert len(ada.pull(made.rid)) == 1
    refused = forwarded(driver, far, ben, own, record, sending(made.sid, 2), signature_key("thief"))
    assert refused == mbx.Error(GONE)
    waiting = ada.pull(made.rid, 1, 1)
    assert waiting == []
    forwarded(driver, far, ben, own, record, sending(made.sid, 3), ben.key)
    assert len(ada.take_notices()) == 1  # who waits gets it at once


def test_a_key_is_fixed_through_another_relay_and_the_relay_tells_of_a_second_one(driver: Driver) -> None:
    far = Driver(name="far")
    ada, ben = Node(far, "ada"), Node(driver, "ben")
    made, own = ada.new(), ben.new()
    ada.subscribe(made.rid)
    record = far_record(far, made)
    for _ in range(2):
        said = forwarded(driver, far, ben, own, record, mbx.SKey(made.sid, ben.key.public), ben.key)
        assert said == mbx.Done()
    receipt = forwarded(driver, far, ben, own, record, sending(made.sid, 1), ben.key)
    assert isinstance(receipt, mbx.Receipt)
    thief = signature_key("thief")
    for key in (thief, ben.key):  # a key of his own, and that of another whose signature he has not
        refused = forwarded(driver, far, ben, own, record, mbx.SKey(made.sid, key.public), thief)
        assert refused == mbx.Error(GONE)
    assert ada.take_notices() == [mbx.KeyRefused(made.rid)]


def test_a_relay_forwards_for_its_own_people_and_so_many_at_once(driver: Driver) -> None:
    ada, ben, made = pair(driver)
    body = mbx.PFwd(made.rid, "far.example:443", bytes(32), b"sealed")
    assert ben.error(body) is GONE
    for _ in range(limits.MAX_FORWARDS):
        ada.post(body)
    assert ada.get(mbx.Error, body) == mbx.Error(BUSY, 1)
    first = driver.forwards[0]
    driver.step(fx.ForwardAnswered(first.connection, first.number, None))
    assert ada.hear() == [mbx.Error(BUSY, limits.BUSY_RETRY)]
    ada.post(body)
    assert len(driver.forwards) == limits.MAX_FORWARDS + 1
    driver.step(fx.Closed(ada.connection))
    assert driver.step(fx.ForwardAnswered(first.connection, 99, b"late")) == []


def test_what_is_not_sealed_to_this_relay_gets_gone(driver: Driver) -> None:
    ben = Node(driver, "ben")
    record = far_record(Driver(name="far"), mbx.Made(mbx.RecipientId(bytes(24)), mbx.SenderId(bytes(24)), 0))
    _, sealed = mbx.seal_send(record, sending(record.sid, 1), ben.key, SeededEntropy(1))
    for data in (sealed, b"", bytes(64)):
        assert ben.error(mbx.Fwd(data)) is GONE


# The machine


def test_a_store_that_fails_promises_nothing(driver: Driver) -> None:
    ada, ben, made = pair(driver)
    driver.auto_sync = False
    ben.post(sending(made.sid, 1))
    held = driver.held
    assert held
    driver.store.crash()
    driver.held = []
    effects = driver.step(fx.StoreFailed(tuple(held)))
    assert ben.hear() == [mbx.Error(mbx.ErrorCode.INTERNAL)]
    assert {e.connection for e in effects if isinstance(e, fx.Close)} == {ada.connection, ben.connection}
    assert effects[-1] == fx.Wake(made.until)
    assert driver.step(fx.Received(ben.connection, b"late")) == []
    driver.auto_sync = True
    ben.connect()
    assert ben.send(made.sid, 1).n == 1


def test_it_wakes_for_the_next_end_also_after_a_start(driver: Driver) -> None:
    _, ben, made = pair(driver)
    receipt = ben.send(made.sid, 1)
    assert driver.wake == receipt.until
    driver.crash()
    assert driver.wake == receipt.until
    assert driver.step(fx.TimerFired()) == [fx.Wake(receipt.until)]  # too early


def test_a_closed_connection_hears_nothing_more(driver: Driver) -> None:
    ada, ben, made = pair(driver)
    ada.pull(made.rid)
    driver.step(fx.Closed(ada.connection))
    ben.send(made.sid, 1)
    assert driver.sent[ada.connection] == []
    assert driver.step(fx.Received(ada.connection, b"late")) == []
    driver.step(fx.Closed(ada.connection))


def test_two_runs_are_equal_to_the_byte() -> None:
    def run() -> list[fx.Effect]:
        driver = Driver()
        ada, ben, made = pair(driver)
        ben.send(made.sid, 1)
        ada.pull(made.rid)
        driver.pass_time(limits.LEASE)
        return driver.log

    assert run() == run()
