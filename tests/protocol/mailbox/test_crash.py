"""What a relay said holds, wherever it crashes: a store that loses what was not synced, at every point."""

from __future__ import annotations

from collections.abc import Callable

import hypothesis.strategies as st
import pytest
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from mailbox_world import START, Driver, Node, blob, msg_id, pair, sending

from swarm_protocol import mailbox as mbx
from swarm_protocol.mailbox import effects as fx
from swarm_protocol.mailbox import limits


class Witness:
    """Ada and ben, and what a relay that may crash has told them."""

    def __init__(self, driver: Driver | None = None) -> None:
        self.driver = driver or Driver()
        self.ada, self.ben, self.made = pair(self.driver)
        self.driver.auto_sync = False
        self.receipts: list[mbx.Receipt] = []
        self.deliveries: dict[int, mbx.Delivery] = {}
        self.asked_to_delete: set[int] = set()
        self.acknowledged: set[int] = set()
        self.gaps: set[int] = set()

    # What happens

    def send(self, number: int) -> None:
        self.ben.post(sending(self.made.sid, number))

    def pull(self) -> None:
        self.ada.post(mbx.Pull(self.made.rid, 0, limits.MAX_PULL))

    def ack(self, which: int) -> None:
        self.observe()
        if self.deliveries:
            n = sorted(self.deliveries)[which % len(self.deliveries)]
            self.asked_to_delete.add(n)
            self.ada.post(mbx.Ack(self.made.rid, n, self.deliveries[n].msg_id))

    def damage(self, n: int) -> None:
        self.driver.step(fx.Damaged(self.made.rid, n, 512))

    def tick(self) -> None:
        if self.driver.now < START + limits.LEASE - limits.TTL:
            self.driver.now += limits.TTL // 2
        self.driver.step(fx.TimerFired())

    def sync(self) -> None:
        self.driver.sync()

    def crash(self, keep: int = 0) -> None:
        self.observe()
        self.driver.crash(keep)
        self.driver.sync()  # what it swept at its start
        for node in (self.ada, self.ben):
            node.connect()
        self.ada.post(mbx.Sub(self.made.rid, 1, b"i" * 16))

    # What was said

    def observe(self) -> None:
        for node in (self.ada, self.ben):
            frames = self.driver.sent[node.connection]
            while frames:
                node.caller, asked, said = node.caller.hear(frames.pop(0))
                self.heard(asked, said)

    def heard(self, asked: object, said: object) -> None:
        match asked, said:
            case _, mbx.Receipt():
                for before in self.receipts:
                    same = before.msg_id == said.msg_id and before.until > self.driver.now
                    assert not same or before == said or before.n in self.gaps_now(), (
                        "one message, two receipts"
                    )
                self.receipts.append(said)
            case mbx.Ack(_, n), mbx.Done():
                self.acknowledged.add(n)
            case None, mbx.Delivery():
                assert said.n not in self.acknowledged, "delivered after it was acknowledged"
                assert said.blob == blob(int.from_bytes(said.msg_id, "big"))
                self.deliveries[said.n] = said

    def gaps_now(self) -> set[int]:
        gaps = self.driver.store.gaps(self.made.rid)
        return {n for first, last in gaps for n in range(first, last + 1)}

    def check(self) -> None:
        """Crash once more, and see that each receipt was true."""
        self.crash()
        self.sync()
        self.observe()
        self.deliveries.clear()
        self.pull()
        self.sync()
        self.observe()
        for receipt in self.receipts:
            there = self.deliveries.get(receipt.n)
            assert there is None or there.msg_id == receipt.msg_id
            assert there or receipt.n in self.gaps_now() | self.asked_to_delete, "a receipt, and nothing"


SCRIPT: tuple[Callable[[Witness], None], ...] = (
    lambda w: w.send(1),
    lambda w: w.send(1),
    lambda w: w.sync(),
    lambda w: w.send(2),
    lambda w: w.pull(),
    lambda w: w.send(1),
    lambda w: w.sync(),
    lambda w: w.ack(0),
    lambda w: w.send(3),
    lambda w: w.pull(),
    lambda w: w.sync(),
    lambda w: w.damage(2),
    lambda w: w.send(2),
    lambda w: w.tick(),
    lambda w: w.sync(),
    lambda w: w.tick(),
    lambda w: w.send(3),
    lambda w: w.sync(),
    lambda w: w.pull(),
)


@pytest.mark.parametrize("point", range(len(SCRIPT) + 1))
def test_a_crash_at_any_point_of_a_conversation_breaks_no_word(point: int) -> None:
    unsynced = 1
    keep = 0
    while keep <= unsynced:
        witness = Witness()
        for act in SCRIPT[:point]:
            act(witness)
        unsynced = witness.driver.store.unsynced
        witness.crash(keep)
        for act in SCRIPT[point:]:
            act(witness)
        witness.check()
        keep += 1


class Crashes(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.witness = Witness()

    @rule(number=st.integers(1, 4))
    def send(self, number: int) -> None:
        self.witness.send(number)

    @rule()
    def pull(self) -> None:
        self.witness.pull()

    @rule(which=st.integers(0, 3))
    def ack(self, which: int) -> None:
        self.witness.ack(which)

    @rule(n=st.integers(1, 4))
    def damage(self, n: int) -> None:
        self.witness.damage(n)

    @rule()
    def tick(self) -> None:
        self.witness.tick()

    @rule()
    def sync(self) -> None:
        self.witness.sync()

    @rule(keep=st.integers(0, 3))
    def crash(self, keep: int) -> None:
        self.witness.crash(keep)

    def teardown(self) -> None:
        if hasattr(self, "witness"):
            self.witness.check()


TestCrashes = Crashes.TestCase


class Hasty(Driver):
    """Holds only what its own input stored something for: a receipt for a repeated SEND goes too early."""

    def step(self, input_: fx.Input) -> list[fx.Effect]:
        effects = self.relay.handle(input_, now=self.now)
        stored = False
        for effect in effects:
            if isinstance(effect, fx.Store):
                self.store.apply(effect.changes)
                stored = True
            elif stored and not self.auto_sync:
                self.held.append(effect)
            else:
                self.let_go(effect)
        if self.auto_sync:
            self.sync()
        return effects


def test_this_would_notice_who_does_not_wait_for_earlier_inputs() -> None:
    witness = Witness(Hasty())
    witness.send(1)
    witness.send(1)
    witness.observe()
    assert len(witness.receipts) == 1
    with pytest.raises(AssertionError, match="a receipt, and nothing"):
        witness.check()


def test_this_would_notice_an_acknowledgement_that_is_not_stored() -> None:
    witness = Witness()
    witness.send(1)
    witness.pull()
    witness.sync()
    witness.observe()
    witness.ada.post(mbx.Ack(witness.made.rid, 1, msg_id(1)))
    for effect in witness.driver.held:  # let go before the sync
        witness.driver.let_go(effect)
    witness.observe()
    witness.crash()
    witness.pull()
    witness.sync()
    with pytest.raises(AssertionError, match="delivered after it was acknowledged"):
        witness.observe()


def test_each_effect_that_stores_comes_before_the_answer_that_says_so() -> None:
    driver = Driver()
    ada, ben, made = pair(driver)
    caller, data = ben.caller.ask(sending(made.sid, 1), ben.key)
    effects = driver.relay.handle(fx.Received(ben.connection, data), now=driver.now)
    assert [type(effect) for effect in effects] == [fx.Store, fx.Send, fx.Wake]
    assert isinstance(caller, mbx.Caller)
    assert isinstance(ada, Node)
