"""Group commit: the relay's machine and its store, run in turns by one thread (spec 30 §4, ADR 0018).

A turn takes inputs one by one, applies what they store, syncs once, and only then lets go what came out after
the first change: an answer says what is on the disk. What came out before it promises nothing that this turn
stores, and leaves at once; else its delay would tell that something was stored (a second sender's key).

A turn takes a frame of each connection that has one. It goes on for a while where one connection has all the
frames or the last sync was slow, and no further when somebody else comes. So those who send at once share a
sync, slow disks get large groups, and who comes beside a flood waits for one frame of it and a sync.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from swarm_protocol.mailbox import effects as fx
from swarm_protocol.mailbox.frames import FrameType
from swarm_protocol.mailbox.relay import Relay

from ..errors import DiskFull, StorageError
from ..storage.relay_store import SqliteRelayStore

ALONE_S = 0.003
"""What a sync takes on a good disk. A turn of one connection takes as long: some six SENDs."""

LONGEST_S = 0.010
"""No turn takes longer before its sync, so that receipts wait 20 ms at most where a sync takes 10."""

LAZY_S = 0.1
"""Acknowledgements alone wait so long for company: nobody does anything after their answer, and each sync
saved is one that somebody's message does not wait for."""

MOST_BYTES = 4 * 1024 * 1024
"""What a turn holds back at most, and one PULL more: two of the largest."""


@dataclass(frozen=True, slots=True)
class Turn:
    """How many inputs a turn took; where `failure` is there, nothing that they stored is."""

    taken: int
    failure: StorageError | None = None


class RelayWriter:
    """The machine over its store. `let_go` takes effects in order, from the thread that runs `turn`."""

    def __init__(
        self,
        relay: Relay,
        store: SqliteRelayStore,
        *,
        let_go: Callable[[list[fx.Effect]], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._relay, self._store, self._let_go, self._clock = relay, store, let_go, clock
        self._sync_s = 0.0
        self._free: list[fx.Effect] = []
        self._held: list[fx.Effect] = []
        self._bytes = 0
        self.lazy = False
        """Whether what is applied and not synced waits for company: call `turn` within `LAZY_S`."""
        self.hurry = False
        """Set from another thread: somebody came who has no input in this turn."""
        self.failures = 0

    def start(self) -> None:
        """Begin, on what the store holds. Raises StorageError."""
        inputs: list[fx.Input] = [*self._store.damaged(), fx.Started()]
        while inputs:
            del inputs[: self.turn(inputs).taken]

    def turn(self, inputs: Sequence[fx.Input], *, least: int = 1, alone: bool = False) -> Turn:
        """Take inputs, `least` of them if there is time, then more; `alone` if all are of one connection.

        What they answer has been let go when it returns.

        Raises:
            StorageError: the store is of no use any more; nothing that depends on it has left.
        """
        begin, taken, urgent = time.monotonic(), 0, not inputs
        enough_s = max(self._sync_s, ALONE_S) if alone else self._sync_s - ALONE_S
        try:
            for input_ in inputs:
                self._handle(input_)
                taken += 1
                urgent = urgent or not _is_ack(input_)
                spent_s = time.monotonic() - begin
                if spent_s >= LONGEST_S or self._bytes > MOST_BYTES:
                    break
                if taken >= least and (spent_s >= enough_s or self.hurry):
                    break
            self.lazy = not urgent and self._store.unsynced > 0
            if self.lazy:
                self._release_free()
                return Turn(taken)
            if self._store.unsynced:
                begin = time.monotonic()
                self._store.sync()
                self._sync_s = time.monotonic() - begin
        except StorageError as e:
            self._start_afresh(e)
            return Turn(min(taken + 1, len(inputs)), e)
        self._release()
        return Turn(taken)

    def _handle(self, input_: fx.Input) -> None:
        effects = deque(self._relay.handle(input_, now=int(self._clock())))
        while effects:
            effect = effects.popleft()
            if isinstance(effect, fx.Store):
                if not self._store.unsynced:
                    self._release()
                try:
                    self._store.apply(effect.changes)
                except StorageError:
                    self._held += effects  # it will be said of them that they did not leave
                    raise
                continue
            (self._held if self._store.unsynced else self._free).append(effect)
            self._bytes += len(effect.data) if isinstance(effect, fx.Send) else 0

    def _release(self) -> None:
        """Let go what waits for nothing any more."""
        effects, self._free, self._held, self._bytes = [*self._free, *self._held], [], [], 0
        if effects:
            self._let_go(effects)

    def _release_free(self) -> None:
        """Let go what came out before anything was stored that is not synced yet."""
        effects, self._free = self._free, []
        if effects:
            self._let_go(effects)

    def _start_afresh(self, failure: StorageError) -> None:
        """What was promised to nobody is undone, and everybody is told to begin again."""
        self.failures += 1
        held, self._held, self._bytes = tuple(self._held), [], 0
        self._release()
        self._store.recover()
        inputs: list[fx.Input] = [fx.StoreFailed(held), *self._store.damaged()]
        if isinstance(failure, DiskFull):
            inputs.append(fx.Disk(100))
        for input_ in inputs:
            self._handle(input_)
        self._store.sync()
        self._release()


def _is_ack(input_: fx.Input) -> bool:
    """Whether it is an ACK, by its first bytes: a map whose first key, 1, has the type (spec 30 §1)."""
    return isinstance(input_, fx.Received) and input_.data[1:3] == bytes([1, FrameType.ACK])
