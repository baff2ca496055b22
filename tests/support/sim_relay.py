"""A relay in the simulator: the real machine over a store in memory, a disk that takes time, and mischief.

What the machine stores is applied at once and durable after the disk's delay; what it says waits for that
(spec 30 §4). A crash loses what was not durable, but for the first of it; a relay may come back, come back
with an older disk, or never.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

from mailbox_store import MemoryStore
from sim_network import Network, Wire
from sim_time import START, Timer

from swarm_protocol import mailbox as mbx
from swarm_protocol.mailbox import effects as fx
from swarm_protocol.mailbox import forward
from swarm_protocol.mailbox.frames import Frame, FrameType
from swarm_protocol.mailbox.relay import Relay, RelayKeys
from swarm_protocol.mailbox.store import PutQueue
from swarm_protocol.meeting import RelayAddress, RelayLink
from swarm_protocol.mls.signatures import Ed25519

QUICK_DISK, SLOW_DISK = (0.0005, 0.02), (0.5, 5.0)


@dataclass(frozen=True, slots=True)
class Mischief:
    """What a relay does wrong now and then; each is the share of deliveries or answers that it befalls.

    `repeat`, `late` and `drop` befall deliveries, `mute` answers. A late one comes up to a minute later, and
    so behind others.
    """

    repeat: float = 0.0
    late: float = 0.0
    drop: float = 0.0
    mute: float = 0.0


HONEST = Mischief()


class RelayHost:
    """A machine with a relay on it."""

    def __init__(self, name: str, network: Network) -> None:
        self.name, self.network, self.time = name, network, network.time
        self.address, self.pin = f"{name}.example:8471", name.encode().ljust(32, b"\0")
        self.dice = self.time.dice(f"relay {name}")
        entropy = self.time.entropy(f"relay {name}")
        hpke = forward.relay_hpke_key(entropy(32))
        self.keys = RelayKeys(Ed25519().generate(entropy), hpke)
        self.entropy = entropy
        self.store = MemoryStore()
        self.disk, self.full, self.fails = QUICK_DISK, False, False
        self.mischief = HONEST
        self.forgetful = False
        """Whether it takes senders' keys, and has none of them when something is sent."""
        self.heard_of: dict[FrameType, int] = {}
        """How many frames of each type came."""
        self.dead = False
        self.crashes = 0
        self.taken: dict[mbx.MessageId, int] = {}
        """How often each message was sent here."""
        self.on_ack: Callable[[bytes, int], None] = lambda _, __: None
        """Hears of each acknowledgement: the queue, and the number of the message."""
        self._numbers = (fx.ConnectionId(n) for n in count(1))
        self._older: MemoryStore | None = None
        self.up = False
        self.start()

    # Its life

    def start(self) -> None:
        """Start on what the disk holds; does nothing when it runs, or is dead for good."""
        if self.up or self.dead:
            return
        self.up = True
        self.time.note(self.name, "starts")
        self._machine = Relay(self.keys, self.store, entropy=self.entropy)
        self._wires: dict[fx.ConnectionId, Wire] = {}
        self._held: list[fx.Effect] = []
        self._syncing: Timer | None = None
        self.network.servers[self.address] = self._take
        self._step(fx.Started())
        self._step(fx.Disk(95 if self.full else 0))

    def crash(self, *, keep: int | None = None, back_in: float | None = 1.0) -> None:
        """Lose all that is not durable but the first `keep` changes of it; come back in a while, or not."""
        if not self.up:
            return
        keep = self.dice.randint(0, self.store.unsynced) if keep is None else keep
        self.time.note(self.name, f"crashes, keeps {keep} of {self.store.unsynced} changes under way")
        self.up, self.crashes = False, self.crashes + 1
        if self._syncing is not None:
            self._syncing.cancel()
        self.store.crash(keep)
        del self.network.servers[self.address]
        self.network.snap_all(self.address)
        if back_in is not None:
            self.time.after(back_in, self.start)

    def die(self) -> None:
        """Be gone for good."""
        self.crash(back_in=None)
        self.dead = True
        self.network.servers.pop(self.address, None)

    def remember(self) -> None:
        """Make a copy of the disk, to go back to."""
        self._older = self.store.copy()

    def forget_copy(self) -> None:
        """There is nothing to go back to."""
        self._older = None

    def roll_back(self) -> None:
        """Crash, and come back with the copy of the disk, if there is one."""
        if self.up and self._older is not None:
            self.crash(back_in=1.0)
            self.time.note(self.name, "has an older disk")
            self.store = self._older.copy()

    def set_full(self, full: bool) -> None:
        """Say that the disk is full, or has room again."""
        self.full = full
        if self.up:
            self._step(fx.Disk(95 if full else 0))

    def queues(self) -> list[mbx.RecipientId]:
        """All queues that it has."""
        return list(self.store.queue_ids())

    # Its work

    def hand_out(self) -> str:
        """Tickets for somebody: a link."""
        link = RelayLink(RelayAddress(self.address, self.pin), self.entropy(32))
        self._step(fx.TicketsAdded(tuple(map(mbx.ticket_hash, link.tickets()))))
        self.store.sync()
        return link.format()

    def _take(self, wire: Wire) -> _Door:
        connection = next(self._numbers)
        self._wires[connection] = wire
        self._step(fx.Opened(connection))
        return _Door(self, connection)

    def heard(self, connection: fx.ConnectionId, data: bytes) -> None:
        """A frame came to a connection."""
        if self.up and connection in self._wires:
            self._count(data)
            if self.forgetful:
                self._forget_keys()
            self._step(fx.Received(connection, data))

    def lost(self, connection: fx.ConnectionId) -> None:
        """A connection is gone."""
        if self.up and self._wires.pop(connection, None) is not None:
            self._step(fx.Closed(connection))

    def _forget_keys(self) -> None:
        queues = [queue for rid in self.store.queue_ids() if (queue := self.store.queue(rid)) is not None]
        self.store.apply([PutQueue(replace(queue, sender=None)) for queue in queues if queue.sender])

    def _count(self, data: bytes) -> None:
        frame = Frame.decode(data)
        self.heard_of[frame.type] = self.heard_of.get(frame.type, 0) + 1
        if frame.type is FrameType.SEND:
            msg_id = mbx.MessageId(frame.body.octets(2))
            self.taken[msg_id] = self.taken.get(msg_id, 0) + 1
        elif frame.type is FrameType.ACK:
            self.on_ack(frame.body.octets(1), frame.body.uint(2))

    def _step(self, input_: fx.Input) -> None:
        for effect in self._machine.handle(input_, now=START + int(self.time.now)):
            if isinstance(effect, fx.Store):
                self.store.apply(effect.changes)
            elif self.store.unsynced:
                self._held.append(effect)
            else:
                self._perform(effect)
        if self.store.unsynced and self._syncing is None:
            self._syncing = self.time.after(self.dice.uniform(*self.disk), self._synced)

    def _synced(self) -> None:
        self._syncing = None
        held, self._held = self._held, []
        if self.fails:
            self.store.crash()
            self._step(fx.StoreFailed(tuple(held)))
            return
        self.store.sync()
        for effect in held:
            self._perform(effect)

    def _perform(self, effect: fx.Effect) -> None:
        match effect:
            case fx.Send(connection, number, data):
                if connection in self._wires:
                    self._say(self._wires[connection], number, data)
            case fx.Close(connection, _):
                if (wire := self._wires.pop(connection, None)) is not None:
                    wire.shut(1)
            case fx.Wake(at):
                machine = self._machine
                self.time.at(at - START, lambda: self._woke(machine))
            case fx.Forward(connection, number):
                self._step(fx.ForwardAnswered(connection, number, None))
            case fx.Store():
                raise AssertionError("stores are applied, not performed")

    def _woke(self, machine: Relay) -> None:
        if self.up and machine is self._machine:
            self._step(fx.TimerFired())

    def _say(self, wire: Wire, number: int, data: bytes) -> None:
        """Send a frame, or do some mischief with it."""
        what, luck = self.mischief, self.dice.random() if self.mischief is not HONEST else 1.0
        kind = Frame.decode(data).type if what is not HONEST else None
        if kind is FrameType.DELIVERY:
            if luck < what.drop:
                return
            if luck < what.drop + what.late:
                self.time.after(self.dice.uniform(0, 60), lambda: wire.send(0, data))
                return
            if luck < what.drop + what.late + what.repeat:
                wire.send(0, data)
        elif number and luck < what.mute:
            return
        wire.send(0, data)


@dataclass(slots=True)
class _Door:
    """The relay's end of one connection."""

    host: RelayHost
    connection: fx.ConnectionId

    def opened(self, _: Wire, /) -> None: ...

    def heard(self, _: Wire, data: bytes, /) -> None:
        self.host.heard(self.connection, data)

    def lost(self, _: Wire, __: str, /) -> None:
        self.host.lost(self.connection)


def frame_name(data: bytes) -> str:
    """What a frame is, for a trace."""
    frame = Frame.decode(data)
    number = f" #{frame.number}" if frame.number else ""
    fields = {FrameType.ERROR: 1, FrameType.DELIVERY: 2, FrameType.ACK: 2, FrameType.PULL: 2}
    detail = f" {frame.body.uint(fields[frame.type])}" if frame.type in fields else ""
    return f"{frame.type.name}{detail}{number}"
