"""A node's core of bridging over a database in memory, with one account, and short words for what happens."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from swarm_bridges import api
from swarm_bridges.api import Level
from swarm_bridges.text import from_plain
from swarm_protocol.testing import SeededEntropy
from swarmnode.bridging.core import accounts, calls, journal, outbox, rooms, screens
from swarmnode.bridging.core.consent import Provenance
from swarmnode.domain.time import Instant
from swarmnode.domain.views import MessageView
from swarmnode.services.step import Step, Told
from swarmnode.storage.database import Database, MemoryDisk

START = 1_800_000_000
ROOM = api.ConversationRef("room")
ADA = api.Actor("ada")
BEN = api.Actor("ben")
ME = api.Actor("me", is_owner=True)
T = TypeVar("T")

FEATURES = "text edit delete reaction reply file read poll post favourite boost bookmark"
ALL = dict.fromkeys(FEATURES.split(), Level.FULL)


def can(**changes: Any) -> api.Capabilities:
    """A network that can do everything, but for the changes."""
    return api.Capabilities(**{"version": "1", "levels": ALL, **changes})


@cache
def empty() -> MemoryDisk:
    """A database with all tables and nothing in them; to make one takes longer than most tests."""
    disk = MemoryDisk()
    Database.memory(entropy=SeededEntropy("empty"), disk=disk).crash()
    return disk


class Core:
    """One node, one account. `crash` loses what was not committed, and starts the node anew."""

    def __init__(self, seed: str = "core", **abilities: Any) -> None:
        self.entropy = SeededEntropy(seed)
        self.disk = empty().copy()
        self.database = Database.memory(entropy=self.entropy, disk=self.disk)
        self.wall_s, self.tick = START, 0.0
        self.told: list[Told] = []
        self.account = self.do(
            lambda step: accounts.add(
                step,
                "demo",
                api.LoginDone(
                    network_account_id="me",
                    display="Me",
                    secrets={"token": b"t0"},
                    hosts=("demo.example",),
                ),
            )
        )
        self.learn(can(**abilities))

    def do(self, wish: Callable[[Step], T]) -> T:
        """One step, committed."""
        with self.database.write() as tx:
            step = Step(tx, Instant(self.wall_s, self.tick), self.entropy)
            result = wish(step)
        self.told += [effect for effect in step.effects if isinstance(effect, Told)]
        return result

    def crash(self) -> None:
        """The node is killed and starts again."""
        self.database.crash()
        self.database = Database.memory(entropy=self.entropy, disk=self.disk)
        self.do(calls.started)

    def later(self, seconds: float) -> None:
        """Time passes."""
        self.wall_s += int(seconds)
        self.tick += seconds

    def learn(self, abilities: api.Capabilities) -> None:
        """What the network can do."""
        self.do(lambda step: accounts.learn(step, self.account, None, abilities))

    def tell(self, *events: api.Event, cursor: bytes | None = None) -> None:
        """The network tells something."""
        after = None if cursor is None else api.Cursor(cursor)
        self.do(lambda step: journal.ingest(step, self.account, api.Batch(events, after)))

    # What the owner does

    @property
    def chat(self) -> str:
        """The room's id on screens."""

        def look(step: Step) -> str:
            row = accounts.find(step, self.account)
            return rooms.chat_id(rooms.of(step, row.id, ROOM).id)

        return self.do(look)

    def say(self, text: str, *, provenance: Provenance | None = None, **more: Any) -> str:
        """Say something in the room."""
        chat, said = self.chat, outbox.Saying(text, **more)
        return self.do(lambda step: outbox.send(step, chat, said, provenance=provenance))

    def take(self) -> calls.Call | None:
        """What is to be called."""
        return self.do(lambda step: calls.take(step, self.account))

    def call(self) -> calls.Call:
        """What is to be called, and there is something."""
        call = self.take()
        assert call is not None
        return call

    def settle(self, call: calls.Call, result: calls.Result) -> None:
        """How a call ended."""
        self.do(lambda step: calls.settle(step, call.intent, result))

    def views(self) -> list[MessageView]:
        """What stands in the room."""

        def look(step: Step) -> list[MessageView]:
            room = rooms.of(step, accounts.find(step, self.account).id, ROOM)
            return list(screens.page(step, room, limit=200).items)

        return self.do(look)

    def sees(self) -> list[str]:
        """The texts in the room, in order."""
        return [view.text if view.kind == "text" else f"({view.kind})" for view in self.views()]

    def states(self) -> list[str]:
        """The states of the messages in the room."""
        return [view.state.value for view in self.views()]


def ref(remote_id: str, part: str = "") -> api.MessageRef:
    """A message in the room."""
    return api.MessageRef(ROOM, remote_id, part)


def seen(remote_id: str, text: str, actor: api.Actor = ADA, **more: Any) -> api.MessageSeen:
    """A message in the room."""
    return api.MessageSeen(ref=ref(remote_id), actor=actor, body=from_plain(text), **more)
