"""Ada with a contact and an account on a network, and the clockwork by which what she says later leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from bridge_core_world import ADA, ME, ROOM, can, seen
from node_world import Person, World
from restore_world import Keeper, destroyed, keeper

from swarm_bridges import api
from swarmnode.bridging.core import accounts, calls, journal, later, waiting
from swarmnode.domain.later import OutboxView
from swarmnode.domain.words import File, Words
from swarmnode.errors import NodeError

T = TypeVar("T")
DONE = api.LoginDone(network_account_id="me", display="me@demo", secrets={})


class LaterWorld:
    """`run` lets time pass as `app.clockwork` sees it."""

    def __init__(self, **abilities: object) -> None:
        self.world = World("one")
        self.ada, self.ben = keeper(self.world, "ada", "one"), self.world.person("ben", "one")
        self.world.meet(self.ada, self.ben)
        self.account = self.ada.do(lambda step: accounts.add(step, "demo", DONE))
        self.ada.do(lambda step: accounts.learn(step, self.account, None, can(**abilities)))
        members = api.ConversationSeen(conversation=ROOM, kind="group", title="Engines", members=(ADA, ME))
        self.tell(members, seen("1", "hello"))
        self.watch = later.Watch()

    @property
    def now(self) -> int:
        return self.world.wall_s

    def tell(self, *events: api.Event) -> None:
        self.ada.do(lambda step: journal.ingest(step, self.account, api.Batch(events)))

    def call(self) -> calls.Call | None:
        return self.ada.do(lambda step: calls.take(step, self.account))

    def do(self, wish: Callable[..., T], *said: object, **more: object) -> T:
        return self.ada.do(lambda step: wish(step, self.ada.node, *said, **more))

    def say(
        self,
        text: str,
        at: int,
        chat: str = "1",
        *,
        reply_to: str = "",
        attachments: tuple[File, ...] = (),
        expire_s: int | None = None,
    ) -> str:
        """The id of what waits."""
        return self.do(later.put, chat, Words(text, reply_to, attachments, expire_s), send_at=at).id

    def waits(self) -> list[OutboxView]:
        return self.do(waiting.all_of)

    def due(self) -> float | None:
        """Let go of what is due, as `app.clockwork` does; in how many seconds it looks again."""
        while True:
            row, pause = self.do(later.next_due, self.watch)
            if row is None:
                return pause
            try:
                self.do(later.leave, row)
            except NodeError as e:
                self.do(lambda step, _, it, error: later.hold(step, it, error), row, e)

    def run(self, seconds: float) -> None:
        end = self.world.tick + seconds
        while True:
            pause = self.due()
            left = end - self.world.tick
            if pause is None or pause >= left:
                self.world.run(left)
                self.due()
                self.world.run(1)
                return
            self.world.run(max(pause, 0.001))

    def come_back(self, saved: bytes) -> None:
        """Ada's home is gone, and she is back on another one, with a backup."""
        destroyed(self.ada)
        lost, self.ada = self.ada, Keeper(self.world, "ada again", kit=self.ada.kit, empty=True)
        self.ada.come_back(lost.kit, saved)
        self.watch = later.Watch()

    def start_again(self, person: Person | None = None) -> None:
        """The process was ended and starts again."""
        (person or self.ada).start()
        self.watch = later.Watch()
