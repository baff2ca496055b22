"""A relay against a naive model of one: lists and sets, no store, no bytes."""

from __future__ import annotations

from dataclasses import dataclass, field

import hypothesis.strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from mailbox_world import TICKETS, Driver, Node, blob, msg_id

from swarm_protocol import mailbox as mbx
from swarm_protocol.mailbox import limits
from swarm_protocol.mailbox.effects import Disk

E = mbx.ErrorCode
SMALL = {"QUOTA_MESSAGES": 4, "CONTACT_MESSAGES": 3, "QUOTA_BYTES": 6 * 512, "REMEMBERED": 9}
QUEUES = st.integers(0, 2)
IDS = st.integers(1, 6)
SENT = mbx.Delivery | mbx.Gap
PEOPLE = st.sampled_from(["ben", "thief"])


@dataclass
class NaiveQueue:
    kind: mbx.Kind
    until: int
    sender: str | None = None
    open: bool = True
    refused: bool = False
    waiting: dict[int, tuple[int, int]] = field(default_factory=dict)  # n -> what, size
    known: dict[int, tuple[int, tuple[int, int], int]] = field(default_factory=dict)  # id -> n, blob, until
    lost: set[int] = field(default_factory=set)
    next_n: int = 1
    last_sub: tuple[int, int] | None = None
    read: bool = False


