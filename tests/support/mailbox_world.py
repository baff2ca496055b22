"""A relay with people around it: what runs the machine, and nodes that ask."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import count
from typing import TypeVar

from mailbox_store import MemoryStore

from swarm_protocol import mailbox as mbx
from swarm_protocol.mailbox import effects as fx
from swarm_protocol.mailbox import forward, limits
from swarm_protocol.mailbox.client import Heard
from swarm_protocol.mailbox.commands import CommandBody
from swarm_protocol.mailbox.relay import Relay, RelayKeys
from swarm_protocol.mls.signatures import Ed25519, SignatureKeyPair
from swarm_protocol.testing import SeededEntropy

START = 1_800_000_000
SEED = b"t" * 32
TICKETS = mbx.tickets(SEED)[:8]
T = TypeVar("T")


@lru_cache
def signature_key(name: str) -> SignatureKeyPair:
    return Ed25519().generate(SeededEntropy(f"signature key of {name}"))


@lru_cache
def relay_keys(name: str = "relay") -> RelayKeys:
    hpke = forward.relay_hpke_key(SeededEntropy(f"hpke key of {name}")(32))
    return RelayKeys(signature_key(name), hpke)


def blob(number: int = 0, bucket: int = 0) -> bytes:
    return number.to_bytes(8, "big") * (limits.BUCKETS[bucket] // 8)


def msg_id(number: int) -> mbx.MessageId:
    return mbx.MessageId(number.to_bytes(16, "big"))


def sending(sid: mbx.SenderId, number: int, *, bucket: int = 0, key: bytes | None = None) -> mbx.Send:
    return mbx.Send(sid, msg_id(number), bucket, blob(number, bucket), key)


class Driver:
    """Runs a relay as a node would: stores at once, and holds what is sent until that is durable."""

    def __init__(self, *, name: str = "relay", auto_sync: bool = True) -> None:
        self.name, self.auto_sync = name, auto_sync
        self.store = MemoryStore()
        self.now = START
        self.lives = count()
        self.connections = (fx.ConnectionId(number) for number in count(1))
        self.sent: dict[fx.ConnectionId, list[bytes]] = defaultdict(list)
        self.closed: dict[fx.ConnectionId, str] = {}
        self.forwards: list[fx.Forward] = []
        self.log: list[fx.Effect] = []
        self.start()
        self.step(fx.TicketsAdded(tuple(map(mbx.ticket_hash, TICKETS))))
        self.sync()

    def start(self) -> None:
        """Start the machine, on what the store holds."""
        entropy = SeededEntropy(f"{self.name}, life {next(self.lives)}")
        self.relay = Relay(relay_keys(self.name), self.store, entropy=entropy)
        self.held: list[fx.Effect] = []
        self.wake: int | None = None
        self.step(fx.Started())

    def step(self, input_: fx.Input) -> list[fx.Effect]:
        effects = self.relay.handle(input_, now=self.now)
        for effect in effects:
            if isinstance(effect, fx.Store):
                self.store.apply(effect.changes)
            elif self.store.unsynced:
                self.held.append(effect)
            else:
                self.let_go(effect)
        if self.auto_sync:
            self.sync()
        return effects

    def let_go(self, effect: fx.Effect) -> None:
        self.log.append(effect)
        match effect:
            case fx.Send(connection, _, data):
                self.sent[connection].append(data)
            case fx.Close(connection, rule):
                self.closed[connection] = rule
            case fx.Wake(at):
                self.wake = at if self.wake is None else min(at, self.wake)
            case fx.Forward():
                self.forwards.append(effect)
            case fx.Store():
                raise AssertionError("stores are applied, not let go")

    def sync(self) -> None:
        self.store.sync()
        held, self.held = self.held, []
        for effect in held:
            self.let_go(effect)

    def crash(self, keep: int = 0) -> None:
        """The machine and what was not durable are gone, but for `keep` effects; it starts again."""
        self.store.crash(keep)
        self.start()

    def pass_time(self, seconds: int) -> None:
        """Let time pass, with each timer on the way."""
        end = self.now + seconds
        while self.wake is not None and self.wake <= end:
            self.now, self.wake = max(self.now, self.wake), None
            self.step(fx.TimerFired())
            self.sync()
        self.now = end


@dataclass
class Node:
    """Somebody with keys and a connection."""

    driver: Driver
    name: str
    caller: mbx.Caller = field(init=False)
    connection: fx.ConnectionId = field(init=False)
    notices: list[Heard] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.connect()

    @property
    def key(self) -> SignatureKeyPair:
        return signature_key(self.name)

    def connect(self) -> None:
        self.connection = next(self.driver.connections)
        self.driver.step(fx.Opened(self.connection))
        relay = relay_keys(self.driver.name).signature.public
        self.caller = mbx.Caller.greeted(self.driver.sent[self.connection].pop(0), relay=relay)

    def post(self, body: CommandBody, key: SignatureKeyPair | None = None) -> bytes:
        """Ask, and do not look at what comes."""
        self.caller, data = self.caller.ask(body, key or self.key)
        self.driver.step(fx.Received(self.connection, data))
        return data

    def hear(self) -> list[Heard]:
        """What came: answers here, notices aside."""
        answers, frames = list[Heard](), self.driver.sent[self.connection]
        while frames:
            self.caller, asked, said = self.caller.hear(frames.pop(0))
            (self.notices if asked is None else answers).append(said)
        return answers

    def ask(self, body: CommandBody, key: SignatureKeyPair | None = None) -> Heard:
        self.post(body, key)
        (answer,) = self.hear()
        return answer

    def get(self, kind: type[T], body: CommandBody, key: SignatureKeyPair | None = None) -> T:
        """Ask for an answer of this kind."""
        answer = self.ask(body, key)
        assert isinstance(answer, kind), answer
        return answer

    def error(self, body: CommandBody, key: SignatureKeyPair | None = None) -> mbx.ErrorCode:
        return self.get(mbx.Error, body, key).code

    def take_notices(self) -> list[Heard]:
        self.hear()
        notices, self.notices = self.notices, []
        return notices

    # What nodes do often

    def new(self, ticket: int = 0, kind: mbx.Kind = mbx.Kind.PAIR) -> mbx.Made:
        return self.get(mbx.Made, mbx.New(kind, self.key.public, TICKETS[ticket]))

    def subscribe(self, rid: mbx.RecipientId, boot: int = 1, instance: bytes = b"i" * 16) -> mbx.Info:
        return self.get(mbx.Info, mbx.Sub(rid, boot, instance))

    def send(self, sid: mbx.SenderId, number: int, bucket: int = 0) -> mbx.Receipt:
        return self.get(mbx.Receipt, sending(sid, number, bucket=bucket))

    def pull(self, rid: mbx.RecipientId, after: int = 0, most: int = limits.MAX_PULL) -> list[Heard]:
        self.get(mbx.Done, mbx.Pull(rid, after, most))
        return self.take_notices()

    def ack(self, delivery: Heard) -> None:
        assert isinstance(delivery, mbx.Delivery | mbx.Gap)
        if isinstance(delivery, mbx.Gap):
            self.get(mbx.Done, mbx.Ack(delivery.rid, delivery.last))
        else:
            self.get(mbx.Done, mbx.Ack(delivery.rid, delivery.n, delivery.msg_id))


def pair(driver: Driver, ticket: int = 0) -> tuple[Node, Node, mbx.Made]:
    """Ada reads a new queue, ben sends to it."""
    ada, ben = Node(driver, "ada"), Node(driver, "ben")
    made = ada.new(ticket)
    ada.subscribe(made.rid)
    ben.get(mbx.Done, mbx.SKey(made.sid, ben.key.public))
    return ada, ben, made
