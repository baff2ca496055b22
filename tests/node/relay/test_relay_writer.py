"""Group commit: what leaves when, and what a failing store makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count
from pathlib import Path

import pytest
from mailbox_world import START, TICKETS, relay_keys, sending, signature_key

from swarm_protocol import mailbox as mbx
from swarm_protocol.mailbox import effects as fx
from swarm_protocol.mailbox.client import Heard
from swarm_protocol.mailbox.commands import CommandBody
from swarm_protocol.mailbox.relay import Relay
from swarm_protocol.mailbox.store import Change
from swarm_protocol.testing import SeededEntropy
from swarmnode.delivery import relay_writer
from swarmnode.delivery.relay_writer import RelayWriter
from swarmnode.errors import StorageError
from swarmnode.storage.relay_store import SqliteRelayStore


class WatchedStore(SqliteRelayStore):
    """Notes when it stores, and fails when told to."""

    def __init__(self, path: Path, log: list[str]) -> None:
        super().__init__(path, bytes(32))
        self.log = log
        self.failing = ""

    def apply(self, changes: Sequence[Change]) -> None:
        self._note("apply")
        super().apply(changes)

    def sync(self) -> None:
        if self.unsynced:
            self._note("sync")
        super().sync()

    def _note(self, what: str) -> None:
        self.log.append(what)
        if what == self.failing:
            self.failing = ""
            raise StorageError("on purpose")


class Desk:
    """A writer, and one node that asks it directly."""

    def __init__(self, folder: Path) -> None:
        self.log: list[str] = []
        self.gone: list[fx.Effect] = []
        self.store = WatchedStore(folder / "relay.db", self.log)
        relay = Relay(relay_keys(), self.store, entropy=SeededEntropy("desk"))
        self.writer = RelayWriter(relay, self.store, let_go=self.let_go, clock=lambda: START)
        self.writer.start()
        self.writer.turn([fx.TicketsAdded(tuple(map(mbx.ticket_hash, TICKETS)))])
        self.connections = (fx.ConnectionId(number) for number in count(1))
        self.connect()

    def connect(self) -> None:
        self.connection = next(self.connections)
        self.writer.turn([fx.Opened(self.connection)])
        (hello,) = self.frames()
        self.caller = mbx.Caller.greeted(hello)

    def let_go(self, effects: list[fx.Effect]) -> None:
        self.log += [type(effect).__name__ for effect in effects]
        self.gone += effects

    def take(self, inputs: Iterable[fx.Input]) -> int:
        """All of these, in one turn or several; give the number of what was answered."""
        rest = list(inputs)
        while rest:
            del rest[: self.writer.turn(rest).taken]
        return len(self.heard())

    def frames(self) -> list[bytes]:
        taken, self.gone = self.gone, []
        return [effect.data for effect in taken if isinstance(effect, fx.Send)]

    def input(self, body: CommandBody, name: str = "ada") -> fx.Received:
        self.caller, data = self.caller.ask(body, signature_key(name))
        return fx.Received(self.connection, data)

    def heard(self) -> list[Heard]:
        heard = []
        for frame in self.frames():
            self.caller, _, said = self.caller.hear(frame)
            heard.append(said)
        return heard

    def made(self) -> mbx.Made:
        self.writer.turn([self.input(mbx.New(mbx.Kind.PAIR, signature_key("ada").public, TICKETS[0]))])
        (made,) = self.heard()
        assert isinstance(made, mbx.Made)
        self.writer.turn([self.input(mbx.SKey(made.sid, signature_key("ada").public))])
        self.heard()
        self.log.clear()
        return made


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.setattr(relay_writer, "LONGEST_S", 10.0)  # no turn ends for its time
    return Desk(tmp_path)


def test_a_group_has_one_sync_and_answers_leave_after_it(desk: Desk) -> None:
    made = desk.made()
    turn = desk.writer.turn([desk.input(sending(made.sid, number)) for number in range(5)], least=5)
    assert turn.taken == 5
    assert [what for what in desk.log if what != "Wake"] == [*["apply"] * 5, "sync", *["Send"] * 5]
    assert all(isinstance(said, mbx.Receipt) for said in desk.heard())


def test_a_repeated_send_waits_for_what_came_before_it(desk: Desk) -> None:
    made = desk.made()
    desk.writer.turn([desk.input(sending(made.sid, 1)), desk.input(sending(made.sid, 1))], least=2)
    assert [what for what in desk.log if what != "Wake"] == ["apply", "sync", "Send", "Send"]


def test_what_came_before_the_first_change_waits_for_no_sync(desk: Desk) -> None:
    """A second sender's key makes the relay note something; its answer must not tell so by its time."""
    made = desk.made()
    info, key = desk.input(mbx.QInfo(made.rid)), signature_key("ben").public
    other = desk.input(mbx.SKey(made.sid, key), "ben")
    desk.writer.turn([info, other, desk.input(sending(made.sid, 1))], least=3)
    assert [what for what in desk.log if what != "Wake"] == ["Send", "Send", "apply", "apply", "sync", "Send"]