class RelayAndModel(RuleBasedStateMachine):
    @initialize()
    def start(self) -> None:
        self.saved = {name: getattr(limits, name) for name in SMALL}
        for name, value in SMALL.items():
            setattr(limits, name, value)
        self.driver = Driver()
        self.people = {name: Node(self.driver, name) for name in ("ada", "ben", "thief")}
        self.ada = self.people["ada"]
        self.queues: dict[int, NaiveQueue] = {}
        self.made: dict[int, mbx.Made] = {}
        self.used: set[int] = set()
        self.disk = 0

    def teardown(self) -> None:
        for name, value in getattr(self, "saved", {}).items():
            setattr(limits, name, value)

    # The model

    def answer(self, expected: E | None, heard: object) -> None:
        code = heard.code if isinstance(heard, mbx.Error) else None
        assert code == expected, heard

    def alive(self, number: int) -> NaiveQueue | None:
        return self.queues.get(number)

    def end(self) -> None:
        """What time does."""
        for number, queue in list(self.queues.items()):
            for known, (n, _, until) in list(queue.known.items()):
                if until <= self.driver.now:
                    del queue.known[known]
                    if queue.waiting.pop(n, None):
                        queue.lost.add(n)
            if queue.until <= self.driver.now:
                del self.queues[number]

    # What people do

    @rule(number=QUEUES, kind=st.sampled_from([mbx.Kind.PAIR, mbx.Kind.CONTACT]))
    def new(self, number: int, kind: mbx.Kind) -> None:
        heard = self.ada.ask(mbx.New(kind, self.ada.key.public, TICKETS[number]))
        queue = self.alive(number)
        if self.disk >= 85:
            self.answer(E.BUSY, heard)
        elif number in self.used:
            fits = queue is not None and queue.kind is kind
            self.answer(None if fits else E.TICKET, heard)
            assert not fits or heard == mbx.Made(
                self.made[number].rid, self.made[number].sid, queue.until if queue else 0
            )
        else:
            assert isinstance(heard, mbx.Made)
            self.used.add(number)
            self.made[number] = heard
            self.queues[number] = NaiveQueue(kind, self.driver.now + limits.LEASE)

    @precondition(lambda self: self.made)
    @rule(number=QUEUES, name=PEOPLE)
    def skey(self, number: int, name: str) -> None:
        if number not in self.made:
            return
        who, queue = self.people[name], self.alive(number)
        heard = who.ask(mbx.SKey(self.made[number].sid, who.key.public))
        if queue is None or queue.kind is mbx.Kind.CONTACT or not queue.open:
            self.answer(E.GONE, heard)
        elif queue.sender in {None, name}:
            self.answer(None, heard)
            queue.sender = name
        else:
            self.answer(E.GONE, heard)
            queue.refused = True

    @precondition(lambda self: self.made)
    @rule(
        number=QUEUES, name=PEOPLE, known=st.integers(1, 6), what=st.integers(1, 6), bucket=st.integers(0, 3)
    )
    def send(self, number: int, name: str, known: int, what: int, bucket: int) -> None:
        if number not in self.made:
            return
        who, queue = self.people[name], self.alive(number)
        what = known if what > 1 else what  # most repetitions are true ones
        bucket = bucket if bucket == 3 else bucket // 2
        data = blob(what, bucket)
        key = who.key.public if queue and queue.kind is mbx.Kind.CONTACT else None
        heard = who.ask(mbx.Send(self.made[number].sid, msg_id(known), bucket, data, key))
        size = len(data)
        if self.disk >= 92:
            self.answer(E.BUSY, heard)
        elif queue is None or not queue.open or (queue.kind is mbx.Kind.PAIR and queue.sender != name):
            self.answer(E.GONE, heard)
        elif known in queue.known:
            n, before, until = queue.known[known]
            self.answer(None if before == (what, bucket) else E.CONFLICT, heard)
            if isinstance(heard, mbx.Receipt):
                assert (heard.n, heard.until) == (n, until)
        elif (
            len(queue.waiting) >= (4 if queue.kind is mbx.Kind.PAIR else 3)
            or (queue.kind is mbx.Kind.PAIR and sum(s for _, s in queue.waiting.values()) + size > 6 * 512)
            or len(queue.known) >= 9
        ):
            self.answer(E.QUOTA, heard)
        else:
            assert isinstance(heard, mbx.Receipt)
            assert heard.n == queue.next_n
            queue.waiting[queue.next_n] = (known, size)
            queue.known[known] = (queue.next_n, (what, bucket), heard.until)
            queue.next_n += 1

    @precondition(lambda self: self.made)
    @rule(number=QUEUES, boot=st.integers(1, 3), instance=st.integers(1, 2))
    def subscribe(self, number: int, boot: int, instance: int) -> None:
        if number not in self.made:
            return
        heard = self.ada.ask(mbx.Sub(self.made[number].rid, boot, bytes([instance]) * 16))
        queue = self.alive(number)
        if queue is None:
            self.answer(E.GONE, heard)
        elif queue.last_sub in {None, (boot, instance)} or boot > (queue.last_sub or (0, 0))[0]:
            self.answer(None, heard)
            queue.last_sub, queue.read = (boot, instance), True
        else:
            self.answer(E.CONFLICT, heard)

    @precondition(lambda self: self.made)
    @rule(number=QUEUES, after=st.integers(0, 5), most=st.integers(0, 4))
    def pull(self, number: int, after: int, most: int) -> None:
        if number not in self.made:
            return
        self.ada.take_notices()
        heard = self.ada.ask(mbx.Pull(self.made[number].rid, after, most))
        queue = self.alive(number)
        if queue is None or not queue.read:
            self.answer(E.GONE if queue is None else E.CONFLICT, heard)
            return
        self.answer(None, heard)
        items = self.ada.take_notices()
        assert len(items) <= most
        delivered = [item for item in items if isinstance(item, mbx.Delivery)]
        covered = {n for i in items if isinstance(i, mbx.Gap) for n in range(i.first, i.last + 1)}
        assert not covered & queue.waiting.keys()
        due = [n for n in sorted(queue.waiting) if n > after]
        assert [d.n for d in delivered] == due[: len(delivered)]
        assert [d.msg_id for d in delivered] == [msg_id(queue.waiting[d.n][0]) for d in delivered]
        if len(items) < most:  # that was all
            assert len(delivered) == len(due)
            assert {n for n in queue.lost if n > after} <= covered
        firsts = [i.n if isinstance(i, mbx.Delivery) else i.first for i in items if isinstance(i, SENT)]
        assert firsts == sorted(firsts)
        assert len(firsts) == len(items)
        for item in items:
            if isinstance(item, mbx.Gap) and item.last % 2:
                self.ada.ack(item)
                queue.lost -= set(range(item.first, item.last + 1))

    @precondition(lambda self: self.made)
    @rule(number=QUEUES, n=st.integers(1, 8), known=IDS, right=st.booleans())
    def ack(self, number: int, n: int, known: int, right: bool) -> None:
        if number not in self.made:
            return
        queue = self.alive(number)
        if right and queue and n in queue.waiting:
            known = queue.waiting[n][0]
        heard = self.ada.ask(mbx.Ack(self.made[number].rid, n, msg_id(known)))
        if queue is None or not queue.read:
            self.answer(E.GONE if queue is None else E.CONFLICT, heard)
            return
        self.answer(None, heard)
        if queue.waiting.get(n, (0, 0))[0] == known:
            del queue.waiting[n]

    @precondition(lambda self: self.made)
    @rule(number=QUEUES, verb=st.sampled_from([mbx.Off, mbx.Ext, mbx.QInfo, mbx.QInfo, mbx.Del]))
    def other(self, number: int, verb: type[mbx.Off | mbx.Ext | mbx.QInfo | mbx.Del]) -> None:
        if number not in self.made:
            return
        heard = self.ada.ask(verb(self.made[number].rid))
        queue = self.alive(number)
        if queue is None:
            self.answer(E.GONE, heard)
        elif verb is mbx.Del:
            self.answer(None, heard)
            del self.queues[number]
        else:
            queue.open = queue.open and verb is not mbx.Off
            queue.until = self.driver.now + limits.LEASE if verb is mbx.Ext else queue.until
            assert isinstance(heard, mbx.Info)
            assert (heard.messages, heard.next_n, heard.until) == (
                len(queue.waiting),
                queue.next_n,
                queue.until,
            )
            assert heard.size_bytes == sum(size for _, size in queue.waiting.values())
            assert (heard.open, heard.keyed, heard.key_refused) == (
                queue.open,
                bool(queue.sender),
                queue.refused,
            )

    @rule(days=st.sampled_from([0, 1, 10, 22, 80]))
    def time(self, days: int) -> None:
        self.driver.pass_time(days * limits.DAY)
        self.end()

    @rule(percent=st.sampled_from([10, 10, 85, 92]))
    def fill(self, percent: int) -> None:
        self.driver.step(Disk(percent))
        self.disk = percent

    @rule()
    def restart(self) -> None:
        self.driver.crash()
        self.disk = 0
        for person in self.people.values():
            person.connect()
        for queue in self.queues.values():
            queue.read = False

    @invariant()
    def nothing_is_kept_of_dead_queues(self) -> None:
        if not hasattr(self, "queues"):
            return
        for number, made in self.made.items():
            assert (self.driver.store.queue(made.rid) is None) == (number not in self.queues)


TestRelayAndModel = RelayAndModel.TestCase