@pytest.mark.parametrize("failing", ["apply", "sync"])
def test_a_store_that_fails_is_undone_and_each_answer_says_so(desk: Desk, failing: str) -> None:
    made = desk.made()
    desk.writer.turn([desk.input(sending(made.sid, 0))])
    desk.heard()
    desk.store.failing = failing
    turn = desk.writer.turn([desk.input(sending(made.sid, number)) for number in (1, 2)], least=2)
    assert turn.failure is not None
    assert desk.writer.failures == 1
    assert [type(effect) for effect in desk.gone][-1] in {fx.Close, fx.Wake}
    answers = [said.code for said in desk.heard() if isinstance(said, mbx.Error)]
    assert answers == [mbx.ErrorCode.INTERNAL] * turn.taken
    desk.connect()
    desk.writer.turn([desk.input(sending(made.sid, 2)), desk.input(mbx.QInfo(made.rid))], least=2)
    receipt, info = desk.heard()
    assert isinstance(receipt, mbx.Receipt)
    assert isinstance(info, mbx.Info)
    assert (receipt.n, info.messages) == (2, 2)


def test_a_message_that_a_broken_page_took_becomes_a_gap(desk: Desk, tmp_path: Path) -> None:
    """The page breaks under a running relay: the next to read it finds out."""
    made = desk.made()
    assert desk.take(desk.input(sending(made.sid, number, bucket=3)) for number in range(8)) == 8
    desk.store.close()
    path = tmp_path / "relay.db"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    desk.store._db = desk.store._open()
    desk.writer.turn([desk.input(mbx.Sub(made.rid, 1, b"i" * 16))])
    desk.writer.turn([desk.input(mbx.Pull(made.rid, 0, 64))])
    desk.gone.clear()
    desk.connect()
    desk.writer.turn([desk.input(mbx.Sub(made.rid, 1, b"i" * 16))])
    desk.writer.turn([desk.input(mbx.Pull(made.rid, 0, 64))])
    info, _, *items = desk.heard()
    assert isinstance(info, mbx.Info)
    gaps = [(item.first, item.last) for item in items if isinstance(item, mbx.Gap)]
    numbers = [item.n for item in items if isinstance(item, mbx.Delivery)]
    assert len(gaps) == 1
    assert sorted([*numbers, gaps[0][0]]) == list(range(1, 9))
    assert info.messages == 7


def test_a_turn_takes_each_and_goes_on_only_while_nobody_waits(desk: Desk) -> None:
    made = desk.made()
    inputs = [desk.input(mbx.QInfo(made.rid)) for _ in range(9)]
    desk.writer._sync_s = 10.0
    assert desk.writer.turn(inputs[:4], least=2).taken == 4
    desk.writer.hurry = True
    assert desk.writer.turn(inputs[4:], least=2).taken == 2
    desk.writer.hurry, desk.writer._sync_s = False, 0.0
    assert desk.writer.turn(inputs[6:], least=2).taken == 2
    assert len(desk.heard()) == 8


def test_no_turn_takes_long_and_each_takes_one_at_least(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_writer, "LONGEST_S", 0.0)
    made = desk.made()
    inputs = [desk.input(sending(made.sid, number)) for number in range(3)]
    assert desk.writer.turn(inputs, least=3).taken == 1


def test_a_turn_ends_where_much_waits_to_be_sent(desk: Desk) -> None:
    made = desk.made()
    for first in range(0, 64, 16):
        numbers = range(first, first + 16)
        assert desk.take(desk.input(sending(made.sid, number, bucket=3)) for number in numbers)
    desk.writer.turn([desk.input(mbx.Sub(made.rid, 1, b"i" * 16))])
    desk.heard()
    pulls = [desk.input(mbx.Pull(made.rid, 0, 64)) for _ in range(5)]
    assert desk.writer.turn(pulls, least=5).taken == 2, "2 MiB and some each"
